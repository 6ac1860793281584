//! The cases of the [`KeyCache`] contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]
#![cfg_attr(not(test), expect(clippy::unused_async, reason = "cases of all contracts are called alike"))]

use std::{sync::Arc, thread, time::Duration};

use altus4_kernel::{Plan, Role};

use super::steps::{account, key_id, start};
use crate::{
    CachedKey, KeyCache, KeyDigest, KeyHolder,
    testkit::{sample_digest, sample_key},
};

fn digest(number: u32) -> KeyDigest {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    KeyDigest(bytes)
}

/// A key of this number, of an account of that one.
fn known(number: u8, owner: u8) -> CachedKey {
    let holder = KeyHolder {
        key: sample_key(number.into(), account(owner)),
        role: Role::User,
        plan: Plan::Pro,
        found_under: sample_digest(number),
        good_until: None,
    };
    CachedKey { holder: Some(Arc::new(holder)), asked_at: start() }
}

fn unknown() -> CachedKey {
    CachedKey { holder: None, asked_at: start() }
}

/// The number of the key that is remembered there; `None` also when there is said to be none.
fn number_at(cache: &dyn KeyCache, place: u32) -> Option<u128> {
    let holder = cache.get(&digest(place))?.holder?;
    Some(holder.key.id.as_uuid().as_u128())
}

/// A key and the time of its question come back; what was never put is not there.
pub async fn what_was_put_is_given(cache: &dyn KeyCache) {
    let put = CachedKey { asked_at: start() + Duration::from_millis(123), ..known(1, 1) };
    cache.put(digest(1), put.clone());
    let found = cache.get(&digest(1)).expect("the key");
    assert_eq!((found.holder, found.asked_at), (put.holder, put.asked_at));
    assert!(cache.get(&digest(2)).is_none());
}

/// Where there was no key, that is known, which is another thing than knowing nothing.
pub async fn that_there_is_no_key_is_remembered_too(cache: &dyn KeyCache) {
    cache.put(digest(1), unknown());
    assert!(cache.get(&digest(1)).is_some_and(|cached| cached.holder.is_none()));
}

/// A key, none, another key, and a later time: what was put last is there.
pub async fn the_last_answer_counts(cache: &dyn KeyCache) {
    let later = CachedKey { asked_at: start() + Duration::from_secs(1), ..known(2, 1) };
    for put in [known(1, 1), unknown(), known(2, 1), later, unknown(), unknown(), known(1, 1)] {
        cache.put(digest(1), put.clone());
        let found = cache.get(&digest(1)).expect("an answer");
        assert_eq!((found.holder, found.asked_at), (put.holder, put.asked_at));
    }
}

/// Any single bit makes another digest.
pub async fn digests_are_told_apart_by_every_bit(cache: &dyn KeyCache) {
    cache.put(KeyDigest([0; 32]), known(1, 1));
    for bit in 0..256 {
        let mut bytes = [0; 32];
        bytes[bit / 8] = 1 << (bit % 8);
        assert!(cache.get(&KeyDigest(bytes)).is_none(), "bit {bit}");
    }
}

/// A key in its grace is found under two digests, and gone from both. Others stay.
pub async fn a_key_is_forgotten_under_all_its_digests(cache: &dyn KeyCache) {
    for place in [1, 2, 3] {
        cache.put(digest(place), known(1, 1));
    }
    cache.put(digest(4), known(2, 1));
    cache.put(digest(5), unknown());
    cache.forget_key(key_id(1));
    assert!([1, 2, 3].into_iter().all(|place| cache.get(&digest(place)).is_none()));
    assert_eq!(number_at(cache, 4), Some(2));
    assert!(cache.get(&digest(5)).is_some());
    cache.forget_key(key_id(99));
    assert_eq!(number_at(cache, 4), Some(2));
}

