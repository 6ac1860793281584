//! Who comes again is answered as before, over fakes.

use std::time::Duration;

use altus4_kernel::{
    PortErrorKind, Resealed,
    secrecy::ExposeSecret,
    testkit::{FakeSecretCipher, FixedClock, block_on},
    uuid::Uuid,
};

use super::*;
use crate::{
    answer_rotation,
    testkit::{FakeKeyDigester, InMemoryAnswers},
};

const REQUEST: &str = "POST /api/v1/keys\n\n{\"name\":\"one\"}";

struct Desk {
    retries: SafeRetries,
    store: InMemoryAnswers,
    clock: FixedClock,
}

impl Desk {
    fn new() -> Self {
        Self::with(InMemoryAnswers::default(), FixedClock::default(), &["k1"])
    }

    fn with(store: InMemoryAnswers, clock: FixedClock, secrets: &[&str]) -> Self {
        let retries = SafeRetries::new(
            Arc::new(store.clone()),
            Arc::new(FakeKeyDigester::new(secrets)),
            Arc::new(FakeSecretCipher::default()),
            Arc::new(clock.clone()),
            AnswerTimes::default(),
        );
        Self { retries, store, clock }
    }

    fn begin(&self, name: &str, request: &str) -> Result<Begun, ApiKeyError> {
        block_on(self.retries.begin(account(1), name, &request.into()))
    }

    fn go(&self, name: &str) -> RetryKey {
        match self.begin(name, REQUEST) {
            Ok(Begun::Go(key)) => key,
            other => panic!("{other:?}"),
        }
    }

    fn finish(&self, key: &RetryKey, status: u16, body: &str) {
        block_on(self.retries.finish(key, status, &body.into())).expect("finish");
    }

    fn answer(&self, name: &str) -> (u16, String) {
        match self.begin(name, REQUEST) {
            Ok(Begun::Answered { status, body }) => (status, body.expose_secret().to_owned()),
            other => panic!("{other:?}"),
        }
    }

    /// What is stored under this name.
    fn stored(&self, key: &RetryKey) -> StoredAnswer {
        let request = FakeKeyDigester::new(&["k1"]).digest(&REQUEST.into());
        let claim = self.store.claim(key, request.digest, self.clock.now(), AnswerTimes::default());
        match block_on(claim) {
            Ok(Claim::Answered(answer)) => answer,
            other => panic!("{other:?}"),
        }
    }
}

fn account(number: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number))
}

#[test]
fn who_comes_again_is_answered_as_before() {
    let desk = Desk::new();
    let key = desk.go("one");
    assert!(matches!(desk.begin("one", REQUEST), Ok(Begun::UnderWay)));
    desk.finish(&key, 201, "a body with altus4_sk_live_x");
    for _ in 0..2 {
        assert_eq!(desk.answer("one"), (201, "a body with altus4_sk_live_x".to_owned()));
    }
}

#[test]
fn so_is_who_comes_again_after_the_master_key_was_changed() {
    let mut desk = Desk::new();
    let names = ["one", "two", "a name, with: anything"];
    for name in names {
        desk.finish(&desk.go(name), 201, &format!("the body of {name}"));
    }
    desk.go("under way");
    let both = Arc::new(FakeSecretCipher::with_keys(&["k2", "k1"]));
    let rotation = answer_rotation(Arc::new(desk.store.clone()), both);
    let done = block_on(rotation.reseal(None, 10)).expect("reseal");
    assert_eq!(done, Resealed { resealed: 3, ..Resealed::default() });

    desk.retries.cipher = Arc::new(FakeSecretCipher::with_keys(&["k2"]));
    for name in names {
        assert_eq!(desk.answer(name), (201, format!("the body of {name}")));
    }
    assert!(matches!(desk.begin("under way", REQUEST), Ok(Begun::UnderWay)));
}

#[test]
fn a_name_stands_for_one_request() {
    let desk = Desk::new();
    let key = desk.go("one");
    assert!(matches!(desk.begin("one", "POST /api/v1/keys"), Ok(Begun::Different)));
    desk.finish(&key, 201, "body");
    assert!(matches!(desk.begin("one", "POST /api/v1/keys"), Ok(Begun::Different)));
    assert!(matches!(desk.begin("two", "POST /api/v1/keys"), Ok(Begun::Go(_))));
}

