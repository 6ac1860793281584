//! Registering, logging in, staying in, logging out; the first key.

use std::time::Duration;

use actix_web::{http::StatusCode, test::TestRequest};
use altus4_kernel::Plan;
use serde_json::{Value, json};

use super::world::{Answer, PASSWORD, World, bearer};
use crate::{HttpConfig, extract::Presented};

fn post(path: &str, body: &Value) -> TestRequest {
    TestRequest::post().uri(path).set_json(body)
}

fn set_cookie(answer: &Answer) -> String {
    answer.header("set-cookie").to_owned()
}

#[actix_web::test]
async fn registering_answers_with_the_account_and_its_tokens() {
    let world = World::new();
    let body = json!({
        "email": "Ada@Example.com", "password": PASSWORD, "name": "Ada Lovelace", "role": "admin", "plan": "free",
    });
    let answer =
        world.send(post("/api/v1/auth/register", &body).insert_header(("x-request-id", "r-1"))).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    answer.assert_enveloped();
    insta::assert_json_snapshot!(answer.json(), { ".meta.executionTime" => 0, ".meta.version" => "[version]" });
    let cookie = set_cookie(&answer);
    for part in ["altus4_refresh=refresh-", "HttpOnly", "SameSite=Strict", "Path=/api", "Max-Age=2592000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "development: {cookie}");
}

#[actix_web::test]
async fn outside_development_the_cookie_is_for_https_alone() {
    let config = HttpConfig { development: false, ..HttpConfig::default() };
    let world = World::with(config, altus4_connections::testkit::FakeProbe::default());
    let body = json!({ "email": "a@example.com", "password": PASSWORD, "name": "A" });
    assert!(set_cookie(&world.send(post("/api/v1/auth/register", &body)).await).contains("Secure"));
}

#[actix_web::test]
async fn a_taken_address_is_a_conflict() {
    let world = World::new();
    world.register("ada").await;
    let body = json!({ "email": "ADA@example.com", "password": PASSWORD, "name": "Other" });
    let answer = world.send(post("/api/v1/auth/register", &body)).await;
    assert_eq!((answer.status, &*answer.code()), (StatusCode::CONFLICT, "USER_EXISTS"));
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_address_answer_alike() {
    let world = World::new();
    world.register("ada").await;
    let attempts =
        [("ada@example.com", "wrong password"), ("eve@example.com", PASSWORD), ("no address", "x")];
    let mut answers = Vec::new();
    for (email, password) in attempts {
        let body = json!({ "email": email, "password": password });
        let answer = world.send(post("/api/v1/auth/login", &body)).await;
        assert_eq!((answer.status, &*answer.code()), (StatusCode::UNAUTHORIZED, "INVALID_CREDENTIALS"));
        answers.push(answer.json()["error"].clone());
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

#[actix_web::test]
async fn logging_in_shows_the_accounts_databases() {
    let world = World::new();
    let token = world.register("ada").await;
    let id = world.database(&token, "one").await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let answer = world.send(post("/api/auth/login", &body)).await;
    assert_eq!(answer.json()["data"]["user"]["connectedDatabases"], json!([id]));
    assert_eq!(answer.text("/data/token"), answer.text("/data/tokens/accessToken"));
    let profile = world.get(&answer.text("/data/token"), "/api/v1/auth/profile").await;
    assert_eq!(profile.json()["data"], answer.json()["data"]["user"]);
}

#[actix_web::test]
async fn a_refresh_token_works_once_from_the_body_or_the_cookie() {
    let world = World::new();
    world.register("ada").await;
    let login = json!({ "email": "ada@example.com", "password": PASSWORD });
    let first = world.send(post("/api/v1/auth/login", &login)).await.text("/data/tokens/refreshToken");

    let second = world.send(post("/api/v1/auth/refresh", &json!({ "refreshToken": first }))).await;
    assert_eq!(second.status, StatusCode::OK);
    assert_eq!(second.text("/token"), second.text("/data/token"));
    let token = second.text("/data/tokens/refreshToken");
    assert!(set_cookie(&second).contains(&token));

    let cookie = format!("altus4_refresh={token}");
    let third =
        world.send(TestRequest::post().uri("/api/auth/refresh").insert_header(("cookie", cookie))).await;
    assert_eq!(third.status, StatusCode::OK);

    let replayed = world.send(post("/api/v1/auth/refresh", &json!({ "refreshToken": first }))).await;
    assert_eq!((replayed.status, &*replayed.code()), (StatusCode::UNAUTHORIZED, "INVALID_TOKEN"));
    let ended = world.get(&third.text("/data/token"), "/api/v1/auth/profile").await;
    assert_eq!(ended.code(), "INVALID_TOKEN", "the replay ended the session");
}

#[actix_web::test]
async fn a_good_access_token_gets_a_further_one() {
    let world = World::new();
    let token = world.register("ada").await;
    let answer = world.send(bearer(TestRequest::post().uri("/api/auth/refresh"), &token)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_ne!(answer.text("/token"), token);
    assert!(answer.json().pointer("/data/tokens/refreshToken").is_none());
    assert!(set_cookie(&answer).is_empty());
    assert_eq!(world.get(&answer.text("/token"), "/api/v1/auth/profile").await.status, StatusCode::OK);

    world.clock.advance(Duration::from_mins(16));
    let late = world.send(bearer(TestRequest::post().uri("/api/auth/refresh"), &token)).await;
    assert_eq!((late.status, &*late.code()), (StatusCode::UNAUTHORIZED, "TOKEN_EXPIRED"));
}

#[actix_web::test]
async fn logging_out_ends_the_session_at_once() {
    let world = World::new();
    let registered = world.register("ada").await;
    let login = json!({ "email": "ada@example.com", "password": PASSWORD });
    let token = world.send(post("/api/v1/auth/login", &login)).await.text("/data/token");

    let answer = world.send(bearer(TestRequest::post().uri("/api/v1/auth/logout"), &token)).await;
    assert_eq!(answer.json()["data"], json!({ "success": true }));
    assert!(set_cookie(&answer).contains("Max-Age=0"));
    assert_eq!(world.get(&token, "/api/v1/auth/profile").await.code(), "INVALID_TOKEN");
    assert_eq!(world.get(&registered, "/api/v1/auth/profile").await.status, StatusCode::OK);

    let token = world.send(post("/api/v1/auth/login", &login)).await.text("/data/token");
    world.send(bearer(TestRequest::post().uri("/api/v1/auth/logout?all=true"), &token)).await;
    assert_eq!(world.get(&registered, "/api/v1/auth/profile").await.code(), "INVALID_TOKEN");

    let odd = world.register("eve").await;
    let answer = world.send(bearer(TestRequest::post().uri("/api/v1/auth/logout?all=maybe"), &odd)).await;
    assert_eq!(answer.fields(), ["all"]);
}

#[actix_web::test]
async fn credentials_that_are_not_good_are_told_apart() {
    let world = World::new();
    let token = world.register("ada").await;
    assert_eq!(world.get("forged.token.here", "/api/v1/databases").await.code(), "INVALID_TOKEN");
    assert_eq!(world.get("altus4_sk_live_mistyped", "/api/v1/databases").await.code(), "INVALID_API_KEY");
    let basic = TestRequest::get().uri("/api/v1/databases").insert_header(("authorization", "Basic YTpi"));
    assert_eq!(world.send(basic).await.code(), "UNAUTHORIZED");
    world.clock.advance(Duration::from_mins(16));
    let answer = world.get(&token, "/api/v1/databases").await;
    assert_eq!((answer.status, &*answer.code()), (StatusCode::UNAUTHORIZED, "TOKEN_EXPIRED"));
    assert!(answer.header("www-authenticate").contains("invalid_token"));
}

#[actix_web::test]
async fn setup_makes_the_first_key_and_no_second() {
    let world = World::new();
    let token = world.register("ada").await;
    let setup = || bearer(TestRequest::post().uri("/api/v1/management/setup"), &token);
    let answer = world.send(setup()).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    insta::assert_json_snapshot!(answer.json()["data"]);
    let again = world.send(setup()).await;
    assert_eq!((again.status, &*again.code()), (StatusCode::CONFLICT, "API_KEY_EXISTS"));

    let key = answer.text("/data/secretKey");
    let by_header = TestRequest::get().uri("/api/v1/search?q=x").insert_header(("x-api-key", key.as_str()));
    let answer = world.send(by_header).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.text("/meta/apiKeyTier"), "free");
}

#[actix_web::test]
async fn setup_is_held_to_the_plan_and_to_known_values() {
    let world = World::new();
    let token = world.register_with("ada", Plan::Free).await;
    let answer = world.post(&token, "/api/v1/management/setup", json!({ "tier": "pro" })).await;
    assert_eq!((answer.status, &*answer.code()), (StatusCode::FORBIDDEN, "TIER_LIMITATION"));
    let expected = json!({ "currentTier": "free", "requiredTier": "pro", "feature": "rateLimitTier" });
    assert_eq!(answer.json()["error"]["details"], expected);

    let odd =
        json!({ "name": "x", "environment": "prod", "permissions": ["search", "root"], "tier": "gold" });
    let answer = world.post(&token, "/api/v1/management/setup", odd).await;
    assert_eq!(answer.fields(), ["name", "environment", "permissions[1]", "rateLimitTier"]);
    let none = world.post(&token, "/api/v1/management/setup", json!({ "permissions": [] })).await;
    assert_eq!(none.fields(), ["permissions"]);
}

#[actix_web::test]
async fn debug_never_shows_a_credential() {
    let request = bearer(TestRequest::get(), "very.secret.token").to_http_request();
    let shown = format!("{:?}", Presented::of(request.headers()));
    assert!(!shown.contains("secret.token"), "{shown}");
}
