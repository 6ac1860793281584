//! What the domain needs from outside: two repositories, a password hasher, a token issuer.

use std::fmt;

use altus4_kernel::{
    AccountId, AuditEvent, PortResult, SessionId, Timestamp,
    secrecy::{ExposeSecret, SecretString},
};
use async_trait::async_trait;

use crate::{
    AccessClaims, Account, AccountName, Email, NewAccount, RefreshToken, RefreshTokenDigest, Session,
};

/// The unique thing that [`UserRepository::insert`] conflicts on.
pub const EMAIL_CONSTRAINT: &str = "account.email";
/// What [`UserRepository::deactivate`] conflicts on: there is always an administrator, once there
/// was one.
pub const LAST_ADMIN_CONSTRAINT: &str = "account.last_admin";

/// A password's hash as a PHC string.
#[derive(Clone)]
pub struct PasswordHash(SecretString);

impl PasswordHash {
    /// The hash written as a PHC string.
    #[must_use]
    pub fn new(phc: impl Into<String>) -> Self {
        Self(phc.into().into())
    }

    /// The PHC string.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// An account and the hash of its password.
#[derive(Debug, Clone)]
pub struct AccountWithHash {
    /// The account.
    pub account: Account,
    /// The hash of its password.
    pub password: PasswordHash,
}

/// A session that has not ended, with its account.
#[derive(Debug, Clone)]
pub struct LiveSession {
    /// The session.
    pub session: Session,
    /// The active account it belongs to.
    pub account: Account,
}

/// What an account's owner wants to be changed; `None` leaves it as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileChange {
    /// The person's name.
    pub name: Option<AccountName>,
    /// The address.
    pub email: Option<Email>,
}

/// A password's replacement, and what becomes of the sessions that were begun with the old one.
#[derive(Debug, Clone)]
pub struct PasswordChange {
    /// The hash that has to be stored still; `None` when any may be.
    pub old: Option<PasswordHash>,
    /// The hash that takes its place.
    pub new: PasswordHash,
    /// The session that goes on; all others end.
    pub keep: Option<SessionId>,
    /// When it happens.
    pub at: Timestamp,
}

/// Keeps accounts. Deactivated accounts are found by no method.
///
/// A method that takes an [`AuditEvent`] MUST keep it in the same transaction as its change, so that
/// neither is there without the other, and MUST keep none where it changes nothing.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait UserRepository: Send + Sync {
    /// Stores an account with its first session, both or neither.
    ///
    /// Errors: `Conflict` on `account.email` when an active account has that address; MUST hold
    /// also when two calls come at once.
    async fn insert(
        &self,
        account: &NewAccount,
        first_session: &Session,
        event: &AuditEvent,
    ) -> PortResult<()>;

    /// Stores an account that nobody logs in to yet.
    ///
    /// Errors: as [`UserRepository::insert`].
    async fn insert_without_session(&self, account: &NewAccount, event: &AuditEvent) -> PortResult<()>;

    /// The account with this id.
    async fn find(&self, id: AccountId) -> PortResult<Option<Account>>;

    /// The account with this id, and its password's hash.
    async fn find_with_hash(&self, id: AccountId) -> PortResult<Option<AccountWithHash>>;

    /// The account with this address, and its password's hash.
    async fn find_by_email(&self, email: &Email) -> PortResult<Option<AccountWithHash>>;

    /// Replaces a password's hash by a better one of the same password, unless it has been replaced
    /// meanwhile: the write happens only while `old` is still what is stored. `false` when it was
    /// not.
    async fn replace_password_hash(
        &self,
        id: AccountId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> PortResult<bool>;

    /// Replaces a password and ends the sessions that aren't kept, in one transaction. `false` when
    /// there is no such account, or `change.old` is stored no more; nothing is changed then.
    async fn change_password(
        &self,
        id: AccountId,
        change: &PasswordChange,
        event: &AuditEvent,
    ) -> PortResult<bool>;

    /// Changes an account's name and address. The account as it is then, or `None` when there is
    /// none.
    ///
    /// Errors: `Conflict` on `account.email` when another active account has that address; MUST hold
    /// also when calls come at once.
    async fn update_profile(
        &self,
        id: AccountId,
        change: &ProfileChange,
        event: &AuditEvent,
    ) -> PortResult<Option<Account>>;

    /// Deactivates an account in one transaction: it is found no more, its address is free, its
    /// sessions are ended, its keys revoked, its connections gone with their sealed passwords.
    /// `false` when there is no such account.
    ///
    /// Errors: `Conflict` on `account.last_admin` when it is the only active one of the role
    /// `admin`; MUST hold also when calls come at once.
    async fn deactivate(&self, id: AccountId, now: Timestamp, event: &AuditEvent) -> PortResult<bool>;

    /// Removes the rows of accounts that were deactivated before `before`, and everything that
    /// belongs to them except their audit log; the number of accounts.
    async fn purge_deactivated(&self, before: Timestamp) -> PortResult<u64>;
}

