//! Embeddings without a model: texts are near that have words, or parts of words, in common.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use altus4_kernel::{PortError, PortErrorKind, PortResult, System, TokenUsage};
use async_trait::async_trait;
use unicode_segmentation::UnicodeSegmentation;

use crate::{EmbedRequest, Embedded, Embedder, EmbeddingModel, Vector};

/// Enough that two words seldom meet in one.
const DIMENSIONS: usize = 512;

/// How many characters of a text are read.
const MAX_CHARS: usize = 4_000;

/// How many texts are remembered for [`InMemoryEmbedder::seen`].
const MOST_SEEN: usize = 10_000;

/// Makes the same vector of the same text, always: one that is near to those of texts with the same
/// words, less near to those with words that look alike, and far from all others. What it was told to
/// be alike is the same to it.
#[derive(Debug)]
pub struct InMemoryEmbedder {
    model: EmbeddingModel,
    alike: Vec<Vec<String>>,
    time_for: AtomicUsize,
    fault: Mutex<Option<PortErrorKind>>,
    seen: Mutex<Vec<String>>,
}

impl Default for InMemoryEmbedder {
    fn default() -> Self {
        Self {
            model: EmbeddingModel {
                id: "memory".into(),
                is_external: false,
                max_chars: MAX_CHARS,
                glance_chars: MAX_CHARS,
            },
            alike: Vec::new(),
            time_for: AtomicUsize::new(usize::MAX),
            fault: Mutex::new(None),
            seen: Mutex::new(Vec::new()),
        }
    }
}

impl InMemoryEmbedder {
    /// One that stands for a provider outside, which counts a token for each word.
    #[must_use]
    pub fn external() -> Self {
        let mut embedder = Self::default();
        embedder.model = EmbeddingModel { id: "outside".into(), is_external: true, ..embedder.model };
        embedder
    }

    /// The same, to which these words mean the same.
    #[must_use]
    pub fn knowing(mut self, alike: &[&str]) -> Self {
        self.alike.push(alike.iter().map(|word| word.to_lowercase()).collect());
        self
    }

    /// From now on it has time for so many texts of a request.
    pub fn have_time_for(&self, texts: usize) {
        self.time_for.store(texts, Ordering::Relaxed);
    }

    /// From now on it fails like this, or no longer.
    pub fn fail_with(&self, fault: Option<PortErrorKind>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// The texts it was given, the oldest first.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The vector of a text; `None` where it has no word.
    #[must_use]
    pub fn vector(&self, text: &str) -> Option<Vector> {
        let read: String = text.chars().take(self.model.max_chars).collect();
        let mut values = vec![0.0_f32; DIMENSIONS];
        for word in read.unicode_words() {
            let word = word.to_lowercase();
            let alike = self.alike.iter().find(|alike| alike.contains(&word));
            let word = alike.and_then(|alike| alike.first()).unwrap_or(&word);
            // The short ones are those that say little: of, the, a.
            let weight = if word.chars().count() < 4 { 0.1 } else { 1.0 };
            add(&mut values, word, weight);
            let framed: Vec<char> = format!("<{word}>").chars().collect();
            for part in framed.windows(3) {
                add(&mut values, &part.iter().collect::<String>(), 0.3 * weight);
            }
        }
        let signs = read.trim();
        if values.iter().all(|value| *value == 0.0) && !signs.is_empty() {
            add(&mut values, signs, 1.0);
        }
        Vector::new(&values)
    }
}

/// Puts a feature where its hash says, with the sign that it says (Weinberger et al., "Feature Hashing
/// for Large Scale Multitask Learning", 2009).
fn add(values: &mut [f32], feature: &str, weight: f32) {
    // FNV-1a.
    let hash = feature.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let place = usize::try_from((hash >> 8) % DIMENSIONS as u64).unwrap_or_default();
    values[place] += if hash & 1 == 0 { weight } else { -weight };
}

#[async_trait]
impl Embedder for InMemoryEmbedder {
    fn model(&self) -> EmbeddingModel {
        self.model.clone()
    }

    async fn embed(&self, request: EmbedRequest, deadline: Duration) -> PortResult<Embedded> {
        if request.texts.is_empty() {
            return Ok(Embedded::default());
        }
        let error = |kind| PortError::new(kind, System::Ai, "embedder.embed");
        if let Some(kind) = *self.fault.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(error(kind));
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST_SEEN.saturating_sub(seen.len());
        seen.extend(request.texts.iter().take(room).cloned());
        drop(seen);
        let begun = Instant::now();
        let time_for = self.time_for.load(Ordering::Relaxed);
        let in_time = |place: usize| place < time_for && begun.elapsed() < deadline;
        let mut made: Vec<_> = (request.texts.iter().enumerate())
            .map_while(|(place, text)| in_time(place).then(|| self.vector(text)))
            .collect();
        let time_for = made.len();
        made.resize(request.texts.len(), None);
        let vectors = made;
        let has_meaning = |text: &String| !text.trim().is_empty();
        if vectors.iter().all(Option::is_none) && request.texts.iter().any(has_meaning) {
            return Err(error(PortErrorKind::Timeout));
        }
        let words = request.texts.iter().take(time_for).map(|text| text.unicode_words().count() as u64);
        let usage = TokenUsage { model: self.model.id.clone(), input: words.sum(), output: 0 };
        Ok(Embedded { vectors, usage: self.model.is_external.then_some(usage).into_iter().collect() })
    }
}

#[cfg(test)]
mod tests {
    use altus4_kernel::testkit::block_on;

    use super::*;
    use crate::{TextKind, Urgency};

    fn request(texts: &[&str]) -> EmbedRequest {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        EmbedRequest { texts, kind: TextKind::Row, urgency: Urgency::Now }
    }

    #[test]
    fn what_means_the_same_is_the_same() {
        let embedder = InMemoryEmbedder::default().knowing(&["car", "automobile"]);
        assert_eq!(embedder.vector("a Car"), embedder.vector("a automobile"));
        assert_ne!(embedder.vector("a car"), embedder.vector("a bicycle"));
    }

    #[test]
    fn it_has_time_for_so_many_and_fails_as_it_is_told() {
        let embedder = InMemoryEmbedder::external();
        let embed = || block_on(embedder.embed(request(&["one", "", "three four"]), Duration::MAX));
        let all = embed().expect("all");
        assert_eq!(all.vectors.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(all.usage.iter().map(|usage| usage.input).collect::<Vec<_>>(), [3]);
        embedder.have_time_for(2);
        let some = embed().expect("some");
        assert_eq!(some.vectors.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false]);
        embedder.have_time_for(0);
        assert_eq!(embed().expect_err("no time").kind, PortErrorKind::Timeout);
        embedder.fail_with(Some(PortErrorKind::RateLimited));
        assert_eq!(embed().expect_err("as told").kind, PortErrorKind::RateLimited);
        assert_eq!(embedder.seen().len(), 9);
    }
}
