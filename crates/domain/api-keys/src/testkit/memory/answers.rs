//! First answers, in a map.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::{PortResult, Timestamp};
use async_trait::async_trait;

use crate::{AnswerStore, AnswerTimes, Claim, KeyDigest, RetryKey, StoredAnswer};

/// Keeps answers. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct InMemoryAnswers(Arc<Mutex<HashMap<RetryKey, Kept>>>);

#[derive(Debug)]
pub(super) struct Kept {
    fingerprint: KeyDigest,
    claimed_at: Timestamp,
    pub(super) answer: Option<StoredAnswer>,
}

impl Kept {
    /// What it says to a new claim; `None` when it says nothing any more.
    fn standing(&self, fingerprint: KeyDigest, now: Timestamp, times: AnswerTimes) -> Option<Claim> {
        if self.claimed_at + times.lifetime <= now {
            None
        } else if self.fingerprint != fingerprint {
            Some(Claim::Different)
        } else if let Some(answer) = &self.answer {
            Some(Claim::Answered(answer.clone()))
        } else {
            (self.claimed_at + times.lease > now).then_some(Claim::UnderWay)
        }
    }
}

impl InMemoryAnswers {
    /// Forgets a claim and its answer, as a purge does with what is old.
    pub fn forget(&self, key: &RetryKey) {
        self.kept().remove(key);
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, HashMap<RetryKey, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl AnswerStore for InMemoryAnswers {
    async fn claim(
        &self,
        key: &RetryKey,
        fingerprint: KeyDigest,
        now: Timestamp,
        times: AnswerTimes,
    ) -> PortResult<Claim> {
        let mut kept = self.kept();
        if let Some(standing) = kept.get(key).and_then(|kept| kept.standing(fingerprint, now, times)) {
            return Ok(standing);
        }
        kept.insert(key.clone(), Kept { fingerprint, claimed_at: now, answer: None });
        Ok(Claim::Granted)
    }

    async fn keep(&self, key: &RetryKey, answer: &StoredAnswer) -> PortResult<()> {
        if let Some(kept) = self.kept().get_mut(key).filter(|kept| kept.answer.is_none()) {
            kept.answer = Some(answer.clone());
        }
        Ok(())
    }

    async fn release(&self, key: &RetryKey) -> PortResult<()> {
        let mut kept = self.kept();
        if kept.get(key).is_some_and(|kept| kept.answer.is_none()) {
            kept.remove(key);
        }
        Ok(())
    }

    async fn purge(&self, before: Timestamp) -> PortResult<u64> {
        let mut kept = self.kept();
        let before_purge = kept.len();
        kept.retain(|_, kept| kept.claimed_at >= before);
        Ok(u64::try_from(before_purge - kept.len()).unwrap_or(u64::MAX))
    }
}
