//! What every adapter of these ports must do, against a real Redis, and how these behave when Redis is
//! gone.

#[path = "contract/attempt_limiter.rs"]
mod attempt_limiter;
#[path = "contract/changes.rs"]
mod changes;
#[path = "contract/quota_counter.rs"]
mod quota_counter;
#[path = "contract/rate_limiter.rs"]
mod rate_limiter;

use std::{
    fmt::Debug,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::Stdio,
    time::{Duration, Instant},
};

use altus4_cache_redis::{RedisCache, RedisCacheConfig, RedisFault};
use altus4_kernel::{Cache, PortErrorKind, PortResult, System};
use altus4_test_support::{Redis, free_port};
use tokio::process::{Child, Command};

const MINUTE: Duration = Duration::from_mins(1);

altus4_kernel::cache_contract!(tokio::test, patient(Redis::shared()).await);

/// A cache with time for a machine that builds something else meanwhile.
async fn patient(redis: &Redis) -> RedisCache {
    let config = RedisCacheConfig {
        call_timeout: Duration::from_secs(20),
        count_timeout: Duration::from_secs(20),
        ..RedisCacheConfig::new(redis.url())
    };
    RedisCache::connect(config).await.expect("Redis is there")
}

/// A cache with the limits of a running service.
async fn strict(redis: &Redis) -> RedisCache {
    RedisCache::connect(RedisCacheConfig::new(redis.url())).await.expect("Redis is there")
}

async fn fault(url: &str) -> RedisFault {
    RedisCache::connect(RedisCacheConfig::new(url)).await.expect_err("no cache at this URL")
}

fn kind<T: Debug>(result: PortResult<T>) -> PortErrorKind {
    let error = result.expect_err("Redis does not answer");
    assert_eq!(error.system, System::Cache);
    error.kind
}

/// Sends one command as a plain client would, and gives the first line of the answer.
fn tell(redis: &Redis, command: &str) -> String {
    tell_at(redis.port(), command)
}

fn tell_at(port: u16, command: &str) -> String {
    let mut client = TcpStream::connect(("127.0.0.1", port)).expect("Redis listens");
    client.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    client.write_all(format!("{command}\r\n").as_bytes()).expect("Redis reads");
    let mut answer = [0; 256];
    let length = client.read(&mut answer).expect("Redis answers");
    String::from_utf8_lossy(&answer[..length]).lines().next().unwrap_or_default().to_owned()
}

/// Another Redis in the place of one that was stopped, empty, until this is dropped.
async fn successor(port: u16) -> Child {
    let server = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("redis-server can be started");
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(started.elapsed() < Duration::from_secs(30), "Redis did not come back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server
}

/// Three nodes: adapters that share nothing but the Redis they are connected to.
async fn nodes(redis: &Redis) -> Vec<RedisCache> {
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let config = RedisCacheConfig {
            call_timeout: Duration::from_secs(20),
            count_timeout: Duration::from_secs(20),
            pool_size: 4,
            ..RedisCacheConfig::new(redis.url())
        };
        nodes.push(RedisCache::connect(config).await.expect("Redis is there"));
    }
    nodes
}

