//! What was done with a key, in five views.

mod dto;
mod query;

use actix_web::web::Data;
use altus4_kernel::grants::Admin;

pub(in crate::v1) use self::query::period;
pub(crate) use self::{
    dto::{ErrorsDto, RequestsDto, TierUsagesDto, TimeseriesDto, UsageDto, UsageTotalsDto},
    query::{DaysQuery, PeriodQuery, RequestsQuery, UsageQuery},
};
use crate::{
    envelope::{Answer, Envelope},
    error::ApiError,
    extract::{KeyId, May, QueryString},
    state::State,
};

/// What was done with a key: totals, its endpoints, and its hours.
///
/// Usage is written once a second; what this node has yet to write is written first.
#[utoipa::path(get, path = "/api/v1/keys/{id}/usage", tag = "keys", operation_id = "keyUsage",
    params(("id" = String, Path, format = Uuid), UsageQuery),
    responses((status = 200, description = "Totals and breakdown", body = Envelope<UsageDto>)))]
pub(crate) async fn summary(
    state: Data<State>,
    May(granted): May<Admin>,
    KeyId(id): KeyId,
    query: QueryString,
) -> Result<Answer<UsageDto>, ApiError> {
    let (period, limit) = query.read(|fields| Some(query::usage(fields)))?;
    let services = &state.services;
    services.recorder.flush().await?;
    let summary = services.usage.summary(granted, id, period, limit).await?;
    let rate = services.meter.rate_status_of_key(id, summary.tier).await?;
    let quota = match &summary.key.limits {
        Some(limits) => Some(services.meter.used(id, limits).await?.0),
        None => None,
    };
    Ok(Answer::ok(UsageDto::new(&summary, period, limit as usize, &rate, quota)))
}

/// The sums of each tier that a key's requests were measured by.
#[utoipa::path(get, path = "/api/v1/keys/{id}/usage/by-tier", tag = "keys", operation_id = "keyUsageByTier",
    params(("id" = String, Path, format = Uuid), DaysQuery),
    responses((status = 200, description = "A row for each tier", body = Envelope<TierUsagesDto>)))]
pub(crate) async fn by_tier(
    state: Data<State>,
    May(granted): May<Admin>,
    KeyId(id): KeyId,
    query: QueryString,
) -> Result<Answer<TierUsagesDto>, ApiError> {
    let days = query.read(|fields| Some(query::days(fields)))?;
    state.services.recorder.flush().await?;
    let tiers = state.services.usage.by_tier(granted, id, days).await?;
    Ok(Answer::ok(TierUsagesDto::new(id, days, &tiers)))
}

/// A key's failures by code and status, the most frequent first.
#[utoipa::path(get, path = "/api/v1/keys/{id}/usage/errors", tag = "keys", operation_id = "keyUsageErrors",
    params(("id" = String, Path, format = Uuid), DaysQuery),
    responses((status = 200, description = "A row for each kind", body = Envelope<ErrorsDto>)))]
pub(crate) async fn errors(
    state: Data<State>,
    May(granted): May<Admin>,
    KeyId(id): KeyId,
    query: QueryString,
) -> Result<Answer<ErrorsDto>, ApiError> {
    let days = query.read(|fields| Some(query::days(fields)))?;
    state.services.recorder.flush().await?;
    let errors = state.services.usage.errors(granted, id, days).await?;
    Ok(Answer::ok(ErrorsDto::new(id, days, &errors)))
}

/// A key's requests, the newest first. Single requests are kept for 90 days.
#[utoipa::path(get, path = "/api/v1/keys/{id}/usage/requests", tag = "keys", operation_id = "keyUsageRequests",
    params(("id" = String, Path, format = Uuid), RequestsQuery),
    responses((status = 200, description = "A page of them", body = Envelope<RequestsDto>)))]
pub(crate) async fn requests(
    state: Data<State>,
    May(granted): May<Admin>,
    KeyId(id): KeyId,
    query: QueryString,
) -> Result<Answer<RequestsDto>, ApiError> {
    let (days, filter, request) = query.read(query::requests)?;
    state.services.recorder.flush().await?;
    let page = state.services.usage.requests(granted, id, days, &filter, request).await?;
    Ok(Answer::ok(RequestsDto::new(id, request, &page)))
}

/// A key's sums over time, by the hour or by the day; gaps are filled with zeros.
#[utoipa::path(get, path = "/api/v1/keys/{id}/usage/timeseries", tag = "keys", operation_id = "keyUsageOverTime",
    params(("id" = String, Path, format = Uuid), DaysQuery),
    responses((status = 200, description = "A row for each hour or day", body = Envelope<TimeseriesDto>)))]
pub(crate) async fn timeseries(
    state: Data<State>,
    May(granted): May<Admin>,
    KeyId(id): KeyId,
    query: QueryString,
) -> Result<Answer<TimeseriesDto>, ApiError> {
    let days = query.read(|fields| Some(query::days(fields)))?;
    state.services.recorder.flush().await?;
    let (granularity, points) = state.services.usage.timeseries(granted, id, days).await?;
    Ok(Answer::ok(TimeseriesDto::new(id, days, granularity, &points)))
}
