//! What a caller wants of a key: a new one, other settings, a new secret.

use std::time::Duration;

use altus4_kernel::{Environment, Permission, PermissionSet, Plan, Timestamp};

use crate::{AllowedIps, ApiKey, KeyName, KeyStatus};

/// A key to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Its name.
    pub name: KeyName,
    /// Live or test.
    pub environment: Environment,
    /// What it may do.
    pub permissions: PermissionSet,
    /// Its tier.
    pub tier: Plan,
    /// When it stops working by itself. In the future.
    pub expires_at: Option<Timestamp>,
    /// Whether its secret can be shown again.
    pub recoverable: bool,
    /// From where it may be used.
    pub allowed_ips: AllowedIps,
}

impl NewKey {
    /// A free test key of this name that may search.
    #[must_use]
    pub fn named(name: KeyName) -> Self {
        Self {
            name,
            environment: Environment::Test,
            permissions: PermissionSet::of(&[Permission::Search]),
            tier: Plan::Free,
            expires_at: None,
            recoverable: false,
            allowed_ips: AllowedIps::default(),
        }
    }
}

/// What shall be different about a key; `None` leaves things as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyChange {
    /// Another name.
    pub name: Option<KeyName>,
    /// Other permissions.
    pub permissions: Option<PermissionSet>,
    /// Another tier.
    pub tier: Option<Plan>,
    /// Another end, or (`Some(None)`) none at all.
    pub expires_at: Option<Option<Timestamp>>,
    /// Other networks.
    pub allowed_ips: Option<AllowedIps>,
}

impl KeyChange {
    /// Whether nothing shall be different.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether nothing but the name shall be different.
    #[must_use]
    pub fn is_rename(&self) -> bool {
        *self == Self { name: self.name.clone(), ..Self::default() }
    }

    /// The key as it is after the change.
    #[must_use]
    pub fn applied_to(&self, key: &ApiKey) -> ApiKey {
        ApiKey {
            name: self.name.clone().unwrap_or_else(|| key.name.clone()),
            permissions: self.permissions.unwrap_or(key.permissions),
            tier: self.tier.unwrap_or(key.tier),
            expires_at: self.expires_at.unwrap_or(key.expires_at),
            allowed_ips: self.allowed_ips.clone().unwrap_or_else(|| key.allowed_ips.clone()),
            ..key.clone()
        }
    }
}

/// How long a replaced secret goes on working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GracePeriod(Duration);

impl GracePeriod {
    /// The longest: 7 days.
    pub const MAX: Duration = Duration::from_hours(7 * 24);

    /// So many seconds; `None` when that is too long.
    #[must_use]
    pub fn from_secs(seconds: u64) -> Option<Self> {
        let period = Duration::from_secs(seconds);
        (period <= Self::MAX).then_some(Self(period))
    }

    /// How long.
    #[must_use]
    pub fn duration(self) -> Duration {
        self.0
    }
}

/// Which keys are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyFilter {
    /// Those of this status.
    pub status: Option<KeyStatus>,
    /// Those of this environment.
    pub environment: Option<Environment>,
}
