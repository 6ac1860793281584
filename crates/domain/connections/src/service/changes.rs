//! Registering, changing and forgetting connections.

use altus4_kernel::{
    AccountId, AuditAction, Change, ConnectionId, Granted, Origin, PortError, PortErrorKind, System,
    grants::DatabaseWrite,
};

use super::{ConnectionService, calls::status_of};
use crate::{
    Connection, ConnectionChange, ConnectionError, ConnectionStatus, Engine, NAME_CONSTRAINT, NewConnection,
    PLAN_CONSTRAINT, ProbeReport, StoredConnection, Target, connection::password_binding,
};

/// How often a change is tried when others change the same connection at the same time: more often
/// than anybody's clients meet there.
const ATTEMPTS: u32 = 50;

impl ConnectionService {
    /// Registers a database and calls it once: what was found is the connection's status. The
    /// server need not be up.
    ///
    /// # Errors
    /// [`ConnectionError::NameTaken`], [`ConnectionError::PlanLimit`],
    /// [`ConnectionError::HostNotAllowed`], [`ConnectionError::EngineUnavailable`].
    pub async fn register(
        &self,
        granted: Granted<DatabaseWrite>,
        new: NewConnection,
        origin: &Origin,
    ) -> Result<Connection, ConnectionError> {
        let account_id = granted.account_id();
        let plan = self.connections.plan_of(account_id).await?;
        let plan = plan.ok_or_else(|| PortError::new(PortErrorKind::Rejected, System::Store, "plan_of"))?;
        let target = self.new_target(account_id, new);
        let mut connection = target.connection.clone();
        self.mark(&mut connection, &self.probe_or_refuse(&target).await?);
        let password = self.cipher.seal(&target.password, &connection.password_binding())?;
        let stored = StoredConnection { connection, password };
        let limit = plan.connection_limit();
        let id = stored.connection.id;
        let event = self.event(granted, AuditAction::ConnectionCreated, id, origin);
        match self.connections.insert(&stored, limit, &event).await {
            Ok(()) => {
                self.announce(account_id, id).await;
                Ok(stored.connection)
            }
            Err(error) if error.is_conflict_on(NAME_CONSTRAINT) => Err(ConnectionError::NameTaken),
            Err(error) if error.is_conflict_on(PLAN_CONSTRAINT) => {
                Err(ConnectionError::PlanLimit { plan, limit: limit.unwrap_or_default() })
            }
            Err(error) => {
                // It may be in the store all the same.
                self.announce(account_id, id).await;
                Err(error.into())
            }
        }
    }

    /// The engine of a connection that is to be changed; it never changes.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`].
    pub async fn engine_of(
        &self,
        granted: Granted<DatabaseWrite>,
        id: ConnectionId,
    ) -> Result<Engine, ConnectionError> {
        Ok(self.stored(granted.account_id(), id).await?.connection.engine)
    }

    /// Changes a connection, calls its database once, and gives it as it is then. Of two changes at
    /// the same time, neither takes back what only the other one says.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`], [`ConnectionError::NameTaken`];
    /// [`ConnectionError::HostNotAllowed`] when it is to be reached in a way that the operator
    /// forbids.
    pub async fn update(
        &self,
        granted: Granted<DatabaseWrite>,
        id: ConnectionId,
        change: ConnectionChange,
        origin: &Origin,
    ) -> Result<Connection, ConnectionError> {
        let account_id = granted.account_id();
        let seal = |password| self.cipher.seal(password, &password_binding(account_id, id));
        let password = change.password.as_ref().map(seal).transpose()?;
        let event = self.event(granted, AuditAction::ConnectionUpdated, id, origin);
        let mut called: Option<Connection> = None;
        for _ in 0..ATTEMPTS {
            let stored = self.stored(account_id, id).await?;
            let mut changed = change.applied_to(&stored.connection, self.clock.now());
            // Whoever tries again need not call again, if nobody else changed how it is reached.
            match &called {
                Some(found) if found.generation == changed.generation => {
                    changed.status = found.status;
                    changed.last_connected = found.last_connected.or(changed.last_connected);
                }
                _ => {
                    let outcome = self.call_changed(&stored, &changed, &change).await?;
                    self.mark(&mut changed, &outcome);
                    called = Some(changed.clone());
                }
            }
            if change.is_nothing_to(&stored.connection) {
                let Connection { status, last_connected, .. } = changed;
                self.connections.note_status(account_id, id, status, last_connected).await?;
                return Ok(Connection { status, last_connected, ..stored.connection });
            }
            let replaced =
                self.connections.replace(&stored.connection, &changed, password.clone(), &event).await;
            match replaced {
                Ok(true) => {
                    self.announce(account_id, id).await;
                    return Ok(changed);
                }
                // Somebody else was quicker.
                Ok(false) => {}
                Err(error) if error.is_conflict_on(NAME_CONSTRAINT) => {
                    return Err(ConnectionError::NameTaken);
                }
                Err(error) => {
                    // It may be in the store all the same.
                    self.announce(account_id, id).await;
                    return Err(error.into());
                }
            }
        }
        Err(PortError::new(PortErrorKind::Unavailable, System::Store, "connections.replace").into())
    }

