//! Removes for good, once an hour, what is left of accounts that were deactivated long ago, and of
//! sessions that are over.

use std::time::Duration;

use altus4_users::UserService;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

const PERIOD: Duration = Duration::from_hours(1);

/// The task that does it. Dropping this ends it; what a node leaves undone, it or another does later.
#[derive(Debug)]
pub(crate) struct Purge(JoinHandle<()>);

impl Purge {
    /// Begins at once. Accounts are kept for `kept` after they were deactivated.
    pub(crate) fn start(users: UserService, kept: Duration) -> Self {
        Self(tokio::spawn(async move {
            let mut hours = tokio::time::interval(PERIOD);
            hours.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                hours.tick().await;
                match users.purge_deactivated(kept).await {
                    Ok(0) => {}
                    Ok(purged) => tracing::info!(purged, "accounts.purged"),
                    Err(error) => tracing::warn!(%error, "accounts.purge_failed"),
                }
                match users.purge_sessions().await {
                    Ok(0) => {}
                    Ok(purged) => tracing::info!(purged, "sessions.purged"),
                    Err(error) => tracing::warn!(%error, "sessions.purge_failed"),
                }
            }
        }))
    }
}

impl Drop for Purge {
    fn drop(&mut self) {
        self.0.abort();
    }
}
