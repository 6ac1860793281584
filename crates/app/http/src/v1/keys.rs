//! API keys: making, changing and taking them back, their secrets, and those of an older scheme.

mod dto;
pub(crate) mod limits;
pub(crate) mod usage;

use actix_web::web::Data;
use altus4_kernel::grants::Admin;
use secrecy::ExposeSecret;

pub(crate) use self::dto::{
    ApiKeyDto, ChangeKeyBody, ChangedKeyDto, KeyBody, KeyPageDto, KeysQuery, LegacyKeysDto, MintedKeyDto,
    RegenerateBody, RevealedKeyDto, RevokedDto, StatusDto,
};
pub(super) use self::dto::{SetupBody, first_key};
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::ApiError,
    extract::{Client, JsonBody, KeyId, May, PagingParams, QueryString},
    state::State,
};

/// Makes an API key.
///
/// The secret is shown once. A key that makes another can't give it more than it has itself, and
/// passes on its own end, networks and limits where nothing else is asked for.
#[utoipa::path(post, path = "/api/v1/keys", tag = "keys", operation_id = "createKey",
    request_body = KeyBody,
    responses(
        (status = 201, description = "The key and its secret", body = Envelope<MintedKeyDto>),
        (status = 403, description = "`TIER_LIMITATION` or `INSUFFICIENT_PERMISSIONS`: it would be more \
            than its maker or the account's plan allows", body = Failure)))]
pub(crate) async fn create(
    state: Data<State>,
    client: Client,
    May(granted): May<Admin>,
    body: JsonBody,
) -> Result<Answer<MintedKeyDto>, ApiError> {
    let now = state.services.clock.now();
    let wanted = body.read(|fields| dto::new_key(fields, now))?;
    let minted = state.services.api_keys.create(granted, wanted, &client.0).await?;
    Ok(Answer::created(MintedKeyDto::new(&minted, &state.services.tiers, now)))
}

/// The account's keys, the newest first.
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", operation_id = "listKeys",
    params(KeysQuery, PagingParams),
    responses((status = 200, description = "A page of them", body = Envelope<KeyPageDto>)))]
pub(crate) async fn list(
    state: Data<State>,
    May(granted): May<Admin>,
    query: QueryString,
) -> Result<Answer<KeyPageDto>, ApiError> {
    let (filter, request) = query.read(dto::keys_query)?;
    let page = state.services.api_keys.list(granted, filter, request).await?;
    let dto = KeyPageDto::new(&page, &state.services.tiers, state.services.clock.now());
    Ok(Answer::ok(dto).with_pagination(request, page.total))
}

/// One key.
#[utoipa::path(get, path = "/api/v1/keys/{id}", tag = "keys", operation_id = "getKey",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The key, without its secret", body = Envelope<ApiKeyDto>)))]
pub(crate) async fn find(
    state: Data<State>,
    May(granted): May<Admin>,
    KeyId(id): KeyId,
) -> Result<Answer<ApiKeyDto>, ApiError> {
    let key = state.services.api_keys.get(granted, id).await?;
    Ok(Answer::ok(ApiKeyDto::new(&key, &state.services.tiers, state.services.clock.now())))
}

/// Changes a key.
///
/// What is left out stays as it is; `expiresAt: null` takes its end away. Holds from the next request
/// on, on other nodes within two seconds.
#[utoipa::path(put, path = "/api/v1/keys/{id}", tag = "keys", operation_id = "changeKey",
    params(("id" = String, Path, format = Uuid)),
    request_body = ChangeKeyBody,
    responses(
        (status = 200, description = "The key as it is now", body = Envelope<ChangedKeyDto>),
        (status = 403, description = "`TIER_LIMITATION` or `INSUFFICIENT_PERMISSIONS`: it would be more \
            than its changer or the account's plan allows", body = Failure)))]
pub(crate) async fn change(
    state: Data<State>,
    client: Client,
    May(granted): May<Admin>,
    KeyId(id): KeyId,
    body: JsonBody,
) -> Result<Answer<ChangedKeyDto>, ApiError> {
    let now = state.services.clock.now();
    let change = body.read(|fields| Some(dto::key_change(fields, now)))?;
    let key = state.services.api_keys.change(granted, id, change, &client.0).await?;
    Ok(Answer::ok(ChangedKeyDto::new(&key, &state.services.tiers, now)))
}

