//! The cases of the [`QuotaCounter`] contract. Each has keys of its own, so that they may share a
//! server.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use altus4_kernel::{ApiKeyId, Clock, testkit::FixedClock, uuid::Uuid};
use futures::future::join_all;

use crate::{Ceiling, QuotaCounter, QuotaKey, ResetPeriod, Taking, Used};

/// Below it, sums are exact everywhere.
const MOST: u64 = (1 << 53) - 1;

fn key(number: u128) -> QuotaKey {
    let period = ResetPeriod::Monthly.at(FixedClock::default().now());
    QuotaKey { key: ApiKeyId::from_uuid(Uuid::from_u128(number)), period }
}

fn used(requests: u64, spent_microcents: u64) -> Used {
    Used { requests, spent_microcents }
}

fn ceiling(requests: u64, spent_microcents: u64) -> Ceiling {
    Ceiling { requests: Some(requests), spent_microcents: Some(spent_microcents) }
}

async fn take(counter: &dyn QuotaCounter, key: QuotaKey, amount: Used, ceiling: Ceiling) -> Taking {
    counter.take(key, amount, ceiling).await.expect("take")
}

async fn raise(counter: &dyn QuotaCounter, key: QuotaKey, at_least: Used) {
    counter.raise(key, at_least).await.expect("raise");
}

async fn sums(counter: &dyn QuotaCounter, key: QuotaKey) -> Taking {
    take(counter, key, Used::default(), Ceiling::default()).await
}

/// Of 64 callers with 3,000 requests between them, exactly as many are taken as there is room for.
pub async fn exactly_the_ceiling_of_many_at_once_is_taken(counter: &dyn QuotaCounter) {
    let key = key(0xA01);
    raise(counter, key, used(100, 0)).await;
    let callers = (0..64_usize).map(|caller| async move {
        let mut taken = 0;
        for _ in 0..(3_000 / 64 + usize::from(caller < 3_000 % 64)) {
            let taking = take(counter, key, used(1, 3), ceiling(1_000, 10_000)).await;
            taken += usize::from(matches!(taking, Taking::Taken(_)));
        }
        taken
    });
    assert_eq!(join_all(callers).await.into_iter().sum::<usize>(), 900);
    assert_eq!(sums(counter, key).await, Taking::Taken(used(1_000, 2_700)));
}

/// What nobody raised is unknown, and stays so however often it is asked.
pub async fn a_key_is_unknown_until_it_is_raised(counter: &dyn QuotaCounter) {
    let key = key(0xA02);
    for amount in [used(1, 1), Used::default()] {
        assert_eq!(take(counter, key, amount, ceiling(5, 5)).await, Taking::Unknown);
    }
    raise(counter, key, Used::default()).await;
    assert_eq!(sums(counter, key).await, Taking::Taken(Used::default()));
}

/// Each amount is added, and the sums are told.
pub async fn amounts_add_up(counter: &dyn QuotaCounter) {
    let key = key(0xA03);
    raise(counter, key, used(7, 70)).await;
    assert_eq!(take(counter, key, used(1, 5), Ceiling::default()).await, Taking::Taken(used(8, 75)));
    assert_eq!(take(counter, key, used(0, 5), ceiling(8, 80)).await, Taking::Taken(used(8, 80)));
    assert_eq!(take(counter, key, used(2, 0), ceiling(10, 80)).await, Taking::Taken(used(10, 80)));
}

/// The ceiling itself may be reached, by both sums, and neither goes over it.
pub async fn a_ceiling_may_be_reached_but_not_passed(counter: &dyn QuotaCounter) {
    let key = key(0xA04);
    raise(counter, key, used(4, 90)).await;
    assert_eq!(take(counter, key, used(1, 11), ceiling(5, 100)).await, Taking::Refused(used(4, 90)));
    assert_eq!(take(counter, key, used(2, 10), ceiling(5, 100)).await, Taking::Refused(used(4, 90)));
    assert_eq!(take(counter, key, used(1, 10), ceiling(5, 100)).await, Taking::Taken(used(5, 100)));
    assert_eq!(take(counter, key, used(1, 0), ceiling(5, 100)).await, Taking::Refused(used(5, 100)));
    assert_eq!(take(counter, key, used(0, 1), ceiling(5, 100)).await, Taking::Refused(used(5, 100)));
    let no_requests = Ceiling { requests: Some(5), spent_microcents: None };
    assert_eq!(take(counter, key, used(0, 1), no_requests).await, Taking::Taken(used(5, 101)));
    let no_money = Ceiling { requests: None, spent_microcents: Some(100) };
    assert_eq!(take(counter, key, used(1, 0), no_money).await, Taking::Taken(used(6, 101)));
    assert_eq!(take(counter, key, used(1, 1), no_money).await, Taking::Refused(used(6, 101)));
}

