//! What the domain needs from outside: for each engine, someone who finds candidates in a user's
//! database and reads its rows.

use std::{sync::Arc, time::Duration};

use altus4_connections::{ColumnRef, FullTextKey, Table, Target, Value};
use altus4_kernel::PortResult;
use async_trait::async_trait;

/// Where the rows of a table that may match are taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CandidateSource {
    /// From a full-text index, best first by the server's own score.
    Index(FullTextKey),
    /// From reading the whole table: rows in which some word occurs in one of these columns,
    /// without case. Only for small tables.
    Scan(Vec<ColumnRef>),
}

/// A column to read, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadColumn {
    /// The column.
    pub column: ColumnRef,
    /// Text is cut to this many characters, bytes to this many bytes, by the server, so that a
    /// giant value never crosses the network.
    pub max_chars: u32,
}

/// Which rows of one table are wanted.
#[derive(Debug, Clone)]
pub struct CandidateRequest {
    /// The table.
    pub table: Arc<Table>,
    /// Where to look.
    pub source: CandidateSource,
    /// The words looked for, any of them: letters and digits (and what Unicode counts as part of a
    /// word, such as an apostrophe) only. At least one.
    pub words: Vec<String>,
    /// What to read of each row beside its primary key. May be empty.
    pub read: Vec<ReadColumn>,
    /// How many rows at the most.
    pub limit: u32,
}

/// One row that may match.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The values of the table's primary key, in its order; empty when the table has none.
    pub key: Vec<Value>,
    /// The server's score, higher is better; 0 from a scan.
    pub score: f64,
    /// The values of [`CandidateRequest::read`], in its order.
    pub values: Vec<Value>,
}

/// Which rows to read by their keys.
#[derive(Debug, Clone)]
pub struct RowsRequest {
    /// The table; it has a primary key.
    pub table: Arc<Table>,
    /// The keys of the rows. At most a few hundred.
    pub keys: Vec<Vec<Value>>,
    /// What to read.
    pub read: Vec<ReadColumn>,
}

/// One row that was read by its key.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The values of its primary key.
    pub key: Vec<Value>,
    /// The values of [`RowsRequest::read`], in its order.
    pub values: Vec<Value>,
}

/// Finds and reads rows in a user's database, which is trusted with nothing.
///
/// Both methods MUST bind every value, take identifiers from the request's refs alone, run in a
/// read-only session, and keep to `deadline`: at the deadline they answer `Timeout`, and the
/// statement MUST not go on running on the server. Dropping the future MUST end the statement too.
/// Both MUST bound what they hold in memory whatever the server sends.
///
/// Errors, all of the system `DataSource`: `Unavailable`, `NotPermitted`, `Timeout`, `Rejected`
/// (a table or column that is gone; the schema is stale).
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait FullTextIndex: Send + Sync {
    /// The best `limit` rows that hold any of the words. One statement, one full-text scan. From
    /// an index: by the server's score, best first. The same request on unchanged rows gives the
    /// same rows in the same order.
    async fn candidates(
        &self,
        target: &Target,
        request: &CandidateRequest,
        deadline: Duration,
    ) -> PortResult<Vec<Candidate>>;

    /// The rows with these keys, in any order; those that are gone are left out. One statement,
    /// over the primary key.
    async fn rows(&self, target: &Target, request: &RowsRequest, deadline: Duration) -> PortResult<Vec<Row>>;
}
