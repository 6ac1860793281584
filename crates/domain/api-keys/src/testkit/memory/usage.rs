//! Usage, counted anew for every question.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::{AccountId, ApiKeyId, Page, PageRequest, Plan, PortResult, Role, Timestamp};
use async_trait::async_trait;

use super::InMemoryApiKeys;
use crate::{
    ApiKeyRepository, EndpointUsage, ErrorUsage, RequestFilter, TierUsage, UsageEvent, UsagePoint,
    UsageRange, UsageScope, UsageStore, UsageTotals, Used, hour_of, hours_of, testkit::UsageSubject,
};

/// Keeps every event, and sums up what is asked for. Clones share the events.
#[derive(Debug, Clone, Default)]
pub struct InMemoryUsage {
    keys: InMemoryApiKeys,
    events: Arc<Mutex<Events>>,
}

#[derive(Debug, Default)]
struct Events {
    /// What there are single requests of.
    requests: Vec<UsageEvent>,
    /// What there are sums of.
    summed: Vec<UsageEvent>,
}

impl InMemoryUsage {
    /// The usage of these keys.
    #[must_use]
    pub fn of_keys(keys: InMemoryApiKeys) -> Self {
        Self { keys, ..Self::default() }
    }

    /// Keeps these events as [`UsageStore::append`] does, without looking for any that is there already:
    /// for very many.
    pub fn extend(&self, events: &[UsageEvent]) {
        for event in events.iter().filter(|event| self.account_of(event.key).is_some()) {
            self.keep(&mut self.events(), event);
        }
    }

    fn keep(&self, kept: &mut Events, event: &UsageEvent) {
        kept.requests.push(event.clone());
        kept.summed.push(event.clone());
        self.keys.amend(event.key, |key| {
            key.usage_count += 1;
            if key.last_used.is_none_or(|last| last <= event.at) {
                key.last_used = Some(event.at);
                key.last_used_ip.clone_from(&event.ip);
            }
        });
    }

