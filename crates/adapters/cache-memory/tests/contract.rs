//! What every adapter of these ports must do, and the bounds that are these ones' own.

#[path = "contract/answer_cache.rs"]
mod answer_cache;
#[path = "contract/attempt_limiter.rs"]
mod attempt_limiter;
#[path = "contract/embedding_cache.rs"]
mod embedding_cache;
#[path = "contract/key_cache.rs"]
mod key_cache;
#[path = "contract/quota_counter.rs"]
mod quota_counter;
#[path = "contract/rate_limiter.rs"]
mod rate_limiter;

use std::time::{Duration, Instant};

use altus4_cache_memory::{MemoryCache, MemoryCacheConfig};
use altus4_kernel::Cache;

const MINUTE: Duration = Duration::from_mins(1);
const KIB: usize = 1024;

altus4_kernel::cache_contract!(tokio::test, MemoryCache::default());

fn bounded(max_bytes: u64) -> MemoryCache {
    MemoryCache::new(MemoryCacheConfig { max_bytes })
}

#[tokio::test]
async fn stays_within_its_bytes_bound_after_every_put() {
    const BOUND: u64 = 64 * KIB as u64;
    let cache = bounded(BOUND);
    for number in 0..1000 {
        cache.put(&format!("key:{number}"), &[7; 3 * KIB], MINUTE).await.expect("put");
        assert!(cache.used_bytes() <= BOUND, "{} bytes after put {number}", cache.used_bytes());
    }
    let mut kept = 0;
    for number in 0..1000 {
        kept += cache.get(&format!("key:{number}")).await.expect("get").map_or(0, |value| value.len());
    }
    assert!(kept > 0 && kept as u64 <= BOUND, "{kept} bytes are still there");
}

#[tokio::test]
async fn many_empty_values_are_bounded_too() {
    let cache = bounded(64 * KIB as u64);
    for number in 0..1000 {
        cache.put(&number.to_string(), b"", MINUTE).await.expect("put");
    }
    let mut kept = 0;
    for number in 0..1000 {
        kept += usize::from(cache.get(&number.to_string()).await.expect("get").is_some());
    }
    assert!((1..=256).contains(&kept), "{kept} values are still there");
}

#[tokio::test]
async fn one_large_value_pushes_out_as_many_small_ones_as_it_takes() {
    const BOUND: u64 = 1024 * KIB as u64;
    let cache = bounded(BOUND);
    for number in 0..5000 {
        cache.put(&number.to_string(), b"", MINUTE).await.expect("put");
    }
    cache.put("large", &vec![1; 1000 * KIB], MINUTE).await.expect("put");
    assert!(cache.get("large").await.expect("get").is_some());
    assert!(cache.used_bytes() <= BOUND);
}

#[tokio::test]
async fn the_newest_value_is_kept_when_the_cache_is_full() {
    let cache = bounded(16 * KIB as u64);
    for number in 0..100 {
        let key = number.to_string();
        cache.put(&key, &[1; KIB], MINUTE).await.expect("put");
        assert!(cache.get(&key).await.expect("get").is_some(), "value {number} was turned away");
    }
}

#[tokio::test]
async fn a_value_larger_than_the_cache_is_not_kept_and_takes_nothing_else_with_it() {
    let cache = bounded(16 * KIB as u64);
    cache.put("small", b"x", MINUTE).await.expect("put");
    cache.put("large", &vec![1; 17 * KIB], MINUTE).await.expect("put");
    assert_eq!(cache.get("large").await.expect("get"), None);
    assert_eq!(cache.get("small").await.expect("get").as_deref(), Some(&b"x"[..]));
}

#[tokio::test]
async fn a_value_that_grows_beyond_the_bound_is_dropped_alone() {
    let cache = bounded(16 * KIB as u64);
    cache.put("other", b"x", MINUTE).await.expect("put");
    cache.put("key", b"small", MINUTE).await.expect("put");
    cache.put("key", &vec![1; 17 * KIB], MINUTE).await.expect("put larger");
    assert!(cache.used_bytes() <= 16 * KIB as u64);
    assert_eq!(cache.get("key").await.expect("get"), None);
    assert!(cache.get("other").await.expect("get").is_some());
}

#[tokio::test]
async fn putting_again_begins_the_time_anew() {
    let cache = MemoryCache::default();
    cache.put("longer", b"old", Duration::from_millis(20)).await.expect("put");
    cache.put("longer", b"new", MINUTE).await.expect("put again");
    cache.put("shorter", b"old", MINUTE).await.expect("put");
    cache.put("shorter", b"new", Duration::from_millis(20)).await.expect("put again");
    let started = Instant::now();
    while cache.get("shorter").await.expect("get").is_some() {
        assert!(started.elapsed() < Duration::from_secs(10), "the shorter time was not taken");
    }
    assert_eq!(cache.get("longer").await.expect("get").as_deref(), Some(&b"new"[..]));
}

#[tokio::test]
async fn any_length_of_time_is_accepted() {
    let cache = MemoryCache::default();
    cache.put("for ever", b"x", Duration::MAX).await.expect("put");
    assert!(cache.get("for ever").await.expect("get").is_some());
    cache.put("almost nothing", b"x", Duration::from_micros(999)).await.expect("put");
    assert_eq!(cache.get("almost nothing").await.expect("get"), None);
}

#[tokio::test]
async fn a_cache_of_no_size_keeps_nothing() {
    let cache = bounded(0);
    cache.put("key", b"x", MINUTE).await.expect("put");
    assert_eq!(cache.get("key").await.expect("get"), None);
}

#[tokio::test]
async fn clones_share_what_is_kept() {
    let cache = MemoryCache::default();
    cache.clone().put("key", b"x", MINUTE).await.expect("put");
    assert!(cache.get("key").await.expect("get").is_some());
}

#[tokio::test]
async fn debug_shows_neither_keys_nor_values() {
    let cache = MemoryCache::default();
    cache.put("search:canary", b"canary", MINUTE).await.expect("put");
    let shown = format!("{cache:?}");
    assert!(!shown.contains("canary") && !shown.contains("99, 97, 110"), "{shown}");
}
