//! Searches as answers show them.

use altus4_kernel::Timestamp;
use altus4_search::{SearchRecord, Trends, TrendsRequest};
use serde::Serialize;
use utoipa::ToSchema;

/// A search that was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryItem)]
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
    search_mode: &'static str,
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

impl From<SearchRecord> for HistoryItemDto {
    fn from(search: SearchRecord) -> Self {
        let databases: Vec<_> = search.databases.iter().map(ToString::to_string).collect();
        Self {
            id: search.id.to_string(),
            user_id: search.account_id.to_string(),
            api_key_id: search.api_key.map(|key| key.to_string()),
            query: search.query,
            database: databases.first().cloned(),
            databases,
            search_mode: search.mode.as_str(),
            result_count: search.results,
            execution_time: u64::try_from(search.took.as_millis()).unwrap_or(u64::MAX),
            cached: search.cached,
            status: search.status.as_str(),
            timestamp: search.at.to_string(),
        }
    }
}

/// How much was searched.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchTrends)]
pub(crate) struct TrendsDto {
    /// Every day of the period, the oldest first.
    trends: Vec<DayDto>,
    summary: TrendsSummaryDto,
}

/// The searches of a day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SearchTrendDay)]
pub(crate) struct DayDto {
    #[schema(format = Date, example = "2026-01-15")]
    date: String,
    searches: u64,
    /// How many were different, apart from case and white space.
    unique_queries: u64,
}

/// The searches of the whole period.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SearchTrendsSummary)]
pub(crate) struct TrendsSummaryDto {
    total_searches: u64,
    /// The period's name, or `custom`.
    period: &'static str,
    /// What was searched for most often, without case.
    top_query: Option<String>,
}

impl DayDto {
    /// Every day that was asked for, the oldest first.
    pub(in crate::v1::search) fn all(request: &TrendsRequest, trends: &Trends) -> Vec<Self> {
        let mut found = trends.days.iter().peekable();
        let day = |day: i64| {
            let counted = found.next_if(|found| found.day == day);
            Self {
                date: date(day),
                searches: counted.map_or(0, |found| found.searches),
                unique_queries: counted.map_or(0, |found| found.unique_queries),
            }
        };
        (request.first_day..=request.last_day).map(day).collect()
    }
}

impl TrendsDto {
    pub(super) fn new(request: &TrendsRequest, period: &'static str, trends: Trends) -> Self {
        let total_searches = trends.days.iter().map(|day| day.searches).sum();
        Self {
            trends: DayDto::all(request, &trends),
            summary: TrendsSummaryDto { total_searches, period, top_query: trends.top_query },
        }
    }
}

/// A day as `YYYY-MM-DD`.
fn date(day: i64) -> String {
    let midnight = day.checked_mul(86_400).and_then(Timestamp::from_unix_seconds);
    midnight.map(|moment| moment.to_string()[..10].to_owned()).unwrap_or_default()
}

/// How many events were noted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchEventsAccepted)]
pub(crate) struct AcceptedDto {
    pub(super) accepted: usize,
}
