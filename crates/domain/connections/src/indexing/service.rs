//! The use cases of advice on indexes and of making them.

use std::{sync::Arc, time::Duration};

use altus4_kernel::{
    AccountId, AuditAction, AuditEvent, ChangeFeed, Clock, ConnectionId, Granted, IdGenerator, IndexJobId,
    Origin, PortErrorKind, Timer,
    grants::{Analytics, DatabaseRead, DatabaseWrite},
};
use futures::channel::mpsc::{self, UnboundedSender};

use super::worker::{IndexWorker, Order};
use crate::{
    Advice, BuildProgress, ByEngine, ConnectionError, ConnectionService, EvidenceRecorder, IndexBuilder,
    IndexDraft, IndexError, IndexJob, IndexJobRepository, JOB_LIMIT_CONSTRAINT, JOB_TABLE_CONSTRAINT,
    JobLimits, JobState, Remedy, ServerFacts, Target, advice::Known, advise,
};

/// How long a server may take to say what it is.
const FACTS_DEADLINE: Duration = Duration::from_secs(10);
/// How many jobs of a connection are under way at once, on all nodes together.
const JOBS_AT_ONCE: u32 = 2;
/// How long a job is remembered.
const JOBS_KEPT: Duration = Duration::from_hours(30 * 24);
/// How old searches may be that advice rests upon.
const EVIDENCE_LIFE: Duration = Duration::from_hours(30 * 24);

/// What [`IndexService`] is made with.
#[derive(Clone)]
pub struct IndexPorts {
    /// The connections, and their schemas.
    pub connections: ConnectionService,
    /// Who makes indexes; an engine without one gets advice, and no indexes.
    pub builders: ByEngine<dyn IndexBuilder>,
    /// Where jobs are kept.
    pub jobs: Arc<dyn IndexJobRepository>,
    /// What was searched.
    pub evidence: EvidenceRecorder,
    /// Where it is told that a schema was changed.
    pub changes: ChangeFeed,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of jobs.
    pub ids: Arc<dyn IdGenerator>,
    /// Waits between two signs of life.
    pub timer: Arc<dyn Timer>,
}

/// An advice and the statement that follows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendation {
    /// The advice.
    pub advice: Advice,
    /// The statement, where one can mend it.
    pub sql: Option<String>,
}

/// Gives advice on indexes, and has them made.
#[derive(Clone)]
pub struct IndexService {
    ports: IndexPorts,
    orders: UnboundedSender<Order>,
}

impl IndexService {
    /// The service over these ports, and who does its jobs: nothing is made unless
    /// [`IndexWorker::run`] is awaited.
    #[must_use]
    pub fn new(ports: IndexPorts) -> (Self, IndexWorker) {
        // Bounded by the number of jobs that may be under way.
        let (orders, received) = mpsc::unbounded();
        let worker = IndexWorker::new(ports.clone(), received);
        (Self { ports, orders }, worker)
    }

    /// What should be changed in a database, what matters most first. Its schema is read anew; where
    /// nothing is known of its server, no statements are given.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`]; [`ConnectionError::DataSource`] when it can't be read.
    pub async fn recommendations(
        &self,
        granted: Granted<DatabaseRead>,
        id: ConnectionId,
    ) -> Result<Vec<Recommendation>, IndexError> {
        self.recommend(granted.account_id(), id, true).await
    }

    /// The same for the analysis of a search, by the schema that the search went by.
    ///
    /// # Errors
    /// Those of [`recommendations`](Self::recommendations).
    pub async fn analysed(
        &self,
        granted: Granted<Analytics>,
        id: ConnectionId,
    ) -> Result<Vec<Recommendation>, IndexError> {
        self.recommend(granted.account_id(), id, false).await
    }

