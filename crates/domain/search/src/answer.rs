//! What a search answers.

use altus4_connections::Value;
use altus4_kernel::{ConnectionId, SearchId};
use uuid::Uuid;

/// The answer to a search.
#[derive(Debug, Clone)]
pub struct SearchAnswer {
    /// Names this execution, for events.
    pub search_id: SearchId,
    /// The wanted part of the ranked list.
    pub hits: Vec<Hit>,
    /// How many rows match.
    pub total: TotalCount,
    /// What the answer had to do without.
    pub degraded: Vec<Degraded>,
    /// What could not be searched.
    pub failures: Vec<Failure>,
}

/// How many rows match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotalCount {
    /// The number.
    pub count: u64,
    /// Whether it is that number or at least that number.
    pub exact: bool,
}

/// One result.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Made of connection, table and primary key: the same row has the same id in every search.
    pub id: Uuid,
    /// The connection it was found through.
    pub connection_id: ConnectionId,
    /// The database's name.
    pub database: String,
    /// The table's name.
    pub table: String,
    /// 0–1; comparable within one answer, and strictly falling along it.
    pub score: f64,
    /// The columns in which words were found.
    pub matched_columns: Vec<String>,
    /// The row: column and value, in the table's order.
    pub data: Vec<(String, Value)>,
    /// The best passage: escaped as HTML, matches marked.
    pub snippet: Option<String>,
    /// The matched columns with their matches marked, if that was asked for.
    pub highlights: Vec<(String, String)>,
}

/// What an answer had to do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Degraded {
    /// Meaning: there is no AI to tell it.
    Ai,
}

impl Degraded {
    /// The name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ai => "ai",
        }
    }
}

/// Why something could not be searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureReason {
    /// The database can't be reached or refused.
    ConnectionFailed,
    /// It didn't answer in time.
    Timeout,
    /// The operator's policy forbids the connection.
    NotAllowed,
    /// The table is too large to be read whole and has no fitting full-text index.
    NoIndex,
    /// More tables than one search goes through.
    TooManyTables,
}

/// A database, or one table of it, that could not be searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The connection.
    pub connection_id: ConnectionId,
    /// The table, where it is about one.
    pub table: Option<String>,
    /// Why.
    pub reason: FailureReason,
    /// The same in a sentence, with what would mend it.
    pub message: String,
}
