//! Searches that became slower.

use super::{
    Figure, Insight, InsightKind, Observed, Recommended, Weight, confidence, rounded, stats::rank_test, total,
};
use crate::SumsPoint;

/// A day of fewer searches says nothing,
const MIN_A_DAY: u64 = 50;
/// nor do fewer days, before and after.
const MIN_DAYS: usize = 5;
/// How likely it is told by chance.
const CHANCE: f64 = 0.01;
/// How many times as long the usual day has to take,
const MIN_FACTOR: f64 = 1.25;
/// and how many milliseconds longer.
const MIN_MORE_MS: f64 = 10.0;
/// How many times as long matters most.
const GREAT_FACTOR: f64 = 2.0;

/// One insight at the most. Days are compared, not searches: one bad day is one of many.
pub(super) fn find(observed: &Observed) -> Option<Insight> {
    let (now, before) = (slowness(&observed.days), slowness(&observed.days_before));
    if now.len().min(before.len()) < MIN_DAYS {
        return None;
    }
    let likely = rank_test(&now, &before);
    let (usual, usual_before) = (median(&now), median(&before));
    if likely >= CHANCE || usual < MIN_FACTOR * usual_before || usual - usual_before < MIN_MORE_MS {
        return None;
    }
    let factor = rounded(usual / usual_before.max(0.01));
    Some(Insight {
        kind: InsightKind::LatencyRegression,
        weight: if factor >= GREAT_FACTOR { Weight::High } else { Weight::Medium },
        title: "Searches became slower".into(),
        description: format!(
            "On the usual day, one search in twenty took {} ms or more; on the same days of the weeks before it was {} ms.",
            rounded(usual),
            rounded(usual_before)
        ),
        confidence: confidence(1.0 - likely),
        evidence: vec![
            ("p95Ms", Figure::Number(rounded(usual))),
            ("p95MsBefore", Figure::Number(rounded(usual_before))),
            ("factor", Figure::Number(factor)),
            ("searches", Figure::Count(total(&observed.days).searches)),
            ("searchesBefore", Figure::Count(total(&observed.days_before).searches)),
            ("days", Figure::Count(now.len() as u64)),
            ("pValue", Figure::Number(likely)),
        ],
        recommended: Recommended {
            action: "See which searches are the slowest, and what changed in the databases".into(),
            sql: None,
            effort: Weight::Medium,
            expected: Some(format!("About {} ms less", rounded(usual - usual_before))),
        },
        words: None,
    })
}

/// What 19 of 20 searches stayed within, each day.
fn slowness(days: &[SumsPoint]) -> Vec<f64> {
    let counted = days.iter().filter(|day| day.sums.searches >= MIN_A_DAY);
    counted.map(|day| day.sums.quantile_ms(0.95)).collect()
}

fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}
