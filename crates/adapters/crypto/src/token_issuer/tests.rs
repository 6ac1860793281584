//! Genuine tokens are accepted in their time; everything else is refused. Forgeries are in
//! `tests/forgeries.rs`.

mod forgeries;

use std::collections::HashSet;

use altus4_kernel::{AccountId, Clock, SessionId, testkit::FixedClock, uuid::Uuid};
use serde_json::{Value, json};

use super::*;
use crate::{
    NamedKey, SystemRandomSource,
    key_ring::tests::{key, key_of},
    random_source::tests::{Counting, Exhausted},
};

const MINUTE: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);

fn issuer_with(keys: Vec<NamedKey>, random: impl RandomSource + 'static) -> JwtTokenIssuer {
    let config = JwtConfig { keys, issuer: "altus4".to_owned(), audience: "altus4-api".to_owned() };
    JwtTokenIssuer::new(config, Arc::new(random)).expect("keys")
}

fn issuer() -> JwtTokenIssuer {
    issuer_with(vec![key("k1", 1)], SystemRandomSource)
}

fn now() -> Timestamp {
    FixedClock::default().now()
}

fn claims_at(issued_at: Timestamp) -> AccessClaims {
    AccessClaims {
        account_id: AccountId::from_uuid(Uuid::from_u128(1)),
        session_id: SessionId::from_uuid(Uuid::from_u128(2)),
        issued_at,
        expires_at: issued_at + 15 * MINUTE,
    }
}

