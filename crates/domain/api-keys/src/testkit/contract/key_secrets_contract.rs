//! Cases of the [`ApiKeyRepository`](crate::ApiKeyRepository) contract: secrets that are replaced,
//! moved, sealed and taken back.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use altus4_kernel::{PortResult, SealedSecret, Timestamp, testkit::sample_event};
use futures::future::join_all;

use super::steps::{
    account, event, events, find, get, insert, insert_under, key_id, key_of, start, two_accounts,
};
use crate::{
    ApiKey, LegacyKeys, StoredDigest, StoredSecret,
    testkit::{ApiKeysSubject, sample_digest, sample_key, sample_secret},
};

const SECOND: Duration = Duration::from_secs(1);

/// A secret under this digest that can be shown again.
fn sealed(byte: u8) -> StoredSecret {
    let text = format!("sealed {byte} {}", "x".repeat(200));
    StoredSecret { sealed: Some(SealedSecret(text)), ..sample_secret(byte) }
}

/// The digest of these bytes under an older server secret.
fn old_digest(byte: u8) -> StoredDigest {
    StoredDigest { secret_id: "k0".to_owned(), ..sample_digest(byte) }
}

fn old_secret(byte: u8) -> StoredSecret {
    StoredSecret { digest: old_digest(byte), ..sample_secret(byte) }
}

async fn revoke(
    subject: &dyn ApiKeysSubject,
    owner: u8,
    number: u8,
    at: Timestamp,
    event_number: u8,
) -> Option<Timestamp> {
    let event = event(event_number);
    subject.keys().revoke(account(owner), key_id(number), at, &event).await.expect("revoke")
}

/// Gives the key 1 of the account 1 a new secret, with an event of this number.
async fn replace(
    subject: &dyn ApiKeysSubject,
    secret: &StoredSecret,
    good_until: Timestamp,
    at: Timestamp,
    event_number: u8,
) -> Option<ApiKey> {
    let event = event(event_number);
    let replaced = subject.keys().replace_secret(account(1), key_id(1), secret, good_until, at, &event).await;
    replaced.expect("replace secret")
}

async fn sealed_of(subject: &dyn ApiKeysSubject, owner: u8, number: u8) -> Option<SealedSecret> {
    subject.keys().sealed_secret(account(owner), key_id(number)).await.expect("sealed secret")
}

/// Until when a digest is good; `None` when it finds nothing.
async fn goodness(subject: &dyn ApiKeysSubject, digest: &StoredDigest) -> Option<Option<Timestamp>> {
    let holder = find(subject, std::slice::from_ref(digest)).await?;
    assert_eq!(holder.found_under, *digest);
    Some(holder.good_until)
}

async fn move_digest(subject: &dyn ApiKeysSubject, number: u8, old: &StoredDigest, new: &StoredDigest) {
    subject.keys().move_digest(key_id(number), old, new).await.expect("move digest");
}

async fn legacy(subject: &dyn ApiKeysSubject, owner: u8, now: Timestamp) -> LegacyKeys {
    subject.keys().legacy_keys(account(owner), "k1", now).await.expect("legacy keys")
}

/// A key is found as one that was taken back, by all its digests; what was sealed is gone. Doing it
/// again tells when that was, and is no event.
pub async fn a_key_is_taken_back_once(subject: &dyn ApiKeysSubject) {
    let key = key_of(subject, 1).await;
    insert_under(subject, &key, &sealed(1)).await.expect("insert");
    replace(subject, &sealed(11), start() + SECOND, start(), 1).await.expect("the key");
    let at = start() + Duration::from_millis(1_001);
    assert_eq!(revoke(subject, 1, 1, at, 2).await, Some(at));
    let kept = events(subject).await;
    assert_eq!(kept.first(), Some(&event(2)));
    assert_eq!(revoke(subject, 1, 1, at + SECOND, 3).await, Some(at));
    assert_eq!(events(subject).await, kept);
    let expected = ApiKey { revoked_at: Some(at), regenerated_at: Some(start()), ..key };
    assert_eq!(get(subject, 1, 1).await, expected);
    for byte in [1, 11] {
        let found = find(subject, &[sample_digest(byte)]).await.map(|holder| holder.key);
        assert_eq!(found.as_ref(), Some(&expected), "digest {byte}");
    }
    assert_eq!(sealed_of(subject, 1, 1).await, None);
}

