//! Ids that a test can foresee.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::IdGenerator;

/// Ids 1, 2, 3 … in the last digits of an otherwise empty UUID.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl IdGenerator for SequentialIds {
    fn next_id(&self) -> Uuid {
        Uuid::from_u64_pair(0, self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}
