//! The ports [`Cache`](altus4_kernel::Cache), [`AttemptLimiter`](altus4_users::AttemptLimiter),
//! [`RateLimiter`](altus4_api_keys::RateLimiter), [`QuotaCounter`](altus4_api_keys::QuotaCounter) and
//! [`ChangePublisher`](altus4_kernel::ChangePublisher) in Redis, shared by all nodes of an installation.
//!
//! Redis makes answers faster and counts more exact. Nothing depends on it, so it may never make an
//! answer slow either.
//!
//! Invariants:
//! - No call takes longer than [`RedisCacheConfig::call_timeout`], and none that counts longer than
//!   [`RedisCacheConfig::count_timeout`], connecting included; there are no retries.
//! - Once Redis has failed five calls in a row, calls fail at once; one call a second tries whether
//!   it is back.
//! - Every key and every channel begins with `altus4:`, so that a Redis may be shared with other programs.
//! - No text that this crate makes contains the URL's password.

mod attempt_limiter;
mod breaker;
mod cache;
mod changes;
mod client;
mod config;
mod connect;
mod error;
mod line;
mod quota_counter;
mod rate_limiter;
mod script;

pub use crate::{
    attempt_limiter::RedisAttemptLimiter,
    cache::RedisCache,
    changes::{ChangeListener, RedisChanges},
    config::RedisCacheConfig,
    error::RedisFault,
    quota_counter::RedisQuotaCounter,
    rate_limiter::RedisRateLimiter,
};
