//! Which keys may be used, from where, and as what.

use std::{sync::Arc, time::Duration};

use altus4_kernel::{
    Change, ChangeSubscriber, Clock, Credential, Permission, PermissionSet, Plan, Role,
    secrecy::ExposeSecret,
    testkit::{block_on, sample_event},
};

use super::desk::{Desk, account, secret};
use crate::{
    AllowedIps, ApiKey, ApiKeyError, ApiKeyRepository, KeyDigester, StoredSecret,
    testkit::{FakeKeyDigester, sample_key},
};

/// Replaces the secret of key 1 by that of number 2, and gives the new text.
fn replace(desk: &Desk, grace: Duration) -> String {
    let (key, new) = (sample_key(1, account()), secret(2));
    let digest = FakeKeyDigester::new(&["new"]).digest(new.text());
    let stored = StoredSecret { digest, prefix: new.prefix(), sealed: None };
    let (now, event) = (desk.clock.now(), sample_event(100, account()));
    let replaced = desk.store.rows.replace_secret(account(), key.id, &stored, now + grace, now, &event);
    assert!(block_on(replaced).expect("replace secret").is_some());
    desk.check.on_change(Change::ApiKey(key.id));
    new.text().expose_secret().to_owned()
}

fn refused_as_invalid(desk: &Desk, text: &str) -> bool {
    matches!(desk.authenticate(text), Err(ApiKeyError::InvalidKey))
}

#[test]
fn a_key_speaks_for_its_account_with_its_own_permissions() {
    let desk = Desk::new();
    let permissions = PermissionSet::of(&[Permission::Search, Permission::Write]);
    let key = ApiKey { permissions, ..sample_key(1, account()) };
    let text = desk.stored(&key);
    for _ in 0..2 {
        let checked = desk.authenticate(&text).expect("the key");
        assert_eq!(checked.principal.account_id, account());
        assert_eq!(checked.principal.role, Role::User);
        assert_eq!(checked.principal.permissions, permissions);
        assert_eq!(checked.principal.credential, Credential::ApiKey { id: key.id });
        assert_eq!(checked.holder.key, key);
    }
}

#[test]
fn a_tier_is_never_above_the_plan() {
    let desk = Desk::new();
    for (number, tier, expected) in
        [(1, Plan::Free, Plan::Free), (2, Plan::Pro, Plan::Pro), (3, Plan::Enterprise, Plan::Pro)]
    {
        let text = desk.stored(&ApiKey { tier, ..sample_key(number, account()) });
        assert_eq!(desk.authenticate(&text).expect("the key").principal.tier, expected);
    }
}

#[test]
fn a_key_ends_at_its_end_also_in_memory() {
    let desk = Desk::new();
    let expires_at = Some(desk.clock.now() + Duration::from_millis(100));
    let key = ApiKey { expires_at, ..sample_key(1, account()) };
    let text = desk.stored(&key);
    desk.advance_ms(99);
    assert!(desk.passes(&text));
    desk.advance_ms(1);
    let refused = desk.authenticate(&text).expect_err("its time is over");
    assert!(matches!(refused, ApiKeyError::ExpiredKey(_)), "{refused:?}");
    assert_eq!(refused.refused_key().map(|holder| holder.key.id), Some(key.id));
    assert_eq!(desk.look_ups(), 1);
}

#[test]
fn a_revoked_key_is_as_good_as_none_also_when_it_is_over() {
    let desk = Desk::new();
    let now = desk.clock.now();
    let key = ApiKey { revoked_at: Some(now), expires_at: Some(now), ..sample_key(1, account()) };
    let text = desk.stored(&key);
    let refused = desk.authenticate(&text).expect_err("taken back");
    assert!(matches!(refused, ApiKeyError::InvalidKey) && refused.refused_key().is_none());
    assert!(refused_as_invalid(&desk, &text));
    assert_eq!(desk.look_ups(), 1, "that is remembered too");
}

#[test]
fn a_key_is_refused_from_other_addresses() {
    let desk = Desk::new();
    let networks = ["203.0.113.0/24", "2001:db8::/32"].map(|text| AllowedIps::parse_one(text).expect("one"));
    let allowed_ips = AllowedIps::new(networks).expect("few");
    let key = ApiKey { allowed_ips, ..sample_key(1, account()) };
    let text = desk.stored(&key);
    for address in ["203.0.113.1", "::ffff:203.0.113.9", "2001:db8::7"] {
        let checked = block_on(desk.check.authenticate(&text, address.parse().ok()));
        assert!(checked.is_ok(), "{address}");
    }
    for address in ["203.0.114.1", "::ffff:198.51.100.1", "::1", "unknown"] {
        let refused = block_on(desk.check.authenticate(&text, address.parse().ok()));
        let refused = refused.expect_err(address);
        assert!(matches!(refused, ApiKeyError::AddressNotAllowed(_)), "{address}: {refused:?}");
        assert_eq!(refused.refused_key().map(|holder| holder.key.id), Some(key.id));
    }
    assert_eq!(desk.look_ups(), 1);
}

