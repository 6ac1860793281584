//! How often something may be tried: quotas, the port that counts, and who asks it before a login, a
//! registration or a new password.

mod fallback;
mod guard;
mod log;

use std::time::Duration;

use altus4_kernel::{PortResult, Timestamp};
use async_trait::async_trait;

pub use self::{
    fallback::FallbackAttemptLimiter,
    guard::{AttemptGuard, AttemptLimits},
    log::AttemptLog,
};

/// Counts attempts under keys, over a sliding window: of the attempts within any `quota.window`,
/// `quota.limit` are admitted. Two nodes that share a limiter share its counts.
///
/// Keys are at most 512 bytes and begin with what is tried (`login:email:…`). One key is always
/// asked about with the same window; its limit may change.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AttemptLimiter: Send + Sync {
    /// Counts an attempt made at `now`, if there is room for it.
    ///
    /// - Of any number of calls at once, exactly as many MUST be admitted as there is room for.
    /// - A refused attempt MUST NOT be counted: it makes nobody wait longer.
    /// - An attempt MUST count until `window` after it, and from that millisecond on no more.
    /// - `now` is the caller's clock, and nodes' clocks differ by less than a second. A clock that
    ///   was set back MUST refuse nobody for longer than a window: attempts that seem to lie in the
    ///   future count as made now.
    /// - A limit of 0 admits nothing.
    ///
    /// Errors: `Unavailable` or `Timeout` when the counts can't be reached in the adapter's time
    /// limit; the attempt is not admitted then.
    async fn admit(&self, key: &str, quota: Quota, now: Timestamp) -> PortResult<Admission>;
}

/// So many within such a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many attempts.
    pub limit: u32,
    /// Within how long; counted in whole milliseconds.
    pub window: Duration,
}

impl Quota {
    /// So many within a minute.
    #[must_use]
    pub const fn per_minute(limit: u32) -> Self {
        Self { limit, window: Duration::from_mins(1) }
    }
}

/// What came of [`AttemptLimiter::admit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// There was room; the attempt is counted.
    Admitted,
    /// There was none; the attempt is not counted.
    Refused {
        /// When there will be room for one more, if nobody else takes it: more than zero, and the
        /// window at the most.
        retry_after: Duration,
    },
}
