//! What each tier allows.

use std::time::Duration;

use altus4_kernel::Plan;

/// How much a caller of some tier may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TierLimits {
    /// Requests within any hour.
    pub requests_per_hour: u32,
    /// Requests within any ten seconds, while the node is busy.
    pub burst: u32,
    /// Requests at the same time, while the node is busy.
    pub concurrent: u32,
    /// Calls of AI within any hour.
    pub ai_calls_per_hour: u32,
    /// How long nothing more is let through, once the requests of an hour are used up.
    pub block: Duration,
}

/// The limits of every tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tiers {
    /// The smallest tier.
    pub free: TierLimits,
    /// The middle one.
    pub pro: TierLimits,
    /// The largest one.
    pub enterprise: TierLimits,
}

impl Tiers {
    /// The limits of this tier.
    #[must_use]
    pub fn of(&self, tier: Plan) -> TierLimits {
        match tier {
            Plan::Free => self.free,
            Plan::Pro => self.pro,
            Plan::Enterprise => self.enterprise,
        }
    }
}

/// The published table.
impl Default for Tiers {
    fn default() -> Self {
        let tier = |requests_per_hour, burst, concurrent, ai_calls_per_hour, block_minutes| TierLimits {
            requests_per_hour,
            burst,
            concurrent,
            ai_calls_per_hour,
            block: Duration::from_mins(block_minutes),
        };
        Self {
            free: tier(1_000, 50, 3, 100, 5),
            pro: tier(10_000, 200, 10, 2_000, 5),
            enterprise: tier(100_000, 500, 50, 20_000, 1),
        }
    }
}
