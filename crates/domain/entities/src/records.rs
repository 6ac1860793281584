//! The port to the rows of users' tables.

use std::{fmt, sync::Arc, time::Duration};

use altus4_connections::{ColumnRef, Filter, FullTextKey, Link, Table, Target, Value};
use async_trait::async_trait;

use crate::RecordsError;

/// What an adapter answers.
pub type RecordsResult<T> = Result<T, RecordsError>;

/// The values of a row, in the order of the columns that were asked for.
pub type RowValues = Vec<Value>;

/// The columns that tell rows apart, and their values. Never empty.
pub type RowKey = Vec<(ColumnRef, Value)>;

/// By what rows are sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortBy {
    /// A column. `NULL` comes first ascending and last descending, as MySQL has it; text goes by the
    /// column's collation; `ENUM` and `SET` by their text.
    Column(ColumnRef),
    /// How well a row fits [`SelectRequest::search`].
    Score,
}

/// A part of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortPart {
    /// By what.
    pub by: SortBy,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// Words to look for. A row passes that has at least one of them in at least one of the columns.
#[derive(Debug, Clone)]
pub struct TextSearch {
    /// The words, as somebody typed them. Never empty.
    pub text: String,
    /// The index to look in, where there is one over readable columns alone.
    pub index: Option<FullTextKey>,
    /// Where there is no index: the columns in which the text is looked for as it stands, without
    /// case. Then every row's score is 0.
    pub columns: Vec<ColumnRef>,
}

/// Which rows of a table are meant.
#[derive(Debug, Clone)]
pub struct Selection {
    /// The table.
    pub table: Arc<Table>,
    /// What has to hold.
    pub filter: Option<Filter>,
    /// What has to be in it.
    pub search: Option<TextSearch>,
}

/// Which rows are wanted, and what of them.
#[derive(Debug, Clone)]
pub struct SelectRequest {
    /// Which are meant.
    pub rows: Selection,
    /// The columns to read, whole. May be empty.
    pub read: Vec<ColumnRef>,
    /// The order. Where the table has a key, it ends with the key's columns, so that no two rows are
    /// at the same place.
    pub order: Vec<SortPart>,
    /// The values of a row's columns in `order`, as they were read: only rows that come after it.
    /// There is no [`SortBy::Score`] in `order` then.
    pub after: Option<Vec<Value>>,
    /// How many rows are passed over.
    pub offset: u64,
    /// How many rows at the most.
    pub limit: u32,
}

/// How rows are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// One by one.
    Exact,
    /// As the server estimates it without reading the rows: from its statistics, or its plan. Where it
    /// has neither, one by one.
    Estimated,
}

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Assigned {
    /// It gets this value.
    Value(Value),
    /// It gets its default, as if it had not been named.
    Default,
}

/// Rows to be made.
#[derive(Debug, Clone)]
pub struct InsertRequest {
    /// The table.
    pub table: Arc<Table>,
    /// The columns that are given.
    pub columns: Vec<ColumnRef>,
    /// For each row, what they get. 1–1,000 rows.
    pub rows: Vec<Vec<Assigned>>,
    /// The columns that tell the new rows apart, for reading them again.
    pub key: Vec<ColumnRef>,
    /// What to read of the new rows.
    pub returning: Vec<ColumnRef>,
}

/// Whether a row is as expected, by the values that were read of it.
pub type Holds = Arc<dyn Fn(&[Value]) -> bool + Send + Sync>;

/// What has to hold of a row before it is changed: it is shown the row's values, in the order of
/// `columns`, and says whether they are what the caller knew.
#[derive(Clone)]
pub struct Precondition {
    /// What is to be read of the row.
    pub columns: Vec<ColumnRef>,
    /// Whether the row is as expected.
    pub holds: Holds,
}

impl fmt::Debug for Precondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Precondition").field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// One row to be changed, by its key.
#[derive(Debug, Clone)]
pub struct UpdateRequest {
    /// The table.
    pub table: Arc<Table>,
    /// Which row.
    pub key: RowKey,
    /// What is changed; never a column of the key. May be empty: then nothing is changed, but all
    /// else holds.
    pub set: Vec<(ColumnRef, Assigned)>,
    /// What has to hold before.
    pub expected: Option<Precondition>,
    /// Where there is no such row, and nothing is `expected`: the row to be made, key included.
    pub otherwise_insert: Option<Vec<(ColumnRef, Assigned)>>,
    /// What to read of the row afterwards.
    pub returning: Vec<ColumnRef>,
}

/// One row to be deleted, by its key.
#[derive(Debug, Clone)]
pub struct DeleteRequest {
    /// The table.
    pub table: Arc<Table>,
    /// Which row.
    pub key: RowKey,
    /// What has to hold before.
    pub expected: Option<Precondition>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// It was changed, or deleted: then nothing is read of it.
    Done(RowValues),
    /// It wasn't there, and was made.
    Made(RowValues),
    /// It wasn't there, and nothing was done.
    Missing,
    /// It wasn't as expected, and nothing was done.
    NotAsExpected,
}

