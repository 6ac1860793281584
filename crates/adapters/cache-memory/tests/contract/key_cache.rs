//! What every key cache must do, how much this one keeps, and that nothing that was forgotten comes back.

use std::sync::Arc;

use altus4_api_keys::{
    CachedKey, KeyCache, KeyDigest, KeyHolder,
    testkit::{sample_digest, sample_key},
};
use altus4_cache_memory::{MemoryKeyCache, MemoryKeyCacheConfig};
use altus4_kernel::{AccountId, Clock, Plan, Role, testkit::FixedClock, uuid::Uuid};

altus4_api_keys::key_cache_contract!(tokio::test, MemoryKeyCache::default());

fn account(number: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number))
}

fn known(number: u128, of: u128) -> CachedKey {
    let holder = KeyHolder {
        key: sample_key(number, account(of)),
        role: Role::User,
        plan: Plan::Free,
        found_under: sample_digest(1),
        good_until: None,
    };
    CachedKey { holder: Some(Arc::new(holder)), asked_at: FixedClock::default().now() }
}

fn unknown() -> CachedKey {
    CachedKey { holder: None, asked_at: FixedClock::default().now() }
}

/// Digests as evenly spread as real ones.
fn digest(number: u128) -> KeyDigest {
    let mixed = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835).to_be_bytes();
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(&mixed);
    digest[16..].copy_from_slice(&number.to_be_bytes());
    KeyDigest(digest)
}

#[test]
fn both_bounds_hold_and_unknown_digests_push_out_no_known_key() {
    let cache = MemoryKeyCache::new(MemoryKeyCacheConfig { max_known: 160, max_unknown: 32 });
    for number in 0..2_000 {
        cache.put(digest(number), known(number, 1));
        cache.put(digest(100_000 + number), unknown());
        let (known, unknown) = cache.len();
        assert!(known <= 160 && unknown <= 32, "{known} and {unknown} after {number}");
    }
    let before = cache.len().0;
    for number in 0..10_000 {
        cache.put(digest(200_000 + number), unknown());
    }
    assert_eq!(cache.len(), (before, 32));
}

#[test]
fn forgetting_an_account_forgets_all_its_keys_and_no_others() {
    let cache = MemoryKeyCache::default();
    for number in 0..3_000 {
        cache.put(digest(number), known(number, number % 3));
    }
    cache.forget_account(account(1));
    for number in 0..3_000 {
        assert_eq!(cache.get(&digest(number)).is_none(), number % 3 == 1, "key {number}");
    }
    cache.clear();
    assert!(cache.is_empty());
}

#[test]
fn threads_that_forget_are_obeyed_at_once() {
    let cache = MemoryKeyCache::new(MemoryKeyCacheConfig { max_known: 64, max_unknown: 16 });
    std::thread::scope(|scope| {
        for thread in 0..4_u128 {
            let cache = &cache;
            scope.spawn(move || {
                for number in 0..5_000 {
                    // Each thread has keys of its own, and all push out each other's.
                    let key = thread * 1_000_000 + number % 50;
                    let (id, of_key) = (sample_key(key, account(1)).id, digest(key));
                    cache.put(of_key, known(key, 1));
                    cache.forget_key(id);
                    assert!(cache.get(&of_key).is_none(), "{key} came back");
                    cache.put(of_key, unknown());
                    assert!(cache.get(&of_key).is_none_or(|key| key.holder.is_none()));
                    cache.forget_digest(&of_key);
                    assert!(cache.get(&of_key).is_none());
                    cache.put(of_key, known(key, 1));
                }
            });
        }
    });
}

#[test]
fn debug_shows_no_key() {
    let cache = MemoryKeyCache::default();
    cache.put(digest(1), known(7, 1));
    let shown = format!("{cache:?}");
    assert_eq!(shown, "MemoryKeyCache { known: 1, unknown: 0 }");
}
