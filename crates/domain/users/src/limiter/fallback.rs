//! Two limiters, of which the second stands in for the first.

use std::sync::Arc;

use altus4_kernel::{PortResult, Timestamp};
use async_trait::async_trait;

use crate::{Admission, AttemptLimiter, Quota};

/// Asks the first limiter, and the second whenever the first fails: shared counts while they can be
/// reached, each node's own otherwise. Nothing is let through uncounted.
///
/// What the first admits is counted by the second too, and has to be admitted there: so a first that
/// fails now and then gives nobody the attempts of two limiters.
#[derive(Clone)]
pub struct FallbackAttemptLimiter {
    first: Arc<dyn AttemptLimiter>,
    second: Arc<dyn AttemptLimiter>,
}

impl FallbackAttemptLimiter {
    /// `second` in the place of `first` whenever that fails.
    #[must_use]
    pub fn new(first: Arc<dyn AttemptLimiter>, second: Arc<dyn AttemptLimiter>) -> Self {
        Self { first, second }
    }
}

#[async_trait]
impl AttemptLimiter for FallbackAttemptLimiter {
    async fn admit(&self, key: &str, quota: Quota, now: Timestamp) -> PortResult<Admission> {
        match self.first.admit(key, quota, now).await {
            Ok(Admission::Admitted) => {
                let own = self.second.admit(key, quota, now).await;
                // It is counted, if only once.
                Ok(own.unwrap_or(Admission::Admitted))
            }
            Ok(refused @ Admission::Refused { .. }) => Ok(refused),
            // Whoever wrote the first limiter tells that it failed; here it is nothing to stop for.
            Err(_) => self.second.admit(key, quota, now).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use altus4_kernel::{
        Clock, PortError, PortErrorKind, System,
        testkit::{FixedClock, block_on},
    };

    use super::*;
    use crate::testkit::InMemoryAttemptLimiter;

    const QUOTA: Quota = Quota::per_minute(2);

    /// A limiter that can be taken away.
    #[derive(Default)]
    struct Reachable {
        counts: InMemoryAttemptLimiter,
        gone: AtomicBool,
    }

    #[async_trait]
    impl AttemptLimiter for Reachable {
        async fn admit(&self, key: &str, quota: Quota, now: Timestamp) -> PortResult<Admission> {
            if self.gone.load(Ordering::Relaxed) {
                return Err(PortError::new(PortErrorKind::Unavailable, System::Cache, "attempts.admit"));
            }
            self.counts.admit(key, quota, now).await
        }
    }

    struct Pair {
        first: Arc<Reachable>,
        second: Arc<Reachable>,
        limiter: FallbackAttemptLimiter,
    }

    impl Pair {
        fn new() -> Self {
            let (first, second) = (Arc::<Reachable>::default(), Arc::<Reachable>::default());
            let limiter = FallbackAttemptLimiter::new(Arc::clone(&first) as _, Arc::clone(&second) as _);
            Self { first, second, limiter }
        }

        fn is_admitted(&self) -> PortResult<bool> {
            let admission = block_on(self.limiter.admit("key", QUOTA, FixedClock::default().now()))?;
            Ok(admission == Admission::Admitted)
        }
    }

    #[test]
    fn the_second_is_no_second_chance() {
        let pair = Pair::new();
        let admitted: Vec<_> = (0..4).map(|_| pair.is_admitted().expect("both are there")).collect();
        assert_eq!(admitted, [true, true, false, false]);
    }

    #[test]
    fn with_the_first_gone_the_second_counts() {
        let pair = Pair::new();
        pair.first.gone.store(true, Ordering::Relaxed);
        let admitted: Vec<_> = (0..4).map(|_| pair.is_admitted().expect("the second is there")).collect();
        assert_eq!(admitted, [true, true, false, false]);
    }

    #[test]
    fn a_first_that_comes_and_goes_gives_nobody_more() {
        let pair = Pair::new();
        let mut admitted = 0;
        for is_gone in [false, true, false, true, false] {
            pair.first.gone.store(is_gone, Ordering::Relaxed);
            admitted += u32::from(pair.is_admitted().expect("the second is there"));
        }
        assert_eq!(admitted, QUOTA.limit);
    }

    #[test]
    fn the_first_counts_what_other_nodes_admit() {
        let pair = Pair::new();
        let elsewhere = FallbackAttemptLimiter::new(
            Arc::clone(&pair.first) as _,
            Arc::new(InMemoryAttemptLimiter::default()),
        );
        for _ in 0..QUOTA.limit {
            block_on(elsewhere.admit("key", QUOTA, FixedClock::default().now())).expect("counted");
        }
        assert!(!pair.is_admitted().expect("the first"));
        pair.first.gone.store(true, Ordering::Relaxed);
        assert!(pair.is_admitted().expect("the second"), "what was refused is not counted");
    }

    #[test]
    fn without_the_second_the_first_counts() {
        let pair = Pair::new();
        pair.second.gone.store(true, Ordering::Relaxed);
        let admitted: Vec<_> = (0..4).map(|_| pair.is_admitted().expect("the first is there")).collect();
        assert_eq!(admitted, [true, true, false, false]);
    }

    #[test]
    fn with_both_gone_nothing_is_admitted() {
        let pair = Pair::new();
        pair.first.gone.store(true, Ordering::Relaxed);
        pair.second.gone.store(true, Ordering::Relaxed);
        assert_eq!(pair.is_admitted().expect_err("nobody counts").kind, PortErrorKind::Unavailable);
    }
}
