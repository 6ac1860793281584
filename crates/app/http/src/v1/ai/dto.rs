//! Prompts and texts on the wire.

use altus4_kernel::{Generated, Prompt};
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Fields;

const MAX_PROMPT_CHARS: usize = 20_000;
const MAX_TOKENS: u32 = 4_096;
const DEFAULT_TOKENS: u32 = 512;
const MAX_TEMPERATURE: f64 = 2.0;

/// What a text is to be made of.
#[derive(ToSchema)]
#[schema(as = PromptBody, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; `prompt` reads it")]
pub(crate) struct PromptBody {
    /// What the model is told.
    #[schema(min_length = 1, max_length = 20_000)]
    prompt: String,
    /// How many tokens it may write at the most.
    #[schema(default = 512, minimum = 1, maximum = 4_096)]
    max_tokens: Option<u32>,
    /// From 0 (always the likeliest word) to 2. Left out: the model's own.
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f64>,
}

pub(super) fn prompt(fields: &mut Fields) -> Option<Prompt> {
    fields.require(&["prompt"]);
    let reason = "must have 1 to 20000 characters and not be white space alone";
    let fits = |text: &str| !text.trim().is_empty() && text.chars().count() <= MAX_PROMPT_CHARS;
    let text = fields.parsed("prompt", reason, |text| fits(text).then(|| text.to_owned()));
    let max_tokens = fields.whole("maxTokens", 1..=MAX_TOKENS).unwrap_or(DEFAULT_TOKENS);
    #[expect(clippy::cast_possible_truncation, reason = "seven digits are more than any model goes by")]
    let temperature = fields.number("temperature", 0.0..=MAX_TEMPERATURE).map(|number| number as f32);
    Some(Prompt { instruction: None, text: text?, max_tokens, temperature })
}

/// A text that was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GeneratedText)]
pub(crate) struct GeneratedDto {
    /// As the model wrote it: to be trusted with nothing.
    text: String,
    /// What the provider counted, read and written.
    tokens_used: u64,
    model: String,
}

impl From<Generated> for GeneratedDto {
    fn from(made: Generated) -> Self {
        let tokens_used = made.usage.input.saturating_add(made.usage.output);
        Self { text: made.text, tokens_used, model: made.usage.model.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::openapi::assert_documented;

    #[test]
    fn bodies_are_read_as_documented() {
        assert_documented("PromptBody", json!({}), prompt);
    }
}
