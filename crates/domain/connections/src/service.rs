//! The use cases of connections.

mod calls;
mod changes;

use std::{collections::HashSet, sync::Arc, time::Duration};

use altus4_kernel::{
    AccountId, AuditAction, AuditEvent, Change, ChangeFeed, ChangeSubscriber, Clock, ConnectionId, Granted,
    IdGenerator, Origin, SecretCipher, Timestamp,
    grants::{Analytics, DatabaseRead, DatabaseWrite, Search},
};

pub use self::calls::CurrentStatus;
use crate::{
    ByEngine, Connection, ConnectionError, ConnectionProbe, ConnectionRepository, Engine, SchemaCatalog,
    SchemaInspector, SchemaSnapshot, StoredConnection, Target, targets::Targets,
};

/// How long the reading of a schema may take, if the connection's own limit isn't shorter.
const INSPECT_DEADLINE: Duration = Duration::from_secs(20);

/// Registers databases, changes them, calls them, reads their schemas, and opens them to searches.
///
/// Searches and schemas go by copies of what the store says of an account's connections, which are
/// as fresh as [`Freshness`](altus4_kernel::Freshness) has it. The service has to hear of changes
/// ([`ChangeSubscriber`]); clones share their copies.
#[derive(Clone)]
pub struct ConnectionService {
    connections: Arc<dyn ConnectionRepository>,
    cipher: Arc<dyn SecretCipher>,
    probes: ByEngine<dyn ConnectionProbe>,
    inspectors: ByEngine<dyn SchemaInspector>,
    catalog: Arc<SchemaCatalog>,
    targets: Targets,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
    changes: ChangeFeed,
}

impl ConnectionService {
    /// How long a schema is believed before it is read again.
    const SCHEMA_LIFE: Duration = Duration::from_mins(5);

    /// The service over these ports. It tells its changes to itself alone.
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
        let targets = Targets::new(
            Arc::clone(&connections),
            Arc::clone(&cipher),
            probes.clone(),
            Arc::clone(&catalog),
            Arc::clone(&clock),
        );
        let changes = ChangeFeed::new(vec![Arc::new(targets.clone())], None);
        Self { connections, cipher, probes, inspectors, catalog, targets, clock, ids, changes }
    }

    /// The same service, which tells its changes to this feed. A clone of the service has to be among
    /// the feed's subscribers.
    #[must_use]
    pub fn announcing(self, changes: ChangeFeed) -> Self {
        Self { changes, ..self }
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
        Ok(self.stored(granted.account_id(), id).await?.connection)
    }

    /// Closes what is open to connections that are no more, as after their account was deactivated,
    /// and forgets their schemas.
    pub fn release(&self, gone: &[Connection]) {
        self.targets.release(gone.iter().map(|connection| connection.id));
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

    /// The databases that a search goes to, oldest first: those named, or all active ones of the
    /// account. The store is asked only where no copy is fresh enough, once whatever their number.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`] names the first id that isn't the account's;
    /// [`ConnectionError::Port`] when a password can't be unsealed.
    pub async fn searchable(
        &self,
        granted: Granted<Search>,
        wanted: &[ConnectionId],
    ) -> Result<Vec<Target>, ConnectionError> {
        self.targets_of(granted.account_id(), wanted).await
    }

    /// The databases that an analysis of a search looks at: those that the search would go to.
    ///
    /// # Errors
    /// Those of [`searchable`](Self::searchable).
    pub async fn analysable(
        &self,
        granted: Granted<Analytics>,
        wanted: &[ConnectionId],
    ) -> Result<Vec<Target>, ConnectionError> {
        self.targets_of(granted.account_id(), wanted).await
    }

    async fn targets_of(
        &self,
        account_id: AccountId,
        wanted: &[ConnectionId],
    ) -> Result<Vec<Target>, ConnectionError> {
        let known = self.targets.of(account_id, wanted).await?;
        let ids: Vec<_> = if wanted.is_empty() {
            known.active().collect()
        } else {
            let wanted: HashSet<_> = wanted.iter().collect();
            known.all().filter(|id| wanted.contains(id)).collect()
        };
        if let Some(unknown) = wanted.iter().find(|id| !ids.contains(id)) {
            return Err(ConnectionError::NotFound(*unknown));
        }
        ids.into_iter().filter_map(|id| known.target(id).map_err(ConnectionError::from).transpose()).collect()
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

    /// The connection as work uses it that goes on when nobody asks any more, such as following its
    /// rows: whoever had that begun was permitted to.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`].
    pub async fn background(
        &self,
        account_id: AccountId,
        id: ConnectionId,
    ) -> Result<Target, ConnectionError> {
        self.target(account_id, id).await
    }

    /// A connection with its password, as fresh as searches have it.
    pub(crate) async fn target(
        &self,
        account_id: AccountId,
        id: ConnectionId,
    ) -> Result<Target, ConnectionError> {
        let known = self.targets.of(account_id, &[id]).await?;
        known.target(id)?.ok_or(ConnectionError::NotFound(id))
    }

    /// A connection as it is in the store now.
    async fn stored(
        &self,
        account_id: AccountId,
        id: ConnectionId,
    ) -> Result<StoredConnection, ConnectionError> {
        self.connections.find(account_id, id).await?.ok_or(ConnectionError::NotFound(id))
    }

    fn open(&self, stored: StoredConnection) -> Result<Target, ConnectionError> {
        let password = self.cipher.open(&stored.password, &stored.connection.password_binding())?;
        Ok(Target { connection: stored.connection, password })
    }
}

impl ChangeSubscriber for ConnectionService {
    fn on_change(&self, change: Change) {
        self.targets.on_change(change);
    }

    fn on_gap(&self) {
        self.targets.on_gap();
    }

    fn on_confirmed(&self, at: Timestamp) {
        self.targets.on_confirmed(at);
    }
}

fn offered<'a, P: ?Sized>(adapters: &'a ByEngine<P>, target: &Target) -> Result<&'a Arc<P>, ConnectionError> {
    let engine: Engine = target.connection.engine;
    adapters.get(engine).ok_or(ConnectionError::EngineUnavailable(engine))
}

#[cfg(test)]
mod tests;
