//! Two rate limiters, of which the second stands in for the first.

use std::sync::Arc;

use altus4_kernel::{PortResult, Timestamp};
use async_trait::async_trait;

use crate::{RateDecision, RateLimiter, RatePolicy, RateStatus};

/// Asks the first limiter, and the second whenever the first fails: shared counts while they can be
/// reached, each node's own otherwise. Nothing is let through uncounted; what was counted, or blocked,
/// by one is unknown to the other.
#[derive(Clone)]
pub struct FallbackRateLimiter {
    first: Arc<dyn RateLimiter>,
    second: Arc<dyn RateLimiter>,
}

impl FallbackRateLimiter {
    /// `second` in the place of `first` whenever that fails.
    #[must_use]
    pub fn new(first: Arc<dyn RateLimiter>, second: Arc<dyn RateLimiter>) -> Self {
        Self { first, second }
    }
}

// Whoever wrote the first limiter tells that it failed; here it is nothing to stop for.
#[async_trait]
impl RateLimiter for FallbackRateLimiter {
    async fn take(&self, subject: &str, policy: RatePolicy, now: Timestamp) -> PortResult<RateDecision> {
        match self.first.take(subject, policy, now).await {
            Ok(decision) => Ok(decision),
            Err(_) => self.second.take(subject, policy, now).await,
        }
    }

    async fn peek(&self, subject: &str, policy: RatePolicy, now: Timestamp) -> PortResult<RateStatus> {
        match self.first.peek(subject, policy, now).await {
            Ok(status) => Ok(status),
            Err(_) => self.second.peek(subject, policy, now).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        time::Duration,
    };

    use altus4_kernel::{
        Clock, PortError, PortErrorKind, System,
        testkit::{FixedClock, block_on},
    };

    use super::*;
    use crate::testkit::InMemoryRateLimiter;

    const POLICY: RatePolicy = RatePolicy { limit: 2, block: Duration::from_mins(5) };

    /// A limiter that can be taken away.
    #[derive(Default)]
    struct Reachable {
        counts: InMemoryRateLimiter,
        gone: AtomicBool,
    }

    impl Reachable {
        fn check(&self) -> PortResult<()> {
            if self.gone.load(Ordering::Relaxed) {
                return Err(PortError::new(PortErrorKind::Unavailable, System::Cache, "rate_limits.take"));
            }
            Ok(())
        }
    }

    #[async_trait]
    impl RateLimiter for Reachable {
        async fn take(&self, subject: &str, policy: RatePolicy, now: Timestamp) -> PortResult<RateDecision> {
            self.check()?;
            self.counts.take(subject, policy, now).await
        }

        async fn peek(&self, subject: &str, policy: RatePolicy, now: Timestamp) -> PortResult<RateStatus> {
            self.check()?;
            self.counts.peek(subject, policy, now).await
        }
    }

    struct Pair {
        first: Arc<Reachable>,
        second: Arc<Reachable>,
        limiter: FallbackRateLimiter,
    }

    impl Pair {
        fn new() -> Self {
            let (first, second) = (Arc::<Reachable>::default(), Arc::<Reachable>::default());
            let limiter = FallbackRateLimiter::new(Arc::clone(&first) as _, Arc::clone(&second) as _);
            Self { first, second, limiter }
        }

        fn is_admitted(&self) -> PortResult<bool> {
            let decision = block_on(self.limiter.take("key:1", POLICY, FixedClock::default().now()))?;
            Ok(matches!(decision, RateDecision::Admitted(_)))
        }

        fn used(&self) -> PortResult<u32> {
            Ok(block_on(self.limiter.peek("key:1", POLICY, FixedClock::default().now()))?.used)
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
        assert!(pair.is_admitted().expect("the first"));
        pair.first.gone.store(true, Ordering::Relaxed);
        assert_eq!(pair.used().expect("the second"), 0);
        let admitted: Vec<_> = (0..4).map(|_| pair.is_admitted().expect("the second is there")).collect();
        assert_eq!(admitted, [true, true, false, false]);
        assert_eq!(pair.used().expect("the second"), 2);
    }

    #[test]
    fn the_first_decides_again_once_it_is_back() {
        let pair = Pair::new();
        assert!(pair.is_admitted().expect("the first"));
        pair.first.gone.store(true, Ordering::Relaxed);
        while pair.is_admitted().expect("the second") {}
        pair.first.gone.store(false, Ordering::Relaxed);
        assert!(pair.is_admitted().expect("the first"), "one of its two is left");
        assert!(!pair.is_admitted().expect("the first"));
    }

    #[test]
    fn with_both_gone_nothing_is_admitted() {
        let pair = Pair::new();
        pair.first.gone.store(true, Ordering::Relaxed);
        pair.second.gone.store(true, Ordering::Relaxed);
        assert_eq!(pair.is_admitted().expect_err("nobody counts").kind, PortErrorKind::Unavailable);
        assert_eq!(pair.used().expect_err("nobody counts").kind, PortErrorKind::Unavailable);
    }
}
