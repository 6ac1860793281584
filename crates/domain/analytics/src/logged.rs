//! A search as it was logged, and what is added up of searches.

use std::{str::FromStr, time::Duration};

use altus4_kernel::{AccountId, ApiKeyId, ConnectionId, Environment, SearchId, Timestamp, UnknownName};

use crate::TimeSketch;

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Everything answered.
    Success,
    /// Something failed, and something answered.
    Partial,
    /// Everything failed.
    Failed,
}

impl Outcome {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Success, Self::Partial, Self::Failed];

    /// The name in answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for Outcome {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or(UnknownName)
    }
}

/// A search that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedSearch {
    /// Its id.
    pub id: SearchId,
    /// Whose it was.
    pub account_id: AccountId,
    /// With which key, if with one.
    pub api_key: Option<ApiKeyId>,
    /// In earnest or not.
    pub environment: Environment,
    /// What was typed.
    pub query: String,
    /// The same without case and with single blanks: queries that are the same so are one.
    pub folded: String,
    /// The name of how it was read.
    pub mode: String,
    /// The connections it went to, each once.
    pub databases: Vec<ConnectionId>,
    /// The names of the categories that its results were put in.
    pub categories: Vec<String>,
    /// How many rows matched, or at least matched.
    pub results: u64,
    /// How long it took. Counted in whole microseconds.
    pub took: Duration,
    /// Whether it was answered with another search's answer.
    pub cached: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
}

impl LoggedSearch {
    /// Whether it was answered, and with nothing.
    #[must_use]
    pub fn found_nothing(&self) -> bool {
        self.outcome != Outcome::Failed && self.results == 0
    }

    /// How long it took, in microseconds.
    #[must_use]
    pub fn took_us(&self) -> u64 {
        u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX)
    }
}

/// The sums of some searches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sums {
    /// All of them.
    pub searches: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that failed in part.
    pub partial: u64,
    /// Those that were answered with nothing.
    pub misses: u64,
    /// Those that were answered with another's answer.
    pub cached: u64,
    /// The rows that all of them matched.
    pub results: u64,
    /// How long all took together, in microseconds.
    pub took_us: u64,
    /// How long the longest took, in microseconds.
    pub longest_us: u64,
    /// Those of which a result was opened.
    pub clicked: u64,
    /// How many took about how long.
    pub times: TimeSketch,
}

impl Sums {
    /// Adds a search.
    pub fn add(&mut self, search: &LoggedSearch) {
        let took_us = search.took_us();
        self.searches += 1;
        self.failed += u64::from(search.outcome == Outcome::Failed);
        self.partial += u64::from(search.outcome == Outcome::Partial);
        self.misses += u64::from(search.found_nothing());
        self.cached += u64::from(search.cached);
        self.results = self.results.saturating_add(search.results);
        self.took_us = self.took_us.saturating_add(took_us);
        self.longest_us = self.longest_us.max(took_us);
        self.times.add(took_us);
    }

    /// Adds the sums of other searches.
    pub fn merge(&mut self, other: &Self) {
        self.searches += other.searches;
        self.failed += other.failed;
        self.partial += other.partial;
        self.misses += other.misses;
        self.cached += other.cached;
        self.results = self.results.saturating_add(other.results);
        self.took_us = self.took_us.saturating_add(other.took_us);
        self.longest_us = self.longest_us.max(other.longest_us);
        self.clicked += other.clicked;
        self.times.merge(&other.times);
    }

    /// All of these in one.
    #[must_use]
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.merge(part);
        }
        all
    }

    /// How long one took on average, in milliseconds; 0 when there are none.
    #[must_use]
    pub fn average_ms(&self) -> f64 {
        average_ms(self.took_us, self.searches)
    }

    /// The time that this part (0–1) of all stayed within, in milliseconds.
    #[must_use]
    pub fn quantile_ms(&self, part: f64) -> f64 {
        average_ms(self.times.quantile(part), 1)
    }

    /// Of this many searches, the part (0–1, with four digits) of all; 0 when there are none.
    #[must_use]
    pub fn part(&self, of: u64) -> f64 {
        ratio(of, self.searches)
    }

    /// The part of all that didn't fail.
    #[must_use]
    pub fn success_rate(&self) -> f64 {
        self.part(self.searches.saturating_sub(self.failed))
    }
}

/// How long one of `count` took on average, in milliseconds with two digits; 0 when there are none.
#[must_use]
pub fn average_ms(took_us: u64, count: u64) -> f64 {
    if count == 0 { 0.0 } else { (took_us as f64 / count as f64 / 10.0).round() / 100.0 }
}

/// A part of all, with four digits; 0 when there are none.
#[must_use]
pub fn ratio(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { (part as f64 / all as f64 * 10_000.0).round() / 10_000.0 }
}
