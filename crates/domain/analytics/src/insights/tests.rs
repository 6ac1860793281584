//! Each kind of insight is found where it was planted, and nothing is found where there is nothing.

mod noise;
mod planted;

use std::time::Duration;

use altus4_kernel::{ConnectionId, Timestamp, uuid::Uuid};

use super::*;
use crate::{
    LoggedSearch, Outcome,
    testkit::{sample_account_id, sample_search},
};

/// 2026-01-05 was a Monday.
pub(super) const MONDAY: i64 = 20_458;

/// Numbers that look like chance and are the same each time.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// From 0 up to, not including, 1. `SplitMix64` (Steele, Lea and Flood, 2014).
    pub(super) fn part(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A normal variable (Box and Muller, 1958).
    pub(super) fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.part()).ln()).sqrt() * (std::f64::consts::TAU * self.part()).cos()
    }

    /// A count of this mean, as chance has it.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
    pub(super) fn count(&mut self, mean: f64) -> u64 {
        if mean > 50.0 {
            return (mean + self.normal() * mean.sqrt()).round().max(0.0) as u64;
        }
        // Knuth, "The Art of Computer Programming", 3.4.1.
        let (mut product, limit, mut count) = (self.part(), (-mean).exp(), 0);
        while product > limit {
            product *= self.part();
            count += 1;
        }
        count
    }
}

/// What two weeks before `days` days and these days were like.
pub(super) struct Course {
    pub(super) range: DayRange,
    pub(super) dice: Dice,
}

impl Course {
    pub(super) fn new(seed: u64, days: i64) -> Self {
        Self { range: DayRange::new(MONDAY, MONDAY + days - 1).unwrap(), dice: Dice(seed) }
    }

    /// Nothing at all.
    pub(super) fn observed(&self) -> Observed {
        Observed {
            range: self.range,
            days: Vec::new(),
            days_before: Vec::new(),
            queries: Vec::new(),
            misses: Vec::new(),
            top: Vec::new(),
            modes: Vec::new(),
            databases: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Days of about so many searches, that take about `ms`.
    pub(super) fn days(
        &mut self,
        range: DayRange,
        count: impl Fn(i64) -> u64,
        ms: impl Fn(i64) -> f64,
    ) -> Vec<SumsPoint> {
        range.each().map(|day| point(day, &mut self.dice, count(day), ms(day))).collect()
    }

    /// A query that is searched for about so often a day, now and before.
    pub(super) fn query(
        &mut self,
        name: &str,
        now: impl Fn(i64) -> f64,
        before: impl Fn(i64) -> f64,
    ) -> QueryCourse {
        let mut counts = |range: DayRange, mean: &dyn Fn(i64) -> f64| {
            range
                .each()
                .map(|day| (day, self.dice.count(mean(day))))
                .filter(|(_, count)| *count > 0)
                .collect()
        };
        let now = counts(self.range, &now);
        QueryCourse { query: name.into(), now, before: counts(self.range.before(), &before) }
    }
}

/// A day of searches whose times scatter as times do (log-normal).
pub(super) fn point(day: i64, dice: &mut Dice, count: u64, ms: f64) -> SumsPoint {
    let mut sums = Sums::default();
    for _ in 0..count {
        let took = Duration::from_secs_f64(ms / 1_000.0 * (0.5 * dice.normal()).exp());
        let at = Timestamp::from_unix_seconds(day * 86_400).unwrap();
        sums.add(&LoggedSearch {
            took,
            at,
            outcome: Outcome::Success,
            ..sample_search(1, sample_account_id(1), "x")
        });
    }
    SumsPoint { hour: 24 * day, sums }
}

pub(super) fn missing(searches: u64) -> MissingIndex {
    MissingIndex {
        database: ConnectionId::from_uuid(Uuid::from_u128(9)),
        database_name: "shop".into(),
        table: "products".into(),
        columns: vec!["title".into(), "body".into()],
        sql: Some("CREATE FULLTEXT INDEX …".into()),
        reason: "Searches read every row of products.".into(),
        is_urgent: true,
        searches,
    }
}

pub(super) fn kinds(observed: &Observed) -> Vec<InsightKind> {
    observed.insights().iter().map(|insight| insight.kind).collect()
}

pub(super) fn is_weekend(day: i64) -> bool {
    (day - MONDAY).rem_euclid(7) >= 5
}
