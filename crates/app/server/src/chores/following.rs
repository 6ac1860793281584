//! Builds the vectors that users ask for, and follows the rows they were made of.

use altus4_search::VectorWorker;
use tokio::task::JoinHandle;

/// The task that does it. Dropping this ends it: what is under way is gone on with by whoever comes next.
pub(super) struct Following(JoinHandle<()>);

impl Following {
    pub(super) fn start(worker: VectorWorker) -> Self {
        Self(tokio::spawn(worker.run()))
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}