/// All are told the same moment, and one event is kept.
pub async fn a_key_taken_back_by_many_at_once_is_taken_back_once(subject: &dyn ApiKeysSubject) {
    two_accounts(subject).await;
    let before = events(subject).await.len();
    let tries = (1u8..=8).map(|number| revoke(subject, 1, 1, start() + SECOND * number.into(), number));
    let told = join_all(tries).await;
    let revoked_at = get(subject, 1, 1).await.revoked_at;
    assert!(revoked_at.is_some() && told.iter().all(|moment| *moment == revoked_at), "{told:?}");
    assert_eq!(events(subject).await.len(), before + 1);
}

/// Another's key and one that never was are not there, and where the event can't be kept the key
/// goes on.
pub async fn a_key_is_taken_back_by_its_own_account_alone(subject: &dyn ApiKeysSubject) {
    two_accounts(subject).await;
    let before = events(subject).await;
    for (owner, number) in [(1, 2), (2, 1), (1, 99), (99, 1)] {
        assert_eq!(revoke(subject, owner, number, start(), 1).await, None, "{owner} {number}");
    }
    let taken = sample_event(1, account(1));
    let refused = subject.keys().revoke(account(1), key_id(1), start(), &taken).await;
    refused.expect_err("the event's id is taken");
    for (owner, number) in [(1, 1), (2, 2)] {
        assert_eq!(get(subject, owner, number).await.revoked_at, None);
    }
    assert_eq!(events(subject).await, before);
}

/// The key is found under both, under the old one for a while; its settings stay.
pub async fn a_new_secret_replaces_the_old_one(subject: &dyn ApiKeysSubject) {
    let key = two_accounts(subject).await;
    let (at, good_until) = (start() + SECOND, start() + Duration::from_millis(3_600_001));
    let secret = StoredSecret { prefix: "altus4_sk_test_BBBBBBBBBBBBBBB".to_owned(), ..sample_secret(11) };
    let prefix = secret.prefix.clone();
    let expected = ApiKey { prefix, regenerated_at: Some(at), updated_at: at, ..key };
    assert_eq!(replace(subject, &secret, good_until, at, 1).await, Some(expected.clone()));
    assert_eq!(get(subject, 1, 1).await, expected);
    assert_eq!(goodness(subject, &sample_digest(11)).await, Some(None));
    assert_eq!(goodness(subject, &sample_digest(1)).await, Some(Some(good_until)));
    let holder = find(subject, &[sample_digest(1)]).await.expect("the key");
    assert_eq!(holder.key, expected);
    assert_eq!(events(subject).await.first(), Some(&event(1)));
    assert_eq!(goodness(subject, &sample_digest(2)).await, Some(None), "another's key");
}

/// One secret at the most is in its grace.
pub async fn the_secret_before_the_last_is_no_more(subject: &dyn ApiKeysSubject) {
    two_accounts(subject).await;
    let good_until = start() + Duration::from_hours(1);
    replace(subject, &sample_secret(11), good_until, start(), 1).await.expect("the key");
    replace(subject, &sample_secret(12), good_until + SECOND, start(), 2).await.expect("the key");
    assert_eq!(goodness(subject, &sample_digest(1)).await, None);
    assert_eq!(goodness(subject, &sample_digest(11)).await, Some(Some(good_until + SECOND)));
    assert_eq!(goodness(subject, &sample_digest(12)).await, Some(None));
}

/// Without grace the old secret is good for no moment more.
pub async fn a_secret_without_grace_ends_at_once(subject: &dyn ApiKeysSubject) {
    two_accounts(subject).await;
    let at = start() + SECOND;
    replace(subject, &sample_secret(11), at, at, 1).await.expect("the key");
    let old = goodness(subject, &sample_digest(1)).await;
    assert!(old.is_none_or(|good_until| good_until.is_some_and(|end| end <= at)), "{old:?}");
}

/// Of many new secrets at once one is the key's, the one before it is in its grace, and the first
/// one is no more.
pub async fn secrets_replaced_at_once_leave_one(subject: &dyn ApiKeysSubject) {
    two_accounts(subject).await;
    let good_until = start() + Duration::from_hours(1);
    let secrets: Vec<_> = (11..=16).map(sample_secret).collect();
    let tries = (1u8..).zip(&secrets).map(|(n, secret)| replace(subject, secret, good_until, start(), n));
    assert!(join_all(tries).await.iter().all(Option::is_some));
    let (mut present, mut former) = (0, 0);
    for secret in &secrets {
        match goodness(subject, &secret.digest).await {
            None => {}
            Some(None) => present += 1,
            Some(Some(_)) => former += 1,
        }
    }
    assert_eq!((present, former), (1, 1));
    assert_eq!(goodness(subject, &sample_digest(1)).await, None);
}

