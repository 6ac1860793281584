//! Setting up, and a closer look at how the service is.

mod dto;

use actix_web::web::Data;
use altus4_kernel::grants::Admin;

pub(crate) use self::dto::{MintedKeyDto, SetupBody, SystemsDto};
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::ApiError,
    extract::{Client, JsonBody, May},
    state::State,
};

/// How the service and each system behind it are.
#[utoipa::path(get, path = "/api/v1/management/health", tag = "system", operation_id = "managementHealth",
    responses((status = 200, description = "How the systems are", body = Envelope<SystemsDto>)))]
pub(crate) async fn health(state: Data<State>) -> Answer<SystemsDto> {
    let findings = state.health.findings().await;
    Answer::ok(SystemsDto::new(&findings, state.services.clock.now(), state.uptime_ms()))
}

/// Makes the account's first API key.
///
/// Without a body: a free test key that may search. The secret is shown once.
#[utoipa::path(post, path = "/api/v1/management/setup", tag = "keys", operation_id = "setup",
    request_body = Option<SetupBody>,
    responses(
        (status = 201, description = "The key and its secret", body = Envelope<MintedKeyDto>),
        (status = 409, description = "`API_KEY_EXISTS`: the account has a key", body = Failure)))]
pub(crate) async fn setup(
    state: Data<State>,
    client: Client,
    May(granted): May<Admin>,
    body: JsonBody,
) -> Result<Answer<MintedKeyDto>, ApiError> {
    let wanted = body.read_or_empty(|fields| Some(dto::first_key(fields)))?;
    let minted = state.services.api_keys.set_up(granted, wanted, &client.0).await?;
    Ok(Answer::created(MintedKeyDto::new(&minted, state.services.clock.now())))
}