    async fn recommend(
        &self,
        account_id: AccountId,
        id: ConnectionId,
        refresh: bool,
    ) -> Result<Vec<Recommendation>, IndexError> {
        let target = self.ports.connections.target(account_id, id).await?;
        let snapshot = self.ports.connections.read_schema(&target, refresh).await?;
        let builder = self.ports.builders.get(target.connection.engine);
        let facts = match builder {
            Some(builder) => facts(builder.as_ref(), &target).await?,
            None => ServerFacts::default(),
        };
        let mut tallies = self.ports.evidence.list(id).await?;
        let oldest = self.ports.clock.now() - EVIDENCE_LIFE;
        tallies.retain(|tally| tally.last_seen >= oldest);
        let advice = advise(Known { snapshot: &snapshot, facts: &facts, tallies: &tallies });
        let recommendation = |advice: Advice| {
            let statement = |remedy: &Remedy| builder.map(|builder| builder.statement(remedy));
            Recommendation { sql: advice.remedy.as_ref().and_then(statement), advice }
        };
        Ok(advice.into_iter().map(recommendation).collect())
    }

    /// Whether there is such a connection, before anything else is said of it.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`].
    pub async fn require(&self, granted: Granted<DatabaseWrite>, id: ConnectionId) -> Result<(), IndexError> {
        Ok(self.ports.connections.target(granted.account_id(), id).await.map(drop)?)
    }

    /// Begins to make an index, with the rights of the connection's user.
    ///
    /// # Errors
    /// [`IndexError`] says what there can't be, or what is there already.
    pub async fn create(
        &self,
        granted: Granted<DatabaseWrite>,
        id: ConnectionId,
        draft: &IndexDraft,
        origin: &Origin,
    ) -> Result<IndexJob, IndexError> {
        let ports = &self.ports;
        let target = ports.connections.target(granted.account_id(), id).await?;
        let engine = target.connection.engine;
        let builder = ports.builders.get(engine).ok_or(IndexError::Unsupported(engine))?;
        let snapshot = ports.connections.read_schema(&target, true).await?;
        let unknown = || IndexError::UnknownTable(draft.table.clone());
        let table = snapshot.table(&draft.table).ok_or_else(unknown)?;
        let plan = draft.plan(table, &facts(builder.as_ref(), &target).await?)?;
        let now = ports.clock.now();
        let job = IndexJob {
            id: IndexJobId::from_uuid(ports.ids.next_id()),
            connection_id: id,
            table: plan.table.name().to_owned(),
            columns: plan.columns.iter().map(|column| column.name().to_owned()).collect(),
            index: plan.name.as_str().to_owned(),
            sql: builder.statement(&Remedy::AddIndex(plan.clone())),
            state: JobState::Queued,
            phase: None,
            progress: None,
            created_at: now,
            started_at: None,
            finished_at: None,
            heartbeat_at: now,
            failure: None,
        };
        let limits = JobLimits {
            at_once: JOBS_AT_ONCE,
            alive_since: now - IndexJob::LEASE,
            kept_since: now - JOBS_KEPT,
        };
        let action = AuditAction::IndexRequested;
        let event = AuditEvent::new(ports.ids.next_id(), now, granted.actor(), action, origin).about(id);
        ports.jobs.insert(&job, limits, &event).await.map_err(|error| match error {
            error if error.is_conflict_on(JOB_TABLE_CONSTRAINT) => IndexError::TableBusy,
            error if error.is_conflict_on(JOB_LIMIT_CONSTRAINT) => IndexError::TooMany(JOBS_AT_ONCE),
            error if error.kind == PortErrorKind::Rejected => ConnectionError::NotFound(id).into(),
            error => error.into(),
        })?;
        let account_id = granted.account_id();
        let progress = Arc::new(BuildProgress::default());
        // Without a worker the job is never looked after, and so found to be interrupted.
        let _ = self.orders.unbounded_send(Order { job: job.id, account_id, target, plan, progress });
        Ok(job)
    }

    /// How far the making of an index is.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`], [`IndexError::NoSuchJob`].
    pub async fn job(
        &self,
        granted: Granted<DatabaseRead>,
        id: ConnectionId,
        job: IndexJobId,
    ) -> Result<IndexJob, IndexError> {
        self.ports.connections.get(granted, id).await?;
        let found = self.ports.jobs.find(id, job).await?.ok_or(IndexError::NoSuchJob(job))?;
        Ok(found.as_of(self.ports.clock.now()))
    }
}

async fn facts(builder: &dyn IndexBuilder, target: &Target) -> Result<ServerFacts, ConnectionError> {
    let deadline = target.connection.options.timeout().min(FACTS_DEADLINE);
    Ok(builder.facts(target, deadline).await?)
}
