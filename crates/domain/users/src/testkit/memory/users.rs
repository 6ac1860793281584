//! The repository of accounts.

use altus4_kernel::{AccountId, AuditEvent, PortResult, Timestamp};
use async_trait::async_trait;

use super::{AccountRow, InMemoryUsers};
use crate::{
    Account, AccountWithHash, Email, NewAccount, PasswordChange, PasswordHash, ProfileChange, Session,
    UserRepository,
};

fn with_hash(stored: &NewAccount) -> AccountWithHash {
    AccountWithHash { account: stored.account.clone(), password: stored.password.clone() }
}

#[async_trait]
impl UserRepository for InMemoryUsers {
    async fn insert(
        &self,
        account: &NewAccount,
        first_session: &Session,
        event: &AuditEvent,
    ) -> PortResult<()> {
        let mut rows = self.rows();
        rows.check_email(account.account.id, &account.account.email, "users.insert")?;
        rows.check_session(first_session, "users.insert")?;
        self.audit.record(event)?;
        rows.add_session(first_session);
        rows.accounts.push(AccountRow { stored: account.clone(), deactivated_at: None });
        Ok(())
    }

    async fn insert_without_session(&self, account: &NewAccount, event: &AuditEvent) -> PortResult<()> {
        let mut rows = self.rows();
        rows.check_email(account.account.id, &account.account.email, "users.insert_without_session")?;
        self.audit.record(event)?;
        rows.accounts.push(AccountRow { stored: account.clone(), deactivated_at: None });
        Ok(())
    }

    async fn find(&self, id: AccountId) -> PortResult<Option<Account>> {
        Ok(self.rows().account(id).map(|stored| stored.account.clone()))
    }

    async fn find_with_hash(&self, id: AccountId) -> PortResult<Option<AccountWithHash>> {
        Ok(self.rows().account(id).map(|stored| with_hash(stored)))
    }

    async fn find_by_email(&self, email: &Email) -> PortResult<Option<AccountWithHash>> {
        let mut rows = self.rows();
        let found = rows.active().find(|stored| stored.account.email == *email);
        Ok(found.map(|stored| with_hash(stored)))
    }

    async fn replace_password_hash(
        &self,
        id: AccountId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> PortResult<bool> {
        let mut rows = self.rows();
        let stored = rows.account(id).filter(|stored| stored.password.expose() == old.expose());
        Ok(stored.map(|stored| stored.password = new.clone()).is_some())
    }

    async fn change_password(
        &self,
        id: AccountId,
        change: &PasswordChange,
        event: &AuditEvent,
    ) -> PortResult<bool> {
        let mut rows = self.rows();
        let Some(stored) = rows.account(id) else { return Ok(false) };
        if change.old.as_ref().is_some_and(|old| old.expose() != stored.password.expose()) {
            return Ok(false);
        }
        self.audit.record(event)?;
        stored.password = change.new.clone();
        rows.end_sessions(id, change.keep, change.at);
        Ok(true)
    }

    async fn update_profile(
        &self,
        id: AccountId,
        change: &ProfileChange,
        event: &AuditEvent,
    ) -> PortResult<Option<Account>> {
        let mut rows = self.rows();
        if rows.account(id).is_none() {
            return Ok(None);
        }
        if let Some(email) = &change.email {
            rows.check_email(id, email, "users.update_profile")?;
        }
        self.audit.record(event)?;
        Ok(rows.account(id).map(|stored| {
            let account = &mut stored.account;
            account.name = change.name.clone().unwrap_or_else(|| account.name.clone());
            account.email = change.email.clone().unwrap_or_else(|| account.email.clone());
            account.clone()
        }))
    }

    async fn deactivate(&self, id: AccountId, now: Timestamp, event: &AuditEvent) -> PortResult<bool> {
        let mut rows = self.rows();
        if rows.account(id).is_none() {
            return Ok(false);
        }
        rows.check_last_admin(id, "users.deactivate")?;
        self.audit.record(event)?;
        rows.end_sessions(id, None, now);
        for row in rows.accounts.iter_mut().filter(|row| row.stored.account.id == id) {
            row.deactivated_at = Some(now);
        }
        Ok(true)
    }

    async fn purge_deactivated(&self, before: Timestamp) -> PortResult<u64> {
        let mut rows = self.rows();
        let count = rows.accounts.len();
        rows.accounts.retain(|row| row.deactivated_at.is_none_or(|at| at >= before));
        Ok((count - rows.accounts.len()) as u64)
    }
}
