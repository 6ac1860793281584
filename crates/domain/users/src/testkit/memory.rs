//! Accounts and sessions in memory.

mod directory;
mod sessions;
mod users;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::{
    AccountId, AuditLog, PortError, PortErrorKind, PortResult, Role, SessionId, System, Timestamp,
    testkit::InMemoryAuditLog,
};

use crate::{
    AccountDirectory, EMAIL_CONSTRAINT, Email, LAST_ADMIN_CONSTRAINT, LiveSession, NewAccount,
    RefreshTokenDigest, Session, SessionRepository, UserRepository, testkit::UsersSubject,
};

/// All repositories of this domain over one set of rows. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct InMemoryUsers {
    rows: Arc<Mutex<Rows>>,
    audit: InMemoryAuditLog,
}

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
    deactivated_at: Option<Timestamp>,
}

#[derive(Debug)]
struct SessionRow {
    session: Session,
    ended_at: Option<Timestamp>,
}

impl SessionRow {
    fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.session.expires_at
    }
}

impl Rows {
    fn active(&mut self) -> impl Iterator<Item = &mut NewAccount> {
        self.accounts.iter_mut().filter(|row| row.deactivated_at.is_none()).map(|row| &mut row.stored)
    }

    fn account(&mut self, id: AccountId) -> Option<&mut NewAccount> {
        self.active().find(|stored| stored.account.id == id)
    }

    /// Refuses an address that another active account has.
    fn check_email(&mut self, id: AccountId, email: &Email, operation: &'static str) -> PortResult<()> {
        if self.active().any(|known| known.account.email == *email && known.account.id != id) {
            return Err(conflict(operation).with_constraint(EMAIL_CONSTRAINT));
        }
        Ok(())
    }

    /// Refuses to take the only active administrator away.
    fn check_last_admin(&mut self, id: AccountId, operation: &'static str) -> PortResult<()> {
        let admins: Vec<_> =
            self.active().filter(|row| row.account.role == Role::Admin).map(|row| row.account.id).collect();
        if admins == [id] {
            return Err(conflict(operation).with_constraint(LAST_ADMIN_CONSTRAINT));
        }
        Ok(())
    }

    fn check_session(&self, session: &Session, operation: &'static str) -> PortResult<()> {
        let known = |row: &SessionRow| {
            row.session.id == session.id || row.session.refresh_digest == session.refresh_digest
        };
        if self.sessions.values().any(known) { Err(conflict(operation)) } else { Ok(()) }
    }

    fn add_session(&mut self, session: &Session) {
        self.sessions.insert(session.id, SessionRow { session: session.clone(), ended_at: None });
    }

    fn live(&mut self, id: SessionId, now: Timestamp) -> Option<LiveSession> {
        let session = self.sessions.get(&id).filter(|row| row.is_live(now))?.session.clone();
        let account = self.account(session.account_id)?.account.clone();
        Some(LiveSession { session, account })
    }

    fn live_of(&mut self, account_id: AccountId, now: Timestamp) -> impl Iterator<Item = &mut SessionRow> {
        self.sessions.values_mut().filter(move |row| row.session.account_id == account_id && row.is_live(now))
    }

    fn end_sessions(&mut self, account_id: AccountId, keep: Option<SessionId>, now: Timestamp) {
        let others = self.live_of(account_id, now).filter(|row| Some(row.session.id) != keep);
        others.for_each(|row| row.ended_at = Some(now));
    }
}

impl InMemoryUsers {
    /// Empty repositories that keep their events here.
    #[must_use]
    pub fn with_audit_log(audit: InMemoryAuditLog) -> Self {
        Self { audit, ..Self::default() }
    }

    /// The events they keep.
    #[must_use]
    pub fn audit_log(&self) -> &InMemoryAuditLog {
        &self.audit
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn conflict(operation: &'static str) -> PortError {
    PortError::new(PortErrorKind::Conflict, System::Store, operation)
}

impl UsersSubject for InMemoryUsers {
    fn users(&self) -> &dyn UserRepository {
        self
    }

    fn sessions(&self) -> &dyn SessionRepository {
        self
    }

    fn directory(&self) -> &dyn AccountDirectory {
        self
    }

    fn audit(&self) -> &dyn AuditLog {
        &self.audit
    }
}
