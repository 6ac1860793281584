//! What can go wrong with keys.

use altus4_kernel::{Plan, PortError};

/// The answers of [`ApiKeyService`](crate::ApiKeyService) other than success.
#[derive(Debug, thiserror::Error)]
pub enum ApiKeyError {
    /// The account has a key, so there is nothing to set up.
    #[error("the account has an API key already; make further ones at /api/v1/keys")]
    KeyExists,
    /// The key is malformed, unknown or revoked.
    #[error("the API key is not valid")]
    InvalidKey,
    /// The key's time is over.
    #[error("the API key has expired")]
    ExpiredKey,
    /// The tier is above the account's plan.
    #[error("the account's plan '{plan}' does not include the tier '{wanted}'")]
    TierAbovePlan {
        /// What the account has.
        plan: Plan,
        /// What was asked for.
        wanted: Plan,
    },
    /// A port failed.
    #[error(transparent)]
    Port(#[from] PortError),
}
