//! Whom requests are counted for.

use std::fmt;

use altus4_kernel::{AccountId, ApiKeyId, Credential, Principal};

/// Each key has its own measure; all sessions of an account share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A key.
    Key(ApiKeyId),
    /// An account's sessions.
    Account(AccountId),
}

impl Subject {
    /// What this caller is measured by.
    #[must_use]
    pub fn of(principal: &Principal) -> Self {
        match principal.credential {
            Credential::Session { .. } => Self::Account(principal.account_id),
            Credential::ApiKey { id } => Self::Key(id),
        }
    }
}

/// `key:<id>` or `account:<id>`, as a [`RateLimiter`](crate::RateLimiter) takes it.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "key:{id}"),
            Self::Account(id) => write!(f, "account:{id}"),
        }
    }
}
