//! Embeddings kept in memory.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use crate::{ContentHash, EmbeddingCache, Vector};

/// How much is kept.
const MOST_BYTES: usize = 1_000_000;

/// Keeps a megabyte of vectors; the oldest make room for new ones.
#[derive(Debug, Default)]
pub struct InMemoryEmbeddingCache(Mutex<VecDeque<(ContentHash, Vector)>>);

impl EmbeddingCache for InMemoryEmbeddingCache {
    fn get(&self, content: ContentHash) -> Option<Vector> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, _)| *known == content).map(|(_, vector)| vector.clone())
    }

    fn put(&self, content: ContentHash, vector: Vector) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != content);
        kept.push_back((content, vector));
        while kept.iter().map(|(_, vector)| size_of_val(vector.values())).sum::<usize>() > MOST_BYTES {
            kept.pop_front();
        }
    }
}
