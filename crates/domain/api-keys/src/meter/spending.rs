//! Calls of AI: so many an hour by the caller's tier, and so much money by the budget of its key.

use std::time::Duration;

use altus4_kernel::{ApiKeyId, Credential, PortResult, Principal, Timestamp};

use super::{Meter, in_force};
use crate::{Ceiling, KeyLimits, QuotaKey, RateDecision, RatePolicy, RateStatus, Subject, Used};

/// What came of asking for a call of AI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AiAdmission {
    /// It may be made.
    Admitted,
    /// Too many in an hour.
    RateExceeded {
        /// How things are with the calls of AI.
        rate: RateStatus,
    },
    /// The key has no money left.
    BudgetExceeded(BudgetExceeded),
}

/// A key's budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the budget of the API key is used up")]
pub struct BudgetExceeded {
    /// What AI has cost in the period, in millionths of a cent. The last calls of a period may have taken
    /// it over the limit.
    pub used_microcents: u64,
    /// What it may cost.
    pub limit_microcents: u64,
    /// When the next period begins.
    pub resets_at: Timestamp,
}

impl Meter {
    /// Counts a call of AI that is made now, if there is room for it: there is money left in the budget
    /// of its key, and a call in the hour of its tier. One too many begins no block.
    ///
    /// What a call costs is known after it only. So a key that makes several at the same time may go over
    /// its budget by what those cost that were under way when it was used up.
    ///
    /// Errors: those of the ports; a call that can't be counted is not let through.
    pub async fn admit_ai_call(
        &self,
        principal: &Principal,
        limits: Option<&KeyLimits>,
    ) -> PortResult<AiAdmission> {
        if let Some((key, budget)) = self.budget(principal, limits) {
            let (Ok(used) | Err(used)) = self.take(key, Used::default(), Ceiling::default()).await?;
            if used.spent_microcents >= budget {
                return Ok(AiAdmission::BudgetExceeded(BudgetExceeded {
                    used_microcents: used.spent_microcents,
                    limit_microcents: budget,
                    resets_at: key.period.end,
                }));
            }
        }
        let subject = format!("ai:{}", Subject::of(principal));
        let limit = self.0.tiers.of(principal.tier).ai_calls_per_hour;
        let policy = RatePolicy { limit, block: Duration::ZERO };
        let ports = &self.0.ports;
        Ok(match ports.limiter.take(&subject, policy, ports.clock.now()).await? {
            RateDecision::Admitted(_) => AiAdmission::Admitted,
            RateDecision::Refused(rate) => AiAdmission::RateExceeded { rate },
        })
    }

    /// Counts money, in millionths of a cent, that was spent, whether or not the budget has room for it.
    /// Without a budget nothing is counted here: what is recorded of requests has it.
    ///
    /// Errors: those of the ports.
    pub async fn count_spending(
        &self,
        principal: &Principal,
        limits: Option<&KeyLimits>,
        microcents: u64,
    ) -> PortResult<()> {
        let Some((key, _)) = self.budget(principal, limits) else { return Ok(()) };
        let amount = Used { spent_microcents: microcents, ..Used::default() };
        self.take(key, amount, Ceiling::default()).await.map(drop)
    }

    /// The budget that holds for a caller, and what is counted against it.
    fn budget(&self, principal: &Principal, limits: Option<&KeyLimits>) -> Option<(QuotaKey, u64)> {
        let Credential::ApiKey { id } = principal.credential else { return None };
        let limits = in_force(limits)?;
        Some((self.quota_key(id, limits), limits.budget_microcents?))
    }

    fn quota_key(&self, id: ApiKeyId, limits: &KeyLimits) -> QuotaKey {
        QuotaKey { key: id, period: limits.period.at(self.0.ports.clock.now()) }
    }
}
