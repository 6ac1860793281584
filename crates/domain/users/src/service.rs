//! The use cases of accounts and sessions.

mod own_account;

use std::{sync::Arc, time::Duration};

use altus4_kernel::{
    AccountId, Actor, AuditAction, AuditEvent, AuditLog, Clock, Credential, IdGenerator, Origin,
    PermissionSet, Plan, Principal, Role, SessionId, Timestamp, secrecy::SecretString,
};

use crate::{
    AccessClaims, AccessToken, Account, AccountName, ClientInfo, Email, LiveSession, NewAccount, NewPassword,
    PasswordHasher, PasswordVerdict, RefreshRotation, RefreshTokenDigest, Session, SessionRepository,
    TokenFault, TokenIssuer, TokenPair, UserError, UserRepository, ports::EMAIL_CONSTRAINT,
};

/// What an operator decides about accounts.
#[derive(Debug, Clone, Copy)]
pub struct UserSettings {
    /// The plan of new accounts.
    pub default_plan: Plan,
    /// How long an access token is good for.
    pub access_token_life: Duration,
    /// How long a refresh token is good for when it is not used.
    pub refresh_token_life: Duration,
}

/// Access for 15 minutes, refresh for 30 days, and nothing held back from new accounts.
impl Default for UserSettings {
    fn default() -> Self {
        Self {
            default_plan: Plan::Enterprise,
            access_token_life: Duration::from_mins(15),
            refresh_token_life: Duration::from_hours(30 * 24),
        }
    }
}

/// Who wants an account.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Its address.
    pub email: Email,
    /// Its password.
    pub password: NewPassword,
    /// The person's name.
    pub name: AccountName,
}

/// What the services of this domain stand on.
#[derive(Clone)]
pub struct UserPorts {
    /// Accounts.
    pub users: Arc<dyn UserRepository>,
    /// Their sessions.
    pub sessions: Arc<dyn SessionRepository>,
    /// What was done to them.
    pub audit: Arc<dyn AuditLog>,
    /// Passwords' hashes.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Tokens.
    pub tokens: Arc<dyn TokenIssuer>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids of accounts, sessions and events.
    pub ids: Arc<dyn IdGenerator>,
}

impl UserPorts {
    /// An event of now, in the log of the actor's account.
    pub(crate) fn event(
        &self,
        actor: Actor,
        action: AuditAction,
        origin: &Origin,
        now: Timestamp,
    ) -> AuditEvent {
        AuditEvent::new(self.ids.next_id(), now, actor, action, origin)
    }
}

/// Accounts and sessions as their owners use them: register, log in, stay in, change, log out, leave.
#[derive(Clone)]
pub struct UserService {
    ports: UserPorts,
    settings: UserSettings,
}

impl UserService {
    /// The service over these ports.
    #[must_use]
    pub fn new(ports: UserPorts, settings: UserSettings) -> Self {
        Self { ports, settings }
    }

