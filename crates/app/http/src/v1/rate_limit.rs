//! How much a caller may do still.

mod dto;

use actix_web::web::Data;

pub(crate) use self::dto::RateLimitStatusDto;
use crate::{
    envelope::{Answer, Envelope},
    error::ApiError,
    extract::Caller,
    state::State,
};

/// The limits of the caller's tier, and what is left of them. Asking uses nothing up.
#[utoipa::path(get, path = "/api/v1/rate-limit/status", tag = "keys", operation_id = "rateLimitStatus",
    responses((status = 200, description = "Limits and what is left", body = Envelope<RateLimitStatusDto>)))]
pub(crate) async fn status(
    state: Data<State>,
    Caller(principal): Caller,
) -> Result<Answer<RateLimitStatusDto>, ApiError> {
    let rate = state.services.meter.rate_status(&principal).await?;
    let limits = state.services.tiers.of(principal.tier);
    Ok(Answer::ok(RateLimitStatusDto::new(principal.tier, &limits, &rate)))
}