    fn events(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn account_of(&self, key: ApiKeyId) -> Option<AccountId> {
        let mut account = None;
        self.keys.amend(key, |key| account = Some(key.account_id));
        account
    }

    /// What comes of the events in a range that there are sums of.
    fn summed<T>(
        &self,
        scope: UsageScope,
        range: UsageRange,
        sum_up: impl FnOnce(&mut dyn Iterator<Item = &UsageEvent>) -> T,
    ) -> T {
        let hours = hours_of(range);
        let is_meant = |event: &&UsageEvent| {
            hours.contains(&hour_of(event.at))
                && match scope {
                    UsageScope::Key(key) => event.key == key,
                    UsageScope::Account(account) => self.account_of(event.key) == Some(account),
                }
        };
        sum_up(&mut self.events().summed.iter().filter(is_meant))
    }

    /// The sums of a range for each of what `by` says.
    fn sums_by<K: Ord>(
        &self,
        scope: UsageScope,
        range: UsageRange,
        by: impl Fn(&UsageEvent) -> K,
    ) -> BTreeMap<K, UsageTotals> {
        self.summed(scope, range, |events| {
            let mut sums = BTreeMap::new();
            events.for_each(|event| add(sums.entry(by(event)).or_default(), event));
            sums
        })
    }
}

fn add(totals: &mut UsageTotals, event: &UsageEvent) {
    totals.requests += 1;
    totals.failed += u64::from(event.failed());
    totals.response_time_us += event.response_time_us;
    totals.spent_microcents += event.spent_microcents;
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

#[async_trait]
impl UsageStore for InMemoryUsage {
    async fn append(&self, events: &[UsageEvent]) -> PortResult<()> {
        for event in events {
            let mut kept = self.events();
            if self.account_of(event.key).is_none() || kept.summed.iter().any(|known| known.id == event.id) {
                continue;
            }
            self.keep(&mut kept, event);
        }
        Ok(())
    }

    async fn used_since(&self, key: ApiKeyId, since: Timestamp) -> PortResult<Used> {
        let kept = self.events();
        let meant = kept.summed.iter().filter(|event| event.key == key && event.at >= since);
        let add = |used: Used, event: &UsageEvent| Used {
            requests: used.requests + u64::from(event.counted),
            spent_microcents: used.spent_microcents + event.spent_microcents,
        };
        Ok(meant.fold(Used::default(), add))
    }

    async fn totals(&self, scope: UsageScope, range: UsageRange) -> PortResult<UsageTotals> {
        let mut totals = UsageTotals::default();
        let mut times: Vec<_> = self.summed(scope, range, |events| {
            events.inspect(|event| add(&mut totals, event)).map(|event| event.response_time_us).collect()
        });
        times.sort_unstable();
        totals.p95_us = times.get(times.len().saturating_sub(1) * 95 / 100).copied().unwrap_or_default();
        Ok(totals)
    }

    async fn endpoints(
        &self,
        scope: UsageScope,
        range: UsageRange,
        limit: u32,
    ) -> PortResult<Vec<EndpointUsage>> {
        let sums = self.sums_by(scope, range, |event| event.endpoint.clone());
        let each = sums.into_iter().map(|(endpoint, totals)| EndpointUsage { endpoint, totals });
        let mut endpoints: Vec<_> = each.collect();
        endpoints.sort_by_key(|usage| std::cmp::Reverse(usage.totals.requests));
        endpoints.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(endpoints)
    }

    async fn tiers(&self, scope: UsageScope, range: UsageRange) -> PortResult<Vec<TierUsage>> {
        let sums = self.sums_by(scope, range, |event| event.tier);
        Ok(sums.into_iter().map(|(tier, totals)| TierUsage { tier, totals }).collect())
    }

    async fn errors(&self, scope: UsageScope, range: UsageRange) -> PortResult<Vec<ErrorUsage>> {
        let mut kinds: BTreeMap<(String, u16), Vec<(Timestamp, String)>> = BTreeMap::new();
        self.summed(scope, range, |events| {
            for event in events.filter(|event| event.failed()) {
                let code = event.error_code.as_deref().unwrap_or(UsageEvent::UNKNOWN_FAILURE).to_owned();
                let seen = (event.at, event.request_id.clone());
                kinds.entry((code, event.status)).or_default().push(seen);
            }
        });
        let each = kinds.into_iter().filter_map(|((code, status), seen)| {
            let count = count(seen.len());
            let (last_seen, sample_request_id) = seen.into_iter().max()?;
            Some(ErrorUsage { code, status, count, last_seen, sample_request_id })
        });
        let mut errors: Vec<_> = each.collect();
        errors.sort_by_key(|error| std::cmp::Reverse(error.count));
        Ok(errors)
    }

    async fn hours(&self, scope: UsageScope, range: UsageRange) -> PortResult<Vec<UsagePoint>> {
        let sums = self.sums_by(scope, range, |event| hour_of(event.at));
        let point = |(hour, totals): (i64, UsageTotals)| {
            Timestamp::from_unix_seconds(hour * 3_600).map(|start| UsagePoint { start, totals })
        };
        Ok(sums.into_iter().filter_map(point).collect())
    }

    async fn requests(
        &self,
        key: ApiKeyId,
        range: UsageRange,
        filter: &RequestFilter,
        page: PageRequest,
    ) -> PortResult<Page<UsageEvent>> {
        let hours = hours_of(range);
        let is_meant = |event: &&UsageEvent| {
            event.key == key
                && hours.contains(&hour_of(event.at))
                && filter.failed.is_none_or(|failed| event.failed() == failed)
                && filter.tier.is_none_or(|tier| event.tier == tier)
                && filter.endpoint.as_ref().is_none_or(|endpoint| event.endpoint == *endpoint)
        };
        let kept = self.events();
        let mut found: Vec<_> = kept.requests.iter().filter(is_meant).collect();
        found.sort_by_key(|event| std::cmp::Reverse((event.at, event.id)));
        let total = count(found.len());
        let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
        Ok(Page { items: found.into_iter().skip(skipped).take(limit).cloned().collect(), total })
    }

    async fn purge(&self, requests_before: Timestamp, sums_before: Timestamp) -> PortResult<u64> {
        let requests_before = hour_of(requests_before);
        let sums_before = hour_of(sums_before).min(requests_before).div_euclid(24) * 24;
        let mut kept = self.events();
        let there = kept.requests.len() + kept.summed.len();
        kept.requests.retain(|event| hour_of(event.at) >= requests_before);
        kept.summed.retain(|event| hour_of(event.at) >= sums_before);
        Ok(count(there - kept.requests.len() - kept.summed.len()))
    }
}

#[async_trait]
impl UsageSubject for InMemoryUsage {
    fn usage(&self) -> &dyn UsageStore {
        self
    }

    fn keys(&self) -> &dyn ApiKeyRepository {
        &self.keys
    }

    async fn add_account(&self, id: AccountId) {
        self.keys.add_account(id, Role::User, Plan::Enterprise);
    }
}
