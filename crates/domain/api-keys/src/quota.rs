//! What a key used of its own limits in the present period: the port that counts it exactly.

mod fallback;

use altus4_kernel::{ApiKeyId, PortResult};
use async_trait::async_trait;

pub use self::fallback::FallbackQuotaCounter;

use crate::{Period, Used};

/// What is counted under: a key in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct QuotaKey {
    /// The key.
    pub key: ApiKeyId,
    /// The period. When it is over its count may be forgotten.
    pub period: Period,
}

/// How much there may be in a period at the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ceiling {
    /// Requests; `None`: any number.
    pub requests: Option<u64>,
    /// Millionths of a cent; `None`: any amount.
    pub spent_microcents: Option<u64>,
}

impl Ceiling {
    /// The sums with `amount`, unless something of it would go over its ceiling: the measure of every
    /// counter, wherever it keeps the sums. They stop at the largest number there is.
    #[must_use]
    pub fn admit(self, used: Used, amount: Used) -> Option<Used> {
        Some(Used {
            requests: sum_within(self.requests, used.requests, amount.requests)?,
            spent_microcents: sum_within(
                self.spent_microcents,
                used.spent_microcents,
                amount.spent_microcents,
            )?,
        })
    }
}

fn sum_within(ceiling: Option<u64>, used: u64, amount: u64) -> Option<u64> {
    let sum = used.saturating_add(amount);
    // Nothing fits under a ceiling that was lowered to below what is used.
    (amount == 0 || ceiling.is_none_or(|ceiling| sum <= ceiling)).then_some(sum)
}

/// What came of [`QuotaCounter::take`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taking {
    /// There was room, and it is counted: the sums after it.
    Taken(Used),
    /// One of the two would have gone over its ceiling, and neither is counted: the sums as they are.
    Refused(Used),
    /// Nothing is known of this key in this period: [`QuotaCounter::raise`] has to come first.
    Unknown,
}

/// Counts what is used of quotas and budgets. The counts are lost when the process, or the server
/// that shares them, ends: what is in the store then brings them back, by [`QuotaCounter::raise`].
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait QuotaCounter: Send + Sync {
    /// Adds `amount`, unless that would go over a ceiling. Of any number of calls at once exactly as
    /// many MUST be taken as there is room for, on all nodes that share the counter together. An
    /// amount of nothing asks for the sums, and is never refused; nor does it matter how much is used
    /// of what nothing is added to. Sums are exact to 2^53 - 1 at least, and never begin anew.
    ///
    /// Errors: `Unavailable` or `Timeout` when the counts can't be reached in the adapter's time
    /// limit; nothing is taken then.
    async fn take(&self, key: QuotaKey, amount: Used, ceiling: Ceiling) -> PortResult<Taking>;

    /// Makes each sum at least this much; one that is larger stays. From then on the key is known
    /// until its period ends.
    ///
    /// Errors: as [`QuotaCounter::take`].
    async fn raise(&self, key: QuotaKey, at_least: Used) -> PortResult<()>;
}
