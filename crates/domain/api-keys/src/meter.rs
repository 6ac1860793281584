//! Measures callers: the requests and the calls of AI of an hour by their tier, and a key's own quota and
//! budget.

mod spending;

use std::{
    collections::HashSet,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use altus4_kernel::{
    ApiKeyId, Change, ChangeSubscriber, Clock, Credential, Plan, PortError, PortErrorKind, PortResult,
    Principal, System, Timestamp,
};

pub use self::spending::{AiAdmission, BudgetExceeded};
use crate::{
    Ceiling, KeyLimits, Period, QuotaCounter, QuotaKey, RateDecision, RateLimiter, RatePolicy, RateStatus,
    Subject, Taking, Tiers, UsageRecorder, UsageStore, Used,
};

/// How often a counter may say that it knows nothing of a key that was just raised. It does when it
/// is lost and found again at that moment.
const ATTEMPTS: usize = 4;
/// Keys that share a turn at raising.
const TURNS: usize = 16;
/// Of how many keys it is remembered that they were raised.
const MOST_RAISED: usize = 100_000;

/// What came of a request's measuring. Each case tells how things are with the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is let through.
    Admitted {
        /// The rate, this request included.
        rate: RateStatus,
    },
    /// Too many requests in an hour.
    RateExceeded {
        /// The rate, and until when nothing is let through.
        rate: RateStatus,
    },
    /// The key's own quota is used up. The request counts for the rate nevertheless.
    QuotaExceeded {
        /// The rate, this request included.
        rate: RateStatus,
        /// How many requests were let through in the period.
        used: u64,
        /// How many there may be.
        limit: u64,
        /// When the next period begins.
        resets_at: Timestamp,
    },
}

impl Admission {
    /// How things are with the rate.
    #[must_use]
    pub fn rate(&self) -> RateStatus {
        match self {
            Self::Admitted { rate } | Self::RateExceeded { rate } | Self::QuotaExceeded { rate, .. } => *rate,
        }
    }
}

/// What a [`Meter`] counts with.
pub struct MeterPorts {
    /// Counts the requests of an hour.
    pub limiter: Arc<dyn RateLimiter>,
    /// Counts what is used of keys' own limits.
    pub quotas: Arc<dyn QuotaCounter>,
    /// Knows what was used before the counter began.
    pub usage: Arc<dyn UsageStore>,
    /// Has what the store doesn't know yet.
    pub recorder: UsageRecorder,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Measures requests and spending. Clones share the counts.
///
/// It also has to hear of changes ([`ChangeSubscriber`]): a key whose limits were lifted for a while
/// wasn't counted meanwhile, and is raised from the store when it has limits again.
#[derive(Clone)]
pub struct Meter(Arc<Inner>);

struct Inner {
    ports: MeterPorts,
    tiers: Tiers,
    /// The keys whose counts hold all that the store knows.
    raised: RwLock<HashSet<ApiKeyId>>,
    /// How many changes were heard of: a key that was being raised at that time may lack something.
    changes: AtomicU64,
    turns: [futures::lock::Mutex<()>; TURNS],
}

impl Meter {
    /// A meter over these ports.
    #[must_use]
    pub fn new(ports: MeterPorts, tiers: Tiers) -> Self {
        Self(Arc::new(Inner {
            ports,
            tiers,
            raised: RwLock::default(),
            changes: AtomicU64::new(0),
            turns: std::array::from_fn(|_| futures::lock::Mutex::new(())),
        }))
    }

    /// Counts a request that is made now, if there is room for it: first by the caller's tier, then by
    /// the limits of its key.
    ///
    /// Errors: those of the ports; a request that can't be counted is not let through.
    pub async fn admit(&self, principal: &Principal, limits: Option<&KeyLimits>) -> PortResult<Admission> {
        let now = self.0.ports.clock.now();
        let subject = Subject::of(principal).to_string();
        let rate = match self.0.ports.limiter.take(&subject, self.policy(principal.tier), now).await? {
            RateDecision::Admitted(rate) => rate,
            RateDecision::Refused(rate) => return Ok(Admission::RateExceeded { rate }),
        };
        let Credential::ApiKey { id } = principal.credential else {
            return Ok(Admission::Admitted { rate });
        };
        let Some((limits, limit)) = in_force(limits).and_then(|limits| Some((limits, limits.requests?)))
        else {
            return Ok(Admission::Admitted { rate });
        };
        let key = QuotaKey { key: id, period: limits.period.at(now) };
        let one = Used { requests: 1, ..Used::default() };
        match self.take(key, one, Ceiling { requests: Some(limit), ..Ceiling::default() }).await? {
            Ok(_) => Ok(Admission::Admitted { rate }),
            Err(used) => {
                Ok(Admission::QuotaExceeded { rate, used: used.requests, limit, resets_at: key.period.end })
            }
        }
    }

