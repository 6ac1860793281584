//! What AI costs for a request, and who pays: its caller, at the configured prices.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use altus4_api_keys::{AiAdmission, AiPrices, KeyLimits, Meter, UsageEvent, UsageRecorder};
use altus4_kernel::{AiPayer, Clock, PortResult, Principal, TokenUsage};
use async_trait::async_trait;

use crate::error::{ApiError, limits};

/// The cost of one request of a key, and what is to be written down of it. That happens when nobody is
/// left who may add to the cost: a call that was begun for a request may end after its answer was sent,
/// or after its client went away.
pub(crate) struct Bill {
    recorder: UsageRecorder,
    spent_microcents: AtomicU64,
    event: Mutex<Option<UsageEvent>>,
}

impl Bill {
    /// Nothing was spent yet.
    pub(crate) fn new(recorder: UsageRecorder) -> Self {
        Self { recorder, spent_microcents: AtomicU64::new(0), event: Mutex::default() }
    }

    /// The request has ended as this says, but for what it cost.
    pub(crate) fn close(&self, event: UsageEvent) {
        *self.event.lock().unwrap_or_else(PoisonError::into_inner) = Some(event);
    }

    fn add(&self, microcents: u64) {
        let add = |spent: u64| Some(spent.saturating_add(microcents));
        // The closure never refuses.
        let _ = self.spent_microcents.fetch_update(Ordering::AcqRel, Ordering::Acquire, add);
    }
}

impl Drop for Bill {
    fn drop(&mut self) {
        let event = self.event.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(event) = event {
            let spent_microcents = *self.spent_microcents.get_mut();
            self.recorder.record(UsageEvent { spent_microcents, ..event });
        }
    }
}

/// Pays for the calls of one request. Whatever goes on after the request has ended keeps a clone.
pub(crate) struct RequestPayer {
    pub(crate) meter: Meter,
    pub(crate) prices: Arc<AiPrices>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) principal: Principal,
    /// Those of its key.
    pub(crate) limits: Option<KeyLimits>,
    /// A session has none: what accounts use is not written down.
    pub(crate) bill: Option<Arc<Bill>>,
}

impl RequestPayer {
    /// Takes one of the caller's calls, for a request that is nothing without it.
    ///
    /// Errors: `BUDGET_EXCEEDED`, `RATE_LIMIT_EXCEEDED`, or that it can't be counted.
    pub(crate) async fn require_call(&self) -> Result<(), ApiError> {
        let now = self.clock.now();
        match self.meter.admit_ai_call(&self.principal, self.limits.as_ref()).await? {
            AiAdmission::Admitted => Ok(()),
            AiAdmission::RateExceeded { rate } => {
                Err(limits::ai_rate_exceeded(self.principal.tier, &rate, now))
            }
            AiAdmission::BudgetExceeded(exceeded) => Err(limits::budget_exceeded(&exceeded)),
        }
    }

    /// [`AiPayer::charge`] for an answer that is given whether or not it could be counted: the money is
    /// spent, and the usage has it.
    pub(crate) async fn settle(&self, usage: &TokenUsage) {
        if let Err(error) = self.charge(usage).await {
            tracing::warn!(%error, "ai.spending_not_counted");
        }
    }
}

#[async_trait]
impl AiPayer for RequestPayer {
    async fn may_call(&self) -> PortResult<bool> {
        let admission = self.meter.admit_ai_call(&self.principal, self.limits.as_ref()).await?;
        Ok(admission == AiAdmission::Admitted)
    }

    async fn charge(&self, usage: &TokenUsage) -> PortResult<()> {
        let microcents = self.prices.cost(usage);
        if let Some(bill) = &self.bill {
            bill.add(microcents);
        }
        self.meter.count_spending(&self.principal, self.limits.as_ref(), microcents).await
    }
}
