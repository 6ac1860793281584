//! An owner and the account's keys.

use std::{sync::Arc, time::Duration};

use altus4_kernel::{
    Actor, ApiKeyId, AuditAction, AuditEvent, AuditFilter, AuditLog, Clock, Environment, IdGenerator, Page,
    PageRequest, Permission, PermissionSet, Plan, PortError, PortErrorKind, PortResult, Resealed, System,
    secrecy::ExposeSecret,
    testkit::{FakeSecretCipher, block_on},
    uuid::Uuid,
};
use async_trait::async_trait;

use super::desk::{Desk, account, limits, name, networks, origin, session, wanted};
use crate::{
    ApiKey, ApiKeyError, ApiKeyPorts, ApiKeyService, GracePeriod, KeyChange, KeyFilter, KeySecret, KeyStatus,
    NewKey, secret_rotation,
};

fn rename(text: &str) -> KeyChange {
    KeyChange { name: Some(name(text)), ..KeyChange::default() }
}

fn no_such_key<T: std::fmt::Debug>(outcome: &Result<T, ApiKeyError>, id: ApiKeyId) {
    assert!(matches!(outcome, Err(ApiKeyError::NoSuchKey(other)) if *other == id), "{outcome:?}");
}

#[test]
fn a_key_is_made_as_it_was_wanted() {
    let desk = Desk::new();
    let wanted = NewKey {
        environment: Environment::Live,
        permissions: PermissionSet::of(&[Permission::Read, Permission::Analytics]),
        expires_at: Some(desk.clock.now() + Duration::from_millis(1)),
        allowed_ips: networks(&["203.0.113.0/24"]),
        ..wanted()
    };
    let minted = desk.create(session(1), wanted.clone()).expect("create");
    let text = minted.secret.text().expose_secret();
    let key = &minted.key;
    assert!(text.starts_with("altus4_sk_live_") && text.starts_with(&key.prefix) && key.prefix.len() == 30);
    assert_eq!((key.account_id, &key.name, key.tier), (account(1), &wanted.name, Plan::Pro));
    assert_eq!((key.permissions, key.expires_at), (wanted.permissions, wanted.expires_at));
    assert_eq!((&key.allowed_ips, key.limits, key.usage_count), (&wanted.allowed_ips, None, 0));
    assert_eq!((key.created_at, key.updated_at), (desk.clock.now(), desk.clock.now()));
    assert_eq!(desk.found(&minted.secret).map(|holder| holder.key), Some(minted.key.clone()));
    assert_eq!(desk.get(minted.key.id), minted.key);
}

#[test]
fn every_key_has_a_secret_of_its_own() {
    let desk = Desk::new();
    let [one, other] = [(); 2].map(|()| desk.create(session(1), wanted()).expect("create"));
    assert_ne!(one.secret.text().expose_secret(), other.secret.text().expose_secret());
    assert_ne!(one.key.id, other.key.id);
}

#[test]
fn an_account_is_set_up_once() {
    let desk = Desk::new();
    let first = block_on(desk.service.set_up(session(1), wanted(), &origin())).expect("set up");
    assert_eq!(desk.found(&first.secret).map(|holder| holder.key), Some(first.key));
    let again = block_on(desk.service.set_up(session(1), wanted(), &origin()));
    assert!(matches!(again, Err(ApiKeyError::KeyExists)), "{again:?}");
    assert!(block_on(desk.service.set_up(session(2), wanted(), &origin())).is_ok());
    assert_eq!(desk.audit.actions(), [AuditAction::KeyCreated; 2]);
}

#[test]
fn no_tier_is_above_the_plan() {
    let desk = Desk::new();
    let key = desk.made(wanted());
    let beyond = NewKey { tier: Plan::Enterprise, ..wanted() };
    let change = KeyChange { tier: Some(Plan::Enterprise), ..KeyChange::default() };
    let outcomes = [
        block_on(desk.service.set_up(session(2), beyond.clone(), &origin())).map(drop),
        desk.create(session(1), beyond).map(drop),
        desk.change(session(1), key.id, change).map(drop),
    ];
    for outcome in outcomes {
        let refused = outcome.expect_err("above the plan");
        let expected = ApiKeyError::TierAbovePlan { plan: Plan::Pro, wanted: Plan::Enterprise };
        assert_eq!(refused.to_string(), expected.to_string());
    }
    assert_eq!(desk.get(key.id), key);
    assert_eq!(desk.audit.actions(), [AuditAction::KeyCreated]);
}

