//! Figures as answers show them. Times are milliseconds, rates are parts from 0 to 1.

mod insights;
mod performance;
mod system;

use altus4_analytics::{
    AnalyticsQuery, Dashboard, LoggedSearch, QuerySums, Trend, average_ms, day_name, ratio,
};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use self::{
    insights::{DashboardInsightDto, InsightsAnswerDto},
    performance::{PerformanceDto, PointDto, SlowSearchDto},
    system::{ActivityDto, SystemOverviewDto, SystemPerformanceDto},
};

/// The searches of one step of a period.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnalyticsTrend)]
pub(crate) struct TrendDto {
    /// How long the step is: `day`, `week` or `month`.
    period: &'static str,
    #[schema(format = Date)]
    start_date: String,
    #[schema(format = Date)]
    end_date: String,
    /// What was searched for most often, as it was last typed.
    top_queries: Vec<String>,
    query_volume: u64,
    avg_response_time: f64,
    /// What most results were put in.
    popular_categories: Vec<String>,
}

impl From<Trend> for TrendDto {
    fn from(trend: Trend) -> Self {
        Self {
            period: trend.step.as_str(),
            start_date: day_name(trend.range.first()),
            end_date: day_name(trend.range.last()),
            query_volume: trend.sums.searches,
            avg_response_time: trend.sums.average_ms(),
            top_queries: trend.top,
            popular_categories: trend.categories,
        }
    }
}

/// A query, and how often it was searched for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PopularQuery)]
pub(crate) struct PopularQueryDto {
    /// As it was last typed.
    query_text: String,
    frequency: u64,
    avg_time: f64,
    avg_results: f64,
    #[schema(format = DateTime)]
    last_used: String,
    /// The part of its searches of which a result was opened.
    click_through_rate: f64,
}

impl PopularQueryDto {
    pub(super) fn new(query: &QuerySums) -> Self {
        Self {
            query_text: query.query.clone(),
            frequency: query.searches,
            avg_time: average_ms(query.took_us, query.searches),
            avg_results: average(query.results, query.searches),
            last_used: query.last_at.to_string(),
            click_through_rate: ratio(query.clicked, query.searches),
        }
    }
}

/// With two digits; 0 where there are none.
pub(super) fn average(sum: u64, count: u64) -> f64 {
    if count == 0 { 0.0 } else { (sum as f64 / count as f64 * 100.0).round() / 100.0 }
}

/// Some of the history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnalyticsHistory)]
pub(crate) struct HistoryDto {
    pub(super) items: Vec<HistoryItemDto>,
    /// How many there are in all.
    pub(super) total: u64,
}

/// A search that was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnalyticsHistoryItem)]
pub(crate) struct HistoryItemDto {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = Uuid)]
    user_id: String,
    /// The key it was made with; `null` for a session's.
    #[schema(format = Uuid)]
    api_key_id: Option<String>,
    query: String,
    /// The first of `databases`.
    #[schema(format = Uuid)]
    database: Option<String>,
    /// The ids of the connections it went to.
    databases: Vec<String>,
    search_mode: String,
    /// How many rows matched, or at least matched.
    result_count: u64,
    /// In milliseconds.
    execution_time: u64,
    cached: bool,
    /// `success`, `partial` (some databases failed) or `failed` (all did).
    status: &'static str,
    #[schema(format = DateTime)]
    timestamp: String,
}

impl From<LoggedSearch> for HistoryItemDto {
    fn from(search: LoggedSearch) -> Self {
        let databases: Vec<_> = search.databases.iter().map(ToString::to_string).collect();
        Self {
            id: search.id.to_string(),
            user_id: search.account_id.to_string(),
            api_key_id: search.api_key.map(|key| key.to_string()),
            database: databases.first().cloned(),
            databases,
            result_count: search.results,
            execution_time: u64::try_from(search.took.as_millis()).unwrap_or(u64::MAX),
            cached: search.cached,
            status: search.outcome.as_str(),
            timestamp: search.at.to_string(),
            query: search.query,
            search_mode: search.mode,
        }
    }
}

/// Everything at a glance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Dashboard)]
pub(crate) struct DashboardDto {
    trends: Vec<TrendDto>,
    performance: PerformanceDto,
    popular_queries: Vec<PopularQueryDto>,
    insights: Vec<DashboardInsightDto>,
    summary: DashboardSummaryDto,
}

/// The figures that are seen first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DashboardSummary)]
pub(crate) struct DashboardSummaryDto {
    /// The period's name, or `custom`.
    period: &'static str,
    total_queries: u64,
    average_response_time: f64,
    success_rate: f64,
    /// How many accounts searched: this one, or none.
    active_users: u64,
    databases_searched: u64,
    top_query: Option<String>,
}

impl DashboardDto {
    pub(super) fn new(query: &AnalyticsQuery, dashboard: Dashboard) -> Self {
        let sums = &dashboard.performance.sums;
        let summary = DashboardSummaryDto {
            period: query.period.name,
            total_queries: sums.searches,
            average_response_time: sums.average_ms(),
            success_rate: sums.success_rate(),
            active_users: u64::from(sums.searches > 0),
            databases_searched: dashboard.databases,
            top_query: dashboard.performance.top.clone(),
        };
        Self {
            trends: dashboard.trends.into_iter().map(TrendDto::from).collect(),
            performance: dashboard.performance.into(),
            popular_queries: dashboard.popular.iter().map(PopularQueryDto::new).collect(),
            insights: dashboard.insights.insights.iter().map(DashboardInsightDto::from).collect(),
            summary,
        }
    }
}
