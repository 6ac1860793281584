//! The use cases of vector indexes.

use std::{sync::Arc, time::Duration};

use altus4_connections::{ByEngine, ConnectionError, ConnectionService};
use altus4_kernel::{
    AuditAction, AuditEvent, Change, ChangeFeed, Clock, ConnectionId, Granted, IdGenerator, Origin,
    PortErrorKind, Timer, VectorIndexId,
    grants::{DatabaseRead, DatabaseWrite},
    uuid::Uuid,
};
use futures::channel::mpsc::{self, UnboundedSender};

use super::worker::VectorWorker;
use crate::{
    Embedders, FullTextIndex, NewVectorIndex, VECTOR_LIMIT_CONSTRAINT, VECTOR_SAME_CONSTRAINT, VectorCourse,
    VectorError, VectorIndex, VectorIndexRecord, VectorIndexRepository, VectorProgress, VectorState,
};

/// How many a connection may have.
const MOST_OF_CONNECTION: u32 = 20;

/// What [`VectorService`] is made with.
#[derive(Clone)]
pub struct VectorPorts {
    /// The connections, and their schemas.
    pub connections: ConnectionService,
    /// Who reads rows.
    pub indexes: ByEngine<dyn FullTextIndex>,
    /// Where vectors are kept.
    pub vectors: Arc<dyn VectorIndex>,
    /// Which place that is: the same for all nodes that share it, and for no others.
    pub place: Uuid,
    /// Who makes them.
    pub embedders: Embedders,
    /// What is known of them.
    pub records: Arc<dyn VectorIndexRepository>,
    /// Where it is told that a table can be searched by meaning, or no longer.
    pub changes: ChangeFeed,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids, of vector indexes and of nodes.
    pub ids: Arc<dyn IdGenerator>,
    /// Waits between parts and between passes.
    pub timer: Arc<dyn Timer>,
}

/// How vectors are kept up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VectorSettings {
    /// How long after a pass the next one begins.
    pub interval: Duration,
    /// How many rows of a table are embedded at the most: a database is trusted with nothing, not even
    /// to have an end.
    pub max_rows: u64,
}

/// Every 30 seconds; five million rows.
impl Default for VectorSettings {
    fn default() -> Self {
        Self { interval: Duration::from_secs(30), max_rows: 5_000_000 }
    }
}

/// Has the vectors of tables built and followed.
#[derive(Clone)]
pub struct VectorService {
    ports: VectorPorts,
    nudges: UnboundedSender<()>,
}

impl VectorService {
    /// The service over these ports, and who does its work: nothing is built unless
    /// [`VectorWorker::run`] is awaited.
    #[must_use]
    pub fn new(ports: VectorPorts, settings: VectorSettings) -> (Self, VectorWorker) {
        // As many as are asked for between two looks, each of no size.
        let (nudges, received) = mpsc::unbounded();
        let worker = VectorWorker::new(ports.clone(), settings, received);
        (Self { ports, nudges }, worker)
    }

    /// Whether there is such a connection, before anything else is said of it.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`].
    pub async fn require(
        &self,
        granted: Granted<DatabaseWrite>,
        id: ConnectionId,
    ) -> Result<(), VectorError> {
        Ok(self.ports.connections.background(granted.account_id(), id).await.map(drop)?)
    }

    /// Begins to build the vectors of a table.
    ///
    /// # Errors
    /// [`VectorError`] says what there can't be, or what is there already.
    pub async fn create(
        &self,
        granted: Granted<DatabaseWrite>,
        id: ConnectionId,
        new: &NewVectorIndex,
        origin: &Origin,
    ) -> Result<VectorIndexRecord, VectorError> {
        let ports = &self.ports;
        let account_id = granted.account_id();
        let target = ports.connections.background(account_id, id).await?;
        let embedder = ports.embedders.of(&target.connection.search).ok_or(VectorError::NoModel)?;
        let snapshot = ports.connections.read_schema(&target, true).await?;
        let (table, spec) = new.plan(&snapshot).map_err(VectorError::Unfit)?;
        let now = ports.clock.now();
        let record = VectorIndexRecord {
            id: VectorIndexId::from_uuid(ports.ids.next_id()),
            account_id,
            connection_id: id,
            spec,
            place: None,
            state: VectorState::Building,
            model: Some(embedder.model().id),
            progress: VectorProgress { rows_estimated: table.estimated_rows, ..VectorProgress::default() },
            error: None,
            created_at: now,
            built_at: None,
            last_followed_at: None,
            course: VectorCourse::default(),
        };
        let action = AuditAction::VectorIndexCreated;
        let event = AuditEvent::new(ports.ids.next_id(), now, granted.actor(), action, origin).about(id);
        ports.records.insert(&record, MOST_OF_CONNECTION, &event).await.map_err(|error| match error {
            error if error.is_conflict_on(VECTOR_SAME_CONSTRAINT) => VectorError::Exists,
            error if error.is_conflict_on(VECTOR_LIMIT_CONSTRAINT) => {
                VectorError::TooMany(MOST_OF_CONNECTION)
            }
            error if error.kind == PortErrorKind::Rejected => ConnectionError::NotFound(id).into(),
            error => error.into(),
        })?;
        self.nudge();
        Ok(record)
    }

    /// Those of a connection, the oldest first.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`].
    pub async fn list(
        &self,
        granted: Granted<DatabaseRead>,
        id: ConnectionId,
    ) -> Result<Vec<VectorIndexRecord>, VectorError> {
        self.ports.connections.get(granted, id).await?;
        Ok(self.ports.records.list(id).await?)
    }

    /// One of a connection.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`], [`VectorError::NoSuchIndex`].
    pub async fn get(
        &self,
        granted: Granted<DatabaseRead>,
        id: ConnectionId,
        vectors: VectorIndexId,
    ) -> Result<VectorIndexRecord, VectorError> {
        self.ports.connections.get(granted, id).await?;
        self.ports.records.find(id, vectors).await?.ok_or(VectorError::NoSuchIndex(vectors))
    }

    /// Removes one: it isn't searched any more from now on, and its vectors are dropped a little later.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`], [`VectorError::NoSuchIndex`].
    pub async fn remove(
        &self,
        granted: Granted<DatabaseWrite>,
        id: ConnectionId,
        vectors: VectorIndexId,
        origin: &Origin,
    ) -> Result<(), VectorError> {
        let ports = &self.ports;
        let account_id = granted.account_id();
        ports.connections.background(account_id, id).await?;
        let (now, action) = (ports.clock.now(), AuditAction::VectorIndexRemoved);
        let event = AuditEvent::new(ports.ids.next_id(), now, granted.actor(), action, origin).about(id);
        if !ports.records.remove(id, vectors, &event).await? {
            return Err(VectorError::NoSuchIndex(vectors));
        }
        ports.changes.announce(Change::Connection(account_id, id)).await;
        self.nudge();
        Ok(())
    }

    /// Without a worker here, another node's finds it.
    fn nudge(&self) {
        let _ = self.nudges.unbounded_send(());
    }
}
