//! Keys in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::{
    AccountId, AuditEvent, AuditLog, Plan, PortError, PortErrorKind, PortResult, Role, System,
    testkit::InMemoryAuditLog,
};
use async_trait::async_trait;

use crate::{
    ApiKey, ApiKeyRepository, FIRST_KEY_CONSTRAINT, KeyHolder, StoredDigest, testkit::ApiKeysSubject,
};

/// A repository of keys, and of what it has to know of accounts. Clones share the rows.
#[derive(Debug, Clone, Default)]
pub struct InMemoryApiKeys {
    rows: Arc<Mutex<Rows>>,
    audit: InMemoryAuditLog,
}

#[derive(Debug, Default)]
struct Rows {
    accounts: HashMap<AccountId, (Role, Plan)>,
    keys: Vec<(ApiKey, StoredDigest)>,
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

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ApiKeyRepository for InMemoryApiKeys {
    async fn insert_first(&self, key: &ApiKey, digest: &StoredDigest, event: &AuditEvent) -> PortResult<()> {
        let refused = |kind| PortError::new(kind, System::Store, "api_keys.insert_first");
        let mut rows = self.rows();
        if !rows.accounts.contains_key(&key.account_id) {
            return Err(refused(PortErrorKind::Rejected));
        }
        if rows.keys.iter().any(|(known, _)| known.account_id == key.account_id) {
            return Err(refused(PortErrorKind::Conflict).with_constraint(FIRST_KEY_CONSTRAINT));
        }
        if rows.keys.iter().any(|(known, under)| known.id == key.id || under.digest == digest.digest) {
            return Err(refused(PortErrorKind::Conflict));
        }
        self.audit.record(event)?;
        rows.keys.push((key.clone(), digest.clone()));
        Ok(())
    }

    async fn find_by_digest(&self, digests: &[StoredDigest]) -> PortResult<Option<KeyHolder>> {
        let rows = self.rows();
        let found = rows.keys.iter().find(|(_, digest)| digests.contains(digest));
        Ok(found.and_then(|(key, _)| {
            let (role, plan) = *rows.accounts.get(&key.account_id)?;
            Some(KeyHolder { key: key.clone(), role, plan })
        }))
    }

    async fn plan_of(&self, account_id: AccountId) -> PortResult<Option<Plan>> {
        Ok(self.rows().accounts.get(&account_id).map(|(_, plan)| *plan))
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
