//! Connections in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::{
    AccountId, AuditEvent, AuditLog, ConnectionId, KeptSecret, Plan, PortError, PortErrorKind, PortResult,
    SealedPlace, SealedSecret, SealedSecrets, System, Timestamp, testkit::InMemoryAuditLog,
};
use async_trait::async_trait;

use crate::{
    Connection, ConnectionRepository, ConnectionStatus, NAME_CONSTRAINT, PLAN_CONSTRAINT, StoredConnection,
    testkit::ConnectionsSubject,
};

/// A repository of connections, and of what it has to know of accounts. Clones share the rows.
#[derive(Debug, Clone, Default)]
pub struct InMemoryConnections {
    rows: Arc<Mutex<Rows>>,
    audit: InMemoryAuditLog,
}

#[derive(Debug, Default)]
struct Rows {
    plans: HashMap<AccountId, Plan>,
    connections: Vec<StoredConnection>,
}

impl Rows {
    fn of(&self, account_id: AccountId) -> impl Iterator<Item = &StoredConnection> {
        self.connections.iter().filter(move |stored| stored.connection.account_id == account_id)
    }
}

impl InMemoryConnections {
    /// An empty repository that keeps its events here.
    #[must_use]
    pub fn with_audit_log(audit: InMemoryAuditLog) -> Self {
        Self { audit, ..Self::default() }
    }

    /// Makes an account known, or changes its plan.
    pub fn add_account(&self, id: AccountId, plan: Plan) {
        self.rows().plans.insert(id, plan);
    }

    /// Deactivates an account: it has no plan any more.
    pub fn deactivate(&self, id: AccountId) {
        self.rows().plans.remove(&id);
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ConnectionRepository for InMemoryConnections {
    async fn insert(
        &self,
        stored: &StoredConnection,
        limit: Option<u32>,
        event: &AuditEvent,
    ) -> PortResult<()> {
        let refused = |kind| PortError::new(kind, System::Store, "connections.insert");
        let new = &stored.connection;
        let mut rows = self.rows();
        if !rows.plans.contains_key(&new.account_id) {
            return Err(refused(PortErrorKind::Rejected));
        }
        if rows.of(new.account_id).any(|known| known.connection.name.folded() == new.name.folded()) {
            return Err(refused(PortErrorKind::Conflict).with_constraint(NAME_CONSTRAINT));
        }
        let room =
            |limit: u32| u32::try_from(rows.of(new.account_id).count()).is_ok_and(|count| count < limit);
        if !limit.is_none_or(room) {
            return Err(refused(PortErrorKind::Conflict).with_constraint(PLAN_CONSTRAINT));
        }
        if rows.connections.iter().any(|known| known.connection.id == new.id) {
            return Err(refused(PortErrorKind::Conflict));
        }
        self.audit.record(event)?;
        rows.connections.push(stored.clone());
        Ok(())
    }

    async fn list(&self, account_id: AccountId) -> PortResult<Vec<StoredConnection>> {
        let mut found: Vec<_> = self.rows().of(account_id).cloned().collect();
        found.sort_by_key(|stored| (stored.connection.created_at, stored.connection.id));
        Ok(found)
    }

    async fn find(&self, account_id: AccountId, id: ConnectionId) -> PortResult<Option<StoredConnection>> {
        Ok(self.rows().of(account_id).find(|stored| stored.connection.id == id).cloned())
    }

    async fn note_status(
        &self,
        account_id: AccountId,
        id: ConnectionId,
        status: ConnectionStatus,
        last_connected: Option<Timestamp>,
    ) -> PortResult<()> {
        let mut rows = self.rows();
        let noted = rows.connections.iter_mut().map(|stored| &mut stored.connection);
        for connection in noted.filter(|found| found.account_id == account_id && found.id == id) {
            connection.status = status;
            connection.last_connected = last_connected.or(connection.last_connected);
        }
        Ok(())
    }

    async fn replace(
        &self,
        before: &Connection,
        after: &Connection,
        password: Option<SealedSecret>,
        event: &AuditEvent,
    ) -> PortResult<bool> {
        let mut rows = self.rows();
        let is_it = |stored: &StoredConnection| {
            let Connection { id, account_id, generation, updated_at, .. } = &stored.connection;
            (*id, *account_id) == (before.id, before.account_id)
                && (*generation, *updated_at) == (before.generation, before.updated_at)
        };
        let Some(place) = rows.connections.iter().position(is_it) else { return Ok(false) };
        let has_name = |known: &StoredConnection| {
            known.connection.id != before.id && known.connection.name.folded() == after.name.folded()
        };
        if rows.of(before.account_id).any(has_name) {
            let refused = PortError::new(PortErrorKind::Conflict, System::Store, "connections.replace");
            return Err(refused.with_constraint(NAME_CONSTRAINT));
        }
        self.audit.record(event)?;
        let stored = &mut rows.connections[place];
        stored.connection = after.clone();
        if let Some(password) = password {
            stored.password = password;
        }
        Ok(true)
    }

    async fn remove(&self, account_id: AccountId, id: ConnectionId, event: &AuditEvent) -> PortResult<bool> {
        let mut rows = self.rows();
        let place = rows
            .connections
            .iter()
            .position(|stored| stored.connection.account_id == account_id && stored.connection.id == id);
        let Some(place) = place else { return Ok(false) };
        self.audit.record(event)?;
        rows.connections.remove(place);
        Ok(true)
    }

    async fn plan_of(&self, account_id: AccountId) -> PortResult<Option<Plan>> {
        Ok(self.rows().plans.get(&account_id).copied())
    }
}

/// The passwords, in the order of the connections' ids.
#[async_trait]
impl SealedSecrets for InMemoryConnections {
    async fn list_after(&self, after: Option<SealedPlace>, limit: u32) -> PortResult<Vec<KeptSecret>> {
        let kept = |stored: &StoredConnection| {
            let Connection { id, account_id, .. } = &stored.connection;
            let place = SealedPlace { account_id: *account_id, id: id.to_string() };
            KeptSecret { place, sealed: stored.password.clone() }
        };
        let mut found: Vec<_> = self.rows().connections.iter().map(kept).collect();
        found.retain(|kept| after.as_ref().is_none_or(|after| kept.place.id > after.id));
        found.sort_by(|one, other| one.place.id.cmp(&other.place.id));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn replace(&self, place: &SealedPlace, old: &SealedSecret, new: &SealedSecret) -> PortResult<bool> {
        let mut rows = self.rows();
        let found = rows.connections.iter_mut().find(|stored| {
            let Connection { id, account_id, .. } = &stored.connection;
            *account_id == place.account_id && id.to_string() == place.id && stored.password == *old
        });
        Ok(found.map(|stored| stored.password = new.clone()).is_some())
    }
}

#[async_trait]
impl ConnectionsSubject for InMemoryConnections {
    fn connections(&self) -> &dyn ConnectionRepository {
        self
    }

    fn audit(&self) -> &dyn AuditLog {
        &self.audit
    }

    async fn add_account(&self, id: AccountId, plan: Plan) {
        Self::add_account(self, id, plan);
    }

    async fn deactivate(&self, id: AccountId) {
        Self::deactivate(self, id);
    }
}
