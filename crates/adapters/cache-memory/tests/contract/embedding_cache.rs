//! The cache of embeddings.

use altus4_cache_memory::{MemoryEmbeddingCache, MemoryEmbeddingCacheConfig};

altus4_search::embedding_cache_contract!(
    tokio::test,
    MemoryEmbeddingCache::new(MemoryEmbeddingCacheConfig { max_bytes: 1_000_000 })
);
