//! How often the store is asked, and how old an answer may be.

use std::{
    pin::pin,
    sync::atomic::Ordering,
    task::{Context, Waker},
    time::Duration,
};

use altus4_kernel::{
    Change, ChangeSubscriber, Clock, ConnectionId, Plan, PortErrorKind, Role, secrecy::ExposeSecret,
    testkit::block_on, uuid::Uuid,
};
use futures::future::join_all;

use super::desk::{Desk, account, secret};
use crate::{
    ApiKey, ApiKeyError, CachedKey, CheckedKey, KeyCache, KeyCheck, KeyDigester,
    testkit::{FakeKeyDigester, sample_key},
};

fn unavailable(outcome: &Result<CheckedKey, ApiKeyError>) -> bool {
    matches!(outcome, Err(ApiKeyError::Port(error)) if error.kind == PortErrorKind::Unavailable)
}

fn take_back(desk: &Desk, number: u128) {
    let key = sample_key(number, account());
    desk.store.rows.amend(key.id, |key| key.revoked_at = Some(key.created_at));
}

#[test]
fn a_key_is_looked_up_once_and_then_remembered() {
    let desk = Desk::new();
    let texts = [1, 2].map(|number| desk.stored(&sample_key(number, account())));
    for _ in 0..10 {
        assert!(texts.iter().all(|text| desk.passes(text)));
    }
    assert_eq!(desk.look_ups(), 2);
}

#[test]
fn a_malformed_key_costs_no_look_up_and_no_memory() {
    let desk = Desk::new();
    let text = desk.stored(&sample_key(1, account()));
    let mistyped = [&text[1..], &text[..text.len() - 1], "altus4_sk_live_x", "", &text.to_uppercase()];
    for text in mistyped {
        assert!(matches!(desk.authenticate(text), Err(ApiKeyError::InvalidKey)), "{text}");
    }
    assert_eq!(desk.look_ups(), 0);
    assert!(desk.cache.is_empty());
}

#[test]
fn an_unknown_key_costs_one_look_up_in_five_seconds() {
    let desk = Desk::new();
    let unknown = secret(9).text().expose_secret().to_owned();
    for _ in 0..5 {
        assert!(matches!(desk.authenticate(&unknown), Err(ApiKeyError::InvalidKey)));
        desk.advance_ms(1_000);
    }
    assert!(!desk.passes(&unknown));
    assert_eq!(desk.look_ups(), 1);
    desk.advance_ms(1);
    assert!(!desk.passes(&unknown));
    assert_eq!(desk.look_ups(), 1);
}

#[test]
fn an_answer_that_nothing_vouches_for_serves_two_seconds() {
    let desk = Desk::new();
    let text = desk.stored(&sample_key(1, account()));
    assert!(desk.passes(&text));
    take_back(&desk, 1);
    desk.advance_ms(2_000);
    assert!(desk.passes(&text), "nothing was told of it");
    desk.advance_ms(1);
    assert!(matches!(desk.authenticate(&text), Err(ApiKeyError::InvalidKey)));
    assert_eq!(desk.look_ups(), 2);
}

#[test]
fn an_answer_that_is_confirmed_serves_a_minute() {
    let desk = Desk::new();
    let text = desk.stored(&sample_key(1, account()));
    for _ in 0..=120 {
        desk.check.on_confirmed(desk.clock.now());
        assert!(desk.passes(&text));
        desk.advance_ms(500);
    }
    assert_eq!(desk.look_ups(), 1);
    desk.check.on_confirmed(desk.clock.now());
    assert!(desk.passes(&text));
    assert_eq!(desk.look_ups(), 1, "it was 60.5 seconds old");
}

#[test]
fn two_seconds_after_the_last_confirmation_nothing_is_vouched_for() {
    let desk = Desk::new();
    let text = desk.stored(&sample_key(1, account()));
    assert!(desk.passes(&text));
    for _ in 0..10 {
        desk.advance_ms(500);
        desk.check.on_confirmed(desk.clock.now());
    }
    desk.advance_ms(2_000);
    assert!(desk.passes(&text));
    assert_eq!(desk.look_ups(), 1);
    desk.advance_ms(1);
    assert!(desk.passes(&text));
    assert_eq!(desk.look_ups(), 1);
}

