//! Which entities an account has: the store is asked at its first use, then memory answers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_connections::{Engine, SchemaSnapshot};
use altus4_kernel::{
    AccountId, Change, ChangeSubscriber, Clock, ConnectionId, Freshness, PortResult, Timestamp,
};

use crate::{Entity, EntityRepository, Shelf};

/// A shelf, and the schema that it was made of.
type Made = (Arc<SchemaSnapshot>, Arc<Shelf>);

/// The entities of one account, as the store told them at one moment.
pub(crate) struct OfAccount {
    pub(crate) entities: Vec<Entity>,
    asked_at: Timestamp,
    shelves: Mutex<HashMap<ConnectionId, Made>>,
}

impl OfAccount {
    /// The entities of a connection over its schema. Made once for each schema.
    pub(crate) fn shelf(
        &self,
        id: ConnectionId,
        snapshot: &Arc<SchemaSnapshot>,
        engine: Engine,
    ) -> Arc<Shelf> {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, shelf)) = shelves.get(&id)
            && Arc::ptr_eq(known, snapshot)
        {
            return Arc::clone(shelf);
        }
        let of_connection = self.entities.iter().filter(|entity| entity.connection_id == id);
        let made = Arc::new(Shelf::new(of_connection.cloned().collect(), snapshot, engine));
        shelves.insert(id, (Arc::clone(snapshot), Arc::clone(&made)));
        made
    }
}

/// The entities of accounts, as fresh as [`Freshness`] has it. Clones share what they remember.
#[derive(Clone)]
pub(crate) struct KnownEntities(Arc<Inner>);

struct Inner {
    entities: Arc<dyn EntityRepository>,
    clock: Arc<dyn Clock>,
    kept: Mutex<HashMap<AccountId, Arc<OfAccount>>>,
    freshness: Freshness,
}

impl KnownEntities {
    /// Of how many accounts entities are remembered before all are forgotten.
    const MAX_ACCOUNTS: usize = 1_000;

    pub(crate) fn new(entities: Arc<dyn EntityRepository>, clock: Arc<dyn Clock>) -> Self {
        let (kept, freshness) = (Mutex::default(), Freshness::default());
        Self(Arc::new(Inner { entities, clock, kept, freshness }))
    }

    /// The account's entities.
    ///
    /// Errors: those of the store, unless a copy is less than a minute old.
    pub(crate) async fn of(&self, account_id: AccountId) -> PortResult<Arc<OfAccount>> {
        let inner = &self.0;
        let kept = inner.kept().get(&account_id).cloned();
        // Read after the copy was: a copy is never younger than now.
        let now = inner.clock.now();
        if let Some(kept) = &kept
            && inner.freshness.is_good(kept.asked_at, now)
        {
            return Ok(Arc::clone(kept));
        }
        let (epoch, asked_at) = (inner.freshness.epoch(), now);
        match inner.entities.list(account_id).await {
            // What was made of the same entities is still good.
            Ok(entities) => {
                let shelves = match &kept {
                    Some(kept) if kept.entities == entities => {
                        kept.shelves.lock().unwrap_or_else(PoisonError::into_inner).clone()
                    }
                    _ => HashMap::new(),
                };
                let known = Arc::new(OfAccount { entities, asked_at, shelves: Mutex::new(shelves) });
                inner.freshness.keep(epoch, || {
                    let mut accounts = inner.kept();
                    if accounts.len() >= Self::MAX_ACCOUNTS {
                        accounts.clear();
                    }
                    accounts.insert(account_id, Arc::clone(&known));
                });
                Ok(known)
            }
            Err(error) => {
                kept.filter(|kept| Freshness::is_good_without_store(kept.asked_at, now)).ok_or(error)
            }
        }
    }
}

impl Inner {
    fn kept(&self) -> MutexGuard<'_, HashMap<AccountId, Arc<OfAccount>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ChangeSubscriber for KnownEntities {
    fn on_change(&self, change: Change) {
        let (Change::Entities(id) | Change::Account(id) | Change::Connection(id, _)) = change else { return };
        self.0.freshness.forget(|| self.0.kept().remove(&id));
    }

    fn on_gap(&self) {
        self.0.freshness.forget(|| self.0.kept().clear());
    }

    fn on_confirmed(&self, at: Timestamp) {
        self.0.freshness.confirm(at);
    }
}
