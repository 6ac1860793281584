//! Ways of searching that take far longer than others.

use super::{
    Figure, Insight, InsightKind, Observed, Recommended, Weight, confidence, rounded, stats::wilson,
};
use crate::{LabelSums, average_ms};

/// Fewer searches of a mode say nothing of a part of the range,
const MIN_SEARCHES: u64 = 50;
/// nor fewer parts that all say the same of the whole.
const MIN_PARTS: i32 = 3;
/// How many times as long it has to take,
const MIN_FACTOR: f64 = 3.0;
/// and for how long, in milliseconds.
const MIN_MS: f64 = 200.0;
/// The least part of all searches.
const MIN_PART: f64 = 0.1;

/// One insight at the most: the mode that takes longest, beside the most frequent other.
pub(super) fn find(observed: &Observed) -> Option<Insight> {
    let whole = whole(observed);
    let all: u64 = whole.iter().map(|mode| mode.searches).sum();
    let slow = whole.iter().max_by(|a, b| mean(a).total_cmp(&mean(b)))?;
    let usual = whole.iter().filter(|mode| mode.label != slow.label).max_by_key(|mode| mode.searches)?;
    let (part, _) = wilson(slow.searches, all);
    if part < MIN_PART || mean(slow) < MIN_MS {
        return None;
    }
    let find = |part: &Vec<LabelSums>, label: &str| part.iter().find(|mode| mode.label == label).cloned();
    let mut parts = 0;
    for modes in &observed.modes {
        let (Some(slow), Some(usual)) = (find(modes, &slow.label), find(modes, &usual.label)) else {
            continue;
        };
        if slow.searches.min(usual.searches) < MIN_SEARCHES {
            continue;
        }
        if mean(&slow) < MIN_FACTOR * mean(&usual) {
            return None;
        }
        parts += 1;
    }
    if parts < MIN_PARTS {
        return None;
    }
    let (name, other) = (&slow.label, &usual.label);
    Some(Insight {
        kind: InsightKind::ModeUse,
        weight: Weight::Low,
        title: format!("Searches of the mode {name} take far longer than {other} ones"),
        description: format!(
            "{} searches of the mode {name} took {} ms on average, {} of the mode {other} took {} ms.",
            slow.searches,
            mean(slow),
            usual.searches,
            mean(usual)
        ),
        confidence: confidence(1.0 - 0.5_f64.powi(parts)),
        evidence: vec![
            ("mode", Figure::Text(name.clone())),
            ("searches", Figure::Count(slow.searches)),
            ("averageMs", Figure::Number(mean(slow))),
            ("otherMode", Figure::Text(other.clone())),
            ("otherSearches", Figure::Count(usual.searches)),
            ("otherAverageMs", Figure::Number(mean(usual))),
        ],
        recommended: Recommended {
            action: format!("Use the mode {other} where it finds the same"),
            sql: None,
            effort: Weight::Low,
            expected: Some(format!("About {} ms less a search", rounded(mean(slow) - mean(usual)))),
        },
        words: None,
    })
}

fn mean(mode: &LabelSums) -> f64 {
    average_ms(mode.took_us, mode.searches)
}

fn whole(observed: &Observed) -> Vec<LabelSums> {
    let mut whole: Vec<LabelSums> = Vec::new();
    for mode in observed.modes.iter().flatten() {
        match whole.iter_mut().find(|known| known.label == mode.label) {
            Some(known) => {
                known.searches += mode.searches;
                known.took_us = known.took_us.saturating_add(mode.took_us);
            }
            None => whole.push(mode.clone()),
        }
    }
    whole
}
