//! Tokens that the service did not issue, or not so: forged, expired, of another algorithm.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;
use serde_json::{Value, json};

use crate::app::{JWT_SECRET, JWT_SECRET_ID, Kind, TestApp};
use crate::client::Caller;
use crate::routes::{NEVER_ISSUED, Needs, ROUTES, concrete};

/// The only kind of app whose signing secret the tests know.
fn app() -> &'static TestApp {
    TestApp::shared(Kind::MariaDbRedis)
}

fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).expect("a token has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("a part is JSON")
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

fn signed(algorithm: hmac::Algorithm, secret: &[u8], header: &Value, claims: &Value) -> String {
    let signed = format!("{}.{}", encoded(header), encoded(claims));
    let signature = hmac::sign(&hmac::Key::new(algorithm, secret), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn well_signed(header: &Value, claims: &Value) -> String {
    signed(hmac::HMAC_SHA256, &JWT_SECRET, header, claims)
}

/// The same JSON with one member set, or taken out.
fn but(value: &Value, name: &str, changed: Option<Value>) -> Value {
    let mut value = value.clone();
    let members = value.as_object_mut().expect("an object");
    match changed {
        Some(changed) => members.insert(name.to_owned(), changed),
        None => members.remove(name),
    };
    value
}

async fn fresh() -> (Caller, Value, Value) {
    let session = app().session().await;
    let (header, claims) = (part(session.credential(), 0), part(session.credential(), 1));
    // What follows means nothing unless the tests sign as the service does.
    app().caller(&well_signed(&header, &claims)).get("/api/v1/databases").await.is(200);
    (session, header, claims)
}

async fn assert_refused(tokens: &[(String, String)]) {
    for (what, token) in tokens {
        let answer = app().caller(token).get("/api/v1/databases").await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text);
        assert_eq!(answer.body["error"]["code"], "INVALID_TOKEN", "{what}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_signature_is_refused() {
    let (session, header, claims) = fresh().await;
    let token = session.credential();
    let (body, signature) = token.rsplit_once('.').expect("a token has three parts");
    let mut tokens = vec![
        ("no signature".to_owned(), format!("{body}.")),
        ("two parts".to_owned(), body.to_owned()),
        ("four parts".to_owned(), format!("{token}.x")),
        ("a longer signature".to_owned(), format!("{token}AAAA")),
        ("another secret".to_owned(), signed(hmac::HMAC_SHA256, &[7; 32], &header, &claims)),
        ("no secret".to_owned(), signed(hmac::HMAC_SHA256, &[], &header, &claims)),
        (
            "the key's id as the secret".to_owned(),
            signed(hmac::HMAC_SHA256, JWT_SECRET_ID.as_bytes(), &header, &claims),
        ),
    ];
    for at in 0..signature.len() - 1 {
        let other = if signature[at..].starts_with('A') { "B" } else { "A" };
        let flipped = format!("{}{other}{}", &signature[..at], &signature[at + 1..]);
        tokens.push((format!("character {at} of the signature"), format!("{body}.{flipped}")));
    }
    for (at, name) in [(0, "header"), (1, "claims")] {
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        parts[at] = encoded(&but(&part(token, at), "x", Some(json!(1))));
        tokens.push((format!("changed {name}"), parts.join(".")));
    }
    assert_refused(&tokens).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_algorithm_is_refused() {
    let (_, header, claims) = fresh().await;
    let named = |algorithm: &str| but(&header, "alg", Some(json!(algorithm)));
    let mut tokens = Vec::new();
    for name in ["none", "None", "NONE", "nOnE", ""] {
        tokens.push((format!("unsigned {name}"), format!("{}.{}.", encoded(&named(name)), encoded(&claims))));
        tokens.push((format!("signed {name}"), well_signed(&named(name), &claims)));
    }
    for name in ["RS256", "RS384", "RS512", "ES256", "PS256", "EdDSA", "HS384", "HS512", "hs256"] {
        tokens.push((format!("{name}, signed as HS256"), well_signed(&named(name), &claims)));
    }
    tokens.push(("HS384".to_owned(), signed(hmac::HMAC_SHA384, &JWT_SECRET, &named("HS384"), &claims)));
    tokens.push(("HS512".to_owned(), signed(hmac::HMAC_SHA512, &JWT_SECRET, &named("HS512"), &claims)));
    tokens.push(("no algorithm".to_owned(), well_signed(&but(&header, "alg", None), &claims)));
    tokens.push((
        "an unknown key".to_owned(),
        well_signed(&but(&header, "kid", Some(json!("other"))), &claims),
    ));
    let path = but(&header, "kid", Some(json!("../../dev/null")));
    tokens.push(("a path as the key".to_owned(), signed(hmac::HMAC_SHA256, &[], &path, &claims)));
    tokens.push((
        "a critical extension".to_owned(),
        well_signed(&but(&header, "crit", Some(json!(["b64"]))), &claims),
    ));
    tokens.push((
        "another type".to_owned(),
        well_signed(&but(&header, "typ", Some(json!("refresh+jwt"))), &claims),
    ));
    assert_refused(&tokens).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_other_claims_is_refused() {
    let (_, header, claims) = fresh().await;
    let (_, _, others) = fresh().await;
    let mut tokens = Vec::new();
    for name in ["iss", "aud", "sub", "sid", "exp", "iat", "nbf", "jti"] {
        tokens.push((format!("no {name}"), well_signed(&header, &but(&claims, name, None))));
        for wrong in [json!("x"), json!(null), json!([]), json!(-1), json!(1e300)] {
            // Any text is an id.
            if name == "jti" && wrong.is_string() {
                continue;
            }
            tokens.push((format!("{name}: {wrong}"), well_signed(&header, &but(&claims, name, Some(wrong)))));
        }
    }
    for name in ["sub", "sid"] {
        let swapped = but(&claims, name, Some(others[name].clone()));
        tokens.push((format!("another account's {name}"), well_signed(&header, &swapped)));
        let unknown = but(&claims, name, Some(json!(NEVER_ISSUED)));
        tokens.push((format!("nobody's {name}"), well_signed(&header, &unknown)));
    }
    for (what, token) in tokens {
        let answer = app().caller(&token).get("/api/v1/databases").await;
        // A time before all others is over; which of the two it is told as, is all one.
        let over = what == "exp: -1" && answer.body["error"]["code"] == "TOKEN_EXPIRED";
        assert!(answer.status == 401, "{what}: {}", answer.text);
        assert!(over || answer.body["error"]["code"] == "INVALID_TOKEN", "{what}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_told_from_a_forged_one() {
    let (_, header, claims) = fresh().await;
    let past = |seconds: u64| {
        let time = |name: &str| claims[name].as_u64().expect("a time in seconds") - seconds;
        let claims = but(&claims, "iat", Some(json!(time("iat"))));
        but(&claims, "exp", Some(json!(time("exp"))))
    };
    for seconds in [1_000, 86_400 * 365] {
        let expired = well_signed(&header, &past(seconds));
        app().caller(&expired).get("/api/v1/databases").await.fails(401, "TOKEN_EXPIRED");
        let forged = signed(hmac::HMAC_SHA256, &[7; 32], &header, &past(seconds));
        app().caller(&forged).get("/api/v1/databases").await.fails(401, "INVALID_TOKEN");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_refuses_tokens_that_were_not_issued() {
    let (session, header, claims) = fresh().await;
    let over = but(&claims, "exp", claims["iat"].as_u64().map(|issued| json!(issued - 1)));
    let unsigned = format!("{}.{}.", encoded(&but(&header, "alg", Some(json!("none")))), encoded(&claims));
    let tokens = [
        ("INVALID_TOKEN", signed(hmac::HMAC_SHA256, &[7; 32], &header, &claims)),
        ("INVALID_TOKEN", unsigned),
        ("INVALID_TOKEN", well_signed(&but(&header, "alg", Some(json!("RS256"))), &claims)),
        ("TOKEN_EXPIRED", well_signed(&header, &over)),
    ];
    for (method, path, _) in ROUTES.into_iter().filter(|(_, _, needs)| *needs != Needs::Nothing) {
        for (code, token) in &tokens {
            app().caller(token).send(method, &concrete(path), None).await.fails(401, code);
        }
    }
    session.get("/api/v1/databases").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_no_access_token() {
    let account = app().account().await;
    let refresh = crate::client::text(&account.registered["tokens"]["refreshToken"]);
    let answer = app().caller(&refresh).get("/api/v1/databases").await.is(401);
    assert_eq!(answer.body["error"]["code"], "INVALID_TOKEN");
}
