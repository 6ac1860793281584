//! What one step of the work is done with: the connection as it is now, whoever makes its embeddings, and
//! the table as it is now.

use std::{sync::Arc, time::Duration};

use altus4_connections::{ColumnRef, ConnectionError, Table, Target};
use altus4_kernel::{Change, PortError, PortErrorKind, System, Timestamp, uuid::Uuid};

use super::draft::key_of;
use crate::{
    EMBEDDED_CHARS, Embedder, FullTextIndex, ReadColumn, VectorIndexRecord, VectorPorts, VectorSettings,
    VectorState,
};

/// How long one statement may take, if the connection's own limit isn't shorter.
const STATEMENT_DEADLINE: Duration = Duration::from_secs(30);
/// The longest wait after attempts that failed.
const LONGEST_BACKOFF: Duration = Duration::from_mins(10);

/// Why the work doesn't go on.
#[derive(Debug)]
pub(super) enum Stop {
    /// The index was removed, the connection is gone, somebody else does it now, or it has to begin anew:
    /// whoever looks next will see.
    Anew,
    /// Until something is switched on again.
    Paused(&'static str),
    /// There can be no vectors of this table any more, unless it changes.
    Failed(String),
    /// Something that may be over at the next attempt.
    Fault(String),
}

/// Work on one vector index.
pub(super) struct Work<'a> {
    pub(super) ports: &'a VectorPorts,
    pub(super) settings: VectorSettings,
    pub(super) node: Uuid,
    pub(super) record: VectorIndexRecord,
}

/// What a step is done with.
pub(super) struct Scene {
    pub(super) target: Target,
    pub(super) embedder: Arc<dyn Embedder>,
    pub(super) index: Arc<dyn FullTextIndex>,
    pub(super) table: Arc<Table>,
    /// The columns that are embedded and, as the last one, the column that moves.
    pub(super) read: Vec<ReadColumn>,
    pub(super) updated: Option<ColumnRef>,
}

impl Scene {
    /// How long a statement may take.
    pub(super) fn deadline(&self) -> Duration {
        self.target.connection.options.timeout().min(STATEMENT_DEADLINE)
    }

    /// How many of what is read are texts to embed.
    pub(super) fn texts(&self) -> usize {
        self.read.len() - usize::from(self.updated.is_some())
    }
}

