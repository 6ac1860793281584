//! Writes usage down, each second and at the end.

use std::time::Duration;

use altus4_api_keys::UsageRecorder;
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, timeout},
};

/// What a process that is killed loses at the most.
const PERIOD: Duration = Duration::from_secs(1);
/// How long the last flush may take.
const LAST_FLUSH: Duration = Duration::from_secs(5);

/// The task that does it. Dropping this ends it, and what was not written yet is lost.
pub(super) struct Flush {
    recorder: UsageRecorder,
    task: JoinHandle<()>,
}

impl Flush {
    pub(super) fn start(recorder: UsageRecorder) -> Self {
        let task = tokio::spawn(each_second(recorder.clone()));
        Self { recorder, task }
    }

    /// Writes what is left, and ends the task.
    pub(super) async fn finish(self) {
        self.task.abort();
        let outcome = timeout(LAST_FLUSH, self.recorder.flush()).await;
        let lost = self.recorder.pending();
        match outcome {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, lost, "usage.last_flush_failed"),
            Err(_) => tracing::error!(lost, "usage.last_flush_timed_out"),
        }
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn each_second(recorder: UsageRecorder) {
    let mut seconds = tokio::time::interval(PERIOD);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut failing, mut dropped) = (false, 0);
    loop {
        seconds.tick().await;
        match recorder.flush().await {
            Ok(_) if failing => {
                tracing::info!("usage.flush_regained");
                failing = false;
            }
            Err(error) if !failing => {
                tracing::warn!(%error, pending = recorder.pending(), "usage.flush_failed");
                failing = true;
            }
            // Told when it began.
            Ok(_) | Err(_) => {}
        }
        let now_dropped = recorder.dropped();
        if now_dropped > dropped {
            tracing::error!(requests = now_dropped - dropped, "usage.dropped");
            dropped = now_dropped;
        }
    }
}
