//! A key that manages keys, and what it must not become.

use std::time::Duration;

use altus4_kernel::{
    Actor, ApiKeyId, AuditAction, Clock, Permission, PermissionSet, Plan, Role, testkit::block_on,
};

use super::desk::{Desk, account, by, limits, manager, name, networks, origin, session, wanted};
use crate::{ApiKey, ApiKeyError, KeyChange, NewKey};

const HOUR: Duration = Duration::from_hours(1);

/// The keys that are each in one part more than the caller, which has all parts bounded.
fn stronger_than_the_caller(desk: &Desk) -> (ApiKey, Vec<ApiKey>) {
    let now = desk.clock.now();
    let own = NewKey {
        tier: Plan::Free,
        expires_at: Some(now + HOUR),
        allowed_ips: networks(&["203.0.113.0/24"]),
        ..manager()
    };
    let equal = NewKey { permissions: PermissionSet::ALL, recoverable: true, ..own.clone() };
    let caller = desk.made(own);
    let stronger = vec![
        desk.made(NewKey { tier: Plan::Pro, ..equal.clone() }),
        desk.made(NewKey { expires_at: Some(now + HOUR * 2), ..equal.clone() }),
        desk.made(NewKey { expires_at: None, ..equal.clone() }),
        desk.made(NewKey { allowed_ips: networks(&["203.0.112.0/23"]), ..equal.clone() }),
        desk.made(NewKey { allowed_ips: networks(&[]), ..equal }),
    ];
    (caller, stronger)
}

fn refused_as_stronger<T: std::fmt::Debug>(outcome: &Result<T, ApiKeyError>) {
    let refused = matches!(outcome, Err(ApiKeyError::StrongerKey | ApiKeyError::BeyondOwnTier { .. }));
    assert!(refused, "{outcome:?}");
}

#[test]
fn what_a_key_makes_has_its_end_its_networks_and_its_limits() {
    let desk = Desk::new();
    let end = desk.clock.now() + HOUR;
    let ips = networks(&["203.0.113.0/24"]);
    let own = desk.made(NewKey { expires_at: Some(end), allowed_ips: ips.clone(), ..manager() });
    desk.limit(session(1), own.id, Some(limits(5))).expect("limit");
    let made = desk.create(by(&own), wanted()).expect("create").key;
    assert_eq!((made.expires_at, &made.allowed_ips, made.limits), (Some(end), &ips, Some(limits(5))));
    assert_eq!(desk.get(made.id), made);
    let narrow = NewKey {
        expires_at: Some(end - Duration::from_millis(1)),
        allowed_ips: networks(&["203.0.113.7"]),
        ..wanted()
    };
    let made = desk.create(by(&own), narrow.clone()).expect("create").key;
    assert_eq!((made.expires_at, made.allowed_ips), (narrow.expires_at, narrow.allowed_ips));
    let event = desk.audit.events().pop().expect("an event");
    assert_eq!(event.actor, Actor::ApiKey { account: account(1), key: own.id });
}

#[test]
fn a_key_makes_none_that_is_more_than_itself() {
    let desk = Desk::new();
    let end = desk.clock.now() + HOUR;
    let ips = networks(&["203.0.113.0/24"]);
    let own = desk.made(NewKey { tier: Plan::Free, expires_at: Some(end), allowed_ips: ips, ..manager() });
    let free = NewKey { tier: Plan::Free, ..wanted() };
    let later = Some(end + Duration::from_millis(1));

    let tier = desk.create(by(&own), NewKey { tier: Plan::Pro, ..free.clone() });
    let expected = (Plan::Free, Plan::Pro);
    let refused =
        matches!(tier, Err(ApiKeyError::BeyondOwnTier { own, wanted }) if (own, wanted) == expected);
    assert!(refused, "{tier:?}");
    let end = desk.create(by(&own), NewKey { expires_at: later, ..free.clone() });
    assert!(matches!(end, Err(ApiKeyError::BeyondOwnEnd)), "{end:?}");
    for wider in [&["203.0.112.0/23"][..], &["203.0.113.7", "198.51.100.1"], &["::/0"]] {
        let made = desk.create(by(&own), NewKey { allowed_ips: networks(wider), ..free.clone() });
        assert!(matches!(made, Err(ApiKeyError::BeyondOwnNetworks)), "{made:?}");
    }

    // Its own permissions may have shrunk since it was let in.
    let search = PermissionSet::of(&[Permission::Search]);
    desk.keys.amend(own.id, |key| key.permissions = search);
    let all = NewKey { permissions: PermissionSet::ALL, ..free.clone() };
    let made = desk.create(by(&own), all);
    let refused = matches!(
        made,
        Err(ApiKeyError::BeyondOwnPermissions { own, wanted: PermissionSet::ALL }) if own == search
    );
    assert!(refused, "{made:?}");
    assert!(desk.create(by(&own), free).is_ok());
    assert_eq!(desk.audit.actions(), [AuditAction::KeyCreated; 2]);
}