#[test]
fn one_accounts_answers_are_nothing_to_another() {
    let desk = Desk::new();
    desk.finish(&desk.go("one"), 201, "body");
    let other = block_on(desk.retries.begin(account(2), "one", &REQUEST.into()));
    assert!(matches!(other, Ok(Begun::Go(_))), "{other:?}");
}

#[test]
fn only_what_would_come_again_is_kept() {
    let desk = Desk::new();
    for status in 200..600 {
        let name = status.to_string();
        desk.finish(&desk.go(&name), status, "body");
        if status >= 500 || [401, 403, 408, 429].contains(&status) {
            desk.go(&name);
        } else {
            assert_eq!(desk.answer(&name), (status, "body".to_owned()));
        }
    }
}

#[test]
fn what_is_given_up_can_be_tried_again() {
    let desk = Desk::new();
    let key = desk.go("one");
    block_on(desk.retries.release(&key)).expect("release");
    desk.go("one");
}

#[test]
fn a_kept_body_is_sealed_and_bound_to_its_place() {
    let desk = Desk::new();
    let keys = ["one", "two"].map(|name| desk.go(name));
    desk.finish(&keys[0], 201, "altus4_sk_live_x");
    let stored = desk.stored(&keys[0]);
    assert!(!stored.body.0.contains("altus4_sk"));
    block_on(desk.store.keep(&keys[1], &stored)).expect("keep");
    let moved = desk.begin("two", REQUEST).expect_err("another's answer");
    assert!(matches!(&moved, ApiKeyError::Port(error) if error.kind == PortErrorKind::Corrupt), "{moved:?}");

    let foreign = RetryKey { account_id: account(2), ..keys[0].clone() };
    assert!(matches!(block_on(desk.retries.begin(account(2), "one", &REQUEST.into())), Ok(Begun::Go(_))));
    block_on(desk.store.keep(&foreign, &stored)).expect("keep");
    let moved = block_on(desk.retries.begin(account(2), "one", &REQUEST.into()));
    assert!(matches!(moved, Err(ApiKeyError::Port(_))), "{moved:?}");
}

#[test]
fn a_name_is_printable_ascii() {
    let desk = Desk::new();
    let longest = "x".repeat(255);
    for name in ["1", "a b", "~!\"'\\%", &longest] {
        desk.go(name);
    }
    let too_long = "x".repeat(256);
    for name in ["", "a\n", "\u{7f}", "é", "\0", &too_long] {
        let refused = desk.begin(name, REQUEST);
        assert!(matches!(refused, Err(ApiKeyError::InvalidRetryName)), "{name:?}");
    }
}

#[test]
fn an_answer_outlives_a_change_of_the_servers_secret() {
    let before = Desk::with(InMemoryAnswers::default(), FixedClock::default(), &["k1"]);
    before.finish(&before.go("one"), 201, "body");
    let after = Desk::with(before.store.clone(), before.clock.clone(), &["k2", "k1"]);
    assert_eq!(after.answer("one"), (201, "body".to_owned()));
    assert!(matches!(after.begin("one", "another"), Ok(Begun::Different)));
}

#[test]
fn answers_are_kept_for_a_day_and_then_removed() {
    let desk = Desk::new();
    desk.finish(&desk.go("one"), 201, "body");
    desk.clock.advance(Duration::from_hours(24) - Duration::from_millis(1));
    assert_eq!(desk.answer("one").0, 201);
    assert_eq!(block_on(desk.retries.purge()).expect("purge"), 0);
    desk.clock.advance(Duration::from_millis(2));
    assert_eq!(block_on(desk.retries.purge()).expect("purge"), 1);
    desk.go("one");
}

#[test]
fn a_request_whose_node_died_is_taken_up_after_two_minutes() {
    let desk = Desk::new();
    desk.go("one");
    desk.clock.advance(Duration::from_mins(2) - Duration::from_millis(1));
    assert!(matches!(desk.begin("one", REQUEST), Ok(Begun::UnderWay)));
    desk.clock.advance(Duration::from_millis(1));
    desk.go("one");
}