/// The same as PUT; with `name` alone it is a rename.
#[utoipa::path(patch, path = "/api/v1/keys/{id}", tag = "keys", operation_id = "patchKey",
    params(("id" = String, Path, format = Uuid)),
    request_body = ChangeKeyBody,
    responses(
        (status = 200, description = "The key as it is now", body = Envelope<ChangedKeyDto>),
        (status = 403, description = "`TIER_LIMITATION` or `INSUFFICIENT_PERMISSIONS`: it would be more \
            than its changer or the account's plan allows", body = Failure)))]
pub(crate) async fn patch(
    state: Data<State>,
    client: Client,
    granted: May<Admin>,
    id: KeyId,
    body: JsonBody,
) -> Result<Answer<ChangedKeyDto>, ApiError> {
    change(state, client, granted, id, body).await
}

/// Takes a key back.
///
/// On this node it lets nobody in any more, on every other within two seconds. Done again, it tells
/// the first moment.
#[utoipa::path(delete, path = "/api/v1/keys/{id}", tag = "keys", operation_id = "revokeKey",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "It is taken back", body = Envelope<RevokedDto>)))]
pub(crate) async fn revoke(
    state: Data<State>,
    client: Client,
    May(granted): May<Admin>,
    KeyId(id): KeyId,
) -> Result<Answer<RevokedDto>, ApiError> {
    let revoked_at = state.services.api_keys.revoke(granted, id, &client.0).await?;
    Ok(Answer::ok(RevokedDto::at(revoked_at)))
}

/// Gives a key a new secret; its id and settings stay.
///
/// The old secret is invalid at once, or after `gracePeriodSeconds`.
#[utoipa::path(post, path = "/api/v1/keys/{id}/regenerate", tag = "keys", operation_id = "regenerateKey",
    params(("id" = String, Path, format = Uuid)),
    request_body = Option<RegenerateBody>,
    responses(
        (status = 200, description = "The key and its new secret", body = Envelope<MintedKeyDto>),
        (status = 403, description = "`TIER_LIMITATION` or `INSUFFICIENT_PERMISSIONS`: it is more than the \
            key that asks", body = Failure)))]
pub(crate) async fn regenerate(
    state: Data<State>,
    client: Client,
    May(granted): May<Admin>,
    KeyId(id): KeyId,
    body: JsonBody,
) -> Result<Answer<MintedKeyDto>, ApiError> {
    let grace = body.read_or_empty(|fields| Some(dto::grace_period(fields)))?;
    let minted = state.services.api_keys.regenerate(granted, id, grace, &client.0).await?;
    let now = state.services.clock.now();
    Ok(Answer::ok(MintedKeyDto::regenerated(&minted, grace, &state.services.tiers, now)))
}

/// The secret of a key that was made with `recoverable: true`. It is written down that it was shown.
#[utoipa::path(get, path = "/api/v1/keys/{id}/decrypt", tag = "keys", operation_id = "revealKey",
    params(("id" = String, Path, format = Uuid)),
    responses(
        (status = 200, description = "The secret", body = Envelope<RevealedKeyDto>),
        (status = 403, description = "`TIER_LIMITATION` or `INSUFFICIENT_PERMISSIONS`: it is more than the \
            key that asks", body = Failure)))]
pub(crate) async fn reveal(
    state: Data<State>,
    client: Client,
    May(granted): May<Admin>,
    KeyId(id): KeyId,
) -> Result<Answer<RevealedKeyDto>, ApiError> {
    let secret = state.services.api_keys.reveal(granted, id, &client.0).await?;
    Ok(Answer::ok(RevealedKeyDto { key: secret.expose_secret().to_owned() }))
}

/// How many of the account's keys are stored under an older scheme.
///
/// They keep working, and are moved to the present one at their next use.
#[utoipa::path(get, path = "/api/v1/keys/legacy-status", tag = "keys", operation_id = "legacyKeys",
    responses((status = 200, description = "How many there are", body = Envelope<LegacyKeysDto>)))]
pub(crate) async fn legacy_status(
    state: Data<State>,
    May(granted): May<Admin>,
) -> Result<Answer<LegacyKeysDto>, ApiError> {
    let legacy = state.services.api_keys.legacy_keys(granted).await?;
    Ok(Answer::ok(LegacyKeysDto::from(legacy)))
}

/// Notes that the account was told of its legacy keys.
#[utoipa::path(post, path = "/api/v1/keys/legacy-notice-shown", tag = "keys", operation_id = "legacyNoticeShown",
    responses((status = 200, description = "It is noted", body = Envelope<StatusDto>)))]
pub(crate) async fn legacy_notice_shown(
    state: Data<State>,
    May(granted): May<Admin>,
) -> Result<Answer<StatusDto>, ApiError> {
    state.services.api_keys.note_legacy_notice(granted).await?;
    Ok(Answer::ok(StatusDto::OK))
}
