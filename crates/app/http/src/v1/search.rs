//! Searching.

pub(crate) mod analyze;
mod body;
mod dto;
pub(crate) mod history;
pub(crate) mod multi;
pub(crate) mod saved;
pub(crate) mod suggestions;

use std::sync::Arc;

use actix_web::web::Data;
use altus4_kernel::{AiPayer, Environment, Granted, grants::Search};
use altus4_search::SearchQuery;

pub(crate) use self::{
    body::{SearchBody, SearchLink, read_filter},
    dto::{FailureDto, SearchResultsDto},
};
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::ApiError,
    extract::{JsonBody, May, Payer, QueryString, RunsIn},
    state::State,
};

/// Searches the account's databases.
///
/// What some databases fail to answer is named in `failures`; only when every one fails is the
/// answer a 502, or a 504 if every one timed out.
#[utoipa::path(post, path = "/api/v1/search", tag = "search", operation_id = "search",
    request_body = SearchBody,
    responses(
        (status = 200, description = "The ranked results", body = Envelope<SearchResultsDto>),
        (status = 400, description = "`VALIDATION_ERROR`, `INVALID_QUERY`, `INVALID_FILTER`, `INVALID_SORT` or \
            `MALFORMED_REQUEST`: every fault at once", body = Failure),
        (status = 404, description = "`NOT_FOUND`: one of `databases` isn't the account's", body = Failure),
        (status = 502, description = "`CONNECTION_FAILED`: every database failed", body = Failure),
        (status = 504, description = "`QUERY_TIMEOUT`: every database timed out", body = Failure)))]
pub(crate) async fn search(
    state: Data<State>,
    May(granted): May<Search>,
    RunsIn(environment): RunsIn,
    Payer(payer): Payer,
    body: JsonBody,
) -> Result<Answer<SearchResultsDto>, ApiError> {
    let query = body.read(body::search_query)?;
    run(&state, granted, environment, query, payer).await.map(Answer::ok)
}

/// Searches from a link: the same from the query string.
///
/// Lists are comma-separated or repeated.
#[utoipa::path(get, path = "/api/v1/search", tag = "search", operation_id = "searchByLink",
    params(SearchLink),
    responses(
        (status = 200, description = "The ranked results", body = Envelope<SearchResultsDto>),
        (status = 400, description = "`VALIDATION_ERROR`, `INVALID_QUERY`, `INVALID_FILTER`, `INVALID_SORT` or \
            `MALFORMED_REQUEST`: every fault at once", body = Failure),
        (status = 404, description = "`NOT_FOUND`: one of `databases` isn't the account's", body = Failure),
        (status = 502, description = "`CONNECTION_FAILED`: every database failed", body = Failure),
        (status = 504, description = "`QUERY_TIMEOUT`: every database timed out", body = Failure)))]
pub(crate) async fn search_by_link(
    state: Data<State>,
    May(granted): May<Search>,
    RunsIn(environment): RunsIn,
    Payer(payer): Payer,
    query: QueryString,
) -> Result<Answer<SearchResultsDto>, ApiError> {
    let query = query.read(|fields| {
        fields.also_called("query", "q");
        body::search_query(fields)
    })?;
    run(&state, granted, environment, query, payer).await.map(Answer::ok)
}

async fn run(
    state: &State,
    granted: Granted<Search>,
    environment: Environment,
    query: SearchQuery,
    payer: Arc<dyn AiPayer>,
) -> Result<SearchResultsDto, ApiError> {
    let (window, highlighted) = (query.window, query.highlight.is_some());
    let is_ranked = query.sort.is_empty();
    let with_trends = query.include_analytics;
    let served = state.services.search.search(granted, environment, query, payer).await?;
    let results = SearchResultsDto::new(served, window, highlighted, is_ranked)?;
    if !with_trends {
        return Ok(results);
    }
    // Counted with this search. What is wrong with the log is no fault of the results.
    Ok(match state.services.history.recent(granted, environment).await {
        Ok((days, trends)) => results.with_trends(history::DayDto::all(&days, &trends)),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "search.no_trends");
            results
        }
    })
}