/// Calls until one succeeds; how long that took.
async fn until_it_works(cache: &RedisCache) -> Duration {
    let started = Instant::now();
    while cache.put("back", b"yes", MINUTE).await.is_err() {
        assert!(started.elapsed() < Duration::from_secs(20), "the cache never came back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    started.elapsed()
}

#[tokio::test]
async fn every_key_is_prefixed_and_every_value_ends() {
    let redis = Redis::start();
    let cache = patient(&redis).await;
    cache.put("search:1", b"x", MINUTE).await.expect("put");
    assert_eq!(tell(&redis, "EXISTS altus4:search:1"), ":1");
    assert_eq!(tell(&redis, "DBSIZE"), ":1");
    let left_ms: u64 = tell(&redis, "PTTL altus4:search:1").trim_start_matches(':').parse().expect("a time");
    assert!((1..=60_000).contains(&left_ms), "{left_ms} ms");
}

#[tokio::test]
async fn any_length_of_time_is_accepted() {
    let cache = patient(Redis::shared()).await;
    cache.put("for ever", b"x", Duration::MAX).await.expect("put");
    assert!(cache.get("for ever").await.expect("get").is_some());
    cache.put("almost nothing", b"x", Duration::from_micros(999)).await.expect("put");
    assert_eq!(cache.get("almost nothing").await.expect("get"), None);
}

#[tokio::test]
async fn large_values_and_odd_keys_come_back_as_they_were() {
    let cache = patient(Redis::shared()).await;
    let value: Vec<u8> = (0..=255).cycle().take(2_000_000).collect();
    let key = "odd: \r\n\0 ключ \"'";
    cache.put(key, &value, MINUTE).await.expect("put");
    assert!(cache.get(key).await.expect("get") == Some(value));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_callers_than_connections_all_get_their_own_answer() {
    let config = RedisCacheConfig {
        call_timeout: Duration::from_secs(20),
        pool_size: 3,
        ..RedisCacheConfig::new(Redis::shared().url())
    };
    let cache = RedisCache::connect(config).await.expect("Redis is there");
    let callers: Vec<_> = (0..200)
        .map(|number| {
            let cache = cache.clone();
            tokio::spawn(async move {
                let (key, value) = (format!("caller:{number}"), format!("value {number}"));
                cache.put(&key, value.as_bytes(), MINUTE).await.expect("put");
                assert_eq!(cache.get(&key).await.expect("get"), Some(value.into_bytes()));
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no caller panics");
    }
}

#[tokio::test]
async fn with_redis_killed_calls_fail_quickly_and_work_again_once_it_is_back() {
    let mut redis = Redis::start();
    let port = redis.port();
    let cache = strict(&redis).await;
    until_it_works(&cache).await;
    redis.stop();

    let started = Instant::now();
    for _ in 0..20 {
        let kind = kind(cache.get("back").await);
        assert!(matches!(kind, PortErrorKind::Unavailable | PortErrorKind::Timeout), "{kind:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(2), "20 calls took {:?}", started.elapsed());
    assert!(matches!(kind(cache.ping().await), PortErrorKind::Unavailable | PortErrorKind::Timeout));

    let _successor = successor(port).await;
    let took = until_it_works(&cache).await;
    assert!(took < Duration::from_secs(4), "it took {took:?} to notice");
    assert_eq!(cache.get("back").await.expect("get").as_deref(), Some(&b"yes"[..]));
    cache.ping().await.expect("ping");
}

#[tokio::test]
async fn with_redis_frozen_calls_time_out_and_then_are_not_made() {
    let redis = Redis::start();
    let cache = strict(&redis).await;
    until_it_works(&cache).await;
    redis.freeze();

    let started = Instant::now();
    let mut kinds = Vec::new();
    for _ in 0..200 {
        kinds.push(kind(cache.get("back").await));
    }
    let took = started.elapsed();
    assert_eq!(kinds[0], PortErrorKind::Timeout);
    assert!(took < Duration::from_secs(3), "200 calls took {took:?}");
    // Five calls find out; after that one each second tries again and all others fail at once.
    let timeouts = kinds.iter().filter(|kind| **kind == PortErrorKind::Timeout).count() as u64;
    assert!((5..=6 + took.as_secs()).contains(&timeouts), "{timeouts} calls waited");
    let at_once = kinds.iter().filter(|kind| **kind == PortErrorKind::Unavailable).count() as u64;
    assert_eq!(timeouts + at_once, 200, "{kinds:?}");
    assert_eq!(kind(cache.ping().await), PortErrorKind::Timeout, "a ping asks anyway");

    redis.thaw();
    let took = until_it_works(&cache).await;
    assert!(took < Duration::from_secs(4), "it took {took:?} to notice");
}

#[tokio::test]
async fn a_ping_that_is_answered_lets_calls_through_again() {
    let redis = Redis::start();
    let cache = strict(&redis).await;
    redis.freeze();
    while kind(cache.get("x").await) != PortErrorKind::Unavailable {}
    redis.thaw();
    let started = Instant::now();
    while cache.ping().await.is_err() {
        assert!(started.elapsed() < Duration::from_secs(20), "no ping is answered");
    }
    until_it_works(&cache).await;
}

#[tokio::test]
async fn a_refusal_by_redis_is_not_taken_for_its_absence() {
    let redis = Redis::start();
    let cache = patient(&redis).await;
    assert_eq!(tell(&redis, "CONFIG SET maxmemory 1"), "+OK");
    for _ in 0..10 {
        assert_eq!(kind(cache.put("key", b"x", MINUTE).await), PortErrorKind::Rejected);
    }
    assert_eq!(cache.get("key").await.expect("reading still works"), None);
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_named() {
    let port = free_port();
    let fault = fault(&format!("redis://user:hunter2@127.0.0.1:{port}")).await;
    assert!(matches!(fault, RedisFault::Unreachable { .. }), "{fault:?}");
    let sentence = fault.to_string();
    assert!(sentence.contains(&format!("127.0.0.1:{port}")), "{sentence}");
    assert!(!sentence.contains("hunter2") && !sentence.contains("user"), "{sentence}");
}

#[tokio::test]
async fn a_name_without_an_address_is_named() {
    let fault = fault("redis://:hunter2@no-such-host.invalid:7000").await;
    let sentence = fault.to_string();
    assert!(sentence.contains("no-such-host.invalid:7000"), "{sentence}");
    assert!(!sentence.contains("hunter2"), "{sentence}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_told_as_such() {
    let mute = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = mute.local_addr().expect("its address").to_string();
    let started = Instant::now();
    let fault = fault(&format!("redis://:hunter2@{address}")).await;
    assert!(matches!(fault, RedisFault::Silent { .. }), "{fault:?}");
    assert!(fault.to_string().contains(&address), "{fault}");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_refused_login_is_told_as_such() {
    let redis = Redis::start();
    assert_eq!(tell(&redis, "CONFIG SET requirepass hunter2"), "+OK");
    let port = redis.port();
    for login in ["", ":hunter3@", "someone:hunter2@"] {
        let fault = fault(&format!("redis://{login}127.0.0.1:{port}")).await;
        assert!(matches!(fault, RedisFault::Login { .. }), "{login}: {fault:?}");
        let sentence = fault.to_string();
        assert!(sentence.contains(&format!("127.0.0.1:{port}")), "{sentence}");
        assert!(!sentence.contains("hunter"), "{sentence}");
    }
    let right = RedisCacheConfig::new(format!("redis://:hunter2@127.0.0.1:{port}"));
    RedisCache::connect(right).await.expect("the right password");
}

#[tokio::test]
async fn a_password_that_changes_later_is_not_permitted() {
    let redis = Redis::start();
    let cache = patient(&redis).await;
    assert_eq!(tell(&redis, "CONFIG SET requirepass hunter2"), "+OK");
    // Connections from before stay logged in; new ones are refused.
    assert_eq!(kind(reconnecting(&redis, &cache).await), PortErrorKind::NotPermitted);
}

/// A call after all connections of the server were closed.
async fn reconnecting(redis: &Redis, cache: &RedisCache) -> PortResult<Option<Vec<u8>>> {
    let mut client = TcpStream::connect(("127.0.0.1", redis.port())).expect("Redis listens");
    client.write_all(b"AUTH hunter2\r\nCLIENT KILL TYPE normal\r\n").expect("Redis reads");
    let mut answer = [0; 256];
    while client.read(&mut answer).expect("Redis answers") == 0 {}
    cache.get("key").await
}

#[tokio::test]
async fn a_database_number_that_redis_lacks_is_told() {
    let fault = fault(&format!("{}/4000", Redis::shared().url())).await;
    assert!(matches!(fault, RedisFault::Refused { .. }), "{fault:?}");
    assert!(fault.to_string().contains("database"), "{fault}");
}

#[tokio::test]
async fn debug_shows_neither_url_nor_password() {
    let redis = Redis::start();
    assert_eq!(tell(&redis, "CONFIG SET requirepass hunter2"), "+OK");
    let config = RedisCacheConfig::new(format!("redis://:hunter2@127.0.0.1:{}", redis.port()));
    assert!(!format!("{config:?}").contains("hunter2"));
    let cache = RedisCache::connect(config).await.expect("the right password");
    assert!(!format!("{cache:?}").contains("hunter2"));
}
