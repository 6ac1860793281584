//! Queries that find nothing.

use super::{
    Figure, Insight, InsightKind, Missed, Observed, Recommended, Weight, confidence, quoted, stats::wilson,
};
use crate::ratio;

/// Fewer searches say nothing,
const MIN_MISSES: u64 = 10;
/// nor fewer days.
const MIN_DAYS: u64 = 3;
/// At 95 % confidence, this part of the searches has to find nothing.
const MIN_PART: f64 = 0.6;
/// How many are told.
const TOLD: usize = 10;
/// How many misses matter most.
const MANY: u64 = 100;

/// An insight for each frequent query that finds nothing day after day.
pub(super) fn find(observed: &Observed) -> Vec<Insight> {
    let frequent =
        observed.misses.iter().filter(|missed| missed.misses >= MIN_MISSES && missed.days >= MIN_DAYS);
    frequent.filter_map(insight).take(TOLD).collect()
}

fn insight(missed: &Missed) -> Option<Insight> {
    let (least, _) = wilson(missed.misses, missed.searches);
    if least < MIN_PART {
        return None;
    }
    let query = quoted(&missed.query);
    Some(Insight {
        kind: InsightKind::NoResults,
        weight: if missed.misses >= MANY { Weight::High } else { Weight::Medium },
        title: format!("{query} finds nothing"),
        description: format!(
            "{query} was searched for {} times on {} days, and found nothing {} times.",
            missed.searches, missed.days, missed.misses
        ),
        confidence: confidence(least),
        evidence: vec![
            ("query", Figure::Text(missed.query.clone())),
            ("searches", Figure::Count(missed.searches)),
            ("withoutResults", Figure::Count(missed.misses)),
            ("rate", Figure::Number(ratio(missed.misses, missed.searches))),
            ("days", Figure::Count(missed.days)),
        ],
        recommended: Recommended {
            action: "Add what is looked for, or a synonym for it, or search by meaning".into(),
            sql: None,
            effort: Weight::Medium,
            expected: Some(format!("Up to {} more searches that find something", missed.misses)),
        },
        words: None,
    })
}
