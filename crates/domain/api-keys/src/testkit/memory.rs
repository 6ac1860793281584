//! Keys in memory.

mod answers;
mod cache;
mod keys;
mod sealed;
mod usage;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::{AccountId, ApiKeyId, AuditLog, Plan, Role, Timestamp, testkit::InMemoryAuditLog};
use async_trait::async_trait;

pub use self::{answers::InMemoryAnswers, cache::InMemoryKeyCache, usage::InMemoryUsage};
use crate::{ApiKey, ApiKeyRepository, StoredDigest, StoredSecret, testkit::ApiKeysSubject};

/// A repository of keys, and of what it has to know of accounts. Clones share the rows.
#[derive(Debug, Clone, Default)]
pub struct InMemoryApiKeys {
    rows: Arc<Mutex<Rows>>,
    audit: InMemoryAuditLog,
}

#[derive(Debug, Default)]
struct Rows {
    accounts: HashMap<AccountId, (Role, Plan)>,
    told_of_legacy_keys: HashSet<AccountId>,
    keys: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    key: ApiKey,
    secret: StoredSecret,
    /// What the key was found under before its secret was replaced, and until when that is good.
    former: Option<(StoredDigest, Timestamp)>,
}

impl InMemoryApiKeys {
    /// An empty repository that keeps its events here.
    #[must_use]
    pub fn with_audit_log(audit: InMemoryAuditLog) -> Self {
        Self { audit, ..Self::default() }
    }

    /// Makes an account known, or changes its role and plan.
    pub fn add_account(&self, id: AccountId, role: Role, plan: Plan) {
        self.rows().accounts.insert(id, (role, plan));
    }

    /// Deactivates an account: its keys let nobody in any more.
    pub fn deactivate(&self, id: AccountId) {
        self.rows().accounts.remove(&id);
    }

    /// Changes a key as nobody could through the port: its usage, or an end in the past.
    pub fn amend(&self, id: ApiKeyId, amend: impl FnOnce(&mut ApiKey)) {
        if let Some(row) = self.rows().keys.iter_mut().find(|row| row.key.id == id) {
            amend(&mut row.key);
        }
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ApiKeysSubject for InMemoryApiKeys {
    fn keys(&self) -> &dyn ApiKeyRepository {
        self
    }

    fn audit(&self) -> &dyn AuditLog {
        &self.audit
    }

    async fn add_account(&self, id: AccountId, role: Role, plan: Plan) {
        Self::add_account(self, id, role, plan);
    }

    async fn deactivate(&self, id: AccountId) {
        Self::deactivate(self, id);
    }
}
