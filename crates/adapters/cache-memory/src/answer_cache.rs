//! Answers of searches.

use std::{
    fmt,
    time::{Duration, Instant},
};

use altus4_search::{AnswerCache, CachedAnswer};
use moka::{Expiry, policy::EvictionPolicy};

use crate::MemoryAnswerCacheConfig;

/// What moka keeps beside an entry's key and value. An estimate, so that a million empty answers are
/// not free.
const ENTRY_OVERHEAD_BYTES: usize = 256;

/// An [`AnswerCache`] in this process. Whoever finds an answer shares it: nothing is copied.
pub struct MemoryAnswerCache(moka::sync::Cache<String, Entry>);

#[derive(Clone)]
struct Entry {
    kept: CachedAnswer,
    weight: u32,
    life: Duration,
}

impl MemoryAnswerCache {
    /// A cache that keeps nothing yet.
    #[must_use]
    pub fn new(config: MemoryAnswerCacheConfig) -> Self {
        Self(
            moka::sync::Cache::builder()
                .max_capacity(config.max_bytes)
                .weigher(|_, entry: &Entry| entry.weight)
                .expire_after(OwnLife)
                // What was just asked for is the likeliest to be asked for again.
                .eviction_policy(EvictionPolicy::lru())
                .build(),
        )
    }

    /// How many bytes the answers take, as counted against the bound.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.0.run_pending_tasks();
        self.0.weighted_size()
    }
}

impl Default for MemoryAnswerCache {
    fn default() -> Self {
        Self::new(MemoryAnswerCacheConfig::default())
    }
}

impl AnswerCache for MemoryAnswerCache {
    fn get(&self, key: &str) -> Option<CachedAnswer> {
        self.0.get(key).map(|entry| entry.kept)
    }

    fn put(&self, key: String, answer: CachedAnswer, life: Duration) {
        let bytes = ENTRY_OVERHEAD_BYTES + key.len() + answer.weight();
        let weight = u32::try_from(bytes).unwrap_or(u32::MAX);
        // Left to moka, an answer that is too heavy would first push out all others.
        if self.0.policy().max_capacity().is_some_and(|max| u64::from(weight) > max) {
            self.0.invalidate(&key);
            return;
        }
        self.0.insert(key, Entry { kept: answer, weight, life });
        // moka makes room some dozens of writes later; with heavy answers that would be far over the
        // bound.
        self.0.run_pending_tasks();
    }
}

/// How much is kept, and nothing of it: answers belong to users.
impl fmt::Debug for MemoryAnswerCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryAnswerCache").field("used_bytes", &self.0.weighted_size()).finish()
    }
}

/// Each answer's own life, begun anew whenever it is replaced.
struct OwnLife;

impl Expiry<String, Entry> for OwnLife {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.life)
    }

    fn expire_after_update(
        &self,
        _: &String,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.life)
    }
}
