//! The same searches again and again, each worked out anew.

use super::{Figure, Insight, InsightKind, Observed, Recommended, Weight, confidence, stats::wilson, total};
use crate::ratio;

/// Fewer searches say nothing,
const MIN_SEARCHES: u64 = 200;
/// nor fewer days.
const MIN_DAYS: usize = 3;
/// At least this part of the searches was made before, on the average day.
const MIN_REPEATED: f64 = 0.3;
/// At 95 % confidence, no more than this part of all was answered with another's answer.
const MAX_CACHED: f64 = 0.15;

/// One insight at the most.
pub(super) fn find(observed: &Observed) -> Option<Insight> {
    let sums = total(&observed.days);
    if sums.searches < MIN_SEARCHES || observed.days.len() < MIN_DAYS {
        return None;
    }
    // The first time on each day has to be worked out. One day of the same over and over is left out
    // by counting no query for more than its part of the days.
    let days = observed.days.len() as u64;
    let repeated: u64 = observed.top.iter().map(|query| query.searches.saturating_sub(days)).sum();
    let busiest = observed.days.iter().map(|day| day.sums.searches).max().unwrap_or(0);
    let repeated = repeated.saturating_sub(busiest);
    let part = ratio(repeated, sums.searches);
    let (_, most) = wilson(sums.cached, sums.searches);
    if part < MIN_REPEATED || most > MAX_CACHED {
        return None;
    }
    Some(Insight {
        kind: InsightKind::CacheUse,
        weight: Weight::Medium,
        title: "The same is searched for again and again, and worked out each time".into(),
        description: format!(
            "At least {repeated} of {} searches repeat one of the same day; {} were answered from the cache.",
            sums.searches, sums.cached
        ),
        confidence: confidence(1.0 - most),
        evidence: vec![
            ("searches", Figure::Count(sums.searches)),
            ("repeated", Figure::Count(repeated)),
            ("cached", Figure::Count(sums.cached)),
            ("cacheHitRate", Figure::Number(sums.part(sums.cached))),
            ("averageMs", Figure::Number(sums.average_ms())),
        ],
        recommended: Recommended {
            action: "Keep answers for longer, or share one cache between all nodes".into(),
            sql: None,
            effort: Weight::Low,
            expected: Some(format!("Up to {repeated} searches less to work out")),
        },
        words: None,
    })
}
