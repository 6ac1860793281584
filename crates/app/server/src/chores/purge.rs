//! Removes for good, once an hour, what is left of accounts that were deactivated long ago, sessions
//! that are over, usage that is old, and answers that nobody is given again.

use std::{fmt::Display, time::Duration};

use altus4_kernel::PortResult;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

use super::Chores;

const PERIOD: Duration = Duration::from_hours(1);
/// How long single requests of keys are kept.
const REQUESTS_KEPT: Duration = Duration::from_hours(90 * 24);
/// How long the sums of their hours are kept.
const SUMS_KEPT: Duration = Duration::from_hours(400 * 24);
/// A rest between two batches, so that others get to write.
const REST: Duration = Duration::from_millis(50);

/// The task that does it. Dropping this ends it; what a node leaves undone, it or another does later.
#[derive(Debug)]
pub(super) struct Purge(JoinHandle<()>);

impl Purge {
    /// Begins at once.
    pub(super) fn start(chores: Chores) -> Self {
        Self(tokio::spawn(async move {
            let mut hours = tokio::time::interval(PERIOD);
            hours.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                hours.tick().await;
                tell("accounts", chores.users.purge_deactivated(chores.purge_after).await);
                tell("sessions", chores.users.purge_sessions().await);
                tell("usage", purge_usage(&chores).await);
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

async fn purge_usage(chores: &Chores) -> PortResult<u64> {
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

fn tell<E: Display>(what: &str, outcome: Result<u64, E>) {
    match outcome {
        Ok(0) => {}
        Ok(purged) => tracing::info!(what, purged, "purge.done"),
        Err(error) => tracing::warn!(what, %error, "purge.failed"),
    }
}