/// Neither another's key, nor one that was taken back, nor one that never was.
pub async fn what_is_not_there_gets_no_secret(subject: &dyn ApiKeysSubject) {
    two_accounts(subject).await;
    insert(subject, &ApiKey { revoked_at: Some(start()), ..sample_key(3, account(1)) }).await;
    let before = events(subject).await;
    for (owner, number) in [(1, 2), (2, 1), (1, 3), (1, 99), (99, 1)] {
        let (secret, at) = (sample_secret(11), start());
        let replaced =
            subject.keys().replace_secret(account(owner), key_id(number), &secret, at, at, &event(1)).await;
        assert_eq!(replaced.expect("replace secret"), None, "{owner} {number}");
    }
    assert_eq!(goodness(subject, &sample_digest(11)).await, None);
    for byte in [1, 2, 3] {
        assert_eq!(goodness(subject, &sample_digest(byte)).await, Some(None));
    }
    assert_eq!(events(subject).await, before);
}

/// What was sealed comes back as it is, and is replaced with its secret.
pub async fn a_sealed_secret_is_given_to_its_own_account_alone(subject: &dyn ApiKeysSubject) {
    two_accounts(subject).await;
    let expired = ApiKey { expires_at: Some(start()), ..sample_key(3, account(1)) };
    insert_under(subject, &expired, &sealed(3)).await.expect("insert");
    assert_eq!(sealed_of(subject, 1, 3).await, sealed(3).sealed);
    for (owner, number) in [(2, 3), (1, 1), (1, 2), (1, 99), (99, 3)] {
        assert_eq!(sealed_of(subject, owner, number).await, None, "{owner} {number}");
    }
    replace(subject, &sealed(11), start(), start(), 1).await.expect("the key");
    assert_eq!(sealed_of(subject, 1, 1).await, sealed(11).sealed);
    replace(subject, &sample_secret(12), start(), start(), 2).await.expect("the key");
    assert_eq!(sealed_of(subject, 1, 1).await, None);
}

/// Where the event can't be kept, the secret stays; where the digest is another's, too.
pub async fn a_secret_and_its_event_are_kept_together(subject: &dyn ApiKeysSubject) {
    let key = two_accounts(subject).await;
    let before = events(subject).await;
    let replace = async |secret: StoredSecret, event| -> PortResult<Option<ApiKey>> {
        let at = start() + SECOND;
        subject.keys().replace_secret(account(1), key_id(1), &secret, at, at, &event).await
    };
    replace(sample_secret(11), sample_event(1, account(1))).await.expect_err("the event's id is taken");
    assert_eq!(goodness(subject, &sample_digest(11)).await, None);
    replace(sample_secret(2), event(1)).await.expect_err("the digest is taken");
    assert_eq!(goodness(subject, &sample_digest(1)).await, Some(None));
    assert_eq!(get(subject, 1, 1).await, key);
    assert_eq!(get(subject, 2, 2).await, sample_key(2, account(2)));
    assert_eq!(events(subject).await, before);
}

/// The key is found under the new digest alone, and is the same, sealed secret and all. Doing it
/// again, or many at once, changes nothing more.
pub async fn a_digest_is_moved_and_nothing_else(subject: &dyn ApiKeysSubject) {
    let key = key_of(subject, 1).await;
    let secret = StoredSecret { digest: old_digest(1), ..sealed(1) };
    insert_under(subject, &key, &secret).await.expect("insert");
    let before = events(subject).await;
    let (old, new) = (old_digest(1), sample_digest(11));
    join_all((0..4).map(|_| move_digest(subject, 1, &old, &new))).await;
    move_digest(subject, 1, &old, &new).await;
    assert_eq!(goodness(subject, &old_digest(1)).await, None);
    assert_eq!(goodness(subject, &sample_digest(11)).await, Some(None));
    assert_eq!(get(subject, 1, 1).await, key);
    assert_eq!(sealed_of(subject, 1, 1).await, secret.sealed);
    assert_eq!(events(subject).await, before);
}

