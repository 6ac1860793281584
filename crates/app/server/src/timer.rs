//! The domain's [`Timer`] over the runtime's.

use std::time::Duration;

use altus4_kernel::Timer;
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