#[test]
fn an_end_lies_in_the_future() {
    let desk = Desk::new();
    let key = desk.made(wanted());
    let now = desk.clock.now();
    for end in [now, now - Duration::from_millis(1)] {
        let made = desk.create(session(1), NewKey { expires_at: Some(end), ..wanted() });
        assert!(matches!(made, Err(ApiKeyError::EndInThePast)), "{made:?}");
        let change = KeyChange { expires_at: Some(Some(end)), ..KeyChange::default() };
        let changed = desk.change(session(1), key.id, change);
        assert!(matches!(changed, Err(ApiKeyError::EndInThePast)), "{changed:?}");
    }
    assert_eq!(desk.get(key.id).expires_at, None);
}

#[test]
fn anothers_key_is_as_if_it_had_never_been() {
    let desk = Desk::new();
    let foreign = desk.create(session(2), NewKey { recoverable: true, ..wanted() }).expect("create").key;
    let before = desk.audit.events();
    for id in [foreign.id, ApiKeyId::from_uuid(Uuid::from_u128(999))] {
        no_such_key(&block_on(desk.service.get(session(1), id)), id);
        no_such_key(&desk.change(session(1), id, rename("mine now")), id);
        no_such_key(&desk.change(session(1), id, KeyChange::default()), id);
        let beyond = KeyChange { tier: Some(Plan::Enterprise), ..KeyChange::default() };
        no_such_key(&desk.change(session(1), id, beyond), id);
        no_such_key(&block_on(desk.service.revoke(session(1), id, &origin())), id);
        no_such_key(&desk.regenerate(session(1), id), id);
        no_such_key(&desk.reveal(session(1), id), id);
        no_such_key(&desk.limit(session(1), id, Some(limits(1))), id);
        no_such_key(&desk.limit(session(1), id, None), id);
    }
    let all = desk.service.list(session(1), KeyFilter::default(), PageRequest::default());
    assert_eq!(block_on(all).expect("list"), Page { items: vec![], total: 0 });
    assert_eq!(block_on(desk.service.get(session(2), foreign.id)).expect("get"), foreign);
    assert_eq!(desk.audit.events(), before);
    assert!(desk.heard().is_empty());
}

#[test]
fn keys_are_listed_as_they_are_now() {
    let desk = Desk::new();
    let end = desk.clock.now() + Duration::from_secs(1);
    let ending = desk.made(NewKey { expires_at: Some(end), ..wanted() });
    let lasting = desk.made(wanted());
    let list = |status| {
        let filter = KeyFilter { status: Some(status), environment: None };
        let page = block_on(desk.service.list(session(1), filter, PageRequest::default())).expect("list");
        page.items.iter().map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!(list(KeyStatus::Active), [lasting.id, ending.id]);
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(list(KeyStatus::Active), [lasting.id]);
    assert_eq!(list(KeyStatus::Expired), [ending.id]);
}

#[test]
fn a_change_is_kept_and_then_told() {
    let desk = Desk::new();
    let key = desk.made(wanted());
    desk.clock.advance(Duration::from_secs(1));
    let change = KeyChange {
        permissions: Some(PermissionSet::ALL),
        tier: Some(Plan::Free),
        allowed_ips: Some(networks(&["203.0.113.0/24"])),
        ..rename("another name")
    };
    let changed = desk.change(session(1), key.id, change.clone()).expect("change");
    assert_eq!(changed, ApiKey { updated_at: desk.clock.now(), ..change.applied_to(&key) });
    assert_eq!(desk.get(key.id), changed);
    assert_eq!(desk.heard(), [Some(changed)], "who hears of it finds it in the store");
    let events = desk.audit.events();
    let event = events.last().expect("an event");
    assert_eq!((event.action, event.actor), (AuditAction::KeyChanged, Actor::Account(account(1))));
    assert_eq!((event.target.clone(), &event.origin), (Some(key.id.to_string()), &origin()));
}

#[test]
fn a_change_of_nothing_is_none() {
    let desk = Desk::new();
    let key = desk.made(wanted());
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.change(session(1), key.id, KeyChange::default()).expect("change"), key);
    assert_eq!(desk.limit(session(1), key.id, None).expect("lift"), key);
    assert_eq!(desk.audit.actions(), [AuditAction::KeyCreated]);
    assert!(desk.heard().is_empty());
}

#[test]
fn a_key_that_is_over_can_be_given_more_time() {
    let desk = Desk::new();
    let end = desk.clock.now() + Duration::from_secs(1);
    let key = desk.made(NewKey { expires_at: Some(end), ..wanted() });
    desk.clock.advance(Duration::from_secs(2));
    let change = KeyChange { expires_at: Some(None), ..KeyChange::default() };
    let changed = desk.change(session(1), key.id, change).expect("change");
    assert_eq!(changed.status(desk.clock.now()), KeyStatus::Active);
}