    /// Forgets a connection: its password, its pool, its schema.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`].
    pub async fn remove(
        &self,
        granted: Granted<DatabaseWrite>,
        id: ConnectionId,
        origin: &Origin,
    ) -> Result<(), ConnectionError> {
        let account_id = granted.account_id();
        let event = self.event(granted, AuditAction::ConnectionRemoved, id, origin);
        let removed = self.connections.remove(account_id, id, &event).await;
        if !matches!(removed, Ok(false)) {
            self.announce(account_id, id).await;
        }
        if removed? { Ok(()) } else { Err(ConnectionError::NotFound(id)) }
    }

    /// The target of a connection that isn't stored yet.
    pub(super) fn new_target(&self, account_id: AccountId, new: NewConnection) -> Target {
        let now = self.clock.now();
        let connection = Connection {
            id: ConnectionId::from_uuid(self.ids.next_id()),
            account_id,
            name: new.name,
            engine: new.engine,
            endpoint: new.endpoint,
            database: new.database,
            options: new.options,
            search: new.search,
            is_active: new.is_active,
            status: ConnectionStatus::Unknown,
            last_connected: None,
            generation: 1,
            created_at: now,
            updated_at: now,
        };
        Target { connection, password: new.password }
    }

    /// Calls a connection as it is to be. Where it is reached as before, nothing of that is a reason
    /// to refuse the change.
    async fn call_changed(
        &self,
        stored: &StoredConnection,
        changed: &Connection,
        change: &ConnectionChange,
    ) -> Result<Called, ConnectionError> {
        let password = match &change.password {
            Some(password) => Ok(password.clone()),
            None => self.cipher.open(&stored.password, &changed.password_binding()),
        };
        // What can't be unsealed can't be called, and may be called otherwise: that is its status.
        let password = match password {
            Ok(password) => password,
            Err(error) => return Ok(Err(error.into())),
        };
        let target = Target { connection: changed.clone(), password };
        if changed.generation == stored.connection.generation {
            return Ok(self.probe_once(&target).await);
        }
        self.probe_or_refuse(&target).await
    }

    /// What was found; refused is what no server could be the reason of.
    async fn probe_or_refuse(&self, target: &Target) -> Result<Called, ConnectionError> {
        match self.probe_once(target).await {
            Err(error) if !matches!(error, ConnectionError::DataSource(_)) => Err(error),
            outcome => Ok(outcome),
        }
    }

    fn mark(&self, connection: &mut Connection, outcome: &Called) {
        connection.status = status_of(outcome);
        if outcome.is_ok() {
            connection.last_connected = Some(self.clock.now());
        }
    }

    /// Tells everybody who keeps copies of this connection, or pools, that they are old.
    async fn announce(&self, account_id: AccountId, id: ConnectionId) {
        self.changes.announce(Change::Connection(account_id, id)).await;
    }
}

/// What was found when a database was called.
type Called = Result<ProbeReport, ConnectionError>;