    /// How things are with a caller's rate. Counts nothing.
    ///
    /// Errors: those of the ports.
    pub async fn rate_status(&self, principal: &Principal) -> PortResult<RateStatus> {
        self.peek(Subject::of(principal), principal.tier).await
    }

    /// How things are with the rate of a key of this tier. Counts nothing.
    ///
    /// Errors: those of the ports.
    pub async fn rate_status_of_key(&self, id: ApiKeyId, tier: Plan) -> PortResult<RateStatus> {
        self.peek(Subject::Key(id), tier).await
    }

    /// What a key used in the present period of its limits, whether or not they hold, and the period.
    ///
    /// Errors: those of the ports.
    pub async fn used(&self, id: ApiKeyId, limits: &KeyLimits) -> PortResult<(Used, Period)> {
        let key = QuotaKey { key: id, period: limits.period.at(self.0.ports.clock.now()) };
        // What no limit holds back isn't counted as it happens, so the store is asked each time.
        self.0.raised().remove(&id);
        let (Ok(used) | Err(used)) = self.take(key, Used::default(), Ceiling::default()).await?;
        Ok((used, key.period))
    }

    fn policy(&self, tier: Plan) -> RatePolicy {
        let limits = self.0.tiers.of(tier);
        RatePolicy { limit: limits.requests_per_hour, block: limits.block }
    }

    async fn peek(&self, subject: Subject, tier: Plan) -> PortResult<RateStatus> {
        let now = self.0.ports.clock.now();
        self.0.ports.limiter.peek(&subject.to_string(), self.policy(tier), now).await
    }

    /// The sums after an amount was taken, or as they are when it was refused.
    async fn take(&self, key: QuotaKey, amount: Used, ceiling: Ceiling) -> PortResult<Result<Used, Used>> {
        if !self.0.is_raised(key.key) {
            self.raise(key).await?;
        }
        for _ in 0..ATTEMPTS {
            match self.0.ports.quotas.take(key, amount, ceiling).await? {
                Taking::Taken(used) => return Ok(Ok(used)),
                Taking::Refused(used) => return Ok(Err(used)),
                Taking::Unknown => self.raise(key).await?,
            }
        }
        Err(PortError::new(PortErrorKind::Unavailable, System::Cache, "quotas.take"))
    }

    /// Brings a key's counts up to what was used before: what is recorded is written first, so that
    /// the store knows all of it.
    async fn raise(&self, key: QuotaKey) -> PortResult<()> {
        let Inner { ports, turns, .. } = &*self.0;
        let turn = usize::from(key.key.as_uuid().as_bytes()[15]) % TURNS;
        // Of many first requests at once, one asks the store.
        let _turn = turns[turn].lock().await;
        if self.0.is_raised(key.key) {
            let known = ports.quotas.take(key, Used::default(), Ceiling::default()).await?;
            if known != Taking::Unknown {
                return Ok(());
            }
        }
        let changes = self.0.changes.load(Ordering::Acquire);
        ports.recorder.flush().await?;
        let used = ports.usage.used_since(key.key, key.period.start).await?;
        ports.quotas.raise(key, used).await?;
        let mut raised = self.0.raised();
        if self.0.changes.load(Ordering::Acquire) == changes {
            if raised.len() >= MOST_RAISED {
                raised.clear();
            }
            raised.insert(key.key);
        }
        Ok(())
    }
}

impl ChangeSubscriber for Meter {
    fn on_change(&self, change: Change) {
        if let Change::ApiKey(id) = change {
            self.0.forget(|raised| {
                raised.remove(&id);
            });
        }
    }

    fn on_gap(&self) {
        self.0.forget(HashSet::clear);
    }
}

impl Inner {
    fn is_raised(&self, key: ApiKeyId) -> bool {
        self.raised.read().unwrap_or_else(PoisonError::into_inner).contains(&key)
    }

    fn raised(&self) -> std::sync::RwLockWriteGuard<'_, HashSet<ApiKeyId>> {
        self.raised.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, what: impl FnOnce(&mut HashSet<ApiKeyId>)) {
        let mut raised = self.raised();
        self.changes.fetch_add(1, Ordering::AcqRel);
        what(&mut raised);
    }
}

/// Limits that hold.
fn in_force(limits: Option<&KeyLimits>) -> Option<&KeyLimits> {
    limits.filter(|limits| limits.enabled)
}

#[cfg(test)]
mod tests;
