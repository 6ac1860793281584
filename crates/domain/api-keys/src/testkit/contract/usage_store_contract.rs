//! The cases of the [`UsageStore`](crate::UsageStore) contract that are about sums.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use altus4_kernel::Plan;
use futures::future::join_all;

use super::{
    steps::{account, key_id, start},
    usage_steps::{
        HOUR, MILLISECOND, add_key, all, append, everything, failed, midnight, page, range, ten, totals,
        used_key,
    },
};
use crate::{
    ApiKey, ErrorUsage, RequestFilter, UsageEvent, UsageRange, UsageScope, UsageTotals, Used,
    testkit::{UsageSubject, sample_usage},
};

/// Where nothing was used, everything is nothing.
pub async fn nothing_was_used_at_first(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    append(subject, &[]).await;
    let (usage, scope) = (subject.usage(), UsageScope::Key(key));
    assert_eq!(totals(subject, key, everything()).await, UsageTotals::default());
    assert_eq!(usage.endpoints(scope, everything(), 10).await.expect("endpoints"), []);
    assert_eq!(usage.tiers(scope, everything()).await.expect("tiers"), []);
    assert_eq!(usage.errors(scope, everything()).await.expect("errors"), []);
    assert_eq!(usage.hours(scope, everything()).await.expect("hours"), []);
    assert_eq!(all(subject, everything(), &RequestFilter::default()).await, []);
    assert_eq!(usage.used_since(key, ten()).await.expect("used since"), Used::default());
    assert_eq!(usage.purge(start(), start()).await.expect("purge"), 0);
}

/// Every part of them, the percentile within its bound.
pub async fn sums_are_exact(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    let event = |number: u32| {
        let event = sample_usage(number.into(), key, ten() + number * MILLISECOND);
        let (response_time_us, spent_microcents) = (100 * u64::from(number), u64::from(number));
        failed(
            UsageEvent { response_time_us, spent_microcents, ..event },
            if number.is_multiple_of(4) { 429 } else { 399 },
            None,
        )
    };
    let events: Vec<_> = (1..=100).map(event).collect();
    for batch in events.chunks(30) {
        append(subject, batch).await;
    }
    let sums = totals(subject, key, range(ten(), HOUR)).await;
    assert!(sums.p95_us.abs_diff(9_500) <= 96, "{sums:?}");
    let expected = UsageTotals {
        requests: 100,
        failed: 25,
        response_time_us: 505_000,
        p95_us: sums.p95_us,
        spent_microcents: 5_050,
    };
    assert_eq!(sums, expected);
    assert_eq!(used_key(subject).await.usage_count, 100);
}

/// In one batch, in two, and beside new ones.
pub async fn an_event_that_is_written_twice_counts_once(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    let event = |number| sample_usage(number, key, ten());
    append(subject, &[event(1), event(2), event(1)]).await;
    append(subject, &[event(2), event(1)]).await;
    append(subject, &[event(3), event(2)]).await;
    assert_eq!(totals(subject, key, everything()).await.requests, 3);
    assert_eq!(subject.usage().used_since(key, ten()).await.expect("used since").requests, 3);
    assert_eq!(all(subject, everything(), &RequestFilter::default()).await, [event(3), event(2), event(1)]);
    assert_eq!(used_key(subject).await.usage_count, 3);
}

/// They keep no others from being written.
pub async fn events_of_unknown_keys_are_left_out(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    append(subject, &[sample_usage(1, key_id(9), ten())]).await;
    append(subject, &[sample_usage(2, key_id(9), ten()), sample_usage(3, key, ten())]).await;
    assert_eq!(totals(subject, key, everything()).await.requests, 1);
    assert_eq!(totals(subject, key_id(9), everything()).await.requests, 0);
}

