//! Turns at hashing: few at once, on threads that yield to requests, with memory that they hand on.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use altus4_kernel::{PortErrorKind, PortResult};
use argon2::Block;
use tokio::sync::{Semaphore, oneshot};

use crate::error::crypto;

/// How far hashing stands back behind everything else (`nice`, Linux): where both want a core, a hash
/// gets about a tenth of it. Logins go on under a load of searches, and hardly slow one down.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Bounds how many hashes run and how many wait.
pub(super) struct Turns {
    /// One permit for each call that runs or waits.
    admitted: Arc<Semaphore>,
    max_admitted: usize,
    /// One permit for each hash that runs.
    running: Arc<Semaphore>,
    spare: Arc<Spare>,
}

impl Turns {
    /// So many at once, and so many more waiting.
    pub(super) fn new(max_concurrent: usize, max_waiting: usize) -> Self {
        let max_concurrent = max_concurrent.min(Semaphore::MAX_PERMITS);
        let max_admitted = max_concurrent.saturating_add(max_waiting).min(Semaphore::MAX_PERMITS);
        Self {
            admitted: Arc::new(Semaphore::new(max_admitted)),
            max_admitted,
            running: Arc::new(Semaphore::new(max_concurrent)),
            spare: Arc::default(),
        }
    }

    /// Runs `work` on a thread of its own when its turn comes. It keeps its turn to the end also when
    /// the caller has gone away meanwhile, since the thread and the memory stay taken.
    ///
    /// The threads are not the runtime's: those have other work too, and a thread that has stood back
    /// once can't come forward again.
    pub(super) async fn take<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Memory) -> PortResult<T> + Send + 'static,
    ) -> PortResult<T> {
        let admitted = Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map_err(|full| crypto(PortErrorKind::Unavailable, operation).with_source(full))?;
        let running = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|closed| crypto(PortErrorKind::Unexpected, operation).with_source(closed))?;
        let (all, max_admitted) = (Arc::clone(&self.admitted), self.max_admitted);
        let (spare, (done, result)) = (Arc::clone(&self.spare), oneshot::channel());
        let run = move || {
            stand_back();
            let mut memory = spare.take();
            let result = work(&mut memory);
            spare.give_back(memory);
            drop((running, admitted));
            // Who has gone away is not told.
            let _ = done.send(result);
            if all.available_permits() == max_admitted {
                spare.release();
            }
        };
        thread::Builder::new()
            .name("password-hash".to_owned())
            .spawn(run)
            .map_err(|error| crypto(PortErrorKind::Unavailable, operation).with_source(error))?;
        // Without a result the thread has panicked.
        result
            .await
            .unwrap_or_else(|gone| Err(crypto(PortErrorKind::Unexpected, operation).with_source(gone)))
    }

    #[cfg(test)]
    pub(super) fn running(&self) -> &Arc<Semaphore> {
        &self.running
    }
}

/// Puts this thread behind the others. Where the system doesn't allow it, hashing competes with them.
fn stand_back() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

/// What argon2 works in.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    /// So many blocks, whatever is in them.
    ///
    /// Errors: `Unavailable` when the system has no memory left.
    pub(super) fn blocks(&mut self, count: usize, operation: &'static str) -> PortResult<&mut [Block]> {
        let missing = count.saturating_sub(self.0.len());
        self.0
            .try_reserve_exact(missing)
            .map_err(|error| crypto(PortErrorKind::Unavailable, operation).with_source(error))?;
        self.0.resize(self.0.len() + missing, Block::new());
        Ok(&mut self.0[..count])
    }
}

/// Memory that waits for the next turn: to get it from the system anew takes a third of a hash's time,
/// and holds up every other thread that wants some. As much as hashes run at once.
#[derive(Default)]
struct Spare(Mutex<Vec<Memory>>);

impl Spare {
    fn take(&self) -> Memory {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn give_back(&self, memory: Memory) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }

    /// Gives all of it back to the system.
    fn release(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").field("running", &self.running).finish_non_exhaustive()
    }
}
