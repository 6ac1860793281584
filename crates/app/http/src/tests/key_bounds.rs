//! A key that manages keys makes none that is more than itself, nor gets hold of one.

use actix_web::{http::StatusCode, test::TestRequest};
use serde_json::{Value, json};

use super::world::{Answer, World, bearer};

const KEYS: &str = "/api/v1/keys";

fn assert_refused(answer: &Answer, code: &str) {
    assert_eq!((answer.status, &*answer.code()), (StatusCode::FORBIDDEN, code), "{answer:?}");
    answer.assert_enveloped();
}

/// An account with a key that may manage keys and is bounded in every other way.
struct Desk {
    world: World,
    session: String,
    key: String,
}

impl Desk {
    async fn new(extra: Value) -> Self {
        let world = World::new();
        let session = world.register("ada").await;
        let mut body = json!({ "name": "Manager", "permissions": ["admin"], "tier": "pro" });
        for (name, value) in extra.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let (key, _) = world.make_key(&session, body).await;
        Self { world, session, key }
    }

    async fn create(&self, body: Value) -> Answer {
        self.world.post(&self.key, KEYS, body).await
    }
}

#[actix_web::test]
async fn without_the_permission_no_key_manages_keys() {
    let desk = Desk::new(json!({ "permissions": ["search", "database:write", "write", "delete"] })).await;
    let refused = desk.create(json!({ "name": "abc" })).await;
    assert_refused(&refused, "INSUFFICIENT_PERMISSIONS");
    assert_eq!(refused.json()["error"]["details"]["requiredPermissions"], json!(["admin"]));
}

#[actix_web::test]
async fn no_key_makes_one_of_a_higher_tier() {
    let desk = Desk::new(json!({})).await;
    let refused = desk.create(json!({ "name": "abc", "tier": "enterprise" })).await;
    assert_refused(&refused, "TIER_LIMITATION");
    let expected = json!({ "currentTier": "pro", "requiredTier": "enterprise", "feature": "rateLimitTier" });
    assert_eq!(refused.json()["error"]["details"], expected);
    assert_eq!(desk.create(json!({ "name": "abc", "tier": "pro" })).await.status, StatusCode::CREATED);
}

#[actix_web::test]
async fn ends_and_networks_are_passed_on_and_not_widened() {
    let end = "2026-02-01T00:00:00.000Z";
    let desk = Desk::new(json!({ "expiresAt": end, "allowedIps": ["10.0.0.0/8"] })).await;
    let peer = "10.1.2.3:4711".parse().unwrap();
    let create = async |body: Value| {
        let request = bearer(TestRequest::post().uri(KEYS).peer_addr(peer), &desk.key).set_json(body);
        desk.world.send(request).await
    };
    let made = create(json!({ "name": "abc" })).await;
    assert_eq!(made.text("/data/apiKey/expiresAt"), end);
    assert_eq!(made.json()["data"]["apiKey"]["allowedIps"], json!(["10.0.0.0/8"]));
    let later = create(json!({ "name": "abc", "expiresAt": "2026-02-02T00:00:00Z" })).await;
    assert_eq!((&*later.code(), later.fields()), ("VALIDATION_ERROR", vec!["expiresAt".to_owned()]));
    let wider = create(json!({ "name": "abc", "allowedIps": ["10.0.0.0/8", "192.0.2.1"] })).await;
    assert_eq!((&*wider.code(), wider.fields()), ("VALIDATION_ERROR", vec!["allowedIps".to_owned()]));
    let narrower =
        json!({ "name": "abc", "allowedIps": ["10.9.0.0/16"], "expiresAt": "2026-01-20T00:00:00Z" });
    assert_eq!(create(narrower).await.status, StatusCode::CREATED);
}

