//! The domain's [`Timer`] and [`Background`] over the runtime's.

use std::time::Duration;

use altus4_kernel::{Background, Timer, Work};
use async_trait::async_trait;

/// Waits without holding a thread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokioTimer;

#[async_trait]
impl Timer for TokioTimer {
    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}

/// Runs work on the runtime's threads, like requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokioBackground;

impl Background for TokioBackground {
    fn run(&self, work: Work) {
        drop(tokio::spawn(work));
    }
}
