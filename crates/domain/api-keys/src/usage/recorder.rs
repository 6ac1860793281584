//! Usage on its way to the store: queued at once, written in batches later.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use altus4_kernel::PortResult;

use crate::{UsageEvent, UsageStore};

/// How many events are written at once.
const BATCH: usize = 1_000;

/// A bounded queue of events before a [`UsageStore`]. Clones share it.
///
/// Whoever runs the service calls [`UsageRecorder::flush`] every second and at the end: a process
/// that is killed loses what was recorded after the last flush.
#[derive(Clone)]
pub struct UsageRecorder(Arc<Inner>);

struct Inner {
    store: Arc<dyn UsageStore>,
    capacity: usize,
    queue: Mutex<Queue>,
    /// Held by the flush that is at it.
    turn: futures::lock::Mutex<()>,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Queue {
    /// Oldest first.
    waiting: VecDeque<UsageEvent>,
    /// How many are being written; they come before those that wait, and may come back.
    in_writing: usize,
}

impl UsageRecorder {
    /// A recorder that keeps `capacity` events for this store at the most; at least one.
    #[must_use]
    pub fn new(store: Arc<dyn UsageStore>, capacity: usize) -> Self {
        Self(Arc::new(Inner {
            store,
            capacity: capacity.max(1),
            queue: Mutex::default(),
            turn: futures::lock::Mutex::new(()),
            dropped: AtomicU64::new(0),
        }))
    }

    /// Queues an event. Never waits for the store; when the queue is full, the event is dropped and
    /// counted in [`UsageRecorder::dropped`].
    pub fn record(&self, event: UsageEvent) {
        let mut queue = self.0.queue();
        if queue.pending() < self.0.capacity {
            queue.waiting.push_back(event);
        } else {
            drop(queue);
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Writes every event that was recorded before, oldest first, and tells how many it wrote. There
    /// is one flush at a time; another waits for it. What can't be written stays for the next one,
    /// also when the call is given up before its end.
    ///
    /// Errors: those of the store. What was written before is written.
    pub async fn flush(&self) -> PortResult<u64> {
        let _turn = self.0.turn.lock().await;
        let mut left = self.pending();
        let mut written = 0;
        // Events that arrive meanwhile are for the next flush, or this one might never end.
        while left > 0 {
            let batch = Batch::take(&self.0, left.min(BATCH));
            let size = batch.events.len();
            self.0.store.append(&batch.events).await?;
            batch.done();
            written += size as u64;
            left -= size.min(left).max(1);
        }
        Ok(written)
    }

    /// How many events wait to be written.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.0.queue().pending()
    }

    /// How many events were dropped since the start, because the queue was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

/// How much is queued, and nothing of it.
impl fmt::Debug for UsageRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsageRecorder")
            .field("pending", &self.pending())
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn pending(&self) -> usize {
        self.waiting.len() + self.in_writing
    }
}

/// Events that are being written. Dropped before they are done, they go back to where they were: an
/// event that is written twice counts once.
struct Batch<'a> {
    recorder: &'a Inner,
    events: Vec<UsageEvent>,
}

impl<'a> Batch<'a> {
    fn take(recorder: &'a Inner, size: usize) -> Self {
        let mut queue = recorder.queue();
        let size = size.min(queue.waiting.len());
        let events: Vec<_> = queue.waiting.drain(..size).collect();
        queue.in_writing += size;
        drop(queue);
        Self { recorder, events }
    }

    fn done(mut self) {
        let written = std::mem::take(&mut self.events);
        self.recorder.queue().in_writing -= written.len();
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let mut queue = self.recorder.queue();
        queue.in_writing -= self.events.len();
        for event in self.events.drain(..).rev() {
            queue.waiting.push_front(event);
        }
    }
}

#[cfg(test)]
pub(crate) mod ledger;

#[cfg(test)]
mod tests;