/// A secret in its grace stays good as long as it was, and the present one stays where it is.
pub async fn a_digest_in_its_grace_is_moved_too(subject: &dyn ApiKeysSubject) {
    let key = key_of(subject, 1).await;
    insert_under(subject, &key, &old_secret(1)).await.expect("insert");
    let good_until = start() + Duration::from_hours(1);
    let present = old_secret(2);
    replace(subject, &present, good_until, start(), 1).await.expect("the key");
    move_digest(subject, 1, &old_digest(1), &sample_digest(11)).await;
    assert_eq!(goodness(subject, &old_digest(1)).await, None);
    assert_eq!(goodness(subject, &sample_digest(11)).await, Some(Some(good_until)));
    assert_eq!(goodness(subject, &old_digest(2)).await, Some(None));
    move_digest(subject, 1, &old_digest(2), &sample_digest(12)).await;
    assert_eq!(goodness(subject, &sample_digest(12)).await, Some(None));
    assert_eq!(goodness(subject, &sample_digest(11)).await, Some(Some(good_until)));
}

/// Another digest, another server secret, another key: nothing is moved.
pub async fn a_digest_is_moved_from_where_it_is_alone(subject: &dyn ApiKeysSubject) {
    two_accounts(subject).await;
    for (number, old) in
        [(1, sample_digest(9)), (1, old_digest(1)), (2, sample_digest(1)), (99, sample_digest(1))]
    {
        move_digest(subject, number, &old, &sample_digest(11)).await;
    }
    assert_eq!(goodness(subject, &sample_digest(11)).await, None);
    for byte in [1, 2] {
        assert_eq!(goodness(subject, &sample_digest(byte)).await, Some(None));
    }
}

/// Those of the account that are stored under any other server secret, until they are moved or get a
/// new one.
pub async fn keys_under_an_older_secret_are_counted(subject: &dyn ApiKeysSubject) {
    two_accounts(subject).await;
    for number in 3u8..=5 {
        let key = sample_key(number.into(), account(1));
        insert_under(subject, &key, &old_secret(number)).await.expect("insert");
    }
    insert_under(subject, &sample_key(6, account(2)), &old_secret(6)).await.expect("insert");
    let count = async |owner| legacy(subject, owner, start()).await.count;
    assert_eq!((count(1).await, count(2).await, count(99).await), (3, 1, 0));
    move_digest(subject, 3, &old_digest(3), &sample_digest(13)).await;
    assert_eq!((count(1).await, count(2).await), (2, 1));
    let (secret, at) = (sample_secret(14), start());
    let good_until = at + SECOND;
    let replaced =
        subject.keys().replace_secret(account(1), key_id(4), &secret, good_until, at, &event(1)).await;
    assert!(replaced.expect("replace secret").is_some());
    assert_eq!((count(1).await, count(2).await), (1, 1));
    let all = subject.keys().legacy_keys(account(1), "k2", start()).await.expect("legacy keys");
    assert_eq!(all.count, 4);
}

/// A key that was taken back, and one from its end on.
pub async fn keys_that_let_nobody_in_are_no_legacy(subject: &dyn ApiKeysSubject) {
    key_of(subject, 1).await;
    let millisecond = Duration::from_millis(1);
    let revoked = ApiKey { revoked_at: Some(start()), ..sample_key(1, account(1)) };
    let expiring = ApiKey { expires_at: Some(start() + millisecond), ..sample_key(2, account(1)) };
    insert_under(subject, &revoked, &old_secret(1)).await.expect("insert");
    insert_under(subject, &expiring, &old_secret(2)).await.expect("insert");
    assert_eq!(legacy(subject, 1, start()).await.count, 1);
    assert_eq!(legacy(subject, 1, start() + millisecond).await.count, 0);
}

/// Once told, told; and others were not.
pub async fn a_notice_is_noted_for_one_account(subject: &dyn ApiKeysSubject) {
    two_accounts(subject).await;
    assert!(!legacy(subject, 1, start()).await.notice_shown);
    for _ in 0..2 {
        subject.keys().note_legacy_notice(account(1), start()).await.expect("note");
        assert!(legacy(subject, 1, start()).await.notice_shown);
    }
    assert!(!legacy(subject, 2, start()).await.notice_shown);
}