/// Rows to be changed or deleted together.
#[derive(Debug, Clone)]
pub struct ManyRequest {
    /// The table.
    pub table: Arc<Table>,
    /// Which rows.
    pub filter: Filter,
    /// The columns that tell rows apart; the first `limit` rows by these are meant.
    pub key: Vec<ColumnRef>,
    /// How many at the most.
    pub limit: u32,
}

/// Rows that belong to other rows.
#[derive(Debug, Clone)]
pub struct RelatedRequest {
    /// How they do.
    pub link: Arc<Link>,
    /// For each of the other rows, the values of the columns of its table that [`Link::on`] names, in
    /// that order, as they were read; none of them `NULL`. At most a few thousand, each once.
    pub parents: Vec<Vec<Value>>,
    /// What has to hold for a row.
    pub filter: Option<Filter>,
    /// What to read of a row.
    pub read: Vec<ColumnRef>,
    /// The order of those that belong to one parent.
    pub order: Vec<SortPart>,
    /// How many of each parent at the most.
    pub per_parent: u32,
}

/// A row that belongs to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Related {
    /// To which: a place in [`RelatedRequest::parents`], by the server's own measure of what is equal.
    pub parent: usize,
    /// What was read of it.
    pub values: RowValues,
}

/// Reads and writes rows of a user's table, whose database is trusted with nothing.
///
/// Every method MUST bind every value, take identifiers from the request's refs alone, and keep to
/// `deadline`: at the deadline it answers `Timeout`, and the statement MUST not go on running on the
/// server. Dropping the future MUST end the statement too. Every method MUST bound what it holds in
/// memory whatever the server sends ([`RecordsError::TooLarge`]), and methods that only read MUST do so
/// in a read-only session.
///
/// A method that writes is one transaction: when it answers an error, nothing was written. (A server
/// whose tables know no transactions keeps that as far as it can.)
///
/// Values. A value that was read, given back, MUST be stored as it was, and found by `eq`.
/// - Decimals are text in digits. Temporal values are text: `2026-01-31`, `2026-01-31T09:30:00` with as
///   many digits more as the column keeps, `09:30:00`, in UTC where the column keeps moments; those that
///   come in may have a space for the `T`. Dates that are none, such as `0000-00-00`, are read as such.
/// - Years and bits are numbers; a `BIT(1)` or `TINYINT(1)` that is 0 or 1 is a truth value.
/// - A `SET` is its members with commas between them.
/// - Geometry is [`Value::Bytes`] in MySQL's form: the SRID in four bytes, the least first, then WKB (OGC
///   06-103r4), longitude before latitude.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Records: Send + Sync {
    /// Rows, one after another. One statement. What [`SelectRequest::after`] names needn't be there any
    /// more, and with an index in the order's direction the statement costs the same wherever it goes
    /// on.
    async fn select(
        &self,
        target: &Target,
        request: &SelectRequest,
        deadline: Duration,
    ) -> RecordsResult<Vec<RowValues>>;

    /// How many rows are meant.
    async fn count(
        &self,
        target: &Target,
        rows: &Selection,
        counting: Counting,
        deadline: Duration,
    ) -> RecordsResult<u64>;

    /// Rows that belong to others: of each parent the first ones, in the order asked for. One statement
    /// (a server without window functions, such as MySQL 5.7, may be asked for more than is given).
    async fn related(
        &self,
        target: &Target,
        request: &RelatedRequest,
        deadline: Duration,
    ) -> RecordsResult<Vec<Related>>;

    /// Makes rows, all or none, and reads each again, in their order; `None` for one that the server
    /// doesn't let itself be found again.
    ///
    /// Errors: [`RecordsError::Refused`] names the first row that was refused, and its columns.
    async fn insert(
        &self,
        target: &Target,
        request: &InsertRequest,
        deadline: Duration,
    ) -> RecordsResult<Vec<Option<RowValues>>>;

    /// Changes one row, or makes it. The row is locked, held against what is expected, written and read
    /// again in one transaction: of two calls at once that expect the same, at most one writes.
    /// Where `expected` is set and there is no such row, it is [`Written::Missing`].
    async fn update(
        &self,
        target: &Target,
        request: &UpdateRequest,
        deadline: Duration,
    ) -> RecordsResult<Written>;

    /// Deletes one row, as [`update`](Self::update) changes it.
    async fn delete(
        &self,
        target: &Target,
        request: &DeleteRequest,
        deadline: Duration,
    ) -> RecordsResult<Written>;

    /// Changes the rows that pass, all or none; how many passed, whether or not a value became another.
    async fn update_many(
        &self,
        target: &Target,
        request: &ManyRequest,
        set: &[(ColumnRef, Assigned)],
        deadline: Duration,
    ) -> RecordsResult<u64>;

    /// Deletes the rows that pass, all or none; how many there were.
    async fn delete_many(
        &self,
        target: &Target,
        request: &ManyRequest,
        deadline: Duration,
    ) -> RecordsResult<u64>;
}
