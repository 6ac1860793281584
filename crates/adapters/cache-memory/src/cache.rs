//! The cache itself.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_kernel::{Cache, PortResult};
use async_trait::async_trait;
use moka::{Expiry, policy::EvictionPolicy};

use crate::MemoryCacheConfig;

/// What moka keeps beside an entry's key and value (hash slot, queue nodes, timer, reference
/// counts). An estimate, so that a million empty values are not free.
const ENTRY_OVERHEAD_BYTES: u64 = 256;
/// The shortest time that counts.
const MIN_TTL: Duration = Duration::from_millis(1);

/// A [`Cache`] in this process. Clones share what is kept.
#[derive(Clone)]
pub struct MemoryCache(moka::sync::Cache<String, Entry>);

impl MemoryCache {
    /// An empty cache.
    #[must_use]
    pub fn new(config: MemoryCacheConfig) -> Self {
        Self(
            moka::sync::Cache::builder()
                .max_capacity(config.max_bytes)
                .weigher(weight)
                .expire_after(OwnTtl)
                // The default policy turns new values away while old ones are in use; here the
                // newest value is the one most likely to be asked for again.
                .eviction_policy(EvictionPolicy::lru())
                .build(),
        )
    }

    /// How many bytes the cache takes, as counted against its bound.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.0.run_pending_tasks();
        self.0.weighted_size()
    }
}

impl Default for MemoryCache {
    fn default() -> Self {
        Self::new(MemoryCacheConfig::default())
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &str) -> PortResult<Option<Vec<u8>>> {
        Ok(self.0.get(key).map(|entry| entry.value.to_vec()))
    }

    async fn put(&self, key: &str, value: &[u8], ttl: Duration) -> PortResult<()> {
        // Left to moka, a value that is too large would first push out all others.
        let too_large = self.0.policy().max_capacity().is_some_and(|max| entry_bytes(key, value) > max);
        if ttl < MIN_TTL || too_large {
            return self.remove(key).await;
        }
        self.0.insert(key.to_owned(), Entry { value: value.into(), ttl });
        // moka makes room some dozens of writes later; with large values that would be far over
        // the bound.
        self.0.run_pending_tasks();
        Ok(())
    }

    async fn remove(&self, key: &str) -> PortResult<()> {
        self.0.invalidate(key);
        Ok(())
    }

    async fn ping(&self) -> PortResult<()> {
        Ok(())
    }
}

/// How much is kept, and nothing of it: what is cached belongs to users.
impl fmt::Debug for MemoryCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCache").field("used_bytes", &self.0.weighted_size()).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Entry {
    value: Arc<[u8]>,
    ttl: Duration,
}

#[expect(clippy::ptr_arg, reason = "the shape that moka calls")]
fn weight(key: &String, entry: &Entry) -> u32 {
    u32::try_from(entry_bytes(key, &entry.value)).unwrap_or(u32::MAX)
}

fn entry_bytes(key: &str, value: &[u8]) -> u64 {
    ENTRY_OVERHEAD_BYTES + key.len() as u64 + value.len() as u64
}

/// Each value's own time, begun anew whenever it is replaced.
struct OwnTtl;

impl Expiry<String, Entry> for OwnTtl {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(
        &self,
        _: &String,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.ttl)
    }
}
