//! Work beside requests: the port of whoever runs it.

use std::pin::Pin;

/// Work that nobody waits for.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs work beside the request that began it, for domain code that knows no runtime.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Background: Send + Sync {
    /// Begins `work` and returns at once. It is run to its end, unless the process ends before.
    fn run(&self, work: Work);
}
