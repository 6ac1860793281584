//! The life of an API key: made, listed, changed, given another secret, shown again, taken back.

use std::time::Duration;

use altus4_kernel::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::{Answer, Caller, eventually, text};

const KEYS: &str = "/api/v1/keys";

on_both! {
    a_key_is_made_with_what_was_asked_for,
    what_is_not_asked_for_has_its_default,
    all_faults_of_a_body_are_told_at_once,
    keys_are_listed_newest_first,
    put_and_patch_change_what_they_name,
    a_revoked_key_is_over_at_the_next_request,
    a_new_secret_ends_the_old_one,
    an_old_secret_works_through_its_grace,
    a_recoverable_key_is_shown_again_and_audited,
    an_expired_key_says_so,
    a_key_works_from_its_networks_alone,
    older_names_of_the_routes_serve_the_same,
    what_is_done_to_keys_is_audited,
}

/// Makes a key, and gives its id and someone who has it.
pub(crate) async fn make(maker: &Caller, body: Value) -> (String, Caller) {
    let answer = maker.post(KEYS, body).await.is(201);
    (text(&answer.data()["apiKey"]["id"]), maker.with(&text(&answer.data()["secretKey"])))
}

/// A key of a new account that may do everything, and the account's session.
pub(crate) async fn admin_key(app: &TestApp, further: Value) -> (Caller, String, Caller) {
    let session = app.session().await;
    let mut body = json!({ "name": "Administrator", "permissions": ["admin"], "tier": "pro" });
    let fields = further.as_object().expect("fields").clone();
    body.as_object_mut().expect("fields").extend(fields);
    let (id, key) = make(&session, body).await;
    (session, id, key)
}

/// The moment so many seconds from now, as it is written in bodies.
pub(crate) fn in_seconds(seconds: u64) -> String {
    (SystemClock.now() + Duration::from_secs(seconds)).to_string()
}

async fn a_key_is_made_with_what_was_asked_for(app: &TestApp) {
    let session = app.session().await;
    let end = in_seconds(3_600);
    let wanted = json!({
        "name": "  Nightly exports ", "environment": "live", "permissions": ["search", "database:read"],
        "rateLimitTier": "pro", "expiresAt": end, "recoverable": true,
        "allowedIps": ["10.0.0.0/8", "2001:db8::/32"],
    });
    let answer = session.post(KEYS, wanted).await.is(201);
    let (key, secret) = (&answer.data()["apiKey"], text(&answer.data()["secretKey"]));
    assert!(secret.starts_with("altus4_sk_live_"), "a live key");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!text(&answer.data()["warning"]).is_empty());
    assert_eq!(key["name"], "Nightly exports");
    assert_eq!(key["keyPrefix"], secret[..30]);
    assert_eq!(key["environment"], "live");
    assert_eq!(key["permissions"], json!(["search", "database:read"]));
    assert_eq!(key["rateLimitTier"], "pro");
    assert_eq!(key["rateLimit"], json!({ "requestsPerHour": 10_000, "burstLimit": 200 }));
    assert_eq!(key["expiresAt"], end);
    assert_eq!(key["recoverable"], true);
    assert_eq!(key["allowedIps"], json!(["10.0.0.0/8", "2001:db8::/32"]));
    assert_eq!(key["usageCount"], 0);
    assert_eq!(key["lastUsed"], Value::Null);
    assert_eq!((&key["status"], &key["isActive"]), (&json!("active"), &json!(true)));
    let path = format!("{KEYS}/{}", text(&key["id"]));
    assert_eq!(session.get(&path).await.is(200).data(), key);
    session.with(&secret).get("/api/v1/databases").await.is(200);
}

async fn what_is_not_asked_for_has_its_default(app: &TestApp) {
    let session = app.session().await;
    let answer = session.post(KEYS, json!({ "name": "Plain" })).await.is(201);
    let key = &answer.data()["apiKey"];
    assert!(text(&answer.data()["secretKey"]).starts_with("altus4_sk_test_"));
    assert_eq!(key["environment"], "test");
    assert_eq!(key["permissions"], json!(["search"]));
    assert_eq!(key["rateLimitTier"], "free");
    assert_eq!(key["recoverable"], false);
    assert_eq!(key["allowedIps"], json!([]));
}

