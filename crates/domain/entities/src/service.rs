//! The use cases of entities.

mod includes;
mod listing;
mod outcome;
mod reading;
mod registry;
mod writing;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use altus4_connections::{ByEngine, ConnectionError, ConnectionService, Target};
use altus4_kernel::{
    AccountId, Change, ChangeFeed, ChangeSubscriber, Clock, ConnectionId, IdGenerator, SecretCipher,
    Timestamp,
};

pub use self::{
    listing::RecordPage,
    registry::{NewEntity, Registered, RegistryChange, Standing},
    writing::{Created, Put},
};
use crate::{
    EntityError, EntityName, EntityRepository, EntityView, Operation, Records,
    known::{KnownEntities, OfAccount},
    shelf::Shelf,
};

/// What the service works through.
pub struct EntityPorts {
    /// Where entities are kept.
    pub entities: Arc<dyn EntityRepository>,
    /// Who reads and writes rows.
    pub records: ByEngine<dyn Records>,
    /// Users' databases.
    pub connections: ConnectionService,
    /// Seals cursors.
    pub cipher: Arc<dyn SecretCipher>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<dyn IdGenerator>,
}

/// Registers tables as entities, and reads and writes their records.
///
/// It goes by copies of what the store says of an account's entities, which are as fresh as
/// [`Freshness`](altus4_kernel::Freshness) has it, so it has to hear of changes ([`ChangeSubscriber`]);
/// clones share their copies.
#[derive(Clone)]
pub struct EntityService {
    ports: Arc<EntityPorts>,
    known: KnownEntities,
    reserved: Arc<BTreeSet<String>>,
    changes: ChangeFeed,
}

/// An entity that is about to be used: its place among those of its connection, and the way to it.
pub(crate) struct Desk {
    shelf: Arc<Shelf>,
    at: usize,
    target: Target,
    records: Arc<dyn Records>,
    deadline: Duration,
}

impl Desk {
    pub(crate) fn view(&self) -> Result<&EntityView, EntityError> {
        view_of(&self.shelf, self.at)
    }

    pub(crate) fn allowing(&self, operation: Operation) -> Result<&EntityView, EntityError> {
        let view = self.view()?;
        if view.allows(operation) {
            return Ok(view);
        }
        Err(EntityError::NotOffered { tried: operation, offered: view.operations.clone() })
    }
}

/// An entity as its metadata tells it.
#[derive(Debug, Clone)]
pub struct Described {
    shelf: Arc<Shelf>,
    at: usize,
}

impl Described {
    /// The entity.
    ///
    /// # Errors
    /// [`EntityError::SchemaChanged`].
    pub fn view(&self) -> Result<&EntityView, EntityError> {
        view_of(&self.shelf, self.at)
    }

    /// The name of the entity at this place, where a relation leads.
    #[must_use]
    pub fn name_at(&self, at: usize) -> Option<&EntityName> {
        self.shelf.entities().get(at).map(|entity| &entity.name)
    }
}

fn view_of(shelf: &Shelf, at: usize) -> Result<&EntityView, EntityError> {
    match shelf.view(at) {
        Some(Ok(view)) => Ok(view),
        Some(Err(drift)) => Err(EntityError::SchemaChanged(
            format!("{}; change the entity, or register it anew", drift.0),
            None,
        )),
        None => Err(EntityError::NotFound(String::new())),
    }
}

impl EntityService {
    /// The most entities of an account.
    pub const MAX_ENTITIES: u32 = 2_000;
    /// The most records that are made, changed or deleted by one call.
    pub const MAX_RECORDS: usize = 1_000;

    /// The service over these ports. It tells its changes to itself alone. `reserved` are the names that no entity may have: the first
    /// segments of the API's own paths.
    #[must_use]
    pub fn new(ports: EntityPorts, reserved: BTreeSet<String>) -> Self {
        let known = KnownEntities::new(Arc::clone(&ports.entities), Arc::clone(&ports.clock));
        let changes = ChangeFeed::new(vec![Arc::new(known.clone())], None);
        Self { ports: Arc::new(ports), known, reserved: Arc::new(reserved), changes }
    }

    /// The same service, which tells its changes to this feed. A clone of the service has to be among
    /// the feed's subscribers.
    #[must_use]
    pub fn announcing(self, changes: ChangeFeed) -> Self {
        Self { changes, ..self }
    }

    /// Whether there is an entity of this name, whoever may have it: for telling whoever shows no
    /// credential that one is needed.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn is_known(&self, name: &str) -> Result<bool, EntityError> {
        match EntityName::parse(name) {
            Some(name) => Ok(self.ports.entities.is_known(&name).await?),
            None => Ok(false),
        }
    }

    /// The entity of this name, held against its schema as it was read at most five minutes ago.
    async fn desk(&self, account_id: AccountId, name: &str) -> Result<Desk, EntityError> {
        let not_found = || EntityError::NotFound(name.chars().take(EntityName::MAX_CHARS).collect());
        let name = EntityName::parse(name).ok_or_else(not_found)?;
        let known = self.known.of(account_id).await?;
        let entity = known.entities.iter().find(|entity| entity.name == name).ok_or_else(not_found)?;
        let (target, entities) = match self.read_shelf(&known, account_id, entity.connection_id, false).await
        {
            Ok(found) => found,
            // A connection that was removed a moment ago takes its entities with it.
            Err(EntityError::Connection(ConnectionError::NotFound(_))) => return Err(not_found()),
            Err(error) => return Err(error),
        };
        let at = entities.position(&name).ok_or_else(not_found)?;
        let engine = target.connection.engine;
        let records = self.ports.records.get(engine).ok_or(ConnectionError::EngineUnavailable(engine))?;
        let deadline = target.connection.options.timeout();
        Ok(Desk { shelf: entities, at, records: Arc::clone(records), target, deadline })
    }

    /// The entities of a connection over its schema; `refresh` reads it anew.
    async fn read_shelf(
        &self,
        known: &OfAccount,
        account_id: AccountId,
        id: ConnectionId,
        refresh: bool,
    ) -> Result<(Target, Arc<Shelf>), EntityError> {
        let target = self.ports.connections.background(account_id, id).await?;
        let snapshot = self.ports.connections.read_schema(&target, refresh).await?;
        let of_connection = known.shelf(id, &snapshot, target.connection.engine);
        Ok((target, of_connection))
    }

    async fn announce(&self, account_id: AccountId) {
        self.changes.announce(Change::Entities(account_id)).await;
    }
}

impl ChangeSubscriber for EntityService {
    fn on_change(&self, change: Change) {
        self.known.on_change(change);
    }

    fn on_gap(&self) {
        self.known.on_gap();
    }

    fn on_confirmed(&self, at: Timestamp) {
        self.known.on_confirmed(at);
    }
}

#[cfg(test)]
mod tests;
