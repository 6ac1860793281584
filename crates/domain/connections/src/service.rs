//! The use cases of connections.

use std::{collections::HashSet, sync::Arc, time::Duration};

use altus4_kernel::{
    AccountId, AuditAction, AuditEvent, Clock, ConnectionId, Granted, IdGenerator, Origin, PortError,
    PortErrorKind, SecretCipher, System,
    grants::{DatabaseRead, DatabaseWrite, Search},
};

use crate::{
    ByEngine, Connection, ConnectionError, ConnectionProbe, ConnectionRepository, ConnectionStatus, Engine,
    NAME_CONSTRAINT, NewConnection, PLAN_CONSTRAINT, ProbeReport, SchemaCatalog, SchemaInspector,
    SchemaSnapshot, StoredConnection, Target,
};

/// How long a probe may take.
const PROBE_DEADLINE: Duration = Duration::from_secs(5);
/// How long the reading of a schema may take, if the connection's own limit isn't shorter.
const INSPECT_DEADLINE: Duration = Duration::from_secs(20);

/// Registers databases, calls them, reads their schemas, and opens them to searches.
#[derive(Clone)]
pub struct ConnectionService {
    connections: Arc<dyn ConnectionRepository>,
    cipher: Arc<dyn SecretCipher>,
    probes: ByEngine<dyn ConnectionProbe>,
    inspectors: ByEngine<dyn SchemaInspector>,
    catalog: Arc<SchemaCatalog>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

impl ConnectionService {
    /// How long a schema is believed before it is read again.
    const SCHEMA_LIFE: Duration = Duration::from_mins(5);

