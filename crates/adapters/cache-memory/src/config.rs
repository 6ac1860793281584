//! How large the cache and the limiter may grow.

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
