//! The cache of answers.

use altus4_cache_memory::{MemoryAnswerCache, MemoryAnswerCacheConfig};

altus4_search::answer_cache_contract!(
    tokio::test,
    MemoryAnswerCache::new(MemoryAnswerCacheConfig { max_bytes: 1_000_000 })
);