#[actix_web::test]
async fn no_key_gets_hold_of_one_that_is_more() {
    let desk = Desk::new(json!({})).await;
    let body = json!({ "name": "Strong", "tier": "enterprise", "recoverable": true });
    let (_, strong) = desk.world.make_key(&desk.session, body).await;
    let path = |rest: &str| format!("{KEYS}/{strong}{rest}");
    let regenerated = desk.world.post(&desk.key, &path("/regenerate"), json!({})).await;
    assert_refused(&regenerated, "TIER_LIMITATION");
    assert_refused(&desk.world.get(&desk.key, &path("/decrypt")).await, "TIER_LIMITATION");
    let changed = desk.world.put(&desk.key, &path(""), json!({ "permissions": ["admin"] })).await;
    assert_refused(&changed, "TIER_LIMITATION");
    let renamed = desk.world.put(&desk.key, &path(""), json!({ "name": "Renamed" })).await;
    assert_eq!(renamed.status, StatusCode::OK, "a name gives nobody anything");
    assert_eq!(desk.world.delete(&desk.key, &path("")).await.status, StatusCode::OK, "nor does taking back");
}

#[actix_web::test]
async fn no_key_raises_itself() {
    let desk = Desk::new(json!({ "expiresAt": "2026-02-01T00:00:00Z" })).await;
    let own = desk.world.get(&desk.session, KEYS).await.text("/data/apiKeys/0/id");
    let change = async |body: Value| desk.world.put(&desk.key, &format!("{KEYS}/{own}"), body).await;
    assert_refused(&change(json!({ "tier": "enterprise" })).await, "TIER_LIMITATION");
    for end in [json!(null), json!("2026-03-01T00:00:00Z")] {
        assert_eq!(change(json!({ "expiresAt": end })).await.fields(), ["expiresAt"]);
    }
    assert_eq!(change(json!({ "permissions": ["search"] })).await.status, StatusCode::OK, "less is fine");
    assert_refused(&change(json!({ "permissions": ["admin"] })).await, "INSUFFICIENT_PERMISSIONS");
}

#[actix_web::test]
async fn a_key_with_limits_lifts_none() {
    let desk = Desk::new(json!({})).await;
    let own = desk.world.get(&desk.session, KEYS).await.text("/data/apiKeys/0/id");
    let (_, other) = desk.world.make_key(&desk.session, json!({ "name": "Other" })).await;
    let limits = |id: &str| format!("{KEYS}/{id}/limits");
    let set = desk.world.put(&desk.session, &limits(&own), json!({ "requestLimit": 100 })).await;
    assert_eq!(set.status, StatusCode::OK);
    for id in [&own, &other] {
        let raised = desk.world.put(&desk.key, &limits(id), json!({ "requestLimit": 1_000 })).await;
        assert_refused(&raised, "SESSION_REQUIRED");
        assert_refused(&desk.world.delete(&desk.key, &limits(id)).await, "SESSION_REQUIRED");
    }
    let made = desk.create(json!({ "name": "Child" })).await;
    let child = made.text("/data/apiKey/id");
    let passed_on = desk.world.get(&desk.session, &limits(&child)).await;
    assert_eq!(passed_on.json()["data"]["limits"]["requestLimit"], 100);
}

#[actix_web::test]
async fn a_first_key_is_bounded_like_any_other() {
    let desk = Desk::new(json!({})).await;
    let body = json!({ "tier": "enterprise" });
    let refused = desk.world.post(&desk.key, "/api/v1/management/setup", body).await;
    assert_refused(&refused, "TIER_LIMITATION");
    let taken = desk.world.post(&desk.key, "/api/v1/management/setup", json!({})).await;
    assert_eq!((taken.status, &*taken.code()), (StatusCode::CONFLICT, "API_KEY_EXISTS"));
}

#[actix_web::test]
async fn every_secret_is_for_its_caller_alone() {
    let desk = Desk::new(json!({ "recoverable": true })).await;
    let own = desk.world.get(&desk.session, KEYS).await.text("/data/apiKeys/0/id");
    let fresh = desk.world.register("eve").await;
    for answer in [
        desk.create(json!({ "name": "abc" })).await,
        desk.world.post(&desk.session, &format!("{KEYS}/{own}/regenerate"), json!({})).await,
        desk.world.get(&desk.session, &format!("{KEYS}/{own}/decrypt")).await,
        desk.world.post(&fresh, "/api/v1/management/setup", json!({})).await,
    ] {
        assert!(answer.status.is_success(), "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(String::from_utf8_lossy(&answer.body).contains("altus4_sk_test_"));
    }
}
