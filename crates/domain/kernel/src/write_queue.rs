//! What is to be written down, on its way to a store: queued at once, written in batches later.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;

use crate::PortResult;

/// How many entries are written at once.
const BATCH: usize = 1_000;

/// Where a [`WriteQueue`] ends.
#[async_trait]
pub trait WriteTarget<T>: Send + Sync {
    /// Writes these entries, all or nothing. One that was written before changes nothing.
    async fn write(&self, entries: &[T]) -> PortResult<()>;
}

/// A bounded queue before a [`WriteTarget`]. Clones share it.
///
/// Whoever runs the service calls [`WriteQueue::flush`] every second and at the end: a process that is
/// killed loses what was queued after the last flush.
pub struct WriteQueue<T>(Arc<Inner<T>>);

struct Inner<T> {
    target: Arc<dyn WriteTarget<T>>,
    capacity: usize,
    queue: Mutex<Queue<T>>,
    /// Held by the flush that is at it.
    turn: futures::lock::Mutex<()>,
    dropped: AtomicU64,
}

struct Queue<T> {
    /// Oldest first.
    waiting: VecDeque<T>,
    /// How many are being written; they come before those that wait, and may come back.
    in_writing: usize,
}

impl<T: Send + Sync> WriteQueue<T> {
    /// A queue of `capacity` entries for this target at the most; at least one.
    #[must_use]
    pub fn new(target: Arc<dyn WriteTarget<T>>, capacity: usize) -> Self {
        Self(Arc::new(Inner {
            target,
            capacity: capacity.max(1),
            queue: Mutex::new(Queue { waiting: VecDeque::new(), in_writing: 0 }),
            turn: futures::lock::Mutex::new(()),
            dropped: AtomicU64::new(0),
        }))
    }

    /// Queues an entry. Never waits for the target; when the queue is full, the entry is dropped and
    /// counted in [`WriteQueue::dropped`].
    pub fn push(&self, entry: T) {
        let mut queue = self.0.queue();
        if queue.pending() < self.0.capacity {
            queue.waiting.push_back(entry);
        } else {
            drop(queue);
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Writes every entry that was queued before, oldest first, and tells how many it wrote. There is
    /// one flush at a time; another waits for it. What can't be written stays for the next one, also
    /// when the call is given up before its end.
    ///
    /// Errors: those of the target. What was written before is written.
    pub async fn flush(&self) -> PortResult<u64> {
        let _turn = self.0.turn.lock().await;
        let mut left = self.pending();
        let mut written = 0;
        // Entries that arrive meanwhile are for the next flush, or this one might never end.
        while left > 0 {
            let batch = Batch::take(&self.0, left.min(BATCH));
            let size = batch.entries.len();
            self.0.target.write(&batch.entries).await?;
            batch.done();
            written += size as u64;
            left -= size.min(left).max(1);
        }
        Ok(written)
    }
}

impl<T> WriteQueue<T> {
    /// How many entries wait to be written.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.0.queue().pending()
    }

    /// How many entries were dropped since the start, because the queue was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

impl<T> Clone for WriteQueue<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// How much is queued, and nothing of it.
impl<T> fmt::Debug for WriteQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteQueue")
            .field("pending", &self.pending())
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

impl<T> Inner<T> {
    fn queue(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Queue<T> {
    fn pending(&self) -> usize {
        self.waiting.len() + self.in_writing
    }
}

/// Entries that are being written. Dropped before they are done, they go back to where they were: an
/// entry that is written twice counts once.
struct Batch<'a, T> {
    queue: &'a Inner<T>,
    entries: Vec<T>,
}

impl<'a, T> Batch<'a, T> {
    fn take(inner: &'a Inner<T>, size: usize) -> Self {
        let mut queue = inner.queue();
        let size = size.min(queue.waiting.len());
        let entries: Vec<_> = queue.waiting.drain(..size).collect();
        queue.in_writing += size;
        drop(queue);
        Self { queue: inner, entries }
    }

    fn done(mut self) {
        let written = std::mem::take(&mut self.entries);
        self.queue.queue().in_writing -= written.len();
    }
}

impl<T> Drop for Batch<'_, T> {
    fn drop(&mut self) {
        let mut queue = self.queue.queue();
        queue.in_writing -= self.entries.len();
        for entry in self.entries.drain(..).rev() {
            queue.waiting.push_front(entry);
        }
    }
}
