//! What is told of an AI provider that fails a call which is nothing without it.

use altus4_kernel::{PortError, PortErrorKind as Kind};
use serde_json::json;

use super::{ApiError, Code};

/// 500 with what is wrong, in words of this program.
pub(super) fn failed(error: PortError) -> ApiError {
    let message = match error.kind {
        Kind::Timeout => "The AI provider did not answer in time",
        Kind::RateLimited => "The AI provider asks to be called less often; try again shortly",
        Kind::NotPermitted => "The AI provider refuses this installation's key",
        Kind::Rejected => "The AI provider refused the request",
        Kind::Corrupt => "The AI provider's answer makes no sense",
        Kind::Unavailable | Kind::Conflict | Kind::Unexpected => "The AI provider failed",
    };
    let told = ApiError::new(Code::AiServiceError, message);
    let told = match &error.detail {
        Some(detail) => told.with_details(json!({ "error": detail.message })),
        None => told,
    };
    told.with_source(error)
}

impl ApiError {
    /// 500 where there is no provider at all.
    pub(crate) fn no_ai_provider() -> Self {
        let message =
            "This installation has no AI provider; its operator sets OPENAI_API_KEY or OPENAI_BASE_URL";
        Self::new(Code::AiServiceError, message)
    }
}
