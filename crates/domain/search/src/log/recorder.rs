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
