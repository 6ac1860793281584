//! Searching.

mod body;
mod dto;

use std::time::Instant;

use actix_web::web::Data;
use altus4_kernel::{Granted, grants::Search};
use altus4_search::SearchQuery;

pub(crate) use self::{
    body::{SearchBody, SearchLink},
    dto::{FailureDto, SearchResultsDto},
};
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::ApiError,
    extract::{JsonBody, May, QueryString},
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
        (status = 404, description = "`NOT_FOUND`: one of `databases` isn't the account's", body = Failure),
        (status = 502, description = "`CONNECTION_FAILED`: every database failed", body = Failure),
        (status = 504, description = "`QUERY_TIMEOUT`: every database timed out", body = Failure)))]
pub(crate) async fn search(
    state: Data<State>,
    May(granted): May<Search>,
    body: JsonBody,
) -> Result<Answer<SearchResultsDto>, ApiError> {
    let query = body.read(body::search_query)?;
    run(&state, granted, query).await
}

/// Searches from a link: the same from the query string.
///
/// Lists are comma-separated or repeated.
#[utoipa::path(get, path = "/api/v1/search", tag = "search", operation_id = "searchByLink",
    params(SearchLink),
    responses(
        (status = 200, description = "The ranked results", body = Envelope<SearchResultsDto>),
        (status = 404, description = "`NOT_FOUND`: one of `databases` isn't the account's", body = Failure),
        (status = 502, description = "`CONNECTION_FAILED`: every database failed", body = Failure),
        (status = 504, description = "`QUERY_TIMEOUT`: every database timed out", body = Failure)))]
pub(crate) async fn search_by_link(
    state: Data<State>,
    May(granted): May<Search>,
    query: QueryString,
) -> Result<Answer<SearchResultsDto>, ApiError> {
    let query = query.read(|fields| {
        fields.also_called("query", "q");
        body::search_query(fields)
    })?;
    run(&state, granted, query).await
}

async fn run(
    state: &State,
    granted: Granted<Search>,
    query: SearchQuery,
) -> Result<Answer<SearchResultsDto>, ApiError> {
    let started = Instant::now();
    let (window, highlighted) = (query.window, query.highlight.is_some());
    let answer = state.services.search.search(granted, query).await?;
    Ok(Answer::ok(SearchResultsDto::new(answer, window, highlighted, started.elapsed())))
}
