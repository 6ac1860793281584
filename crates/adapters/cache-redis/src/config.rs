//! Where Redis is, and how long it may take.

use std::time::Duration;

use altus4_kernel::secrecy::SecretString;

/// The settings of a [`RedisCache`](crate::RedisCache).
#[derive(Debug, Clone)]
pub struct RedisCacheConfig {
    /// `redis://[user][:password]@host[:port][/database]`, or `unix:///path/to/socket`.
    pub url: SecretString,
    /// The longest that one call may take: waiting for a connection, connecting and answering.
    pub call_timeout: Duration,
    /// The same for a call that counts something all nodes share. A cache that is slow is no use; a
    /// count that is slow is still the only exact one.
    pub count_timeout: Duration,
    /// How many connections are kept at the most; at least one.
    pub pool_size: usize,
}

impl RedisCacheConfig {
    /// 50 ms: an answer that takes longer is no longer worth waiting for.
    pub const DEFAULT_CALL_TIMEOUT: Duration = Duration::from_millis(50);
    /// 500 ms: a busy machine may take so long to hand an answer over, and a Redis that is gone is no
    /// longer asked after five calls.
    pub const DEFAULT_COUNT_TIMEOUT: Duration = Duration::from_millis(500);
    /// 16 connections.
    pub const DEFAULT_POOL_SIZE: usize = 16;

    /// The Redis at `url`, with the defaults for everything else.
    #[must_use]
    pub fn new(url: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            call_timeout: Self::DEFAULT_CALL_TIMEOUT,
            count_timeout: Self::DEFAULT_COUNT_TIMEOUT,
            pool_size: Self::DEFAULT_POOL_SIZE,
        }
    }
}