    /// The service over these ports.
    #[must_use]
    pub fn new(
        connections: Arc<dyn ConnectionRepository>,
        cipher: Arc<dyn SecretCipher>,
        probes: ByEngine<dyn ConnectionProbe>,
        inspectors: ByEngine<dyn SchemaInspector>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
    ) -> Self {
        let catalog = Arc::new(SchemaCatalog::new(Arc::clone(&clock), Self::SCHEMA_LIFE));
        Self { connections, cipher, probes, inspectors, catalog, clock, ids }
    }

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
        match self.probe(&target).await {
            Ok(_) => {
                connection.status = ConnectionStatus::Connected;
                connection.last_connected = Some(self.clock.now());
            }
            Err(ConnectionError::DataSource(_)) => connection.status = ConnectionStatus::Error,
            Err(refused) => return Err(refused),
        }
        let password = self.cipher.seal(&target.password, &connection.password_binding())?;
        let stored = StoredConnection { connection, password };
        let limit = plan.connection_limit();
        let id = stored.connection.id;
        let event = self.event(granted, AuditAction::ConnectionCreated, id, origin);
        match self.connections.insert(&stored, limit, &event).await {
            Ok(()) => Ok(stored.connection),
            Err(error) if error.is_conflict_on(NAME_CONSTRAINT) => Err(ConnectionError::NameTaken),
            Err(error) if error.is_conflict_on(PLAN_CONSTRAINT) => {
                Err(ConnectionError::PlanLimit { plan, limit: limit.unwrap_or_default() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Calls a database that isn't registered.
    ///
    /// # Errors
    /// [`ConnectionError::DataSource`] says why it could not be reached.
    pub async fn test_unsaved(
        &self,
        granted: Granted<DatabaseWrite>,
        new: NewConnection,
    ) -> Result<ProbeReport, ConnectionError> {
        let target = self.new_target(granted.account_id(), new);
        self.probe(&target).await
    }

    /// Calls a registered database and notes what was found.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`]; [`ConnectionError::DataSource`] says why it could not be
    /// reached.
    pub async fn test(
        &self,
        granted: Granted<DatabaseWrite>,
        id: ConnectionId,
    ) -> Result<ProbeReport, ConnectionError> {
        let account_id = granted.account_id();
        let target = self.target(account_id, id).await?;
        let outcome = self.probe(&target).await;
        let (status, seen) = match &outcome {
            Ok(_) => (ConnectionStatus::Connected, Some(self.clock.now())),
            Err(_) => (ConnectionStatus::Error, None),
        };
        self.connections.note_status(account_id, id, status, seen).await?;
        outcome
    }

    /// All connections of the account, oldest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(&self, granted: Granted<DatabaseRead>) -> Result<Vec<Connection>, ConnectionError> {
        self.list_of(granted.account_id()).await
    }

    /// All connections of an account, for showing it its own profile.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list_of(&self, account_id: AccountId) -> Result<Vec<Connection>, ConnectionError> {
        let stored = self.connections.list(account_id).await?;
        Ok(stored.into_iter().map(|stored| stored.connection).collect())
    }

    /// One connection of the account.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`].
    pub async fn get(
        &self,
        granted: Granted<DatabaseRead>,
        id: ConnectionId,
    ) -> Result<Connection, ConnectionError> {
        let stored = self.connections.find(granted.account_id(), id).await?;
        stored.map(|stored| stored.connection).ok_or(ConnectionError::NotFound(id))
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
        let stored = self.connections.find(account_id, id).await?.ok_or(ConnectionError::NotFound(id))?;
        let event = self.event(granted, AuditAction::ConnectionRemoved, id, origin);
        if !self.connections.remove(account_id, id, &event).await? {
            return Err(ConnectionError::NotFound(id));
        }
        self.release(&[stored.connection]).await;
        Ok(())
    }

    /// Closes what is open to connections that are no more, as after their account was deactivated,
    /// and forgets their schemas.
    pub async fn release(&self, gone: &[Connection]) {
        for connection in gone {
            self.catalog.forget(connection.id);
            if let Some(probe) = self.probes.get(connection.engine) {
                probe.close(connection.id).await;
            }
        }
    }

    /// The database of a connection and what it looks like; `refresh` reads it anew.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`]; [`ConnectionError::DataSource`] when it can't be read.
    pub async fn schema(
        &self,
        granted: Granted<DatabaseRead>,
        id: ConnectionId,
        refresh: bool,
    ) -> Result<(Connection, Arc<SchemaSnapshot>), ConnectionError> {
        let target = self.target(granted.account_id(), id).await?;
        let snapshot = self.read_schema(&target, refresh).await?;
        Ok((target.connection, snapshot))
    }

    /// The databases that a search goes to: those named, or all active ones of the account. One
    /// query, whatever their number.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`] names the first id that isn't the account's;
    /// [`ConnectionError::Port`] when a password can't be unsealed.
    pub async fn searchable(
        &self,
        granted: Granted<Search>,
        wanted: &[ConnectionId],
    ) -> Result<Vec<Target>, ConnectionError> {
        let mut stored = self.connections.list(granted.account_id()).await?;
        if wanted.is_empty() {
            stored.retain(|stored| stored.connection.is_active);
        } else {
            let known: HashSet<_> = stored.iter().map(|stored| stored.connection.id).collect();
            if let Some(unknown) = wanted.iter().find(|id| !known.contains(id)) {
                return Err(ConnectionError::NotFound(*unknown));
            }
            stored.retain(|stored| wanted.contains(&stored.connection.id));
        }
        stored.into_iter().map(|stored| self.open(stored)).collect()
    }

    /// What a target's database looks like, as of at most five minutes ago, or now if `refresh`
    /// asks for it.
    ///
    /// # Errors
    /// [`ConnectionError::DataSource`] when it can't be read.
    pub async fn read_schema(
        &self,
        target: &Target,
        refresh: bool,
    ) -> Result<Arc<SchemaSnapshot>, ConnectionError> {
        let inspector = offered(&self.inspectors, target)?;
        let deadline = target.connection.options.timeout().min(INSPECT_DEADLINE);
        let read = async { inspector.inspect(target, deadline).await.map(SchemaSnapshot::new) };
        Ok(self.catalog.get_or_read(target, refresh, read).await?)
    }

    fn event(
        &self,
        granted: Granted<DatabaseWrite>,
        action: AuditAction,
        id: ConnectionId,
        origin: &Origin,
    ) -> AuditEvent {
        let now = self.clock.now();
        AuditEvent::new(self.ids.next_id(), now, granted.actor(), action, origin).about(id)
    }

    async fn probe(&self, target: &Target) -> Result<ProbeReport, ConnectionError> {
        let probe = offered(&self.probes, target)?;
        let deadline = target.connection.options.timeout().min(PROBE_DEADLINE);
        Ok(probe.probe(target, deadline).await?)
    }

    async fn target(&self, account_id: AccountId, id: ConnectionId) -> Result<Target, ConnectionError> {
        let stored = self.connections.find(account_id, id).await?.ok_or(ConnectionError::NotFound(id))?;
        self.open(stored)
    }

    fn open(&self, stored: StoredConnection) -> Result<Target, ConnectionError> {
        let password = self.cipher.open(&stored.password, &stored.connection.password_binding())?;
        Ok(Target { connection: stored.connection, password })
    }

    fn new_target(&self, account_id: AccountId, new: NewConnection) -> Target {
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
}

fn offered<'a, P: ?Sized>(adapters: &'a ByEngine<P>, target: &Target) -> Result<&'a Arc<P>, ConnectionError> {
    let engine: Engine = target.connection.engine;
    adapters.get(engine).ok_or(ConnectionError::EngineUnavailable(engine))
}
