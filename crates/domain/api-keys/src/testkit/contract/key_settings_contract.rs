//! Cases of the [`ApiKeyRepository`](crate::ApiKeyRepository) contract: keys that are stored, found,
//! listed and changed.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use altus4_kernel::{
    Environment, Page, PageRequest, Permission, PermissionSet, Plan, PortErrorKind, Role,
    testkit::sample_event,
};
use futures::{future::join_all, join};

use super::steps::{
    account, event, events, find, get, insert, insert_under, key_id, key_of, start, two_accounts,
};
use crate::{
    AllowedIps, ApiKey, KeyChange, KeyFilter, KeyLimits, KeyName, KeyStatus, ResetPeriod,
    testkit::{ApiKeysSubject, sample_digest, sample_key, sample_secret},
};

const SECOND: Duration = Duration::from_secs(1);
/// The largest number that every reader of JSON has exactly.
const LARGEST: u64 = (1 << 53) - 1;

fn networks(texts: &[&str]) -> AllowedIps {
    AllowedIps::new(texts.iter().map(|text| AllowedIps::parse_one(text).expect("a network")))
        .expect("few enough")
}

fn limits(requests: Option<u64>, budget_microcents: Option<u64>, period: ResetPeriod) -> KeyLimits {
    KeyLimits { requests, budget_microcents, period, enabled: true }
}

fn name(text: &str) -> KeyName {
    KeyName::parse(text).expect("a name")
}

/// A change of every part.
fn whole_change() -> KeyChange {
    KeyChange {
        name: Some(name("another name")),
        permissions: Some(PermissionSet::of(&[Permission::Read, Permission::Delete])),
        tier: Some(Plan::Pro),
        expires_at: Some(Some(start() + Duration::from_millis(86_400_123))),
        allowed_ips: Some(networks(&["198.51.100.0/24"])),
    }
}

async fn list(subject: &dyn ApiKeysSubject, filter: KeyFilter, page: u32, limit: u32) -> Page<ApiKey> {
    let page = PageRequest::new(page, limit).expect("a page");
    subject.keys().list(account(1), filter, start(), page).await.expect("list")
}

fn numbers(page: &Page<ApiKey>) -> Vec<u128> {
    page.items.iter().map(|key| key.id.as_uuid().as_u128()).collect()
}

/// An account may have any number of keys, and every part of each comes back.
pub async fn further_keys_are_stored_in_every_part(subject: &dyn ApiKeysSubject) {
    let first = key_of(subject, 1).await;
    let second = ApiKey {
        name: name("Žluťoučký kůň 🦀"),
        prefix: "altus4_sk_live_abcdefghij-_ABC".into(),
        environment: Environment::Live,
        permissions: PermissionSet::ALL,
        tier: Plan::Enterprise,
        recoverable: true,
        allowed_ips: networks(&["203.0.113.0/24", "2001:db8::/32"]),
        limits: Some(limits(Some(1), Some(2), ResetPeriod::Daily)),
        expires_at: Some(start() + Duration::from_millis(1)),
        ..sample_key(2, account(1))
    };
    insert(subject, &first).await;
    insert(subject, &second).await;
    assert_eq!(get(subject, 1, 1).await, first);
    assert_eq!(get(subject, 1, 2).await, second);
    let holder = find(subject, &[sample_digest(2)]).await.expect("the key");
    assert_eq!((holder.key, holder.found_under, holder.good_until), (second, sample_digest(2), None));
    assert_eq!(events(subject).await, [sample_event(2, account(1)), sample_event(1, account(1))]);
}

