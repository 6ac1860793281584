//! Searches that are slow for the want of an index.

use super::{
    Figure, Insight, InsightKind, Observed, ObservedDatabase, Recommended, Weight, confidence, rounded,
    stats::wilson, total,
};
use crate::{MissingIndex, SumsPoint, average_ms};

/// Nineteen of twenty searches of a database should take less, in milliseconds.
const SLOW_MS: f64 = 300.0;
/// How slow matters most.
const VERY_SLOW_MS: f64 = 1_000.0;
/// Fewer searches say nothing,
const MIN_SEARCHES: u64 = 30;
/// nor fewer on a day of that day.
const MIN_A_DAY: u64 = 5;
/// An index over what is searched more rarely mends nothing.
const MIN_OF_TABLE: u64 = 10;
/// A query that was searched for less often isn't named.
const MIN_OF_QUERY: u64 = 3;
const NAMED: usize = 3;

/// An insight for each index that the searched tables of a slow database lack. With the index made, there
/// is none.
pub(super) fn find(observed: &Observed) -> Vec<Insight> {
    let of_database = |missing: &MissingIndex| {
        let database = observed.databases.iter().find(|database| database.id == missing.database)?;
        insight(missing, database)
    };
    let searched = observed.missing.iter().filter(|missing| missing.searches >= MIN_OF_TABLE);
    searched.filter_map(of_database).collect()
}

fn insight(missing: &MissingIndex, database: &ObservedDatabase) -> Option<Insight> {
    let sums = total(&database.days);
    let p95 = sums.quantile_ms(0.95);
    let counted: Vec<_> = database.days.iter().filter(|day| day.sums.searches >= MIN_A_DAY).collect();
    let slow = counted.iter().filter(|day| is_slow(day)).count();
    // Once is bad luck: most days have to be slow.
    if sums.searches < MIN_SEARCHES || p95 < SLOW_MS || slow == 0 || slow * 2 < counted.len() {
        return None;
    }
    let mut queries: Vec<_> = database
        .queries
        .iter()
        .filter(|query| {
            query.searches >= MIN_OF_QUERY && average_ms(query.took_us, query.searches) >= SLOW_MS
        })
        .collect();
    queries.sort_by_key(|query| std::cmp::Reverse(query.took_us));
    let named = queries.iter().take(NAMED).map(|query| query.query.clone()).collect();
    let columns = missing.columns.join(", ");
    let (name, table) = (&missing.database_name, &missing.table);
    let (slow_days, all_days) = (slow as u64, counted.len() as u64);
    Some(Insight {
        kind: InsightKind::SlowQuery,
        weight: if p95 >= VERY_SLOW_MS { Weight::High } else { Weight::Medium },
        title: format!("Searches of {name} are slow: {table} lacks an index"),
        description: format!(
            "One search of {name} in twenty took {p95} ms or more, on {slow_days} of {all_days} days. {}",
            missing.reason
        ),
        confidence: confidence(wilson(slow_days, all_days).0),
        evidence: vec![
            ("database", Figure::Text(name.clone())),
            ("databaseId", Figure::Text(missing.database.to_string())),
            ("table", Figure::Text(table.clone())),
            ("columns", Figure::Texts(missing.columns.clone())),
            ("searches", Figure::Count(sums.searches)),
            ("averageMs", Figure::Number(rounded(sums.average_ms()))),
            ("p95Ms", Figure::Number(p95)),
            ("slowDays", Figure::Count(slow_days)),
            ("days", Figure::Count(all_days)),
            ("queries", Figure::Texts(named)),
        ],
        recommended: Recommended {
            action: format!("Make an index on {table} ({columns})"),
            sql: missing.sql.clone(),
            effort: Weight::Low,
            expected: Some(format!("Searches of {table} no longer read every row")),
        },
        words: None,
    })
}

fn is_slow(day: &SumsPoint) -> bool {
    day.sums.quantile_ms(0.95) >= SLOW_MS
}
