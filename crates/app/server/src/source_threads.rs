//! Where users' databases are talked to: threads that do nothing else.
//!
//! A statement goes through three tasks: the call, the driver and the guard. Among many threads each
//! wakes another one; on one thread they follow each other without a switch.

use std::{io, num::NonZero, thread};

use tokio::runtime::{Builder, EnterGuard, Runtime};

/// The threads. They end when this is dropped, and so does what still runs on them.
pub(crate) struct SourceThreads(Option<Runtime>);

impl SourceThreads {
    /// Starts one for every two cores: the work on answers is done elsewhere.
    pub(crate) fn start() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let threads = Builder::new_multi_thread()
            .worker_threads((cores / 2).max(1))
            .thread_name("sources")
            .enable_all()
            .build()?;
        Ok(Self(Some(threads)))
    }

    /// Makes them the runtime of whatever is made until the guard is dropped.
    pub(crate) fn enter(&self) -> Option<EnterGuard<'_>> {
        self.0.as_ref().map(Runtime::enter)
    }
}

impl Drop for SourceThreads {
    fn drop(&mut self) {
        if let Some(threads) = self.0.take() {
            // Waiting is not for a thread of another runtime.
            threads.shutdown_background();
        }
    }
}
