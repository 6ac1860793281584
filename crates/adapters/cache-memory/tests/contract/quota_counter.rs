//! What every quota counter must do, exactness between threads, and the bound on keys.

use std::time::Duration;

use altus4_api_keys::{Ceiling, Period, QuotaCounter, QuotaKey, ResetPeriod, Taking, Used};
use altus4_cache_memory::{MemoryQuotaCounter, MemoryQuotaCounterConfig};
use altus4_kernel::{ApiKeyId, Clock, testkit::FixedClock, uuid::Uuid};

const ONE: Used = Used { requests: 1, spent_microcents: 0 };

altus4_api_keys::quota_counter_contract!(tokio::test, MemoryQuotaCounter::default());

fn key(number: u128) -> QuotaKey {
    let period = ResetPeriod::Weekly.at(FixedClock::default().now());
    QuotaKey { key: ApiKeyId::from_uuid(Uuid::from_u128(number)), period }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_together_take_exactly_the_ceiling_though_others_raise_meanwhile() {
    let ceiling = Ceiling { requests: Some(1_000), spent_microcents: None };
    let counter = MemoryQuotaCounter::default();
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let counter = counter.clone();
            tokio::spawn(async move {
                let mut taken = 0;
                for _ in 0..47 {
                    loop {
                        match counter.take(key(1), ONE, ceiling).await.expect("take") {
                            Taking::Taken(_) => taken += 1,
                            Taking::Refused(_) => {}
                            Taking::Unknown => {
                                counter.raise(key(1), Used { requests: 10, ..ONE }).await.expect("raise");
                                continue;
                            }
                        }
                        break;
                    }
                }
                taken
            })
        })
        .collect();
    let mut taken = 0;
    for task in tasks {
        taken += task.await.expect("no task panics");
    }
    assert_eq!(taken, 990);
}

#[tokio::test]
async fn a_key_that_was_pushed_out_is_unknown_rather_than_new() {
    let counter = MemoryQuotaCounter::new(MemoryQuotaCounterConfig { max_keys: 10 });
    for number in 0..100 {
        counter.raise(key(number), ONE).await.expect("raise");
        assert!(counter.keys() <= 10);
    }
    let first = counter.take(key(0), ONE, Ceiling::default()).await.expect("take");
    assert_eq!(first, Taking::Unknown);
}

#[tokio::test]
async fn sums_of_the_past_are_given_back() {
    let counter = MemoryQuotaCounter::default();
    let start = FixedClock::default().now();
    let short = QuotaKey { period: Period { start, end: start + Duration::from_millis(20) }, ..key(1) };
    counter.raise(short, ONE).await.expect("raise");
    let started = std::time::Instant::now();
    while counter.keys() > 0 {
        assert!(started.elapsed() < Duration::from_secs(10), "the key is still there");
    }
    let taking = counter.take(short, ONE, Ceiling::default()).await.expect("take");
    assert_eq!(taking, Taking::Unknown);
}