/// What came of [`SessionRepository::rotate`].
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "made once a refresh, and taken apart at once")]
pub enum RefreshRotation {
    /// The token was the session's present one, and has been replaced.
    Rotated(LiveSession),
    /// The token was replaced before: someone has a copy. The session MUST be ended by now.
    Reused,
    /// No live session knows this token, or its time is over.
    Unknown,
}

/// Keeps sessions. Of an [`AuditEvent`] holds what [`UserRepository`] says.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SessionRepository: Send + Sync {
    /// Stores a session of an existing account, and sets the account's `last_active` to its
    /// `created_at`.
    async fn insert(&self, session: &Session, event: &AuditEvent) -> PortResult<()>;

    /// The session with this id, if neither it nor its account has ended and `now` is before its
    /// `expires_at`. One query.
    async fn find_live(&self, id: SessionId, now: Timestamp) -> PortResult<Option<LiveSession>>;

    /// The sessions of an account that are live at `now`, the newest first.
    async fn list_live(&self, account_id: AccountId, now: Timestamp) -> PortResult<Vec<Session>>;

    /// Replaces the refresh token `presented` by `next`, good until `expires_at`, in one
    /// transaction. Of two calls with the same `presented` at most one may get `Rotated`; the
    /// other MUST get `Reused`, and the session MUST be ended then.
    ///
    /// The call that ends a live session so MUST keep `reuse` in the same transaction, in the log of
    /// the session's account and about the session. A rotation keeps no event.
    async fn rotate(
        &self,
        presented: &RefreshTokenDigest,
        next: &RefreshTokenDigest,
        now: Timestamp,
        expires_at: Timestamp,
        reuse: &AuditEvent,
    ) -> PortResult<RefreshRotation>;

    /// Ends one session of an account. `false` when the account has no such session that is live
    /// at `now`.
    async fn end(
        &self,
        account_id: AccountId,
        id: SessionId,
        now: Timestamp,
        event: &AuditEvent,
    ) -> PortResult<bool>;

    /// Ends every session of an account; the number that were live at `now`.
    async fn end_all(&self, account_id: AccountId, now: Timestamp, event: &AuditEvent) -> PortResult<u64>;

    /// Removes the rows of sessions that ended before `before`, or whose time was over before it, with
    /// the tokens that were spent in them: `most` sessions at a time; how many they were. Spent tokens
    /// of other sessions MUST stay, since their reuse ends a session.
    async fn purge(&self, before: Timestamp, most: u32) -> PortResult<u64>;
}

/// What came of checking a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordVerdict {
    /// It is the one.
    Match,
    /// It is the one, and its hash was made with weaker settings than today's.
    MatchButOutdated,
    /// It is not.
    Mismatch,
}

/// Hashes passwords, slowly on purpose. MUST NOT block the caller's thread, and MUST bound how many
/// hashes run at once.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// The hash of a password, under today's settings.
    ///
    /// Errors: `Unavailable` when too many hashes wait already.
    async fn hash(&self, password: &SecretString) -> PortResult<PasswordHash>;

    /// Compares a password with a hash. With `None` it MUST do the same work as with a hash and
    /// answer `Mismatch`, so that time doesn't tell whether an account exists.
    ///
    /// Errors: as [`PasswordHasher::hash`]; `Corrupt` when the hash can't be read.
    async fn verify(
        &self,
        password: &SecretString,
        hash: Option<PasswordHash>,
    ) -> PortResult<PasswordVerdict>;
}

/// Why an access token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFault {
    /// Forged, malformed, of another algorithm, issuer or audience, or not valid yet.
    Invalid,
    /// Genuine, and over.
    Expired,
}

/// Issues and checks tokens (RFC 8725: one algorithm, `typ`, `iss`, `aud`, `sub`, `sid`, `iat`,
/// `nbf`, `exp` and `jti` all required).
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait TokenIssuer: Send + Sync {
    /// An access token that says this.
    fn issue(&self, claims: &AccessClaims) -> PortResult<SecretString>;

    /// What a token says, if it is genuine and `now` lies in its time.
    ///
    /// # Errors
    /// [`TokenFault`], whatever the text is; never a panic.
    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenFault>;

    /// A fresh refresh token of 256 random bits.
    fn refresh_token(&self) -> PortResult<RefreshToken>;

    /// The digest under which a refresh token is stored.
    fn refresh_digest(&self, token: &SecretString) -> RefreshTokenDigest;
}
