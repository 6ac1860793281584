//! What the health routes ask: whether the store and the cache answer.

use std::sync::Arc;

use altus4_http::HealthCheck;
use altus4_kernel::{Cache, PortResult};
use altus4_store_sql::SqlStore;
use async_trait::async_trait;

/// Nothing can be answered without the store.
pub(crate) struct StoreHealth(pub(crate) SqlStore);

#[async_trait]
impl HealthCheck for StoreHealth {
    fn name(&self) -> &'static str {
        "store"
    }

    fn essential(&self) -> bool {
        true
    }

    async fn check(&self) -> PortResult<()> {
        self.0.ping().await
    }
}

/// Without the cache answers come slower.
pub(crate) struct CacheHealth(pub(crate) Arc<dyn Cache>);

#[async_trait]
impl HealthCheck for CacheHealth {
    fn name(&self) -> &'static str {
        "cache"
    }

    fn essential(&self) -> bool {
        false
    }

    async fn check(&self) -> PortResult<()> {
        self.0.ping().await
    }
}
