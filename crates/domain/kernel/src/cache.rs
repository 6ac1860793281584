//! The port to a cache that may be in process or shared by many nodes.

use std::time::Duration;

use async_trait::async_trait;

use crate::PortResult;

/// Keeps values for a while. A cache only ever makes an answer faster: a caller treats every error
/// as a miss, and nothing may be kept here alone.
///
/// Keys are at most 512 bytes and name their owner (`<purpose>:<account>:…`), so that one account
/// can't be handed what was kept for another.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Cache: Send + Sync {
    /// The value kept under `key`. MUST be `None` once its time is over, and MUST be exactly the
    /// bytes that were put, whatever they are.
    ///
    /// Errors: `Unavailable` or `Timeout` when the cache doesn't answer in its time limit.
    async fn get(&self, key: &str) -> PortResult<Option<Vec<u8>>>;

    /// Keeps `value` under `key` for `ttl`. MUST replace what was there, its time included. A `ttl`
    /// under a millisecond keeps nothing. The cache may drop a value earlier to stay in its bounds.
    ///
    /// Errors: as [`Cache::get`].
    async fn put(&self, key: &str, value: &[u8], ttl: Duration) -> PortResult<()>;

    /// Drops what is kept under `key`. MUST be `Ok` also when nothing is.
    ///
    /// Errors: as [`Cache::get`].
    async fn remove(&self, key: &str) -> PortResult<()>;

    /// Whether the cache answers at all, for health checks.
    ///
    /// Errors: as [`Cache::get`].
    async fn ping(&self) -> PortResult<()>;
}
