//! What every rate limiter must do, exactness between threads, and how long and of how many counts are
//! kept.

use std::{sync::Barrier, thread, time::Duration};

use altus4_api_keys::{RateDecision, RateLimiter, RatePolicy};
use altus4_cache_memory::{MemoryRateLimiter, MemoryRateLimiterConfig};
use altus4_kernel::{
    Clock, Timestamp,
    testkit::{FixedClock, block_on},
};

const FREE: RatePolicy = RatePolicy { limit: 1_000, block: Duration::from_mins(5) };

altus4_api_keys::rate_limiter_contract!(tokio::test, MemoryRateLimiter::default());

fn now() -> Timestamp {
    FixedClock::default().now()
}

async fn is_admitted(limiter: &MemoryRateLimiter, subject: &str, policy: RatePolicy) -> bool {
    matches!(limiter.take(subject, policy, now()).await.expect("take"), RateDecision::Admitted(_))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_together_are_admitted_exactly_the_limit() {
    for round in 0..5 {
        let limiter = MemoryRateLimiter::default();
        let tasks: Vec<_> = (0..64)
            .map(|task| {
                let limiter = limiter.clone();
                tokio::spawn(async move {
                    let mut admitted = [0; 2];
                    for call in 0..3_000 / 64 + usize::from(task < 3_000 % 64) {
                        // The second key is called rarely, and gets all it asks for.
                        let key = usize::from(call % 16 == 0);
                        let taken = is_admitted(&limiter, &format!("key:{key}"), FREE).await;
                        admitted[key] += u32::from(taken);
                    }
                    admitted
                })
            })
            .collect();
        let mut admitted = [0; 2];
        for task in tasks {
            let of_task = task.await.expect("no task panics");
            admitted = [admitted[0] + of_task[0], admitted[1] + of_task[1]];
        }
        assert_eq!(admitted, [FREE.limit, 192], "round {round}");
    }
}

#[test]
fn of_first_requests_at_once_one_window_is_begun() {
    let once = RatePolicy { limit: 1, ..FREE };
    for round in 0..500 {
        let (limiter, start) = (MemoryRateLimiter::default(), Barrier::new(8));
        let admitted: u32 = thread::scope(|scope| {
            let first = || {
                start.wait();
                u32::from(block_on(is_admitted(&limiter, "key:1", once)))
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(first)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no thread panics")).sum()
        });
        assert_eq!(admitted, 1, "round {round}");
    }
}

#[tokio::test]
async fn keeps_no_more_subjects_than_its_bound() {
    let limiter = MemoryRateLimiter::new(MemoryRateLimiterConfig { max_subjects: 100 });
    for number in 0..1_000 {
        assert!(is_admitted(&limiter, &format!("key:{number}"), FREE).await);
        assert!(limiter.subjects() <= 100, "{} subjects after {number}", limiter.subjects());
    }
}

#[tokio::test]
async fn other_subjects_do_not_wash_away_one_that_is_calling() {
    let limiter = MemoryRateLimiter::new(MemoryRateLimiterConfig { max_subjects: 100 });
    let policy = RatePolicy { limit: 5, ..FREE };
    while is_admitted(&limiter, "key:busy", policy).await {}
    for number in 0..1_000 {
        is_admitted(&limiter, &format!("key:{number}"), policy).await;
        if number % 50 == 0 {
            assert!(!is_admitted(&limiter, "key:busy", policy).await, "admitted again after {number}");
        }
    }
}

#[tokio::test]
async fn a_refused_subject_that_comes_back_when_told_finds_its_count() {
    let limiter = MemoryRateLimiter::default();
    let policy = RatePolicy { limit: 2, block: Duration::from_hours(30) };
    for _ in 0..3 {
        limiter.take("key:1", policy, now()).await.expect("take");
    }
    let later = limiter.peek("key:1", policy, now() + Duration::from_hours(29)).await.expect("peek");
    assert_eq!(later.blocked_until, Some(now() + policy.block));
    assert_eq!(limiter.subjects(), 1);
}

#[tokio::test]
async fn looking_at_a_subject_keeps_nothing_of_it() {
    let limiter = MemoryRateLimiter::default();
    limiter.peek("key:1", FREE, now()).await.expect("peek");
    assert_eq!(limiter.subjects(), 0);
}

#[tokio::test]
async fn debug_shows_no_subject() {
    let limiter = MemoryRateLimiter::default();
    is_admitted(&limiter, "key:canary", FREE).await;
    assert!(!format!("{limiter:?}").contains("canary"));
}
