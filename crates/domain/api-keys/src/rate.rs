//! How many requests within any hour: the port that counts them, and its measure.

mod fallback;
mod subject;
mod window;

use std::time::Duration;

use altus4_kernel::{PortResult, Timestamp};
use async_trait::async_trait;

pub use self::{fallback::FallbackRateLimiter, subject::Subject, window::RateWindow};

/// So many requests within such a time, and what follows on one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RatePolicy {
    /// How many requests.
    pub limit: u32,
    /// How long nothing is let through once one request too many was made; also then there has to be
    /// room.
    pub block: Duration,
}

impl RatePolicy {
    /// The window that every policy looks back over: an hour.
    pub const WINDOW: Duration = Duration::from_hours(1);
    /// Requests within such a step of the clock are counted together: they leave the window together,
    /// up to a step late and never early.
    pub const STEP: Duration = Duration::from_secs(10);
    /// How many steps can count at the same time: a window's, and the one that it begins within.
    pub const STEPS: u32 = 361;
    /// By how much less than this the clocks of two nodes differ.
    pub const SKEW: Duration = Duration::from_secs(1);

    /// The number of the step that a moment lies in, counted from 1970. What lies before, or after
    /// the year 3330, is in the first and in the last step there is.
    #[must_use]
    pub fn step_of(moment: Timestamp) -> u32 {
        let step = moment.unix_seconds().div_euclid(Self::STEP.as_secs().cast_signed());
        u32::try_from(step.max(0)).unwrap_or(u32::MAX)
    }
}

/// How much of a policy is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateStatus {
    /// The policy's limit.
    pub limit: u32,
    /// How many requests count at present.
    pub used: u32,
    /// When the oldest of them began to count; `now` when there are none.
    pub window_start: Timestamp,
    /// When more will be possible than now: when the oldest requests leave the window, or the block
    /// ends; a window from now when there are none.
    pub reset_at: Timestamp,
    /// Until when nothing is let through, if that is later than now.
    pub blocked_until: Option<Timestamp>,
}

impl RateStatus {
    /// How many requests would be let through now.
    #[must_use]
    pub fn remaining(&self) -> u32 {
        if self.blocked_until.is_some() { 0 } else { self.limit.saturating_sub(self.used) }
    }
}

/// What came of [`RateLimiter::take`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateDecision {
    /// There was room; the request is counted, also in this status.
    Admitted(RateStatus),
    /// There was none, or a block holds; the request is not counted. The status has a
    /// `blocked_until`: a request made then is let through, if nobody else takes its place.
    Refused(RateStatus),
}

impl RateDecision {
    /// How things are after it.
    #[must_use]
    pub fn status(&self) -> RateStatus {
        match self {
            Self::Admitted(status) | Self::Refused(status) => *status,
        }
    }
}

/// Counts requests by their subject (`key:<id>`, `account:<id>`; at most 512 bytes) over a sliding
/// window of an hour. Nodes that share a limiter share its counts.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Counts a request made at `now`, if there is room for it.
    ///
    /// - Of any number of calls at once, exactly as many MUST be admitted as there is room for, on
    ///   all nodes together.
    /// - Never more than `limit` MUST be admitted within any window.
    /// - The first refusal begins a block: until `block` from then, or until there is room for one
    ///   more if that is later, nothing is admitted. Further refusals MUST NOT count, nor make it
    ///   longer.
    /// - `now` is the caller's clock, and nodes' clocks differ by less than a second. A clock that
    ///   was set back by more than that MUST refuse nobody for longer than a window and a step, or
    ///   than a block that is longer.
    /// - A change of `limit` holds at once, also against what was counted before; one that makes
    ///   room again ends no block early.
    ///
    /// Errors: `Unavailable` or `Timeout` when the counts can't be reached in the adapter's time
    /// limit; the request is not admitted then.
    async fn take(&self, subject: &str, policy: RatePolicy, now: Timestamp) -> PortResult<RateDecision>;

    /// How things are, without counting anything.
    ///
    /// Errors: as [`RateLimiter::take`].
    async fn peek(&self, subject: &str, policy: RatePolicy, now: Timestamp) -> PortResult<RateStatus>;
}
