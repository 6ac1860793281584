//! Time under the control of a test.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use crate::{Clock, Timer, Timestamp};

/// A clock that shows what it was told. Clones share the time.
#[derive(Debug, Clone)]
pub struct FixedClock(Arc<Mutex<Timestamp>>);

impl FixedClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Moves the time on.
    pub fn advance(&self, span: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = *now + span;
    }
}

/// Shows 2026-01-15T10:30:00.000Z.
impl Default for FixedClock {
    fn default() -> Self {
        Self::at(Timestamp::new(time::macros::datetime!(2026-01-15 10:30 UTC)))
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A timer whose waits are over at once, or never.
#[derive(Debug, Clone, Copy)]
pub enum InstantTimer {
    /// Every wait is over at once: every deadline passes.
    Elapsed,
    /// No wait ever ends: no deadline passes.
    Never,
}

#[async_trait]
impl Timer for InstantTimer {
    async fn sleep(&self, _span: Duration) {
        match self {
            Self::Elapsed => {}
            Self::Never => std::future::pending().await,
        }
    }
}
