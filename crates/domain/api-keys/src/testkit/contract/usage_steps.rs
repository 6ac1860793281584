//! Steps that the cases of the contracts of usage share.

use std::time::Duration;

use altus4_kernel::{ApiKeyId, Page, PageRequest, Timestamp, testkit::sample_event};

use super::steps::{account, key_id, start};
use crate::{
    ApiKey, RequestFilter, UsageEvent, UsageRange, UsageScope, UsageTotals,
    testkit::{UsageSubject, sample_key, sample_secret},
};

pub(super) const HOUR: Duration = Duration::from_hours(1);
pub(super) const MILLISECOND: Duration = Duration::from_millis(1);

/// Key `number` of account `owner`, which is made with its first key: with the same number.
pub(super) async fn add_key(subject: &dyn UsageSubject, number: u8, owner: u8) -> ApiKeyId {
    if number == owner {
        subject.add_account(account(owner)).await;
    }
    let key = sample_key(number.into(), account(owner));
    let event = sample_event(number.into(), account(owner));
    subject.keys().insert(&key, &sample_secret(number), &event).await.expect("insert");
    key.id
}

pub(super) async fn append(subject: &dyn UsageSubject, events: &[UsageEvent]) {
    subject.usage().append(events).await.expect("append");
}

pub(super) async fn totals(
    subject: &dyn UsageSubject,
    scope: impl Into<UsageScope>,
    range: UsageRange,
) -> UsageTotals {
    subject.usage().totals(scope.into(), range).await.expect("totals")
}

pub(super) async fn used_key(subject: &dyn UsageSubject) -> ApiKey {
    subject.keys().find(account(1), key_id(1)).await.expect("find").expect("the key")
}

pub(super) async fn page(
    subject: &dyn UsageSubject,
    range: UsageRange,
    filter: &RequestFilter,
    (number, limit): (u32, u32),
) -> Page<UsageEvent> {
    let page = PageRequest::new(number, limit).expect("a page");
    subject.usage().requests(key_id(1), range, filter, page).await.expect("requests")
}

/// All that is wanted of a range, page by page.
pub(super) async fn all(
    subject: &dyn UsageSubject,
    range: UsageRange,
    filter: &RequestFilter,
) -> Vec<UsageEvent> {
    let (mut found, mut number) = (Vec::new(), 1);
    loop {
        let page = page(subject, range, filter, (number, 7)).await;
        let is_last = page.items.is_empty();
        found.extend(page.items);
        if is_last {
            assert_eq!(page.total, u64::try_from(found.len()).expect("few"));
            return found;
        }
        number += 1;
    }
}

/// From this moment on for so long.
pub(super) fn range(start: Timestamp, span: Duration) -> UsageRange {
    UsageRange { start, end: start + span }
}

/// More than any case uses.
pub(super) fn everything() -> UsageRange {
    UsageRange { start: start() - 200 * 24 * HOUR, end: start() + 200 * 24 * HOUR }
}

/// 10:00 of the day that the fixed clock begins in.
pub(super) fn ten() -> Timestamp {
    start() - Duration::from_mins(30)
}

pub(super) fn midnight() -> Timestamp {
    ten() - 10 * HOUR
}

pub(super) fn failed(event: UsageEvent, status: u16, code: Option<&str>) -> UsageEvent {
    UsageEvent { status, error_code: code.map(str::to_owned), ..event }
}

pub(super) async fn purge(subject: &dyn UsageSubject, requests_before: Timestamp, sums_before: Timestamp) {
    while subject.usage().purge(requests_before, sums_before).await.expect("purge") > 0 {}
}
