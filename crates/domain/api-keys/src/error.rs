//! What can go wrong with keys.

use std::sync::Arc;

use altus4_kernel::{ApiKeyId, PermissionSet, Plan, PortError};

use crate::KeyHolder;

/// The answers of this domain's services other than success.
#[derive(Debug, thiserror::Error)]
pub enum ApiKeyError {
    /// The account has a key, so there is nothing to set up.
    #[error("the account has an API key already; make further ones at /api/v1/keys")]
    KeyExists,
    /// The key is malformed, unknown or revoked, or its secret was replaced.
    #[error("the API key is not valid")]
    InvalidKey,
    /// The key's time is over. Whose it is, for what is told of its use.
    #[error("the API key has expired")]
    ExpiredKey(Arc<KeyHolder>),
    /// The key is valid, and the call doesn't come from one of its networks.
    #[error("this key can't be used from this address")]
    AddressNotAllowed(Arc<KeyHolder>),
    /// The account has no such key, or it was taken back where that matters.
    #[error("no such API key")]
    NoSuchKey(ApiKeyId),
    /// The tier is above the account's plan.
    #[error("the account's plan '{plan}' does not include the tier '{wanted}'")]
    TierAbovePlan {
        /// What the account has.
        plan: Plan,
        /// What was asked for.
        wanted: Plan,
    },
    /// A key that acts has not all of these permissions itself.
    #[error("a key can't give or get hold of permissions that it has not itself")]
    BeyondOwnPermissions {
        /// What the acting key has.
        own: PermissionSet,
        /// What the other one would have.
        wanted: PermissionSet,
    },
    /// A key that acts has a lower tier itself.
    #[error("a key of the tier '{own}' can't give or get hold of the tier '{wanted}'")]
    BeyondOwnTier {
        /// What the acting key has.
        own: Plan,
        /// What the other one would have.
        wanted: Plan,
    },
    /// A key that acts ends earlier itself than the end it asks for.
    #[error("must not be later than the end of the key that asks")]
    BeyondOwnEnd,
    /// A key that acts may not be used itself from all the networks it asks for.
    #[error("must lie within the networks of the key that asks")]
    BeyondOwnNetworks,
    /// A key that acts would get hold of one that lives longer, may be used from more networks, or has
    /// wider limits.
    #[error("a key can't get hold of one that is more than itself")]
    StrongerKey,
    /// A key that has limits of its own can't set or lift any.
    #[error("a key that has limits of its own can't set or lift limits")]
    LimitedKey,
    /// The end that was asked for is not in the future.
    #[error("must be in the future")]
    EndInThePast,
    /// The key's secret can't be shown again: it was made so, or was taken back.
    #[error("the secret of this key can't be shown again")]
    NotRecoverable(ApiKeyId),
    /// What names a request that may be repeated is no name.
    #[error("must be 1 to 255 printable ASCII characters")]
    InvalidRetryName,
    /// A port failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl ApiKeyError {
    /// The key that was presented, where it is known and the call is refused all the same.
    #[must_use]
    pub fn refused_key(&self) -> Option<&Arc<KeyHolder>> {
        match self {
            Self::ExpiredKey(holder) | Self::AddressNotAllowed(holder) => Some(holder),
            _ => None,
        }
    }
}
