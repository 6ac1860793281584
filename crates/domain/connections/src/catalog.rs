//! Snapshots of schemas, kept in memory so that a search needn't read them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as SyncMutex, PoisonError},
    time::Duration,
};

use altus4_kernel::{Clock, ConnectionId, PortResult, Timestamp};
use futures::lock::Mutex;

use crate::{SchemaSnapshot, Target};

/// A snapshot and when it was read.
type Kept = Option<(Arc<SchemaSnapshot>, Timestamp)>;
/// One lock for each connection and generation: whoever holds it is reading.
type Slots = HashMap<(ConnectionId, u32), Arc<Mutex<Kept>>>;

/// Keeps one snapshot for each connection and generation. Calls that miss at once share one
/// reading.
pub struct SchemaCatalog {
    kept: SyncMutex<Slots>,
    clock: Arc<dyn Clock>,
    life: Duration,
}

impl SchemaCatalog {
    /// How many connections' snapshots are kept before those that are over are swept out.
    const SWEEP_AT: usize = 1_000;

    /// A catalog whose snapshots are good for `life`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, life: Duration) -> Self {
        Self { kept: SyncMutex::default(), clock, life }
    }

    /// The target's snapshot; `read` is awaited when there is none, when it is too old, or when
    /// `refresh` asks for it. A failed reading keeps nothing.
    ///
    /// # Errors
    /// Those of `read`.
    pub async fn get_or_read(
        &self,
        target: &Target,
        refresh: bool,
        read: impl Future<Output = PortResult<SchemaSnapshot>> + Send,
    ) -> PortResult<Arc<SchemaSnapshot>> {
        let slot = self.slot(target);
        let asked_at = self.clock.now();
        let mut kept = slot.lock().await;
        if let Some((snapshot, read_at)) = kept.as_ref() {
            // One that was read while this call waited its turn is fresh enough for anyone.
            let fresh = *read_at + self.life > asked_at && (!refresh || *read_at > asked_at);
            if fresh {
                return Ok(Arc::clone(snapshot));
            }
        }
        let snapshot = Arc::new(read.await?);
        *kept = Some((Arc::clone(&snapshot), self.clock.now()));
        Ok(snapshot)
    }

    /// Forgets what is kept of a connection.
    pub fn forget(&self, id: ConnectionId) {
        self.lock().retain(|(kept, _), _| *kept != id);
    }

    fn slot(&self, target: &Target) -> Arc<Mutex<Kept>> {
        let mut slots = self.lock();
        if slots.len() >= Self::SWEEP_AT {
            let oldest = self.clock.now() - self.life;
            slots.retain(|_, slot| {
                slot.try_lock().is_none_or(|kept| kept.as_ref().is_some_and(|(_, read_at)| *read_at > oldest))
            });
        }
        Arc::clone(slots.entry(target.pool_key()).or_default())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Slots> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
