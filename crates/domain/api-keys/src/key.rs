//! An API key as it is kept.

use std::str::FromStr;

use altus4_kernel::{
    AccountId, ApiKeyId, Environment, PermissionSet, Plan, Timestamp, UnknownName, trimmed_name,
};

use crate::{AllowedIps, KeyLimits};

/// What its owner calls a key: 3–255 characters, trimmed, without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(String);

impl KeyName {
    /// The name of a first key that was given none.
    #[must_use]
    pub fn initial() -> Self {
        Self("Initial API Key".to_owned())
    }

    /// The name in `text`; `None` when it is too short, too long or has control characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        trimmed_name(text, 3..=255).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStatus {
    /// It may.
    Active,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

impl KeyStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Active, Self::Expired, Self::Revoked];

    /// The name in requests and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl FromStr for KeyStatus {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(UnknownName)
    }
}

/// A key without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose it is.
    pub account_id: AccountId,
    /// What its owner calls it.
    pub name: KeyName,
    /// The first characters of its secret.
    pub prefix: String,
    /// Live or test.
    pub environment: Environment,
    /// What it may do.
    pub permissions: PermissionSet,
    /// Its tier, at most its account's plan.
    pub tier: Plan,
    /// Whether its secret can be shown again.
    pub recoverable: bool,
    /// From where it may be used.
    pub allowed_ips: AllowedIps,
    /// Its own quota and budget, if it was given any.
    pub limits: Option<KeyLimits>,
    /// How many requests were made with it. Like `last_used`, up to a flush of the usage behind.
    pub usage_count: u64,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
    /// From where it was last used.
    pub last_used_ip: Option<String>,
    /// When it stops working by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// When it got its present secret, if that isn't its first.
    pub regenerated_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its settings, its limits or its secret were last changed.
    pub updated_at: Timestamp,
}

impl ApiKey {
    /// Whether it may be used at `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> KeyStatus {
        if self.revoked_at.is_some() {
            KeyStatus::Revoked
        } else if self.expires_at.is_some_and(|end| end <= now) {
            KeyStatus::Expired
        } else {
            KeyStatus::Active
        }
    }
}