#[test]
fn a_clock_that_was_set_back_makes_nothing_last() {
    let desk = Desk::new();
    let text = desk.stored(&sample_key(1, account()));
    desk.check.on_confirmed(desk.clock.now() + Duration::from_hours(1));
    for _ in 0..3 {
        assert!(desk.passes(&text));
        desk.advance_ms(2_001);
    }
    assert_eq!(desk.look_ups(), 3, "a confirmation from ahead vouches for nothing");
    let digest = FakeKeyDigester::new(&["new"]).digest(secret(1).text()).digest;
    let ahead = desk.cache.get(&digest).expect("an answer");
    let asked_at = desk.clock.now() + Duration::from_hours(1);
    desk.cache.put(digest, CachedKey { asked_at, ..ahead });
    assert!(desk.passes(&text));
    assert_eq!(desk.look_ups(), 1, "nor does an answer from ahead count");
}

#[test]
fn a_change_that_is_told_holds_at_once() {
    let desk = Desk::new();
    let keys = [1, 2].map(|number| sample_key(number, account()));
    let texts = keys.each_ref().map(|key| desk.stored(key));
    assert!(texts.iter().all(|text| desk.passes(text)));
    take_back(&desk, 1);
    desk.check.on_change(Change::ApiKey(keys[0].id));
    assert!(matches!(desk.authenticate(&texts[0]), Err(ApiKeyError::InvalidKey)));
    assert!(desk.passes(&texts[1]));
    assert_eq!(desk.look_ups(), 3, "the other key is still remembered");
}

#[test]
fn a_change_of_the_account_holds_for_all_its_keys() {
    let desk = Desk::new();
    let key = ApiKey { tier: Plan::Enterprise, ..sample_key(1, account()) };
    let text = desk.stored(&key);
    let caller = |desk: &Desk| desk.authenticate(&text).expect("the key").principal;
    assert_eq!((caller(&desk).role, caller(&desk).tier), (Role::User, Plan::Pro));
    desk.store.rows.add_account(account(), Role::Admin, Plan::Free);
    assert_eq!((caller(&desk).role, caller(&desk).tier), (Role::User, Plan::Pro));
    desk.check.on_change(Change::Account(account()));
    assert_eq!((caller(&desk).role, caller(&desk).tier), (Role::Admin, Plan::Free));
    desk.store.rows.deactivate(account());
    desk.check.on_change(Change::Account(account()));
    assert!(matches!(desk.authenticate(&text), Err(ApiKeyError::InvalidKey)));
}

#[test]
fn a_change_of_a_connection_is_no_matter_of_keys() {
    let desk = Desk::new();
    let text = desk.stored(&sample_key(1, account()));
    assert!(desk.passes(&text));
    desk.check.on_change(Change::Connection(account(), ConnectionId::from_uuid(Uuid::from_u128(1))));
    assert!(desk.passes(&text));
    assert_eq!(desk.look_ups(), 1);
}

#[test]
fn where_changes_may_have_been_missed_everything_is_asked_anew() {
    let desk = Desk::new();
    let texts = [1, 2].map(|number| desk.stored(&sample_key(number, account())));
    assert!(texts.iter().all(|text| desk.passes(text)));
    desk.check.on_gap();
    assert!(texts.iter().all(|text| desk.passes(text)));
    assert_eq!(desk.look_ups(), 4);
}

#[test]
fn an_answer_from_before_a_change_is_not_remembered() {
    let ways: [fn(&KeyCheck); 3] = [
        |check| check.on_change(Change::ApiKey(sample_key(1, account()).id)),
        |check| check.on_change(Change::Account(account())),
        |check| check.on_gap(),
    ];
    for tell in ways {
        let desk = Desk::new();
        let text = desk.stored(&sample_key(1, account()));
        let (check, rows) = (desk.check.clone(), desk.store.rows.clone());
        // The store has answered; then the key is taken back and that is told; then the answer is here.
        desk.store.meanwhile(move || {
            rows.amend(sample_key(1, account()).id, |key| key.revoked_at = Some(key.created_at));
            tell(&check);
        });
        assert!(desk.passes(&text), "it was good when it was asked for");
        assert!(desk.cache.is_empty());
        assert!(matches!(desk.authenticate(&text), Err(ApiKeyError::InvalidKey)));
        assert_eq!(desk.look_ups(), 2);
    }
}

#[test]
fn look_ups_of_one_key_at_the_same_time_are_one() {
    let desk = Desk::new();
    let text = desk.stored(&sample_key(1, account()));
    desk.store.waits.store(3, Ordering::SeqCst);
    let outcomes = block_on(join_all((0..64).map(|_| desk.check.authenticate(&text, None))));
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(desk.look_ups(), 1);
    assert!(desk.passes(&text));
    assert_eq!(desk.look_ups(), 0);
}

