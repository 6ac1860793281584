//! What was searched for: history, trends, and what came of it.

mod dto;
mod query;

use actix_web::web::Data;
use altus4_kernel::grants::{Analytics, Search};

pub(crate) use self::{
    dto::{AcceptedDto, DayDto, HistoryItemDto, TrendsDto},
    query::{HistoryQuery, InteractionBody, TrendsQuery},
};
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::ApiError,
    extract::{JsonBody, May, QueryString},
    state::State,
};

/// The account's searches, the newest first. They are kept for 90 days.
///
/// Searches are written once a second; what this node has yet to write is written first.
#[utoipa::path(get, path = "/api/v1/search/history", tag = "search", operation_id = "searchHistory",
    params(HistoryQuery),
    responses((status = 200, description = "Some of them", body = Envelope<Vec<HistoryItemDto>>)))]
pub(crate) async fn list(
    state: Data<State>,
    May(granted): May<Search>,
    query: QueryString,
) -> Result<Answer<Vec<HistoryItemDto>>, ApiError> {
    let request = query.read(|fields| Some(query::history(fields)))?;
    let page = state.services.history.list(granted, &request).await?;
    Ok(Answer::ok(page.items.into_iter().map(HistoryItemDto::from).collect()))
}

/// How much the account searched, day by day, today included.
#[utoipa::path(get, path = "/api/v1/search/trends", tag = "search", operation_id = "searchTrends",
    params(TrendsQuery),
    responses((status = 200, description = "Every day of the period, the oldest first", body = Envelope<TrendsDto>)))]
pub(crate) async fn trends(
    state: Data<State>,
    May(granted): May<Analytics>,
    query: QueryString,
) -> Result<Answer<TrendsDto>, ApiError> {
    let history = &state.services.history;
    let (request, period) = query.read(|fields| query::trends(fields, history.today()))?;
    let trends = history.trends(granted, &request).await?;
    Ok(Answer::ok(TrendsDto::new(&request, period, trends)))
}

/// Notes what was done with results, to learn from it.
///
/// All of it or nothing. The same event told twice counts once.
#[utoipa::path(post, path = "/api/v1/search/events", tag = "search", operation_id = "searchEvents",
    request_body = Vec<InteractionBody>,
    responses(
        (status = 202, description = "Noted", body = Envelope<AcceptedDto>),
        (status = 404, description = "`NOT_FOUND`: not searches of the account: `details.ids`", body = Failure)))]
pub(crate) async fn interact(
    state: Data<State>,
    May(granted): May<Search>,
    body: JsonBody,
) -> Result<Answer<AcceptedDto>, ApiError> {
    let events = body.read_list(1..=query::MAX_EVENTS, query::interaction)?;
    state.services.history.interact(granted, &events).await?;
    Ok(Answer::accepted(AcceptedDto { accepted: events.len() }))
}