/// Asking for the sums always works, and a sum that is over its ceiling holds back itself alone.
pub async fn an_amount_of_nothing_is_never_refused(counter: &dyn QuotaCounter) {
    let key = key(0xA05);
    raise(counter, key, used(10, 10)).await;
    for ceiling in [ceiling(0, 0), ceiling(3, 3), Ceiling::default()] {
        assert_eq!(take(counter, key, Used::default(), ceiling).await, Taking::Taken(used(10, 10)));
    }
    assert_eq!(take(counter, key, used(0, 2), ceiling(3, 12)).await, Taking::Taken(used(10, 12)));
}

/// A ceiling that was changed holds at once.
pub async fn a_change_of_ceiling_holds_at_once(counter: &dyn QuotaCounter) {
    let key = key(0xA06);
    raise(counter, key, used(5, 0)).await;
    assert_eq!(take(counter, key, used(1, 0), ceiling(5, 0)).await, Taking::Refused(used(5, 0)));
    assert_eq!(take(counter, key, used(1, 0), ceiling(6, 0)).await, Taking::Taken(used(6, 0)));
    assert_eq!(take(counter, key, used(1, 0), ceiling(3, 0)).await, Taking::Refused(used(6, 0)));
    assert_eq!(take(counter, key, used(1, 0), ceiling(0, 0)).await, Taking::Refused(used(6, 0)));
}

/// Raising never takes anything away, of either sum.
pub async fn raising_makes_sums_larger_alone(counter: &dyn QuotaCounter) {
    let key = key(0xA07);
    for (at_least, expected) in [
        (used(5, 50), used(5, 50)),
        (used(3, 60), used(5, 60)),
        (used(6, 10), used(6, 60)),
        (Used::default(), used(6, 60)),
    ] {
        raise(counter, key, at_least).await;
        assert_eq!(sums(counter, key).await, Taking::Taken(expected), "{at_least:?}");
    }
}

/// Another period, and another key, is counted by itself.
pub async fn each_key_and_each_period_is_counted_by_itself(counter: &dyn QuotaCounter) {
    let monthly = key(0xA08);
    let now = FixedClock::default().now();
    let other_periods = [
        ResetPeriod::Daily.at(now),
        ResetPeriod::Weekly.at(now),
        ResetPeriod::Monthly.at(monthly.period.end),
        ResetPeriod::Monthly.at(monthly.period.start - std::time::Duration::from_millis(1)),
    ];
    raise(counter, monthly, used(3, 3)).await;
    for (number, period) in (1..).zip(other_periods) {
        let other = QuotaKey { period, ..monthly };
        assert_eq!(sums(counter, other).await, Taking::Unknown);
        raise(counter, other, used(number, 0)).await;
        assert_eq!(take(counter, other, used(1, 0), ceiling(9, 9)).await, Taking::Taken(used(number + 1, 0)));
    }
    assert_eq!(sums(counter, key(0xA09)).await, Taking::Unknown);
    assert_eq!(sums(counter, monthly).await, Taking::Taken(used(3, 3)));
}

/// Sums are exact as far as was promised, and beyond that they stop rather than begin anew.
pub async fn large_sums_are_exact_and_never_begin_anew(counter: &dyn QuotaCounter) {
    let key = key(0xA10);
    raise(counter, key, used(0, MOST - 2)).await;
    assert_eq!(take(counter, key, used(0, 1), Ceiling::default()).await, Taking::Taken(used(0, MOST - 1)));
    assert_eq!(take(counter, key, used(0, 2), ceiling(0, MOST)).await, Taking::Refused(used(0, MOST - 1)));
    assert_eq!(take(counter, key, used(0, 1), ceiling(0, MOST)).await, Taking::Taken(used(0, MOST)));
    for _ in 0..3 {
        let taking = take(counter, key, used(u64::MAX, u64::MAX), Ceiling::default()).await;
        let Taking::Taken(sums) = taking else { panic!("{taking:?}") };
        assert!(sums.requests >= MOST && sums.spent_microcents >= MOST, "{sums:?}");
    }
    let taking = take(counter, key, used(1, 0), ceiling(1_000, 1_000)).await;
    assert!(matches!(taking, Taking::Refused(_)), "{taking:?}");
    let endless = take(counter, key, used(1, 1), ceiling(u64::MAX, u64::MAX)).await;
    assert!(matches!(endless, Taking::Taken(_)), "{endless:?}");
}

/// One test for each case of the contract of [`QuotaCounter`]. `$make` gives a counter that nobody has
/// raised a key of yet; it may await.
#[macro_export]
macro_rules! quota_counter_contract {
    (block_on, $make:expr) => {
        $crate::quota_counter_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::quota_counter_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::quota_counter_contract],
            [
                exactly_the_ceiling_of_many_at_once_is_taken,
                a_key_is_unknown_until_it_is_raised,
                amounts_add_up,
                a_ceiling_may_be_reached_but_not_passed,
                an_amount_of_nothing_is_never_refused,
                a_change_of_ceiling_holds_at_once,
                raising_makes_sums_larger_alone,
                each_key_and_each_period_is_counted_by_itself,
                large_sums_are_exact_and_never_begin_anew,
            ]
        );
    };
}
