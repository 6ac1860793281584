//! Searches on their way to the log: queued at once, written in batches later.

use std::sync::Arc;

use altus4_kernel::{PortResult, WriteQueue, WriteTarget};
use async_trait::async_trait;

use crate::{SearchLog, SearchRecord};

/// A bounded queue of searches before a [`SearchLog`]. Clones share it. No search waits for it.
///
/// Whoever runs the service calls [`SearchRecorder::flush`] every second and at the end: a process that
/// is killed loses what was recorded after the last flush.
#[derive(Debug, Clone)]
pub struct SearchRecorder(WriteQueue<SearchRecord>);

struct IntoLog(Arc<dyn SearchLog>);

#[async_trait]
impl WriteTarget<SearchRecord> for IntoLog {
    async fn write(&self, searches: &[SearchRecord]) -> PortResult<()> {
        self.0.append(searches).await
    }
}

impl SearchRecorder {
    /// A recorder that keeps `capacity` searches for this log at the most; at least one.
    #[must_use]
    pub fn new(log: Arc<dyn SearchLog>, capacity: usize) -> Self {
        Self(WriteQueue::new(Arc::new(IntoLog(log)), capacity))
    }

    /// Queues a search. When the queue is full, it is dropped and counted in
    /// [`SearchRecorder::dropped`].
    pub fn record(&self, search: SearchRecord) {
        self.0.push(search);
    }

    /// Writes every search that was recorded before; see [`WriteQueue::flush`].
    ///
    /// Errors: those of the log. What was written before is written.
    pub async fn flush(&self) -> PortResult<u64> {
        self.0.flush().await
    }

    /// How many searches wait to be written.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.0.pending()
    }

    /// How many searches were dropped since the start, because the queue was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.dropped()
    }
}

#[cfg(test)]
mod tests {
    use altus4_kernel::{AccountId, PortError, PortErrorKind, System, testkit::block_on, uuid::Uuid};

    use super::*;
    use crate::{log::MockSearchLog, testkit::sample_record};

    #[test]
    fn a_log_that_is_down_for_a_minute_loses_nothing_up_to_the_bound_and_what_is_lost_is_counted() {
        let owner = AccountId::from_uuid(Uuid::from_u128(1));
        let mut log = MockSearchLog::new();
        let down = || PortError::new(PortErrorKind::Unavailable, System::Store, "searches.append");
        log.expect_append().times(60).returning(move |_| Err(down()));
        let written = Arc::new(std::sync::Mutex::new(Vec::new()));
        let kept = Arc::clone(&written);
        log.expect_append().returning(move |searches| {
            kept.lock().unwrap().extend(searches.iter().map(|search| search.id));
            Ok(())
        });
        let recorder = SearchRecorder::new(Arc::new(log), 600);
        let searches: Vec<_> = (1..=660).map(|number| sample_record(number, owner, "x")).collect();
        // Eleven a second, flushed each second, for a minute.
        for second in searches.chunks(11) {
            for search in second {
                recorder.record(search.clone());
            }
            block_on(recorder.flush()).unwrap_err();
        }
        assert_eq!((recorder.pending(), recorder.dropped()), (600, 60));
        assert_eq!(block_on(recorder.flush()).unwrap(), 600);
        let expected: Vec<_> = searches[..600].iter().map(|search| search.id).collect();
        assert_eq!(*written.lock().unwrap(), expected);
        recorder.record(searches[659].clone());
        assert_eq!((recorder.pending(), recorder.dropped()), (1, 60));
    }
}
