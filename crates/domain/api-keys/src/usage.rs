//! What was done with keys: an event for each request, and the views over them.

mod period;
pub(crate) mod recorder;
mod series;
mod service;
mod view;

use std::{ops::Range, time::Duration};

use altus4_kernel::{AccountId, ApiKeyId, Page, PageRequest, Plan, PortResult, Timestamp, uuid::Uuid};
use async_trait::async_trait;

pub use self::period::{UsageDays, UsagePeriod};
pub use self::recorder::UsageRecorder;
pub use self::series::{Granularity, time_series};
pub use self::service::{UsagePorts, UsageService, UsageSummary};
pub use self::view::{
    EndpointUsage, ErrorUsage, RequestFilter, TierUsage, UsagePoint, UsageRange, UsageScope, UsageTotals,
};

use crate::Used;

/// One request that was made with a key, as it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageEvent {
    /// Its id. Unique: an event that is written twice counts once.
    pub id: Uuid,
    /// The request's own id, as its caller knows it.
    pub request_id: String,
    /// The key.
    pub key: ApiKeyId,
    /// When it ended.
    pub at: Timestamp,
    /// The method, such as `GET`.
    pub method: String,
    /// The pattern of its route, such as `/api/v1/keys/{id}`; never a raw path.
    pub endpoint: String,
    /// The status of its answer. From 400 on it failed.
    pub status: u16,
    /// The code of its failure.
    pub error_code: Option<String>,
    /// How long it took, in microseconds.
    pub response_time_us: u64,
    /// The tier it was measured by.
    pub tier: Plan,
    /// Where it came from.
    pub ip: Option<String>,
    /// What AI cost for it, in millionths of a cent.
    pub spent_microcents: u64,
    /// Whether it counts against the key's quota: it was let through.
    pub counted: bool,
}

impl UsageEvent {
    /// What a failure without a code is counted under.
    pub const UNKNOWN_FAILURE: &'static str = "UNKNOWN";

    /// Whether it failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.status >= 400
    }
}

/// Keeps usage: each request for a while, and sums by the hour (of UTC) for longer. All times are
/// cut to whole hours outwards: a range means the hours that it touches.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait UsageStore: Send + Sync {
    /// Keeps these events (better some thousand at a time than more: an adapter has a time limit for a
    /// call) and adds them to the sums and to each key's `usage_count`, `last_used` and
    /// `last_used_ip`, all or nothing. An event whose id is there already MUST change nothing; one of
    /// a key that is gone is left out. Several nodes may write at once.
    async fn append(&self, events: &[UsageEvent]) -> PortResult<()>;

    /// What a key used of its limits since `since`, a whole hour.
    async fn used_since(&self, key: ApiKeyId, since: Timestamp) -> PortResult<Used>;

    /// The sums of a range.
    async fn totals(&self, scope: UsageScope, range: UsageRange) -> PortResult<UsageTotals>;

    /// The endpoints that were called in a range, the most called first, `limit` at the most.
    async fn endpoints(
        &self,
        scope: UsageScope,
        range: UsageRange,
        limit: u32,
    ) -> PortResult<Vec<EndpointUsage>>;

    /// The sums of each tier in a range, the smallest tier first.
    async fn tiers(&self, scope: UsageScope, range: UsageRange) -> PortResult<Vec<TierUsage>>;

    /// The failures of a range by code and status, the most frequent first.
    async fn errors(&self, scope: UsageScope, range: UsageRange) -> PortResult<Vec<ErrorUsage>>;

    /// The sums of each hour in a range that has any, the oldest first.
    async fn hours(&self, scope: UsageScope, range: UsageRange) -> PortResult<Vec<UsagePoint>>;

    /// The requests of a range, the newest first.
    async fn requests(
        &self,
        key: ApiKeyId,
        range: UsageRange,
        filter: &RequestFilter,
        page: PageRequest,
    ) -> PortResult<Page<UsageEvent>>;

    /// Removes requests from before one whole hour, the oldest first, and sums from before another, a
    /// bounded number at a time, and tells how many rows went; 0 when nothing is left to remove. Sums
    /// go by whole days (of UTC), and never before the requests that they are the sums of.
    async fn purge(&self, requests_before: Timestamp, sums_before: Timestamp) -> PortResult<u64>;
}

/// Hours as the store counts them: whole ones since 1970, in UTC.
#[must_use]
pub fn hour_of(moment: Timestamp) -> i64 {
    moment.unix_seconds().div_euclid(3_600)
}

/// The hours that a range touches.
#[must_use]
pub fn hours_of(range: UsageRange) -> Range<i64> {
    let first = hour_of(range.start);
    if range.end <= range.start {
        return first..first;
    }
    // The last moment: times are whole milliseconds.
    first..hour_of(range.end - Duration::from_millis(1)) + 1
}

/// An account's or a key's, for [`UsageScope`].
impl From<ApiKeyId> for UsageScope {
    fn from(key: ApiKeyId) -> Self {
        Self::Key(key)
    }
}

impl From<AccountId> for UsageScope {
    fn from(account: AccountId) -> Self {
        Self::Account(account)
    }
}
