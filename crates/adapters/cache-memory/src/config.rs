//! How large the caches, the limiters and the counter may grow.

/// The settings of a [`MemoryCache`](crate::MemoryCache).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryCacheConfig {
    /// How many bytes keys, values and their bookkeeping may take together. 0 keeps nothing.
    pub max_bytes: u64,
}

/// 64 MiB.
impl Default for MemoryCacheConfig {
    fn default() -> Self {
        Self { max_bytes: 64 * 1024 * 1024 }
    }
}

/// The settings of a [`MemoryAnswerCache`](crate::MemoryAnswerCache).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryAnswerCacheConfig {
    /// How many bytes answers and what they are found by may take together. 0 keeps nothing.
    pub max_bytes: u64,
}

/// 64 MiB.
impl Default for MemoryAnswerCacheConfig {
    fn default() -> Self {
        Self { max_bytes: 64 * 1024 * 1024 }
    }
}

/// The settings of a [`MemoryEmbeddingCache`](crate::MemoryEmbeddingCache).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryEmbeddingCacheConfig {
    /// How many bytes vectors and what they are found by may take together. 0 keeps nothing.
    pub max_bytes: u64,
}

/// 64 MiB: some 38,000 vectors of 384 dimensions.
impl Default for MemoryEmbeddingCacheConfig {
    fn default() -> Self {
        Self { max_bytes: 64 * 1024 * 1024 }
    }
}

/// The settings of a [`MemoryAttemptLimiter`](crate::MemoryAttemptLimiter).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryAttemptLimiterConfig {
    /// Of how many keys attempts are kept at the most; at least one.
    pub max_keys: u64,
}

/// 100,000 keys: some 50 MB when all are e-mails at their limit.
impl Default for MemoryAttemptLimiterConfig {
    fn default() -> Self {
        Self { max_keys: 100_000 }
    }
}

/// The settings of a [`MemoryRateLimiter`](crate::MemoryRateLimiter).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryRateLimiterConfig {
    /// Of how many subjects requests are kept at the most; at least one.
    pub max_subjects: u64,
}

/// 100,000 subjects: some 40 MB when each made a few requests, 400 MB when all of them call without a
/// pause for an hour.
impl Default for MemoryRateLimiterConfig {
    fn default() -> Self {
        Self { max_subjects: 100_000 }
    }
}

/// The settings of a [`MemoryQuotaCounter`](crate::MemoryQuotaCounter).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryQuotaCounterConfig {
    /// Of how many keys sums are kept at the most; at least one. Those of others are read from the
    /// store when they are asked about.
    pub max_keys: u64,
}

/// 100,000 keys: some 40 MB.
impl Default for MemoryQuotaCounterConfig {
    fn default() -> Self {
        Self { max_keys: 100_000 }
    }
}

/// The settings of a [`MemoryKeyCache`](crate::MemoryKeyCache). Each bound is rounded up to a multiple
/// of 16, and 16 at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryKeyCacheConfig {
    /// How many known keys are kept at the most.
    pub max_known: usize,
    /// How many digests that no key has.
    pub max_unknown: usize,
}

/// 100,000 keys, some 100 MB, and 10,000 unknown digests.
impl Default for MemoryKeyCacheConfig {
    fn default() -> Self {
        Self { max_known: 100_000, max_unknown: 10_000 }
    }
}
