//! The repository of sessions.

use std::cmp::Reverse;

use altus4_kernel::{
    AccountId, AuditEvent, PortError, PortErrorKind, PortResult, SessionId, System, Timestamp,
};
use async_trait::async_trait;

use super::{InMemoryUsers, SessionRow};
use crate::{LiveSession, RefreshRotation, RefreshTokenDigest, Session, SessionRepository};

#[async_trait]
impl SessionRepository for InMemoryUsers {
    async fn insert(&self, session: &Session, event: &AuditEvent) -> PortResult<()> {
        let mut rows = self.rows();
        if rows.account(session.account_id).is_none() {
            return Err(PortError::new(PortErrorKind::Rejected, System::Store, "sessions.insert"));
        }
        rows.check_session(session, "sessions.insert")?;
        self.audit.record(event)?;
        rows.add_session(session);
        if let Some(stored) = rows.account(session.account_id) {
            stored.account.last_active = session.created_at;
        }
        Ok(())
    }

    async fn find_live(&self, id: SessionId, now: Timestamp) -> PortResult<Option<LiveSession>> {
        Ok(self.rows().live(id, now))
    }

    async fn list_live(&self, account_id: AccountId, now: Timestamp) -> PortResult<Vec<Session>> {
        let mut rows = self.rows();
        if rows.account(account_id).is_none() {
            return Ok(Vec::new());
        }
        let mut found: Vec<_> = rows.live_of(account_id, now).map(|row| row.session.clone()).collect();
        found.sort_by_key(|session| Reverse((session.created_at, session.id)));
        Ok(found)
    }

    async fn rotate(
        &self,
        presented: &RefreshTokenDigest,
        next: &RefreshTokenDigest,
        now: Timestamp,
        expires_at: Timestamp,
        reuse: &AuditEvent,
    ) -> PortResult<RefreshRotation> {
        let mut rows = self.rows();
        if let Some(id) = rows.spent.get(presented).copied() {
            if let Some(row) = rows.sessions.get_mut(&id).filter(|row| row.is_live(now)) {
                self.audit.record(&reuse.clone().in_log_of(row.session.account_id).about(id))?;
                row.ended_at = Some(now);
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
        rows.sessions.insert(id, SessionRow { session: live.session.clone(), ended_at: None });
        if let Some(stored) = rows.account(live.account.id) {
            stored.account.last_active = now;
        }
        Ok(RefreshRotation::Rotated(live))
    }

    async fn end(
        &self,
        account_id: AccountId,
        id: SessionId,
        now: Timestamp,
        event: &AuditEvent,
    ) -> PortResult<bool> {
        let mut rows = self.rows();
        let Some(row) = rows.live_of(account_id, now).find(|row| row.session.id == id) else {
            return Ok(false);
        };
        self.audit.record(event)?;
        row.ended_at = Some(now);
        Ok(true)
    }

    async fn end_all(&self, account_id: AccountId, now: Timestamp, event: &AuditEvent) -> PortResult<u64> {
        let mut rows = self.rows();
        let ended = rows.live_of(account_id, now).count() as u64;
        if ended > 0 {
            self.audit.record(event)?;
            rows.end_sessions(account_id, None, now);
        }
        Ok(ended)
    }

    async fn purge(&self, before: Timestamp, most: u32) -> PortResult<u64> {
        let rows = &mut *self.rows();
        let is_over = |row: &&SessionRow| {
            row.ended_at.is_some_and(|ended| ended < before) || row.session.expires_at < before
        };
        let over = rows.sessions.values().filter(is_over).map(|row| row.session.id);
        let over: Vec<_> = over.take(most as usize).collect();
        rows.sessions.retain(|id, _| !over.contains(id));
        rows.spent.retain(|_, id| !over.contains(id));
        Ok(over.len() as u64)
    }
}
