//! What a key can't do: become more than itself, or see another account's.

use std::time::Duration;

use serde_json::json;

use crate::app::TestApp;
use crate::client::{eventually, text};
use crate::key_life::{admin_key, in_seconds, make};
use crate::routes::NEVER_ISSUED;

const KEYS: &str = "/api/v1/keys";

on_both! {
    a_key_never_becomes_more_than_itself,
    a_key_with_limits_can_not_lift_them,
    a_tier_above_the_plan_is_refused,
    another_accounts_keys_do_not_exist,
}

async fn a_key_never_becomes_more_than_itself(app: &TestApp) {
    let end = in_seconds(3_600);
    let limited = json!({ "expiresAt": end, "allowedIps": ["10.0.0.0/8"] });
    let (session, own, key) = admin_key(app, limited).await;
    let key = key.at([10, 9, 8, 7]);
    // What it makes.
    let tier = key.post(KEYS, json!({ "name": "Higher", "tier": "enterprise" })).await;
    let tier = tier.fails(403, "TIER_LIMITATION");
    assert_eq!(tier.details()["currentTier"], "pro");
    assert_eq!(tier.details()["requiredTier"], "enterprise");
    let later = key.post(KEYS, json!({ "name": "Later", "expiresAt": in_seconds(7_200) })).await;
    assert_eq!(later.fails(400, "VALIDATION_ERROR").faulty_fields(), ["expiresAt"]);
    let wider = key.post(KEYS, json!({ "name": "Wider", "allowedIps": ["0.0.0.0/0"] })).await;
    assert_eq!(wider.fails(400, "VALIDATION_ERROR").faulty_fields(), ["allowedIps"]);
    let heir = key.post(KEYS, json!({ "name": "Heir", "tier": "pro" })).await.is(201);
    let heir = &heir.data()["apiKey"];
    assert_eq!((&heir["expiresAt"], &heir["allowedIps"]), (&json!(end), &json!(["10.0.0.0/8"])));
    // What it makes of itself.
    let path = format!("{KEYS}/{own}");
    key.send("PATCH", &path, Some(&json!({ "tier": "enterprise" }))).await.fails(403, "TIER_LIMITATION");
    for more in [json!({ "expiresAt": null }), json!({ "allowedIps": [] })] {
        key.send("PATCH", &path, Some(&more)).await.fails(400, "VALIDATION_ERROR");
    }
    key.send("PATCH", &path, Some(&json!({ "name": "The same" }))).await.is(200);
    // What it makes of a larger one.
    let larger =
        json!({ "name": "Larger", "tier": "enterprise", "permissions": ["admin"], "recoverable": true });
    let (larger, _) = make(&session, larger).await;
    for call in ["regenerate", "decrypt"] {
        let method = if call == "decrypt" { "GET" } else { "POST" };
        let answer = key.send(method, &format!("{KEYS}/{larger}/{call}"), None).await;
        assert_eq!(answer.status, 403, "{call}: {}", answer.text);
    }
    // Without the permission `admin` it makes nothing at all.
    let (_, reader) = make(&session, json!({ "name": "Reader", "permissions": ["search", "read"] })).await;
    reader.post(KEYS, json!({ "name": "Child" })).await.fails(403, "INSUFFICIENT_PERMISSIONS");
}

async fn a_key_with_limits_can_not_lift_them(app: &TestApp) {
    let (session, id, key) = admin_key(app, json!({})).await;
    let path = format!("{KEYS}/{id}/limits");
    session.send("PUT", &path, Some(&json!({ "requestLimit": 50 }))).await.is(200);
    key.send("PUT", &path, Some(&json!({ "requestLimit": 5_000 }))).await.fails(403, "SESSION_REQUIRED");
    key.send("DELETE", &path, None).await.fails(403, "SESSION_REQUIRED");
    let heir = key.post(KEYS, json!({ "name": "Heir" })).await.is(201);
    let heir = format!("{KEYS}/{}/limits", text(&heir.data()["apiKey"]["id"]));
    assert_eq!(session.get(&heir).await.is(200).data()["limits"]["requestLimit"], 50, "limits are inherited");
}

async fn a_tier_above_the_plan_is_refused(app: &TestApp) {
    let account = app.account().await;
    let session = &account.session;
    let (_, key) = make(
        session,
        json!({ "name": "Was allowed", "tier": "enterprise", "permissions": ["search", "database:read"] }),
    )
    .await;
    assert_eq!(key.get("/api/v1/databases").await.is(200).header("x-ratelimit-tier"), "Enterprise");
    let set = app.admin(&["set-plan", &account.email, "free"], "");
    assert_eq!(set.code, 0, "{}{}", set.stdout, set.stderr);
    session.post(KEYS, json!({ "name": "Too high", "tier": "pro" })).await.fails(403, "TIER_LIMITATION");
    // A key that was made before is measured by the plan there is now.
    let is_free = async || key.get("/api/v1/databases").await.is(200).header("x-ratelimit-tier") == "Free";
    eventually(Duration::from_secs(5), is_free).await;
}

async fn another_accounts_keys_do_not_exist(app: &TestApp) {
    let owner = app.session().await;
    let (id, key) =
        make(&owner, json!({ "name": "Private", "permissions": ["database:read"], "recoverable": true }))
            .await;
    let stranger = app.session().await;
    for (method, tail) in [
        ("GET", ""),
        ("PUT", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/regenerate"),
        ("GET", "/decrypt"),
        ("GET", "/limits"),
        ("PUT", "/limits"),
        ("DELETE", "/limits"),
        ("GET", "/usage"),
        ("GET", "/usage/by-tier"),
        ("GET", "/usage/errors"),
        ("GET", "/usage/requests"),
        ("GET", "/usage/timeseries"),
    ] {
        let body = match (method, tail) {
            ("PUT" | "PATCH", "") => Some(json!({ "name": "Mine now" })),
            ("PUT", _) => Some(json!({ "requestLimit": 1 })),
            ("POST", _) => Some(json!({})),
            _ => None,
        };
        let ask = async |id: &str| {
            let answer = stranger.send(method, &format!("{KEYS}/{id}{tail}"), body.as_ref()).await;
            let answer = answer.fails(404, "NOT_FOUND");
            answer.without_meta().to_string().replace(id, "")
        };
        assert_eq!(ask(&id).await, ask(NEVER_ISSUED).await, "{method} {tail}");
    }
    assert_eq!(stranger.get(KEYS).await.is(200).data()["total"], 0);
    key.get("/api/v1/databases").await.is(200);
    assert_eq!(owner.get(&format!("{KEYS}/{id}")).await.is(200).data()["name"], "Private");
}
