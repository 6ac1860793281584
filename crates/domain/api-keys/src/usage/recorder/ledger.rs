//! A store of usage for the tests of those who write to it.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use altus4_kernel::{
    ApiKeyId, Clock, Page, PageRequest, Plan, PortError, PortErrorKind, PortResult, System, Timestamp,
    testkit::FixedClock, uuid::Uuid,
};
use async_trait::async_trait;

use crate::{
    EndpointUsage, ErrorUsage, RequestFilter, TierUsage, UsageEvent, UsagePoint, UsageRange, UsageScope,
    UsageStore, UsageTotals, Used,
};

/// Keeps events in the order of their arrival, each once, and answers what quotas ask; it has no
/// views.
#[derive(Default)]
pub(crate) struct Ledger {
    events: Mutex<Vec<UsageEvent>>,
    batches: Mutex<Vec<usize>>,
    reads: AtomicUsize,
    gone: AtomicBool,
    /// Held by a test that wants writing to take a while.
    pub(crate) gate: futures::lock::Mutex<()>,
}

impl Ledger {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn set_gone(&self, gone: bool) {
        self.gone.store(gone, Ordering::Relaxed);
    }

    /// The ids of all events, in the order they were written.
    pub(crate) fn ids(&self) -> Vec<u128> {
        self.events().iter().map(|event| event.id.as_u128()).collect()
    }

    /// How many events each write had.
    pub(crate) fn batches(&self) -> Vec<usize> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often it was asked what was used.
    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    fn events(&self) -> MutexGuard<'_, Vec<UsageEvent>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self) -> PortResult<()> {
        if self.gone.load(Ordering::Relaxed) { Err(fault(PortErrorKind::Unavailable)) } else { Ok(()) }
    }
}

/// A request of the key 1 that was let through when [`FixedClock`] begins.
pub(crate) fn event(id: u128) -> UsageEvent {
    UsageEvent {
        id: Uuid::from_u128(id),
        request_id: id.to_string(),
        key: ApiKeyId::from_uuid(Uuid::from_u128(1)),
        at: FixedClock::default().now(),
        method: "GET".to_owned(),
        endpoint: "/api/v1/search".to_owned(),
        status: 200,
        error_code: None,
        response_time_us: 1_500,
        tier: Plan::Free,
        ip: None,
        spent_microcents: 7,
        counted: true,
    }
}

fn fault(kind: PortErrorKind) -> PortError {
    PortError::new(kind, System::Store, "usage.ledger")
}

fn no_view<T>() -> PortResult<T> {
    Err(fault(PortErrorKind::Unexpected))
}

#[async_trait]
impl UsageStore for Ledger {
    async fn append(&self, events: &[UsageEvent]) -> PortResult<()> {
        drop(self.gate.lock().await);
        self.check()?;
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).push(events.len());
        let mut kept = self.events();
        for event in events {
            if kept.iter().all(|known| known.id != event.id) {
                kept.push(event.clone());
            }
        }
        Ok(())
    }

    async fn used_since(&self, key: ApiKeyId, since: Timestamp) -> PortResult<Used> {
        self.check()?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        let events = self.events();
        let mut used = Used::default();
        for event in events.iter().filter(|event| event.key == key && event.at >= since) {
            used.requests += u64::from(event.counted);
            used.spent_microcents += event.spent_microcents;
        }
        Ok(used)
    }

    async fn totals(&self, _: UsageScope, _: UsageRange) -> PortResult<UsageTotals> {
        no_view()
    }

    async fn endpoints(&self, _: UsageScope, _: UsageRange, _: u32) -> PortResult<Vec<EndpointUsage>> {
        no_view()
    }

    async fn tiers(&self, _: UsageScope, _: UsageRange) -> PortResult<Vec<TierUsage>> {
        no_view()
    }

    async fn errors(&self, _: UsageScope, _: UsageRange) -> PortResult<Vec<ErrorUsage>> {
        no_view()
    }

    async fn hours(&self, _: UsageScope, _: UsageRange) -> PortResult<Vec<UsagePoint>> {
        no_view()
    }

    async fn requests(
        &self,
        _: ApiKeyId,
        _: UsageRange,
        _: &RequestFilter,
        _: PageRequest,
    ) -> PortResult<Page<UsageEvent>> {
        no_view()
    }

    async fn purge(&self, _: Timestamp, _: Timestamp) -> PortResult<u64> {
        no_view()
    }
}
