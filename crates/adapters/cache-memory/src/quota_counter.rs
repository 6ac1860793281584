//! The quota counter of a single node.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use altus4_api_keys::{Ceiling, QuotaCounter, QuotaKey, Taking, Used};
use altus4_kernel::PortResult;
use async_trait::async_trait;
use moka::{Expiry, policy::EvictionPolicy};

use crate::MemoryQuotaCounterConfig;

type Sums = Arc<Mutex<Used>>;

/// A [`QuotaCounter`] in this process. Clones share the counts.
#[derive(Clone)]
pub struct MemoryQuotaCounter(moka::sync::Cache<QuotaKey, Sums>);

impl MemoryQuotaCounter {
    /// A counter that knows of no key.
    #[must_use]
    pub fn new(config: MemoryQuotaCounterConfig) -> Self {
        Self(
            moka::sync::Cache::builder()
                .max_capacity(config.max_keys.max(1))
                .expire_after(ItsPeriod)
                // The default policy would turn new keys away, and they would be raised each time.
                .eviction_policy(EvictionPolicy::lru())
                .build(),
        )
    }

    /// Of how many keys, in how many periods, sums are kept.
    #[must_use]
    pub fn keys(&self) -> u64 {
        self.0.run_pending_tasks();
        self.0.entry_count()
    }
}

impl Default for MemoryQuotaCounter {
    fn default() -> Self {
        Self::new(MemoryQuotaCounterConfig::default())
    }
}

#[async_trait]
impl QuotaCounter for MemoryQuotaCounter {
    async fn take(&self, key: QuotaKey, amount: Used, ceiling: Ceiling) -> PortResult<Taking> {
        let Some(sums) = self.0.get(&key) else { return Ok(Taking::Unknown) };
        let mut used = lock(&sums);
        Ok(match ceiling.admit(*used, amount) {
            Some(sums) => {
                *used = sums;
                Taking::Taken(sums)
            }
            None => Taking::Refused(*used),
        })
    }

    async fn raise(&self, key: QuotaKey, at_least: Used) -> PortResult<()> {
        // It begins with this much: whoever finds it before the next line must not find less.
        let sums = self.0.entry(key).or_insert_with(|| Arc::new(Mutex::new(at_least))).into_value();
        let mut used = lock(&sums);
        *used = used.at_least(at_least);
        Ok(())
    }
}

/// How much is kept, and nothing of it.
impl fmt::Debug for MemoryQuotaCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryQuotaCounter").field("keys", &self.0.entry_count()).finish_non_exhaustive()
    }
}

fn lock(sums: &Mutex<Used>) -> MutexGuard<'_, Used> {
    sums.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A period's length after it was first asked about, it is over.
struct ItsPeriod;

impl Expiry<QuotaKey, Sums> for ItsPeriod {
    fn expire_after_create(&self, key: &QuotaKey, _: &Sums, _: Instant) -> Option<Duration> {
        let length = key.period.end.as_utc() - key.period.start.as_utc();
        Some(Duration::try_from(length).unwrap_or_default())
    }
}
