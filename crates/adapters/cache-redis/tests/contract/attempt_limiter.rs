//! What every attempt limiter must do, exactness between nodes, and what Redis is left with.

use std::time::{Duration, Instant};

use altus4_cache_redis::{RedisAttemptLimiter, RedisCache, RedisCacheConfig};
use altus4_kernel::{Cache, Clock, PortErrorKind, PortResult, Timestamp, testkit::FixedClock};
use altus4_test_support::Redis;
use altus4_users::{Admission, AttemptLimiter, Quota};

use crate::{kind, patient, strict, tell};

const QUOTA: Quota = Quota { limit: 10, window: Duration::from_hours(1) };

altus4_users::attempt_limiter_contract!(tokio::test, node(Redis::shared()).await);

async fn node(redis: &Redis) -> RedisAttemptLimiter {
    RedisAttemptLimiter::sharing(&patient(redis).await)
}

fn now() -> Timestamp {
    FixedClock::default().now()
}

async fn admit(limiter: &RedisAttemptLimiter, key: &str, quota: Quota) -> PortResult<Admission> {
    limiter.admit(key, quota, now()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_together_are_admitted_exactly_the_limit() {
    let mut callers = Vec::new();
    for _ in 0..3 {
        let config = RedisCacheConfig {
            call_timeout: Duration::from_secs(20),
            count_timeout: Duration::from_secs(20),
            pool_size: 4,
            ..RedisCacheConfig::new(Redis::shared().url())
        };
        let cache = RedisCache::connect(config).await.expect("Redis is there");
        let node = RedisAttemptLimiter::sharing(&cache);
        for skew_ms in 0..40 {
            let node = node.clone();
            // Their clocks differ, though by less than a second.
            let now = now() + Duration::from_millis(skew_ms * 20);
            callers.push(tokio::spawn(async move { node.admit("nodes", QUOTA, now).await.expect("admit") }));
        }
    }
    let mut admitted = 0;
    for caller in callers {
        admitted += u32::from(caller.await.expect("no caller panics") == Admission::Admitted);
    }
    assert_eq!(admitted, QUOTA.limit);
}

#[tokio::test]
async fn every_key_is_prefixed_and_ends_with_its_window() {
    let redis = Redis::start();
    let limiter = node(&redis).await;
    let minute = Quota::per_minute(2);
    for _ in 0..4 {
        admit(&limiter, "login:address:203.0.113.7", minute).await.expect("admit");
    }
    assert_eq!(tell(&redis, "DBSIZE"), ":1");
    assert_eq!(tell(&redis, "ZCARD altus4:attempts:login:address:203.0.113.7"), ":2");
    let left = tell(&redis, "PTTL altus4:attempts:login:address:203.0.113.7");
    let left_ms: u64 = left.trim_start_matches(':').parse().expect("a time");
    assert!((1..=60_000).contains(&left_ms), "{left_ms} ms");
}

#[tokio::test]
async fn redis_forgets_what_no_longer_counts() {
    let redis = Redis::start();
    let limiter = node(&redis).await;
    let short = Quota { limit: 2, window: Duration::from_millis(20) };
    admit(&limiter, "key", short).await.expect("admit");
    let started = Instant::now();
    while tell(&redis, "EXISTS altus4:attempts:key") == ":1" {
        assert!(started.elapsed() < Duration::from_secs(10), "the key is still there");
    }
}

#[tokio::test]
async fn the_source_of_the_script_is_sent_once() {
    let redis = Redis::start();
    let limiter = node(&redis).await;
    for _ in 0..5 {
        admit(&limiter, "key", QUOTA).await.expect("admit");
    }
    let stats = crate::rate_limiter::command_stats(&redis);
    assert!(stats.contains("cmdstat_eval:calls=1,"), "{stats}");
    assert!(stats.contains("cmdstat_evalsha:calls=5,"), "{stats}");
}

#[tokio::test]
async fn a_flushed_redis_is_counted_in_anew() {
    let redis = Redis::start();
    let limiter = node(&redis).await;
    while admit(&limiter, "key", QUOTA).await.expect("admit") == Admission::Admitted {}
    // Scripts that Redis was told before are gone too.
    assert_eq!(tell(&redis, "FLUSHALL"), "+OK");
    assert_eq!(tell(&redis, "SCRIPT FLUSH"), "+OK");
    assert_eq!(admit(&limiter, "key", QUOTA).await.expect("admit"), Admission::Admitted);
}

#[tokio::test]
async fn with_redis_frozen_attempts_fail_quickly_behind_the_breaker_of_the_cache() {
    let redis = Redis::start();
    let cache = strict(&redis).await;
    let limiter = RedisAttemptLimiter::sharing(&cache);
    redis.freeze();
    while kind(cache.get("x").await) != PortErrorKind::Unavailable {}
    let started = Instant::now();
    let mut kinds = Vec::new();
    for _ in 0..100 {
        kinds.push(kind(admit(&limiter, "key", QUOTA).await));
    }
    let took = started.elapsed();
    assert!(took < Duration::from_secs(2), "100 attempts took {took:?}");
    assert!(kinds.contains(&PortErrorKind::Unavailable), "{kinds:?}");
    let waited = kinds.iter().filter(|kind| **kind == PortErrorKind::Timeout).count() as u64;
    assert!(waited <= 1 + took.as_secs(), "{waited} attempts waited");
    redis.thaw();
    let thawed = Instant::now();
    while admit(&limiter, "key", QUOTA).await.is_err() {
        assert!(thawed.elapsed() < Duration::from_secs(20), "the limiter never came back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    cache.ping().await.expect("and so did the cache");
}

#[tokio::test]
async fn a_redis_that_refuses_to_count_admits_nothing() {
    let redis = Redis::start();
    let limiter = node(&redis).await;
    assert_eq!(tell(&redis, "CONFIG SET maxmemory 1"), "+OK");
    for _ in 0..10 {
        assert_eq!(kind(admit(&limiter, "key", QUOTA).await), PortErrorKind::Rejected);
    }
}

#[tokio::test]
async fn something_else_under_the_key_is_a_refusal() {
    let redis = Redis::start();
    let limiter = node(&redis).await;
    assert_eq!(tell(&redis, "SET altus4:attempts:key x"), "+OK");
    assert_eq!(kind(admit(&limiter, "key", QUOTA).await), PortErrorKind::Rejected);
}

#[tokio::test]
async fn debug_shows_no_password() {
    let redis = Redis::start();
    assert_eq!(tell(&redis, "CONFIG SET requirepass hunter2"), "+OK");
    let config = RedisCacheConfig::new(format!("redis://:hunter2@127.0.0.1:{}", redis.port()));
    let cache = RedisCache::connect(config).await.expect("the right password");
    assert!(!format!("{:?}", RedisAttemptLimiter::sharing(&cache)).contains("hunter2"));
}
