//! What can go wrong with the management of vectors.

use altus4_connections::ConnectionError;
use altus4_kernel::{PortError, VectorIndexId};

use crate::VectorFault;

/// The answers of [`VectorService`](crate::VectorService) other than success.
#[derive(Debug, thiserror::Error)]
pub enum VectorError {
    /// Something about the connection.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// There can be no such vectors; everything that is wrong.
    #[error("there can be no such vectors")]
    Unfit(Vec<VectorFault>),
    /// The connection has vectors of these columns of this table.
    #[error("there is a vector index of these columns of the table already")]
    Exists,
    /// The connection has as many as it may have.
    #[error("a database has at most {0} vector indexes")]
    TooMany(u32),
    /// The connection has none of this id.
    #[error("no such vector index")]
    NoSuchIndex(VectorIndexId),
    /// Nobody makes embeddings of this connection's rows.
    #[error(
        "no model makes embeddings of this database's rows: install one with `altus4 model install`, or set \
         OPENAI_API_KEY (or OPENAI_BASE_URL) and allow the database's rows to be sent there \
         (searchOptions.allowExternalAI)"
    )]
    NoModel,
}

impl From<PortError> for VectorError {
    fn from(error: PortError) -> Self {
        Self::Connection(error.into())
    }
}
