//! Fakes of what the service asks beside its reader.

use std::sync::{Arc, Mutex, PoisonError};

use altus4_kernel::{ConnectionId, Granted, PortResult, grants::Analytics};
use async_trait::async_trait;

use crate::{Consent, IndexAdvisor, MissingIndex, PendingSearches};

/// Everything is written at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct NothingPending;

#[async_trait]
impl PendingSearches for NothingPending {
    async fn settle(&self) -> PortResult<()> {
        Ok(())
    }
}

/// Advice that a test gives. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct KnownIndexes(Arc<Mutex<Vec<MissingIndex>>>);

impl KnownIndexes {
    /// From now on these are missing.
    pub fn set(&self, missing: Vec<MissingIndex>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = missing;
    }
}

#[async_trait]
impl IndexAdvisor for KnownIndexes {
    async fn missing(&self, _: Granted<Analytics>, databases: &[ConnectionId]) -> Vec<MissingIndex> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter(|missing| databases.contains(&missing.database)).cloned().collect()
    }
}

/// Databases whose searches may be told outside: those that a test names. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct KnownConsent(Arc<Mutex<Vec<ConnectionId>>>);

impl KnownConsent {
    /// From now on these allow it, and no others.
    pub fn set(&self, databases: Vec<ConnectionId>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = databases;
    }
}

#[async_trait]
impl Consent for KnownConsent {
    async fn allows(&self, _: Granted<Analytics>, databases: &[ConnectionId]) -> PortResult<bool> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(databases.iter().all(|database| known.contains(database)))
    }
}
