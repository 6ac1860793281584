//! Embeddings by what they were made of.

use std::fmt;

use altus4_search::{ContentHash, EmbeddingCache, Vector};

use crate::MemoryEmbeddingCacheConfig;

/// What moka keeps beside an entry's key and value. An estimate.
const ENTRY_OVERHEAD_BYTES: usize = 192;

/// An [`EmbeddingCache`] in this process. What is asked for often stays longest.
pub struct MemoryEmbeddingCache(moka::sync::Cache<ContentHash, Vector>);

impl MemoryEmbeddingCache {
    /// A cache that keeps nothing yet.
    #[must_use]
    pub fn new(config: MemoryEmbeddingCacheConfig) -> Self {
        let weight = |_: &ContentHash, vector: &Vector| {
            let bytes = ENTRY_OVERHEAD_BYTES + size_of::<ContentHash>() + size_of_val(vector.values());
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self(moka::sync::Cache::builder().max_capacity(config.max_bytes).weigher(weight).build())
    }

    /// How many bytes the vectors take, as counted against the bound.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.0.run_pending_tasks();
        self.0.weighted_size()
    }
}

impl Default for MemoryEmbeddingCache {
    fn default() -> Self {
        Self::new(MemoryEmbeddingCacheConfig::default())
    }
}

impl EmbeddingCache for MemoryEmbeddingCache {
    fn get(&self, content: ContentHash) -> Option<Vector> {
        self.0.get(&content)
    }

    fn put(&self, content: ContentHash, vector: Vector) {
        self.0.insert(content, vector);
        // moka makes room some dozens of writes later; of large vectors that would be megabytes.
        self.0.run_pending_tasks();
    }
}

/// How much is kept, and nothing of it.
impl fmt::Debug for MemoryEmbeddingCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryEmbeddingCache").field("used_bytes", &self.0.weighted_size()).finish()
    }
}