/// Whatever the order in which events arrive. No other part of the key changes.
pub async fn a_key_knows_its_last_use(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    let fresh = used_key(subject).await;
    let event = |number, minutes, ip: Option<&str>| UsageEvent {
        ip: ip.map(str::to_owned),
        ..sample_usage(number, key, ten() + Duration::from_mins(minutes))
    };
    append(subject, &[event(1, 20, Some("192.0.2.1")), event(2, 10, Some("192.0.2.2"))]).await;
    append(subject, &[event(3, 5, Some("192.0.2.3"))]).await;
    let last_used = Some(ten() + Duration::from_mins(20));
    let last_used_ip = Some("192.0.2.1".to_owned());
    let used = ApiKey { usage_count: 3, last_used, last_used_ip, ..fresh.clone() };
    assert_eq!(used_key(subject).await, used);
    append(subject, &[event(4, 30, None)]).await;
    let last_used = Some(ten() + Duration::from_mins(30));
    assert_eq!(used_key(subject).await, ApiKey { usage_count: 4, last_used, ..fresh });
}

/// Several nodes write for the same keys, some of it twice.
pub async fn writers_at_once_lose_nothing(subject: &dyn UsageSubject) {
    let keys = [add_key(subject, 1, 1).await, add_key(subject, 2, 2).await];
    let writers = (0..8u128).map(|writer| async move {
        for batch in 0..5 {
            let number = |n: u128| 1_000 * writer + 10 * batch + n;
            let mut events: Vec<_> =
                (0..10).map(|n| sample_usage(number(n), keys[usize::from(n % 2 == 0)], ten())).collect();
            // Half of the writers go through them the other way round.
            if writer % 2 == 0 {
                events.reverse();
            }
            events.push(sample_usage(10_000 + batch, keys[0], ten()));
            append(subject, &events).await;
        }
    });
    join_all(writers).await;
    let [first, second] = keys;
    assert_eq!(totals(subject, second, everything()).await.requests, 200);
    let sums = totals(subject, first, everything()).await;
    assert_eq!((sums.requests, sums.response_time_us), (205, 205_000));
    assert_eq!(used_key(subject).await.usage_count, 205);
    let page = page(subject, everything(), &RequestFilter::default(), (1, 1)).await;
    assert_eq!(page.total, 205);
}

/// Both borders are cut outwards to whole hours; a border on the hour is no part of the next.
pub async fn a_range_means_the_hours_it_touches(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    let moments = [ten() - MILLISECOND, ten(), ten() + HOUR - MILLISECOND, ten() + HOUR];
    let events: Vec<_> = (1..).zip(moments).map(|(number, at)| sample_usage(number, key, at)).collect();
    append(subject, &events).await;
    for (start, end, numbers) in [
        (ten(), ten() + HOUR, [2, 3].as_slice()),
        (ten() + MILLISECOND, ten() + 2 * MILLISECOND, &[2, 3]),
        (ten(), ten() + HOUR + MILLISECOND, &[2, 3, 4]),
        (ten() - MILLISECOND, ten(), &[1]),
        (ten() - MILLISECOND, ten() + HOUR, &[1, 2, 3]),
        (ten() + HOUR, ten() + HOUR, &[]),
        (ten() + HOUR, ten(), &[]),
    ] {
        let range = UsageRange { start, end };
        let found = all(subject, range, &RequestFilter::default()).await;
        let mut found: Vec<_> = found.iter().map(|event| event.id.as_u128()).collect();
        found.sort_unstable();
        assert_eq!(found, numbers, "{range:?}");
        let sums = totals(subject, key, range).await;
        assert_eq!(sums.requests, numbers.len() as u64, "{range:?}");
    }
}

