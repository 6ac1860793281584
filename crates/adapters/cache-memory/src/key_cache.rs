//! What the repository said of API keys.

mod shard;

use std::{
    fmt,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use altus4_api_keys::{CachedKey, KeyCache, KeyDigest};
use altus4_kernel::{AccountId, ApiKeyId};

use self::shard::Shard;
use crate::MemoryKeyCacheConfig;

/// Digests that share one lock.
const SHARDS: usize = 16;

/// A [`KeyCache`] in this process. Known keys and unknown digests have a bound each. To forget costs
/// as much as what is forgotten, however much is kept, and is done when the call returns.
///
/// Not over moka, which forgets by any other thing than its key only by looking at all it has.
pub struct MemoryKeyCache([RwLock<Shard>; SHARDS]);

impl MemoryKeyCache {
    /// A cache that knows nothing.
    #[must_use]
    pub fn new(config: MemoryKeyCacheConfig) -> Self {
        let of_shard = |all: usize| all.div_ceil(SHARDS).max(1);
        let shard = || Shard::new(of_shard(config.max_known), of_shard(config.max_unknown));
        Self(std::array::from_fn(|_| RwLock::new(shard())))
    }

    /// How many known keys are kept, and how many digests without one.
    #[must_use]
    pub fn len(&self) -> (usize, usize) {
        let counts = self.0.iter().map(|shard| read(shard).len());
        counts.fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1))
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == (0, 0)
    }

    fn shard(&self, digest: &KeyDigest) -> &RwLock<Shard> {
        // Any part of a digest is as evenly spread as all of it.
        &self.0[usize::from(digest.0[0]) % SHARDS]
    }
}

impl Default for MemoryKeyCache {
    fn default() -> Self {
        Self::new(MemoryKeyCacheConfig::default())
    }
}

impl KeyCache for MemoryKeyCache {
    fn get(&self, digest: &KeyDigest) -> Option<CachedKey> {
        read(self.shard(digest)).get(digest)
    }

    fn put(&self, digest: KeyDigest, key: CachedKey) {
        write(self.shard(&digest)).put(digest, key);
    }

    fn forget_key(&self, id: ApiKeyId) {
        for shard in &self.0 {
            write(shard).forget_key(id);
        }
    }

    fn forget_account(&self, id: AccountId) {
        for shard in &self.0 {
            write(shard).forget_account(id);
        }
    }

    fn forget_digest(&self, digest: &KeyDigest) {
        write(self.shard(digest)).forget(digest);
    }

    fn clear(&self) {
        for shard in &self.0 {
            write(shard).clear();
        }
    }
}

/// How much is kept, and nothing of it.
impl fmt::Debug for MemoryKeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (known, unknown) = self.len();
        f.debug_struct("MemoryKeyCache").field("known", &known).field("unknown", &unknown).finish()
    }
}

fn read(shard: &RwLock<Shard>) -> RwLockReadGuard<'_, Shard> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(shard: &RwLock<Shard>) -> RwLockWriteGuard<'_, Shard> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}