#[test]
fn a_replaced_secret_works_until_its_grace_ends() {
    let desk = Desk::new();
    let old = desk.stored(&sample_key(1, account()));
    assert!(desk.passes(&old));
    let new = replace(&desk, Duration::from_secs(1));
    assert!(desk.passes(&new) && desk.passes(&old));
    desk.advance_ms(999);
    assert!(desk.passes(&new) && desk.passes(&old));
    desk.advance_ms(1);
    assert!(desk.passes(&new));
    assert!(refused_as_invalid(&desk, &old));
    assert_eq!(desk.look_ups(), 3, "the end of a grace is known beforehand");
}

#[test]
fn without_grace_a_replaced_secret_is_over_at_once() {
    let desk = Desk::new();
    let old = desk.stored(&sample_key(1, account()));
    assert!(desk.passes(&old));
    let new = replace(&desk, Duration::ZERO);
    assert!(desk.passes(&new));
    assert!(refused_as_invalid(&desk, &old));
}

#[test]
fn a_secret_past_its_grace_is_not_told_that_its_key_is_over() {
    let desk = Desk::new();
    let old = desk.stored(&sample_key(1, account()));
    replace(&desk, Duration::ZERO);
    desk.store.rows.amend(sample_key(1, account()).id, |key| key.expires_at = Some(key.created_at));
    assert!(refused_as_invalid(&desk, &old));
}

#[test]
fn a_key_under_an_older_server_secret_is_moved_at_its_next_use() {
    let desk = Desk::new();
    let key = sample_key(1, account());
    let text = desk.stored_under("old", &key);
    for _ in 0..3 {
        let checked = desk.authenticate(&text).expect("the key");
        assert_eq!(checked.holder.found_under.secret_id, "new");
    }
    assert_eq!((desk.look_ups(), desk.moves()), (1, 1));
    desk.check.on_gap();
    assert!(desk.passes(&text));
    assert_eq!((desk.look_ups(), desk.moves()), (1, 0));
    let newest = [FakeKeyDigester::new(&["new"]).digest(secret(1).text())];
    let found = block_on(desk.store.rows.find_by_digest(&newest)).expect("find by digest");
    assert_eq!(found.map(|holder| holder.key), Some(key));
}

#[test]
fn a_key_that_cannot_be_moved_works_all_the_same() {
    let desk = Desk::new();
    let text = desk.stored_under("old", &sample_key(1, account()));
    desk.refuse_moves();
    for _ in 0..3 {
        assert!(desk.passes(&text));
    }
    assert_eq!((desk.look_ups(), desk.moves()), (1, 1), "the next look-up tries again");
    desk.check.on_gap();
    assert!(desk.passes(&text));
    assert_eq!((desk.look_ups(), desk.moves()), (1, 1));
}

#[test]
fn a_key_in_its_grace_is_moved_with_its_end() {
    let desk = Desk::new();
    let old = desk.stored_under("old", &sample_key(1, account()));
    replace(&desk, Duration::from_secs(1));
    assert!(desk.passes(&old));
    assert_eq!(desk.moves(), 1);
    desk.advance_ms(1_000);
    assert!(refused_as_invalid(&desk, &old));
    desk.check.on_gap();
    assert!(refused_as_invalid(&desk, &old));
    assert_eq!(desk.moves(), 0);
}

#[test]
fn a_key_that_lets_nobody_in_is_not_moved() {
    let desk = Desk::new();
    let now = Some(desk.clock.now());
    let revoked = desk.stored_under("old", &ApiKey { revoked_at: now, ..sample_key(1, account()) });
    let expired = desk.stored_under("old", &ApiKey { expires_at: now, ..sample_key(2, account()) });
    assert!(!desk.passes(&revoked) && !desk.passes(&expired));
    assert_eq!(desk.moves(), 0);
}

#[test]
fn clones_share_what_they_remember() {
    let desk = Desk::new();
    let text = desk.stored(&sample_key(1, account()));
    let subscriber: Arc<dyn ChangeSubscriber> = Arc::new(desk.check.clone());
    assert!(desk.passes(&text));
    subscriber.on_change(Change::ApiKey(sample_key(1, account()).id));
    assert!(desk.passes(&text));
    assert_eq!(desk.look_ups(), 2);
}
