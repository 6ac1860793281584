//! What a call used, as the provider counts it.

use std::sync::Arc;

use altus4_kernel::TokenUsage;
use serde_json::Value;

/// How many bytes are taken for a token where a provider counts none.
const BYTES_PER_TOKEN: usize = 4;

/// What an answer says of itself, for a call of this model that sent and got so many bytes of text. The
/// model goes by the name that it was asked for under: a price is set for that one.
pub(crate) fn usage_of(said: Option<&Value>, model: &Arc<str>, sent: usize, got: usize) -> TokenUsage {
    let count = |name: &str| said.and_then(|said| said.get(name)).and_then(Value::as_u64);
    let input = count("prompt_tokens");
    // Servers of embeddings count the whole alone, some of them.
    let input = input.or_else(|| count("total_tokens").filter(|_| got == 0));
    TokenUsage {
        model: Arc::clone(model),
        input: input.unwrap_or_else(|| estimate(sent)),
        output: count("completion_tokens").unwrap_or_else(|| estimate(got)),
    }
}

fn estimate(bytes: usize) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN) as u64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn counted(said: &Value, sent: usize, got: usize) -> (u64, u64) {
        let usage = usage_of(Some(said), &"model".into(), sent, got);
        (usage.input, usage.output)
    }

    #[test]
    fn the_providers_own_counts_are_taken() {
        let said = json!({ "prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21 });
        assert_eq!(counted(&said, 1_000, 1_000), (9, 12));
        assert_eq!(counted(&json!({ "prompt_tokens": 0, "total_tokens": 0 }), 1_000, 0), (0, 0));
        assert_eq!(counted(&json!({ "total_tokens": 5 }), 1_000, 0), (5, 0));
    }

    #[test]
    fn what_is_not_counted_is_taken_to_be_a_token_for_four_bytes() {
        for said in [json!(null), json!({}), json!({ "prompt_tokens": -1 }), json!({ "prompt_tokens": "9" })]
        {
            assert_eq!(counted(&said, 9, 4), (3, 1), "{said}");
        }
        assert_eq!(usage_of(None, &"model".into(), 8, 0).input, 2);
    }
}
