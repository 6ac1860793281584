//! API keys: made, listed, changed, taken back; their secrets and their limits.

use std::time::Duration;

use actix_web::{http::StatusCode, test::TestRequest};
use altus4_kernel::{Plan, Role};
use serde_json::{Value, json};

use super::world::{World, bearer};

const KEYS: &str = "/api/v1/keys";
const NEVER: &str = "0196f000-0000-7000-8000-000000000001";

fn everything() -> Value {
    json!({
        "name": " Help centre ", "environment": "live", "permissions": ["search", "database:read"],
        "rateLimitTier": "pro", "expiresAt": "2026-02-01T01:00:00+01:00", "recoverable": true,
        "allowedIps": ["203.0.113.7/24", "2001:db8::1"],
    })
}

#[actix_web::test]
async fn a_key_is_made_as_asked_and_its_secret_shown_once() {
    let world = World::new();
    let token = world.register("ada").await;
    let answer = world.post(&token, KEYS, everything()).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    answer.assert_enveloped();
    insta::assert_json_snapshot!(answer.json()["data"]);
    let (secret, id) = (answer.text("/data/secretKey"), answer.text("/data/apiKey/id"));
    assert_eq!(answer.text("/data/apiKey/keyPrefix"), secret[..30]);
    for path in [KEYS.to_owned(), format!("{KEYS}/{id}"), format!("{KEYS}/{id}/limits")] {
        let shown = world.get(&token, &path).await;
        assert_eq!(shown.status, StatusCode::OK);
        assert!(!String::from_utf8_lossy(&shown.body).contains(&secret[15..]), "{path}");
    }
    let found = world.get(&token, &format!("{KEYS}/{id}")).await;
    assert_eq!(found.json()["data"], answer.json()["data"]["apiKey"]);
}

#[actix_web::test]
async fn a_name_is_all_that_a_key_needs() {
    let world = World::new();
    let token = world.register("ada").await;
    let answer = world.post(&token, KEYS, json!({ "name": "abc", "expiresAt": null })).await;
    insta::assert_json_snapshot!(answer.json()["data"]["apiKey"]);
    let none = world.send(bearer(TestRequest::post().uri(KEYS), &token)).await;
    assert_eq!(none.code(), "MALFORMED_REQUEST");
    assert_eq!(world.post(&token, KEYS, json!({})).await.fields(), ["name"]);
}

#[actix_web::test]
async fn all_faults_of_a_key_are_told_at_once() {
    let world = World::new();
    let token = world.register("ada").await;
    let wrong = json!({
        "name": "ab", "environment": "prod", "permissions": ["search", "root"], "tier": "gold",
        "expiresAt": "2026-01-15T10:30:00Z", "recoverable": "yes", "allowedIps": ["10.0.0.0/33", "x"],
        "limits": {}, "id": "x",
    });
    let answer = world.post(&token, KEYS, wrong.clone()).await;
    let mut fields = answer.fields();
    fields.sort();
    insta::assert_json_snapshot!("all_faults", fields);
    let first = world.post(&token, "/api/v1/management/setup", wrong.clone()).await;
    let (_, id) = world.make_key(&token, json!({ "name": "abc" })).await;
    let changed = world.put(&token, &format!("{KEYS}/{id}"), wrong).await;
    for (answer, also) in [(first, vec![]), (changed, vec!["environment", "recoverable"])] {
        let mut others = answer.fields();
        others.sort();
        assert_eq!(others, fields, "{also:?}");
    }
    for (field, value) in [
        ("permissions", json!([])),
        ("allowedIps", json!("10.0.0.0/8")),
        ("allowedIps", json!((0..=100).map(|n| format!("10.0.0.{n}")).collect::<Vec<_>>())),
        ("expiresAt", json!("2027-01-01")),
        ("expiresAt", json!(1_800_000_000)),
        ("name", json!("tab\there")),
    ] {
        let mut body = json!({ "name": "abc" });
        body[field] = value;
        assert_eq!(world.post(&token, KEYS, body).await.fields(), [field]);
    }
}

