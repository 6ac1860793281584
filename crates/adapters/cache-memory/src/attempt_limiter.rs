//! The attempt limiter of a single node.

use std::{
    fmt,
    time::{Duration, Instant},
};

use altus4_kernel::{PortResult, Timestamp};
use altus4_users::{Admission, AttemptLimiter, AttemptLog, Quota};
use async_trait::async_trait;
use moka::{Expiry, policy::EvictionPolicy};

use crate::MemoryAttemptLimiterConfig;

/// An [`AttemptLimiter`] in this process. Clones share the counts.
#[derive(Clone)]
pub struct MemoryAttemptLimiter(moka::sync::Cache<String, Attempts>);

impl MemoryAttemptLimiter {
    /// A limiter that has counted nothing.
    #[must_use]
    pub fn new(config: MemoryAttemptLimiterConfig) -> Self {
        Self(
            moka::sync::Cache::builder()
                .max_capacity(config.max_keys.max(1))
                .expire_after(OwnWindow)
                // The default policy would turn new keys away, and so not count them. A key that is
                // being tried, refused or not, is in use: a flood pushes out those that nobody tries.
                .eviction_policy(EvictionPolicy::lru())
                .build(),
        )
    }

    /// Of how many keys attempts are kept.
    #[must_use]
    pub fn keys(&self) -> u64 {
        self.0.run_pending_tasks();
        self.0.entry_count()
    }
}

impl Default for MemoryAttemptLimiter {
    fn default() -> Self {
        Self::new(MemoryAttemptLimiterConfig::default())
    }
}

#[async_trait]
impl AttemptLimiter for MemoryAttemptLimiter {
    async fn admit(&self, key: &str, quota: Quota, now: Timestamp) -> PortResult<Admission> {
        let mut admission = Admission::Admitted;
        // Calls about one key take turns here.
        self.0.entry_by_ref(key).and_upsert_with(|entry| {
            let mut log = entry.map(|entry| entry.into_value().log).unwrap_or_default();
            admission = log.admit(quota, now);
            Attempts { log, window: quota.window }
        });
        Ok(admission)
    }
}

/// How much is kept, and nothing of it: keys name addresses and e-mails.
impl fmt::Debug for MemoryAttemptLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryAttemptLimiter").field("keys", &self.0.entry_count()).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Attempts {
    log: AttemptLog,
    window: Duration,
}

/// A window after the last call about a key, nothing under it counts any more.
struct OwnWindow;

impl Expiry<String, Attempts> for OwnWindow {
    fn expire_after_create(&self, _: &String, attempts: &Attempts, _: Instant) -> Option<Duration> {
        Some(attempts.window)
    }

    fn expire_after_update(
        &self,
        _: &String,
        attempts: &Attempts,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(attempts.window)
    }
}
