//! The cases of the [`AnswerStore`] contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use altus4_kernel::{SealedSecret, Timestamp};
use futures::future::join_all;

use super::steps::{account, start};
use crate::{AnswerStore, AnswerTimes, Claim, KeyDigest, RetryKey, StoredAnswer};

const MILLISECOND: Duration = Duration::from_millis(1);
const TIMES: AnswerTimes = AnswerTimes { lifetime: Duration::from_hours(24), lease: Duration::from_mins(2) };
const REQUEST: KeyDigest = KeyDigest([1; 32]);
const OTHER: KeyDigest = KeyDigest([2; 32]);

fn key(name: &str) -> RetryKey {
    RetryKey { account_id: account(1), name: name.to_owned() }
}

fn answer(text: &str) -> StoredAnswer {
    StoredAnswer { status: 201, body: SealedSecret(text.to_owned()) }
}

async fn claim_at(store: &dyn AnswerStore, key: &RetryKey, request: KeyDigest, now: Timestamp) -> Claim {
    store.claim(key, request, now, TIMES).await.expect("claim")
}

async fn claim(store: &dyn AnswerStore, key: &RetryKey) -> Claim {
    claim_at(store, key, REQUEST, start()).await
}

async fn keep(store: &dyn AnswerStore, key: &RetryKey, answer: &StoredAnswer) {
    store.keep(key, answer).await.expect("keep");
}

/// Claims a name and keeps an answer to it.
async fn answered(store: &dyn AnswerStore, key: &RetryKey, answer: &StoredAnswer) {
    assert_eq!(claim(store, key).await, Claim::Granted);
    keep(store, key, answer).await;
}

/// Until there is an answer, whoever asks again is told that somebody is at it.
pub async fn a_first_try_is_granted_and_others_wait(store: &dyn AnswerStore) {
    assert_eq!(claim(store, &key("a")).await, Claim::Granted);
    assert_eq!(claim(store, &key("a")).await, Claim::UnderWay);
    assert_eq!(claim(store, &key("a")).await, Claim::UnderWay);
}

/// As often as it is asked for, with its own status.
pub async fn an_answer_is_given_again(store: &dyn AnswerStore) {
    for status in [200, 201, 400, 404, 409, 499] {
        let (key, answer) = (key(&status.to_string()), StoredAnswer { status, ..answer("sealed") });
        answered(store, &key, &answer).await;
        for _ in 0..2 {
            assert_eq!(claim(store, &key).await, Claim::Answered(answer.clone()));
        }
    }
}

/// Nothing at all, any script, and a megabyte and a half.
pub async fn answers_of_any_size_survive(store: &dyn AnswerStore) {
    let long = "x".repeat(1_500_000);
    for (name, text) in [("empty", ""), ("script", "Žluťoučký 🦀 \\ ' \""), ("long", &long)] {
        answered(store, &key(name), &answer(text)).await;
        assert!(claim(store, &key(name)).await == Claim::Answered(answer(text)), "{name}");
    }
}

/// Before its answer, after it, and after the lease: a name stands for one request.
pub async fn another_request_of_the_name_is_different(store: &dyn AnswerStore) {
    assert_eq!(claim(store, &key("a")).await, Claim::Granted);
    assert_eq!(claim_at(store, &key("a"), OTHER, start()).await, Claim::Different);
    let late = start() + TIMES.lease + MILLISECOND;
    assert_eq!(claim_at(store, &key("a"), OTHER, late).await, Claim::Different);
    keep(store, &key("a"), &answer("sealed")).await;
    assert_eq!(claim_at(store, &key("a"), OTHER, start()).await, Claim::Different);
    assert_eq!(claim(store, &key("a")).await, Claim::Answered(answer("sealed")));
    let mut nearly = REQUEST;
    nearly.0[31] ^= 1;
    assert_eq!(claim_at(store, &key("a"), nearly, start()).await, Claim::Different);
}

/// Of many tries at once one does it, whether they are the same request or not.
pub async fn of_many_tries_at_once_one_is_granted(store: &dyn AnswerStore) {
    for round in 0..5 {
        let key = key(&format!("round {round}"));
        let claims = join_all((0..8u8).map(|number| {
            let request = if number % 4 == 3 { OTHER } else { REQUEST };
            claim_at(store, &key, request, start())
        }));
        let claims = claims.await;
        let granted = claims.iter().filter(|claim| **claim == Claim::Granted).count();
        let waiting = claims.iter().all(|claim| !matches!(claim, Claim::Answered(_)));
        assert!(granted == 1 && waiting, "{claims:?}");
    }
}

/// By case, blanks, and whatever else can be typed; up to 255 characters.
pub async fn names_are_told_apart_exactly(store: &dyn AnswerStore) {
    let (long, longer) = ("x".repeat(254), "x".repeat(255));
    for name in ["a", "A", "a ", " a", "a%", "a_", "a'", "a\"", "\\", "~", &long, &longer] {
        answered(store, &key(name), &answer(name)).await;
    }
    for name in ["a", "A", "a ", " a", "a%", "a_", "a'", "a\"", "\\", "~", &long, &longer] {
        assert_eq!(claim(store, &key(name)).await, Claim::Answered(answer(name)), "{name}");
    }
}