    /// Makes an account and logs it in.
    ///
    /// # Errors
    /// [`UserError::EmailTaken`]; [`UserError::Password`].
    pub async fn register(
        &self,
        registration: Registration,
        origin: &Origin,
    ) -> Result<(Account, TokenPair), UserError> {
        registration.password.check_for(&registration.email, &registration.name)?;
        // Looked up first, so that a taken address costs no hash; the constraint decides the race.
        if self.ports.users.find_by_email(&registration.email).await?.is_some() {
            return Err(UserError::EmailTaken);
        }
        let password = self.ports.passwords.hash(registration.password.secret()).await?;
        let now = self.ports.clock.now();
        let account = Account {
            id: AccountId::from_uuid(self.ports.ids.next_id()),
            email: registration.email,
            name: registration.name,
            role: Role::User,
            plan: self.settings.default_plan,
            created_at: now,
            last_active: now,
        };
        let (session, tokens) = self.begin_session(account.id, origin, now)?;
        let stored = NewAccount { account: account.clone(), password };
        let owner = Actor::Account(account.id);
        let event = self.ports.event(owner, AuditAction::AccountRegistered, origin, now);
        match self.ports.users.insert(&stored, &session, &event).await {
            Ok(()) => Ok((account, tokens)),
            Err(error) if error.is_conflict_on(EMAIL_CONSTRAINT) => Err(UserError::EmailTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Begins a session of the account with this address and password. A password whose hash was
    /// made with weaker settings is hashed anew. Failures are kept in the audit log too.
    ///
    /// # Errors
    /// [`UserError::InvalidCredentials`], after the same work whichever of the two was wrong.
    pub async fn login(
        &self,
        email: Option<Email>,
        password: SecretString,
        origin: &Origin,
    ) -> Result<(Account, TokenPair), UserError> {
        let found = match &email {
            Some(email) => self.ports.users.find_by_email(email).await?,
            None => None,
        };
        let hash = found.as_ref().map(|found| found.password.clone());
        let verdict = self.ports.passwords.verify(&password, hash).await?;
        let now = self.ports.clock.now();
        let known = found.as_ref().map(|found| found.account.id);
        let Some(found) = found.filter(|_| verdict != PasswordVerdict::Mismatch) else {
            let event = self.ports.event(Actor::Anonymous, AuditAction::SessionRefused, origin, now);
            self.ports.audit.append(&AuditEvent { account_id: known, ..event.refused() }).await?;
            return Err(UserError::InvalidCredentials);
        };
        let account = Account { last_active: now, ..found.account };
        if verdict == PasswordVerdict::MatchButOutdated {
            let renewed = self.ports.passwords.hash(&password).await?;
            self.ports.users.replace_password_hash(account.id, &found.password, &renewed).await?;
        }
        let (session, tokens) = self.begin_session(account.id, origin, now)?;
        let owner = Actor::Account(account.id);
        let event = self.ports.event(owner, AuditAction::SessionBegun, origin, now).about(session.id);
        self.ports.sessions.insert(&session, &event).await?;
        Ok((account, tokens))
    }

    /// Exchanges a refresh token for a new pair.
    ///
    /// # Errors
    /// [`UserError::InvalidToken`] when it is unknown, over, or was used before; in the last case
    /// its session has ended, since two hold the same token.
    pub async fn refresh(&self, token: &SecretString, origin: &Origin) -> Result<TokenPair, UserError> {
        let now = self.ports.clock.now();
        let next = self.ports.tokens.refresh_token()?;
        let presented = self.ports.tokens.refresh_digest(token);
        let expires_at = now + self.settings.refresh_token_life;
        let reuse = self.ports.event(Actor::Anonymous, AuditAction::SessionReused, origin, now).refused();
        match self.ports.sessions.rotate(&presented, &next.digest, now, expires_at, &reuse).await? {
            RefreshRotation::Rotated(live) => self.pair(live.account.id, live.session.id, now, next.secret),
            RefreshRotation::Reused | RefreshRotation::Unknown => Err(UserError::InvalidToken),
        }
    }

    /// A further access token for one that is still good, of the same session: how clients of the
    /// older guide stay in, which know no refresh token.
    ///
    /// # Errors
    /// As [`UserService::authenticate`].
    pub async fn extend(&self, token: &str) -> Result<AccessToken, UserError> {
        let live = self.live_session(token).await?;
        self.access_token(live.account.id, live.session.id, self.ports.clock.now())
    }

    /// Ends the caller's own session; nothing happens when it has ended already. Its access tokens stop
    /// working at once.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn logout(
        &self,
        account_id: AccountId,
        session_id: SessionId,
        origin: &Origin,
    ) -> Result<(), UserError> {
        self.end(account_id, session_id, origin).await.map(drop)
    }

    /// Ends every session of an account.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn logout_everywhere(&self, account_id: AccountId, origin: &Origin) -> Result<(), UserError> {
        let now = self.ports.clock.now();
        let event = self.ports.event(Actor::Account(account_id), AuditAction::SessionEnded, origin, now);
        self.ports.sessions.end_all(account_id, now, &event).await?;
        Ok(())
    }

    /// The sessions of an account that may still be used, the newest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sessions(&self, account_id: AccountId) -> Result<Vec<Session>, UserError> {
        Ok(self.ports.sessions.list_live(account_id, self.ports.clock.now()).await?)
    }

