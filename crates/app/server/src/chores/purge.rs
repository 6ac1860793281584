//! Removes for good, once an hour, what is left of accounts that were deactivated long ago, sessions
//! that are over, usage and searches that are old, and answers that nobody is given again.

use std::{fmt::Display, sync::Arc, time::Duration};

use altus4_analytics::{AnalyticsKeeper, day_of};
use altus4_api_keys::{SafeRetries, UsageStore};
use altus4_kernel::{Clock, PortResult};
use altus4_search::HistoryService;
use altus4_users::UserService;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

const PERIOD: Duration = Duration::from_hours(1);
/// How long single requests of keys are kept.
const REQUESTS_KEPT: Duration = Duration::from_hours(90 * 24);
/// How long the sums of their hours are kept.
const SUMS_KEPT: Duration = Duration::from_hours(400 * 24);
/// A rest between two batches, so that others get to write.
const REST: Duration = Duration::from_millis(50);

/// What it is done with.
pub(super) struct Purged {
    pub(super) users: UserService,
    /// How long what is left of deactivated accounts is kept.
    pub(super) purge_after: Duration,
    pub(super) usage: Arc<dyn UsageStore>,
    pub(super) history: HistoryService,
    pub(super) search_sums: Arc<dyn AnalyticsKeeper>,
    /// How long single searches are kept.
    pub(super) searches_kept: Duration,
    /// How long the sums of their months are kept.
    pub(super) search_sums_kept: Duration,
    pub(super) retries: SafeRetries,
    pub(super) clock: Arc<dyn Clock>,
}

/// The task that does it. Dropping this ends it; what a node leaves undone, it or another does later.
#[derive(Debug)]
pub(super) struct Purge(JoinHandle<()>);

impl Purge {
    /// Begins at once.
    pub(super) fn start(chores: Purged) -> Self {
        Self(tokio::spawn(async move {
            let mut hours = tokio::time::interval(PERIOD);
            hours.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                hours.tick().await;
                tell("accounts", chores.users.purge_deactivated(chores.purge_after).await);
                tell("sessions", chores.users.purge_sessions().await);
                tell("usage", purge_usage(&chores).await);
                tell("searches", purge_searches(&chores).await);
                tell("search sums", purge_search_sums(&chores).await);
                tell("answers", chores.retries.purge().await);
            }
        }))
    }
}

impl Drop for Purge {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn purge_usage(chores: &Purged) -> PortResult<u64> {
    let now = chores.clock.now();
    let mut all = 0;
    loop {
        let purged = chores.usage.purge(now - REQUESTS_KEPT, now - SUMS_KEPT).await?;
        if purged == 0 {
            return Ok(all);
        }
        all += purged;
        tokio::time::sleep(REST).await;
    }
}

async fn purge_searches(chores: &Purged) -> PortResult<u64> {
    let mut all = 0;
    loop {
        let purged = chores.history.purge(chores.searches_kept).await?;
        if purged == 0 {
            return Ok(all);
        }
        all += purged;
        tokio::time::sleep(REST).await;
    }
}

async fn purge_search_sums(chores: &Purged) -> PortResult<u64> {
    // Sums are never gone before what they are the sums of.
    let kept = chores.search_sums_kept.max(chores.searches_kept);
    let mut all = 0;
    loop {
        let purged = chores.search_sums.purge(day_of(chores.clock.now() - kept)).await?;
        if purged == 0 {
            return Ok(all);
        }
        all += purged;
        tokio::time::sleep(REST).await;
    }
}

fn tell<E: Display>(what: &str, outcome: Result<u64, E>) {
    match outcome {
        Ok(0) => {}
        Ok(purged) => tracing::info!(what, purged, "purge.done"),
        Err(error) => tracing::warn!(what, %error, "purge.failed"),
    }
}
