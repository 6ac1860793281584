//! An attempt limiter in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use altus4_kernel::{PortResult, Timestamp};
use async_trait::async_trait;

use crate::{Admission, AttemptLimiter, AttemptLog, Quota};

/// A limiter of one test: forgets nothing until it goes. Clones share its counts.
#[derive(Debug, Clone, Default)]
pub struct InMemoryAttemptLimiter(Arc<Mutex<HashMap<String, AttemptLog>>>);

#[async_trait]
impl AttemptLimiter for InMemoryAttemptLimiter {
    async fn admit(&self, key: &str, quota: Quota, now: Timestamp) -> PortResult<Admission> {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(logs.entry(key.to_owned()).or_default().admit(quota, now))
    }
}
