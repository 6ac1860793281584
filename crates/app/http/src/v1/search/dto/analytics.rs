//! Where a search's time went, and what would save some.

use std::time::Duration;

use altus4_search::{DatabaseTiming, SearchAdvice, SearchAnalytics};
use serde::Serialize;
use utoipa::ToSchema;

/// Something that would make a search faster or more complete.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SearchAdvice)]
pub(crate) struct SearchAdviceDto {
    /// What it is about.
    #[serde(rename = "type")]
    #[schema(example = "index")]
    kind: &'static str,
    #[schema(format = Uuid)]
    database_id: String,
    table: String,
    /// The columns that no full-text index covers.
    columns: Vec<String>,
    description: String,
    /// `high` where rows stay unfound without it, else `medium`.
    impact: &'static str,
}

impl From<&SearchAdvice> for SearchAdviceDto {
    fn from(advice: &SearchAdvice) -> Self {
        let columns = advice.columns.join(", ");
        let (description, impact) = if advice.left_out {
            (
                format!("{columns} could not be searched; a FULLTEXT index over it makes its rows findable"),
                "high",
            )
        } else {
            (format!("{columns} had to be read whole; a FULLTEXT index over it saves that"), "medium")
        };
        Self {
            kind: "index",
            database_id: advice.connection_id.to_string(),
            table: advice.table.clone(),
            columns: advice.columns.clone(),
            description,
            impact,
        }
    }
}

/// Where a search's time went, in milliseconds. Databases are searched side by side.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SearchTiming)]
pub(crate) struct TimingDto {
    total: f64,
    /// Until the last database had given its candidates.
    search: f64,
    /// Ranking them in one list.
    ranking: f64,
    /// Reading the rows of the page and marking them.
    rows: f64,
    databases: Vec<DatabaseTimingDto>,
}

/// Where one database's time went, in milliseconds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SearchDatabaseTiming)]
pub(crate) struct DatabaseTimingDto {
    #[schema(format = Uuid)]
    database_id: String,
    total: f64,
    /// Knowing its schema; next to nothing while that is remembered.
    schema: f64,
    tables: Vec<TableTimingDto>,
}

/// How long a table's candidates took, in milliseconds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchTableTiming)]
pub(crate) struct TableTimingDto {
    table: String,
    time: f64,
}

impl From<&DatabaseTiming> for DatabaseTimingDto {
    fn from(timing: &DatabaseTiming) -> Self {
        let table =
            |(table, time): &(String, Duration)| TableTimingDto { table: table.clone(), time: ms(*time) };
        Self {
            database_id: timing.connection_id.to_string(),
            total: ms(timing.total),
            schema: ms(timing.schema),
            tables: timing.tables.iter().map(table).collect(),
        }
    }
}

/// Both parts of an answer that `includeAnalytics` adds.
pub(super) fn analytics(told: &SearchAnalytics, took: Duration) -> (Vec<SearchAdviceDto>, TimingDto) {
    let timing = TimingDto {
        total: ms(took),
        search: ms(told.search),
        ranking: ms(told.ranking),
        rows: ms(told.rows),
        databases: told.databases.iter().map(DatabaseTimingDto::from).collect(),
    };
    (told.advice.iter().map(SearchAdviceDto::from).collect(), timing)
}

/// Milliseconds with two decimals.
pub(in crate::v1::search) fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}
