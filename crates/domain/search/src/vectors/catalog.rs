//! Which tables have vectors, remembered between searches.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::{
    Change, ChangeSubscriber, Clock, ConnectionId, Freshness, PortResult, Timestamp, uuid::Uuid,
};
use async_trait::async_trait;

use crate::{ReadyVectors, VectorCatalog, VectorIndexRecord, VectorIndexRepository};

/// Of how many connections it is remembered.
const MOST: usize = 10_000;

/// The vectors that are built, as the store last told them. How old that may be is [`Freshness`]'s to
/// say; it has to hear of changes ([`ChangeSubscriber`]). Clones share what they remember.
#[derive(Clone)]
pub struct KeptVectorCatalog(Arc<Inner>);

struct Inner {
    records: Arc<dyn VectorIndexRepository>,
    clock: Arc<dyn Clock>,
    place: Uuid,
    kept: Mutex<Kept>,
    freshness: Freshness,
}

type Kept = HashMap<ConnectionId, (Arc<[ReadyVectors]>, Timestamp)>;

impl KeptVectorCatalog {
    /// A catalog of what is in this store and has its vectors at this place.
    #[must_use]
    pub fn new(records: Arc<dyn VectorIndexRepository>, clock: Arc<dyn Clock>, place: Uuid) -> Self {
        let (kept, freshness) = (Mutex::default(), Freshness::default());
        Self(Arc::new(Inner { records, clock, place, kept, freshness }))
    }
}

impl Inner {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl VectorCatalog for KeptVectorCatalog {
    async fn ready(&self, connection: ConnectionId) -> PortResult<Arc<[ReadyVectors]>> {
        let inner = &self.0;
        let kept = inner.kept().get(&connection).cloned();
        if let Some((ready, asked_at)) = kept
            && inner.freshness.is_good(asked_at, inner.clock.now())
        {
            return Ok(ready);
        }
        let (epoch, asked_at) = (inner.freshness.epoch(), inner.clock.now());
        let records = inner.records.list(connection).await?;
        let ready: Arc<[ReadyVectors]> =
            records.iter().filter_map(|record| ready(record, inner.place)).collect();
        inner.freshness.keep(epoch, || {
            let mut kept = inner.kept();
            if kept.len() >= MOST {
                kept.clear();
            }
            kept.insert(connection, (Arc::clone(&ready), asked_at));
        });
        Ok(ready)
    }
}

fn ready(record: &VectorIndexRecord, place: Uuid) -> Option<ReadyVectors> {
    record.built_at.filter(|_| record.place == Some(place))?;
    Some(ReadyVectors {
        collection: record.id,
        table: record.spec.table.clone(),
        columns: record.spec.columns.clone(),
        model: record.model.clone()?,
    })
}

impl ChangeSubscriber for KeptVectorCatalog {
    fn on_change(&self, change: Change) {
        if let Change::Connection(_, id) = change {
            self.0.freshness.forget(|| self.0.kept().remove(&id));
        }
    }

    fn on_gap(&self) {
        self.0.freshness.forget(|| self.0.kept().clear());
    }

    fn on_confirmed(&self, at: Timestamp) {
        self.0.freshness.confirm(at);
    }
}
