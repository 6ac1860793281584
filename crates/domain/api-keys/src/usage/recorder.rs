//! Usage on its way to the store: queued at once, written in batches later.

use std::sync::Arc;

use altus4_kernel::{PortResult, WriteQueue, WriteTarget};
use async_trait::async_trait;

use crate::{UsageEvent, UsageStore};

/// A bounded queue of events before a [`UsageStore`]. Clones share it.
///
/// Whoever runs the service calls [`UsageRecorder::flush`] every second and at the end: a process
/// that is killed loses what was recorded after the last flush.
#[derive(Debug, Clone)]
pub struct UsageRecorder(WriteQueue<UsageEvent>);

struct IntoStore(Arc<dyn UsageStore>);

#[async_trait]
impl WriteTarget<UsageEvent> for IntoStore {
    async fn write(&self, events: &[UsageEvent]) -> PortResult<()> {
        self.0.append(events).await
    }
}

impl UsageRecorder {
    /// A recorder that keeps `capacity` events for this store at the most; at least one.
    #[must_use]
    pub fn new(store: Arc<dyn UsageStore>, capacity: usize) -> Self {
        Self(WriteQueue::new(Arc::new(IntoStore(store)), capacity))
    }

    /// Queues an event. Never waits for the store; when the queue is full, the event is dropped and
    /// counted in [`UsageRecorder::dropped`].
    pub fn record(&self, event: UsageEvent) {
        self.0.push(event);
    }

    /// Writes every event that was recorded before, oldest first, and tells how many it wrote; see
    /// [`WriteQueue::flush`].
    ///
    /// Errors: those of the store. What was written before is written.
    pub async fn flush(&self) -> PortResult<u64> {
        self.0.flush().await
    }

    /// How many events wait to be written.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.0.pending()
    }

    /// How many events were dropped since the start, because the queue was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.dropped()
    }
}

#[cfg(test)]
pub(crate) mod ledger;

#[cfg(test)]
mod tests;
