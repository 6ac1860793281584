//! The ports [`Cache`](altus4_kernel::Cache) and [`AttemptLimiter`](altus4_users::AttemptLimiter) in
//! Redis, shared by all nodes of an installation.
//!
//! Redis makes answers faster and counts more exact. Nothing depends on it, so it may never make an
//! answer slow either.
//!
//! Invariants:
//! - No call takes longer than [`RedisCacheConfig::call_timeout`], connecting included; there are
//!   no retries.
//! - Once Redis has failed five calls in a row, calls fail at once; one call a second tries whether
//!   it is back.
//! - Every key begins with `altus4:`, so that a Redis may be shared with other programs.
//! - No text that this crate makes contains the URL's password.

mod attempt_limiter;
mod breaker;
mod cache;
mod client;
mod config;
mod connect;
mod error;

pub use crate::{
    attempt_limiter::RedisAttemptLimiter, cache::RedisCache, config::RedisCacheConfig, error::RedisFault,
};
