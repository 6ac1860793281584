//! The making of an index, which may take hours.

use std::{str::FromStr, time::Duration};

use altus4_kernel::{ConnectionId, IndexJobId, Timestamp, UnknownName};

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It waits for its turn.
    Queued,
    /// The server is at it.
    Running,
    /// The index is there.
    Succeeded,
    /// It isn't.
    Failed,
}

impl JobState {
    /// The name in answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing will change it any more.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

impl FromStr for JobState {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let all = [Self::Queued, Self::Running, Self::Succeeded, Self::Failed];
        all.into_iter().find(|state| state.as_str() == text).ok_or(UnknownName)
    }
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFailure {
    /// What to make of it, in this program's words.
    pub message: String,
    /// The server's error number, where it refused.
    pub errno: Option<u16>,
    /// What the server said, printable and cut to [`JobFailure::MAX_SAID_CHARS`]; for the owner of
    /// the connection, whose server it is.
    pub said: Option<String>,
}

impl JobFailure {
    /// The most characters of a server's own words.
    pub const MAX_SAID_CHARS: usize = 500;

    /// A failure that no server refused.
    #[must_use]
    pub fn of(message: &str) -> Self {
        Self { message: message.to_owned(), errno: None, said: None }
    }

    /// What becomes of a server's own words: what can't be printed is a blank.
    #[must_use]
    pub fn printable(said: &str) -> String {
        let plain = said.chars().map(|character| if character.is_control() { ' ' } else { character });
        plain.take(Self::MAX_SAID_CHARS).collect()
    }
}

/// The making of an index.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexJob {
    /// Its id.
    pub id: IndexJobId,
    /// The connection.
    pub connection_id: ConnectionId,
    /// The table.
    pub table: String,
    /// The columns.
    pub columns: Vec<String>,
    /// The index.
    pub index: String,
    /// The statement.
    pub sql: String,
    /// How far it is.
    pub state: JobState,
    /// What the server is doing, where it says so.
    pub phase: Option<String>,
    /// How much of that is done, from 0 to 1, where it says so.
    pub progress: Option<f64>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the server began.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// When the node that looks after it last said so.
    pub heartbeat_at: Timestamp,
    /// Why it failed.
    pub failure: Option<JobFailure>,
}

impl IndexJob {
    /// How long after its last sign of life a node counts as dead.
    pub const LEASE: Duration = Duration::from_secs(30);

    /// The job as it is at `now`: one that nobody looks after any more has failed.
    #[must_use]
    pub fn as_of(mut self, now: Timestamp) -> Self {
        if !self.state.is_over() && self.heartbeat_at + Self::LEASE < now {
            self.state = JobState::Failed;
            self.finished_at = Some(self.heartbeat_at);
            self.failure = Some(JobFailure::of(
                "interrupted: the service was stopped meanwhile. The server may have finished all the same; \
                 look at the schema",
            ));
        }
        self
    }
}