#[test]
fn a_key_that_was_taken_back_stays_so() {
    let desk = Desk::new();
    let minted = desk.create(session(1), NewKey { recoverable: true, ..wanted() }).expect("create");
    let (id, at) = (minted.key.id, desk.clock.now());
    let revoke = || block_on(desk.service.revoke(session(1), id, &origin())).expect("revoke");
    assert_eq!(revoke(), at);
    assert_eq!(desk.heard(), [Some(ApiKey { revoked_at: Some(at), ..minted.key })]);
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(revoke(), at);
    assert_eq!(desk.audit.actions(), [AuditAction::KeyCreated, AuditAction::KeyRevoked]);
    assert_eq!(desk.get(id).status(desk.clock.now()), KeyStatus::Revoked);
    no_such_key(&desk.change(session(1), id, rename("alive")), id);
    no_such_key(&desk.change(session(1), id, KeyChange::default()), id);
    no_such_key(&desk.regenerate(session(1), id), id);
    no_such_key(&desk.limit(session(1), id, Some(limits(1))), id);
    no_such_key(&desk.limit(session(1), id, None), id);
    let shown = desk.reveal(session(1), id);
    assert!(matches!(shown, Err(ApiKeyError::NotRecoverable(other)) if other == id), "{shown:?}");
}

#[test]
fn limits_are_set_lifted_and_told() {
    let desk = Desk::new();
    let key = desk.made(wanted());
    let limited = desk.limit(session(1), key.id, Some(limits(5))).expect("limit");
    assert_eq!(limited.limits, Some(limits(5)));
    assert_eq!(desk.heard(), [Some(limited)]);
    let lifted = desk.limit(session(1), key.id, None).expect("lift");
    assert_eq!(lifted.limits, None);
    assert_eq!(desk.heard(), [Some(lifted)]);
    let limited = AuditAction::KeyLimitsChanged;
    assert_eq!(desk.audit.actions(), [AuditAction::KeyCreated, limited, limited]);
}

#[test]
fn a_new_secret_leaves_the_key_as_it_is() {
    let desk = Desk::new();
    let first = desk.create(session(1), wanted()).expect("create");
    desk.clock.advance(Duration::from_secs(1));
    let grace = GracePeriod::from_secs(60).expect("a short one");
    let second = block_on(desk.service.regenerate(session(1), first.key.id, grace, &origin()));
    let second = second.expect("regenerate");
    let now = desk.clock.now();
    let expected = ApiKey {
        prefix: second.secret.prefix(),
        regenerated_at: Some(now),
        updated_at: now,
        ..first.key.clone()
    };
    assert_eq!(second.key, expected);
    assert_eq!(second.secret.environment(), first.secret.environment());
    assert_eq!(desk.heard(), [Some(expected)]);
    let good_until = |secret: &KeySecret| desk.found(secret).map(|holder| holder.good_until);
    assert_eq!(good_until(&second.secret), Some(None));
    assert_eq!(good_until(&first.secret), Some(Some(now + Duration::from_mins(1))));
    assert_eq!(desk.audit.actions(), [AuditAction::KeyCreated, AuditAction::KeyRegenerated]);
}

#[test]
fn without_grace_an_old_secret_is_over_at_once() {
    let desk = Desk::new();
    let first = desk.create(session(1), wanted()).expect("create");
    desk.regenerate(session(1), first.key.id).expect("regenerate");
    let good_until = desk.found(&first.secret).and_then(|holder| holder.good_until);
    assert_eq!(good_until, Some(desk.clock.now()));
}

#[test]
fn a_recoverable_secret_can_be_shown_and_that_is_kept() {
    let desk = Desk::new();
    let minted = desk.create(session(1), NewKey { recoverable: true, ..wanted() }).expect("create");
    let id = minted.key.id;
    assert!(minted.key.recoverable);
    assert_eq!(desk.reveal(session(1), id).expect("reveal"), minted.secret.text().expose_secret());
    let renewed = desk.regenerate(session(1), id).expect("regenerate");
    assert!(renewed.key.recoverable);
    assert_eq!(desk.reveal(session(1), id).expect("reveal"), renewed.secret.text().expose_secret());
    let revealed = desk.audit.actions().into_iter().filter(|action| *action == AuditAction::KeyRevealed);
    assert_eq!(revealed.count(), 2);
}

