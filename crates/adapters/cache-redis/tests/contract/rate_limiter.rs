//! What every rate limiter must do, exactness between nodes, what Redis is left with, and how counting
//! goes on without it.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_api_keys::{
    FallbackRateLimiter, QuotaCounter, QuotaKey, RateDecision, RateLimiter, RatePolicy, ResetPeriod, Used,
    testkit::InMemoryRateLimiter,
};
use altus4_cache_redis::{RedisQuotaCounter, RedisRateLimiter};
use altus4_kernel::{ApiKeyId, Cache, Clock, PortErrorKind, Timestamp, testkit::FixedClock, uuid::Uuid};
use altus4_test_support::Redis;

use crate::{kind, nodes, patient, strict, successor, tell};

const FREE: RatePolicy = RatePolicy { limit: 1_000, block: Duration::from_mins(5) };
const SMALL: RatePolicy = RatePolicy { limit: 10, ..FREE };

altus4_api_keys::rate_limiter_contract!(tokio::test, node(Redis::shared()).await);

async fn node(redis: &Redis) -> RedisRateLimiter {
    RedisRateLimiter::sharing(&patient(redis).await)
}

fn now() -> Timestamp {
    FixedClock::default().now()
}

async fn is_admitted(limiter: &dyn RateLimiter, subject: &str, policy: RatePolicy) -> bool {
    matches!(limiter.take(subject, policy, now()).await.expect("take"), RateDecision::Admitted(_))
}