/// All keys of the account and no others.
pub async fn an_account_is_forgotten_with_all_its_keys(cache: &dyn KeyCache) {
    for number in 1u8..=10 {
        cache.put(digest(number.into()), known(number, 1 + number % 2));
    }
    cache.forget_account(account(1));
    for number in 1u8..=10 {
        let expected = (number % 2 == 1).then_some(u128::from(number));
        assert_eq!(number_at(cache, number.into()), expected, "key {number}");
    }
}

/// Forgetting goes by what is remembered now, not by what was in its place.
pub async fn a_key_that_changed_hands_is_forgotten_by_its_last_answer(cache: &dyn KeyCache) {
    cache.put(digest(1), known(1, 1));
    cache.put(digest(1), known(2, 2));
    cache.forget_key(key_id(1));
    cache.forget_account(account(1));
    assert_eq!(number_at(cache, 1), Some(2));
    cache.forget_key(key_id(2));
    assert!(cache.get(&digest(1)).is_none());
}

/// A digest is forgotten whatever was said of it, and its key stays under others.
pub async fn a_digest_is_forgotten_alone(cache: &dyn KeyCache) {
    cache.put(digest(1), known(1, 1));
    cache.put(digest(2), known(1, 1));
    cache.put(digest(3), unknown());
    cache.forget_digest(&digest(1));
    cache.forget_digest(&digest(3));
    cache.forget_digest(&digest(99));
    assert!(cache.get(&digest(1)).is_none() && cache.get(&digest(3)).is_none());
    assert_eq!(number_at(cache, 2), Some(1));
}

/// Keys and that there are none.
pub async fn everything_can_be_forgotten(cache: &dyn KeyCache) {
    for place in 0..50 {
        cache.put(digest(place), if place % 2 == 0 { known(1, 1) } else { unknown() });
    }
    cache.clear();
    assert!((0..50).all(|place| cache.get(&digest(place)).is_none()));
}

/// Being forgotten doesn't last, in any of the four ways.
pub async fn what_was_forgotten_can_be_put_again(cache: &dyn KeyCache) {
    let ways: [&dyn Fn(); 4] = [
        &|| cache.forget_key(key_id(1)),
        &|| cache.forget_account(account(1)),
        &|| cache.forget_digest(&digest(1)),
        &|| cache.clear(),
    ];
    for forget in ways {
        cache.put(digest(1), known(1, 1));
        forget();
        assert!(cache.get(&digest(1)).is_none());
        cache.put(digest(1), known(1, 1));
        assert_eq!(number_at(cache, 1), Some(1));
    }
}

/// Whoever makes keys up, however many, costs nobody theirs.
pub async fn unknown_digests_push_out_no_key(cache: &dyn KeyCache) {
    for number in 1u8..=100 {
        cache.put(digest(number.into()), known(number, 1));
    }
    for place in 1_000..201_000 {
        cache.put(digest(place), unknown());
    }
    for number in 1u8..=100 {
        assert_eq!(number_at(cache, number.into()), Some(number.into()), "key {number}");
    }
}

/// A forgotten key stays so while other threads put others and ask for it.
pub async fn nothing_forgotten_comes_back_while_others_put(cache: &dyn KeyCache) {
    thread::scope(|scope| {
        for thread in 0..3u32 {
            scope.spawn(move || {
                for round in 0..2_000u32 {
                    let number = u8::try_from(10 + round % 20).unwrap_or(u8::MAX);
                    cache.put(digest(1_000 + thread * 100 + round % 50), known(number, 2));
                }
            });
        }
        for _ in 0..500 {
            cache.put(digest(1), known(1, 1));
            cache.put(digest(2), known(1, 1));
            cache.forget_key(key_id(1));
            assert!(cache.get(&digest(1)).is_none() && cache.get(&digest(2)).is_none());
            cache.put(digest(1), known(1, 1));
            cache.forget_account(account(1));
            assert!(cache.get(&digest(1)).is_none());
        }
    });
}
