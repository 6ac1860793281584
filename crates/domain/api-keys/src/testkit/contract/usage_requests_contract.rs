//! The cases of the [`UsageStore`](crate::UsageStore) contract that are about single requests, and
//! about what becomes of old ones.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use altus4_kernel::Plan;

use super::{
    steps::{key_id, start},
    usage_steps::{
        HOUR, MILLISECOND, add_key, all, append, everything, failed, midnight, page, purge, ten, totals,
        used_key,
    },
};
use crate::{
    RequestFilter, UsageEvent, UsageScope,
    testkit::{UsageSubject, sample_usage},
};

/// With what is left out, and with what is as large as can be.
pub async fn an_event_comes_back_in_every_part(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    let plain = sample_usage(1, key, start());
    let full = UsageEvent {
        request_id: "~".repeat(128),
        method: "DELETE".to_owned(),
        endpoint: "/api/v1/keys/{id}".to_owned(),
        status: 599,
        error_code: Some("INSUFFICIENT_PERMISSIONS".to_owned()),
        response_time_us: 1 << 40,
        tier: Plan::Enterprise,
        ip: Some("2001:db8:1111:2222:3333:4444:5555:6666".to_owned()),
        spent_microcents: 1 << 50,
        counted: false,
        ..sample_usage(u128::MAX, key, start() + MILLISECOND)
    };
    append(subject, &[plain.clone(), full.clone()]).await;
    assert_eq!(all(subject, everything(), &RequestFilter::default()).await, [full, plain]);
}

/// Of those of the same moment the one with the larger id first; no page misses or repeats any.
pub async fn requests_are_paged_the_newest_first(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    add_key(subject, 2, 2).await;
    // Some hours with many, many hours with one.
    let moment = |n: u32| if n < 40 { ten() + n / 10 * MILLISECOND } else { ten() + n * HOUR };
    let mut events: Vec<_> = (0..70u32).map(|n| sample_usage(n.into(), key, moment(n))).collect();
    append(subject, &events).await;
    append(subject, &[sample_usage(1_000, key_id(2), ten())]).await;
    events.reverse();
    assert_eq!(all(subject, everything(), &RequestFilter::default()).await, events);
    for limit in [1, 9, 70, 100] {
        for number in [1, 2, 5, 8, 9] {
            let found = page(subject, everything(), &RequestFilter::default(), (number, limit)).await;
            let skipped = (number - 1) as usize * limit as usize;
            let expected: Vec<_> = events.iter().skip(skipped).take(limit as usize).cloned().collect();
            assert_eq!((found.total, found.items), (70, expected), "page {number} of {limit}");
        }
    }
}

/// By each filter alone and by all together; the total is that of what is wanted.
pub async fn requests_are_filtered(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    let event = |number: u32| UsageEvent {
        status: if number.is_multiple_of(3) { 400 } else { 200 },
        tier: Plan::ALL[number as usize % 2],
        endpoint: if number < 30 { "/a" } else { "/b" }.to_owned(),
        ..sample_usage(number.into(), key, ten() + number / 2 * Duration::from_mins(17))
    };
    let mut events: Vec<_> = (0..60).map(event).collect();
    append(subject, &events).await;
    events.reverse();
    for failed in [None, Some(true), Some(false)] {
        for tier in [None, Some(Plan::Free), Some(Plan::Pro), Some(Plan::Enterprise)] {
            for endpoint in [None, Some("/a"), Some("/b"), Some("/c")] {
                let is_wanted = |event: &&UsageEvent| {
                    failed.is_none_or(|failed| event.failed() == failed)
                        && tier.is_none_or(|tier| event.tier == tier)
                        && endpoint.is_none_or(|endpoint| event.endpoint == endpoint)
                };
                let expected: Vec<_> = events.iter().filter(is_wanted).cloned().collect();
                let filter = RequestFilter { failed, tier, endpoint: endpoint.map(str::to_owned) };
                assert_eq!(all(subject, everything(), &filter).await, expected, "{filter:?}");
            }
        }
    }
}

/// Pages are exact afterwards, and sums are as they were.
pub async fn requests_are_purged_before_their_sums(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    let event = |n: u32| {
        let event = sample_usage(n.into(), key, ten() + n * Duration::from_mins(20));
        failed(event, if n.is_multiple_of(4) { 500 } else { 200 }, None)
    };
    let mut events: Vec<_> = (0..60).map(event).collect();
    append(subject, &events).await;
    purge(subject, ten() + 5 * HOUR, midnight()).await;
    events.drain(..15);
    events.reverse();
    assert_eq!(all(subject, everything(), &RequestFilter::default()).await, events);
    let filter = RequestFilter { failed: Some(true), ..RequestFilter::default() };
    events.retain(UsageEvent::failed);
    assert_eq!(all(subject, everything(), &filter).await, events);
    assert_eq!(totals(subject, key, everything()).await.requests, 60);
    assert_eq!(used_key(subject).await.usage_count, 60);
}

/// Those of days that are over by then, and none of which there are requests.
pub async fn sums_are_purged_by_the_day(subject: &dyn UsageSubject) {
    let key = add_key(subject, 1, 1).await;
    let event = |n: u32| failed(sample_usage(n.into(), key, midnight() + n * HOUR), 500, None);
    append(subject, &(0..72).map(event).collect::<Vec<_>>()).await;
    let left = async || {
        let (usage, scope) = (subject.usage(), UsageScope::Key(key));
        let sums = totals(subject, key, everything()).await.requests;
        let tiers = usage.tiers(scope, everything()).await.expect("tiers");
        let errors = usage.errors(scope, everything()).await.expect("errors");
        let hours = usage.hours(scope, everything()).await.expect("hours");
        assert_eq!(tiers.iter().map(|usage| usage.totals.requests).sum::<u64>(), sums);
        assert_eq!(errors.iter().map(|error| error.count).sum::<u64>(), sums);
        assert_eq!(hours.len() as u64, sums);
        sums
    };
    purge(subject, midnight() + 24 * HOUR, midnight() + 100 * HOUR).await;
    assert_eq!(left().await, 48);
    purge(subject, midnight() + 60 * HOUR, midnight() + 47 * HOUR).await;
    assert_eq!(left().await, 48);
    purge(subject, midnight() + 60 * HOUR, midnight() + 60 * HOUR).await;
    assert_eq!(left().await, 24);
    assert_eq!(all(subject, everything(), &RequestFilter::default()).await.len(), 12);
}