/// Limits of every period, on and off, with and without each half; and networks in their order.
pub async fn limits_and_networks_survive(subject: &dyn ApiKeysSubject) {
    key_of(subject, 1).await;
    let mut number = 0;
    for period in ResetPeriod::ALL {
        for (requests, budget) in
            [(None, None), (Some(0), None), (None, Some(LARGEST)), (Some(LARGEST), Some(0))]
        {
            number += 1;
            let limits = KeyLimits { enabled: number % 2 == 0, ..limits(requests, budget, period) };
            let key = ApiKey { limits: Some(limits), ..sample_key(number, account(1)) };
            insert(subject, &key).await;
            assert_eq!(subject.keys().find(account(1), key.id).await.expect("find"), Some(key));
        }
    }
    let many: Vec<_> = (0..100).rev().map(|part| format!("2001:db8:{part}::/48")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    for texts in [&["0.0.0.0/0", "::/0"][..], &["203.0.113.7", "198.51.100.0/25", "::1"], &many] {
        number += 1;
        let key = ApiKey { allowed_ips: networks(texts), ..sample_key(number, account(1)) };
        insert(subject, &key).await;
        assert_eq!(subject.keys().find(account(1), key.id).await.expect("find"), Some(key));
    }
}

/// There is no key without an active account, nor its event.
pub async fn a_key_without_an_active_account_is_rejected(subject: &dyn ApiKeysSubject) {
    subject.add_account(account(2), Role::User, Plan::Pro).await;
    subject.deactivate(account(2)).await;
    let before = events(subject).await;
    for number in [1, 2] {
        let key = sample_key(number.into(), account(number));
        let refused = insert_under(subject, &key, &sample_secret(number)).await.expect_err("no account");
        assert_eq!(refused.kind, PortErrorKind::Rejected, "{refused:?}");
        assert_eq!(find(subject, &[sample_digest(number)]).await, None);
    }
    assert_eq!(events(subject).await, before);
}

/// No second key has the id or the digest of a first, whoever's that is.
pub async fn an_id_and_a_digest_are_taken_once(subject: &dyn ApiKeysSubject) {
    let own = two_accounts(subject).await;
    let before = events(subject).await;
    let same_digest = sample_key(3, account(1));
    let event = sample_event(3, account(1));
    for digest in [1, 2] {
        let refused = subject.keys().insert(&same_digest, &sample_secret(digest), &event).await;
        assert_eq!(refused.expect_err("a taken digest").kind, PortErrorKind::Conflict);
    }
    let refused = subject.keys().insert(&own, &sample_secret(3), &event).await;
    assert_eq!(refused.expect_err("a taken id").kind, PortErrorKind::Conflict);
    assert_eq!(subject.keys().find(account(1), key_id(3)).await.expect("find"), None);
    assert_eq!(find(subject, &[sample_digest(3)]).await, None);
    assert_eq!(events(subject).await, before);
}

/// Whatever a key's status is; and neither an unknown id nor another's finds anything.
pub async fn a_key_is_found_by_its_own_account_alone(subject: &dyn ApiKeysSubject) {
    let own = two_accounts(subject).await;
    let revoked = ApiKey { revoked_at: Some(start()), ..sample_key(3, account(1)) };
    let expired = ApiKey { expires_at: Some(start()), ..sample_key(4, account(1)) };
    insert(subject, &revoked).await;
    insert(subject, &expired).await;
    for key in [own, revoked, expired] {
        assert_eq!(subject.keys().find(account(1), key.id).await.expect("find"), Some(key.clone()));
        assert_eq!(subject.keys().find(account(2), key.id).await.expect("find"), None);
    }
    assert_eq!(subject.keys().find(account(1), key_id(2)).await.expect("find"), None);
    assert_eq!(subject.keys().find(account(1), key_id(99)).await.expect("find"), None);
}

/// Pages go from the newest to the oldest; one behind the last is empty, and the total stays. What
/// was made in one moment has an order all the same.
pub async fn keys_are_listed_newest_first(subject: &dyn ApiKeysSubject) {
    two_accounts(subject).await;
    for number in [5u8, 3, 4, 6] {
        let created_at = start() + SECOND * u32::from(number / 2);
        insert(subject, &ApiKey { created_at, ..sample_key(number.into(), account(1)) }).await;
    }
    let all = KeyFilter::default();
    for (page, expected) in [(1, vec![6, 5]), (2, vec![4, 3]), (3, vec![1]), (4, vec![])] {
        let found = list(subject, all, page, 2).await;
        assert_eq!((numbers(&found), found.total), (expected, 5), "page {page}");
    }
    let whole = list(subject, all, 1, 100).await;
    assert_eq!(whole.items.last(), Some(&get(subject, 1, 1).await));
    let nobody = subject.keys().list(account(9), all, start(), PageRequest::default()).await.expect("list");
    assert_eq!((nobody.items, nobody.total), (vec![], 0));
}

/// A key is expired from its end on, and revoked rather than expired.
pub async fn keys_are_listed_by_status_and_environment(subject: &dyn ApiKeysSubject) {
    key_of(subject, 1).await;
    let millisecond = Duration::from_millis(1);
    let ends = [None, Some(start() + millisecond), Some(start()), Some(start() - millisecond), None];
    for (number, expires_at) in (1u128..).zip(ends) {
        insert(subject, &ApiKey { expires_at, ..sample_key(number, account(1)) }).await;
    }
    let revoked_at = Some(start());
    insert(subject, &ApiKey { revoked_at, ..sample_key(6, account(1)) }).await;
    insert(subject, &ApiKey { revoked_at, expires_at: revoked_at, ..sample_key(7, account(1)) }).await;
    insert(subject, &ApiKey { environment: Environment::Live, ..sample_key(8, account(1)) }).await;
    let expected = [
        (Some(KeyStatus::Active), None, vec![8, 5, 2, 1]),
        (Some(KeyStatus::Expired), None, vec![4, 3]),
        (Some(KeyStatus::Revoked), None, vec![7, 6]),
        (None, Some(Environment::Live), vec![8]),
        (None, Some(Environment::Test), vec![7, 6, 5, 4, 3, 2, 1]),
        (Some(KeyStatus::Active), Some(Environment::Test), vec![5, 2, 1]),
        (Some(KeyStatus::Expired), Some(Environment::Live), vec![]),
    ];
    for (status, environment, expected) in expected {
        let found = list(subject, KeyFilter { status, environment }, 1, 100).await;
        assert_eq!(found.total, expected.len() as u64, "{status:?} {environment:?}");
        assert_eq!(numbers(&found), expected, "{status:?} {environment:?}");
    }
}

/// Each part by itself and all together; nothing else moves but the time of the change.
pub async fn a_change_changes_what_it_names(subject: &dyn ApiKeysSubject) {
    let mut expected = two_accounts(subject).await;
    let whole = whole_change();
    let parts = [
        KeyChange { name: whole.name.clone(), ..KeyChange::default() },
        KeyChange { permissions: whole.permissions, ..KeyChange::default() },
        KeyChange { tier: whole.tier, ..KeyChange::default() },
        KeyChange { expires_at: whole.expires_at, ..KeyChange::default() },
        KeyChange { allowed_ips: whole.allowed_ips, ..KeyChange::default() },
        KeyChange {
            name: Some(name("all at once")),
            permissions: Some(PermissionSet::ALL),
            tier: Some(Plan::Free),
            expires_at: Some(Some(start() + SECOND)),
            allowed_ips: Some(networks(&["2001:db8::/32", "192.0.2.1"])),
        },
    ];
    for (number, change) in (1u8..).zip(parts) {
        let at = start() + SECOND * number.into();
        expected = ApiKey { updated_at: at, ..change.applied_to(&expected) };
        let changed = subject.keys().change(account(1), key_id(1), &change, at, &event(number)).await;
        assert_eq!(changed.expect("change"), Some(expected.clone()), "{change:?}");
        assert_eq!(get(subject, 1, 1).await, expected);
        let holder = find(subject, &[sample_digest(1)]).await.expect("the key");
        assert_eq!(holder.key, expected);
        assert_eq!(events(subject).await.first(), Some(&event(number)));
    }
    assert_eq!(get(subject, 2, 2).await, sample_key(2, account(2)), "another's key");
}

/// An end and networks can be taken away again.
pub async fn a_change_can_open_a_key(subject: &dyn ApiKeysSubject) {
    key_of(subject, 1).await;
    let (allowed_ips, expires_at) = (networks(&["192.0.2.1"]), Some(start() + SECOND));
    insert(subject, &ApiKey { allowed_ips, expires_at, ..sample_key(1, account(1)) }).await;
    let open = KeyChange {
        expires_at: Some(None),
        allowed_ips: Some(AllowedIps::default()),
        ..KeyChange::default()
    };
    let opened = subject.keys().change(account(1), key_id(1), &open, start(), &event(1)).await;
    assert_eq!(opened.expect("change"), Some(sample_key(1, account(1))));
    assert_eq!(get(subject, 1, 1).await, sample_key(1, account(1)));
}

/// What one change leaves out is no matter of it, whatever another does at the same time.
pub async fn changes_at_once_all_hold(subject: &dyn ApiKeysSubject) {
    let key = two_accounts(subject).await;
    let whole = whole_change();
    let parts = [
        KeyChange { name: whole.name.clone(), ..KeyChange::default() },
        KeyChange { permissions: whole.permissions, ..KeyChange::default() },
        KeyChange { tier: whole.tier, ..KeyChange::default() },
        KeyChange { expires_at: whole.expires_at, ..KeyChange::default() },
        KeyChange { allowed_ips: whole.allowed_ips.clone(), ..KeyChange::default() },
    ];
    let events: Vec<_> = (1u8..).take(parts.len()).map(event).collect();
    let changes = parts
        .iter()
        .zip(&events)
        .map(|(part, event)| subject.keys().change(account(1), key_id(1), part, start(), event));
    let limits = limits(Some(7), None, ResetPeriod::Weekly);
    let (at, limited) = (start(), event(99));
    let limit = subject.keys().set_limits(account(1), key_id(1), Some(limits), at, &limited);
    let (outcomes, outcome) = join!(join_all(changes), limit);
    for outcome in outcomes.into_iter().chain([outcome]) {
        assert!(outcome.expect("change").is_some());
    }
    let expected = ApiKey { limits: Some(limits), ..whole.applied_to(&key) };
    assert_eq!(get(subject, 1, 1).await, expected);
}

/// A key whose time is over can get more of it.
pub async fn a_key_that_is_over_can_be_changed(subject: &dyn ApiKeysSubject) {
    key_of(subject, 1).await;
    insert(subject, &ApiKey { expires_at: Some(start()), ..sample_key(1, account(1)) }).await;
    let later = Some(start() + SECOND);
    let change = KeyChange { expires_at: Some(later), ..KeyChange::default() };
    let at = start() + Duration::from_millis(1);
    let changed = subject.keys().change(account(1), key_id(1), &change, at, &event(1)).await;
    assert_eq!(changed.expect("change").and_then(|key| key.expires_at), later);
}

/// Limits are replaced as a whole, and their time is that of the key's change.
pub async fn limits_are_set_and_lifted(subject: &dyn ApiKeysSubject) {
    let key = two_accounts(subject).await;
    let off = KeyLimits { enabled: false, ..limits(None, Some(5), ResetPeriod::Monthly) };
    let steps = [Some(limits(Some(3), None, ResetPeriod::Daily)), Some(off), None];
    for (number, limits) in (1u8..).zip(steps) {
        let at = start() + SECOND * number.into();
        let expected = ApiKey { limits, updated_at: at, ..key.clone() };
        let limited = subject.keys().set_limits(account(1), key_id(1), limits, at, &event(number)).await;
        assert_eq!(limited.expect("set limits"), Some(expected.clone()));
        assert_eq!(get(subject, 1, 1).await, expected);
        assert_eq!(find(subject, &[sample_digest(1)]).await.map(|holder| holder.key), Some(expected));
        assert_eq!(events(subject).await.first(), Some(&event(number)));
    }
    assert_eq!(get(subject, 2, 2).await.limits, None);
}

/// Neither another's key, nor one that was taken back, nor one that never was; and no event is kept.
pub async fn what_is_not_there_cannot_be_changed(subject: &dyn ApiKeysSubject) {
    two_accounts(subject).await;
    let revoked = ApiKey { revoked_at: Some(start()), ..sample_key(3, account(1)) };
    insert(subject, &revoked).await;
    let (before, change) = (events(subject).await, whole_change());
    let limits = Some(limits(Some(3), None, ResetPeriod::Daily));
    for (owner, number) in [(1, 2), (2, 1), (1, 3), (1, 99), (99, 1)] {
        let (owner, id, at) = (account(owner), key_id(number), start() + SECOND);
        let changed = subject.keys().change(owner, id, &change, at, &event(1)).await;
        assert_eq!(changed.expect("change"), None, "{owner} {number}");
        let limited = subject.keys().set_limits(owner, id, limits, at, &event(1)).await;
        assert_eq!(limited.expect("set limits"), None, "{owner} {number}");
    }
    for (owner, number) in [(1, 1), (2, 2)] {
        assert_eq!(get(subject, owner, number).await, sample_key(number.into(), account(owner)));
    }
    assert_eq!(get(subject, 1, 3).await, revoked);
    assert_eq!(events(subject).await, before);
}

/// Where the event can't be kept, nothing is changed.
pub async fn a_change_and_its_event_are_kept_together(subject: &dyn ApiKeysSubject) {
    let key = two_accounts(subject).await;
    let before = events(subject).await;
    let taken = sample_event(1, account(1));
    let (at, change) = (start() + SECOND, whole_change());
    subject.keys().change(account(1), key_id(1), &change, at, &taken).await.expect_err("the id is taken");
    let limits = Some(limits(Some(3), None, ResetPeriod::Daily));
    let limited = subject.keys().set_limits(account(1), key_id(1), limits, at, &taken).await;
    limited.expect_err("the id is taken");
    let further = sample_key(3, account(1));
    let inserted = subject.keys().insert(&further, &sample_secret(3), &taken).await;
    inserted.expect_err("the id is taken");
    assert_eq!(get(subject, 1, 1).await, key);
    assert_eq!(find(subject, &[sample_digest(3)]).await, None);
    assert_eq!(events(subject).await, before);
}
