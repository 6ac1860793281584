//! The searches of all accounts, for administrators.

use actix_web::web::Data;

use super::query;
pub(crate) use super::{
    dto::{ActivityDto, SystemOverviewDto, SystemPerformanceDto},
    query::{PartQuery, SystemQuery},
};
use crate::{
    envelope::{Answer, Envelope},
    error::ApiError,
    extract::{Administrator, QueryString},
    state::State,
};

/// The whole system at a glance.
#[utoipa::path(get, path = "/api/v1/analytics/admin/system-overview", tag = "analytics",
    operation_id = "systemOverview", params(SystemQuery),
    responses((status = 200, description = "The figures of the period", body = Envelope<SystemOverviewDto>)))]
pub(crate) async fn system_overview(
    state: Data<State>,
    Administrator(admin): Administrator,
    query: QueryString,
) -> Result<Answer<SystemOverviewDto>, ApiError> {
    let analytics = &state.services.analytics;
    let query = query.read(|fields| query::system(fields, analytics))?;
    let overview = analytics.system_overview(admin, &query).await?;
    Ok(Answer::ok(SystemOverviewDto::new(&query, overview)))
}

/// The accounts that searched, the most active first.
#[utoipa::path(get, path = "/api/v1/analytics/admin/user-activity", tag = "analytics",
    operation_id = "userActivity", params(SystemQuery, PartQuery),
    responses((status = 200, description = "Some of them", body = Envelope<Vec<ActivityDto>>)))]
pub(crate) async fn user_activity(
    state: Data<State>,
    Administrator(admin): Administrator,
    query: QueryString,
) -> Result<Answer<Vec<ActivityDto>>, ApiError> {
    let analytics = &state.services.analytics;
    let ((offset, limit), query) = query.read(|fields| {
        let part = query::part(fields);
        Some((part, query::system(fields, analytics)?))
    })?;
    let activity = analytics.user_activity(admin, &query, offset, limit).await?;
    Ok(Answer::ok(activity.items.into_iter().map(ActivityDto::from).collect()))
}

/// How all searches went; the slowest with the e-mails of their accounts.
#[utoipa::path(get, path = "/api/v1/analytics/admin/performance-metrics", tag = "analytics",
    operation_id = "systemPerformance", params(SystemQuery),
    responses((status = 200, description = "The figures of the period", body = Envelope<SystemPerformanceDto>)))]
pub(crate) async fn performance_metrics(
    state: Data<State>,
    Administrator(admin): Administrator,
    query: QueryString,
) -> Result<Answer<SystemPerformanceDto>, ApiError> {
    let analytics = &state.services.analytics;
    let query = query.read(|fields| query::system(fields, analytics))?;
    let performance = analytics.system_performance(admin, &query).await?;
    Ok(Answer::ok(SystemPerformanceDto::from(performance)))
}
