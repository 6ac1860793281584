//! Safe retries: the first answer to a request with an `Idempotency-Key` is kept and given again.

use std::time::Duration;

use altus4_kernel::{AccountId, PortResult, SealedSecret, Timestamp};
use async_trait::async_trait;

use crate::KeyDigest;

/// What an answer is kept under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RetryKey {
    /// The account that calls.
    pub account_id: AccountId,
    /// What its client calls the request: 1–255 printable ASCII characters.
    pub name: String,
}

/// An answer as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Its status.
    pub status: u16,
    /// Its body, sealed: it may hold a secret.
    pub body: SealedSecret,
}

/// What came of [`AnswerStore::claim`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nobody has asked this before: the caller does it, and then keeps its answer or lets go.
    Granted,
    /// It was answered: this is the answer.
    Answered(StoredAnswer),
    /// Somebody else is at it.
    UnderWay,
    /// The name stands for another request.
    Different,
}

/// Keeps first answers. One that is `lifetime` old is as if it had never been.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AnswerStore: Send + Sync {
    /// Takes a name for a request of this fingerprint (a digest of everything that was sent), at
    /// `now`. Of any number of calls at once for one name, one at the most MUST be granted. A claim
    /// that was neither answered nor let go `lease` after it was granted is granted anew for the same
    /// request: its node has died.
    async fn claim(
        &self,
        key: &RetryKey,
        fingerprint: KeyDigest,
        now: Timestamp,
        times: AnswerTimes,
    ) -> PortResult<Claim>;

    /// Keeps the answer to what was claimed. An answer that is kept already MUST stay as it is.
    async fn keep(&self, key: &RetryKey, answer: &StoredAnswer) -> PortResult<()>;

    /// Lets go of a claim without an answer, so that the next try does it all again. A claim that has
    /// its answer MUST stay.
    async fn release(&self, key: &RetryKey) -> PortResult<()>;

    /// Removes what was claimed before this, and tells how many rows went.
    async fn purge(&self, before: Timestamp) -> PortResult<u64>;
}

/// How long things hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerTimes {
    /// How long an answer is given again, from its claim on.
    pub lifetime: Duration,
    /// How long a claim without an answer keeps others out.
    pub lease: Duration,
}

/// An answer for 24 hours; a claim for 2 minutes, which no request takes.
impl Default for AnswerTimes {
    fn default() -> Self {
        Self { lifetime: Duration::from_hours(24), lease: Duration::from_mins(2) }
    }
}
