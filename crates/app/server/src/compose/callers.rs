//! Whom keys speak for, what callers may do, and what was done with keys.

use std::sync::Arc;

use altus4_api_keys::{
    AnswerTimes, FairShare, KeyCheck, KeyDigester, Meter, MeterPorts, SafeRetries, Tiers, UsagePorts,
    UsageRecorder, UsageService,
};
use altus4_cache_memory::MemoryKeyCache;
use altus4_cache_redis::{ChangeListener, RedisCache, RedisChanges};
use altus4_kernel::{ChangeFeed, ChangeSubscriber, Clock, SecretCipher};
use altus4_store_sql::SqlStore;

use super::{counters::Counters, redis::Insistent};

/// The most requests of keys that wait to be written down.
const USAGE_CAPACITY: usize = 100_000;

/// What stands between callers and the rest.
pub(super) struct Callers {
    pub(super) key_check: KeyCheck,
    pub(super) meter: Meter,
    pub(super) share: FairShare,
    pub(super) recorder: UsageRecorder,
    pub(super) usage: UsageService,
    clock: Arc<dyn Clock>,
}

impl Callers {
    /// Measured by these tiers; the node is busy from so many requests on.
    pub(super) fn of(
        store: &SqlStore,
        digester: Arc<dyn KeyDigester>,
        counters: Counters,
        (tiers, busy_at): (Tiers, usize),
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let clock = Arc::clone(clock);
        let remembered = Arc::new(MemoryKeyCache::default());
        let recorder = UsageRecorder::new(store.usage(), USAGE_CAPACITY);
        let measures = MeterPorts {
            limiter: counters.rates,
            quotas: counters.quotas,
            usage: store.usage(),
            recorder: recorder.clone(),
            clock: Arc::clone(&clock),
        };
        let views = UsagePorts { keys: store.api_keys(), usage: store.usage(), clock: Arc::clone(&clock) };
        Self {
            key_check: KeyCheck::new(store.api_keys(), digester, remembered, Arc::clone(&clock)),
            meter: Meter::new(measures, tiers),
            share: FairShare::new(tiers, busy_at),
            usage: UsageService::new(views),
            recorder,
            clock,
        }
    }

    /// First answers, kept to be given again.
    pub(super) fn retries(
        &self,
        store: &SqlStore,
        digester: Arc<dyn KeyDigester>,
        cipher: Arc<dyn SecretCipher>,
    ) -> SafeRetries {
        SafeRetries::new(store.answers(), digester, cipher, Arc::clone(&self.clock), AnswerTimes::default())
    }

    /// Where changes are told. Whoever keeps copies hears of them: at once of those of this node, and
    /// through Redis of all.
    pub(super) fn changes(
        &self,
        redis: Option<&RedisCache>,
        others: Vec<Arc<dyn ChangeSubscriber>>,
    ) -> (ChangeFeed, Option<ChangeListener>) {
        let mut subscribers: Vec<Arc<dyn ChangeSubscriber>> =
            vec![Arc::new(self.key_check.clone()), Arc::new(self.meter.clone())];
        subscribers.extend(others);
        let Some(redis) = redis else { return (ChangeFeed::new(subscribers, None), None) };
        let listener = RedisChanges::sharing(redis).listen(subscribers.clone(), Arc::clone(&self.clock));
        (ChangeFeed::new(subscribers, Some(Arc::new(Insistent::over(redis)))), Some(listener))
    }
}
