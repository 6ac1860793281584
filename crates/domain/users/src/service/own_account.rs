//! What owners do with the account they have: look at it, change it, leave.

use std::time::Duration;

use altus4_kernel::{
    AccountId, Actor, AuditAction, AuditEvent, AuditFilter, Granted, Origin, Page, PageRequest, SessionId,
    grants::Admin, secrecy::SecretString,
};

use crate::{
    Account, NewPassword, PasswordChange, PasswordVerdict, ProfileChange, UserError, UserService,
    ports::{EMAIL_CONSTRAINT, LAST_ADMIN_CONSTRAINT},
};

/// How long sessions that are over are kept: more than clocks of nodes may differ.
const SESSIONS_KEPT: Duration = Duration::from_hours(24);
/// How many sessions are removed in one transaction, so that no login has to wait long for it.
const SESSIONS_AT_ONCE: u32 = 100;

impl UserService {
    /// The account of an authenticated caller.
    ///
    /// # Errors
    /// [`UserError::InvalidToken`] when the account has been deactivated meanwhile.
    pub async fn profile(&self, account_id: AccountId) -> Result<Account, UserError> {
        self.ports.users.find(account_id).await?.ok_or(UserError::InvalidToken)
    }

    /// Replaces an account's password and ends all its sessions but the caller's. A wrong present
    /// password is kept in the audit log.
    ///
    /// # Errors
    /// [`UserError::Password`]; [`UserError::InvalidCredentials`] when `current` isn't the account's
    /// password; [`UserError::InvalidToken`] when the account has been deactivated meanwhile.
    pub async fn change_password(
        &self,
        account_id: AccountId,
        session_id: SessionId,
        current: &SecretString,
        new: &NewPassword,
        origin: &Origin,
    ) -> Result<(), UserError> {
        let found = self.ports.users.find_with_hash(account_id).await?.ok_or(UserError::InvalidToken)?;
        new.check_for(&found.account.email, &found.account.name)?;
        let verdict = self.ports.passwords.verify(current, Some(found.password.clone())).await?;
        let matches = verdict != PasswordVerdict::Mismatch;
        let hash = if matches { Some(self.ports.passwords.hash(new.secret()).await?) } else { None };
        let now = self.ports.clock.now();
        let event = self.ports.event(Actor::Account(account_id), AuditAction::PasswordChanged, origin, now);
        let Some(hash) = hash else {
            self.ports.audit.append(&event.refused()).await?;
            return Err(UserError::InvalidCredentials);
        };
        let change = PasswordChange { old: Some(found.password), new: hash, keep: Some(session_id), at: now };
        // Replaced meanwhile, so what was checked is the account's password no more.
        let changed = self.ports.users.change_password(account_id, &change, &event).await?;
        if changed { Ok(()) } else { Err(UserError::InvalidCredentials) }
    }

    /// Changes an account's name and address.
    ///
    /// # Errors
    /// [`UserError::EmailTaken`]; [`UserError::InvalidToken`] when the account has been deactivated
    /// meanwhile.
    pub async fn update_profile(
        &self,
        granted: Granted<Admin>,
        change: &ProfileChange,
        origin: &Origin,
    ) -> Result<Account, UserError> {
        let id = granted.account_id();
        let before = self.profile(id).await?;
        let same_name = change.name.as_ref().is_none_or(|name| *name == before.name);
        let same_email = change.email.as_ref().is_none_or(|email| *email == before.email);
        if same_name && same_email {
            return Ok(before);
        }
        let now = self.ports.clock.now();
        let event = self.ports.event(granted.actor(), AuditAction::ProfileChanged, origin, now);
        match self.ports.users.update_profile(id, change, &event).await {
            Ok(account) => account.ok_or(UserError::InvalidToken),
            Err(error) if error.is_conflict_on(EMAIL_CONSTRAINT) => Err(UserError::EmailTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Deactivates an account: its sessions and keys end, its connections are forgotten, and its
    /// address may be registered again, all at once. What is open to its databases is for the caller
    /// to close.
    ///
    /// # Errors
    /// [`UserError::LastAdministrator`]; [`UserError::InvalidToken`] when it has been deactivated
    /// already.
    pub async fn deactivate(&self, account_id: AccountId, origin: &Origin) -> Result<(), UserError> {
        let now = self.ports.clock.now();
        let event =
            self.ports.event(Actor::Account(account_id), AuditAction::AccountDeactivated, origin, now);
        match self.ports.users.deactivate(account_id, now, &event).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(UserError::InvalidToken),
            Err(error) if error.is_conflict_on(LAST_ADMIN_CONSTRAINT) => Err(UserError::LastAdministrator),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes for good what is left of accounts that were deactivated longer than `kept` ago, except
    /// their audit log; how many they were.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn purge_deactivated(&self, kept: Duration) -> Result<u64, UserError> {
        Ok(self.ports.users.purge_deactivated(self.ports.clock.now() - kept).await?)
    }

    /// Removes for good the sessions, of whatever account, that have been over for a day, with the
    /// refresh tokens that were spent in them; how many they were.
    ///
    /// # Errors
    /// Those of the store; what was removed before stays so.
    pub async fn purge_sessions(&self) -> Result<u64, UserError> {
        let before = self.ports.clock.now() - SESSIONS_KEPT;
        let mut purged = 0;
        loop {
            let batch = self.ports.sessions.purge(before, SESSIONS_AT_ONCE).await?;
            purged += batch;
            if batch < u64::from(SESSIONS_AT_ONCE) {
                return Ok(purged);
            }
        }
    }

    /// An account's own audit log, the newest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn audit(
        &self,
        granted: Granted<Admin>,
        page: PageRequest,
    ) -> Result<Page<AuditEvent>, UserError> {
        let filter = AuditFilter { account_id: Some(granted.account_id()) };
        Ok(self.ports.audit.list(&filter, page).await?)
    }
}
