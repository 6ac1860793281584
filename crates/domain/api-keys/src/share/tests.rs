//! That a caller gets its share of a busy node, neither more nor less, and all of an idle one.

use altus4_kernel::{AccountId, ApiKeyId, Clock, testkit::FixedClock, uuid::Uuid};

use super::*;

const ALWAYS: usize = 0;

fn key(number: u128) -> Subject {
    Subject::Key(ApiKeyId::from_uuid(Uuid::from_u128(number)))
}

fn share(busy_at: usize) -> FairShare {
    FairShare::new(Tiers::default(), busy_at)
}

fn at(seconds: u64) -> Timestamp {
    FixedClock::default().now() + Duration::from_secs(seconds)
}

/// How many of these requests, one after the other, are let in at `now`.
fn let_in(share: &FairShare, subject: Subject, now: Timestamp, requests: usize) -> usize {
    (0..requests).filter(|_| share.enter(subject, Plan::Free, now).is_ok()).count()
}

fn refused(seconds: u64) -> ShareExceeded {
    ShareExceeded { retry_after: Duration::from_secs(seconds) }
}

#[test]
fn while_there_is_room_nobody_is_held_back() {
    let share = share(256);
    let passes: Vec<_> = (0..255).map(|_| share.enter(key(1), Plan::Free, at(0)).expect("room")).collect();
    assert_eq!(share.in_flight(), 255);
    drop(passes);
    assert_eq!(let_in(&share, key(1), at(0), 3_000), 3_000);
    assert_eq!(share.in_flight(), 0);
}

#[test]
fn on_a_busy_node_a_caller_gets_the_concurrency_of_its_tier() {
    for (tier, concurrent) in [(Plan::Free, 3), (Plan::Pro, 10), (Plan::Enterprise, 50)] {
        let share = share(ALWAYS);
        let mut passes: Vec<_> =
            (0..concurrent).map(|_| share.enter(key(1), tier, at(0)).expect("its share")).collect();
        assert_eq!(share.enter(key(1), tier, at(0)).expect_err("one more"), refused(1));
        assert!(share.enter(key(2), tier, at(0)).is_ok(), "another caller has a share of its own");
        passes.pop();
        assert!(share.enter(key(1), tier, at(0)).is_ok(), "one has ended");
    }
}

#[test]
fn a_node_that_becomes_busy_holds_back_those_who_have_more_than_their_share() {
    let share = share(10);
    let greedy: Vec<_> = (0..9).map(|_| share.enter(key(1), Plan::Free, at(0)).expect("room")).collect();
    let _modest = share.enter(key(2), Plan::Free, at(0)).expect("the last place");
    assert_eq!(share.enter(key(1), Plan::Free, at(0)).expect_err("busy"), refused(1));
    let _second = share.enter(key(2), Plan::Free, at(0)).expect("its second of three");
    drop(greedy);
    assert!(share.enter(key(1), Plan::Free, at(0)).is_ok(), "there is room again");
}

#[test]
fn on_a_busy_node_a_caller_gets_the_burst_of_its_tier_in_ten_seconds() {
    let share = share(ALWAYS);
    assert_eq!(let_in(&share, key(1), at(0), 30), 30);
    assert_eq!(let_in(&share, key(1), at(4), 30), 20);
    assert_eq!(share.enter(key(1), Plan::Free, at(4)).expect_err("50 in 4 s"), refused(6));
    assert_eq!(let_in(&share, key(1), at(9), 10), 0);
    assert_eq!(let_in(&share, key(1), at(10), 60), 30, "those of the first second have left");
    assert_eq!(let_in(&share, key(1), at(14), 60), 20);
    assert_eq!(let_in(&share, key(1), at(1_000), 60), 50);
}

#[test]
fn who_waits_as_told_is_let_in() {
    let share = share(ALWAYS);
    let mut now = at(0);
    for round in 0..40_u64 {
        let_in(&share, key(1), now, usize::try_from(round % 7).expect("small") * 9);
        if let Err(refusal) = share.enter(key(1), Plan::Free, now) {
            assert!((1..=10).contains(&refusal.retry_after.as_secs()), "{refusal:?}");
            now = now + refusal.retry_after;
            assert!(share.enter(key(1), Plan::Free, now).is_ok(), "round {round}");
        }
        now = now + Duration::from_secs(round % 3);
    }
}

#[test]
fn refused_requests_do_not_count() {
    let share = share(ALWAYS);
    assert_eq!(let_in(&share, key(1), at(0), 50), 50);
    for second in 1..10 {
        assert_eq!(let_in(&share, key(1), at(second), 100), 0);
    }
    assert_eq!(let_in(&share, key(1), at(10), 100), 50);
    assert_eq!(share.in_flight(), 0);
}

#[test]
fn a_key_and_an_account_of_one_id_are_two_callers() {
    let share = share(ALWAYS);
    let account = Subject::Account(AccountId::from_uuid(Uuid::from_u128(1)));
    assert_eq!(let_in(&share, key(1), at(0), 60), 50);
    assert_eq!(let_in(&share, account, at(0), 60), 50);
}

#[test]
fn a_clock_that_is_set_back_holds_nobody_back_for_longer() {
    let share = share(ALWAYS);
    assert_eq!(let_in(&share, key(1), at(5_000), 60), 50);
    assert_eq!(let_in(&share, key(1), at(4_999), 60), 0, "a moment behind");
    assert_eq!(let_in(&share, key(1), at(0), 60), 50);
}

#[test]
fn callers_without_traffic_are_forgotten() {
    let share = share(ALWAYS);
    let held = share.enter(key(7), Plan::Free, at(0)).expect("its share");
    for round in 0..20 {
        for number in 0..5_000 {
            let_in(&share, key(round * 5_000 + number), at(u64::try_from(round).expect("small") * 11), 1);
        }
        let kept: usize =
            share.0.shards.iter().map(|shard| shard.lock().expect("a shard").callers.len()).sum();
        assert!(kept <= 5_001, "{kept} after round {round}");
    }
    assert_eq!(share.in_flight(), 1);
    drop(held);
    assert_eq!(share.in_flight(), 0);
}

#[test]
fn threads_together_never_have_more_than_their_share() {
    let share = share(ALWAYS);
    let most = AtomicUsize::new(0);
    let now = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for second in 0..2_000 {
                    if let Ok(_pass) = share.enter(key(1), Plan::Free, at(second)) {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    assert!(most.load(Ordering::SeqCst) <= 3, "{most:?} at once");
    assert_eq!(share.in_flight(), 0);
}
