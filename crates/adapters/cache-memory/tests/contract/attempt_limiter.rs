//! What every attempt limiter must do, exactness between threads, and the bound on keys.

use std::time::Duration;

use altus4_cache_memory::{MemoryAttemptLimiter, MemoryAttemptLimiterConfig};
use altus4_kernel::{Clock, Timestamp, testkit::FixedClock};
use altus4_users::{Admission, AttemptLimiter, Quota};

const QUOTA: Quota = Quota { limit: 10, window: Duration::from_hours(1) };

altus4_users::attempt_limiter_contract!(tokio::test, MemoryAttemptLimiter::default());

fn now() -> Timestamp {
    FixedClock::default().now()
}

fn bounded(max_keys: u64) -> MemoryAttemptLimiter {
    MemoryAttemptLimiter::new(MemoryAttemptLimiterConfig { max_keys })
}

async fn is_admitted(limiter: &MemoryAttemptLimiter, key: &str) -> bool {
    limiter.admit(key, QUOTA, now()).await.expect("admit") == Admission::Admitted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_together_are_admitted_exactly_the_limit() {
    for round in 0..50 {
        let limiter = MemoryAttemptLimiter::default();
        let callers: Vec<_> = (0..8)
            .map(|caller| {
                let limiter = limiter.clone();
                tokio::spawn(async move {
                    let mut admitted = [0; 2];
                    for attempt in 0..20 {
                        let key = (caller + attempt) % 2;
                        admitted[key] += u32::from(is_admitted(&limiter, &format!("key {key}")).await);
                    }
                    admitted
                })
            })
            .collect();
        let mut admitted = [0; 2];
        for caller in callers {
            let of_caller = caller.await.expect("no caller panics");
            admitted = [admitted[0] + of_caller[0], admitted[1] + of_caller[1]];
        }
        assert_eq!(admitted, [QUOTA.limit; 2], "round {round}");
    }
}

#[tokio::test]
async fn keeps_no_more_keys_than_its_bound() {
    let limiter = bounded(100);
    for number in 0..1000 {
        assert!(is_admitted(&limiter, &format!("address {number}")).await);
        assert!(limiter.keys() <= 100, "{} keys after {number}", limiter.keys());
    }
}

#[tokio::test]
async fn a_new_key_is_counted_although_the_limiter_is_full_of_busier_ones() {
    let limiter = bounded(20);
    for attempt in 0..1000 {
        is_admitted(&limiter, &format!("busy {}", attempt % 20)).await;
    }
    let mut admitted = 0;
    for _ in 0..25 {
        admitted += u32::from(is_admitted(&limiter, "new").await);
        // Asking makes room now, rather than some time.
        assert!(limiter.keys() <= 20);
    }
    assert_eq!(admitted, QUOTA.limit);
}

#[tokio::test]
async fn a_flood_of_keys_does_not_wash_away_one_that_is_being_tried() {
    let limiter = bounded(100);
    while is_admitted(&limiter, "victim").await {}
    for number in 0..1000 {
        is_admitted(&limiter, &format!("address {number}")).await;
        if number % 50 == 0 {
            assert!(!is_admitted(&limiter, "victim").await, "admitted again after {number} others");
        }
    }
}

#[tokio::test]
async fn counts_of_the_past_are_given_back() {
    let limiter = MemoryAttemptLimiter::default();
    let short = Quota { limit: 10, window: Duration::from_millis(20) };
    limiter.admit("key", short, now()).await.expect("admit");
    let started = std::time::Instant::now();
    while limiter.keys() > 0 {
        assert!(started.elapsed() < Duration::from_secs(10), "the key is still there");
    }
}

#[tokio::test]
async fn a_bound_of_none_still_counts_one_key() {
    let limiter = bounded(0);
    for attempt in 0..20 {
        assert_eq!(is_admitted(&limiter, "key").await, attempt < 10);
    }
}

#[tokio::test]
async fn clones_share_the_counts() {
    let limiter = MemoryAttemptLimiter::default();
    while is_admitted(&limiter.clone(), "key").await {}
    assert!(!is_admitted(&limiter, "key").await);
}

#[tokio::test]
async fn debug_shows_no_key() {
    let limiter = MemoryAttemptLimiter::default();
    is_admitted(&limiter, "login:email:ada@example.com").await;
    assert!(!format!("{limiter:?}").contains("ada"));
}
