//! What administrators are told of the store's tables.

use altus4_http::{SchemaVersions, StoreSchema};
use altus4_kernel::{PortError, PortErrorKind, PortResult, System};
use altus4_store_sql::SqlStore;
use async_trait::async_trait;

/// The tables of the service's own store.
pub(crate) struct StoreTables(pub(crate) SqlStore);

#[async_trait]
impl StoreSchema for StoreTables {
    async fn versions(&self) -> PortResult<SchemaVersions> {
        let status = self.0.migration_status().await.map_err(|fault| {
            PortError::new(PortErrorKind::Unavailable, System::Store, "migrations.status").with_source(fault)
        })?;
        Ok(SchemaVersions { applied: status.applied, pending: status.pending })
    }
}