impl Work<'_> {
    /// One pass: the rest of the building, or a look at what was changed. Gives when the next one is due.
    pub(super) async fn run(mut self) -> Timestamp {
        let outcome = match self.record.built_at {
            None => self.build().await,
            Some(_) => self.follow().await,
        };
        let now = self.ports.clock.now();
        let record = &mut self.record;
        let wait = match outcome {
            Ok(()) => {
                (record.state, record.error) = (VectorState::Ready, None);
                record.last_followed_at = Some(now);
                record.course.failures = 0;
                self.settings.interval
            }
            Err(Stop::Anew) => Duration::ZERO,
            Err(Stop::Paused(why)) => {
                (record.state, record.error) = (VectorState::Paused, Some(why.to_owned()));
                self.settings.interval
            }
            Err(Stop::Failed(why)) => {
                (record.state, record.error) = (VectorState::Failed, Some(why));
                self.back_off()
            }
            Err(Stop::Fault(why)) => {
                let state = record.built_at.map_or(VectorState::Building, |_| VectorState::Ready);
                (record.state, record.error) = (state, Some(why));
                self.back_off()
            }
        };
        // A store that doesn't hear gives the work to whoever asks when the lease is over.
        let _ = self.ports.records.save(self.node, &self.record).await;
        now + wait
    }

    fn back_off(&mut self) -> Duration {
        let failures = self.record.course.failures.saturating_add(1);
        self.record.course.failures = failures;
        self.settings.interval.saturating_mul(1 << failures.min(16)).min(LONGEST_BACKOFF)
    }

    /// The connection as it is now, and who makes its embeddings. Asked again before anything is sent: it
    /// may have been forbidden a moment ago.
    pub(super) async fn allowed(&self) -> Result<(Target, Arc<dyn Embedder>), Stop> {
        let (account, id) = (self.record.account_id, self.record.connection_id);
        let target = match self.ports.connections.background(account, id).await {
            Ok(target) => target,
            Err(ConnectionError::NotFound(_)) => return Err(Stop::Anew),
            Err(error) => return Err(connection_fault(&error)),
        };
        if !target.connection.is_active {
            return Err(Stop::Paused("The connection is switched off"));
        }
        let embedder = self.ports.embedders.of(&target.connection.search).cloned();
        let embedder = embedder.ok_or(Stop::Paused(
            "No model makes embeddings of this database's rows: none is installed, and none outside is set up \
             or allowed",
        ))?;
        Ok((target, embedder))
    }

    /// What the next step is done with. Where the model or the key of the table is another one than the
    /// vectors were made with, these are dropped.
    pub(super) async fn scene(&mut self) -> Result<Scene, Stop> {
        let (target, embedder) = self.allowed().await?;
        let index = self.ports.indexes.get(target.connection.engine).cloned();
        let index = index.ok_or(Stop::Paused("Connections of this kind are switched off"))?;
        let snapshot = self.ports.connections.read_schema(&target, false).await;
        let snapshot = snapshot.map_err(|error| connection_fault(&error))?;
        let spec = &self.record.spec;
        let table = snapshot.table(&spec.table).cloned();
        let table =
            table.ok_or_else(|| Stop::Failed(format!("There is no table {} any more", spec.table)))?;
        if table.primary_key.is_empty() {
            return Err(Stop::Failed("The table has no primary key any more".to_owned()));
        }
        let (columns, updated) = spec.columns_in(&table).map_err(Stop::Failed)?;
        let (model, key) = (embedder.model().id, key_of(&table));
        if self.record.model.as_ref() != Some(&model) || spec.key != key {
            self.record.start_over(Some(model), key);
            self.drop_vectors().await?;
            return Err(Stop::Anew);
        }
        let columns = columns.into_iter().chain(updated.clone());
        let read = columns.map(|column| ReadColumn { column, max_chars: EMBEDDED_CHARS }).collect();
        Ok(Scene { target, embedder, index, table, read, updated })
    }

    /// Drops the vectors of an index that begins anew; it isn't searched until it is built again.
    async fn drop_vectors(&mut self) -> Result<(), Stop> {
        self.save().await?;
        self.announce().await;
        let dropped = self.ports.vectors.drop_collection(self.record.id).await;
        dropped.map_err(|error| Stop::Fault(port_fault(&error)))
    }

    /// Keeps how far it is.
    pub(super) async fn save(&self) -> Result<(), Stop> {
        match self.ports.records.save(self.node, &self.record).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Stop::Anew),
            Err(error) => Err(Stop::Fault(port_fault(&error))),
        }
    }

    /// Tells that the table can be searched by meaning, or no longer.
    pub(super) async fn announce(&self) {
        let change = Change::Connection(self.record.account_id, self.record.connection_id);
        self.ports.changes.announce(change).await;
    }

    /// What becomes of a fault of a port. Vectors that can't be read, or are of another kind, are made anew.
    pub(super) async fn fault(&mut self, error: PortError) -> Stop {
        let is_of_vectors = error.system == System::Store;
        if is_of_vectors && matches!(error.kind, PortErrorKind::Corrupt | PortErrorKind::Rejected) {
            let (model, key) = (self.record.model.clone(), self.record.spec.key.clone());
            self.record.start_over(model, key);
            if let Err(stop) = self.drop_vectors().await {
                return stop;
            }
        }
        if error.system == System::DataSource && error.kind == PortErrorKind::Rejected {
            // The schema may have changed: the next attempt goes by what there is now.
            if let Ok((target, _)) = self.allowed().await {
                let _ = self.ports.connections.read_schema(&target, true).await;
            }
        }
        Stop::Fault(port_fault(&error))
    }
}

fn connection_fault(error: &ConnectionError) -> Stop {
    match error {
        ConnectionError::NotFound(_) => Stop::Anew,
        ConnectionError::EngineUnavailable(_) => Stop::Paused("Connections of this kind are switched off"),
        ConnectionError::HostNotAllowed => Stop::Paused("The host is not among those that may be called"),
        ConnectionError::DataSource(error) | ConnectionError::Port(error) => Stop::Fault(port_fault(error)),
        ConnectionError::NameTaken | ConnectionError::PlanLimit { .. } => Stop::Fault(error.to_string()),
    }
}

/// A fault as the connection's owner may see it.
fn port_fault(error: &PortError) -> String {
    if let Some(detail) = error.detail.as_ref().filter(|detail| !detail.message.is_empty()) {
        return detail.message.clone();
    }
    let what = match (error.system, error.kind) {
        (System::Ai, PortErrorKind::RateLimited) => "The provider of embeddings asks to be called less often",
        (System::Ai, PortErrorKind::NotPermitted) => "The provider of embeddings refuses the credential",
        (System::Ai, PortErrorKind::Rejected) => "The provider of embeddings refuses the texts",
        (System::Ai, PortErrorKind::Corrupt) => "The provider of embeddings gives answers that make no sense",
        (System::Ai, PortErrorKind::Timeout) => "The embeddings were not made in time",
        (System::Ai, _) => "Nobody makes embeddings at the moment",
        (System::DataSource, PortErrorKind::Timeout) => "The database didn't answer in time",
        (System::DataSource, PortErrorKind::Rejected) => "The database refused; its tables may have changed",
        (System::DataSource, PortErrorKind::NotPermitted) => "The database refused the login",
        (System::DataSource, _) => "The database can't be reached",
        _ => "The vectors can't be kept at the moment",
    };
    what.to_owned()
}