async fn all_faults_of_a_body_are_told_at_once(app: &TestApp) {
    let session = app.session().await;
    let body = json!({
        "name": "x", "environment": "prod", "permissions": ["search", "root"], "rateLimitTier": "gold",
        "expiresAt": "2020-01-01T00:00:00Z", "recoverable": "yes", "allowedIps": ["10.0.0.0/8", "nowhere"],
    });
    let answer = session.post(KEYS, body).await.fails(400, "VALIDATION_ERROR");
    let fields = answer.faulty_fields().join(" ");
    for field in
        ["name", "environment", "permissions", "rateLimitTier", "expiresAt", "recoverable", "allowedIps"]
    {
        assert!(fields.contains(field), "{field} in {fields}");
    }
    let (id, _) = make(&session, json!({ "name": "Plain" })).await;
    let limits =
        json!({ "requestLimit": -1, "budgetLimitMicrocents": "much", "resetPeriod": "hourly", "enabled": 1 });
    let answer = session.send("PUT", &format!("{KEYS}/{id}/limits"), Some(&limits)).await;
    let fields = answer.fails(400, "VALIDATION_ERROR").faulty_fields();
    assert_eq!(fields, ["budgetLimitMicrocents", "enabled", "requestLimit", "resetPeriod"]);
    let grace = json!({ "gracePeriodSeconds": 7 * 24 * 3_600 + 1 });
    let answer = session.post(&format!("{KEYS}/{id}/regenerate"), grace).await.fails(400, "VALIDATION_ERROR");
    assert_eq!(answer.faulty_fields(), ["gracePeriodSeconds"]);
    let answer = session.get(&format!("{KEYS}/{id}/usage?days=366")).await.fails(400, "VALIDATION_ERROR");
    assert_eq!(answer.faulty_fields(), ["days"]);
}

async fn keys_are_listed_newest_first(app: &TestApp) {
    let session = app.session().await;
    for number in 1..=5 {
        let environment = if number % 2 == 0 { "live" } else { "test" };
        make(&session, json!({ "name": format!("Key {number}"), "environment": environment })).await;
    }
    let names = |answer: &Answer| -> Vec<String> {
        let keys = answer.data()["apiKeys"].as_array().expect("a list").clone();
        keys.iter().map(|key| text(&key["name"])).collect()
    };
    let first = session.get(&format!("{KEYS}?limit=2")).await.is(200);
    assert_eq!(names(&first), ["Key 5", "Key 4"]);
    assert_eq!(first.data()["total"], 5);
    assert_eq!(first.body["pagination"]["totalPages"], 3);
    assert_eq!(first.header("x-total-count"), "5");
    assert!(!first.text.contains("secretKey"), "{}", first.text);
    let last = session.get(&format!("{KEYS}?limit=2&page=3")).await.is(200);
    assert_eq!(names(&last), ["Key 1"]);
    let live = session.get(&format!("{KEYS}?environment=live")).await.is(200);
    assert_eq!(names(&live), ["Key 4", "Key 2"]);
    let id = text(&live.data()["apiKeys"][0]["id"]);
    session.send("DELETE", &format!("{KEYS}/{id}"), None).await.is(200);
    assert_eq!(names(&session.get(&format!("{KEYS}?status=revoked")).await.is(200)), ["Key 4"]);
    assert_eq!(session.get(&format!("{KEYS}?status=active")).await.is(200).data()["total"], 4);
    session.get(&format!("{KEYS}?status=lost")).await.fails(400, "VALIDATION_ERROR");
}

async fn put_and_patch_change_what_they_name(app: &TestApp) {
    let session = app.session().await;
    let (id, key) = make(&session, json!({ "name": "Before", "permissions": ["database:read"] })).await;
    let path = format!("{KEYS}/{id}");
    key.get("/api/v1/databases").await.is(200);
    let renamed = session.send("PATCH", &path, Some(&json!({ "name": "After" }))).await.is(200);
    let shown = &renamed.data()["apiKey"];
    assert_eq!((&shown["name"], &shown["permissions"]), (&json!("After"), &json!(["database:read"])));
    let body = json!({ "permissions": ["search"], "tier": "pro", "allowedIps": ["10.0.0.0/8"] });
    let changed = session.send("PUT", &path, Some(&body)).await.is(200);
    let shown = &changed.data()["apiKey"];
    assert_eq!((&shown["name"], &shown["rateLimitTier"]), (&json!("After"), &json!("pro")));
    // What was taken away is gone at the very next request.
    key.get("/api/v1/databases").await.fails(403, "INSUFFICIENT_PERMISSIONS");
    let end = json!({ "expiresAt": in_seconds(600) });
    session.send("PATCH", &path, Some(&end)).await.is(200);
    let endless = session.send("PATCH", &path, Some(&json!({ "expiresAt": null }))).await.is(200);
    assert_eq!(endless.data()["apiKey"]["expiresAt"], Value::Null);
    for own in ["id", "status", "usageCount", "accountId", "keyPrefix"] {
        let answer = session.send("PATCH", &path, Some(&json!({ own: "x" }))).await;
        assert_eq!(answer.fails(400, "VALIDATION_ERROR").faulty_fields(), [own]);
    }
}

