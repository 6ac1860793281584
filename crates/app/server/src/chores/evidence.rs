//! Writes down what was searched, every few seconds and at the end: evidence for advice on indexes.

use std::time::Duration;

use altus4_connections::EvidenceRecorder;
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, timeout},
};

/// What a process that is killed loses at the most.
const PERIOD: Duration = Duration::from_secs(5);
/// How long the last flush may take.
const LAST_FLUSH: Duration = Duration::from_secs(5);

/// The task that does it. Dropping this ends it, and what was not written yet is lost.
pub(super) struct EvidenceFlush {
    recorder: EvidenceRecorder,
    task: JoinHandle<()>,
}

impl EvidenceFlush {
    pub(super) fn start(recorder: EvidenceRecorder) -> Self {
        let task = tokio::spawn(from_time_to_time(recorder.clone()));
        Self { recorder, task }
    }

    /// Writes what is left, and ends the task.
    pub(super) async fn finish(self) {
        self.task.abort();
        match timeout(LAST_FLUSH, self.recorder.flush()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "evidence.last_flush_failed"),
            Err(_) => tracing::warn!("evidence.last_flush_timed_out"),
        }
    }
}

impl Drop for EvidenceFlush {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn from_time_to_time(recorder: EvidenceRecorder) {
    let mut periods = tokio::time::interval(PERIOD);
    periods.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut failing, mut dropped) = (false, 0);
    loop {
        periods.tick().await;
        let outcome = recorder.flush().await;
        if let Err(error) = &outcome
            && !failing
        {
            tracing::warn!(%error, "evidence.flush_failed");
        }
        failing = outcome.is_err();
        let now_dropped = recorder.dropped();
        if now_dropped > dropped {
            tracing::warn!(searches = now_dropped - dropped, "evidence.dropped");
            dropped = now_dropped;
        }
    }
}
