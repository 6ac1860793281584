//! Accounts.

use altus4_kernel::{AccountId, Plan, Role, Timestamp, trimmed_name};

use crate::Email;

/// A person's name: 1–100 characters, trimmed, without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountName(String);

impl AccountName {
    /// The name in `text`; `None` when it is empty, too long or has control characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        trimmed_name(text, 1..=100).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An account: the tenant that keys, connections and everything else belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its address, unique among accounts.
    pub email: Email,
    /// The name of the person behind it.
    pub name: AccountName,
    /// What it is to the installation.
    pub role: Role,
    /// What it may use.
    pub plan: Plan,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When a session of it was last begun or refreshed.
    pub last_active: Timestamp,
}

/// An account about to be stored.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// What it will be.
    pub account: Account,
    /// The hash of its password.
    pub password: crate::PasswordHash,
}
