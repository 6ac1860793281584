//! What can go wrong with a search as a whole.

use altus4_connections::{ConnectionError, FilterFault};

use crate::{Failure, QueryFault};

/// The answers of [`SearchService`](crate::SearchService) other than success. A database that
/// fails while others answer is no error; see [`SearchAnswer::failures`](crate::SearchAnswer).
#[derive(Debug, Clone, thiserror::Error)]
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
    /// Columns to sort by that exist in none of the tables searched.
    #[error("no such column to sort by: {}", .0.join(", "))]
    UnknownSorts(Vec<String>),
    /// Columns to count that exist in none of the tables searched.
    #[error("no such facet: {}", .0.join(", "))]
    UnknownFacets(Vec<String>),
    /// A boolean query that can't be read.
    #[error("the query can't be read: {0}")]
    InvalidQuery(#[from] QueryFault),
    /// A filter that fits none of the tables searched.
    #[error("the filter fits no table")]
    InvalidFilter(Vec<FilterFault>),
    /// Every database failed.
    #[error("no database could be searched")]
    AllFailed(Vec<Failure>),
}
