//! A rate limiter in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use altus4_kernel::{PortResult, Timestamp};
use async_trait::async_trait;

use crate::{RateDecision, RateLimiter, RatePolicy, RateStatus, RateWindow};

/// A limiter of one test: forgets nothing until it goes. Clones share its counts.
#[derive(Debug, Clone, Default)]
pub struct InMemoryRateLimiter(Arc<Mutex<HashMap<String, RateWindow>>>);

#[async_trait]
impl RateLimiter for InMemoryRateLimiter {
    async fn take(&self, subject: &str, policy: RatePolicy, now: Timestamp) -> PortResult<RateDecision> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(windows.entry(subject.to_owned()).or_default().take(policy, now))
    }

    async fn peek(&self, subject: &str, policy: RatePolicy, now: Timestamp) -> PortResult<RateStatus> {
        let windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(windows.get(subject).cloned().unwrap_or_default().peek(policy, now))
    }
}

#[cfg(test)]
mod tests {
    use super::InMemoryRateLimiter;

    crate::rate_limiter_contract!(block_on, InMemoryRateLimiter::default());
}
