//! Entities in memory.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::{
    AccountId, AuditEvent, AuditLog, ConnectionId, EntityId, PortError, PortErrorKind, PortResult, System,
    testkit::InMemoryAuditLog,
};
use async_trait::async_trait;

use crate::{ENTITY_LIMIT_CONSTRAINT, ENTITY_NAME_CONSTRAINT, Entity, EntityName, EntityRepository};

/// A repository of entities. It keeps them for the connections it was told of. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct InMemoryEntities {
    rows: Arc<Mutex<Rows>>,
    audit: InMemoryAuditLog,
}

#[derive(Debug, Default)]
struct Rows {
    connections: HashSet<(AccountId, ConnectionId)>,
    entities: Vec<Entity>,
}

impl InMemoryEntities {
    /// Makes a connection known.
    pub fn add_connection(&self, account: AccountId, connection: ConnectionId) {
        self.rows().connections.insert((account, connection));
    }

    /// Removes a connection, and its entities.
    pub fn remove_connection(&self, account: AccountId, connection: ConnectionId) {
        let mut rows = self.rows();
        rows.connections.remove(&(account, connection));
        rows.entities.retain(|entity| entity.connection_id != connection);
    }

    /// Deactivates an account.
    pub fn deactivate(&self, account: AccountId) {
        let mut rows = self.rows();
        rows.connections.retain(|(owner, _)| *owner != account);
        rows.entities.retain(|entity| entity.account_id != account);
    }

    /// The events that were kept with changes.
    #[must_use]
    pub fn audit(&self) -> &InMemoryAuditLog {
        &self.audit
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    fn has_name(&self, account: AccountId, name: &EntityName, but: Option<EntityId>) -> bool {
        let same =
            |known: &Entity| known.account_id == account && known.name == *name && Some(known.id) != but;
        self.entities.iter().any(same)
    }
}

fn error(kind: PortErrorKind) -> PortError {
    PortError::new(kind, System::Store, "entities")
}

fn conflict(constraint: &'static str) -> PortError {
    error(PortErrorKind::Conflict).with_constraint(constraint)
}

#[async_trait]
impl EntityRepository for InMemoryEntities {
    async fn insert(&self, entities: &[Entity], limit: u32, events: &[AuditEvent]) -> PortResult<()> {
        let Some(first) = entities.first() else { return Ok(()) };
        {
            let mut rows = self.rows();
            if !rows.connections.contains(&(first.account_id, first.connection_id)) {
                return Err(error(PortErrorKind::Rejected));
            }
            let own = rows.entities.iter().filter(|known| known.account_id == first.account_id).count();
            if own + entities.len() > limit as usize {
                return Err(conflict(ENTITY_LIMIT_CONSTRAINT));
            }
            let mut names = HashSet::new();
            let is_taken = |entity: &Entity| rows.has_name(entity.account_id, &entity.name, None);
            if entities.iter().any(|entity| is_taken(entity) || !names.insert(&entity.name)) {
                return Err(conflict(ENTITY_NAME_CONSTRAINT));
            }
            rows.entities.extend(entities.iter().cloned());
        }
        for event in events {
            self.audit.append(event).await?;
        }
        Ok(())
    }

    async fn list(&self, account_id: AccountId) -> PortResult<Vec<Entity>> {
        let rows = self.rows();
        let own = rows.entities.iter().filter(|entity| entity.account_id == account_id);
        let mut own: Vec<_> = own.cloned().collect();
        own.sort_by_key(|entity| (entity.created_at, entity.id));
        Ok(own)
    }

    async fn is_known(&self, name: &EntityName) -> PortResult<bool> {
        Ok(self.rows().entities.iter().any(|entity| entity.name == *name))
    }

    async fn replace(&self, before: &Entity, after: &Entity, event: &AuditEvent) -> PortResult<bool> {
        {
            let mut rows = self.rows();
            let same = |known: &Entity| {
                known.id == before.id
                    && known.account_id == before.account_id
                    && known.revision == before.revision
            };
            let Some(at) = rows.entities.iter().position(same) else { return Ok(false) };
            if rows.has_name(after.account_id, &after.name, Some(after.id)) {
                return Err(conflict(ENTITY_NAME_CONSTRAINT));
            }
            rows.entities[at] = after.clone();
        }
        self.audit.append(event).await?;
        Ok(true)
    }

    async fn remove(&self, account_id: AccountId, id: EntityId, event: &AuditEvent) -> PortResult<bool> {
        {
            let mut rows = self.rows();
            let before = rows.entities.len();
            rows.entities.retain(|entity| (entity.account_id, entity.id) != (account_id, id));
            if rows.entities.len() == before {
                return Ok(false);
            }
        }
        self.audit.append(event).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use altus4_kernel::uuid::Uuid;

    use super::*;
    use crate::testkit::EntitiesSubject;

    fn ids(account: u8, connection: u8) -> (AccountId, ConnectionId) {
        let uuid = |number: u8| Uuid::from_u128(number.into());
        (AccountId::from_uuid(uuid(account)), ConnectionId::from_uuid(uuid(connection)))
    }

    #[async_trait]
    impl EntitiesSubject for InMemoryEntities {
        fn entities(&self) -> &dyn EntityRepository {
            self
        }

        fn audit(&self) -> &dyn AuditLog {
            &self.audit
        }

        async fn add_connection(&self, account: u8, connection: u8) {
            let (account, connection) = ids(account, connection);
            Self::add_connection(self, account, connection);
        }

        async fn remove_connection(&self, account: u8, connection: u8) {
            let (account, connection) = ids(account, connection);
            Self::remove_connection(self, account, connection);
        }

        async fn deactivate(&self, account: u8) {
            Self::deactivate(self, ids(account, 0).0);
        }
    }

    crate::entities_contract!(block_on, InMemoryEntities::default());
}
