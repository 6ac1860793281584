//! How searches went, as answers show it.

use altus4_analytics::{Grain, LabelSums, Performance, SlowSearch, Sums, SumsPoint, average_ms, day_name};
use altus4_kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::average;

/// How searches went.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Performance)]
pub(crate) struct PerformanceDto {
    summary: PerformanceSummaryDto,
    /// Every day of the period, the oldest first; of one day, every hour.
    time_series_data: Vec<PointDto>,
    search_mode_distribution: Vec<ModeDto>,
    slowest_queries: Vec<SlowSearchDto>,
}

/// The figures of all searches.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PerformanceSummary)]
pub(crate) struct PerformanceSummaryDto {
    total_queries: u64,
    average_response_time: f64,
    p50_response_time: f64,
    p95_response_time: f64,
    p99_response_time: f64,
    peak_response_time: f64,
    average_results: f64,
    /// The part that didn't fail.
    success_rate: f64,
    /// The part that was answered with nothing.
    zero_result_rate: f64,
    /// The part that was answered with another search's answer.
    cache_hit_rate: f64,
    top_query: Option<String>,
}

impl PerformanceSummaryDto {
    fn new(sums: &Sums, top_query: Option<String>) -> Self {
        Self {
            total_queries: sums.searches,
            average_response_time: sums.average_ms(),
            p50_response_time: sums.quantile_ms(0.5),
            p95_response_time: sums.quantile_ms(0.95),
            p99_response_time: sums.quantile_ms(0.99),
            peak_response_time: average_ms(sums.longest_us, 1),
            average_results: average(sums.results, sums.searches),
            success_rate: sums.success_rate(),
            zero_result_rate: sums.part(sums.misses),
            cache_hit_rate: sums.part(sums.cached),
            top_query,
        }
    }
}

/// The searches of a day or an hour.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PerformancePoint)]
pub(crate) struct PointDto {
    /// A day, or the moment at which an hour begins.
    #[schema(example = "2026-01-15")]
    date: String,
    query_count: u64,
    avg_response_time: f64,
    max_response_time: f64,
    /// How many failed.
    error_count: u64,
}

impl PointDto {
    pub(super) fn all(grain: Grain, series: &[SumsPoint]) -> Vec<Self> {
        let point = |point: &SumsPoint| Self {
            date: match grain {
                Grain::Day => day_name(point.hour.div_euclid(24)),
                Grain::Hour => Timestamp::from_unix_seconds(point.hour.saturating_mul(3_600))
                    .map(|hour| hour.to_string())
                    .unwrap_or_default(),
            },
            query_count: point.sums.searches,
            avg_response_time: point.sums.average_ms(),
            max_response_time: average_ms(point.sums.longest_us, 1),
            error_count: point.sums.failed,
        };
        series.iter().map(point).collect()
    }
}

/// The searches of a mode.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchModeShare)]
pub(crate) struct ModeDto {
    /// `natural`, `boolean` or `semantic`.
    search_mode: String,
    count: u64,
    avg_time: f64,
}

impl From<LabelSums> for ModeDto {
    fn from(mode: LabelSums) -> Self {
        Self {
            count: mode.searches,
            avg_time: average_ms(mode.took_us, mode.searches),
            search_mode: mode.label,
        }
    }
}

/// A search that took long.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SlowSearch)]
pub(crate) struct SlowSearchDto {
    query_text: String,
    execution_time_ms: f64,
    result_count: u64,
    #[schema(format = DateTime)]
    created_at: String,
    /// Whose it was; for administrators alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_email: Option<String>,
}

impl From<SlowSearch> for SlowSearchDto {
    fn from(search: SlowSearch) -> Self {
        Self {
            execution_time_ms: average_ms(search.took_us, 1),
            result_count: search.results,
            created_at: search.at.to_string(),
            user_email: search.email,
            query_text: search.query,
        }
    }
}

impl From<Performance> for PerformanceDto {
    fn from(performance: Performance) -> Self {
        Self {
            summary: PerformanceSummaryDto::new(&performance.sums, performance.top),
            time_series_data: PointDto::all(performance.grain, &performance.series),
            search_mode_distribution: performance.modes.into_iter().map(ModeDto::from).collect(),
            slowest_queries: performance.slowest.into_iter().map(SlowSearchDto::from).collect(),
        }
    }
}
