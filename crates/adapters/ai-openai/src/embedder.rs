//! Embeddings of texts.

mod answer;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use altus4_kernel::{PortResult, TokenUsage};
use altus4_search::{EmbedRequest, Embedded, Embedder, EmbeddingModel, Urgency, Vector};
use async_trait::async_trait;
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    OpenAiClient,
    client::{Call, Purpose, until},
};

/// The most texts in a call: what TEI takes as it comes.
const TEXTS_PER_CALL: usize = 32;
/// The most characters of all texts in a call together.
const CHARS_PER_CALL: usize = 64_000;
/// The most characters of a text, about a thousand tokens.
const MAX_CHARS: usize = 4_000;
/// A number as it is written at the most: `-1.2345678901234567e-10, `.
const BYTES_PER_NUMBER: usize = 25;
/// What stands around the numbers.
const BYTES_AROUND: usize = 64 * 1024;

/// An [`Embedder`] over a provider's embedding model. Clones share what is known of the model.
///
/// The first good answer says how many dimensions the model has, as long as the program runs.
#[derive(Debug, Clone)]
pub struct OpenAiEmbedder {
    client: OpenAiClient,
    name: Arc<str>,
    model: EmbeddingModel,
    dimensions: Arc<OnceLock<usize>>,
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [&'a str],
    encoding_format: &'static str,
}

/// The texts of one call: where each stands among all, and as much of it as is sent.
type Batch<'a> = [(usize, &'a str)];

impl OpenAiEmbedder {
    /// Embeddings of this model.
    #[must_use]
    pub fn new(client: OpenAiClient, model: impl Into<Arc<str>>) -> Self {
        let name = model.into();
        let id = format!("{}/{name}", client.base_url()).into();
        let model = EmbeddingModel { id, is_external: true, max_chars: MAX_CHARS, glance_chars: MAX_CHARS };
        Self { client, name, model, dimensions: Arc::default() }
    }

    async fn embed_batch(
        &self,
        batch: &Batch<'_>,
        urgency: Urgency,
        until: Instant,
    ) -> PortResult<(Vec<Vector>, TokenUsage)> {
        let input: Vec<&str> = batch.iter().map(|(_, text)| *text).collect();
        let sent = input.iter().map(|text| text.len()).sum();
        let request = Request { model: &self.name, input: &input, encoding_format: "float" };
        let call = Call {
            operation: "embedder.embed",
            purpose: Purpose::Embeddings,
            body: serde_json::to_vec(&request).unwrap_or_default(),
            urgency,
            max_bytes: BYTES_AROUND + batch.len() * Vector::MAX_DIMENSIONS * BYTES_PER_NUMBER,
            until,
        };
        let read = |body: &[u8]| {
            let (vectors, usage) = answer::read(body, batch.len(), &self.name, sent)?;
            let found = vectors.first().map_or(0, |vector| vector.values().len());
            // A model doesn't change under its name; what comes back then is of another one.
            if *self.dimensions.get_or_init(|| found) == found {
                Ok((vectors, usage))
            } else {
                Err(DIMENSIONS)
            }
        };
        self.client.call(&call, read).await
    }
}

const DIMENSIONS: &str = "its vectors have other dimensions than those before";

/// As far as there is time, a call after the other. What failed behind the first call leaves the
/// texts from there on without a vector.
#[async_trait]
impl Embedder for OpenAiEmbedder {
    fn model(&self) -> EmbeddingModel {
        self.model.clone()
    }

    async fn embed(&self, request: EmbedRequest, deadline: Duration) -> PortResult<Embedded> {
        let until = until(deadline);
        let texts: Vec<(usize, &str)> = request
            .texts
            .iter()
            .enumerate()
            .map(|(at, text)| (at, cut(text)))
            .filter(|(_, text)| !text.trim().is_empty())
            .collect();
        let mut embedded = Embedded { vectors: vec![None; request.texts.len()], usage: Vec::new() };
        for batch in batches(&texts) {
            match self.embed_batch(batch, request.urgency, until).await {
                Ok((vectors, usage)) => {
                    for ((at, _), vector) in batch.iter().zip(vectors) {
                        embedded.vectors[*at] = Some(vector);
                    }
                    embedded.usage.push(usage);
                }
                Err(error) if embedded.usage.is_empty() => return Err(error),
                Err(error) => {
                    tracing::debug!(%error, "ai.embedded_partly");
                    break;
                }
            }
        }
        Ok(embedded)
    }
}

/// The beginning that the model takes in.
fn cut(text: &str) -> &str {
    text.char_indices().nth(MAX_CHARS).map_or(text, |(end, _)| &text[..end])
}

/// The texts in as few calls as may be, in their order.
fn batches<'a, 'b>(texts: &'b [(usize, &'a str)]) -> impl Iterator<Item = &'b Batch<'a>> {
    let mut rest = texts;
    std::iter::from_fn(move || {
        let mut chars = 0;
        let fits = |(_, text): &&(usize, &str)| {
            chars += text.chars().count();
            chars <= CHARS_PER_CALL
        };
        let count = rest.iter().take(TEXTS_PER_CALL).take_while(fits).count();
        let (batch, later) = rest.split_at(count);
        rest = later;
        (!batch.is_empty()).then_some(batch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_hold_so_many_texts_and_so_many_characters() {
        let sizes = |texts: &[&str]| {
            let texts: Vec<(usize, &str)> = texts.iter().copied().enumerate().collect();
            batches(&texts).map(<[_]>::len).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[]), [] as [usize; 0]);
        assert_eq!(sizes(&["a"; 70]), [32, 32, 6]);
        let long = "ü".repeat(MAX_CHARS);
        assert_eq!(sizes(&[&*long; 20]), [16, 4]);
    }

    #[test]
    fn a_text_is_cut_between_its_characters() {
        let long = "ü".repeat(MAX_CHARS + 1);
        assert_eq!(cut(&long).chars().count(), MAX_CHARS);
        assert_eq!(cut("short"), "short");
    }
}
