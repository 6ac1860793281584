//! What the domain needs from outside: for each engine, someone who finds candidates in a user's
//! database and reads its rows.

use std::{sync::Arc, time::Duration};

use altus4_connections::{ColumnRef, Filter, Table, Target, Value};
use altus4_kernel::PortResult;
use async_trait::async_trait;

use crate::{Expr, Scope};

/// A column to read, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadColumn {
    /// The column.
    pub column: ColumnRef,
    /// Text is cut to this many characters, bytes to this many bytes, by the server, so that a
    /// giant value never crosses the network.
    pub max_chars: u32,
}

/// Which rows of one table match.
#[derive(Debug, Clone)]
pub struct Matching {
    /// The table.
    pub table: Arc<Table>,
    /// Where terms are looked for.
    pub scope: Scope,
    /// What a row has to hold. Exact: also for words that an index leaves out
    /// ([`IndexRules`](altus4_connections::IndexRules)), for `NOT` alone, and for nested groups.
    pub expr: Expr,
    /// What else has to hold for it.
    pub filter: Option<Filter>,
}

/// In which order rows come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Order {
    /// Best first by the server's own score, where it has one; by primary key where not.
    #[default]
    Relevance,
    /// By these columns; equal ones by the server's score where it has one, then by primary key.
    By(Vec<SortKey>),
}

/// A column to sort by. `NULL` comes first ascending and last descending, as MySQL has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// The column.
    pub column: ColumnRef,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// Which rows of one table are wanted.
#[derive(Debug, Clone)]
pub struct CandidateRequest {
    /// Which match.
    pub matching: Matching,
    /// In which order.
    pub order: Order,
    /// What to read of each row beside its primary key. May be empty.
    pub read: Vec<ReadColumn>,
    /// How many rows at the most.
    pub limit: u32,
}

/// One row that matches.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The values of the table's primary key, in its order; empty when the table has none.
    pub key: Vec<Value>,
    /// The server's score, higher is better; 0 where it has none.
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
    /// What has to hold for a row to be read at all.
    pub filter: Option<Filter>,
}

/// One row that was read by its key.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The values of its primary key.
    pub key: Vec<Value>,
    /// The values of [`RowsRequest::read`], in its order.
    pub values: Vec<Value>,
}

/// Which rows of a table come next, going by its primary key.
#[derive(Debug, Clone)]
pub struct WalkRequest {
    /// The table; it has a primary key.
    pub table: Arc<Table>,
    /// The key after which to go on, as it was read; from the first row where it is left out.
    pub after: Option<Vec<Value>>,
    /// What has to hold for a row.
    pub filter: Option<Filter>,
    /// What to read beside the key.
    pub read: Vec<ReadColumn>,
    /// How many rows at the most.
    pub limit: u32,
}

/// Which values of a column are to be counted among the rows that match.
#[derive(Debug, Clone)]
pub struct FacetRequest {
    /// Which rows.
    pub matching: Matching,
    /// The columns.
    pub columns: Vec<ColumnRef>,
    /// How many values of each at the most, the commonest.
    pub limit: u32,
}

/// The commonest values of a column and how many rows have them, the commonest first; `NULL` is no
/// value. Text is cut to 256 characters.
pub type Facet = Vec<(Value, u64)>;

/// A look at a table's rows, to learn which words it has.
#[derive(Debug, Clone)]
pub struct SampleRequest {
    /// The table.
    pub table: Arc<Table>,
    /// What to read.
    pub read: Vec<ReadColumn>,
    /// How many rows at the most.
    pub rows: u32,
}

/// Rows of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// The values of [`SampleRequest::read`] of each row.
    pub rows: Vec<Vec<Value>>,
    /// Whether these are all the rows there are.
    pub whole: bool,
}

/// How a server would run a search.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explained {
    /// The statement, with `?` where values are bound.
    pub sql: String,
    /// The server's own plan: JSON where it writes any, else text.
    pub plan: String,
    /// The index it uses, if any.
    pub index: Option<String>,
    /// How many rows it expects to look at.
    pub rows_estimated: Option<u64>,
    /// How many it did look at, where the server runs the statement to tell.
    pub rows_examined: Option<u64>,
    /// How long that took.
    pub time: Option<Duration>,
}

/// Finds and reads rows in a user's database, which is trusted with nothing.
///
/// Every method MUST bind every value, take identifiers from the request's refs alone, run in a
/// read-only session, and keep to `deadline`: at the deadline it answers `Timeout`, and the
/// statement MUST not go on running on the server. Dropping the future MUST end the statement too.
/// Every method MUST bound what it holds in memory whatever the server sends.
///
/// Errors, all of the system `DataSource`: `Unavailable`, `NotPermitted`, `Timeout`, `Rejected`
/// (a table or column that is gone; the schema is stale).
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait FullTextIndex: Send + Sync {
    /// The first `limit` rows that match. One statement; where the expression is terms of one index,
    /// any of which will do, one full-text scan. The same request on unchanged rows gives the same
    /// rows in the same order.
    async fn candidates(
        &self,
        target: &Target,
        request: &CandidateRequest,
        deadline: Duration,
    ) -> PortResult<Vec<Candidate>>;

    /// The rows with these keys, in any order; those that are gone are left out, and those that don't
    /// pass the filter. One statement, over the primary key.
    async fn rows(&self, target: &Target, request: &RowsRequest, deadline: Duration) -> PortResult<Vec<Row>>;

    /// The next rows in an order of the primary key that is the same every time, and that the server's
    /// own index has but for keys with parts of an `ENUM` or a `SET`. Fewer than `limit` only where
    /// there are no more, or where they are too large to be held in memory together: whoever goes on
    /// after the last one until none comes has had every row once that was there all the while. Rows
    /// whose key isn't whole (SQLite takes `NULL` in one) are left out.
    ///
    /// One statement over the primary key: without a filter it costs the same wherever it goes on.
    async fn walk(&self, target: &Target, request: &WalkRequest, deadline: Duration) -> PortResult<Vec<Row>>;

    /// How many rows match; counting may stop at `at_most`.
    async fn count(
        &self,
        target: &Target,
        matching: &Matching,
        at_most: u64,
        deadline: Duration,
    ) -> PortResult<u64>;

    /// For each of the columns, in their order, its commonest values among the rows that match.
    async fn facets(
        &self,
        target: &Target,
        request: &FacetRequest,
        deadline: Duration,
    ) -> PortResult<Vec<Facet>>;

    /// Rows from all over the table, as cheaply as they can be had: all of them where there are no
    /// more than asked for, else from several places of the primary key. The same places for the
    /// same table, as long as its first and last keys don't change.
    async fn sample(
        &self,
        target: &Target,
        request: &SampleRequest,
        deadline: Duration,
    ) -> PortResult<Sample>;

    /// How the server would find [`candidates`](Self::candidates). Where it can measure, the
    /// statement is run.
    async fn explain(
        &self,
        target: &Target,
        request: &CandidateRequest,
        deadline: Duration,
    ) -> PortResult<Explained>;
}
