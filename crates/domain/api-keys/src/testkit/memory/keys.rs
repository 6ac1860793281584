//! Keys in memory, as their port has them.

use altus4_kernel::{
    AccountId, ApiKeyId, AuditEvent, Page, PageRequest, Plan, PortError, PortErrorKind, PortResult,
    SealedSecret, System, Timestamp,
};
use async_trait::async_trait;

use super::{InMemoryApiKeys, Row, Rows};
use crate::{
    ApiKey, ApiKeyRepository, FIRST_KEY_CONSTRAINT, KeyChange, KeyFilter, KeyHolder, KeyLimits, KeyStatus,
    LegacyKeys, StoredDigest, StoredSecret,
};

fn refused(kind: PortErrorKind, operation: &'static str) -> PortError {
    PortError::new(kind, System::Store, operation)
}

impl Rows {
    fn find(&self, account_id: AccountId, id: ApiKeyId) -> Option<&Row> {
        self.keys.iter().find(|row| row.key.id == id && row.key.account_id == account_id)
    }

    fn find_mut(&mut self, account_id: AccountId, id: ApiKeyId) -> Option<&mut Row> {
        self.keys.iter_mut().find(|row| row.key.id == id && row.key.account_id == account_id)
    }

    /// A key that wasn't taken back.
    fn standing(&mut self, account_id: AccountId, id: ApiKeyId) -> Option<&mut Row> {
        self.find_mut(account_id, id).filter(|row| row.key.revoked_at.is_none())
    }

    fn is_taken(&self, digest: &StoredDigest) -> bool {
        self.keys.iter().any(|row| row.found_under(std::slice::from_ref(digest)).is_some())
    }
}

impl Row {
    /// The one of these digests that it is stored under, and if that is the former one, until when.
    fn found_under(&self, digests: &[StoredDigest]) -> Option<(StoredDigest, Option<Timestamp>)> {
        let former = self.former.iter().map(|(digest, good_until)| (digest, Some(*good_until)));
        let mut known = std::iter::once((&self.secret.digest, None)).chain(former);
        let (digest, good_until) = known.find(|(digest, _)| digests.contains(digest))?;
        Some((digest.clone(), good_until))
    }
}

impl InMemoryApiKeys {
    fn insert_into(
        &self,
        rows: &mut Rows,
        (key, secret): (&ApiKey, &StoredSecret),
        event: &AuditEvent,
        operation: &'static str,
    ) -> PortResult<()> {
        if !rows.accounts.contains_key(&key.account_id) {
            return Err(refused(PortErrorKind::Rejected, operation));
        }
        if rows.keys.iter().any(|row| row.key.id == key.id) || rows.is_taken(&secret.digest) {
            return Err(refused(PortErrorKind::Conflict, operation));
        }
        self.audit.record(event)?;
        rows.keys.push(Row { key: key.clone(), secret: secret.clone(), former: None });
        Ok(())
    }

    /// Changes a key that wasn't taken back, together with its event.
    fn update(
        &self,
        (account_id, id): (AccountId, ApiKeyId),
        at: Timestamp,
        event: &AuditEvent,
        update: impl FnOnce(&mut Row),
    ) -> PortResult<Option<ApiKey>> {
        let mut rows = self.rows();
        let Some(row) = rows.standing(account_id, id) else { return Ok(None) };
        self.audit.record(event)?;
        update(row);
        row.key.updated_at = at;
        Ok(Some(row.key.clone()))
    }
}

#[async_trait]
impl ApiKeyRepository for InMemoryApiKeys {
    async fn insert_first(&self, key: &ApiKey, secret: &StoredSecret, event: &AuditEvent) -> PortResult<()> {
        let mut rows = self.rows();
        if rows.keys.iter().any(|row| row.key.account_id == key.account_id) {
            let conflict = refused(PortErrorKind::Conflict, "api_keys.insert_first");
            return Err(conflict.with_constraint(FIRST_KEY_CONSTRAINT));
        }
        self.insert_into(&mut rows, (key, secret), event, "api_keys.insert_first")
    }

    async fn insert(&self, key: &ApiKey, secret: &StoredSecret, event: &AuditEvent) -> PortResult<()> {
        self.insert_into(&mut self.rows(), (key, secret), event, "api_keys.insert")
    }

    async fn find_by_digest(&self, digests: &[StoredDigest]) -> PortResult<Option<KeyHolder>> {
        let rows = self.rows();
        let found = rows.keys.iter().find_map(|row| Some((row, row.found_under(digests)?)));
        Ok(found.and_then(|(row, (found_under, good_until))| {
            let (role, plan) = *rows.accounts.get(&row.key.account_id)?;
            Some(KeyHolder { key: row.key.clone(), role, plan, found_under, good_until })
        }))
    }

