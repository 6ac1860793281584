//! The ports [`Cache`](altus4_kernel::Cache) and [`AttemptLimiter`](altus4_users::AttemptLimiter) in
//! the memory of this process, over moka: what a single node uses, and what tests use.
//!
//! Invariants:
//! - What is kept, its keys included, never weighs more than [`MemoryCacheConfig::max_bytes`] after
//!   a call has returned. The values that were used least recently make room for new ones.
//! - A value whose time is over is never handed out, even before its memory is given back.
//! - Attempts are kept of [`MemoryAttemptLimiterConfig::max_keys`] keys, and a moment longer of some
//!   dozens more. The keys that were tried least recently are forgotten first.
//!
//! ```
//! use altus4_cache_memory::{MemoryCache, MemoryCacheConfig};
//!
//! let cache = MemoryCache::new(MemoryCacheConfig { max_bytes: 16 * 1024 * 1024 });
//! ```

mod attempt_limiter;
mod cache;
mod config;

pub use crate::{
    attempt_limiter::MemoryAttemptLimiter,
    cache::MemoryCache,
    config::{MemoryAttemptLimiterConfig, MemoryCacheConfig},
};
