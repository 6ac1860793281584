//! What the domain needs from outside: a repository and a keyed digest.

use std::fmt;

use altus4_kernel::{AccountId, AuditEvent, Plan, PortResult, Role, secrecy::SecretString};
use async_trait::async_trait;

use crate::ApiKey;

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

/// A key together with what must be known of its account to let it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHolder {
    /// The key.
    pub key: ApiKey,
    /// The role of its account.
    pub role: Role,
    /// The plan of its account.
    pub plan: Plan,
}

/// Keeps keys.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ApiKeyRepository: Send + Sync {
    /// Stores an account's first key and keeps `event`, both or neither, in one transaction.
    ///
    /// Errors: `Conflict` on `api_key.first_of_account` when the account has any key, revoked ones
    /// included; MUST hold also when two calls come at once.
    async fn insert_first(&self, key: &ApiKey, digest: &StoredDigest, event: &AuditEvent) -> PortResult<()>;

    /// The key stored under one of these digests, whatever its status, if its account is active.
    /// One query over a unique index, however many digests.
    async fn find_by_digest(&self, digests: &[StoredDigest]) -> PortResult<Option<KeyHolder>>;

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
