//! Every view of usage beside one that counts all of it anew, over many events.

use std::time::Duration;

use altus4_api_keys::{
    RequestFilter, UsageEvent, UsageRange, UsageScope, UsageStore, UsageTotals,
    testkit::{InMemoryApiKeys, InMemoryUsage, UsageSubject, sample_key, sample_secret, sample_usage},
};
use altus4_kernel::{
    AccountId, ApiKeyId, Clock, PageRequest, Plan, Timestamp,
    testkit::{FixedClock, sample_event},
    uuid::Uuid,
};

use crate::subject::Subject;

const EVENTS: u64 = 50_000;
const KEYS: u64 = 3;
const HOUR: Duration = Duration::from_hours(1);

fn account(number: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number))
}

fn key(number: u64) -> ApiKeyId {
    ApiKeyId::from_uuid(Uuid::from_u128(u128::from(number)))
}

/// Keys 1 and 3 of account 1, key 2 of account 2.
async fn add_keys(subject: &dyn UsageSubject) {
    subject.add_account(account(1)).await;
    subject.add_account(account(2)).await;
    for number in 1..=3u8 {
        let owner = account(if number == 2 { 2 } else { 1 });
        let (key, event) = (sample_key(number.into(), owner), sample_event(number.into(), owner));
        subject.keys().insert(&key, &sample_secret(number), &event).await.expect("insert");
    }
}

/// Numbers that look like chance and are always the same (`SplitMix64`; Steele, Lea and Flood, 2014).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// 60 days over the borders of months, with quiet nights, busy hours and moments that repeat.
fn events(first: Timestamp) -> Vec<UsageEvent> {
    let mut numbers = Numbers(4);
    let event = |number: u64| {
        let hours = if number.is_multiple_of(5) { 700 } else { numbers.below(60 * 24 / 3) * 3 };
        let at = first + Duration::from_secs(3_600 * hours + numbers.below(3_600));
        let status =
            [200, 200, 201, 304, 400, 404, 429, 500][usize::try_from(numbers.below(8)).expect("small")];
        let magnitude = numbers.below(24);
        let time = numbers.below(1 << magnitude);
        let code = ["VALIDATION_ERROR", "NOT_FOUND", "RATE_LIMIT_EXCEEDED"];
        let code = (status >= 400).then(|| code[usize::from(status % 3)].to_owned());
        UsageEvent {
            endpoint: format!("/api/v1/{}", numbers.below(12).min(numbers.below(12))),
            status,
            error_code: code.filter(|_| status != 500),
            response_time_us: time,
            tier: Plan::ALL[usize::try_from(numbers.below(3)).expect("small")],
            ip: (status != 304).then(|| format!("192.0.2.{}", numbers.below(256))),
            spent_microcents: numbers.below(50),
            counted: status != 429,
            ..sample_usage(number.into(), key(1 + numbers.below(KEYS)), at)
        }
    };
    (0..EVENTS).map(event).collect()
}

/// The percentile within its bound; the rest exactly.
fn assert_same(found: UsageTotals, expected: UsageTotals, what: &str) {
    let (told, exact) = (found.p95_us as f64, expected.p95_us as f64);
    assert!((told - exact).abs() <= exact * 0.01 + 0.5, "{what}: {told} µs, not {exact} µs");
    assert_eq!(UsageTotals { p95_us: 0, ..found }, UsageTotals { p95_us: 0, ..expected }, "{what}");
}

async fn assert_same_sums(found: &dyn UsageStore, expected: &dyn UsageStore, first: Timestamp) {
    for scope in [UsageScope::Key(key(2)), UsageScope::Account(account(1))] {
        for (from, hours) in [(0, 60 * 24), (1, 23), (0, 24), (23, 2), (400, 312), (5, 60 * 24), (699, 3)] {
            let start = first + from * HOUR;
            let range = UsageRange { start, end: start + hours * HOUR };
            let what = format!("{scope:?} from {start} for {hours} hours");
            let totals = found.totals(scope, range).await.expect("totals");
            assert_same(totals, expected.totals(scope, range).await.expect("totals"), &what);
            let endpoints = found.endpoints(scope, range, 9).await.expect("endpoints");
            assert_eq!(endpoints, expected.endpoints(scope, range, 9).await.expect("endpoints"), "{what}");
            let tiers = found.tiers(scope, range).await.expect("tiers");
            assert_eq!(tiers, expected.tiers(scope, range).await.expect("tiers"), "{what}");
            let errors = found.errors(scope, range).await.expect("errors");
            assert_eq!(errors, expected.errors(scope, range).await.expect("errors"), "{what}");
            let points = found.hours(scope, range).await.expect("hours");
            assert_eq!(points, expected.hours(scope, range).await.expect("hours"), "{what}");
        }
    }
}

async fn assert_same_pages(found: &dyn UsageStore, expected: &dyn UsageStore, first: Timestamp) {
    let filters = [
        RequestFilter::default(),
        RequestFilter { failed: Some(true), ..RequestFilter::default() },
        RequestFilter { failed: Some(false), tier: Some(Plan::Pro), ..RequestFilter::default() },
        RequestFilter { endpoint: Some("/api/v1/11".to_owned()), ..RequestFilter::default() },
    ];
    for filter in filters {
        for (from, hours) in [(0, 60 * 24), (23, 2), (400, 312), (700, 1)] {
            let start = first + from * HOUR;
            let range = UsageRange { start, end: start + hours * HOUR };
            for (number, limit) in [(1, 100), (2, 20), (37, 100), (400, 20), (2_000, 7)] {
                let page = PageRequest::new(number, limit).expect("a page");
                let found = found.requests(key(1), range, &filter, page).await.expect("requests");
                let expected = expected.requests(key(1), range, &filter, page).await.expect("requests");
                assert_eq!(found, expected, "{filter:?} {range:?} {page:?}");
            }
        }
    }
}

#[tokio::test]
async fn every_view_is_as_if_all_were_counted_anew() {
    let subject = Subject::sqlite().await;
    let naive = InMemoryUsage::of_keys(InMemoryApiKeys::default());
    add_keys(&subject).await;
    add_keys(&naive).await;
    // Within a year's last days, so that months and the year end on the way.
    let first = FixedClock::default().now() - 40 * 24 * HOUR;
    let events = events(first);
    naive.extend(&events);
    let usage = subject.store.usage();
    for batch in events.chunks(2_500) {
        usage.append(batch).await.expect("append");
    }
    usage.append(&events[7_000..7_500]).await.expect("append again");
    assert_same_sums(usage.as_ref(), &naive, first).await;
    assert_same_pages(usage.as_ref(), &naive, first).await;
    for number in 1..=KEYS {
        let since = first + 500 * HOUR;
        let used = usage.used_since(key(number), since).await.expect("used since");
        assert_eq!(used, naive.used_since(key(number), since).await.expect("used since"));
        let owner = account(if number == 2 { 2 } else { 1 });
        let stored = subject.store.api_keys().find(owner, key(number)).await.expect("find").expect("a key");
        let expected = naive.keys().find(owner, key(number)).await.expect("find").expect("a key");
        assert_eq!((stored.usage_count, stored.last_used), (expected.usage_count, expected.last_used));
    }

    let (requests_before, sums_before) = (first + 333 * HOUR, first + 100 * HOUR);
    for store in [usage.as_ref(), &naive as &dyn UsageStore] {
        while store.purge(requests_before, sums_before).await.expect("purge") > 0 {}
    }
    assert_same_sums(usage.as_ref(), &naive, first).await;
    assert_same_pages(usage.as_ref(), &naive, first).await;
}
