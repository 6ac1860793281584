//! What the health routes ask: whether the store, the cache and Qdrant answer, and the AI provider did.

use std::sync::Arc;

use altus4_ai_openai::OpenAiClient;
use altus4_http::HealthCheck;
use altus4_kernel::{Cache, PortResult};
use altus4_store_sql::SqlStore;
use altus4_vector_qdrant::QdrantVectorIndex;
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

/// Without the AI provider texts are searched by their words. It costs money, so it isn't asked: what
/// counts is how the last calls went.
pub(crate) struct AiHealth(pub(crate) OpenAiClient);

#[async_trait]
impl HealthCheck for AiHealth {
    fn name(&self) -> &'static str {
        "ai"
    }

    fn essential(&self) -> bool {
        false
    }

    async fn check(&self) -> PortResult<()> {
        self.0.standing()
    }
}

/// Without vectors, searches by meaning have words alone.
pub(crate) struct VectorsHealth(pub(crate) Arc<QdrantVectorIndex>);

#[async_trait]
impl HealthCheck for VectorsHealth {
    fn name(&self) -> &'static str {
        "vectors"
    }

    fn essential(&self) -> bool {
        false
    }

    async fn check(&self) -> PortResult<()> {
        self.0.probe().await
    }
}
