//! The cases of the [`TokenIssuer`] contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]
#![cfg_attr(not(test), expect(clippy::unused_async, reason = "cases of all contracts are called alike"))]

use std::{collections::HashSet, time::Duration};

use altus4_kernel::{
    AccountId, Clock, SessionId,
    secrecy::{ExposeSecret, SecretString},
    testkit::FixedClock,
    uuid::Uuid,
};

use crate::{AccessClaims, TokenFault, TokenIssuer};

/// Longer than any leeway that an issuer may give to clocks that differ.
const LEEWAY: Duration = Duration::from_mins(5);

fn claims() -> AccessClaims {
    let issued_at = FixedClock::default().now();
    AccessClaims {
        account_id: AccountId::from_uuid(Uuid::from_u128(1)),
        session_id: SessionId::from_uuid(Uuid::from_u128(2)),
        issued_at,
        expires_at: issued_at + Duration::from_mins(15),
    }
}

fn issued(issuer: &dyn TokenIssuer, claims: &AccessClaims) -> String {
    issuer.issue(claims).expect("issue").expose_secret().to_owned()
}

/// A token gives back what it was issued for, from its first moment on.
pub async fn a_token_says_what_it_was_issued_for(issuer: &dyn TokenIssuer) {
    let claims = claims();
    let token = issued(issuer, &claims);
    assert_eq!(issuer.verify(&token, claims.issued_at), Ok(claims));
    assert_eq!(issuer.verify(&token, claims.expires_at - Duration::from_secs(1)), Ok(claims));
}

/// A token is refused after its end, and called expired.
pub async fn a_token_is_over_after_its_end(issuer: &dyn TokenIssuer) {
    let claims = claims();
    let token = issued(issuer, &claims);
    assert_eq!(issuer.verify(&token, claims.expires_at + LEEWAY), Err(TokenFault::Expired));
}

/// A token from the future is invalid.
pub async fn a_token_is_not_valid_before_its_time(issuer: &dyn TokenIssuer) {
    let claims = claims();
    let token = issued(issuer, &claims);
    assert_eq!(issuer.verify(&token, claims.issued_at - LEEWAY), Err(TokenFault::Invalid));
}

/// A token with any character changed, cut or added is invalid.
pub async fn a_forged_token_is_invalid(issuer: &dyn TokenIssuer) {
    let claims = claims();
    let token = issued(issuer, &claims);
    let invalid = |forged: &str| {
        assert_eq!(issuer.verify(forged, claims.issued_at), Err(TokenFault::Invalid), "{forged}");
    };
    for place in 0..token.len() {
        let mut forged = token.clone().into_bytes();
        forged[place] = if forged[place] == b'x' { b'y' } else { b'x' };
        invalid(&String::from_utf8(forged).expect("ASCII"));
    }
    invalid(&token[..token.len() - 1]);
    invalid(&format!("{token}x"));
    invalid(&format!(" {token}"));
}

/// Whatever the text is, the answer is `Invalid`.
pub async fn no_text_makes_it_panic(issuer: &dyn TokenIssuer) {
    let long = "a.".repeat(50_000);
    for text in ["", ".", "..", "a.b.c", "\0", "é.é.é", "e30.e30.", "null.null.null", &long] {
        let verdict = issuer.verify(text, FixedClock::default().now());
        assert_eq!(verdict, Err(TokenFault::Invalid), "{text:.20}");
    }
}

/// Each refresh token is another one, with another digest.
pub async fn refresh_tokens_never_repeat(issuer: &dyn TokenIssuer) {
    let tokens: Vec<_> = (0..100).map(|_| issuer.refresh_token().expect("a token")).collect();
    let secrets: HashSet<_> = tokens.iter().map(|token| token.secret.expose_secret().to_owned()).collect();
    let digests: HashSet<_> = tokens.iter().map(|token| token.digest).collect();
    assert_eq!((secrets.len(), digests.len()), (100, 100));
}

/// What a client shows again is found under the digest that was stored; nothing else is.
pub async fn a_refresh_token_has_the_digest_it_is_stored_under(issuer: &dyn TokenIssuer) {
    let token = issuer.refresh_token().expect("a token");
    assert_eq!(issuer.refresh_digest(&token.secret), token.digest);
    let other = SecretString::from(format!("{} ", token.secret.expose_secret()));
    assert_ne!(issuer.refresh_digest(&other), token.digest);
}
