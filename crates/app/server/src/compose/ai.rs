//! The AI provider and the model in this process, and what is made of them.

use std::{path::PathBuf, sync::Arc};

use altus4_ai_local::{LocalEmbedderConfig, LocalModels};
use altus4_ai_openai::{
    OpenAiClient, OpenAiConfig, OpenAiEmbedder, OpenAiQueryEnhancer, OpenAiTextGenerator,
};
use altus4_cache_memory::MemoryEmbeddingCache;
use altus4_http::HealthCheck;
use altus4_kernel::{Clock, RandomSource, TextGenerator};
use altus4_search::{Embedder, Embedders, MeaningPorts, QueryEnhancer, VectorCatalog, VectorIndex};
use anyhow::{Context, Result};

use crate::{failure::one_line, health::AiHealth, settings::ProviderSettings};

/// What a provider and the model in this process do; nothing where there is none.
#[derive(Default)]
pub(super) struct Ai {
    pub(super) text_generator: Option<Arc<dyn TextGenerator>>,
    /// Who makes embeddings, here and outside.
    pub(super) embedders: Embedders,
    query_enhancer: Option<Arc<dyn QueryEnhancer>>,
    /// How it is.
    pub(super) health: Option<Arc<dyn HealthCheck>>,
}

impl Ai {
    /// What these settings name, and the model that is installed in this folder. Calls nobody.
    ///
    /// # Errors
    /// This machine can't speak TLS.
    pub(super) fn of(
        settings: Option<ProviderSettings>,
        models: PathBuf,
        clock: &Arc<dyn Clock>,
        random: &Arc<dyn RandomSource>,
    ) -> Result<Self> {
        let local = local_embedder(models);
        let Some(settings) = settings else {
            return Ok(Self { embedders: Embedders { local, external: None }, ..Self::default() });
        };
        let client = ai_client(&settings, clock, random)?;
        let ProviderSettings { model, embedding_model, .. } = settings;
        let chat = model.as_deref();
        let external = embedding_model.map(|model| Arc::new(OpenAiEmbedder::new(client.clone(), model)) as _);
        Ok(Self {
            text_generator: chat.map(|model| Arc::new(OpenAiTextGenerator::new(client.clone(), model)) as _),
            embedders: Embedders { local, external },
            query_enhancer: chat.map(|model| Arc::new(OpenAiQueryEnhancer::new(client.clone(), model)) as _),
            health: Some(Arc::new(AiHealth(client))),
        })
    }

    /// What searching by meaning is done with.
    pub(super) fn meaning(
        &self,
        catalog: impl VectorCatalog + 'static,
        vectors: Arc<dyn VectorIndex>,
    ) -> MeaningPorts {
        MeaningPorts {
            embedders: self.embedders.clone(),
            cache: Arc::new(MemoryEmbeddingCache::default()),
            catalog: Some(Arc::new(catalog)),
            vectors: Some(vectors),
            enhancer: self.query_enhancer.clone(),
        }
    }
}

/// The model that is installed in this folder, if one is. One that can't be used is told, and done
/// without.
fn local_embedder(models: PathBuf) -> Option<Arc<dyn Embedder>> {
    match LocalModels::new(models).open(LocalEmbedderConfig::default()) {
        Ok(local) => local.map(|local| Arc::new(local) as Arc<dyn Embedder>),
        Err(fault) => {
            tracing::warn!(error = one_line(&fault.into()), "ai_local.unusable");
            None
        }
    }
}

/// The way to the provider.
///
/// # Errors
/// This machine can't speak TLS.
pub(crate) fn ai_client(
    settings: &ProviderSettings,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn RandomSource>,
) -> Result<OpenAiClient> {
    let config = OpenAiConfig::new(settings.base_url.clone(), settings.api_key.clone());
    OpenAiClient::new(config, Arc::clone(clock), Arc::clone(random)).context("OPENAI_API_KEY")
}