async fn a_revoked_key_is_over_at_the_next_request(app: &TestApp) {
    let session = app.session().await;
    let (id, key) = make(&session, json!({ "name": "Short life", "permissions": ["database:read"] })).await;
    key.get("/api/v1/databases").await.is(200);
    let path = format!("{KEYS}/{id}");
    let answer = session.send("DELETE", &path, None).await.is(200);
    assert!(answer.data()["revokedAt"].is_string() && answer.data()["message"].is_string());
    key.get("/api/v1/databases").await.fails(401, "INVALID_API_KEY");
    let shown = session.get(&path).await.is(200);
    assert_eq!((&shown.data()["status"], &shown.data()["isActive"]), (&json!("revoked"), &json!(false)));
    let again = session.send("DELETE", &path, None).await.is(200);
    assert_eq!(again.data()["revokedAt"], answer.data()["revokedAt"], "it was revoked once");
    session.send("PATCH", &path, Some(&json!({ "name": "Back again" }))).await.fails(404, "NOT_FOUND");
    session.post(&format!("{path}/regenerate"), json!({})).await.fails(404, "NOT_FOUND");
}

async fn a_new_secret_ends_the_old_one(app: &TestApp) {
    let session = app.session().await;
    let (id, old) = make(&session, json!({ "name": "Rotated", "permissions": ["database:read"] })).await;
    old.get("/api/v1/databases").await.is(200);
    let answer = session.post(&format!("{KEYS}/{id}/regenerate"), json!({})).await.is(200);
    let new = session.with(&text(&answer.data()["secretKey"]));
    let shown = &answer.data()["apiKey"];
    assert_eq!((&shown["id"], &shown["permissions"]), (&json!(id), &json!(["database:read"])));
    assert!(shown["regeneratedAt"].is_string(), "{shown}");
    assert_eq!(shown["keyPrefix"], new.credential()[..30]);
    old.get("/api/v1/databases").await.fails(401, "INVALID_API_KEY");
    new.get("/api/v1/databases").await.is(200);
}

async fn an_old_secret_works_through_its_grace(app: &TestApp) {
    let session = app.session().await;
    let (id, first) = make(&session, json!({ "name": "Graceful", "permissions": ["database:read"] })).await;
    let path = format!("{KEYS}/{id}/regenerate");
    let regenerate = async |seconds: u32| {
        let answer = session.post(&path, json!({ "gracePeriodSeconds": seconds })).await.is(200);
        session.with(&text(&answer.data()["secretKey"]))
    };
    let second = regenerate(2).await;
    first.get("/api/v1/databases").await.is(200);
    second.get("/api/v1/databases").await.is(200);
    eventually(Duration::from_secs(10), async || first.get("/api/v1/databases").await.status == 401).await;
    second.get("/api/v1/databases").await.is(200);
    // A second new secret ends the oldest, whatever its grace.
    let third = regenerate(3_600).await;
    let fourth = regenerate(3_600).await;
    second.get("/api/v1/databases").await.fails(401, "INVALID_API_KEY");
    third.get("/api/v1/databases").await.is(200);
    fourth.get("/api/v1/databases").await.is(200);
    // Taking the key back ends all of them.
    session.send("DELETE", &format!("{KEYS}/{id}"), None).await.is(200);
    for secret in [third, fourth] {
        secret.get("/api/v1/databases").await.fails(401, "INVALID_API_KEY");
    }
}

async fn a_recoverable_key_is_shown_again_and_audited(app: &TestApp) {
    let session = app.session().await;
    let (id, key) = make(&session, json!({ "name": "Recoverable", "recoverable": true })).await;
    let shown = session.get(&format!("{KEYS}/{id}/decrypt")).await.is(200);
    assert_eq!(shown.data(), &json!({ "key": key.credential() }));
    assert_eq!(shown.header("cache-control"), "no-store");
    let audit = session.get("/api/v1/auth/audit").await.is(200);
    assert!(audit.text.contains("key.revealed"), "{}", audit.text);
    assert!(!audit.text.contains(key.credential()), "no secret in the audit log");
    let answer = session.post(&format!("{KEYS}/{id}/regenerate"), json!({})).await.is(200);
    let shown = session.get(&format!("{KEYS}/{id}/decrypt")).await.is(200);
    assert_eq!(shown.data()["key"], answer.data()["secretKey"], "the new secret is kept");
    let (plain, _) = make(&session, json!({ "name": "Not recoverable" })).await;
    session.get(&format!("{KEYS}/{plain}/decrypt")).await.fails(404, "NOT_FOUND");
    session.send("DELETE", &format!("{KEYS}/{id}"), None).await.is(200);
    session.get(&format!("{KEYS}/{id}/decrypt")).await.fails(404, "NOT_FOUND");
}

