//! Queries that are searched for more often than before, or less.

use std::collections::BTreeMap;

use super::{
    Figure, Insight, InsightKind, Observed, QueryCourse, Recommended, Weight, confidence, quoted, rounded,
    stats::{DayCount, rank_test, rate_change},
};
use crate::{DayRange, SumsPoint};

/// How likely one of all the queries that are looked at is told by chance; each is tested for its share
/// (Bonferroni).
const CHANCE: f64 = 0.001;
/// How likely one is without the day that says it loudest.
const REST_CHANCE: f64 = 0.01;
/// How likely the days of one rank so by chance.
const RANK_CHANCE: f64 = 0.02;
/// Fewer searches, before and after, say nothing,
const MIN_SEARCHES: u64 = 20;
/// nor fewer days to be searched on,
const MIN_DAYS: usize = 3;
/// nor shorter ranges.
const MIN_RANGE: i64 = 5;
/// How many times as often it has to be searched for.
const MIN_FACTOR: f64 = 1.5;
/// How many times is much.
const GREAT_FACTOR: f64 = 3.0;
/// How many are told of each kind.
const TOLD: usize = 10;

/// An insight for each query whose part of the searches changed, day by day, since the same days of the
/// weeks before.
pub(super) fn find(observed: &Observed) -> Vec<Insight> {
    if observed.range.days() < MIN_RANGE {
        return Vec::new();
    }
    let all = (by_day(&observed.days), by_day(&observed.days_before));
    let sum = |days: &BTreeMap<i64, u64>| days.values().sum::<u64>();
    let tested: Vec<_> = observed
        .queries
        .iter()
        .filter(|query| sum(&query.now).max(sum(&query.before)) >= MIN_SEARCHES)
        .collect();
    let chance = CHANCE / (tested.len().max(1) as f64);
    let mut found: Vec<_> =
        tested.into_iter().filter_map(|query| change(query, observed.range, &all, chance)).collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut told = Vec::new();
    for kind in [InsightKind::RisingQuery, InsightKind::FallingQuery] {
        told.extend(
            found
                .iter()
                .map(|(_, insight)| insight)
                .filter(|insight| insight.kind == kind)
                .take(TOLD)
                .cloned(),
        );
    }
    told
}

fn by_day(points: &[SumsPoint]) -> BTreeMap<i64, u64> {
    points.iter().map(|point| (point.hour.div_euclid(24), point.sums.searches)).collect()
}

/// How likely it is chance, and what is told.
fn change(
    query: &QueryCourse,
    range: DayRange,
    (all, all_before): &(BTreeMap<i64, u64>, BTreeMap<i64, u64>),
    chance: f64,
) -> Option<(f64, Insight)> {
    let now = counts(&query.now, all, range);
    let before = counts(&query.before, all_before, range.before());
    let (searches, rate) = sum(&now);
    let (searches_before, rate_before) = sum(&before);
    let is_rising = rate > rate_before;
    let (more, less) = if is_rising { (&now, &before) } else { (&before, &now) };
    let (much, little) = if is_rising { (rate, rate_before) } else { (rate_before, rate) };
    let spread = more.iter().filter(|day| day.count > 0).count();
    if spread < MIN_DAYS || much < MIN_FACTOR * little {
        return None;
    }
    let likely = rate_change(&now, &before);
    // Without the day that says it loudest, it still has to be said.
    if likely >= chance || rate_change(&without_greatest(more), less) >= REST_CHANCE {
        return None;
    }
    if rank_test(&parts(more), &parts(less)) >= RANK_CHANCE {
        return None;
    }
    let name = quoted(&query.query);
    let factor = (little > 0.0).then(|| rounded(much / little));
    let (kind, word) =
        if is_rising { (InsightKind::RisingQuery, "more") } else { (InsightKind::FallingQuery, "less") };
    let mut evidence = vec![
        ("query", Figure::Text(query.query.clone())),
        ("searches", Figure::Count(searches)),
        ("searchesBefore", Figure::Count(searches_before)),
        ("pValue", Figure::Number(likely)),
        ("days", Figure::Count(spread as u64)),
    ];
    evidence.extend(factor.map(|factor| ("factor", Figure::Number(factor))));
    let insight = Insight {
        kind,
        weight: if factor.is_none_or(|factor| factor >= GREAT_FACTOR) {
            Weight::High
        } else {
            Weight::Medium
        },
        title: format!("{name} is searched for {word} often"),
        description: format!(
            "{name} was searched for {searches} times; on the same days of the weeks before it was {searches_before} times."
        ),
        confidence: confidence(1.0 - likely),
        evidence,
        recommended: Recommended {
            action: if is_rising {
                "See that what it should find is there, and found first".into()
            } else {
                "See whether it still finds what it did".into()
            },
            sql: None,
            effort: Weight::Low,
            expected: None,
        },
        words: None,
    };
    Some((likely, insight))
}

/// The days of the range on which anything was searched for.
fn counts(of_query: &BTreeMap<i64, u64>, all: &BTreeMap<i64, u64>, range: DayRange) -> Vec<DayCount> {
    let days = all.iter().filter(|(day, of)| range.has(**day) && **of > 0);
    days.map(|(day, of)| DayCount { count: of_query.get(day).copied().unwrap_or(0), of: *of }).collect()
}

fn sum(days: &[DayCount]) -> (u64, f64) {
    let (count, of) = days.iter().fold((0, 0), |(count, of), day| (count + day.count, of + day.of));
    (count, if of == 0 { 0.0 } else { count as f64 / of as f64 })
}

fn parts(days: &[DayCount]) -> Vec<f64> {
    days.iter().map(|day| day.count as f64 / day.of as f64).collect()
}

fn without_greatest(days: &[DayCount]) -> Vec<DayCount> {
    let greatest = days.iter().enumerate().max_by_key(|(_, day)| day.count).map(|(place, _)| place);
    days.iter().enumerate().filter(|(place, _)| Some(*place) != greatest).map(|(_, day)| *day).collect()
}
