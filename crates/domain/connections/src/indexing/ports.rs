//! What the making of indexes needs from outside.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use altus4_kernel::{AuditEvent, ConnectionId, IndexJobId, PortResult, Timestamp};
use async_trait::async_trait;

use crate::{IndexJob, IndexPlan, JobFailure, Remedy, Target};

/// What [`IndexJobRepository::insert`] conflicts on where the table has a job.
pub const JOB_TABLE_CONSTRAINT: &str = "index_job.table";
/// What [`IndexJobRepository::insert`] conflicts on where the connection has too many.
pub const JOB_LIMIT_CONSTRAINT: &str = "index_job.limit";

/// Whose server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServerFamily {
    /// MySQL and what is made from it.
    MySql,
    /// MariaDB.
    MariaDb,
    /// Something else.
    #[default]
    Other,
}

/// What a server says of itself as far as indexes are concerned. The default is a server that says
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerFacts {
    /// Whose it is.
    pub family: ServerFamily,
    /// The shortest word that indexes of `InnoDB` tables hold, in letters.
    pub innodb_min_chars: u32,
    /// The shortest word that indexes of other tables hold.
    pub myisam_min_chars: u32,
    /// Whether indexes of `InnoDB` tables leave stop words out.
    pub innodb_stop_words: bool,
    /// How large the rows of each table are together, in bytes.
    pub data_bytes: HashMap<String, u64>,
}

/// How the making of an index ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Built {
    /// The index is there.
    Done,
    /// The server refused.
    Refused(JobFailure),
}

/// How far a server is with an index.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// What it is doing.
    pub phase: Option<String>,
    /// How much of that is done, from 0 to 1.
    pub share: Option<f64>,
}

/// Where an [`IndexBuilder`] says how far it is.
#[derive(Debug, Default)]
pub struct BuildProgress(Mutex<Progress>);

impl BuildProgress {
    /// Says it.
    pub fn set(&self, progress: Progress) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    }

    /// What was said last.
    #[must_use]
    pub fn get(&self) -> Progress {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Makes full-text indexes in users' databases.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait IndexBuilder: Send + Sync {
    /// What the target's server says of itself, in `deadline` at the most. Errors as
    /// [`ConnectionProbe`](crate::ConnectionProbe).
    async fn facts(&self, target: &Target, deadline: Duration) -> PortResult<ServerFacts>;

    /// The text of a remedy, for its owner to read or to run: one statement, and where something has
    /// to be known beside it, a comment.
    fn statement(&self, remedy: &Remedy) -> String;

    /// Makes an index with the user's own rights, in a session of its own: in place where the server
    /// can. MUST give the server hours, MUST give up at once where it doesn't get the table for a
    /// while, and MUST end the statement on the server when the call is dropped. Says in `progress`
    /// how far it is, where the server says so.
    ///
    /// What the server says against it is [`Built::Refused`]; errors as
    /// [`ConnectionProbe`](crate::ConnectionProbe).
    async fn build(&self, target: &Target, plan: &IndexPlan, progress: &BuildProgress) -> PortResult<Built>;
}

/// What holds a new job back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobLimits {
    /// How many jobs of a connection may be under way.
    pub at_once: u32,
    /// A job whose last sign of life is older is not under way any more.
    pub alive_since: Timestamp,
    /// A job that was asked for earlier and is over is forgotten.
    pub kept_since: Timestamp,
}

/// Keeps jobs. Each belongs to a connection, and is gone with it.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait IndexJobRepository: Send + Sync {
    /// Stores a job and its event, both or neither, and forgets the connection's old ones.
    ///
    /// Errors: `Conflict` on [`JOB_TABLE_CONSTRAINT`] while a job of the same table is under way, else
    /// on [`JOB_LIMIT_CONSTRAINT`] while too many of the connection are; both MUST hold also when calls
    /// come at once. `Rejected` when the connection is gone.
    async fn insert(&self, job: &IndexJob, limits: JobLimits, event: &AuditEvent) -> PortResult<()>;

    /// One job of a connection.
    async fn find(&self, connection_id: ConnectionId, id: IndexJobId) -> PortResult<Option<IndexJob>>;

    /// Notes that a job has begun, if it isn't over.
    async fn begin(&self, id: IndexJobId, now: Timestamp) -> PortResult<()>;

    /// Notes that somebody looks after these jobs, and how far they are. Gives those that are still
    /// there and not over.
    async fn beat(&self, jobs: &[(IndexJobId, Progress)], now: Timestamp) -> PortResult<Vec<IndexJobId>>;

    /// Notes that a job is over: it failed so, or succeeded.
    async fn finish(&self, id: IndexJobId, now: Timestamp, failure: Option<JobFailure>) -> PortResult<()>;
}
