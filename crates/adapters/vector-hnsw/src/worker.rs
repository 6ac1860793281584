//! The thread that makes graphs, writes logs anew, and closes what is idle.

use std::{
    collections::HashMap,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{error::Fault, shelf::Shelf};

/// How far behind others the thread stands: half as much of the processor as they get, or less.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;
/// How long it waits before it looks round without being called.
const ROUND: Duration = Duration::from_secs(30);
/// How long a collection is left alone that something went wrong with.
const REST: Duration = Duration::from_mins(1);

/// The thread, for as long as this is there.
#[derive(Debug)]
pub(crate) struct Worker {
    call: Mutex<Option<SyncSender<()>>>,
    is_stopped: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Worker {
    pub(crate) fn start(shelf: Arc<Shelf>) -> io::Result<Self> {
        let (call, calls) = sync_channel(1);
        let is_stopped = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&is_stopped);
        let run = move || {
            stand_back();
            Rounds { shelf, is_stopped: stopped, resting: HashMap::new() }.run(&calls);
        };
        let thread = thread::Builder::new().name("vectors".to_owned()).spawn(run)?;
        Ok(Self { call: Mutex::new(Some(call)), is_stopped, thread: Mutex::new(Some(thread)) })
    }

    /// There may be something to do.
    pub(crate) fn call(&self) {
        if let Some(call) = &*self.call.lock().unwrap_or_else(PoisonError::into_inner) {
            // If it was called already, it comes.
            let _ = call.try_send(());
        }
    }

    /// Waits until the thread has left what it was doing.
    pub(crate) fn stop(&self) {
        self.send_away();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("vectors.worker_panicked");
        }
    }

    fn send_away(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        self.call.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.send_away();
    }
}

struct Rounds {
    shelf: Arc<Shelf>,
    is_stopped: Arc<AtomicBool>,
    /// Until when a collection is left alone.
    resting: HashMap<altus4_kernel::VectorIndexId, Instant>,
}

impl Rounds {
    fn run(mut self, calls: &Receiver<()>) {
        let pause = ROUND.min(self.shelf.config.idle_after);
        while !matches!(calls.recv_timeout(pause), Err(RecvTimeoutError::Disconnected)) {
            while self.round() {}
            if !self.is_stopped() {
                self.shelf.close_idle();
            }
        }
    }

    /// Does a little for each collection; `true` where there is more to do.
    fn round(&mut self) -> bool {
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        let mut is_more = false;
        for (id, collection) in self.shelf.collections() {
            if self.is_stopped() {
                return false;
            }
            if self.resting.contains_key(&id) {
                continue;
            }
            match catch_unwind(AssertUnwindSafe(|| collection.tend())) {
                Ok(Ok(more)) => is_more |= more,
                Ok(Err(Fault::Spent)) => {}
                Ok(Err(error)) => {
                    tracing::warn!(collection = %id, %error, "vectors.tending_failed");
                    self.resting.insert(id, now + REST);
                }
                Err(_) => {
                    tracing::error!(collection = %id, "vectors.tending_panicked");
                    self.resting.insert(id, now + REST);
                }
            }
        }
        is_more
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }
}

/// Puts this thread behind the others. Where the system doesn't allow it, it competes with them.
fn stand_back() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICENESS);
}
