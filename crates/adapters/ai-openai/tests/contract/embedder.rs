//! The contract of embedders, over a provider that behaves well.

use std::time::Duration;

use altus4_kernel::PortResult;
use altus4_search::{EmbedRequest, Embedded, Embedder, EmbeddingModel};
use async_trait::async_trait;

use crate::fixture::Desk;

/// The provider stays as long as what asks it.
struct Subject(Desk);

#[async_trait]
impl Embedder for Subject {
    fn model(&self) -> EmbeddingModel {
        self.0.embedder.model()
    }

    async fn embed(&self, request: EmbedRequest, deadline: Duration) -> PortResult<Embedded> {
        self.0.embedder.embed(request, deadline).await
    }
}

altus4_search::embedder_contract!(tokio::test, Subject(Desk::new()));
