//! What the JSON files beside the weights say of a model.

use std::{fs::File, io::Read, path::Path};

use serde::{Deserialize, de::DeserializeOwned};

use crate::error::ModelFault;

/// The most that such a file may have.
pub(crate) const MOST_JSON_BYTES: u64 = 1 << 20;

/// A model's shape, and how it is used.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Description {
    pub(crate) dimensions: usize,
    pub(crate) inner: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) words: usize,
    pub(crate) positions: usize,
    pub(crate) types: usize,
    pub(crate) epsilon: f32,
    pub(crate) activation: Activation,
    pub(crate) pooling: Pooling,
    pub(crate) prompts: Prompts,
    /// How many tokens its makers gave it.
    pub(crate) most_tokens: usize,
}

/// The function between the two halves of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    /// Exact, over the error function.
    Gelu,
    /// Its approximation over the hyperbolic tangent.
    GeluTanh,
    /// The positive part.
    Relu,
}

/// How the vectors of tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pooling {
    /// Their mean.
    Mean,
    /// The first of them.
    First,
}

/// What is put before texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Prompts {
    pub(crate) query: String,
    pub(crate) row: String,
}

#[derive(Deserialize)]
struct ConfigFile {
    model_type: String,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "two")]
    type_vocab_size: usize,
    #[serde(default = "tiny")]
    layer_norm_eps: f32,
    #[serde(default = "gelu")]
    hidden_act: String,
    #[serde(default = "absolute")]
    position_embedding_type: String,
}

fn two() -> usize {
    2
}

fn tiny() -> f32 {
    1e-12
}

fn gelu() -> String {
    "gelu".to_owned()
}

fn absolute() -> String {
    "absolute".to_owned()
}

#[expect(clippy::struct_excessive_bools, reason = "as the file has them")]
#[derive(Deserialize, Default)]
#[serde(default)]
struct PoolingFile {
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
    pooling_mode_weightedmean_tokens: bool,
    pooling_mode_lasttoken: bool,
}

#[derive(Deserialize)]
struct ModuleFile {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct LengthFile {
    max_seq_length: Option<usize>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PromptsFile {
    prompts: PromptsOf,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PromptsOf {
    query: String,
    document: Option<String>,
    passage: String,
}

impl Description {
    /// Reads it from a model's folder.
    pub(crate) fn read(dir: &Path) -> Result<Self, ModelFault> {
        let config: ConfigFile = read_json(&dir.join("config.json"))?
            .ok_or_else(|| ModelFault::NotAModel("it has no config.json".to_owned()))?;
        if config.model_type != "bert" {
            return Err(ModelFault::Unsupported(format!("it is of the type '{}'", config.model_type)));
        }
        if config.position_embedding_type != "absolute" {
            return Err(ModelFault::Unsupported(format!(
                "its positions are '{}'",
                config.position_embedding_type
            )));
        }
        let activation = match config.hidden_act.as_str() {
            "gelu" => Activation::Gelu,
            "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => Activation::GeluTanh,
            "relu" => Activation::Relu,
            other => return Err(ModelFault::Unsupported(format!("its activation is '{other}'"))),
        };
        config.check()?;
        if let Some(modules) = read_json::<Vec<ModuleFile>>(&dir.join("modules.json"))? {
            let known = |module: &&ModuleFile| {
                ["Transformer", "Pooling", "Normalize"].iter().any(|name| module.kind.ends_with(name))
            };
            if let Some(other) = modules.iter().find(|module| !known(module)) {
                return Err(ModelFault::Unsupported(format!("it has a module '{}'", other.kind)));
            }
        }
        let pooling = read_json::<PoolingFile>(&dir.join("1_Pooling/config.json"))?;
        let length = read_json::<LengthFile>(&dir.join("sentence_bert_config.json"))?;
        let most_tokens = length.and_then(|file| file.max_seq_length).unwrap_or(usize::MAX);
        let prompts = read_json::<PromptsFile>(&dir.join("config_sentence_transformers.json"))?;
        let prompts = prompts.unwrap_or_default().prompts;
        Ok(Self {
            dimensions: config.hidden_size,
            inner: config.intermediate_size,
            layers: config.num_hidden_layers,
            heads: config.num_attention_heads,
            words: config.vocab_size,
            positions: config.max_position_embeddings,
            types: config.type_vocab_size,
            epsilon: config.layer_norm_eps,
            activation,
            pooling: pooling.map_or(Ok(Pooling::Mean), |file| file.pooling())?,
            prompts: Prompts { query: prompts.query, row: prompts.document.unwrap_or(prompts.passage) },
            most_tokens: most_tokens.min(config.max_position_embeddings),
        })
    }

    /// How many tokens of a text are read where no more than these are wanted.
    pub(crate) fn tokens(&self, wanted: usize) -> usize {
        wanted.clamp(3, self.most_tokens.max(3)).min(self.positions)
    }
}

impl ConfigFile {
    /// Shapes that a file could ask for and nobody has.
    fn check(&self) -> Result<(), ModelFault> {
        let within = |value: usize, most: usize| (1..=most).contains(&value);
        let is_sound = within(self.hidden_size, 8_192)
            && within(self.intermediate_size, 65_536)
            && within(self.num_hidden_layers, 128)
            && within(self.num_attention_heads, self.hidden_size)
            && self.hidden_size.is_multiple_of(self.num_attention_heads)
            && within(self.vocab_size, 4_000_000)
            && (3..=65_536).contains(&self.max_position_embeddings)
            && within(self.type_vocab_size, 64)
            && (0.0..0.1).contains(&self.layer_norm_eps);
        if is_sound {
            Ok(())
        } else {
            Err(ModelFault::NotAModel("the sizes in config.json make no sense".to_owned()))
        }
    }
}

impl PoolingFile {
    fn pooling(&self) -> Result<Pooling, ModelFault> {
        let is_other = self.pooling_mode_max_tokens
            || self.pooling_mode_mean_sqrt_len_tokens
            || self.pooling_mode_weightedmean_tokens
            || self.pooling_mode_lasttoken;
        match (self.pooling_mode_cls_token, self.pooling_mode_mean_tokens) {
            (true, false) if !is_other => Ok(Pooling::First),
            (false, true) if !is_other => Ok(Pooling::Mean),
            _ => Err(ModelFault::Unsupported("it is pooled in another way".to_owned())),
        }
    }
}

/// What a JSON file says; `None` where there is no such file.
pub(crate) fn read_json<T: DeserializeOwned>(file: &Path) -> Result<Option<T>, ModelFault> {
    let opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ModelFault::io("can't read", file)(error)),
    };
    let mut text = Vec::new();
    opened.take(MOST_JSON_BYTES + 1).read_to_end(&mut text).map_err(ModelFault::io("can't read", file))?;
    if text.len() as u64 > MOST_JSON_BYTES {
        return Err(ModelFault::TooLarge { what: file.display().to_string(), most: MOST_JSON_BYTES });
    }
    serde_json::from_slice(&text).map(Some).map_err(|error| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        ModelFault::NotAModel(format!("{name} can't be read: {error}"))
    })
}