#[test]
fn a_secret_can_be_shown_after_the_master_key_was_changed() {
    let desk = Desk::new();
    let recoverable = NewKey { recoverable: true, ..wanted() };
    let minted = [1, 2].map(|owner| desk.create(session(owner), recoverable.clone()).expect("create"));
    desk.made(wanted());
    let revoked = desk.made(recoverable);
    block_on(desk.service.revoke(session(1), revoked.id, &origin())).expect("revoke");
    let before = minted.each_ref().map(|minted| desk.found(&minted.secret));

    let both = Arc::new(FakeSecretCipher::with_keys(&["k2", "k1"]));
    let rotation = secret_rotation(Arc::new(desk.keys.clone()), both);
    let done = block_on(rotation.reseal(None, 10)).expect("reseal");
    assert_eq!(done, Resealed { resealed: 2, ..Resealed::default() });

    let cipher = Arc::new(FakeSecretCipher::with_keys(&["k2"]));
    let service = ApiKeyService::new(ApiKeyPorts { cipher, ..desk.service.ports.clone() });
    for (owner, minted) in [1, 2].into_iter().zip(&minted) {
        let shown = block_on(service.reveal(session(owner), minted.key.id, &origin())).expect("reveal");
        assert_eq!(shown.expose_secret(), minted.secret.text().expose_secret());
    }
    assert_eq!(minted.each_ref().map(|minted| desk.found(&minted.secret)), before);
}

#[test]
fn any_other_secret_cannot() {
    let desk = Desk::new();
    let key = desk.made(wanted());
    let shown = desk.reveal(session(1), key.id);
    assert!(matches!(shown, Err(ApiKeyError::NotRecoverable(id)) if id == key.id), "{shown:?}");
    assert_eq!(desk.audit.actions(), [AuditAction::KeyCreated]);
}

/// Keeps nothing.
struct FullLog;

#[async_trait]
impl AuditLog for FullLog {
    async fn append(&self, _: &AuditEvent) -> PortResult<()> {
        Err(PortError::new(PortErrorKind::Unavailable, System::Store, "audit.append"))
    }

    async fn list(&self, _: &AuditFilter, _: PageRequest) -> PortResult<Page<AuditEvent>> {
        Err(PortError::new(PortErrorKind::Unavailable, System::Store, "audit.list"))
    }
}

#[test]
fn what_cannot_be_kept_is_not_shown() {
    let desk = Desk::new();
    let key = desk.made(NewKey { recoverable: true, ..wanted() });
    let mut ports = desk.service.ports.clone();
    ports.audit = Arc::new(FullLog);
    let shown = block_on(ApiKeyService::new(ports).reveal(session(1), key.id, &origin()));
    assert!(matches!(shown, Err(ApiKeyError::Port(_))), "{shown:?}");
}

/// The id of the first event that was kept.
struct TakenId(Uuid);

impl IdGenerator for TakenId {
    fn next_id(&self) -> Uuid {
        self.0
    }
}

#[test]
fn what_may_have_been_changed_is_told_too() {
    let desk = Desk::new();
    let key = desk.made(wanted());
    let mut ports = desk.service.ports.clone();
    ports.ids = Arc::new(TakenId(desk.audit.events()[0].id));
    let service = ApiKeyService::new(ports);
    let outcomes = [
        block_on(service.change(session(1), key.id, rename("renamed"), &origin())).map(drop),
        block_on(service.set_limits(session(1), key.id, limits(1), &origin())).map(drop),
        block_on(service.regenerate(session(1), key.id, GracePeriod::default(), &origin())).map(drop),
        block_on(service.revoke(session(1), key.id, &origin())).map(drop),
    ];
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(ApiKeyError::Port(_)))), "{outcomes:?}");
    assert_eq!(desk.heard().len(), 4, "a store that failed may have done it all the same");
}

#[test]
fn keys_under_an_older_server_secret_are_counted() {
    let desk = Desk::new();
    let mut ports = desk.service.ports.clone();
    ports.digester = Arc::new(crate::testkit::FakeKeyDigester::new(&["old"]));
    let before = ApiKeyService::new(ports);
    block_on(before.create(session(1), wanted(), &origin())).expect("create");
    desk.made(wanted());
    let legacy = || block_on(desk.service.legacy_keys(session(1))).expect("legacy keys");
    assert_eq!((legacy().count, legacy().notice_shown), (1, false));
    block_on(desk.service.note_legacy_notice(session(1))).expect("note");
    assert_eq!((legacy().count, legacy().notice_shown), (1, true));
}

#[test]
fn no_secret_is_in_any_event_or_debug_print() {
    let desk = Desk::new();
    let minted = desk.create(session(1), NewKey { recoverable: true, ..wanted() }).expect("create");
    let renewed = desk.regenerate(session(1), minted.key.id).expect("regenerate");
    desk.reveal(session(1), minted.key.id).expect("reveal");
    let shown = format!("{:?} {minted:?} {renewed:?} {:?}", desk.audit.events(), desk.keys);
    for secret in [&minted.secret, &renewed.secret] {
        assert!(!shown.contains(&secret.text().expose_secret()[crate::KEY_PREFIX_CHARS..]));
    }
}
