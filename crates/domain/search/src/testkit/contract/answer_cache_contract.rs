//! The cases of the [`AnswerCache`] contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]
#![cfg_attr(not(test), expect(clippy::unused_async, reason = "cases of all contracts are called alike"))]

use std::{sync::Arc, time::Duration};

use altus4_kernel::{Clock, testkit::FixedClock};

use crate::{AnswerCache, CachedAnswer, testkit::sample_answer};

/// Longer than any test.
const LIFE: Duration = Duration::from_hours(1);

fn kept(number: u32, snippet: &str) -> CachedAnswer {
    let answer = Arc::new(sample_answer(number, 1, snippet));
    CachedAnswer::new(answer, FixedClock::default().now() + Duration::from_secs(number.into()))
}

fn put(cache: &dyn AnswerCache, key: &str, answer: CachedAnswer) {
    cache.put(key.to_owned(), answer, LIFE);
}

fn number_at(cache: &dyn AnswerCache, key: &str) -> Option<u128> {
    cache.get(key).map(|kept| kept.answer.search_id.as_uuid().as_u128())
}

/// The same answer, with its end.
pub async fn what_was_put_is_given(cache: &dyn AnswerCache) {
    assert!(cache.get("a").is_none());
    let answer = kept(1, "found");
    put(cache, "a", answer.clone());
    let found = cache.get("a").expect("it was put");
    assert!(Arc::ptr_eq(&found.answer, &answer.answer));
    assert_eq!(found.until, answer.until);
}

/// It takes the place of the one before.
pub async fn the_last_answer_counts(cache: &dyn AnswerCache) {
    for number in [1, 2] {
        put(cache, "a", kept(number, "found"));
    }
    assert_eq!(number_at(cache, "a"), Some(2));
}

/// By every character.
pub async fn keys_are_told_apart(cache: &dyn AnswerCache) {
    let keys = ["", "a", "A", "a ", "ab", "á"];
    for (number, key) in (1..).zip(keys) {
        put(cache, key, kept(number, "found"));
    }
    for (number, key) in (1..).zip(keys) {
        assert_eq!(number_at(cache, key), Some(number), "{key:?}");
    }
}

/// Ten megabytes do not fit into one.
pub async fn what_is_kept_is_bounded_by_its_weight(cache: &dyn AnswerCache) {
    let heavy = "x".repeat(100_000);
    for number in 0..100 {
        put(cache, &number.to_string(), kept(number, &heavy));
    }
    let left = (0..100).filter(|number| cache.get(&number.to_string()).is_some()).count();
    assert!((1..=10).contains(&left), "{left}");
}

/// It isn't kept.
pub async fn an_answer_that_is_too_heavy_pushes_out_no_other(cache: &dyn AnswerCache) {
    put(cache, "light", kept(1, "found"));
    put(cache, "heavy", kept(2, &"x".repeat(2_000_000)));
    assert_eq!((number_at(cache, "light"), number_at(cache, "heavy")), (Some(1), None));
}
