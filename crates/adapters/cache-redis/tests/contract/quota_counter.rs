//! What every quota counter must do, exactness between nodes, what Redis is left with, and how counting
//! goes on without it.

use std::sync::Arc;

use altus4_api_keys::{
    Ceiling, FallbackQuotaCounter, QuotaCounter, QuotaKey, ResetPeriod, Taking, Used,
    testkit::InMemoryQuotaCounter,
};
use altus4_cache_redis::RedisQuotaCounter;
use altus4_kernel::{ApiKeyId, Clock, PortErrorKind, testkit::FixedClock, uuid::Uuid};
use altus4_test_support::Redis;

use crate::{kind, nodes, patient, successor, tell, tell_at, until_it_works};

const ONE: Used = Used { requests: 1, spent_microcents: 20 };
const CEILING: Ceiling = Ceiling { requests: Some(1_000), spent_microcents: None };

altus4_api_keys::quota_counter_contract!(tokio::test, node(Redis::shared()).await);

async fn node(redis: &Redis) -> RedisQuotaCounter {
    RedisQuotaCounter::sharing(&patient(redis).await)
}

fn key(period: ResetPeriod) -> QuotaKey {
    let period = period.at(FixedClock::default().now());
    QuotaKey { key: ApiKeyId::from_uuid(Uuid::from_u128(0xB01)), period }
}

/// What is unknown is raised to what the store knows.
async fn is_taken(counter: &dyn QuotaCounter, key: QuotaKey, stored: u64) -> bool {
    loop {
        match counter.take(key, ONE, CEILING).await.expect("take") {
            Taking::Taken(_) => return true,
            Taking::Refused(_) => return false,
            Taking::Unknown => {
                let at_least = Used { requests: stored, ..Used::default() };
                counter.raise(key, at_least).await.expect("raise");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_with_64_clients_take_exactly_1000_of_3000() {
    let nodes: Vec<_> = nodes(Redis::shared()).await.iter().map(RedisQuotaCounter::sharing).collect();
    let clients: Vec<_> = (0..64)
        .map(|client| {
            let node = nodes[client % 3].clone();
            tokio::spawn(async move {
                let mut taken = 0;
                for _ in 0..3_000 / 64 + usize::from(client < 3_000 % 64) {
                    taken += u32::from(is_taken(&node, key(ResetPeriod::Monthly), 0).await);
                }
                taken
            })
        })
        .collect();
    let mut taken = 0;
    for client in clients {
        taken += client.await.expect("no client panics");
    }
    assert_eq!(taken, 1_000);
}

#[tokio::test]
async fn every_key_is_prefixed_and_ends_after_a_period() {
    let redis = Redis::start();
    let counter = node(&redis).await;
    for (period, hours) in [(ResetPeriod::Daily, 24), (ResetPeriod::Weekly, 168), (ResetPeriod::Monthly, 744)]
    {
        assert_eq!(tell(&redis, "FLUSHALL"), "+OK");
        assert!(is_taken(&counter, key(period), 0).await);
        assert!(is_taken(&counter, key(period), 0).await);
        assert_eq!(tell(&redis, "DBSIZE"), ":1");
        let start = key(period).period.start.unix_seconds() * 1_000;
        let end = key(period).period.end.unix_seconds() * 1_000;
        let name = format!("altus4:quota:{}:{start}-{end}", key(period).key);
        let left = tell(&redis, &format!("PTTL {name}"));
        let left_ms: u64 = left.trim_start_matches(':').parse().expect("a time");
        let expected_ms = (hours + 1) * 3_600_000;
        assert!((expected_ms - 60_000..=expected_ms).contains(&left_ms), "{period:?}: {left_ms} ms");
    }
}

#[tokio::test]
async fn with_redis_killed_counting_goes_on_from_the_store_and_comes_back_exact() {
    let mut redis = Redis::start();
    let port = redis.port();
    let cache = patient(&redis).await;
    let shared = Arc::new(RedisQuotaCounter::sharing(&cache));
    let counter = FallbackQuotaCounter::new(shared, Arc::new(InMemoryQuotaCounter::default()));
    let mut stored = 0;
    let mut take = async |calls: u64| {
        let mut taken = 0;
        for _ in 0..calls {
            let one = is_taken(&counter, key(ResetPeriod::Weekly), stored).await;
            stored += u64::from(one);
            taken += u64::from(one);
        }
        taken
    };
    assert_eq!(take(400).await, 400);
    redis.stop();
    assert_eq!(take(300).await, 300);
    let _successor = successor(port).await;
    until_it_works(&cache).await;
    assert_eq!(take(500).await, 300);
    let sum = "EVAL \"return redis.call('HGET',redis.call('KEYS','altus4:quota:*')[1],'requests')+0\" 0";
    assert_eq!(tell_at(port, sum), ":1000", "counted by Redis again");
}

#[tokio::test]
async fn a_redis_that_refuses_to_count_takes_nothing() {
    let redis = Redis::start();
    let counter = node(&redis).await;
    counter.raise(key(ResetPeriod::Daily), ONE).await.expect("raise");
    assert_eq!(tell(&redis, "CONFIG SET maxmemory 1"), "+OK");
    let taking = counter.take(key(ResetPeriod::Daily), ONE, CEILING).await;
    assert_eq!(kind(taking), PortErrorKind::Rejected);
    assert_eq!(kind(counter.raise(key(ResetPeriod::Weekly), ONE).await), PortErrorKind::Rejected);
    let sums = counter.take(key(ResetPeriod::Daily), Used::default(), CEILING).await.expect("sums");
    assert_eq!(sums, Taking::Taken(ONE));
}
