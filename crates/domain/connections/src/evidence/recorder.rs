//! Evidence on its way to the store: counted at once, written in batches later.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use altus4_kernel::{Clock, ConnectionId, PortResult};

use super::{EvidenceStore, Tally};
use crate::{SearchEvidence, Searched};

/// Counts searches before an [`EvidenceStore`]. Clones share their counts.
///
/// Whoever runs the service calls [`EvidenceRecorder::flush`] every few seconds and at the end: a
/// process that is killed loses what was counted after the last flush.
#[derive(Clone)]
pub struct EvidenceRecorder(Arc<Inner>);

/// A table of a connection.
type Place = (ConnectionId, String);

struct Inner {
    store: Arc<dyn EvidenceStore>,
    clock: Arc<dyn Clock>,
    /// How many tables are counted at the most between two flushes.
    capacity: usize,
    counted: Mutex<HashMap<Place, Vec<Tally>>>,
    /// Held by the flush that is at it.
    turn: futures::lock::Mutex<()>,
    dropped: AtomicU64,
}

impl EvidenceRecorder {
    /// A recorder that counts the searches of `capacity` tables at the most between two flushes.
    #[must_use]
    pub fn new(store: Arc<dyn EvidenceStore>, clock: Arc<dyn Clock>, capacity: usize) -> Self {
        let (turn, dropped) = (futures::lock::Mutex::new(()), AtomicU64::new(0));
        Self(Arc::new(Inner { store, clock, capacity, counted: Mutex::default(), turn, dropped }))
    }

    /// Writes what was counted, and tells how many tallies that were. What can't be written is
    /// counted on.
    ///
    /// Errors: those of the store.
    pub async fn flush(&self) -> PortResult<usize> {
        let _turn = self.0.turn.lock().await;
        let taken = std::mem::take(&mut *self.0.counted());
        let mut writing = Writing { inner: &self.0, tallies: taken.into_values().flatten().collect() };
        if !writing.tallies.is_empty() {
            self.0.store.add(&writing.tallies).await?;
        }
        let written = writing.tallies.len();
        writing.tallies.clear();
        Ok(written)
    }

    /// What is kept of a connection, with what was counted here.
    ///
    /// Errors: those of the store.
    pub async fn list(&self, connection_id: ConnectionId) -> PortResult<Vec<Tally>> {
        self.flush().await?;
        self.0.store.list(connection_id).await
    }

    /// How many searches were not counted since the start, as those of too many tables were.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

impl SearchEvidence for EvidenceRecorder {
    fn note(&self, searched: Searched) {
        let Searched { connection_id, table, columns, access, took } = searched;
        let last_seen = self.0.clock.now();
        self.0.count(Tally { connection_id, table, columns, access, searches: 1, took, last_seen });
    }
}

impl Inner {
    fn count(&self, tally: Tally) {
        let place = (tally.connection_id, tally.table.clone());
        let mut counted = self.counted();
        if counted.len() >= self.capacity && !counted.contains_key(&place) {
            drop(counted);
            self.dropped.fetch_add(tally.searches, Ordering::Relaxed);
            return;
        }
        Tally::add_to(counted.entry(place).or_default(), tally);
    }

    fn counted(&self) -> MutexGuard<'_, HashMap<Place, Vec<Tally>>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tallies that are being written. Those that were not, also because the call was given up, are
/// counted on.
struct Writing<'a> {
    inner: &'a Inner,
    tallies: Vec<Tally>,
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.tallies.drain(..).for_each(|tally| self.inner.count(tally));
    }
}

/// How much is counted, and nothing of it.
impl fmt::Debug for EvidenceRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvidenceRecorder")
            .field("tables", &self.0.counted().len())
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use altus4_kernel::{
        PortError, PortErrorKind, System,
        testkit::{FixedClock, block_on},
        uuid::Uuid,
    };

    use super::*;
    use crate::{Access, evidence::MockEvidenceStore, testkit::InMemoryEvidence};

    fn searched(table: &str) -> Searched {
        Searched {
            connection_id: ConnectionId::from_uuid(Uuid::from_u128(1)),
            table: table.to_owned(),
            columns: vec!["body".to_owned()],
            access: Access::Scanned,
            took: Duration::from_millis(3),
        }
    }

    fn recorder(store: Arc<dyn EvidenceStore>) -> EvidenceRecorder {
        EvidenceRecorder::new(store, Arc::new(FixedClock::default()), 2)
    }

    #[test]
    fn searches_of_the_same_columns_are_one_tally() {
        let recorder = recorder(Arc::new(InMemoryEvidence::default()));
        for _ in 0..3 {
            recorder.note(searched("articles"));
        }
        let kept = block_on(recorder.list(searched("articles").connection_id)).unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!((kept[0].searches, kept[0].took), (3, Duration::from_millis(9)));
        assert_eq!(block_on(recorder.flush()).unwrap(), 0, "nothing is written twice");
    }

    #[test]
    fn what_cannot_be_written_is_counted_on() {
        let mut store = MockEvidenceStore::new();
        let mut calls = 0;
        store.expect_add().returning(move |tallies| {
            calls += 1;
            assert_eq!(tallies[0].searches, calls);
            Err(PortError::new(PortErrorKind::Unavailable, System::Store, "evidence.add"))
        });
        let recorder = recorder(Arc::new(store));
        for _ in 0..3 {
            recorder.note(searched("articles"));
            block_on(recorder.flush()).unwrap_err();
        }
    }

    #[test]
    fn the_searches_of_too_many_tables_are_not_counted() {
        let recorder = recorder(Arc::new(InMemoryEvidence::default()));
        for table in ["a", "b", "c", "a"] {
            recorder.note(searched(table));
        }
        assert_eq!(block_on(recorder.flush()).unwrap(), 2);
        assert_eq!(recorder.dropped(), 1);
    }
}
