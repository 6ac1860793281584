//! A quota counter in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::PortResult;
use async_trait::async_trait;

use crate::{Ceiling, QuotaCounter, QuotaKey, Taking, Used};

/// A counter of one test. Clones share its counts.
#[derive(Debug, Clone, Default)]
pub struct InMemoryQuotaCounter(Arc<Mutex<HashMap<QuotaKey, Used>>>);

impl InMemoryQuotaCounter {
    /// Forgets everything, as a server that is started anew.
    pub fn clear(&self) {
        self.counts().clear();
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<QuotaKey, Used>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl QuotaCounter for InMemoryQuotaCounter {
    async fn take(&self, key: QuotaKey, amount: Used, ceiling: Ceiling) -> PortResult<Taking> {
        let mut counts = self.counts();
        let Some(used) = counts.get_mut(&key) else { return Ok(Taking::Unknown) };
        Ok(match ceiling.admit(*used, amount) {
            Some(sums) => {
                *used = sums;
                Taking::Taken(sums)
            }
            None => Taking::Refused(*used),
        })
    }

    async fn raise(&self, key: QuotaKey, at_least: Used) -> PortResult<()> {
        let mut counts = self.counts();
        let used = counts.entry(key).or_default();
        *used = used.at_least(at_least);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::InMemoryQuotaCounter;

    crate::quota_counter_contract!(block_on, InMemoryQuotaCounter::default());
}
