//! What can go wrong with a search as a whole.

use altus4_connections::ConnectionError;

use crate::Failure;

/// The answers of [`SearchService`](crate::SearchService) other than success. A database that
/// fails while others answer is no error; see [`SearchAnswer::failures`](crate::SearchAnswer).
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// A named connection is not the account's, or a port of our own failed.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// Tables that exist in none of the databases searched.
    #[error("no such table: {}", .0.join(", "))]
    UnknownTables(Vec<String>),
    /// Columns that exist in none of the tables searched.
    #[error("no such column: {}", .0.join(", "))]
    UnknownColumns(Vec<String>),
    /// Fields that exist in none of the tables searched.
    #[error("no such field: {}", .0.join(", "))]
    UnknownFields(Vec<String>),
    /// Every database failed.
    #[error("no database could be searched")]
    AllFailed(Vec<Failure>),
}
