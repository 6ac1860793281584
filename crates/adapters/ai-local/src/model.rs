//! A sentence model: from text to vector.

mod bert;
mod description;
mod linear;
mod tokens;
mod weights;

use std::{fs, path::Path};

use altus4_search::{TextKind, Vector};

use self::{bert::Bert, tokens::Tokens, weights::Weights};
pub(crate) use self::{
    description::{Description, MOST_JSON_BYTES, read_json},
    linear::Kernels,
    tokens::{max_chars, usual_chars},
};
use crate::error::ModelFault;

/// The file of the weights.
pub(crate) const WEIGHTS_FILE: &str = "model.safetensors";

/// The file that tells how texts become tokens.
pub(crate) const TOKENIZER_FILE: &str = "tokenizer.json";

/// The most that weights may take: they are read whole.
pub(crate) const MOST_WEIGHT_BYTES: u64 = 2 << 30;

/// A model in memory. Threads share it; each has its own [`Kernels`].
pub(crate) struct Model {
    tokens: Tokens,
    bert: Bert,
    prompts: [String; 2],
}

impl Model {
    /// Reads it from its folder.
    pub(crate) fn load(dir: &Path, description: &Description, max_tokens: usize) -> Result<Self, ModelFault> {
        let file = dir.join(WEIGHTS_FILE);
        let bytes = fs::read(&file).map_err(ModelFault::io("can't read", &file))?;
        let bert = Bert::new(&Weights::read(&bytes)?, description, &Kernels::new())?;
        let tokens =
            Tokens::load(&dir.join(TOKENIZER_FILE), description.tokens(max_tokens), description.words)?;
        Ok(Self {
            tokens,
            bert,
            prompts: [description.prompts.query.clone(), description.prompts.row.clone()],
        })
    }

    /// The vectors of texts, in their order; `None` for one that has no token. All of them are worked
    /// on at once, so they should be few.
    pub(crate) fn embed(&self, kernels: &Kernels, texts: &[&str], kind: TextKind) -> Vec<Option<Vector>> {
        let prompt = match kind {
            TextKind::Query => &self.prompts[0],
            TextKind::Row => &self.prompts[1],
        };
        let tokens: Vec<_> = texts.iter().map(|text| self.tokens.of(prompt, text)).collect();
        let present: Vec<&[u32]> = tokens.iter().flatten().map(Vec::as_slice).collect();
        let mut made = self.bert.run(kernels, &present).into_iter();
        let vector = |of: &Option<Vec<u32>>| of.as_ref().and_then(|_| made.next().flatten());
        tokens.iter().map(vector).collect()
    }
}