fn issue(issuer: &JwtTokenIssuer) -> String {
    issuer.issue(&claims_at(now())).expect("a token").expose_secret().to_owned()
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

#[test]
fn another_implementation_of_hs256_agrees() {
    // Computed with Python's hmac module: key 01 02 … 20, jti 00 01 … 0f.
    let token = concat!(
        "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.",
        "eyJpc3MiOiJhbHR1czQiLCJhdWQiOiJhbHR1czQtYXBpIiwic3ViIjoiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAw",
        "MDAxIiwic2lkIjoiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAyIiwiaWF0IjoxNzY4NDczMDAwLCJuYmYiOjE3",
        "Njg0NzMwMDAsImV4cCI6MTc2ODQ3MzkwMCwianRpIjoiQUFFQ0F3UUZCZ2NJQ1FvTERBME9EdyJ9.",
        "3rj3940dHSrVx3rj2pBJbQffN-DkZxQG77rUBINRo4c",
    );
    let issuer = issuer_with(vec![key("k1", 1)], Counting);
    assert_eq!(issue(&issuer), token);
    assert_eq!(issuer.verify(token, now()), Ok(claims_at(now())));
}

#[test]
fn a_token_has_the_documented_header_and_claims() {
    let token = issue(&issuer());
    assert_eq!(part(&token, 0), json!({ "alg": "HS256", "typ": "at+jwt", "kid": "k1" }));
    let claims = part(&token, 1);
    let names: HashSet<&str> = claims.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(names, HashSet::from(["iss", "aud", "sub", "sid", "iat", "nbf", "exp", "jti"]));
    assert!(token.len() < 600, "{} characters", token.len());
}

#[test]
fn no_two_tokens_have_the_same_id() {
    let issuer = issuer();
    let ids: HashSet<String> = (0..100).map(|_| part(&issue(&issuer), 1)["jti"].to_string()).collect();
    assert_eq!(ids.len(), 100);
}

#[test]
fn a_token_is_good_until_the_second_it_ends_and_expired_from_then_on() {
    let issuer = issuer();
    let token = issue(&issuer);
    let end = now() + 15 * MINUTE;
    assert!(issuer.verify(&token, end - Duration::from_millis(1)).is_ok());
    for after in [Duration::ZERO, SECOND, MINUTE, Duration::from_hours(24 * 36_500)] {
        assert_eq!(issuer.verify(&token, end + after), Err(TokenFault::Expired), "{after:?} after its end");
    }
}

#[test]
fn a_token_of_a_clock_that_is_a_little_ahead_is_accepted() {
    let issuer = issuer();
    let token = issue(&issuer);
    assert!(issuer.verify(&token, now() - 30 * SECOND).is_ok());
    assert_eq!(issuer.verify(&token, now() - 31 * SECOND), Err(TokenFault::Invalid));
    assert_eq!(issuer.verify(&token, now() - Duration::from_hours(24)), Err(TokenFault::Invalid));
}

#[test]
fn the_wall_clock_has_no_say() {
    let issuer = issuer();
    for year in [1971, 2026, 2500] {
        let moment = Timestamp::from_unix_seconds((year - 1970) * 31_557_600).expect("a year");
        let token = issuer.issue(&claims_at(moment)).expect("a token");
        assert_eq!(issuer.verify(token.expose_secret(), moment + MINUTE), Ok(claims_at(moment)), "{year}");
        let end = moment + 15 * MINUTE;
        assert_eq!(issuer.verify(token.expose_secret(), end), Err(TokenFault::Expired), "{year}");
    }
}

#[test]
fn during_a_rotation_both_keys_are_accepted_and_the_newest_signs() {
    let old = issuer_with(vec![key("old", 1)], SystemRandomSource);
    let rotated = issuer_with(vec![key("new", 2), key("old", 1)], SystemRandomSource);
    let after = issuer_with(vec![key("new", 2)], SystemRandomSource);
    let (first, second) = (issue(&old), issue(&rotated));
    assert_eq!(part(&second, 0)["kid"], "new");
    assert!(rotated.verify(&first, now()).is_ok() && rotated.verify(&second, now()).is_ok());
    assert!(after.verify(&second, now()).is_ok());
    assert_eq!(after.verify(&first, now()), Err(TokenFault::Invalid), "the old key is gone");
    assert_eq!(old.verify(&second, now()), Err(TokenFault::Invalid));
}

#[test]
fn another_key_of_the_same_id_signs_for_nobody() {
    let other = issuer_with(vec![key("k1", 2)], SystemRandomSource);
    assert_eq!(issuer().verify(&issue(&other), now()), Err(TokenFault::Invalid));
}

#[test]
fn a_moment_that_no_token_can_say_is_an_error() {
    let before_1970 = Timestamp::from_unix_seconds(-1000).expect("a moment");
    let error = issuer().issue(&claims_at(before_1970)).expect_err("no such token");
    assert_eq!(error.kind, PortErrorKind::Unexpected);
}

#[test]
fn a_refresh_token_has_256_random_bits_and_is_stored_as_sha_256() {
    let issuer = issuer();
    let token = issuer.refresh_token().expect("a token");
    assert_eq!(token.secret.expose_secret().len(), REFRESH_CHARS);
    let body = token.secret.expose_secret().strip_prefix("altus4_rt_").expect("the prefix").to_owned();
    assert_eq!(URL_SAFE_NO_PAD.decode(body).expect("base64url").len(), 32);
    assert_eq!(issuer.refresh_digest(&token.secret), token.digest);
    // Computed with Python's hashlib.
    let digest = issuer.refresh_digest(&"altus4_rt_x".into()).0;
    assert_eq!(URL_SAFE_NO_PAD.encode(digest), "6zsra54wLGihDnTZsIQl5YM90DH5TGgJtZT5RPW2qtA");
}

#[test]
fn a_refresh_token_is_no_access_token() {
    let issuer = issuer();
    let token = issuer.refresh_token().expect("a token");
    assert_eq!(issuer.verify(token.secret.expose_secret(), now()), Err(TokenFault::Invalid));
}

#[test]
fn without_randomness_no_token_is_made() {
    let issuer = issuer_with(vec![key("k1", 1)], Exhausted);
    let kinds = [
        issuer.issue(&claims_at(now())).expect_err("no jti").kind,
        issuer.refresh_token().expect_err("no secret").kind,
    ];
    assert_eq!(kinds, [PortErrorKind::Unavailable; 2]);
}

#[test]
fn keys_under_256_bits_are_refused() {
    let config =
        JwtConfig { keys: vec![key_of("k1", 1, 31)], issuer: "i".to_owned(), audience: "a".to_owned() };
    let fault = JwtTokenIssuer::new(config, Arc::new(Counting)).err();
    assert!(matches!(fault, Some(KeyFault::TooShort { bytes: 31, least: 32, .. })), "{fault:?}");
}

#[test]
fn debug_shows_no_key() {
    let issuer = issuer();
    let token = issuer.issue(&claims_at(now())).expect("a token");
    let refresh = issuer.refresh_token().expect("a token");
    let config = JwtConfig { keys: vec![key("k1", 1)], issuer: "i".to_owned(), audience: "a".to_owned() };
    let shown = format!("{issuer:?} {token:?} {refresh:?} {config:?}");
    assert!(shown.contains("k1"), "{shown}");
    for trace in ["1, 2, 3", "eyJ", "altus4_rt_"] {
        assert!(!shown.contains(trace), "{shown}");
    }
}
