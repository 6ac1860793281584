//! Accounts and sessions in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::{AccountId, PortError, PortErrorKind, PortResult, SessionId, System, Timestamp};
use async_trait::async_trait;

use crate::{
    Account, AccountWithHash, EMAIL_CONSTRAINT, Email, LiveSession, NewAccount, PasswordHash,
    RefreshRotation, RefreshTokenDigest, Session, SessionRepository, UserRepository, testkit::UsersSubject,
};

/// Both repositories of this domain over one set of rows. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct InMemoryUsers(Arc<Mutex<Rows>>);

#[derive(Debug, Default)]
struct Rows {
    accounts: Vec<AccountRow>,
    sessions: HashMap<SessionId, SessionRow>,
    /// Refresh tokens that were replaced, with the session they belonged to.
    spent: HashMap<RefreshTokenDigest, SessionId>,
}

#[derive(Debug)]
struct AccountRow {
    stored: NewAccount,
    active: bool,
}

#[derive(Debug)]
struct SessionRow {
    session: Session,
    ended: bool,
}

impl SessionRow {
    fn is_live(&self, now: Timestamp) -> bool {
        !self.ended && now < self.session.expires_at
    }
}

impl Rows {
    fn active(&mut self) -> impl Iterator<Item = &mut NewAccount> {
        self.accounts.iter_mut().filter(|row| row.active).map(|row| &mut row.stored)
    }

    fn account(&mut self, id: AccountId) -> Option<&mut NewAccount> {
        self.active().find(|stored| stored.account.id == id)
    }

    fn add_session(&mut self, session: &Session, operation: &'static str) -> PortResult<()> {
        let known = |row: &SessionRow| {
            row.session.id == session.id || row.session.refresh_digest == session.refresh_digest
        };
        if self.sessions.values().any(known) {
            return Err(PortError::new(PortErrorKind::Conflict, System::Store, operation));
        }
        self.sessions.insert(session.id, SessionRow { session: session.clone(), ended: false });
        Ok(())
    }

    fn live(&mut self, id: SessionId, now: Timestamp) -> Option<LiveSession> {
        let session = self.sessions.get(&id).filter(|row| row.is_live(now))?.session.clone();
        let account = self.account(session.account_id)?.account.clone();
        Some(LiveSession { session, account })
    }
}

impl InMemoryUsers {
    /// Deactivates an account: no method finds it any more, and its address is free again.
    pub fn deactivate(&self, id: AccountId) {
        self.rows()
            .accounts
            .iter_mut()
            .filter(|row| row.stored.account.id == id)
            .for_each(|row| row.active = false);
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl UserRepository for InMemoryUsers {
    async fn insert(&self, account: &NewAccount, first_session: &Session) -> PortResult<()> {
        let mut rows = self.rows();
        if rows.active().any(|known| known.account.email == account.account.email) {
            return Err(PortError::new(PortErrorKind::Conflict, System::Store, "users.insert")
                .with_constraint(EMAIL_CONSTRAINT));
        }
        rows.add_session(first_session, "users.insert")?;
        rows.accounts.push(AccountRow { stored: account.clone(), active: true });
        Ok(())
    }

    async fn find(&self, id: AccountId) -> PortResult<Option<Account>> {
        Ok(self.rows().account(id).map(|stored| stored.account.clone()))
    }

    async fn find_by_email(&self, email: &Email) -> PortResult<Option<AccountWithHash>> {
        let mut rows = self.rows();
        let found = rows.active().find(|stored| stored.account.email == *email);
        Ok(found.map(|stored| AccountWithHash {
            account: stored.account.clone(),
            password: stored.password.clone(),
        }))
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
}

#[async_trait]
impl SessionRepository for InMemoryUsers {
    async fn insert(&self, session: &Session) -> PortResult<()> {
        let mut rows = self.rows();
        if rows.account(session.account_id).is_none() {
            return Err(PortError::new(PortErrorKind::Rejected, System::Store, "sessions.insert"));
        }
        rows.add_session(session, "sessions.insert")?;
        if let Some(stored) = rows.account(session.account_id) {
            stored.account.last_active = session.created_at;
        }
        Ok(())
    }

    async fn find_live(&self, id: SessionId, now: Timestamp) -> PortResult<Option<LiveSession>> {
        Ok(self.rows().live(id, now))
    }

    async fn rotate(
        &self,
        presented: &RefreshTokenDigest,
        next: &RefreshTokenDigest,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> PortResult<RefreshRotation> {
        let mut rows = self.rows();
        if let Some(id) = rows.spent.get(presented).copied() {
            if let Some(row) = rows.sessions.get_mut(&id) {
                row.ended = true;
            }
            return Ok(RefreshRotation::Reused);
        }
        let known = rows.sessions.values().find(|row| row.session.refresh_digest == *presented);
        let Some(id) = known.map(|row| row.session.id) else {
            return Ok(RefreshRotation::Unknown);
        };
        let Some(mut live) = rows.live(id, now) else {
            return Ok(RefreshRotation::Unknown);
        };
        live.session.refresh_digest = *next;
        live.session.last_used = now;
        live.session.expires_at = expires_at;
        live.account.last_active = now;
        rows.spent.insert(*presented, id);
        rows.sessions.insert(id, SessionRow { session: live.session.clone(), ended: false });
        if let Some(stored) = rows.account(live.account.id) {
            stored.account.last_active = now;
        }
        Ok(RefreshRotation::Rotated(live))
    }

    async fn end(&self, account_id: AccountId, id: SessionId, now: Timestamp) -> PortResult<bool> {
        let mut rows = self.rows();
        let row = rows.sessions.get_mut(&id);
        let live = row.filter(|row| row.session.account_id == account_id && row.is_live(now));
        Ok(live.map(|row| row.ended = true).is_some())
    }

    async fn end_all(&self, account_id: AccountId, now: Timestamp) -> PortResult<u64> {
        let mut rows = self.rows();
        let mut ended = 0;
        for row in rows.sessions.values_mut().filter(|row| row.session.account_id == account_id) {
            ended += u64::from(row.is_live(now));
            row.ended = true;
        }
        Ok(ended)
    }
}

#[async_trait]
impl UsersSubject for InMemoryUsers {
    fn users(&self) -> &dyn UserRepository {
        self
    }

    fn sessions(&self) -> &dyn SessionRepository {
        self
    }

    async fn deactivate(&self, id: AccountId) {
        Self::deactivate(self, id);
    }
}