async fn admitted(limiter: &dyn RateLimiter, subject: &str, calls: u32) -> u32 {
    let mut admitted = 0;
    for _ in 0..calls {
        admitted += u32::from(is_admitted(limiter, subject, SMALL).await);
    }
    admitted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_with_64_clients_let_exactly_1000_of_3000_requests_through() {
    let nodes: Vec<_> = nodes(Redis::shared()).await.iter().map(RedisRateLimiter::sharing).collect();
    let clients: Vec<_> = (0..64_u64)
        .map(|client| {
            let node = nodes[usize::try_from(client).expect("small") % 3].clone();
            // Their clocks differ, though by less than a second.
            let now = now() + Duration::from_millis(client % 3 * 450);
            tokio::spawn(async move {
                let mut admitted = 0;
                for _ in 0..3_000 / 64 + u64::from(client < 3_000 % 64) {
                    let decision = node.take("key:nodes", FREE, now).await.expect("take");
                    admitted += u32::from(matches!(decision, RateDecision::Admitted(_)));
                }
                admitted
            })
        })
        .collect();
    let mut admitted = 0;
    for client in clients {
        admitted += client.await.expect("no client panics");
    }
    assert_eq!(admitted, FREE.limit);
    for node in &nodes {
        let status = node.peek("key:nodes", FREE, now()).await.expect("peek");
        assert_eq!(status.used, FREE.limit);
    }
}

#[tokio::test]
async fn every_key_is_prefixed_and_ends_when_nothing_of_it_counts() {
    let redis = Redis::start();
    let limiter = node(&redis).await;
    limiter.peek("key:1", FREE, now()).await.expect("peek");
    assert_eq!(tell(&redis, "DBSIZE"), ":0", "looking leaves nothing");
    let left_ms = || {
        let left = tell(&redis, "PTTL altus4:rate:key:1");
        left.trim_start_matches(':').parse::<i64>().expect("a time")
    };
    let short = RatePolicy { limit: 1, block: Duration::from_mins(5) };
    assert!(is_admitted(&limiter, "key:1", short).await);
    assert_eq!(tell(&redis, "DBSIZE"), ":1");
    assert!((3_600_000..=3_630_000).contains(&left_ms()), "{} ms", left_ms());
    let long = RatePolicy { limit: 1, block: Duration::from_hours(3) };
    assert!(!is_admitted(&limiter, "key:1", long).await);
    assert!((10_790_000..=10_830_000).contains(&left_ms()), "{} ms", left_ms());
}

#[tokio::test]
async fn a_key_that_calls_for_hours_stays_small_in_redis() {
    let redis = Redis::start();
    let limiter = node(&redis).await;
    for step in 0..800 {
        let now = now() + RatePolicy::STEP * step;
        limiter.take("key:1", FREE, now).await.expect("take");
    }
    // Each step that counts, and used, oldest and newest.
    assert_eq!(tell(&redis, "HLEN altus4:rate:key:1"), ":364");
}

#[tokio::test]
async fn a_refused_call_writes_nothing() {
    let redis = Redis::start();
    let limiter = node(&redis).await;
    while is_admitted(&limiter, "key:1", SMALL).await {}
    // It refuses any write from now on.
    assert_eq!(tell(&redis, "CONFIG SET min-replicas-to-write 1"), "+OK");
    for _ in 0..5 {
        assert!(!is_admitted(&limiter, "key:1", SMALL).await);
    }
    assert_eq!(kind(limiter.take("key:2", SMALL, now()).await), PortErrorKind::Rejected);
}

#[tokio::test]
async fn a_flushed_redis_is_counted_in_anew() {
    let redis = Redis::start();
    let limiter = node(&redis).await;
    while is_admitted(&limiter, "key:1", SMALL).await {}
    // Scripts that Redis was told before are gone too.
    assert_eq!(tell(&redis, "FLUSHALL"), "+OK");
    assert_eq!(tell(&redis, "SCRIPT FLUSH"), "+OK");
    assert!(is_admitted(&limiter, "key:1", SMALL).await);
}

#[tokio::test]
async fn the_source_of_a_script_is_sent_once() {
    let redis = Redis::start();
    let cache = patient(&redis).await;
    let (limiter, quotas) = (RedisRateLimiter::sharing(&cache), RedisQuotaCounter::sharing(&cache));
    let key = QuotaKey { key: ApiKeyId::from_uuid(Uuid::from_u128(1)), period: ResetPeriod::Daily.at(now()) };
    for _ in 0..5 {
        limiter.take("key:1", SMALL, now()).await.expect("take");
        limiter.peek("key:1", SMALL, now()).await.expect("peek");
        quotas.raise(key, Used::default()).await.expect("raise");
        quotas.take(key, Used::default(), altus4_api_keys::Ceiling::default()).await.expect("take");
    }
    let stats = command_stats(&redis);
    assert!(stats.contains("cmdstat_eval:calls=3,"), "three scripts: {stats}");
    assert!(stats.contains("cmdstat_evalsha:calls=20,"), "{stats}");
}

pub(crate) fn command_stats(redis: &Redis) -> String {
    let mut client = TcpStream::connect(("127.0.0.1", redis.port())).expect("Redis listens");
    client.write_all(b"INFO commandstats\r\nQUIT\r\n").expect("Redis reads");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("Redis answers");
    answer
}

#[tokio::test]
async fn with_redis_frozen_calls_fail_quickly_behind_the_breaker_of_the_cache() {
    let redis = Redis::start();
    let cache = strict(&redis).await;
    let limiter = RedisRateLimiter::sharing(&cache);
    redis.freeze();
    while kind(cache.get("x").await) != PortErrorKind::Unavailable {}
    let started = Instant::now();
    let mut kinds = Vec::new();
    for _ in 0..100 {
        kinds.push(kind(limiter.take("key:1", SMALL, now()).await));
        kinds.push(kind(limiter.peek("key:1", SMALL, now()).await));
    }
    let took = started.elapsed();
    assert!(took < Duration::from_secs(2), "200 calls took {took:?}");
    let waited = kinds.iter().filter(|kind| **kind == PortErrorKind::Timeout).count() as u64;
    assert!(waited <= 1 + took.as_secs(), "{waited} calls waited");
    redis.thaw();
    let thawed = Instant::now();
    while limiter.take("key:1", SMALL, now()).await.is_err() {
        assert!(thawed.elapsed() < Duration::from_secs(20), "the limiter never came back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    cache.ping().await.expect("and so did the cache");
}

#[tokio::test]
async fn with_redis_killed_each_node_counts_for_itself_and_then_together_again() {
    let mut redis = Redis::start();
    let port = redis.port();
    let caches = [patient(&redis).await, patient(&redis).await];
    let nodes = caches.each_ref().map(|cache| {
        let shared = Arc::new(RedisRateLimiter::sharing(cache));
        FallbackRateLimiter::new(shared, Arc::new(InMemoryRateLimiter::default()))
    });
    assert_eq!(admitted(&nodes[0], "key:1", 6).await + admitted(&nodes[1], "key:1", 6).await, 10);
    redis.stop();
    for node in &nodes {
        assert_eq!(admitted(node, "key:1", 20).await, 10, "neither more nor less, each by itself");
    }
    let _successor = successor(port).await;
    for cache in &caches {
        crate::until_it_works(cache).await;
    }
    assert_eq!(admitted(&nodes[0], "key:2", 6).await + admitted(&nodes[1], "key:2", 6).await, 10);
}

#[tokio::test]
async fn a_redis_that_refuses_to_count_admits_nothing() {
    let redis = Redis::start();
    let limiter = node(&redis).await;
    assert!(is_admitted(&limiter, "key:old", SMALL).await);
    assert_eq!(tell(&redis, "CONFIG SET maxmemory 1"), "+OK");
    for subject in ["key:old", "key:new"] {
        for _ in 0..10 {
            assert_eq!(kind(limiter.take(subject, SMALL, now()).await), PortErrorKind::Rejected);
        }
    }
    assert_eq!(tell(&redis, "CONFIG SET maxmemory 0"), "+OK");
    assert_eq!(limiter.peek("key:old", SMALL, now()).await.expect("peek").used, 1);
}

#[tokio::test]
async fn something_else_under_the_key_is_a_refusal() {
    let redis = Redis::start();
    let limiter = node(&redis).await;
    assert_eq!(tell(&redis, "SET altus4:rate:key:1 x"), "+OK");
    assert_eq!(kind(limiter.take("key:1", SMALL, now()).await), PortErrorKind::Rejected);
}
