//! What can be asked of usage, and what is answered.

use altus4_kernel::{AccountId, ApiKeyId, Plan, Timestamp};

/// Whose usage is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UsageScope {
    /// That of one key.
    Key(ApiKeyId),
    /// That of all keys of an account, revoked ones included.
    Account(AccountId),
}

/// From one moment up to, not including, another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageRange {
    /// The first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

/// The sums of some requests.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct UsageTotals {
    /// All of them.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// How long all took together, in microseconds.
    pub response_time_us: u64,
    /// The time that 95 of 100 stayed within, in microseconds and within 1 % (`DDSketch`, Masson, Rim
    /// and Lee, VLDB 2019); 0 when there are none, and where it isn't asked for.
    pub p95_us: u64,
    /// What AI cost, in millionths of a cent.
    pub spent_microcents: u64,
}

impl UsageTotals {
    /// Those that went well.
    #[must_use]
    pub fn successful(&self) -> u64 {
        self.requests.saturating_sub(self.failed)
    }

    /// How long one took on average, in milliseconds with two digits; 0 when there are none.
    #[must_use]
    pub fn average_ms(&self) -> f64 {
        if self.requests == 0 {
            return 0.0;
        }
        (self.response_time_us as f64 / self.requests as f64 / 10.0).round() / 100.0
    }
}

/// The sums of an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointUsage {
    /// The pattern of its route.
    pub endpoint: String,
    /// Its sums, without the percentile.
    pub totals: UsageTotals,
}

/// The sums of a tier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TierUsage {
    /// The tier that requests were measured by.
    pub tier: Plan,
    /// Its sums, without the percentile.
    pub totals: UsageTotals,
}

/// Failures of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorUsage {
    /// Their code.
    pub code: String,
    /// Their status.
    pub status: u16,
    /// How many there were.
    pub count: u64,
    /// When the last one was.
    pub last_seen: Timestamp,
    /// The id of the last one's request.
    pub sample_request_id: String,
}

/// The sums of a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UsagePoint {
    /// When it begins.
    pub start: Timestamp,
    /// Its sums, without the percentile.
    pub totals: UsageTotals,
}

/// Which requests are wanted: those that fit everything that is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestFilter {
    /// Those that failed, or those that didn't.
    pub failed: Option<bool>,
    /// Those that were measured by this tier.
    pub tier: Option<Plan>,
    /// Those of this route pattern.
    pub endpoint: Option<String>,
}
