//! Who is calling, and what that caller may do.

use std::{fmt, marker::PhantomData, str::FromStr};

use crate::{AccountId, Actor, ApiKeyId, Plan, SessionId, UnknownName};

/// Something a caller may be allowed to do. A bit each, so that a set is a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Search, suggestions, history.
    Search,
    /// Analyse, trends, everything under `/analytics`.
    Analytics,
    /// List and read connections, schema, status.
    DatabaseRead,
    /// Add, change, test, remove connections, create indexes.
    DatabaseWrite,
    /// Read through the generated entity endpoints.
    Read,
    /// Write through the generated entity endpoints.
    Write,
    /// Delete through the generated entity endpoints.
    Delete,
    /// Keys, account data and everything above, for this account.
    Admin,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 8] = [
        Self::Search,
        Self::Analytics,
        Self::DatabaseRead,
        Self::DatabaseWrite,
        Self::Read,
        Self::Write,
        Self::Delete,
        Self::Admin,
    ];

    /// The name in requests, answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Analytics => "analytics",
            Self::DatabaseRead => "database:read",
            Self::DatabaseWrite => "database:write",
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Permission {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == text).ok_or(UnknownName)
    }
}

/// A set of permissions. `admin` includes all others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PermissionSet(u8);

impl PermissionSet {
    /// Every permission: what a session has.
    pub const ALL: Self = Self(u8::MAX);

    /// The set of these.
    #[must_use]
    pub fn of(permissions: &[Permission]) -> Self {
        permissions.iter().copied().collect()
    }

    /// Whether the set allows this, by itself or through `admin`.
    #[must_use]
    pub fn allows(self, permission: Permission) -> bool {
        self.0 & (permission.bit() | Permission::Admin.bit()) != 0
    }

    /// Whether everything that `other` allows is allowed here too.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        other.iter().all(|permission| self.allows(permission))
    }

    /// The members, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.0 & permission.bit() != 0)
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |set, permission| set | permission.bit()))
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// What an account is to the whole installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// An account like any other.
    User,
    /// One that may use the system-wide routes.
    Admin,
}

impl Role {
    /// The name in answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        [Self::User, Self::Admin].into_iter().find(|role| role.as_str() == text).ok_or(UnknownName)
    }
}

/// How the caller showed who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A session's access token.
    Session {
        /// The session.
        id: SessionId,
    },
    /// An API key.
    ApiKey {
        /// The key.
        id: ApiKeyId,
    },
}

/// An authenticated caller: an account plus a set of permissions, whatever the credential was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// The account that everything is done for.
    pub account_id: AccountId,
    /// The account's role.
    pub role: Role,
    /// What its traffic is measured by: the account's plan, or a key's tier, which is never above
    /// that.
    pub tier: Plan,
    /// What the credential allows.
    pub permissions: PermissionSet,
    /// What the caller showed.
    pub credential: Credential,
}

impl Principal {
    /// The permission as a value that services ask for.
    ///
    /// # Errors
    /// [`Forbidden`] when the credential doesn't include it.
    pub fn require<G: Grant>(&self) -> Result<Granted<G>, Forbidden> {
        if self.permissions.allows(G::PERMISSION) {
            Ok(Granted { account_id: self.account_id, actor: self.actor(), grant: PhantomData })
        } else {
            Err(Forbidden { required: G::PERMISSION, current: self.permissions })
        }
    }

    /// The proof that the caller administers the whole installation: an account of the role `admin`,
    /// by its session or by a key with the permission `admin`.
    ///
    /// # Errors
    /// [`NotSystemAdmin`] when the role or the permission is missing.
    pub fn require_system_admin(&self) -> Result<SystemAdmin, NotSystemAdmin> {
        if self.role == Role::Admin && self.permissions.allows(Permission::Admin) {
            Ok(SystemAdmin { actor: self.actor() })
        } else {
            Err(NotSystemAdmin { role: self.role, current: self.permissions })
        }
    }

    /// Who does what this caller does, for the audit log.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self.credential {
            Credential::Session { .. } => Actor::Account(self.account_id),
            Credential::ApiKey { id } => Actor::ApiKey { account: self.account_id, key: id },
        }
    }
}

/// The caller lacks a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the credential does not include the permission '{required}'")]
pub struct Forbidden {
    /// What was asked for.
    pub required: Permission,
    /// What the caller has.
    pub current: PermissionSet,
}