#[test]
fn a_key_above_a_shrunken_plan_gives_no_more_than_the_plan() {
    let desk = Desk::new();
    let own = desk.made(manager());
    desk.keys.add_account(account(1), Role::User, Plan::Free);
    let made = desk.create(by(&own), wanted());
    let refused = matches!(made, Err(ApiKeyError::TierAbovePlan { plan: Plan::Free, wanted: Plan::Pro }));
    assert!(refused, "{made:?}");
    assert!(desk.create(by(&own), NewKey { tier: Plan::Free, ..wanted() }).is_ok());
}

#[test]
fn a_key_gives_nothing_that_it_has_not_itself() {
    let desk = Desk::new();
    let end = desk.clock.now() + HOUR;
    let ips = networks(&["203.0.113.0/24"]);
    let own = NewKey { tier: Plan::Free, expires_at: Some(end), allowed_ips: ips.clone(), ..manager() };
    let own = desk.made(own);
    let other = desk.create(by(&own), NewKey { tier: Plan::Free, ..wanted() }).expect("create").key;
    let later = Some(end + Duration::from_millis(1));
    // Of itself and of another alike.
    for key in [&own, &other] {
        let change = |change| desk.change(by(&own), key.id, change);
        let tier = change(KeyChange { tier: Some(Plan::Pro), ..KeyChange::default() });
        assert!(matches!(tier, Err(ApiKeyError::BeyondOwnTier { .. })), "{tier:?}");
        for end in [later, None] {
            let longer = change(KeyChange { expires_at: Some(end), ..KeyChange::default() });
            assert!(matches!(longer, Err(ApiKeyError::BeyondOwnEnd)), "{longer:?}");
        }
        for wider in [&["203.0.112.0/23"][..], &[]] {
            let allowed_ips = Some(networks(wider));
            let wider = change(KeyChange { allowed_ips, ..KeyChange::default() });
            assert!(matches!(wider, Err(ApiKeyError::BeyondOwnNetworks)), "{wider:?}");
        }
        assert_eq!(desk.get(key.id), *key);
    }
    let within = KeyChange {
        permissions: Some(PermissionSet::ALL),
        tier: Some(Plan::Free),
        expires_at: Some(Some(end)),
        allowed_ips: Some(networks(&["203.0.113.0/25"])),
        name: Some(name("within")),
    };
    let changed = desk.change(by(&own), other.id, within.clone()).expect("change");
    assert_eq!(changed, within.applied_to(&other));
}

#[test]
fn a_key_cannot_change_one_that_is_more_than_itself() {
    let desk = Desk::new();
    let (caller, stronger) = stronger_than_the_caller(&desk);
    let permissions = Some(PermissionSet::of(&[Permission::Search]));
    for key in &stronger {
        let change = KeyChange { permissions, ..KeyChange::default() };
        refused_as_stronger(&desk.change(by(&caller), key.id, change));
        assert_eq!(desk.get(key.id), *key);
    }
}

#[test]
fn a_key_may_rename_any() {
    let desk = Desk::new();
    let (caller, stronger) = stronger_than_the_caller(&desk);
    for key in stronger.iter().chain([&caller]) {
        let rename = KeyChange { name: Some(name("renamed")), ..KeyChange::default() };
        let renamed = desk.change(by(&caller), key.id, rename).expect("rename");
        assert_eq!(renamed, ApiKey { name: name("renamed"), ..key.clone() });
    }
}

#[test]
fn a_key_gets_hold_of_no_secret_of_one_that_is_more_than_itself() {
    let desk = Desk::new();
    let (caller, stronger) = stronger_than_the_caller(&desk);
    for key in &stronger {
        refused_as_stronger(&desk.regenerate(by(&caller), key.id));
        refused_as_stronger(&desk.reveal(by(&caller), key.id));
        assert_eq!(desk.get(key.id), *key);
    }
    let search = PermissionSet::of(&[Permission::Search]);
    let equal = desk.create(by(&caller), NewKey { permissions: search, tier: Plan::Free, ..wanted() });
    let equal = equal.expect("create").key;
    desk.keys.amend(caller.id, |key| key.permissions = PermissionSet::of(&[Permission::Read]));
    for outcome in
        [desk.regenerate(by(&caller), equal.id).map(drop), desk.reveal(by(&caller), equal.id).map(drop)]
    {
        assert!(matches!(outcome, Err(ApiKeyError::BeyondOwnPermissions { .. })), "{outcome:?}");
    }
    assert!(!desk.audit.actions().contains(&AuditAction::KeyRevealed));
}

