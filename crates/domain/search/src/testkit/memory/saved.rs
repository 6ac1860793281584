//! Saved searches in memory.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::{AccountId, PortError, PortErrorKind, PortResult, SavedSearchId, System};
use async_trait::async_trait;

use crate::{SAVED_COUNT_CONSTRAINT, SAVED_NAME_CONSTRAINT, SavedSearch, SavedSearchRepository};

/// A repository of saved searches. It keeps them for the accounts it was told of. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct InMemorySavedSearches(Arc<Mutex<Rows>>);

#[derive(Debug, Default)]
struct Rows {
    accounts: HashSet<AccountId>,
    saved: Vec<SavedSearch>,
}

impl Rows {
    /// A conflict where another of the account has this name.
    fn check_name(&self, new: &SavedSearch) -> PortResult<()> {
        let same = |known: &SavedSearch| {
            known.account_id == new.account_id
                && known.id != new.id
                && known.name.folded() == new.name.folded()
        };
        if self.saved.iter().any(same) { Err(conflict(SAVED_NAME_CONSTRAINT)) } else { Ok(()) }
    }
}

impl InMemorySavedSearches {
    /// Makes an account known.
    pub fn add_account(&self, id: AccountId) {
        self.rows().accounts.insert(id);
    }

    /// Deactivates an account.
    pub fn deactivate(&self, id: AccountId) {
        self.rows().accounts.remove(&id);
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn conflict(constraint: &'static str) -> PortError {
    PortError::new(PortErrorKind::Conflict, System::Store, "saved_searches").with_constraint(constraint)
}

#[async_trait]
impl SavedSearchRepository for InMemorySavedSearches {
    async fn insert(&self, saved: &SavedSearch, limit: u32) -> PortResult<()> {
        let mut rows = self.rows();
        if !rows.accounts.contains(&saved.account_id) {
            return Err(PortError::new(PortErrorKind::Rejected, System::Store, "saved_searches.insert"));
        }
        rows.check_name(saved)?;
        let owned = rows.saved.iter().filter(|known| known.account_id == saved.account_id).count();
        if owned >= limit as usize {
            return Err(conflict(SAVED_COUNT_CONSTRAINT));
        }
        rows.saved.push(saved.clone());
        Ok(())
    }

    async fn list(&self, account: AccountId) -> PortResult<Vec<SavedSearch>> {
        let rows = self.rows();
        let mut found: Vec<_> =
            rows.saved.iter().filter(|saved| saved.account_id == account).cloned().collect();
        found.sort_by_key(|saved| (saved.created_at, saved.id));
        Ok(found)
    }

    async fn find(&self, account: AccountId, id: SavedSearchId) -> PortResult<Option<SavedSearch>> {
        let rows = self.rows();
        Ok(rows.saved.iter().find(|saved| saved.account_id == account && saved.id == id).cloned())
    }

    async fn update(&self, saved: &SavedSearch) -> PortResult<bool> {
        let mut rows = self.rows();
        rows.check_name(saved)?;
        let found =
            rows.saved.iter_mut().find(|known| known.account_id == saved.account_id && known.id == saved.id);
        Ok(found
            .map(|known| {
                known.name = saved.name.clone();
                known.request = saved.request.clone();
                known.updated_at = saved.updated_at;
            })
            .is_some())
    }

    async fn remove(&self, account: AccountId, id: SavedSearchId) -> PortResult<bool> {
        let mut rows = self.rows();
        let before = rows.saved.len();
        rows.saved.retain(|saved| saved.account_id != account || saved.id != id);
        Ok(rows.saved.len() < before)
    }
}
