//! A key that manages keys makes none that is more than itself, nor gets hold of one.
//!
//! Every part counts by itself, and a key is judged as a whole: giving a stronger key one thing more
//! would make it more than either was, and who changes it may know its secret. Tiers are compared as
//! they are stored, since the plan that caps both may grow.

use altus4_kernel::{PermissionSet, Plan, Timestamp};

use crate::{ApiKey, ApiKeyError, KeyLimits, ResetPeriod};

/// In which part one key is more than another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excess {
    Permissions { own: PermissionSet, wanted: PermissionSet },
    Tier { own: Plan, wanted: Plan },
    End,
    Networks,
    Limits,
}

/// Which parts a caller asked for itself: a fault in these is told as a fault of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Asked {
    pub(crate) end: bool,
    pub(crate) networks: bool,
}

impl Excess {
    pub(crate) fn refusal(self, asked: Asked) -> ApiKeyError {
        match self {
            Self::Permissions { own, wanted } => ApiKeyError::BeyondOwnPermissions { own, wanted },
            Self::Tier { own, wanted } => ApiKeyError::BeyondOwnTier { own, wanted },
            Self::End if asked.end => ApiKeyError::BeyondOwnEnd,
            Self::Networks if asked.networks => ApiKeyError::BeyondOwnNetworks,
            Self::End | Self::Networks | Self::Limits => ApiKeyError::StrongerKey,
        }
    }
}

/// Where `key` is more than `own`, the gravest first; `None`: nowhere.
pub(crate) fn excess(own: &ApiKey, key: &ApiKey) -> Option<Excess> {
    if !own.permissions.covers(key.permissions) {
        Some(Excess::Permissions { own: own.permissions, wanted: key.permissions })
    } else if key.tier > own.tier {
        Some(Excess::Tier { own: own.tier, wanted: key.tier })
    } else if ends_later(key.expires_at, own.expires_at) {
        Some(Excess::End)
    } else if !own.allowed_ips.cover(&key.allowed_ips) {
        Some(Excess::Networks)
    } else if !limits_within(key.limits, own.limits) {
        Some(Excess::Limits)
    } else {
        None
    }
}

/// Gives a new key what its maker has and nobody asked for: its end, its networks, its limits.
pub(crate) fn inherit(own: &ApiKey, key: &mut ApiKey) {
    key.expires_at = key.expires_at.or(own.expires_at);
    if key.allowed_ips.is_empty() {
        key.allowed_ips = own.allowed_ips.clone();
    }
    key.limits = key.limits.or(own.limits);
}

fn ends_later(end: Option<Timestamp>, own: Option<Timestamp>) -> bool {
    match (end, own) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(end), Some(own)) => end > own,
    }
}

fn limits_within(limits: Option<KeyLimits>, own: Option<KeyLimits>) -> bool {
    let Some(own) = own.filter(|own| own.enabled) else { return true };
    let limits = limits.filter(|limits| limits.enabled);
    // A day lies within one week and one month; a week may touch two months, and begin with the
    // rest of one and the whole of the other.
    let comparable = |limits: &KeyLimits| limits.period == own.period || own.period == ResetPeriod::Daily;
    let at_most =
        |most: Option<u64>, own: Option<u64>| own.is_none_or(|own| most.is_some_and(|most| most <= own));
    match limits.filter(comparable) {
        Some(limits) => {
            at_most(limits.requests, own.requests) && at_most(limits.budget_microcents, own.budget_microcents)
        }
        None => own.requests.is_none() && own.budget_microcents.is_none(),
    }
}

#[cfg(test)]
mod tests;