#[actix_web::test]
async fn no_key_is_above_the_accounts_plan() {
    let world = World::new();
    let token = world.register_with("ada", Plan::Pro).await;
    let answer = world.post(&token, KEYS, json!({ "name": "abc", "tier": "enterprise" })).await;
    assert_eq!((answer.status, &*answer.code()), (StatusCode::FORBIDDEN, "TIER_LIMITATION"));
    let expected = json!({ "currentTier": "pro", "requiredTier": "enterprise", "feature": "rateLimitTier" });
    assert_eq!(answer.json()["error"]["details"], expected);
    let (_, id) = world.make_key(&token, json!({ "name": "abc", "rateLimitTier": "pro" })).await;
    let raised = world.put(&token, &format!("{KEYS}/{id}"), json!({ "tier": "enterprise" })).await;
    assert_eq!(raised.code(), "TIER_LIMITATION");
}

#[actix_web::test]
async fn a_plan_that_shrinks_takes_its_keys_along() {
    let world = World::new();
    let token = world.register("ada").await;
    let account = world.get(&token, "/api/v1/auth/profile").await.text("/data/id").parse().unwrap();
    let (key, id) = world.make_key(&token, json!({ "name": "abc", "tier": "pro" })).await;
    world.keys.add_account(account, Role::User, Plan::Free);
    world.services.changes.announce(altus4_kernel::Change::Account(account)).await;
    let answer = world.get(&key, "/api/v1/rate-limit/status").await;
    assert_eq!((answer.header("x-ratelimit-tier"), &*answer.text("/meta/apiKeyTier")), ("Free", "free"));
    let usage = world.get(&token, &format!("{KEYS}/{id}/usage")).await.json();
    assert_eq!(usage["data"]["usage"]["rateLimitStatus"]["tier"], "free");
}