    async fn find(&self, account_id: AccountId, id: ApiKeyId) -> PortResult<Option<ApiKey>> {
        Ok(self.rows().find(account_id, id).map(|row| row.key.clone()))
    }

    async fn list(
        &self,
        account_id: AccountId,
        filter: KeyFilter,
        now: Timestamp,
        page: PageRequest,
    ) -> PortResult<Page<ApiKey>> {
        let wanted = |key: &ApiKey| {
            key.account_id == account_id
                && filter.status.is_none_or(|status| key.status(now) == status)
                && filter.environment.is_none_or(|environment| key.environment == environment)
        };
        let mut found: Vec<_> =
            self.rows().keys.iter().map(|row| &row.key).filter(|key| wanted(key)).cloned().collect();
        found.sort_by_key(|key| std::cmp::Reverse((key.created_at, key.id)));
        let total = u64::try_from(found.len()).unwrap_or(u64::MAX);
        let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
        Ok(Page { items: found.into_iter().skip(skipped).take(limit).collect(), total })
    }

    async fn change(
        &self,
        account_id: AccountId,
        id: ApiKeyId,
        change: &KeyChange,
        at: Timestamp,
        event: &AuditEvent,
    ) -> PortResult<Option<ApiKey>> {
        self.update((account_id, id), at, event, |row| row.key = change.applied_to(&row.key))
    }

    async fn set_limits(
        &self,
        account_id: AccountId,
        id: ApiKeyId,
        limits: Option<KeyLimits>,
        at: Timestamp,
        event: &AuditEvent,
    ) -> PortResult<Option<ApiKey>> {
        self.update((account_id, id), at, event, |row| row.key.limits = limits)
    }

    async fn revoke(
        &self,
        account_id: AccountId,
        id: ApiKeyId,
        at: Timestamp,
        event: &AuditEvent,
    ) -> PortResult<Option<Timestamp>> {
        let mut rows = self.rows();
        let Some(row) = rows.find_mut(account_id, id) else { return Ok(None) };
        if let Some(earlier) = row.key.revoked_at {
            return Ok(Some(earlier));
        }
        self.audit.record(event)?;
        row.key.revoked_at = Some(at);
        row.secret.sealed = None;
        Ok(Some(at))
    }

    async fn replace_secret(
        &self,
        account_id: AccountId,
        id: ApiKeyId,
        secret: &StoredSecret,
        good_until: Timestamp,
        at: Timestamp,
        event: &AuditEvent,
    ) -> PortResult<Option<ApiKey>> {
        let mut rows = self.rows();
        let taken = rows.is_taken(&secret.digest);
        let Some(row) = rows.standing(account_id, id) else { return Ok(None) };
        if taken {
            return Err(refused(PortErrorKind::Conflict, "api_keys.replace_secret"));
        }
        self.audit.record(event)?;
        let former = std::mem::replace(&mut row.secret, secret.clone());
        row.former = Some((former.digest, good_until));
        row.key.prefix.clone_from(&secret.prefix);
        row.key.regenerated_at = Some(at);
        row.key.updated_at = at;
        Ok(Some(row.key.clone()))
    }

    async fn move_digest(&self, id: ApiKeyId, old: &StoredDigest, new: &StoredDigest) -> PortResult<()> {
        let mut rows = self.rows();
        if let Some(row) = rows.keys.iter_mut().find(|row| row.key.id == id) {
            if row.secret.digest == *old {
                row.secret.digest = new.clone();
            } else if let Some((former, _)) = row.former.as_mut().filter(|(former, _)| former == old) {
                *former = new.clone();
            }
        }
        Ok(())
    }

    async fn sealed_secret(&self, account_id: AccountId, id: ApiKeyId) -> PortResult<Option<SealedSecret>> {
        Ok(self.rows().standing(account_id, id).and_then(|row| row.secret.sealed.clone()))
    }

    async fn legacy_keys(
        &self,
        account_id: AccountId,
        newest_secret_id: &str,
        now: Timestamp,
    ) -> PortResult<LegacyKeys> {
        let rows = self.rows();
        let legacy = rows.keys.iter().filter(|row| {
            row.key.account_id == account_id
                && row.key.status(now) == KeyStatus::Active
                && row.secret.digest.secret_id != newest_secret_id
        });
        Ok(LegacyKeys {
            count: u64::try_from(legacy.count()).unwrap_or(u64::MAX),
            notice_shown: rows.told_of_legacy_keys.contains(&account_id),
        })
    }

    async fn note_legacy_notice(&self, account_id: AccountId, _at: Timestamp) -> PortResult<()> {
        self.rows().told_of_legacy_keys.insert(account_id);
        Ok(())
    }

    async fn plan_of(&self, account_id: AccountId) -> PortResult<Option<Plan>> {
        Ok(self.rows().accounts.get(&account_id).map(|(_, plan)| *plan))
    }
}