#[test]
fn a_key_gets_hold_of_its_equals_and_of_itself() {
    let desk = Desk::new();
    let own = desk.made(NewKey { recoverable: true, ..manager() });
    let other = desk.create(by(&own), NewKey { recoverable: true, ..manager() }).expect("create").key;
    for key in [own.clone(), other] {
        assert!(desk.reveal(by(&own), key.id).is_ok());
        assert!(desk.regenerate(by(&own), key.id).is_ok());
    }
}

#[test]
fn a_key_may_take_back_any() {
    let desk = Desk::new();
    let (caller, stronger) = stronger_than_the_caller(&desk);
    let revoke = |id: ApiKeyId| block_on(desk.service.revoke(by(&caller), id, &origin()));
    for key in stronger.iter().chain([&caller]) {
        assert!(revoke(key.id).is_ok(), "{key:?}");
        assert!(desk.get(key.id).revoked_at.is_some());
    }
}

#[test]
fn a_limited_key_sets_and_lifts_no_limits() {
    let desk = Desk::new();
    let (own, other) = (desk.made(manager()), desk.made(wanted()));
    for kept in [limits(5), crate::KeyLimits { enabled: false, ..limits(5) }] {
        desk.limit(session(1), own.id, Some(kept)).expect("limit");
        for key in [&own, &other] {
            for wanted in [Some(limits(1)), Some(limits(9)), None] {
                let outcome = desk.limit(by(&own), key.id, wanted);
                assert!(matches!(outcome, Err(ApiKeyError::LimitedKey)), "{outcome:?}");
            }
        }
        assert_eq!((desk.get(own.id).limits, desk.get(other.id).limits), (Some(kept), None));
    }
}

#[test]
fn a_limited_key_gets_hold_of_none_that_is_limited_less() {
    let desk = Desk::new();
    let (own, unlimited) = (desk.made(manager()), desk.made(wanted()));
    let (looser, tighter) = (desk.made(wanted()), desk.made(wanted()));
    for (key, requests) in [(&own, 5), (&looser, 6), (&tighter, 5)] {
        desk.limit(session(1), key.id, Some(limits(requests))).expect("limit");
    }
    for key in [&unlimited, &looser] {
        refused_as_stronger(&desk.regenerate(by(&own), key.id));
        let change = KeyChange { permissions: Some(PermissionSet::ALL), ..KeyChange::default() };
        refused_as_stronger(&desk.change(by(&own), key.id, change));
    }
    assert!(desk.regenerate(by(&own), tighter.id).is_ok());
}

#[test]
fn an_unlimited_key_limits_those_within_it() {
    let desk = Desk::new();
    let (caller, stronger) = stronger_than_the_caller(&desk);
    for key in &stronger {
        refused_as_stronger(&desk.limit(by(&caller), key.id, Some(limits(1))));
    }
    let own = desk.create(by(&caller), NewKey { tier: Plan::Free, ..wanted() }).expect("create").key;
    assert_eq!(desk.limit(by(&caller), own.id, Some(limits(1))).expect("limit").limits, Some(limits(1)));
    assert_eq!(desk.limit(by(&caller), own.id, None).expect("lift").limits, None);
}

#[test]
fn a_key_that_is_over_manages_nothing() {
    let desk = Desk::new();
    let now = desk.clock.now();
    for over in [true, false] {
        let (own, other) = (desk.made(manager()), desk.made(wanted()));
        desk.keys.amend(
            own.id,
            |key| {
                if over { key.expires_at = Some(now) } else { key.revoked_at = Some(now) }
            },
        );
        let change = KeyChange { tier: Some(Plan::Free), ..KeyChange::default() };
        let outcomes = [
            desk.create(by(&own), wanted()).map(drop),
            desk.change(by(&own), other.id, change).map(drop),
            desk.regenerate(by(&own), other.id).map(drop),
            desk.limit(by(&own), other.id, Some(limits(1))).map(drop),
        ];
        for outcome in outcomes {
            assert!(matches!(outcome, Err(ApiKeyError::InvalidKey)), "{outcome:?}");
        }
        assert_eq!(desk.get(other.id), other);
    }
}
