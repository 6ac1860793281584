//! Databases without fitting indexes.

use super::{Figure, Insight, InsightKind, Observed, Recommended, Weight, confidence};

/// Fewer searches need no index.
const MIN_SEARCHES: u64 = 10;

/// An insight for each index that is missing, apart from those that slow searches ask for already.
pub(super) fn find(observed: &Observed, told: &[Insight]) -> Vec<Insight> {
    let is_told = |database: &str, table: &str| {
        let is = |insight: &Insight, name, value: &str| {
            insight
                .evidence
                .iter()
                .any(|(known, figure)| *known == name && *figure == Figure::Text(value.into()))
        };
        told.iter().any(|insight| {
            insight.kind == InsightKind::SlowQuery
                && is(insight, "databaseId", database)
                && is(insight, "table", table)
        })
    };
    let mut found = Vec::new();
    for missing in &observed.missing {
        let id = missing.database.to_string();
        if missing.searches < MIN_SEARCHES || is_told(&id, &missing.table) {
            continue;
        }
        let (name, table, columns) = (&missing.database_name, &missing.table, missing.columns.join(", "));
        found.push(Insight {
            kind: InsightKind::MissingIndex,
            weight: if missing.is_urgent { Weight::High } else { Weight::Medium },
            title: format!("{table} in {name} lacks an index"),
            description: missing.reason.clone(),
            // Seen, not concluded.
            confidence: confidence(1.0),
            evidence: vec![
                ("database", Figure::Text(name.clone())),
                ("databaseId", Figure::Text(id)),
                ("table", Figure::Text(table.clone())),
                ("columns", Figure::Texts(missing.columns.clone())),
                ("searches", Figure::Count(missing.searches)),
            ],
            recommended: Recommended {
                action: format!("Make an index on {table} ({columns})"),
                sql: missing.sql.clone(),
                effort: Weight::Low,
                expected: Some(format!("Searches of {table} no longer read every row")),
            },
            words: None,
        });
    }
    found
}
