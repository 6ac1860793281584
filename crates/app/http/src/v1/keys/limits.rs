//! A key's own limits: how many requests, and how much money, in a period.

mod dto;

use actix_web::web::Data;
use altus4_api_keys::ApiKey;
use altus4_kernel::grants::Admin;

pub(crate) use self::dto::{KeyLimitsDto, LimitsBody};
use super::StatusDto;
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::ApiError,
    extract::{Client, JsonBody, KeyId, May},
    state::State,
};

/// A key's own limits, and what it used of them in the present period.
#[utoipa::path(get, path = "/api/v1/keys/{id}/limits", tag = "keys", operation_id = "keyLimits",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The limits, if it has any", body = Envelope<KeyLimitsDto>)))]
pub(crate) async fn show(
    state: Data<State>,
    May(granted): May<Admin>,
    KeyId(id): KeyId,
) -> Result<Answer<KeyLimitsDto>, ApiError> {
    let key = state.services.api_keys.get(granted, id).await?;
    shown(&state, &key).await
}

/// Sets a key's own limits, in the place of any it had.
///
/// Periods are those of the calendar in UTC. What was used in the present one before counts too.
#[utoipa::path(put, path = "/api/v1/keys/{id}/limits", tag = "keys", operation_id = "setKeyLimits",
    params(("id" = String, Path, format = Uuid)),
    request_body = LimitsBody,
    responses(
        (status = 200, description = "The limits as they are now", body = Envelope<KeyLimitsDto>),
        (status = 403, description = "`SESSION_REQUIRED`: the key that asks has limits itself", body = Failure)))]
pub(crate) async fn set(
    state: Data<State>,
    client: Client,
    May(granted): May<Admin>,
    KeyId(id): KeyId,
    body: JsonBody,
) -> Result<Answer<KeyLimitsDto>, ApiError> {
    let limits = body.read(|fields| Some(dto::limits(fields)))?;
    let key = state.services.api_keys.set_limits(granted, id, limits, &client.0).await?;
    shown(&state, &key).await
}

/// Lifts a key's own limits.
#[utoipa::path(delete, path = "/api/v1/keys/{id}/limits", tag = "keys", operation_id = "removeKeyLimits",
    params(("id" = String, Path, format = Uuid)),
    responses(
        (status = 200, description = "It has none now", body = Envelope<StatusDto>),
        (status = 403, description = "`SESSION_REQUIRED`: the key that asks has limits itself", body = Failure)))]
pub(crate) async fn remove(
    state: Data<State>,
    client: Client,
    May(granted): May<Admin>,
    KeyId(id): KeyId,
) -> Result<Answer<StatusDto>, ApiError> {
    state.services.api_keys.remove_limits(granted, id, &client.0).await?;
    Ok(Answer::ok(StatusDto::OK))
}

async fn shown(state: &State, key: &ApiKey) -> Result<Answer<KeyLimitsDto>, ApiError> {
    let used = match &key.limits {
        Some(limits) => Some(state.services.meter.used(key.id, limits).await?),
        None => None,
    };
    Ok(Answer::ok(KeyLimitsDto::new(key, used)))
}
