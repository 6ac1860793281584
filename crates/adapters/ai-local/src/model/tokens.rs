//! A text as the tokens of a model.

use std::path::Path;

use tokenizers::{Tokenizer, TruncationParams};

use crate::error::ModelFault;

/// How many characters a token stands for at the most, for as many as are read of a text.
const CHARS_A_TOKEN: usize = 8;
/// How many it stands for in English, as a rule.
const USUAL_CHARS_A_TOKEN: usize = 5;

/// How many characters are read of a text of which so many tokens are.
pub(crate) fn max_chars(tokens: usize) -> usize {
    tokens * CHARS_A_TOKEN
}

/// How many characters so many tokens are, as a rule.
pub(crate) fn usual_chars(tokens: usize) -> usize {
    tokens * USUAL_CHARS_A_TOKEN
}

/// Makes tokens.
pub(crate) struct Tokens {
    tokenizer: Tokenizer,
    /// How many of them say where a text begins and ends.
    marks: usize,
    words: usize,
}

impl Tokens {
    /// Reads them from their file: at most `most` of a text, of `words` that there are.
    pub(crate) fn load(file: &Path, most: usize, words: usize) -> Result<Self, ModelFault> {
        let not_read = |error| ModelFault::NotAModel(format!("tokenizer.json can't be used: {error}"));
        let mut tokenizer = Tokenizer::from_file(file).map_err(not_read)?;
        let known = tokenizer.get_vocab_size(true);
        if known > words {
            return Err(ModelFault::NotAModel(format!(
                "its tokenizer knows {known} words and its weights {words}"
            )));
        }
        tokenizer.with_padding(None);
        let truncation = TruncationParams { max_length: most, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(not_read)?;
        let marks = tokenizer.encode_fast("", true).map_err(not_read)?.len();
        Ok(Self { tokenizer, marks, words })
    }

    /// The tokens of a text, with what is put before it; `None` where there are none.
    pub(crate) fn of(&self, prompt: &str, text: &str) -> Option<Vec<u32>> {
        let encoded = if prompt.is_empty() {
            self.tokenizer.encode_fast(text, true)
        } else {
            self.tokenizer.encode_fast(format!("{prompt}{text}"), true)
        };
        let tokens = encoded.ok()?.get_ids().to_vec();
        let is_known = |token: &u32| usize::try_from(*token).is_ok_and(|token| token < self.words);
        (tokens.len() > self.marks && tokens.iter().all(is_known)).then_some(tokens)
    }
}
