//! What the domain needs from outside to keep keys: a repository, a keyed digest, and a memory of
//! what the repository said.

use std::{fmt, sync::Arc};

use altus4_kernel::{
    AccountId, ApiKeyId, AuditEvent, Page, PageRequest, Plan, PortResult, Role, SealedSecret, Timestamp,
    secrecy::SecretString,
};
use async_trait::async_trait;

use crate::{ApiKey, KeyChange, KeyFilter, KeyLimits};

/// The unique thing that [`ApiKeyRepository::insert_first`] conflicts on.
pub const FIRST_KEY_CONSTRAINT: &str = "api_key.first_of_account";

/// HMAC-SHA-256 of a key's secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest(pub [u8; 32]);

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(…)")
    }
}

/// A digest, and the id of the server secret it was made under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDigest {
    /// Which of the server's secrets.
    pub secret_id: String,
    /// The digest.
    pub digest: KeyDigest,
}

/// What is stored of a key's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSecret {
    /// What it is found by.
    pub digest: StoredDigest,
    /// The beginning that is shown.
    pub prefix: String,
    /// Of a recoverable key: the secret itself, sealed.
    pub sealed: Option<SealedSecret>,
}

/// A key together with what must be known of its account to let it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHolder {
    /// The key.
    pub key: ApiKey,
    /// The role of its account.
    pub role: Role,
    /// The plan of its account.
    pub plan: Plan,
    /// Which of the digests that were asked for it is stored under.
    pub found_under: StoredDigest,
    /// Of a secret that was replaced: when its grace ends. It is no longer good from that moment on.
    pub good_until: Option<Timestamp>,
}

/// How many keys of an account are stored under an older server secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegacyKeys {
    /// Of those that are neither revoked nor expired.
    pub count: u64,
    /// Whether the account was told, and said so.
    pub notice_shown: bool,
}

