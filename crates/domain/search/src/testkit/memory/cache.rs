//! Answers in memory.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{AnswerCache, CachedAnswer};

/// How much is kept.
const MOST_BYTES: usize = 1_000_000;

/// Keeps a megabyte of answers; the oldest make room for new ones.
#[derive(Debug, Default)]
pub struct InMemoryAnswerCache(Mutex<VecDeque<(String, CachedAnswer)>>);

impl AnswerCache for InMemoryAnswerCache {
    fn get(&self, key: &str) -> Option<CachedAnswer> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, _)| known == key).map(|(_, answer)| answer.clone())
    }

    fn put(&self, key: String, answer: CachedAnswer, _life: Duration) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != key);
        if answer.weight() > MOST_BYTES {
            return;
        }
        kept.push_back((key, answer));
        while kept.iter().map(|(key, kept)| key.len() + kept.weight()).sum::<usize>() > MOST_BYTES {
            kept.pop_front();
        }
    }
}
