//! What the figures say, and what to do about it: computed, never guessed. Whatever can come about by
//! chance gives none: few searches, the course of a week, one day out of the ordinary.

mod cache;
mod indexes;
mod latency;
mod misses;
mod modes;
mod slow;
mod stats;
mod trends;

use std::collections::BTreeMap;

use altus4_kernel::ConnectionId;

use crate::{DayRange, LabelSums, MissingIndex, QuerySums, Sums, SumsPoint};

/// What an insight is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InsightKind {
    /// Searches are slow for the want of an index.
    SlowQuery,
    /// Searches became slower.
    LatencyRegression,
    /// A query finds nothing.
    NoResults,
    /// One way of searching takes far longer than another.
    ModeUse,
    /// A database lacks an index.
    MissingIndex,
    /// The same is searched for again and again, and worked out anew each time.
    CacheUse,
    /// A query is searched for more often than before.
    RisingQuery,
    /// A query is searched for less often than before.
    FallingQuery,
}

impl InsightKind {
    /// The name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SlowQuery => "slow_query",
            Self::LatencyRegression => "latency_regression",
            Self::NoResults => "no_results",
            Self::ModeUse => "mode_use",
            Self::MissingIndex => "missing_index",
            Self::CacheUse => "cache_use",
            Self::RisingQuery => "rising_query",
            Self::FallingQuery => "falling_query",
        }
    }

    /// Where answers show it.
    #[must_use]
    pub fn topic(self) -> Topic {
        match self {
            Self::SlowQuery | Self::LatencyRegression => Topic::Performance,
            Self::NoResults | Self::ModeUse => Topic::Usage,
            Self::MissingIndex | Self::CacheUse => Topic::Optimization,
            Self::RisingQuery | Self::FallingQuery => Topic::Trend,
        }
    }
}

/// What insights are shown under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// How long searches take.
    Performance,
    /// What is searched for, and how.
    Usage,
    /// What could be done better.
    Optimization,
    /// What changes.
    Trend,
}

/// How much an insight matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// Good to know.
    Low,
    /// Worth a look.
    Medium,
    /// Worth doing something about.
    High,
}

impl Weight {
    /// The name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A figure that an insight rests upon.
#[derive(Debug, Clone, PartialEq)]
pub enum Figure {
    /// A number of things.
    Count(u64),
    /// A measure; its name says the unit.
    Number(f64),
    /// A name, or a query as it was typed: data, to be trusted with nothing.
    Text(String),
    /// Several of these.
    Texts(Vec<String>),
}

/// What to do about an insight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recommended {
    /// It, in a sentence.
    pub action: String,
    /// The statement that does it, where one can.
    pub sql: Option<String>,
    /// What it costs.
    pub effort: Weight,
    /// What can be expected of it, where that can be told.
    pub expected: Option<String>,
}

/// Something that the figures say.
#[derive(Debug, Clone, PartialEq)]
pub struct Insight {
    /// What it is about.
    pub kind: InsightKind,
    /// How much it matters.
    pub weight: Weight,
    /// It, in a few words.
    pub title: String,
    /// It, in a sentence or two.
    pub description: String,
    /// How sure it is, from 0 to 1: the confidence of the test that it passed, or the least part that
    /// can be expected at 95 % confidence (Wilson).
    pub confidence: f64,
    /// What it rests upon.
    pub evidence: Vec<(&'static str, Figure)>,
    /// What to do about it.
    pub recommended: Recommended,
    /// The same in an AI's words, where it gave some that hold no other figures.
    pub words: Option<String>,
}

/// What insights are computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The days.
    pub range: DayRange,
    /// The sums of each of them that has any.
    pub days: Vec<SumsPoint>,
    /// The sums of the days [before](DayRange::before).
    pub days_before: Vec<SumsPoint>,
    /// The frequent queries of both.
    pub queries: Vec<QueryCourse>,
    /// The queries that were answered with nothing most often.
    pub misses: Vec<Missed>,
    /// The most frequent queries of the range.
    pub top: Vec<QuerySums>,
    /// The modes of searches in parts of the range, the oldest part first.
    pub modes: Vec<Vec<LabelSums>>,
    /// The databases that were searched.
    pub databases: Vec<ObservedDatabase>,
    /// The indexes that these lack, what matters most first.
    pub missing: Vec<MissingIndex>,
}

/// How often a query was searched for, day by day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueryCourse {
    /// It, as it was last typed.
    pub query: String,
    /// On the days of the range.
    pub now: BTreeMap<i64, u64>,
    /// On the days before.
    pub before: BTreeMap<i64, u64>,
}

/// A query that was answered with nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// It, as it was last typed.
    pub query: String,
    /// How often it was.
    pub misses: u64,
    /// How often it was searched for in all.
    pub searches: u64,
    /// On how many different days.
    pub days: u64,
}

/// A database that was searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedDatabase {
    /// It.
    pub id: ConnectionId,
    /// The sums of each day that has any.
    pub days: Vec<SumsPoint>,
    /// Its frequent queries.
    pub queries: Vec<QuerySums>,
}

impl Observed {
    /// Everything that these figures say, what matters most first.
    #[must_use]
    pub fn insights(&self) -> Vec<Insight> {
        let mut insights = slow::find(self);
        insights.extend(latency::find(self));
        insights.extend(misses::find(self));
        insights.extend(modes::find(self));
        insights.extend(indexes::find(self, &insights));
        insights.extend(cache::find(self));
        insights.extend(trends::find(self));
        insights.sort_by(|a, b| b.weight.cmp(&a.weight).then(b.confidence.total_cmp(&a.confidence)));
        insights
    }
}

/// Some days' sums in one.
fn total(points: &[SumsPoint]) -> Sums {
    Sums::of(points.iter().map(|point| &point.sums))
}

/// With three digits, rounded down: no test is certain.
fn confidence(of: f64) -> f64 {
    (of.clamp(0.0, 0.999) * 1_000.0).floor() / 1_000.0
}

/// With two digits.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// A query between quotation marks, cut where it is long.
fn quoted(query: &str) -> String {
    const MOST: usize = 80;
    match query.char_indices().nth(MOST) {
        Some((end, _)) => format!("“{}…”", &query[..end]),
        None => format!("“{query}”"),
    }
}

#[cfg(test)]
mod tests;
