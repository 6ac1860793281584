//! The rate limiter of a single node.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use altus4_api_keys::{RateDecision, RateLimiter, RatePolicy, RateStatus, RateWindow};
use altus4_kernel::{PortResult, Timestamp};
use async_trait::async_trait;
use moka::{Expiry, ops::compute::Op, policy::EvictionPolicy};

use crate::MemoryRateLimiterConfig;

/// A [`RateLimiter`] in this process. Clones share the counts.
#[derive(Clone)]
pub struct MemoryRateLimiter(moka::sync::Cache<String, Counted>);

impl MemoryRateLimiter {
    /// A limiter that has counted nothing.
    #[must_use]
    pub fn new(config: MemoryRateLimiterConfig) -> Self {
        Self(
            moka::sync::Cache::builder()
                .max_capacity(config.max_subjects.max(1))
                .expire_after(AsLongAsItCounts)
                // The default policy would turn new subjects away, and so not count them.
                .eviction_policy(EvictionPolicy::lru())
                .build(),
        )
    }

    /// Of how many subjects requests are kept.
    #[must_use]
    pub fn subjects(&self) -> u64 {
        self.0.run_pending_tasks();
        self.0.entry_count()
    }

    /// Keeps what was counted until it doesn't count any more.
    fn keep(&self, subject: &str, window: &Arc<Mutex<RateWindow>>, time_left: Duration) {
        self.0.entry_by_ref(subject).and_compute_with(|entry| match entry {
            // It was pushed out and begun anew meanwhile: what is counted there is newer.
            Some(entry) if !Arc::ptr_eq(&entry.value().window, window) => Op::Nop,
            _ => Op::Put(Counted { window: Arc::clone(window), time_left }),
        });
    }
}

impl Default for MemoryRateLimiter {
    fn default() -> Self {
        Self::new(MemoryRateLimiterConfig::default())
    }
}

#[async_trait]
impl RateLimiter for MemoryRateLimiter {
    async fn take(&self, subject: &str, policy: RatePolicy, now: Timestamp) -> PortResult<RateDecision> {
        // Of callers that come first at the same time, `or_default` would give each a window of its own.
        let begin = || self.0.entry_by_ref(subject).or_insert_with(Counted::nothing).into_value();
        let counted = self.0.get(subject).unwrap_or_else(begin);
        // Calls about one subject take turns here.
        let mut window = lock(&counted.window);
        let held_until = window.holds_until();
        let decision = window.take(policy, now);
        let holds_until = window.holds_until();
        drop(window);
        // Once a step, or when a block begins: not on each request.
        if holds_until != held_until
            && let Some(until) = holds_until
        {
            self.keep(subject, &counted.window, time_between(now, until));
        }
        Ok(decision)
    }

    async fn peek(&self, subject: &str, policy: RatePolicy, now: Timestamp) -> PortResult<RateStatus> {
        Ok(match self.0.get(subject) {
            Some(counted) => lock(&counted.window).peek(policy, now),
            None => RateWindow::default().peek(policy, now),
        })
    }
}

/// How much is kept, and nothing of it.
impl fmt::Debug for MemoryRateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRateLimiter").field("subjects", &self.0.entry_count()).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Counted {
    window: Arc<Mutex<RateWindow>>,
    /// How long it is kept from the last change on.
    time_left: Duration,
}

impl Counted {
    fn nothing() -> Self {
        Self { window: Arc::default(), time_left: RatePolicy::WINDOW }
    }
}

fn lock(window: &Mutex<RateWindow>) -> MutexGuard<'_, RateWindow> {
    window.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Rounded up by a step: the clock that is counted by may be slower than the one it is kept by.
fn time_between(now: Timestamp, until: Timestamp) -> Duration {
    let left = Duration::try_from(until.as_utc() - now.as_utc()).unwrap_or_default();
    left.saturating_add(RatePolicy::STEP)
}

struct AsLongAsItCounts;

impl Expiry<String, Counted> for AsLongAsItCounts {
    fn expire_after_create(&self, _: &String, counted: &Counted, _: Instant) -> Option<Duration> {
        Some(counted.time_left)
    }

    fn expire_after_update(
        &self,
        _: &String,
        counted: &Counted,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(counted.time_left)
    }
}