/// What one account calls a request is nothing to another.
pub async fn accounts_have_names_of_their_own(store: &dyn AnswerStore) {
    answered(store, &key("a"), &answer("sealed")).await;
    let other = RetryKey { account_id: account(2), ..key("a") };
    assert_eq!(claim_at(store, &other, OTHER, start()).await, Claim::Granted);
    store.release(&other).await.expect("release");
    assert_eq!(claim(store, &key("a")).await, Claim::Answered(answer("sealed")));
}

/// The next try does it, and it may be another request.
pub async fn what_was_let_go_is_granted_again(store: &dyn AnswerStore) {
    assert_eq!(claim(store, &key("a")).await, Claim::Granted);
    store.release(&key("a")).await.expect("release");
    assert_eq!(claim_at(store, &key("a"), OTHER, start()).await, Claim::Granted);
    store.release(&key("a")).await.expect("release");
    store.release(&key("a")).await.expect("release nothing");
    assert_eq!(claim(store, &key("a")).await, Claim::Granted);
}

/// Neither a second answer nor letting go touches it.
pub async fn a_first_answer_stays(store: &dyn AnswerStore) {
    answered(store, &key("a"), &answer("first")).await;
    keep(store, &key("a"), &answer("second")).await;
    store.release(&key("a")).await.expect("release");
    assert_eq!(claim(store, &key("a")).await, Claim::Answered(answer("first")));
}

/// What nobody claimed, or what was let go, has no answer.
pub async fn an_answer_without_a_claim_is_not_kept(store: &dyn AnswerStore) {
    keep(store, &key("a"), &answer("sealed")).await;
    assert_eq!(claim(store, &key("a")).await, Claim::Granted);
    store.release(&key("a")).await.expect("release");
    keep(store, &key("a"), &answer("sealed")).await;
    assert_eq!(claim(store, &key("a")).await, Claim::Granted);
}

/// A node that died keeps others out for as long as its lease, which begins anew with the next.
pub async fn a_claim_without_an_answer_ends_with_its_lease(store: &dyn AnswerStore) {
    assert_eq!(claim(store, &key("a")).await, Claim::Granted);
    let nearly = start() + TIMES.lease - MILLISECOND;
    assert_eq!(claim_at(store, &key("a"), REQUEST, nearly).await, Claim::UnderWay);
    let over = start() + TIMES.lease + MILLISECOND;
    assert_eq!(claim_at(store, &key("a"), REQUEST, over).await, Claim::Granted);
    assert_eq!(claim_at(store, &key("a"), REQUEST, over + MILLISECOND).await, Claim::UnderWay);
    keep(store, &key("a"), &answer("sealed")).await;
    let much_later = over + TIMES.lifetime - MILLISECOND;
    let found = claim_at(store, &key("a"), REQUEST, much_later).await;
    assert_eq!(found, Claim::Answered(answer("sealed")));
}

/// Also what a dead node left is taken up by one.
pub async fn a_claim_that_ended_is_granted_to_one_of_many(store: &dyn AnswerStore) {
    for (name, later) in [("lease", TIMES.lease), ("lifetime", TIMES.lifetime)] {
        let key = key(name);
        assert_eq!(claim(store, &key).await, Claim::Granted);
        let now = start() + later + MILLISECOND;
        let claims = join_all((0..8).map(|_| claim_at(store, &key, REQUEST, now))).await;
        let granted = claims.iter().filter(|claim| **claim == Claim::Granted).count();
        assert_eq!(granted, 1, "{name}: {claims:?}");
    }
}

/// After that the name is free, for any request.
pub async fn an_answer_ends_with_its_lifetime(store: &dyn AnswerStore) {
    answered(store, &key("a"), &answer("first")).await;
    let nearly = start() + TIMES.lifetime - MILLISECOND;
    assert_eq!(claim_at(store, &key("a"), REQUEST, nearly).await, Claim::Answered(answer("first")));
    let over = start() + TIMES.lifetime + MILLISECOND;
    assert_eq!(claim_at(store, &key("a"), OTHER, over).await, Claim::Granted);
    assert_eq!(claim_at(store, &key("a"), OTHER, over).await, Claim::UnderWay);
    keep(store, &key("a"), &answer("second")).await;
    assert_eq!(claim_at(store, &key("a"), OTHER, over).await, Claim::Answered(answer("second")));
}

/// Answered or not, from before that moment; the others stay.
pub async fn a_purge_takes_what_was_claimed_before(store: &dyn AnswerStore) {
    answered(store, &key("old"), &answer("sealed")).await;
    assert_eq!(claim(store, &key("dead")).await, Claim::Granted);
    let later = start() + MILLISECOND;
    assert_eq!(claim_at(store, &key("new"), REQUEST, later).await, Claim::Granted);
    assert_eq!(store.purge(start()).await.expect("purge"), 0);
    assert_eq!(store.purge(later).await.expect("purge"), 2);
    assert_eq!(store.purge(later).await.expect("purge"), 0);
    assert_eq!(claim_at(store, &key("new"), REQUEST, later).await, Claim::UnderWay);
    assert_eq!(claim(store, &key("old")).await, Claim::Granted);
}
