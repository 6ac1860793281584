//! Makes the indexes that users ask for.

use altus4_connections::IndexWorker;
use tokio::task::JoinHandle;

/// The task that does it. Dropping this ends it: what is under way is ended on its servers.
pub(super) struct Indexing(JoinHandle<()>);

impl Indexing {
    pub(super) fn start(worker: IndexWorker) -> Self {
        Self(tokio::spawn(worker.run()))
    }
}

impl Drop for Indexing {
    fn drop(&mut self) {
        self.0.abort();
    }
}