async fn an_expired_key_says_so(app: &TestApp) {
    let session = app.session().await;
    let body = json!({ "name": "Brief", "permissions": ["database:read"], "expiresAt": in_seconds(2) });
    let (id, key) = make(&session, body).await;
    eventually(Duration::from_secs(10), async || key.get("/api/v1/databases").await.status == 401).await;
    key.get("/api/v1/databases").await.fails(401, "EXPIRED_API_KEY");
    let shown = session.get(&format!("{KEYS}/{id}")).await.is(200);
    assert_eq!((&shown.data()["status"], &shown.data()["isActive"]), (&json!("expired"), &json!(false)));
    assert_eq!(session.get(&format!("{KEYS}?status=expired")).await.is(200).data()["total"], 1);
}

async fn a_key_works_from_its_networks_alone(app: &TestApp) {
    let session = app.session().await;
    let body = json!({ "name": "At home", "permissions": ["database:read"], "allowedIps": ["192.0.2.0/24"] });
    let (_, key) = make(&session, body).await;
    let from = |address: [u8; 4]| key.at(address);
    from([192, 0, 2, 77]).get("/api/v1/databases").await.is(200);
    let refused = from([198, 51, 100, 1]).get("/api/v1/databases").await;
    refused.fails(403, "INSUFFICIENT_PERMISSIONS");
    from([192, 0, 2, 78]).get("/api/v1/databases").await.is(200);
}

async fn older_names_of_the_routes_serve_the_same(app: &TestApp) {
    let session = app.session().await;
    let first = session.post("/api/v1/management/setup-initial-api-key", json!({})).await.is(201);
    let id = text(&first.data()["apiKey"]["id"]);
    for base in ["/api/v1/api-keys", "/api/keys", "/api/api-keys", "/api/v1/keys/"] {
        let path = format!("{}/{id}", base.trim_end_matches('/'));
        assert_eq!(session.get(&path).await.is(200).data()["id"], json!(id), "{base}");
        assert_eq!(session.get(base).await.is(200).data()["total"], 1, "{base}");
    }
    let status = session.get("/api/v1/api-keys/legacy-status").await.is(200);
    let none = json!({ "hasLegacyKeys": false, "legacyKeyCount": 0, "noticeShown": false });
    assert_eq!(status.data(), &none);
    let shown = session.post("/api/v1/keys/legacy-notice-shown", json!({})).await.is(200);
    assert_eq!(shown.data(), &json!({ "status": "ok" }));
    assert_eq!(session.get("/api/v1/keys/legacy-status").await.is(200).data()["noticeShown"], true);
    let migration = session.get("/api/v1/management/migration-status").await.is(200);
    assert_eq!(migration.data()["hasMigrated"], true, "{}", migration.text);
    assert_eq!(migration.data()["schema"], Value::Null, "only administrators see it");
    let administrator = app.administrator().await;
    let migration = administrator.get("/api/v1/management/migration-status").await.is(200);
    assert_eq!(migration.data()["schema"]["pending"], json!([]), "{}", migration.text);
}

async fn what_is_done_to_keys_is_audited(app: &TestApp) {
    let (session, id, key) = admin_key(app, json!({ "recoverable": true })).await;
    let path = format!("{KEYS}/{id}");
    session.send("PATCH", &path, Some(&json!({ "name": "Renamed" }))).await.is(200);
    session.send("PUT", &format!("{path}/limits"), Some(&json!({ "requestLimit": 50 }))).await.is(200);
    key.get(&format!("{path}/decrypt")).await.is(200);
    session.post(&format!("{path}/regenerate"), json!({})).await.is(200);
    session.send("DELETE", &path, None).await.is(200);
    let audit = session.get("/api/v1/auth/audit?limit=100").await.is(200);
    let events = audit.data().as_array().expect("a list").clone();
    let of = |action: &str| events.iter().find(|event| event["action"] == action).cloned();
    for action in
        ["key.created", "key.changed", "key.limits_changed", "key.revealed", "key.regenerated", "key.revoked"]
    {
        let event = of(action).unwrap_or_else(|| panic!("{action} in {}", audit.text));
        assert_eq!(event["target"], json!(id), "{event}");
    }
    assert!(of("key.revealed").expect("seen above").to_string().contains(&id), "the key is the actor");
}
