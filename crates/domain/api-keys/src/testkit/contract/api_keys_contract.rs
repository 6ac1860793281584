//! The cases of the [`ApiKeyRepository`](crate::ApiKeyRepository) contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use altus4_kernel::{
    ApiKeyId, Environment, Permission, PermissionSet, Plan, PortResult, Role, testkit::sample_event,
    uuid::Uuid,
};
use futures::future::join_all;

use super::steps::{account, events, find, key_of};
use crate::{
    ApiKey, FIRST_KEY_CONSTRAINT, KeyDigest, KeyHolder, KeyName, StoredDigest,
    testkit::{ApiKeysSubject, sample_digest, sample_key, sample_secret},
};

/// Stores a key as an account's first, with an event of its id.
async fn insert(subject: &dyn ApiKeysSubject, key: &ApiKey, digest: u8) -> PortResult<()> {
    let event = sample_event(key.id.as_uuid().as_u128(), key.account_id);
    subject.keys().insert_first(key, &sample_secret(digest), &event).await
}

async fn store(subject: &dyn ApiKeysSubject, key: &ApiKey, digest: u8) {
    insert(subject, key, digest).await.expect("insert");
}

async fn found_key(subject: &dyn ApiKeysSubject, digest: u8) -> Option<ApiKey> {
    find(subject, &[sample_digest(digest)]).await.map(|holder| holder.key)
}

/// Every part of a key comes back, with its account's role and plan.
pub async fn a_key_is_found_as_it_was_stored(subject: &dyn ApiKeysSubject) {
    subject.add_account(account(1), Role::Admin, Plan::Enterprise).await;
    let key = ApiKey {
        environment: Environment::Live,
        tier: Plan::Pro,
        prefix: "altus4_sk_live_abcdefghij-_ABC".into(),
        ..sample_key(1, account(1))
    };
    store(subject, &key, 1).await;
    let holder = find(subject, &[sample_digest(1)]).await;
    let (found_under, good_until) = (sample_digest(1), None);
    let expected = KeyHolder { key, role: Role::Admin, plan: Plan::Enterprise, found_under, good_until };
    assert_eq!(holder, Some(expected));
}

/// Each permission alone, all, and none.
pub async fn every_set_of_permissions_survives(subject: &dyn ApiKeysSubject) {
    let single = Permission::ALL.map(|permission| PermissionSet::of(&[permission]));
    let sets = [PermissionSet::ALL, PermissionSet::default()].into_iter().chain(single);
    for (number, permissions) in (1u8..).zip(sets) {
        let key = ApiKey { permissions, ..key_of(subject, number).await };
        store(subject, &key, number).await;
        assert_eq!(found_key(subject, number).await, Some(key));
    }
}

/// Names may be written in any script, at full length.
pub async fn names_of_any_script_survive(subject: &dyn ApiKeysSubject) {
    let longest = "🦀".repeat(255);
    for (number, name) in (1u8..).zip(["Žluťoučký kůň", "鍵です", "it's \\ \"quoted\" `x`; --", &longest])
    {
        let name = KeyName::parse(name).expect("a name");
        let key = ApiKey { name, ..key_of(subject, number).await };
        store(subject, &key, number).await;
        assert_eq!(found_key(subject, number).await, Some(key));
    }
}

/// Times come back with their milliseconds, neither cut nor rounded.
pub async fn times_survive_to_the_millisecond(subject: &dyn ApiKeysSubject) {
    for (number, millis) in [(1u8, 1), (2, 120), (3, 500), (4, 999)] {
        let mut key = key_of(subject, number).await;
        key.created_at = key.created_at + Duration::from_millis(millis);
        key.updated_at = key.created_at + Duration::from_millis(1);
        key.expires_at = Some(key.created_at + Duration::from_millis(2));
        key.revoked_at = Some(key.created_at + Duration::from_millis(3));
        store(subject, &key, number).await;
        assert_eq!(found_key(subject, number).await, Some(key));
    }
}

/// Digests are bytes: every bit counts, and zeros, quotes and blanks are bytes like others. The
/// server secret's id counts too.
pub async fn a_key_is_found_by_its_own_digest_alone(subject: &dyn ApiKeysSubject) {
    let bytes = [0, b' ', b'a', b'A', b'\'', b'\\', 0x80, 0xff];
    for (number, byte) in (1u8..).zip(bytes) {
        let key = key_of(subject, number).await;
        store(subject, &key, byte).await;
    }
    for (number, byte) in (1u128..).zip(bytes) {
        let key = found_key(subject, byte).await.expect("the key");
        assert_eq!(key.id, ApiKeyId::from_uuid(Uuid::from_u128(number)));
        let mut digest = [byte; 32];
        digest[31] ^= 1;
        let other = StoredDigest { digest: KeyDigest(digest), ..sample_digest(byte) };
        assert_eq!(find(subject, &[other]).await, None);
        let other_secret = StoredDigest { secret_id: "k2".into(), ..sample_digest(byte) };
        assert_eq!(find(subject, &[other_secret]).await, None);
    }
}

/// One matching digest is enough, at any place among any number.
pub async fn any_of_several_digests_finds_the_key(subject: &dyn ApiKeysSubject) {
    let key = key_of(subject, 1).await;
    store(subject, &key, 1).await;
    for count in 1..=10 {
        for place in 0..count {
            let mut digests: Vec<_> = (100..100 + count).map(sample_digest).collect();
            digests[usize::from(place)] = sample_digest(1);
            let found = find(subject, &digests).await.map(|holder| holder.key);
            assert_eq!(found.as_ref(), Some(&key), "digest {place} of {count}");
        }
    }
}

