//! What is exported, row by row.

use altus4_analytics::{
    AnalyticsQuery, AnalyticsService, Grain, HistoryFilter, LoggedSearch, QuerySums, Step, Sums, SumsPoint,
    average_ms, day_name, ratio,
};
use altus4_kernel::{Granted, PortResult, Timestamp, grants::Analytics};

use crate::v1::analytics::dto::average;

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Metric {
    /// Single searches.
    History,
    /// What was searched for most often.
    Popular,
    /// How long searches took.
    Performance,
    /// How many there were.
    Usage,
}

/// A row's cells, one for each of its metric's columns.
pub(crate) type Row = Vec<Cell>;

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// Text: data, to be trusted with nothing.
    Text(String),
    /// A whole number.
    Count(u64),
    /// A measure.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// Nothing.
    Nothing,
}

impl Metric {
    pub(crate) const ALL: [Self; 4] = [Self::History, Self::Popular, Self::Performance, Self::Usage];

    pub(crate) fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == text)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Popular => "popular",
            Self::Performance => "performance",
            Self::Usage => "usage",
        }
    }

    pub(crate) fn columns(self) -> &'static [&'static str] {
        match self {
            Self::History => &[
                "id",
                "userId",
                "apiKeyId",
                "query",
                "database",
                "databases",
                "searchMode",
                "resultCount",
                "executionTime",
                "cached",
                "status",
                "timestamp",
            ],
            Self::Popular => {
                &["query_text", "frequency", "avg_time", "avg_results", "last_used", "click_through_rate"]
            }
            Self::Performance => &[
                "date",
                "query_count",
                "avg_response_time",
                "p50_response_time",
                "p95_response_time",
                "p99_response_time",
                "max_response_time",
                "error_count",
            ],
            Self::Usage => &[
                "date",
                "query_count",
                "failed",
                "partial",
                "zero_results",
                "cached",
                "clicked",
                "avg_results",
            ],
        }
    }
}

/// How long the steps are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Granularity {
    Hour,
    Day,
    Week,
}

impl Granularity {
    pub(crate) fn named(text: &str) -> Option<Self> {
        match text {
            "hour" => Some(Self::Hour),
            "day" => Some(Self::Day),
            "week" => Some(Self::Week),
            _ => None,
        }
    }
}

/// The single searches of these figures.
pub(super) fn history_filter(query: &AnalyticsQuery) -> HistoryFilter {
    HistoryFilter {
        environments: query.environments,
        range: query.period.range,
        containing: None,
        mode: None,
        min_took: None,
        found_nothing: None,
        database: query.database,
    }
}

pub(super) fn of_search(search: &LoggedSearch) -> Row {
    let databases: Vec<_> = search.databases.iter().map(ToString::to_string).collect();
    vec![
        Cell::Text(search.id.to_string()),
        Cell::Text(search.account_id.to_string()),
        search.api_key.map_or(Cell::Nothing, |key| Cell::Text(key.to_string())),
        Cell::Text(search.query.clone()),
        databases.first().map_or(Cell::Nothing, |first| Cell::Text(first.clone())),
        Cell::Text(databases.join(" ")),
        Cell::Text(search.mode.clone()),
        Cell::Count(search.results),
        Cell::Count(u64::try_from(search.took.as_millis()).unwrap_or(u64::MAX)),
        Cell::Flag(search.cached),
        Cell::Text(search.outcome.as_str().to_owned()),
        Cell::Text(search.at.to_string()),
    ]
}

/// All rows of a metric that is read from sums: they are few.
pub(super) async fn of_figures(
    analytics: &AnalyticsService,
    granted: Granted<Analytics>,
    query: &AnalyticsQuery,
    (metric, granularity): (Metric, Granularity),
) -> PortResult<Vec<Row>> {
    if metric == Metric::Popular {
        let popular = analytics.popular(granted, query, 0, altus4_analytics::MAX_RANKED).await?;
        return Ok(popular.items.iter().map(of_query).collect());
    }
    let grain = if granularity == Granularity::Hour { Grain::Hour } else { Grain::Day };
    let series = analytics.series(granted, query, grain).await?;
    let row = |date: String, sums: &Sums| {
        if metric == Metric::Usage { usage(date, sums) } else { performance(date, sums) }
    };
    Ok(match granularity {
        Granularity::Hour => series.iter().map(|point| row(hour(point), &point.sums)).collect(),
        Granularity::Day => {
            series.iter().map(|point| row(day_name(point.hour.div_euclid(24)), &point.sums)).collect()
        }
        Granularity::Week => {
            let week = |week: altus4_analytics::DayRange| {
                let days = series.iter().filter(|point| week.has(point.hour.div_euclid(24)));
                row(day_name(week.first()), &Sums::of(days.map(|point| &point.sums)))
            };
            Step::Week.steps(query.period.range).into_iter().map(week).collect()
        }
    })
}

fn hour(point: &SumsPoint) -> String {
    let moment = Timestamp::from_unix_seconds(point.hour.saturating_mul(3_600));
    moment.map(|moment| moment.to_string()).unwrap_or_default()
}

fn of_query(query: &QuerySums) -> Row {
    vec![
        Cell::Text(query.query.clone()),
        Cell::Count(query.searches),
        Cell::Number(average_ms(query.took_us, query.searches)),
        Cell::Number(average(query.results, query.searches)),
        Cell::Text(query.last_at.to_string()),
        Cell::Number(ratio(query.clicked, query.searches)),
    ]
}

fn performance(date: String, sums: &Sums) -> Row {
    vec![
        Cell::Text(date),
        Cell::Count(sums.searches),
        Cell::Number(sums.average_ms()),
        Cell::Number(sums.quantile_ms(0.5)),
        Cell::Number(sums.quantile_ms(0.95)),
        Cell::Number(sums.quantile_ms(0.99)),
        Cell::Number(average_ms(sums.longest_us, 1)),
        Cell::Count(sums.failed),
    ]
}

fn usage(date: String, sums: &Sums) -> Row {
    vec![
        Cell::Text(date),
        Cell::Count(sums.searches),
        Cell::Count(sums.failed),
        Cell::Count(sums.partial),
        Cell::Count(sums.misses),
        Cell::Count(sums.cached),
        Cell::Count(sums.clicked),
        Cell::Number(average(sums.results, sums.searches)),
    ]
}

/// A text that no spreadsheet takes for a formula (OWASP, "CSV Injection").
pub(super) fn harmless(text: &str) -> std::borrow::Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}").into() } else { text.into() }
}
