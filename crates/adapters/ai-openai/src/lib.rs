//! The ports [`Embedder`](altus4_search::Embedder), [`QueryEnhancer`](altus4_search::QueryEnhancer) and
//! [`TextGenerator`](altus4_kernel::TextGenerator) over HTTP: OpenAI, or whatever speaks its
//! `/v1/embeddings` and `/v1/chat/completions` (Ollama, vLLM, llama.cpp, TEI).
//!
//! A provider makes answers better. It may be slow, failing or hostile, and nothing depends on it.
//!
//! Invariants:
//! - No call takes longer than its deadline: waiting for its turn, connecting, every further try.
//! - No more is read of an answer than an honest one would have, and no more calls are under way at the
//!   same time than [`OpenAiConfig`] says; those that nobody waits for leave room for the others.
//! - A redirect is not followed and no proxy of the environment is used: texts and the key go to the
//!   configured host and nowhere else.
//! - What comes back is data. It has the form that was asked for, or the answer is an error.
//! - No text, no key and nothing that a provider says in its own words is in an error or in a log.
//! - Tokens are those that the provider counted. One that counts none is taken to have counted one for
//!   each four bytes, rounded up: a budget that nothing is counted against would be none.
//!
//! ```
//! # use std::sync::Arc;
//! # use altus4_ai_openai::{OpenAiClient, OpenAiConfig, OpenAiEmbedder};
//! # use altus4_kernel::{Clock, RandomSource};
//! # fn embedder(clock: Arc<dyn Clock>, random: Arc<dyn RandomSource>)
//! # -> Result<OpenAiEmbedder, Box<dyn std::error::Error>> {
//! let config = OpenAiConfig::new("http://127.0.0.1:11434".parse()?, None);
//! let client = OpenAiClient::new(config, clock, random)?;
//! Ok(OpenAiEmbedder::new(client, "nomic-embed-text"))
//! # }
//! ```

mod breaker;
mod chat;
mod client;
mod config;
mod embedder;
mod error;
mod query_enhancer;
mod retry;
mod text_generator;
mod usage;

pub use crate::{
    client::OpenAiClient,
    config::{BaseUrl, BaseUrlFault, OpenAiConfig},
    embedder::OpenAiEmbedder,
    error::OpenAiFault,
    query_enhancer::OpenAiQueryEnhancer,
    text_generator::OpenAiTextGenerator,
};
