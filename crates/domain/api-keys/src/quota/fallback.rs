//! Two quota counters, of which the second stands in for the first.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::PortResult;
use async_trait::async_trait;

use crate::{Ceiling, QuotaCounter, QuotaKey, Taking, Used};

/// Asks the first counter, and the second whenever the first fails: shared counts while they can be
/// reached, each node's own otherwise.
///
/// What was counted by one is unknown to the other, so that a key that moves between them is
/// answered [`Taking::Unknown`] until it was raised: then what is in the store is known to both.
#[derive(Clone)]
pub struct FallbackQuotaCounter {
    first: Arc<dyn QuotaCounter>,
    second: Arc<dyn QuotaCounter>,
    /// The keys that the first doesn't count at present. Those of periods that are over go when the
    /// first is back, or to make room.
    away: Arc<Mutex<HashMap<QuotaKey, Stand>>>,
}

/// How far the second stands in for the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// It may have counted this key the last time that the first was gone, and has to be raised.
    Unraised,
    /// It counts this key.
    Counting,
}

/// How many keys may be away at once. Beyond that some are asked about anew, which costs a look into
/// the store and is exact too.
const MOST_AWAY: usize = 100_000;

impl FallbackQuotaCounter {
    /// `second` in the place of `first` whenever that fails.
    #[must_use]
    pub fn new(first: Arc<dyn QuotaCounter>, second: Arc<dyn QuotaCounter>) -> Self {
        Self { first, second, away: Arc::default() }
    }

    fn away(&self) -> MutexGuard<'_, HashMap<QuotaKey, Stand>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a key stands, which was just found to be away.
    fn leave(&self, key: QuotaKey, stand: Stand) {
        let mut away = self.away();
        if away.len() >= MOST_AWAY && !away.contains_key(&key) {
            away.clear();
        }
        away.insert(key, stand);
    }

    async fn is_first_back(&self, key: QuotaKey) -> bool {
        self.first.take(key, Used::default(), Ceiling::default()).await.is_ok()
    }
}

#[async_trait]
impl QuotaCounter for FallbackQuotaCounter {
    async fn take(&self, key: QuotaKey, amount: Used, ceiling: Ceiling) -> PortResult<Taking> {
        let stand = self.away().get(&key).copied();
        let Some(stand) = stand else {
            let taking = self.first.take(key, amount, ceiling).await;
            // Whoever wrote the first counter tells that it failed.
            return taking.or_else(|_| {
                self.leave(key, Stand::Unraised);
                Ok(Taking::Unknown)
            });
        };
        // The first is asked without an amount: it may know less than was used meanwhile.
        if stand == Stand::Unraised || self.is_first_back(key).await {
            return Ok(Taking::Unknown);
        }
        self.second.take(key, amount, ceiling).await
    }