    /// Ends a session of an account, be it the caller's own or another.
    ///
    /// # Errors
    /// [`UserError::NoSuchSession`] when the account has none of this id that is live.
    pub async fn end_session(
        &self,
        account_id: AccountId,
        session_id: SessionId,
        origin: &Origin,
    ) -> Result<(), UserError> {
        let ended = self.end(account_id, session_id, origin).await?;
        if ended { Ok(()) } else { Err(UserError::NoSuchSession(session_id)) }
    }

    async fn end(
        &self,
        account_id: AccountId,
        session_id: SessionId,
        origin: &Origin,
    ) -> Result<bool, UserError> {
        let now = self.ports.clock.now();
        let event = self.ports.event(Actor::Account(account_id), AuditAction::SessionEnded, origin, now);
        Ok(self.ports.sessions.end(account_id, session_id, now, &event.about(session_id)).await?)
    }

    /// Who an access token speaks for. Asks the store whether its session still lives, so that a
    /// logout counts at the very next request.
    ///
    /// # Errors
    /// [`UserError::InvalidToken`], [`UserError::TokenExpired`].
    pub async fn authenticate(&self, token: &str) -> Result<Principal, UserError> {
        let live = self.live_session(token).await?;
        Ok(Principal {
            account_id: live.account.id,
            role: live.account.role,
            tier: live.account.plan,
            permissions: PermissionSet::ALL,
            credential: Credential::Session { id: live.session.id },
        })
    }

    async fn live_session(&self, token: &str) -> Result<LiveSession, UserError> {
        let now = self.ports.clock.now();
        let claims = self.ports.tokens.verify(token, now).map_err(|fault| match fault {
            TokenFault::Invalid => UserError::InvalidToken,
            TokenFault::Expired => UserError::TokenExpired,
        })?;
        let live = self.ports.sessions.find_live(claims.session_id, now).await?;
        live.filter(|live| live.account.id == claims.account_id).ok_or(UserError::InvalidToken)
    }

    fn begin_session(
        &self,
        account_id: AccountId,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<(Session, TokenPair), UserError> {
        let id = SessionId::from_uuid(self.ports.ids.next_id());
        let refresh = self.ports.tokens.refresh_token()?;
        let session = self.session(id, account_id, refresh.digest, origin.into(), now);
        Ok((session, self.pair(account_id, id, now, refresh.secret)?))
    }

    fn session(
        &self,
        id: SessionId,
        account_id: AccountId,
        refresh_digest: RefreshTokenDigest,
        client: ClientInfo,
        now: Timestamp,
    ) -> Session {
        let expires_at = now + self.settings.refresh_token_life;
        Session { id, account_id, refresh_digest, client, created_at: now, last_used: now, expires_at }
    }

    fn pair(
        &self,
        account_id: AccountId,
        session_id: SessionId,
        now: Timestamp,
        refresh_token: SecretString,
    ) -> Result<TokenPair, UserError> {
        let access = self.access_token(account_id, session_id, now)?;
        Ok(TokenPair {
            access_token: access.token,
            refresh_token,
            expires_in: access.expires_in,
            refresh_expires_in: self.settings.refresh_token_life.as_secs(),
        })
    }

    fn access_token(
        &self,
        account_id: AccountId,
        session_id: SessionId,
        now: Timestamp,
    ) -> Result<AccessToken, UserError> {
        let life = self.settings.access_token_life;
        let claims = AccessClaims { account_id, session_id, issued_at: now, expires_at: now + life };
        Ok(AccessToken { token: self.ports.tokens.issue(&claims)?, expires_in: life.as_secs() })
    }
}

#[cfg(test)]
mod tests;
