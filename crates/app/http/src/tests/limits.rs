//! How often logins, registrations and changes of a password may be tried.

use std::time::Duration;

use actix_web::{http::StatusCode, test::TestRequest};
use serde_json::{Value, json};

use super::world::{Answer, PASSWORD, World, bearer};

const LIMIT: usize = 10;

async fn post_from(world: &World, address: &str, path: &str, token: &str, body: &Value) -> Answer {
    let peer = format!("{address}:4711").parse().unwrap();
    let request = bearer(TestRequest::post().uri(path).peer_addr(peer), token);
    world.send(request.set_json(body)).await
}

fn assert_limited(answer: &Answer, seconds: u64) {
    assert_eq!((answer.status, &*answer.code()), (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED"));
    answer.assert_enveloped();
    assert_eq!(answer.header("retry-after"), seconds.to_string());
    assert_eq!(answer.json()["error"]["details"]["retryAfter"], seconds);
}

#[actix_web::test]
async fn an_attempt_too_many_is_told_when_to_come_again() {
    let world = World::new();
    world.register("ada").await;
    let login = |password: &str| json!({ "email": "ada@example.com", "password": password });
    let path = "/api/v1/auth/login";
    for _ in 0..LIMIT {
        let answer = post_from(&world, "192.0.2.7", path, "", &login("wrong")).await;
        assert_eq!(answer.code(), "INVALID_CREDENTIALS");
    }
    world.clock.advance(Duration::from_millis(14_001));
    let refused = post_from(&world, "192.0.2.7", path, "", &login(PASSWORD)).await;
    assert_limited(&refused, 46);
    insta::assert_json_snapshot!(refused.json()["error"]);
    // The e-mail's own limit is used up too, wherever it is tried from.
    assert_limited(&post_from(&world, "198.51.100.1", path, "", &login(PASSWORD)).await, 46);
    world.clock.advance(Duration::from_secs(46));
    assert_eq!(post_from(&world, "192.0.2.7", path, "", &login(PASSWORD)).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn registrations_are_limited_by_address() {
    let world = World::new();
    let register = async |address: &str, name: &str| {
        let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD, "name": name });
        post_from(&world, address, "/api/v1/auth/register", "", &body).await
    };
    for number in 0..LIMIT {
        assert_eq!(register("192.0.2.7", &format!("n{number}")).await.status, StatusCode::CREATED);
    }
    assert_limited(&register("192.0.2.7", "late").await, 60);
    assert_eq!(register("192.0.2.8", "late").await.status, StatusCode::CREATED);
}

#[actix_web::test]
async fn a_body_with_faults_is_no_attempt() {
    let world = World::new();
    for path in ["/api/v1/auth/register", "/api/v1/auth/login"] {
        for _ in 0..=LIMIT {
            let answer = post_from(&world, "192.0.2.7", path, "", &json!({ "email": 7 })).await;
            assert_eq!(answer.code(), "VALIDATION_ERROR");
        }
    }
}

#[actix_web::test]
async fn changes_of_a_password_are_limited_by_account() {
    let world = World::new();
    let (ada, bob) = (world.register("ada").await, world.register("bob").await);
    let change = async |at: usize, token: &str, current: &str| {
        let body = json!({ "currentPassword": current, "newPassword": "another long phrase" });
        let address = format!("192.0.2.{at}");
        post_from(&world, &address, "/api/v1/auth/change-password", token, &body).await
    };
    for number in 0..LIMIT {
        assert_eq!(change(number, &ada, "wrong").await.code(), "INVALID_CREDENTIALS");
    }
    assert_limited(&change(100, &ada, PASSWORD).await, 60);
    assert_eq!(change(100, &bob, PASSWORD).await.status, StatusCode::OK);
}
