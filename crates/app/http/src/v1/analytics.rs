//! What was searched for, what it says, and what was done with all keys of an account.

pub(crate) mod admin;
mod dto;
pub(crate) mod export;
mod query;

use actix_web::web::Data;
use altus4_kernel::{Page, grants::Analytics};

pub(crate) use self::{
    dto::{
        DashboardDto, HistoryDto, HistoryItemDto, InsightsAnswerDto, PerformanceDto, PopularQueryDto,
        TrendDto,
    },
    query::{FiguresQuery, HistoryQuery},
};
use super::keys::usage::{PeriodQuery, UsageTotalsDto, period};
use crate::{
    envelope::{Answer, Envelope},
    error::ApiError,
    extract::{May, PagingParams, Payer, QueryString, page_request},
    state::State,
};

/// The usage of all the account's keys, revoked ones included.
#[utoipa::path(get, path = "/api/v1/analytics/usage", tag = "keys", operation_id = "usageOfAllKeys",
    params(PeriodQuery),
    responses((status = 200, description = "The sums of the period", body = Envelope<UsageTotalsDto>)))]
pub(crate) async fn usage(
    state: Data<State>,
    May(granted): May<Analytics>,
    query: QueryString,
) -> Result<Answer<UsageTotalsDto>, ApiError> {
    let period = query.read(|fields| Some(period(fields)))?;
    state.services.recorder.flush().await?;
    let totals = state.services.usage.account_totals(granted, period).await?;
    Ok(Answer::ok(UsageTotalsDto::new(period, &totals)))
}

/// Everything about the account's searches at a glance.
#[utoipa::path(get, path = "/api/v1/analytics/dashboard", tag = "analytics", operation_id = "dashboard",
    params(FiguresQuery),
    responses((status = 200, description = "The figures of the period", body = Envelope<DashboardDto>)))]
pub(crate) async fn dashboard(
    state: Data<State>,
    May(granted): May<Analytics>,
    query: QueryString,
) -> Result<Answer<DashboardDto>, ApiError> {
    let analytics = &state.services.analytics;
    let query = query.read(|fields| query::figures(fields, analytics))?;
    let dashboard = analytics.dashboard(granted, &query).await?;
    Ok(Answer::ok(DashboardDto::new(&query, dashboard)))
}

/// How much was searched, and for what: by the day up to 31 days, by the week (from Monday) up to 100,
/// by the month beyond.
#[utoipa::path(get, path = "/api/v1/analytics/search-trends", tag = "analytics",
    operation_id = "analyticsTrends", params(FiguresQuery),
    responses((status = 200, description = "Every step of the period, the oldest first", body = Envelope<Vec<TrendDto>>)))]
pub(crate) async fn search_trends(
    state: Data<State>,
    May(granted): May<Analytics>,
    query: QueryString,
) -> Result<Answer<Vec<TrendDto>>, ApiError> {
    let analytics = &state.services.analytics;
    let query = query.read(|fields| query::figures(fields, analytics))?;
    let trends = analytics.trends(granted, &query).await?;
    Ok(Answer::ok(trends.into_iter().map(TrendDto::from).collect()))
}

/// How long searches took, how many failed, and how many found nothing.
///
/// Percentiles are within 1 %.
#[utoipa::path(get, path = "/api/v1/analytics/performance", tag = "analytics",
    operation_id = "searchPerformance", params(FiguresQuery),
    responses((status = 200, description = "The figures of the period", body = Envelope<PerformanceDto>)))]
pub(crate) async fn performance(
    state: Data<State>,
    May(granted): May<Analytics>,
    query: QueryString,
) -> Result<Answer<PerformanceDto>, ApiError> {
    let analytics = &state.services.analytics;
    let query = query.read(|fields| query::figures(fields, analytics))?;
    let performance = analytics.performance(granted, &query).await?;
    Ok(Answer::ok(PerformanceDto::from(performance)))
}

/// What was searched for most often; queries that differ only in case and white space are one.
///
/// The 1,000 most frequent are ranked.
#[utoipa::path(get, path = "/api/v1/analytics/popular-queries", tag = "analytics",
    operation_id = "popularQueries", params(FiguresQuery, PagingParams),
    responses((status = 200, description = "A page of them", body = Envelope<Vec<PopularQueryDto>>)))]
pub(crate) async fn popular_queries(
    state: Data<State>,
    May(granted): May<Analytics>,
    query: QueryString,
) -> Result<Answer<Vec<PopularQueryDto>>, ApiError> {
    let analytics = &state.services.analytics;
    let (query, page) = query.read(|fields| {
        page_request(fields).zip(query::figures(fields, analytics)).map(|(page, query)| (query, page))
    })?;
    let (offset, limit) = query::place(page);
    let popular = analytics.popular(granted, &query, offset, limit).await?;
    Ok(Answer::page(page, &popular, PopularQueryDto::new))
}

/// The account's single searches, the newest first. They are kept for less long than the figures: for 90
/// days, unless the operator chose otherwise.
#[utoipa::path(get, path = "/api/v1/analytics/search-history", tag = "analytics",
    operation_id = "analyticsHistory", params(FiguresQuery, HistoryQuery, PagingParams),
    responses((status = 200, description = "A page of them", body = Envelope<HistoryDto>)))]
pub(crate) async fn search_history(
    state: Data<State>,
    May(granted): May<Analytics>,
    query: QueryString,
) -> Result<Answer<HistoryDto>, ApiError> {
    let analytics = &state.services.analytics;
    let (filter, page) = query.read(|fields| query::history(fields, analytics))?;
    let (offset, limit) = query::place(page);
    let Page { items, total } = analytics.history(granted, &filter, offset, limit).await?;
    let items = items.into_iter().map(HistoryItemDto::from).collect();
    Ok(Answer::ok(HistoryDto { items, total }).with_pagination(page, total))
}

/// What the figures say, and what to do about it. All of it is computed; what can come about by chance
/// is left out.
///
/// An AI provider puts it into words besides, where there is one and every connection that was searched
/// has `allowExternalAI`: that takes one of the AI calls of the caller's tier, and costs the budget of its
/// key. Where it may not be asked or fails, `words` is left out.
#[utoipa::path(get, path = "/api/v1/analytics/insights", tag = "analytics", operation_id = "insights",
    params(FiguresQuery),
    responses((status = 200, description = "What matters most first", body = Envelope<InsightsAnswerDto>)))]
pub(crate) async fn insights(
    state: Data<State>,
    May(granted): May<Analytics>,
    Payer(payer): Payer,
    query: QueryString,
) -> Result<Answer<InsightsAnswerDto>, ApiError> {
    let analytics = &state.services.analytics;
    let query = query.read(|fields| query::figures(fields, analytics))?;
    let insights = analytics.insights(granted, &query, Some(payer)).await?;
    Ok(Answer::ok(InsightsAnswerDto::from(insights)))
}
