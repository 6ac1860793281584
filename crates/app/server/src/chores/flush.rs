//! Writes down what was recorded, each second and at the end.

use std::time::Duration;

use altus4_api_keys::UsageRecorder;
use altus4_kernel::PortResult;
use altus4_search::SearchRecorder;
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, timeout},
};

/// What a process that is killed loses at the most.
const PERIOD: Duration = Duration::from_secs(1);
/// How long the last flush may take.
const LAST_FLUSH: Duration = Duration::from_secs(5);

/// What is written down later than it happens.
pub(super) trait Recorder: Clone + Send + Sync + 'static {
    /// What it records, for the log.
    const WHAT: &'static str;

    fn flush(&self) -> impl Future<Output = PortResult<u64>> + Send;
    fn pending(&self) -> usize;
    fn dropped(&self) -> u64;
}

macro_rules! recorders {
    ($($recorder:ty: $what:literal;)*) => {$(
        impl Recorder for $recorder {
            const WHAT: &'static str = $what;

            async fn flush(&self) -> PortResult<u64> {
                Self::flush(self).await
            }

            fn pending(&self) -> usize {
                Self::pending(self)
            }

            fn dropped(&self) -> u64 {
                Self::dropped(self)
            }
        }
    )*};
}

recorders! {
    UsageRecorder: "usage";
    SearchRecorder: "searches";
}

/// The task that does it. Dropping this ends it, and what was not written yet is lost.
pub(super) struct Flush<R> {
    recorder: R,
    task: JoinHandle<()>,
}

impl<R: Recorder> Flush<R> {
    pub(super) fn start(recorder: R) -> Self {
        let task = tokio::spawn(each_second(recorder.clone()));
        Self { recorder, task }
    }

    /// Writes what is left, and ends the task.
    pub(super) async fn finish(self) {
        self.task.abort();
        let outcome = timeout(LAST_FLUSH, self.recorder.flush()).await;
        let (what, lost) = (R::WHAT, self.recorder.pending());
        match outcome {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(what, %error, lost, "record.last_flush_failed"),
            Err(_) => tracing::error!(what, lost, "record.last_flush_timed_out"),
        }
    }
}

impl<R> Drop for Flush<R> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn each_second<R: Recorder>(recorder: R) {
    let mut seconds = tokio::time::interval(PERIOD);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut failing, mut dropped) = (false, 0);
    loop {
        seconds.tick().await;
        match recorder.flush().await {
            Ok(_) if failing => {
                tracing::info!(what = R::WHAT, "record.flush_regained");
                failing = false;
            }
            Err(error) if !failing => {
                let pending = recorder.pending();
                tracing::warn!(what = R::WHAT, %error, pending, "record.flush_failed");
                failing = true;
            }
            // Told when it began.
            Ok(_) | Err(_) => {}
        }
        let now_dropped = recorder.dropped();
        if now_dropped > dropped {
            tracing::error!(what = R::WHAT, entries = now_dropped - dropped, "record.dropped");
            dropped = now_dropped;
        }
    }
}
