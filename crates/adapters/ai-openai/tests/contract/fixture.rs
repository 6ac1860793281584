//! A provider, and what calls it.

use std::{sync::Arc, time::Duration};

use altus4_ai_openai::{
    OpenAiClient, OpenAiConfig, OpenAiEmbedder, OpenAiQueryEnhancer, OpenAiTextGenerator,
};
use altus4_kernel::{
    Generated, PortErrorKind, PortResult, Prompt, RandomSource, System, SystemClock, TextGenerator,
    secrecy::SecretString,
};
use altus4_search::{EmbedRequest, Embedded, Embedder, QueryEnhancer, Related, TextKind, Urgency};
use altus4_test_support::provider::Provider;

/// What nothing but the header of a request may show.
pub(crate) const KEY: &str = "sk-canary-key-7Zq";
/// Longer than any answer of a provider on this machine takes.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// Randomness of which nothing depends on being any.
struct Even;

impl RandomSource for Even {
    fn fill(&self, bytes: &mut [u8]) -> PortResult<()> {
        bytes.fill(128);
        Ok(())
    }
}

/// A provider of its own for each test.
pub(crate) struct Desk {
    pub(crate) provider: Provider,
    pub(crate) client: OpenAiClient,
    pub(crate) embedder: OpenAiEmbedder,
    enhancer: OpenAiQueryEnhancer,
    generator: OpenAiTextGenerator,
}

impl Desk {
    /// With short waits between tries.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut OpenAiConfig)) -> Self {
        let provider = Provider::start();
        let base = provider.url().parse().expect("a URL");
        let mut config = OpenAiConfig::new(base, Some(SecretString::from(KEY)));
        config.backoff = Duration::from_millis(10);
        change(&mut config);
        let client = OpenAiClient::new(config, Arc::new(SystemClock), Arc::new(Even)).expect("a client");
        Self {
            embedder: OpenAiEmbedder::new(client.clone(), "embedding-model"),
            enhancer: OpenAiQueryEnhancer::new(client.clone(), "chat-model"),
            generator: OpenAiTextGenerator::new(client.clone(), "chat-model"),
            client,
            provider,
        }
    }

    /// Without anything that is a provider behind it.
    pub(crate) fn without_provider() -> Self {
        let gone = format!("http://127.0.0.1:{}/v1", altus4_test_support::free_port());
        Self::with(|config| config.base_url = gone.parse().expect("a URL"))
    }

    pub(crate) async fn embed(&self, texts: &[&str]) -> PortResult<Embedded> {
        self.embed_within(texts, LONG).await
    }

    pub(crate) async fn embed_within(&self, texts: &[&str], deadline: Duration) -> PortResult<Embedded> {
        self.embedder.embed(request(texts, Urgency::Now), deadline).await
    }

    pub(crate) async fn generate(&self, text: &str) -> PortResult<Generated> {
        self.generate_within(text, LONG).await
    }

    pub(crate) async fn generate_within(&self, text: &str, deadline: Duration) -> PortResult<Generated> {
        let prompt =
            Prompt { instruction: None, text: text.to_owned(), max_tokens: 64, temperature: Some(0.5) };
        self.generator.generate(&prompt, deadline).await
    }

    pub(crate) async fn related(&self, query: &str, limit: usize) -> PortResult<Related> {
        self.enhancer.related(query, limit, LONG).await
    }
}

pub(crate) fn request(texts: &[&str], urgency: Urgency) -> EmbedRequest {
    let texts = texts.iter().map(|text| (*text).to_owned()).collect();
    EmbedRequest { texts, kind: TextKind::Row, urgency }
}

/// What went wrong; it is the provider's doing, and tells neither the key nor a text.
#[track_caller]
pub(crate) fn kind<T: std::fmt::Debug>(outcome: PortResult<T>) -> PortErrorKind {
    let error = outcome.expect_err("it fails");
    let told = format!("{error} {error:?}");
    assert!(!told.contains(KEY) && !told.contains("canary"), "{told}");
    assert_eq!(error.system, System::Ai);
    error.kind
}