/// Over days and months too: an event in each hour, and as many as a range has hours.
pub async fn ranges_of_any_length_add_up(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    // From the last day of a year on.
    let first = midnight() - 15 * 24 * HOUR;
    let events: Vec<_> = (0..200).map(|n| sample_usage(u128::from(n), key, first + n * HOUR)).collect();
    append(subject, &events).await;
    for (from, hours) in
        [(0, 1), (0, 24), (0, 200), (1, 23), (1, 24), (23, 25), (23, 26), (5, 150), (24, 168)]
    {
        let range = range(first + from * HOUR, hours * HOUR);
        let sums = totals(subject, key, range).await;
        assert_eq!(sums.requests, u64::from(hours), "{from} {hours}");
        let tiers = subject.usage().tiers(key.into(), range).await.expect("tiers");
        assert_eq!(tiers[0].totals.requests, u64::from(hours), "{from} {hours}");
        let points = subject.usage().hours(key.into(), range).await.expect("hours");
        assert_eq!(points.len(), hours as usize, "{from} {hours}");
    }
}

/// The most called first, and of equals the first in the alphabet.
pub async fn endpoints_are_told_apart(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    let calls = ["/b", "/b", "/a", "/c", "/c", "/c", "/d"];
    let events = (1..).zip(calls).map(|(number, endpoint)| {
        let at = ten() + u32::try_from(number).expect("small") * 13 * HOUR;
        UsageEvent { endpoint: endpoint.to_owned(), spent_microcents: 7, ..sample_usage(number, key, at) }
    });
    append(subject, &events.collect::<Vec<_>>()).await;
    let endpoints = async |limit| {
        let found = subject.usage().endpoints(key.into(), everything(), limit).await.expect("endpoints");
        assert!(found.iter().all(|usage| usage.totals.spent_microcents == 7 * usage.totals.requests));
        assert!(found.iter().all(|usage| usage.totals.response_time_us == 1_000 * usage.totals.requests));
        found.into_iter().map(|usage| (usage.endpoint, usage.totals.requests)).collect::<Vec<_>>()
    };
    let expected = [("/c", 3), ("/b", 2), ("/a", 1), ("/d", 1)].map(|(path, count)| (path.to_owned(), count));
    assert_eq!(endpoints(10).await, expected);
    assert_eq!(endpoints(3).await, expected[..3]);
}

/// The smallest first, those without requests left out.
pub async fn tiers_are_told_apart(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    let tiers = [Plan::Enterprise, Plan::Free, Plan::Enterprise];
    let events = (1..).zip(tiers).map(|(number, tier)| {
        let event = UsageEvent { tier, ..sample_usage(number, key, ten()) };
        failed(event, if number == 1 { 500 } else { 200 }, None)
    });
    append(subject, &events.collect::<Vec<_>>()).await;
    let found = subject.usage().tiers(key.into(), everything()).await.expect("tiers");
    let found: Vec<_> =
        found.iter().map(|usage| (usage.tier, usage.totals.requests, usage.totals.failed)).collect();
    assert_eq!(found, [(Plan::Free, 1, 0), (Plan::Enterprise, 2, 1)]);
}

/// By code and status, with the last one's request, in whatever order they were written.
pub async fn failures_are_told_apart(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    let at = |hours: u32| ten() + hours * HOUR;
    let event = |number, hours| sample_usage(number, key, at(hours));
    append(
        subject,
        &[
            failed(event(1, 30), 429, Some("RATE_LIMIT_EXCEEDED")),
            failed(event(2, 2), 429, Some("REQUEST_LIMIT_EXCEEDED")),
            failed(event(3, 0), 404, None),
            event(4, 0),
            failed(event(5, 0), 399, Some("NO_FAILURE")),
        ],
    )
    .await;
    append(
        subject,
        &[
            failed(event(6, 3), 429, Some("RATE_LIMIT_EXCEEDED")),
            failed(event(7, 30), 503, Some("RATE_LIMIT_EXCEEDED")),
            failed(event(8, 0), 429, Some("RATE_LIMIT_EXCEEDED")),
        ],
    )
    .await;
    let kind = |code: &str, status, count, (number, hours)| ErrorUsage {
        code: code.to_owned(),
        status,
        count,
        last_seen: at(hours),
        sample_request_id: format!("request {number}"),
    };
    let found = subject.usage().errors(key.into(), everything()).await.expect("errors");
    let expected = [
        kind("RATE_LIMIT_EXCEEDED", 429, 3, (1, 30)),
        kind("RATE_LIMIT_EXCEEDED", 503, 1, (7, 30)),
        kind("REQUEST_LIMIT_EXCEEDED", 429, 1, (2, 2)),
        kind(UsageEvent::UNKNOWN_FAILURE, 404, 1, (3, 0)),
    ];
    assert_eq!(found, expected);
    let found = subject.usage().errors(key.into(), range(at(1), 3 * HOUR)).await.expect("errors");
    let expected =
        [kind("RATE_LIMIT_EXCEEDED", 429, 1, (6, 3)), kind("REQUEST_LIMIT_EXCEEDED", 429, 1, (2, 2))];
    assert_eq!(found, expected);
}