/// Without a digest there is nothing to find.
pub async fn no_digest_finds_nothing(subject: &dyn ApiKeysSubject) {
    let key = key_of(subject, 1).await;
    store(subject, &key, 0).await;
    assert_eq!(find(subject, &[]).await, None);
    assert_eq!(found_key(subject, 1).await, None);
}

/// Revoked and expired keys are found: what they are good for is for the domain to say.
pub async fn a_key_is_found_whatever_its_status(subject: &dyn ApiKeysSubject) {
    let mut revoked = key_of(subject, 1).await;
    revoked.revoked_at = Some(revoked.created_at);
    let mut expired = key_of(subject, 2).await;
    expired.expires_at = Some(expired.created_at);
    store(subject, &revoked, 1).await;
    store(subject, &expired, 2).await;
    assert_eq!(found_key(subject, 1).await, Some(revoked));
    assert_eq!(found_key(subject, 2).await, Some(expired));
}

/// An account has one first key; the second is refused and not stored.
pub async fn a_second_key_is_a_conflict(subject: &dyn ApiKeysSubject) {
    let first = key_of(subject, 1).await;
    store(subject, &first, 1).await;
    let refused = insert(subject, &sample_key(2, account(1)), 2).await;
    let refused = refused.expect_err("a conflict");
    assert!(refused.is_conflict_on(FIRST_KEY_CONSTRAINT), "{refused:?}");
    assert_eq!(found_key(subject, 2).await, None);
    assert_eq!(found_key(subject, 1).await, Some(first));
}

/// A key that was taken back was the first all the same.
pub async fn a_revoked_key_counts_too(subject: &dyn ApiKeysSubject) {
    let mut first = key_of(subject, 1).await;
    first.revoked_at = Some(first.created_at);
    store(subject, &first, 1).await;
    let refused = insert(subject, &sample_key(2, account(1)), 2).await;
    assert!(refused.expect_err("a conflict").is_conflict_on(FIRST_KEY_CONSTRAINT));
}

/// Of many first keys at once, one is stored and the others are conflicts.
pub async fn first_keys_at_once_make_one_key(subject: &dyn ApiKeysSubject) {
    subject.add_account(account(1), Role::User, Plan::Pro).await;
    let attempts = (1u8..=8).map(|number| async move {
        let key = sample_key(number.into(), account(1));
        insert(subject, &key, number).await
    });
    let outcomes = join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    for refused in outcomes.into_iter().filter_map(Result::err) {
        assert!(refused.is_conflict_on(FIRST_KEY_CONSTRAINT), "{refused:?}");
    }
    let mut stored = 0;
    for number in 1u8..=8 {
        stored += u8::from(found_key(subject, number).await.is_some());
    }
    assert_eq!(stored, 1);
}

/// One account's key is no matter of another's.
pub async fn each_account_has_a_first_key_of_its_own(subject: &dyn ApiKeysSubject) {
    let (first, second) = (key_of(subject, 1).await, key_of(subject, 2).await);
    store(subject, &first, 1).await;
    store(subject, &second, 2).await;
    assert_eq!(found_key(subject, 1).await, Some(first));
    assert_eq!(found_key(subject, 2).await, Some(second));
}

/// There is no key without an account.
pub async fn a_key_of_an_unknown_account_is_refused(subject: &dyn ApiKeysSubject) {
    let key = sample_key(1, account(1));
    let refused = insert(subject, &key, 1).await.expect_err("no such account");
    assert!(!refused.is_conflict_on(FIRST_KEY_CONSTRAINT), "{refused:?}");
    assert_eq!(found_key(subject, 1).await, None);
}

/// A deactivated account's key is not found, and its plan isn't either.
pub async fn a_deactivated_account_lets_nobody_in(subject: &dyn ApiKeysSubject) {
    let (key, other) = (key_of(subject, 1).await, key_of(subject, 2).await);
    store(subject, &key, 1).await;
    store(subject, &other, 2).await;
    subject.deactivate(account(1)).await;
    assert_eq!(found_key(subject, 1).await, None);
    assert_eq!(subject.keys().plan_of(account(1)).await.expect("plan of"), None);
    assert_eq!(found_key(subject, 2).await, Some(other));
}

/// Plans are told of accounts that exist.
pub async fn the_plan_of_an_account_is_told(subject: &dyn ApiKeysSubject) {
    for (number, plan) in (1u8..).zip(Plan::ALL) {
        subject.add_account(account(number), Role::User, plan).await;
        assert_eq!(subject.keys().plan_of(account(number)).await.expect("plan of"), Some(plan));
    }
    assert_eq!(subject.keys().plan_of(account(9)).await.expect("plan of"), None);
}

/// A key that is stored has its event, one that isn't has none; and where the event can't be kept,
/// the key isn't either.
pub async fn a_key_and_its_event_are_kept_together(subject: &dyn ApiKeysSubject) {
    let first = key_of(subject, 1).await;
    store(subject, &first, 1).await;
    let kept = [sample_event(1, account(1))];
    assert_eq!(events(subject).await, kept);
    insert(subject, &sample_key(2, account(1)), 2).await.expect_err("a conflict");
    insert(subject, &sample_key(3, account(9)), 3).await.expect_err("no such account");

    let other = key_of(subject, 4).await;
    let taken = sample_event(1, account(4));
    subject
        .keys()
        .insert_first(&other, &sample_secret(4), &taken)
        .await
        .expect_err("the event's id is taken");
    assert_eq!(found_key(subject, 4).await, None);
    assert_eq!(events(subject).await, kept);
}
