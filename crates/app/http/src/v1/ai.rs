//! Texts that a provider's model makes to order.

mod dto;

use std::time::Duration;

use actix_web::web::Data;
use altus4_kernel::grants::Write;

pub(crate) use self::dto::{GeneratedDto, PromptBody};
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::ApiError,
    extract::{JsonBody, May, Payer},
    state::State,
};

/// How long a model may write.
const DEADLINE: Duration = Duration::from_mins(1);

/// Has a text made by the AI provider's model.
///
/// Takes one of the AI calls that the caller's tier has in an hour, and costs the budget of its key.
/// The provider sees the prompt and nothing else.
#[utoipa::path(post, path = "/api/v1/ai/generate", tag = "ai", operation_id = "generate",
    request_body = PromptBody,
    responses(
        (status = 200, description = "The text", body = Envelope<GeneratedDto>),
        (status = 402, description = "`BUDGET_EXCEEDED`: the key has spent what it may", body = Failure),
        (status = 500, description = "`AI_SERVICE_ERROR`: the provider failed, or there is none",
            body = Failure)))]
pub(crate) async fn generate(
    state: Data<State>,
    _: May<Write>,
    Payer(payer): Payer,
    body: JsonBody,
) -> Result<Answer<GeneratedDto>, ApiError> {
    let prompt = body.read(dto::prompt)?;
    let generator = state.services.text_generator.as_ref().ok_or_else(ApiError::no_ai_provider)?;
    payer.require_call().await?;
    let made = generator.generate(&prompt, DEADLINE).await?;
    payer.settle(&made.usage).await;
    Ok(Answer::ok(GeneratedDto::from(made)))
}
