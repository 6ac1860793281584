//! Who makes embeddings for which connection.

use std::sync::Arc;

use altus4_connections::SearchDefaults;

use super::Embedder;

/// Who makes embeddings.
#[derive(Clone, Default)]
pub struct Embedders {
    /// A model in this process.
    pub local: Option<Arc<dyn Embedder>>,
    /// A provider outside.
    pub external: Option<Arc<dyn Embedder>>,
}

impl Embedders {
    /// Who does it for a connection: the provider where it may see rows and there is one, else the model
    /// in this process, if there is one.
    #[must_use]
    pub fn of(&self, search: &SearchDefaults) -> Option<&Arc<dyn Embedder>> {
        let external = self.external.as_ref().filter(|_| search.allow_external_ai);
        external.or(self.local.as_ref())
    }
}
