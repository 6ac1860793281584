//! What can go wrong with advice on indexes and with making them.

use altus4_kernel::{IndexJobId, PortError};

use crate::{ConnectionError, Engine};

/// The answers of [`IndexService`](crate::IndexService) other than success.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Something about the connection.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The database has no such table.
    #[error("the database has no table of this name")]
    UnknownTable(String),
    /// The table has no such columns.
    #[error("the table has no columns of these names")]
    UnknownColumns(Vec<String>),
    /// No full-text index can be made so.
    #[error("no full-text index can be made so: {field} {reason}")]
    Unfit {
        /// What can't be: `table` or `columns`.
        field: &'static str,
        /// Why.
        reason: String,
    },
    /// There is such an index, or one of this name.
    #[error("there is such an index already: {0}")]
    Exists(String),
    /// An index of this table is being made.
    #[error("an index of this table is being made; wait for its end")]
    TableBusy,
    /// As many indexes of this database are being made as may be at once.
    #[error("{0} indexes of this database are being made; wait for one of them")]
    TooMany(u32),
    /// The connection has no such job.
    #[error("no such job")]
    NoSuchJob(IndexJobId),
    /// Nothing makes indexes in databases of this kind.
    #[error("the service makes no indexes in databases of this kind")]
    Unsupported(Engine),
}

impl From<PortError> for IndexError {
    fn from(error: PortError) -> Self {
        Self::Connection(error.into())
    }
}
