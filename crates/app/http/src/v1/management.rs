//! Setting up, and a closer look at how the service is.

mod dto;

use actix_web::web::Data;
use altus4_api_keys::{KeyFilter, KeyStatus};
use altus4_kernel::{PageRequest, grants::Admin};

pub(crate) use self::dto::{MetricsDto, MigrationDto, SystemsDto};
use super::keys::{MintedKeyDto, SetupBody, first_key};
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::ApiError,
    extract::{Caller, Client, JsonBody, May},
    state::State,
};

/// How the service and each system behind it are.
#[utoipa::path(get, path = "/api/v1/management/health", tag = "system", operation_id = "managementHealth",
    responses((status = 200, description = "How the systems are", body = Envelope<SystemsDto>)))]
pub(crate) async fn health(state: Data<State>) -> Answer<SystemsDto> {
    let findings = state.health.findings().await;
    Answer::ok(SystemsDto::new(&findings, state.services.clock.now(), state.uptime_ms()))
}

/// How much this node has answered since its start.
#[utoipa::path(get, path = "/api/v1/metrics", tag = "system", operation_id = "metrics",
    responses((status = 200, description = "A summary of its counters", body = Envelope<MetricsDto>)))]
pub(crate) async fn metrics(state: Data<State>) -> Answer<MetricsDto> {
    let findings = state.health.findings().await;
    Answer::ok(MetricsDto::new(&state, &findings))
}

/// Makes the account's first API key.
///
/// Without a body: a free test key that may search. The secret is shown once.
#[utoipa::path(post, path = "/api/v1/management/setup", tag = "keys", operation_id = "setup",
    request_body = Option<SetupBody>,
    responses(
        (status = 201, description = "The key and its secret", body = Envelope<MintedKeyDto>),
        (status = 403, description = "`TIER_LIMITATION` or `INSUFFICIENT_PERMISSIONS`: it would be more \
            than its maker or the account's plan allows", body = Failure),
        (status = 409, description = "`API_KEY_EXISTS`: the account has a key", body = Failure)))]
pub(crate) async fn setup(
    state: Data<State>,
    client: Client,
    May(granted): May<Admin>,
    body: JsonBody,
) -> Result<Answer<MintedKeyDto>, ApiError> {
    let now = state.services.clock.now();
    let wanted = body.read_or_empty(|fields| Some(first_key(fields, now)))?;
    let minted = state.services.api_keys.set_up(granted, wanted, &client.0).await?;
    Ok(Answer::created(MintedKeyDto::new(&minted, &state.services.tiers, now)))
}

/// Whether the account uses API keys of the present scheme, and what to do if not.
///
/// Administrators are also told how far the tables of the service's own store have come.
#[utoipa::path(get, path = "/api/v1/management/migration-status", tag = "keys", operation_id = "migrationStatus",
    responses((status = 200, description = "How far the account has come", body = Envelope<MigrationDto>)))]
pub(crate) async fn migration_status(
    state: Data<State>,
    May(granted): May<Admin>,
    Caller(principal): Caller,
) -> Result<Answer<MigrationDto>, ApiError> {
    let services = &state.services;
    let active = KeyFilter { status: Some(KeyStatus::Active), ..KeyFilter::default() };
    let keys = services.api_keys.list(granted, active, PageRequest::default()).await?.total;
    let legacy = services.api_keys.legacy_keys(granted).await?;
    let schema = match principal.require_system_admin() {
        Ok(_) => Some(services.schema.versions().await?),
        Err(_) => None,
    };
    Ok(Answer::ok(MigrationDto::new(principal.account_id, keys, legacy, schema)))
}
