//! Accounts as administrators see them: also those that were deactivated.

use altus4_kernel::{AccountId, AuditEvent, Page, PageRequest, Plan, PortResult, Role, Timestamp};
use async_trait::async_trait;

use crate::Account;

/// An account, active or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAccount {
    /// The account.
    pub account: Account,
    /// When it was deactivated, if it is.
    pub deactivated_at: Option<Timestamp>,
}

impl ListedAccount {
    /// Whether it may be used.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.deactivated_at.is_none()
    }
}

/// Which accounts are wanted: those to which all of this applies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountFilter {
    /// Part of the address or of the name, as it stands: no character is special. ASCII letters
    /// match in either case.
    pub search: Option<String>,
    /// The role.
    pub role: Option<Role>,
    /// The plan.
    pub plan: Option<Plan>,
}

/// What an administrator wants of an account; `None` leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AccountChange {
    /// Its role.
    pub role: Option<Role>,
    /// Its plan.
    pub plan: Option<Plan>,
    /// Whether it may be used.
    pub is_active: Option<bool>,
}

/// Finds and changes accounts for administrators.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AccountDirectory: Send + Sync {
    /// Accounts, the newest first.
    async fn list(&self, filter: &AccountFilter, page: PageRequest) -> PortResult<Page<ListedAccount>>;

    /// The account with this id.
    async fn get(&self, id: AccountId) -> PortResult<Option<ListedAccount>>;

    /// Changes an account and keeps `events`, all of it in one transaction. The account as it is
    /// then, or `None` when there is none.
    ///
    /// - Deactivating does what [`UserRepository::deactivate`](crate::UserRepository::deactivate)
    ///   does.
    /// - Reactivating gives the address back; its sessions stay ended, its keys revoked and its
    ///   connections forgotten.
    ///
    /// Errors: `Conflict` on `account.last_admin` when no active account of the role `admin` would be
    /// left that was there before; MUST hold also when calls come at once. `Conflict` on
    /// `account.email` when a reactivated account's address belongs to another by now.
    async fn change(
        &self,
        id: AccountId,
        change: &AccountChange,
        now: Timestamp,
        events: &[AuditEvent],
    ) -> PortResult<Option<ListedAccount>>;
}