/// The caller doesn't administer the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this takes an account of the role 'admin', and with a key the permission 'admin'")]
pub struct NotSystemAdmin {
    /// The role of the caller's account.
    pub role: Role,
    /// What the caller's credential allows.
    pub current: PermissionSet,
}

/// The proof that a caller administers the whole installation. It comes out of
/// [`Principal::require_system_admin`]; beside it there is only the operator.
#[derive(Debug, Clone, Copy)]
pub struct SystemAdmin {
    actor: Actor,
}

impl SystemAdmin {
    /// Whoever runs this program's command line: they own the store and its secrets anyway. Never
    /// for what comes over a network.
    #[must_use]
    pub fn operator() -> Self {
        Self { actor: Actor::Operator }
    }

    /// Who it is, for the audit log.
    #[must_use]
    pub fn actor(self) -> Actor {
        self.actor
    }
}

/// A permission as a type; see [`grants`].
pub trait Grant: Send + Sync + 'static {
    /// The permission that has to be there.
    const PERMISSION: Permission;
}

/// One type for each permission that services ask for.
pub mod grants {
    use super::{Grant, Permission};

    macro_rules! grants {
        ($($(#[$doc:meta])* $name:ident;)*) => {$(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub enum $name {}

            impl Grant for $name {
                const PERMISSION: Permission = Permission::$name;
            }
        )*};
    }

    grants! {
        /// May search.
        Search;
        /// May see analyses and analytics.
        Analytics;
        /// May read connections.
        DatabaseRead;
        /// May change connections.
        DatabaseWrite;
        /// May read entities.
        Read;
        /// May write entities, and have texts made.
        Write;
        /// May delete entities.
        Delete;
        /// May manage keys and account data.
        Admin;
    }
}

/// The proof that an account's caller may do `G`. Only [`Principal::require`] makes one, so a
/// service that asks for it can't be called where the check was forgotten.
pub struct Granted<G: Grant> {
    account_id: AccountId,
    actor: Actor,
    grant: PhantomData<fn() -> G>,
}

impl<G: Grant> Granted<G> {
    /// The account it was granted for: the only one a service may touch.
    #[must_use]
    pub fn account_id(self) -> AccountId {
        self.account_id
    }

    /// Who it was granted to, for the audit log.
    #[must_use]
    pub fn actor(self) -> Actor {
        self.actor
    }
}

impl<G: Grant> Clone for Granted<G> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<G: Grant> Copy for Granted<G> {}

impl<G: Grant> fmt::Debug for Granted<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Granted({} for {})", G::PERMISSION, self.account_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admin_includes_every_other_permission() {
        let admin = PermissionSet::of(&[Permission::Admin]);
        assert!(Permission::ALL.into_iter().all(|permission| admin.allows(permission)));
        assert!(admin.covers(PermissionSet::ALL));
    }

    #[test]
    fn a_set_without_admin_covers_only_its_own() {
        let set = PermissionSet::of(&[Permission::Search, Permission::Read]);
        assert!(set.covers(PermissionSet::of(&[Permission::Read])));
        assert!(!set.covers(PermissionSet::of(&[Permission::Write])));
        assert!(!set.covers(PermissionSet::of(&[Permission::Admin])));
    }

    #[test]
    fn the_installation_is_administered_with_the_role_and_the_permission() {
        let account_id = AccountId::from_uuid(uuid::Uuid::from_u128(1));
        let id = ApiKeyId::from_uuid(uuid::Uuid::from_u128(2));
        let caller = |role, permissions| Principal {
            account_id,
            role,
            tier: Plan::Free,
            permissions: PermissionSet::of(permissions),
            credential: Credential::ApiKey { id },
        };
        let allowed = |role, permissions| caller(role, permissions).require_system_admin().is_ok();
        assert!(allowed(Role::Admin, &[Permission::Admin]));
        assert!(!allowed(Role::Admin, &[Permission::Search, Permission::DatabaseWrite]));
        assert!(!allowed(Role::User, &[Permission::Admin]));
        let admin = caller(Role::Admin, &[Permission::Admin]).require_system_admin().expect("an admin");
        assert_eq!(admin.actor(), Actor::ApiKey { account: account_id, key: id });
    }

    #[test]
    fn names_and_permissions_match_one_to_one() {
        for permission in Permission::ALL {
            assert_eq!(permission.as_str().parse(), Ok(permission));
        }
        assert_eq!("root".parse::<Permission>(), Err(UnknownName));
    }
}
