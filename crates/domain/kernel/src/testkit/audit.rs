//! An audit log for tests, and what every audit log must do.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use uuid::Uuid;

use super::FixedClock;
use crate::{
    AccountId, Actor, AuditAction, AuditEvent, AuditFilter, AuditLog, Clock, Origin, Page, PageRequest,
    PortError, PortErrorKind, PortResult, System,
};

/// An audit log in memory. Clones share its events.
#[derive(Debug, Clone, Default)]
pub struct InMemoryAuditLog(Arc<Mutex<Vec<AuditEvent>>>);

impl InMemoryAuditLog {
    /// Keeps an event.
    ///
    /// # Errors
    /// `Conflict` when one of its id is there.
    pub fn record(&self, event: &AuditEvent) -> PortResult<()> {
        self.record_all(std::slice::from_ref(event))
    }

    /// Keeps all of these events or none.
    ///
    /// # Errors
    /// As [`InMemoryAuditLog::record`].
    pub fn record_all(&self, events: &[AuditEvent]) -> PortResult<()> {
        let mut kept = self.kept();
        if events.iter().any(|event| kept.iter().any(|known| known.id == event.id)) {
            return Err(PortError::new(PortErrorKind::Conflict, System::Store, "audit.append"));
        }
        kept.extend_from_slice(events);
        Ok(())
    }

    /// Every event, in the order in which they were kept.
    #[must_use]
    pub fn events(&self) -> Vec<AuditEvent> {
        self.kept().clone()
    }

    /// What was done, in the order in which it was kept.
    #[must_use]
    pub fn actions(&self) -> Vec<AuditAction> {
        self.kept().iter().map(|event| event.action).collect()
    }

    fn kept(&self) -> MutexGuard<'_, Vec<AuditEvent>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl AuditLog for InMemoryAuditLog {
    async fn append(&self, event: &AuditEvent) -> PortResult<()> {
        self.record(event)
    }

    async fn list(&self, filter: &AuditFilter, page: PageRequest) -> PortResult<Page<AuditEvent>> {
        let mut found = self.events();
        found.retain(|event| filter.account_id.is_none_or(|id| event.account_id == Some(id)));
        found.sort_by_key(|event| std::cmp::Reverse(event.id));
        let total = u64::try_from(found.len()).unwrap_or(u64::MAX);
        let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
        Ok(Page { items: found.into_iter().skip(skipped).take(limit).collect(), total })
    }
}

/// An account's login, when [`FixedClock`] begins. `number` makes its id.
#[must_use]
pub fn sample_event(number: u128, account_id: AccountId) -> AuditEvent {
    let at = FixedClock::default().now();
    let origin = Origin::new(&format!("request {number}"), Some("203.0.113.7"), Some("curl/8"));
    let actor = Actor::Account(account_id);
    AuditEvent::new(Uuid::from_u128(number), at, actor, AuditAction::SessionBegun, &origin)
}

/// The cases of the [`AuditLog`] contract.
#[expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]
pub mod audit_contract {
    use std::time::Duration;

    use super::sample_event;
    use crate::{
        AccountId, Actor, ApiKeyId, AuditAction, AuditEvent, AuditFilter, AuditLog, Origin, Page,
        PageRequest, PortErrorKind, uuid::Uuid,
    };

    fn account(number: u128) -> AccountId {
        AccountId::from_uuid(Uuid::from_u128(number))
    }

    async fn append(log: &dyn AuditLog, event: &AuditEvent) {
        log.append(event).await.expect("append");
    }

    async fn list(log: &dyn AuditLog, account_id: Option<AccountId>, page: PageRequest) -> Page<AuditEvent> {
        log.list(&AuditFilter { account_id }, page).await.expect("list")
    }

    fn ids(page: &Page<AuditEvent>) -> Vec<u128> {
        page.items.iter().map(|event| event.id.as_u128()).collect()
    }

    /// Every part of an event comes back, whoever did whatever. No account need exist.
    pub async fn an_event_is_found_as_it_was_kept(log: &dyn AuditLog) {
        let key = ApiKeyId::from_uuid(Uuid::from_u128(77));
        let actors = [
            Actor::Anonymous,
            Actor::Account(account(1)),
            Actor::ApiKey { account: account(1), key },
            Actor::Operator,
        ];
        let longest = "🦀".repeat(1_000);
        let origins = [
            Origin::default(),
            Origin::new("r-1", Some("2001:db8::1"), None),
            Origin::new(&longest, Some(&longest), Some(&longest)),
        ];
        let mut kept = Vec::new();
        for (number, action) in (1u128..).zip(AuditAction::ALL) {
            let place = usize::try_from(number).expect("a small number");
            let sample = sample_event(number, account(1));
            let (actor, origin) = (actors[place % 4], &origins[place % 3]);
            let at = sample.at + Duration::from_millis(place as u64);
            let event = AuditEvent::new(sample.id, at, actor, action, origin);
            kept.push(match number % 3 {
                0 => event.in_log_of(account(2)).about(key),
                1 => event.refused(),
                _ => event,
            });
        }
        for event in &kept {
            append(log, event).await;
        }
        kept.reverse();
        let found = list(log, None, PageRequest::new(1, 100).expect("a page")).await;
        assert_eq!(found.total, kept.len() as u64);
        assert_eq!(found.items, kept);
    }

    /// Pages go from the newest to the oldest; a page behind the last is empty, and the total stays.
    pub async fn events_are_listed_newest_first(log: &dyn AuditLog) {
        for number in [2u128, 5, 1, 4, 3] {
            append(log, &sample_event(number, account(1))).await;
        }
        for (page, expected) in [(1, vec![5, 4]), (2, vec![3, 2]), (3, vec![1]), (4, vec![])] {
            let found = list(log, None, PageRequest::new(page, 2).expect("a page")).await;
            assert_eq!((ids(&found), found.total), (expected, 5), "page {page}");
        }
    }

    /// An account is shown its own log and nothing else.
    pub async fn a_log_of_an_account_has_nothing_of_others(log: &dyn AuditLog) {
        append(log, &sample_event(1, account(1))).await;
        append(log, &sample_event(2, account(2))).await;
        append(log, &AuditEvent { account_id: None, ..sample_event(3, account(1)) }).await;
        append(log, &sample_event(4, account(2)).in_log_of(account(1))).await;
        let own = list(log, Some(account(1)), PageRequest::default()).await;
        assert_eq!((ids(&own), own.total), (vec![4, 1], 2));
        let none = list(log, Some(account(3)), PageRequest::default()).await;
        assert_eq!((ids(&none), none.total), (vec![], 0));
    }

    /// What was kept is never replaced.
    pub async fn an_event_is_kept_once(log: &dyn AuditLog) {
        let first = sample_event(1, account(1));
        append(log, &first).await;
        let again = log.append(&first.clone().refused()).await.expect_err("the id is taken");
        assert_eq!(again.kind, PortErrorKind::Conflict, "{again:?}");
        assert_eq!(list(log, None, PageRequest::default()).await.items, [first]);
    }
}

/// One test for each case of the contract of [`AuditLog`]. `$make` gives an empty log; it may await.
#[macro_export]
macro_rules! audit_log_contract {
    (block_on, $make:expr) => {
        $crate::audit_log_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::audit_log_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::audit_contract],
            [
                an_event_is_found_as_it_was_kept,
                events_are_listed_newest_first,
                a_log_of_an_account_has_nothing_of_others,
                an_event_is_kept_once,
            ]
        );
    };
}

#[cfg(test)]
mod tests {
    use super::InMemoryAuditLog;

    crate::audit_log_contract!(block_on, InMemoryAuditLog::default());
}
