//! The ports [`Cache`](altus4_kernel::Cache), [`AttemptLimiter`](altus4_users::AttemptLimiter),
//! [`RateLimiter`](altus4_api_keys::RateLimiter), [`QuotaCounter`](altus4_api_keys::QuotaCounter),
//! [`KeyCache`](altus4_api_keys::KeyCache), [`AnswerCache`](altus4_search::AnswerCache) and
//! [`EmbeddingCache`](altus4_search::EmbeddingCache) in the memory of this process, mostly over moka: what
//! a single node uses, what each node uses while Redis is gone, and what tests use.
//!
//! Invariants:
//! - What is kept, its keys included, never weighs more than [`MemoryCacheConfig::max_bytes`] after
//!   a call has returned. The values that were used least recently make room for new ones.
//! - A value whose time is over is never handed out, even before its memory is given back.
//! - Attempts are kept of [`MemoryAttemptLimiterConfig::max_keys`] keys, and a moment longer of some
//!   dozens more. The keys that were tried least recently are forgotten first. The same holds of rates
//!   and quotas; what is forgotten of a quota is known to the store.
//! - What a key cache was told to forget it never hands out again.
//! - Answers never weigh more than [`MemoryAnswerCacheConfig::max_bytes`] after a call has returned, and
//!   embeddings no more than [`MemoryEmbeddingCacheConfig::max_bytes`].
//!
//! ```
//! use altus4_cache_memory::{MemoryCache, MemoryCacheConfig};
//!
//! let cache = MemoryCache::new(MemoryCacheConfig { max_bytes: 16 * 1024 * 1024 });
//! ```

mod answer_cache;
mod attempt_limiter;
mod cache;
mod config;
mod embedding_cache;
mod key_cache;
mod quota_counter;
mod rate_limiter;

pub use crate::{
    answer_cache::MemoryAnswerCache,
    attempt_limiter::MemoryAttemptLimiter,
    cache::MemoryCache,
    config::{
        MemoryAnswerCacheConfig, MemoryAttemptLimiterConfig, MemoryCacheConfig, MemoryEmbeddingCacheConfig,
        MemoryKeyCacheConfig, MemoryQuotaCounterConfig, MemoryRateLimiterConfig,
    },
    embedding_cache::MemoryEmbeddingCache,
    key_cache::MemoryKeyCache,
    quota_counter::MemoryQuotaCounter,
    rate_limiter::MemoryRateLimiter,
};
