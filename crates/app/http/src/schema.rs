//! What administrators are told of the service's own tables.

use altus4_kernel::PortResult;
use async_trait::async_trait;

/// How far the tables of the service's own store have come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SchemaVersions {
    /// The names of the migrations that were applied, in their order.
    pub applied: Vec<String>,
    /// The names of those that are still to come.
    pub pending: Vec<String>,
}

/// Knows the tables of the service's own store.
#[async_trait]
pub trait StoreSchema: Send + Sync {
    /// How far they have come.
    async fn versions(&self) -> PortResult<SchemaVersions>;
}