/// The oldest first, those without requests left out.
pub async fn hours_are_told_apart(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    let moments = [0, 3, 0, 27].map(|hours| ten() + hours * HOUR + Duration::from_mins(59));
    let events: Vec<_> = (1..).zip(moments).map(|(number, at)| sample_usage(number, key, at)).collect();
    append(subject, &events).await;
    let found = subject.usage().hours(key.into(), everything()).await.expect("hours");
    let found: Vec<_> = found.iter().map(|point| (point.start, point.totals.requests)).collect();
    assert_eq!(found, [(ten(), 2), (ten() + 3 * HOUR, 1), (ten() + 27 * HOUR, 1)]);
}

/// Of all of them, and of no other account's.
pub async fn an_account_has_the_sums_of_its_keys(subject: &dyn UsageSubject) {
    let keys = [add_key(subject, 1, 1).await, add_key(subject, 2, 2).await, add_key(subject, 3, 1).await];
    let events = (0..30u32).map(|n| {
        let event = sample_usage(n.into(), keys[n as usize % 3], ten() + n * 5 * HOUR);
        failed(event, if n % 3 == 2 { 500 } else { 200 }, Some("INTERNAL_ERROR"))
    });
    append(subject, &events.collect::<Vec<_>>()).await;
    let (usage, scope) = (subject.usage(), UsageScope::Account(account(1)));
    let sums = totals(subject, account(1), everything()).await;
    assert_eq!((sums.requests, sums.failed), (20, 10));
    let endpoints = usage.endpoints(scope, everything(), 10).await.expect("endpoints");
    assert_eq!(endpoints.iter().map(|usage| usage.totals.requests).collect::<Vec<_>>(), [20]);
    let tiers = usage.tiers(scope, everything()).await.expect("tiers");
    assert_eq!(tiers.iter().map(|usage| usage.totals.failed).collect::<Vec<_>>(), [10]);
    let errors = usage.errors(scope, everything()).await.expect("errors");
    assert_eq!(errors.iter().map(|error| error.count).collect::<Vec<_>>(), [10]);
    let hours = usage.hours(scope, everything()).await.expect("hours");
    assert_eq!(hours.iter().map(|point| point.totals.requests).collect::<Vec<_>>(), [1; 20]);
    assert_eq!(totals(subject, account(9), everything()).await, UsageTotals::default());
}

/// From the hour on, refused requests left out, money of all.
pub async fn what_was_let_through_counts_against_the_limits(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    let events = (0..50u32).map(|n| UsageEvent {
        counted: n % 5 != 0,
        spent_microcents: 3,
        ..sample_usage(n.into(), key, ten() + n * HOUR)
    });
    append(subject, &events.collect::<Vec<_>>()).await;
    for (from, requests, spent_microcents) in [(0, 40, 150), (20, 24, 90), (46, 4, 12), (50, 0, 0)] {
        let used = subject.usage().used_since(key, ten() + from * HOUR).await.expect("used since");
        assert_eq!(used, Used { requests, spent_microcents }, "from {from}");
    }
}
