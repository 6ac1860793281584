//! Copies of what a store said: how long they are good, and how it is asked once for all who want to
//! know at the same time.

mod flights;

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

pub use self::flights::{Flights, Joined};
use crate::Timestamp;

/// How long copies are good that [a subscriber](crate::ChangeSubscriber) keeps.
///
/// - A change that was told holds at once: no copy from before it is used later, nor made of a
///   question that was put before it ([`Freshness::epoch`], [`Freshness::keep`],
///   [`Freshness::forget`]).
/// - A change of which nothing is heard holds after [`Freshness::UNCONFIRMED`].
/// - While it is confirmed that every change is heard, and where the store can't be asked, a copy
///   serves for [`Freshness::LONGEST`].
#[derive(Debug)]
pub struct Freshness {
    /// How many changes were told. Held while a copy is kept or forgotten.
    epoch: Mutex<u64>,
    /// When changes were last confirmed, in milliseconds since 1970.
    confirmed: AtomicI64,
}

impl Default for Freshness {
    fn default() -> Self {
        Self { epoch: Mutex::default(), confirmed: AtomicI64::new(i64::MIN) }
    }
}

impl Freshness {
    /// How long a copy is used while nothing vouches for it. Also: how long ago changes may last have
    /// been confirmed to vouch for one.
    pub const UNCONFIRMED: Duration = Duration::from_secs(2);
    /// How long a copy is used at the most.
    pub const LONGEST: Duration = Duration::from_mins(1);

    /// How many changes were told: to be read before the store is asked.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        *self.epoch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `keep`, unless a change was told since `epoch`.
    pub fn keep(&self, epoch: u64, keep: impl FnOnce()) {
        let now = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        if *now == epoch {
            keep();
        }
    }

    /// Runs `forget`; what was asked before it ended is not kept.
    pub fn forget<T>(&self, forget: impl FnOnce() -> T) -> T {
        let mut epoch = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        *epoch += 1;
        forget()
    }

    /// Every change that was told before `at` has been heard.
    pub fn confirm(&self, at: Timestamp) {
        self.confirmed.store(at.unix_millis(), Ordering::Release);
    }

    /// Whether a copy is good that was asked for at `asked_at`. `now` has to be read after the copy
    /// was found, so that it isn't younger than it seems.
    #[must_use]
    pub fn is_good(&self, asked_at: Timestamp, now: Timestamp) -> bool {
        now.since(asked_at)
            .is_some_and(|age| age <= Self::UNCONFIRMED || (age <= Self::LONGEST && self.is_confirmed(now)))
    }

    /// Whether a copy serves where the store can't be asked.
    #[must_use]
    pub fn is_good_without_store(asked_at: Timestamp, now: Timestamp) -> bool {
        now.since(asked_at).is_some_and(|age| age <= Self::LONGEST)
    }

    /// Both ways, so that a clock that was set back doesn't make a confirmation last.
    fn is_confirmed(&self, now: Timestamp) -> bool {
        let confirmed = self.confirmed.load(Ordering::Acquire);
        u128::from(now.unix_millis().abs_diff(confirmed)) <= Self::UNCONFIRMED.as_millis()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment() -> Timestamp {
        Timestamp::parse("2026-01-15T10:30:00Z").expect("a time")
    }

    const MILLISECOND: Duration = Duration::from_millis(1);

    #[test]
    fn unconfirmed_copies_are_good_for_two_seconds_and_confirmed_ones_for_a_minute() {
        let (freshness, asked) = (Freshness::default(), moment());
        assert!(freshness.is_good(asked, asked + Freshness::UNCONFIRMED));
        assert!(!freshness.is_good(asked, asked + Freshness::UNCONFIRMED + MILLISECOND));
        freshness.confirm(asked + Duration::from_secs(58));
        assert!(freshness.is_good(asked, asked + Freshness::LONGEST));
        assert!(!freshness.is_good(asked, asked + Freshness::LONGEST + MILLISECOND));
        assert!(Freshness::is_good_without_store(asked, asked + Freshness::LONGEST));
        assert!(!Freshness::is_good_without_store(asked, asked + Freshness::LONGEST + MILLISECOND));
    }

    #[test]
    fn nothing_from_ahead_is_good() {
        let (freshness, now) = (Freshness::default(), moment());
        freshness.confirm(now + Duration::from_hours(1));
        assert!(!freshness.is_good(now, now + Freshness::UNCONFIRMED + MILLISECOND));
        assert!(!freshness.is_good(now + MILLISECOND, now));
        assert!(!Freshness::is_good_without_store(now + MILLISECOND, now));
    }

    #[test]
    fn what_was_asked_before_a_change_is_not_kept() {
        let freshness = Freshness::default();
        let mut kept = Vec::new();
        let before = freshness.epoch();
        freshness.keep(before, || kept.push("before"));
        freshness.forget(|| ());
        freshness.keep(before, || kept.push("too late"));
        freshness.keep(freshness.epoch(), || kept.push("after"));
        assert_eq!(kept, ["before", "after"]);
    }
}