#[test]
fn a_look_up_that_fails_fails_for_all_who_wait_and_is_then_over() {
    let desk = Desk::new();
    let text = desk.stored(&sample_key(1, account()));
    // Long enough for all to come before it fails.
    desk.store.waits.store(20, Ordering::SeqCst);
    desk.set_down(true);
    let outcomes = block_on(join_all((0..8).map(|_| desk.check.authenticate(&text, None))));
    assert!(outcomes.iter().all(unavailable), "{outcomes:?}");
    let cause = |outcome: &Result<_, ApiKeyError>| match outcome {
        Err(ApiKeyError::Port(error)) => std::error::Error::source(error).map(ToString::to_string),
        _ => None,
    };
    assert!(outcomes.iter().all(|outcome| cause(outcome).as_deref() == Some("no route to host")));
    assert_eq!(desk.look_ups(), 1);
    desk.set_down(false);
    assert!(desk.passes(&text));
    assert_eq!(desk.look_ups(), 1);
}

#[test]
fn nobody_waits_for_a_look_up_from_before_a_change() {
    let desk = Desk::new();
    let text = desk.stored(&sample_key(1, account()));
    desk.store.waits.store(5, Ordering::SeqCst);
    let mut context = Context::from_waker(Waker::noop());
    let mut early = pin!(desk.check.authenticate(&text, None));
    assert!(early.as_mut().poll(&mut context).is_pending());
    desk.check.on_change(Change::ApiKey(sample_key(1, account()).id));
    let mut late = pin!(desk.check.authenticate(&text, None));
    assert!(late.as_mut().poll(&mut context).is_pending());
    assert_eq!(desk.look_ups(), 2);
    assert!(block_on(early).is_ok() && block_on(late).is_ok());
}

#[test]
fn nobody_waits_for_a_look_up_that_takes_too_long() {
    let desk = Desk::new();
    let text = desk.stored(&sample_key(1, account()));
    desk.store.waits.store(5, Ordering::SeqCst);
    let mut context = Context::from_waker(Waker::noop());
    let mut early = pin!(desk.check.authenticate(&text, None));
    assert!(early.as_mut().poll(&mut context).is_pending());
    desk.advance_ms(2_001);
    let mut late = pin!(desk.check.authenticate(&text, None));
    assert!(late.as_mut().poll(&mut context).is_pending());
    assert_eq!(desk.look_ups(), 2);
    assert!(block_on(late).is_ok() && block_on(early).is_ok());
}

#[test]
fn a_look_up_that_everybody_left_is_over() {
    let desk = Desk::new();
    let text = desk.stored(&sample_key(1, account()));
    desk.store.waits.store(5, Ordering::SeqCst);
    {
        let mut left = pin!(desk.check.authenticate(&text, None));
        assert!(left.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert!(desk.passes(&text));
    assert_eq!(desk.look_ups(), 2);
}

#[test]
fn while_the_store_is_down_an_answer_serves_a_minute() {
    let desk = Desk::new();
    let text = desk.stored(&sample_key(1, account()));
    assert!(desk.passes(&text));
    desk.set_down(true);
    for _ in 0..20 {
        desk.advance_ms(3_000);
        assert!(desk.passes(&text));
    }
    desk.advance_ms(1);
    let outcome = desk.authenticate(&text);
    assert!(unavailable(&outcome), "{outcome:?}");
}

#[test]
fn while_the_store_is_down_nobody_is_called_unknown() {
    let desk = Desk::new();
    let text = desk.stored(&sample_key(1, account()));
    let unknown = secret(9).text().expose_secret().to_owned();
    assert!(!desk.passes(&unknown));
    desk.set_down(true);
    assert!(unavailable(&desk.authenticate(&text)), "never seen");
    desk.advance_ms(5_001);
    assert!(unavailable(&desk.authenticate(&unknown)), "seen to be unknown, and too long ago");
}

#[test]
fn while_the_store_is_down_no_answer_from_before_a_change_serves() {
    let desk = Desk::new();
    let text = desk.stored(&sample_key(1, account()));
    assert!(desk.passes(&text));
    desk.set_down(true);
    desk.check.on_change(Change::ApiKey(sample_key(1, account()).id));
    assert!(unavailable(&desk.authenticate(&text)));
}
