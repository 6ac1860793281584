//! What counts attempts, requests and quotas.

use std::sync::Arc;

use altus4_api_keys::{FallbackQuotaCounter, FallbackRateLimiter, QuotaCounter, RateLimiter};
use altus4_cache_memory::{MemoryAttemptLimiter, MemoryQuotaCounter, MemoryRateLimiter};
use altus4_cache_redis::{RedisAttemptLimiter, RedisCache, RedisQuotaCounter, RedisRateLimiter};
use altus4_users::{AttemptLimiter, FallbackAttemptLimiter};

/// One counter for each purpose.
pub(super) struct Counters {
    pub(super) attempts: Arc<dyn AttemptLimiter>,
    pub(super) rates: Arc<dyn RateLimiter>,
    pub(super) quotas: Arc<dyn QuotaCounter>,
}

impl Counters {
    /// In Redis, for all nodes; without it, or while it is gone, each node counts for itself.
    pub(super) fn of(redis: Option<&RedisCache>) -> Self {
        let attempts: Arc<dyn AttemptLimiter> = Arc::new(MemoryAttemptLimiter::default());
        let rates: Arc<dyn RateLimiter> = Arc::new(MemoryRateLimiter::default());
        let quotas: Arc<dyn QuotaCounter> = Arc::new(MemoryQuotaCounter::default());
        let Some(redis) = redis else { return Self { attempts, rates, quotas } };
        let shared = Arc::new(RedisAttemptLimiter::sharing(redis));
        let attempts = Arc::new(FallbackAttemptLimiter::new(shared, attempts));
        let rates = Arc::new(FallbackRateLimiter::new(Arc::new(RedisRateLimiter::sharing(redis)), rates));
        let quotas = Arc::new(FallbackQuotaCounter::new(Arc::new(RedisQuotaCounter::sharing(redis)), quotas));
        Self { attempts, rates, quotas }
    }
}