    async fn raise(&self, key: QuotaKey, at_least: Used) -> PortResult<()> {
        let stand = self.away().get(&key).copied();
        let mut at_least = at_least;
        if stand == Some(Stand::Counting)
            && let Ok(Taking::Taken(used)) = self.second.take(key, Used::default(), Ceiling::default()).await
        {
            // Requests that are under way are not in the store yet.
            at_least = at_least.at_least(used);
        }
        if self.first.raise(key, at_least).await.is_ok() {
            if stand.is_some() {
                self.away().remove(&key);
            }
            return Ok(());
        }
        self.second.raise(key, at_least).await?;
        self.leave(key, Stand::Counting);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use altus4_kernel::{
        ApiKeyId, Clock, PortError, PortErrorKind, System,
        testkit::{FixedClock, block_on},
        uuid::Uuid,
    };

    use super::*;
    use crate::{ResetPeriod, testkit::InMemoryQuotaCounter};

    /// A counter that can be taken away.
    #[derive(Default)]
    struct Reachable {
        counts: InMemoryQuotaCounter,
        gone: AtomicBool,
    }

    impl Reachable {
        fn check(&self) -> PortResult<()> {
            if self.gone.load(Ordering::Relaxed) {
                return Err(PortError::new(PortErrorKind::Unavailable, System::Cache, "quotas.take"));
            }
            Ok(())
        }
    }

    #[async_trait]
    impl QuotaCounter for Reachable {
        async fn take(&self, key: QuotaKey, amount: Used, ceiling: Ceiling) -> PortResult<Taking> {
            self.check()?;
            self.counts.take(key, amount, ceiling).await
        }

        async fn raise(&self, key: QuotaKey, at_least: Used) -> PortResult<()> {
            self.check()?;
            self.counts.raise(key, at_least).await
        }
    }

    /// Two counters, and a store that knows of every request that was let through.
    #[derive(Default)]
    struct Pair {
        first: Arc<Reachable>,
        second: Arc<Reachable>,
        stored: AtomicU64,
        raised: AtomicU64,
    }

    const CEILING: Ceiling = Ceiling { requests: Some(10), spent_microcents: None };

    fn requests(requests: u64) -> Used {
        Used { requests, ..Used::default() }
    }

    fn key() -> QuotaKey {
        let period = ResetPeriod::Daily.at(FixedClock::default().now());
        QuotaKey { key: ApiKeyId::from_uuid(Uuid::from_u128(1)), period }
    }

    impl Pair {
        fn counter(&self) -> FallbackQuotaCounter {
            FallbackQuotaCounter::new(Arc::clone(&self.first) as _, Arc::clone(&self.second) as _)
        }

        /// A request as the meter makes it: what is unknown is raised from the store.
        fn is_taken(&self, counter: &FallbackQuotaCounter) -> PortResult<bool> {
            loop {
                match block_on(counter.take(key(), requests(1), CEILING))? {
                    Taking::Taken(_) => {
                        self.stored.fetch_add(1, Ordering::Relaxed);
                        return Ok(true);
                    }
                    Taking::Refused(_) => return Ok(false),
                    Taking::Unknown => {
                        self.raised.fetch_add(1, Ordering::Relaxed);
                        block_on(counter.raise(key(), requests(self.stored.load(Ordering::Relaxed))))?;
                    }
                }
            }
        }

        fn taken(&self, counter: &FallbackQuotaCounter, calls: usize) -> usize {
            (0..calls).filter(|_| self.is_taken(counter).expect("one of them counts")).count()
        }

        fn set_gone(&self, gone: bool) {
            self.first.gone.store(gone, Ordering::Relaxed);
        }
    }

    #[test]
    fn however_often_the_first_goes_and_comes_the_ceiling_holds() {
        let pair = Pair::default();
        let counter = pair.counter();
        let mut taken = 0;
        for round in 0..6 {
            pair.set_gone(round % 2 == 1);
            taken += pair.taken(&counter, 2);
        }
        assert_eq!(taken, 10);
        assert_eq!(pair.raised.load(Ordering::Relaxed), 6, "once for each time it moved");
    }

    #[test]
    fn a_node_that_counted_alone_learns_what_the_others_did_when_the_first_is_back() {
        let pair = Pair::default();
        let (here, there) = (pair.counter(), pair.counter());
        pair.set_gone(true);
        assert_eq!(pair.taken(&here, 4), 4);
        pair.set_gone(false);
        assert_eq!(pair.taken(&there, 3), 3, "raised to what the store knows");
        assert_eq!(pair.taken(&here, 9) + pair.taken(&there, 9), 3);
    }

    #[test]
    fn a_stale_count_of_the_second_is_raised_before_it_counts() {
        let pair = Pair::default();
        let counter = pair.counter();
        pair.set_gone(true);
        assert_eq!(pair.taken(&counter, 1), 1);
        pair.set_gone(false);
        assert_eq!(pair.taken(&counter, 8), 8);
        pair.set_gone(true);
        assert_eq!(pair.taken(&counter, 5), 1, "the second knew of one alone");
    }

    #[test]
    fn what_is_under_way_is_not_forgotten_when_the_first_comes_back() {
        let pair = Pair::default();
        let counter = pair.counter();
        pair.set_gone(true);
        assert_eq!(pair.taken(&counter, 10), 10);
        // None of the ten has ended, so the store knows of none.
        pair.stored.store(0, Ordering::Relaxed);
        pair.set_gone(false);
        assert_eq!(pair.taken(&counter, 5), 0);
    }

    #[test]
    fn a_raise_that_finds_the_first_back_ends_the_absence() {
        let pair = Pair::default();
        let counter = pair.counter();
        pair.set_gone(true);
        assert_eq!(block_on(counter.take(key(), requests(1), CEILING)).expect("answer"), Taking::Unknown);
        pair.set_gone(false);
        block_on(counter.raise(key(), requests(3))).expect("raise");
        let taking = block_on(counter.take(key(), requests(1), CEILING)).expect("take");
        assert_eq!(taking, Taking::Taken(requests(4)));
        assert!(counter.away().is_empty());
    }

    #[test]
    fn with_both_gone_nothing_is_taken() {
        let pair = Pair::default();
        let counter = pair.counter();
        pair.set_gone(true);
        pair.second.gone.store(true, Ordering::Relaxed);
        assert_eq!(pair.is_taken(&counter).expect_err("nobody counts").kind, PortErrorKind::Unavailable);
    }
}