#[actix_web::test]
async fn keys_are_listed_newest_first_and_by_what_they_are() {
    let world = World::new();
    let token = world.register("ada").await;
    let mut ids = Vec::new();
    for (name, environment) in [("one", "live"), ("two", "test"), ("three", "test")] {
        world.clock.advance(Duration::from_secs(1));
        let body = json!({ "name": name, "environment": environment, "expiresAt": "2026-01-16T00:00:00Z" });
        ids.push(world.make_key(&token, body).await.1);
    }
    world.delete(&token, &format!("{KEYS}/{}", ids[1])).await;
    let names = async |query: &str| {
        let answer = world.get(&token, &format!("{KEYS}{query}")).await;
        let keys = answer.json()["data"]["apiKeys"].as_array().cloned().unwrap_or_default();
        keys.iter().map(|key| key["name"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["three", "two", "one"]);
    assert_eq!(names("?status=active").await, ["three", "one"]);
    assert_eq!(names("?status=revoked").await, ["two"]);
    assert_eq!(names("?environment=live&status=active").await, ["one"]);
    let page = world.get(&token, &format!("{KEYS}?limit=2&page=2&environment=test")).await;
    assert_eq!((page.json()["data"]["total"].clone(), page.header("x-total-count")), (json!(2), "2"));
    assert_eq!(page.json()["pagination"]["hasPrev"], true);
    assert!(page.header("link").contains("environment=test&page=1&limit=2"), "{}", page.header("link"));
    let odd = world.get(&token, &format!("{KEYS}?status=odd&environment=x&limit=0")).await;
    assert_eq!(odd.fields(), ["status", "environment", "limit"]);
    world.clock.advance(Duration::from_hours(24));
    let token = world.login("ada").await;
    let expired = world.get(&token, &format!("{KEYS}?status=expired")).await;
    assert_eq!(expired.json()["data"]["total"], 2);
}

#[actix_web::test]
async fn a_change_leaves_the_rest_as_it_was() {
    let world = World::new();
    let token = world.register("ada").await;
    let made = world.post(&token, KEYS, everything()).await;
    let path = format!("{KEYS}/{}", made.text("/data/apiKey/id"));
    world.clock.advance(Duration::from_mins(1));
    let renamed = bearer(TestRequest::patch().uri(&path), &token).set_json(json!({ "name": "Renamed" }));
    let renamed = world.send(renamed).await;
    assert_eq!(renamed.status, StatusCode::OK);
    let mut expected = made.json()["data"]["apiKey"].clone();
    expected["name"] = json!("Renamed");
    expected["updatedAt"] = json!("2026-01-15T10:31:00.000Z");
    assert_eq!(renamed.json()["data"], json!({ "apiKey": expected }));

    let change = json!({
        "permissions": ["admin"], "tier": "enterprise", "expiresAt": null, "allowedIps": [],
    });
    let changed = world.put(&token, &path, change).await.json()["data"]["apiKey"].clone();
    let shown = ["permissions", "rateLimitTier", "expiresAt", "allowedIps"].map(|name| changed[name].clone());
    assert_eq!(shown, [json!(["admin"]), json!("enterprise"), Value::Null, json!([])]);
    assert_eq!(world.put(&token, &path, json!({})).await.json()["data"]["apiKey"], changed, "nothing asked");
}

#[actix_web::test]
async fn a_change_holds_at_the_next_request() {
    let world = World::new();
    let token = world.register("ada").await;
    let (key, id) = world.make_key(&token, json!({ "name": "abc" })).await;
    let search = || world.get(&key, "/api/v1/search?q=x");
    assert_eq!(search().await.status, StatusCode::OK);
    world.put(&token, &format!("{KEYS}/{id}"), json!({ "permissions": ["database:read"] })).await;
    assert_eq!(search().await.status, StatusCode::FORBIDDEN);
    let revoked = world.delete(&token, &format!("{KEYS}/{id}")).await;
    insta::assert_json_snapshot!(revoked.json()["data"]);
    assert_eq!(search().await.code(), "INVALID_API_KEY");
    world.clock.advance(Duration::from_mins(1));
    let again = world.delete(&token, &format!("{KEYS}/{id}")).await;
    assert_eq!((again.status, &again.json()["data"]), (StatusCode::OK, &revoked.json()["data"]));
    for answer in [
        world.put(&token, &format!("{KEYS}/{id}"), json!({ "name": "abc" })).await,
        world.post(&token, &format!("{KEYS}/{id}/regenerate"), json!({})).await,
        world.put(&token, &format!("{KEYS}/{id}/limits"), json!({})).await,
    ] {
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{answer:?}");
    }
    assert_eq!(world.get(&token, &format!("{KEYS}/{id}")).await.json()["data"]["status"], "revoked");
}

#[actix_web::test]
async fn a_new_secret_takes_the_old_ones_place() {
    let world = World::new();
    let token = world.register("ada").await;
    let (old, id) = world.make_key(&token, json!({ "name": "abc" })).await;
    let path = format!("{KEYS}/{id}/regenerate");
    let search = async |key: &str| world.get(key, "/api/v1/search?q=x").await.status;
    let made = world.send(bearer(TestRequest::post().uri(&path), &token)).await;
    assert_eq!((made.status, made.text("/data/apiKey/id")), (StatusCode::OK, id));
    insta::assert_json_snapshot!(made.json()["data"]);
    let new = made.text("/data/secretKey");
    assert_eq!((search(&old).await, search(&new).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));

    let made = world.post(&token, &path, json!({ "gracePeriodSeconds": 60 })).await;
    assert!(made.text("/data/warning").contains("works until 2026-01-15T10:31:00.000Z"));
    let newest = made.text("/data/secretKey");
    assert_eq!((search(&new).await, search(&newest).await), (StatusCode::OK, StatusCode::OK));
    world.clock.advance(Duration::from_mins(1));
    assert_eq!((search(&new).await, search(&newest).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
    for odd in [json!({ "gracePeriodSeconds": 604_801 }), json!({ "gracePeriodSeconds": -1 })] {
        assert_eq!(world.post(&token, &path, odd).await.fields(), ["gracePeriodSeconds"]);
    }
}

#[actix_web::test]
async fn only_a_recoverable_secret_is_shown_again() {
    let world = World::new();
    let token = world.register("ada").await;
    let (secret, kept) = world.make_key(&token, json!({ "name": "Kept", "recoverable": true })).await;
    let (_, lost) = world.make_key(&token, json!({ "name": "Lost" })).await;
    let shown = world.get(&token, &format!("{KEYS}/{kept}/decrypt")).await;
    assert_eq!((shown.status, &shown.json()["data"]), (StatusCode::OK, &json!({ "key": secret })));
    assert_eq!(shown.header("cache-control"), "no-store");
    let log = world.get(&token, "/api/v1/auth/audit").await;
    assert_eq!(log.json()["data"][0]["target"], kept, "{log:?}");
    assert!(!String::from_utf8_lossy(&log.body).contains(&secret[15..]));
    world.delete(&token, &format!("{KEYS}/{kept}")).await;
    for id in [lost.as_str(), kept.as_str(), NEVER] {
        let answer = world.get(&token, &format!("{KEYS}/{id}/decrypt")).await;
        assert_eq!((answer.status, &*answer.code()), (StatusCode::NOT_FOUND, "NOT_FOUND"));
    }
}

#[actix_web::test]
async fn a_keys_own_limits_are_set_shown_and_lifted() {
    let world = World::new();
    let token = world.register("ada").await;
    let (_, id) = world.make_key(&token, json!({ "name": "abc" })).await;
    let path = format!("{KEYS}/{id}/limits");
    insta::assert_json_snapshot!("no_limits", world.get(&token, &path).await.json()["data"]);
    let most = 9_007_199_254_740_992_u64;
    let limits = json!({ "requestLimit": most, "budgetLimitMicrocents": 0, "resetPeriod": "weekly" });
    let set = world.put(&token, &path, limits).await;
    assert_eq!(set.status, StatusCode::OK);
    insta::assert_json_snapshot!("limits", set.json()["data"]);
    assert_eq!(world.get(&token, &path).await.json()["data"], set.json()["data"]);
    let wrong = json!({
        "requestLimit": most + 1, "budgetLimitMicrocents": -1, "resetPeriod": "yearly", "enabled": 1, "x": 1,
    });
    let fields = ["requestLimit", "budgetLimitMicrocents", "resetPeriod", "enabled", "x"];
    assert_eq!(world.put(&token, &path, wrong).await.fields(), fields);
    assert_eq!(world.delete(&token, &path).await.json()["data"], json!({ "status": "ok" }));
    assert_eq!(world.get(&token, &path).await.json()["data"]["hasLimits"], false);
}

#[actix_web::test]
async fn another_accounts_key_is_as_if_it_were_not() {
    let world = World::new();
    let (ada, eve) = (world.register("ada").await, world.register("eve").await);
    let (_, owned) = world.make_key(&ada, json!({ "name": "abc", "recoverable": true })).await;
    for (method, rest, body) in [
        ("GET", "", None),
        ("PUT", "", Some(json!({ "name": "mine" }))),
        ("PATCH", "", Some(json!({ "name": "mine" }))),
        ("DELETE", "", None),
        ("POST", "/regenerate", Some(json!({}))),
        ("GET", "/decrypt", None),
        ("GET", "/limits", None),
        ("PUT", "/limits", Some(json!({ "requestLimit": 1 }))),
        ("DELETE", "/limits", None),
        ("GET", "/usage", None),
        ("GET", "/usage/by-tier", None),
        ("GET", "/usage/errors", None),
        ("GET", "/usage/requests", None),
        ("GET", "/usage/timeseries", None),
    ] {
        let mut answers = Vec::new();
        for id in [owned.as_str(), NEVER, "no-id"] {
            let request = TestRequest::default()
                .method(method.parse().unwrap())
                .uri(&format!("{KEYS}/{id}{rest}"))
                .insert_header(("x-request-id", "same"));
            let request = match &body {
                Some(body) => request.set_json(body),
                None => request,
            };
            let answer = world.send(bearer(request, &eve)).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {rest}: {answer:?}");
            let mut json = answer.json();
            json["meta"]["executionTime"] = Value::Null;
            answers.push(json.to_string().replace(id, "ID"));
        }
        assert_eq!(answers[0], answers[1], "{method} {rest}");
        assert_eq!(answers[0], answers[2], "{method} {rest}");
    }
    assert_eq!(world.get(&eve, KEYS).await.json()["data"]["total"], 0);
    let untouched = world.get(&ada, &format!("{KEYS}/{owned}")).await;
    assert_eq!(
        (untouched.text("/data/name"), untouched.text("/data/status")),
        ("abc".into(), "active".into())
    );
}

#[actix_web::test]
async fn how_far_an_account_has_come_is_told() {
    let world = World::new();
    let token = world.register("ada").await;
    let status =
        async || world.get(&token, "/api/v1/management/migration-status").await.json()["data"].clone();
    insta::assert_json_snapshot!("not_migrated", status().await);
    world.make_key(&token, json!({ "name": "abc" })).await;
    let data = status().await;
    assert_eq!((&data["hasMigrated"], &data["recommendedAction"]), (&json!(true), &json!("None")));
    let legacy = world.get(&token, &format!("{KEYS}/legacy-status")).await.json()["data"].clone();
    let expected = json!({ "hasLegacyKeys": false, "legacyKeyCount": 0, "noticeShown": false });
    assert_eq!(legacy, expected);
    let noted =
        world.send(bearer(TestRequest::post().uri("/api/api-keys/legacy-notice-shown"), &token)).await;
    assert_eq!(noted.json()["data"], json!({ "status": "ok" }));
    let legacy = world.get(&token, "/api/v1/api-keys/legacy-status").await;
    assert_eq!(legacy.json()["data"]["noticeShown"], true);
}