/// Keeps keys. Every method that names an account finds nothing of any other.
///
/// A method that takes an [`AuditEvent`] MUST keep it in the same transaction as its change, so that
/// neither is there without the other, and MUST keep none where it changes nothing.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ApiKeyRepository: Send + Sync {
    /// Stores an account's first key.
    ///
    /// Errors: `Conflict` on `api_key.first_of_account` when the account has any key, revoked ones
    /// included; MUST hold also when two calls come at once.
    async fn insert_first(&self, key: &ApiKey, secret: &StoredSecret, event: &AuditEvent) -> PortResult<()>;

    /// Stores a key.
    ///
    /// Errors: `Rejected` when there is no such active account; `Conflict` when its id or its digest is
    /// taken.
    async fn insert(&self, key: &ApiKey, secret: &StoredSecret, event: &AuditEvent) -> PortResult<()>;

    /// The key stored under one of these digests, now or (see [`KeyHolder::good_until`]) before its
    /// secret was replaced, whatever its status, if its account is active. One query over unique
    /// indexes, however many digests.
    async fn find_by_digest(&self, digests: &[StoredDigest]) -> PortResult<Option<KeyHolder>>;

    /// An account's key, whatever its status.
    async fn find(&self, account_id: AccountId, id: ApiKeyId) -> PortResult<Option<ApiKey>>;

    /// An account's keys, the newest first; their status is that at `now`.
    async fn list(
        &self,
        account_id: AccountId,
        filter: KeyFilter,
        now: Timestamp,
        page: PageRequest,
    ) -> PortResult<Page<ApiKey>>;

    /// Changes a key's settings at `at`, and gives it as it is then; `None` when there is none that
    /// isn't revoked. What the change leaves out stays as it is, also when two calls come at once.
    async fn change(
        &self,
        account_id: AccountId,
        id: ApiKeyId,
        change: &KeyChange,
        at: Timestamp,
        event: &AuditEvent,
    ) -> PortResult<Option<ApiKey>>;

    /// Sets or (`None`) lifts a key's own limits at `at`; `None` as for [`ApiKeyRepository::change`].
    async fn set_limits(
        &self,
        account_id: AccountId,
        id: ApiKeyId,
        limits: Option<KeyLimits>,
        at: Timestamp,
        event: &AuditEvent,
    ) -> PortResult<Option<ApiKey>>;

    /// Takes a key back at `at`: its secrets let nobody in any more, and what was sealed of them is
    /// gone. Gives the moment when it was taken back, which is an earlier one (and no event is kept)
    /// when that had been done before; `None` when there is no such key.
    async fn revoke(
        &self,
        account_id: AccountId,
        id: ApiKeyId,
        at: Timestamp,
        event: &AuditEvent,
    ) -> PortResult<Option<Timestamp>>;

    /// Replaces a key's secret at `at`, and gives the key as it is then. The secret before it is good
    /// until `good_until`, the one before that no more, also when two calls come at once. `None` as
    /// for [`ApiKeyRepository::change`].
    ///
    /// Errors: `Conflict` when another key is stored under that digest.
    async fn replace_secret(
        &self,
        account_id: AccountId,
        id: ApiKeyId,
        secret: &StoredSecret,
        good_until: Timestamp,
        at: Timestamp,
        event: &AuditEvent,
    ) -> PortResult<Option<ApiKey>>;

    /// Stores the secret under another digest, if it is still stored under `old`; no other part of
    /// the key changes. Also a secret in its grace is moved.
    async fn move_digest(&self, id: ApiKeyId, old: &StoredDigest, new: &StoredDigest) -> PortResult<()>;

    /// What was sealed of the secret of a key that isn't revoked.
    async fn sealed_secret(&self, account_id: AccountId, id: ApiKeyId) -> PortResult<Option<SealedSecret>>;

    /// How many of an account's keys are stored under another server secret than this one at `now`.
    async fn legacy_keys(
        &self,
        account_id: AccountId,
        newest_secret_id: &str,
        now: Timestamp,
    ) -> PortResult<LegacyKeys>;

    /// Keeps that an active account was told of its legacy keys.
    async fn note_legacy_notice(&self, account_id: AccountId, at: Timestamp) -> PortResult<()>;

    /// The plan of an active account.
    async fn plan_of(&self, account_id: AccountId) -> PortResult<Option<Plan>>;
}

/// Makes the digests that keys are stored under.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait KeyDigester: Send + Sync {
    /// The digest under the newest server secret: what a new key is stored under.
    fn digest(&self, secret: &SecretString) -> StoredDigest;

    /// The digests under every secret that is still accepted, newest first. Never empty, and its
    /// first is what [`KeyDigester::digest`] gives.
    fn accepted(&self, secret: &SecretString) -> Vec<StoredDigest>;
}

/// What the repository said of a digest, and when it was asked.
#[derive(Debug, Clone)]
pub struct CachedKey {
    /// The key; `None`: there is none.
    pub holder: Option<Arc<KeyHolder>>,
    /// When the question was put: later changes may be missing.
    pub asked_at: Timestamp,
}

/// Remembers, in this process, what the repository said of digests. Bounded: it may forget anything
/// at any time, what was used longest ago first. Known keys MUST NOT be pushed out by unknown ones.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait KeyCache: Send + Sync {
    /// What is remembered of this digest.
    fn get(&self, digest: &KeyDigest) -> Option<CachedKey>;

    /// Remembers it in the place of what was there.
    fn put(&self, digest: KeyDigest, key: CachedKey);

    /// Forgets what was said of this key, under whatever digests. When this returns, no
    /// [`KeyCache::get`] MUST give it; the same holds of the two below.
    fn forget_key(&self, id: ApiKeyId);

    /// Forgets all keys of this account.
    fn forget_account(&self, id: AccountId);

    /// Forgets that there was no key under this digest, or which it was.
    fn forget_digest(&self, digest: &KeyDigest);

    /// Forgets everything.
    fn clear(&self);
}
