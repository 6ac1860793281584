//! API keys: the first one, and what a key may be shown as.

use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::{Answer, text};

const SETUP: &str = "/api/v1/management/setup";

on_both! {
    setup_makes_the_first_key,
    an_account_is_set_up_once,
    of_two_setups_at_once_one_wins,
    a_key_is_taken_in_every_documented_way,
    a_mistyped_or_unknown_key_is_refused,
}

async fn setup_makes_the_first_key(app: &TestApp) {
    let session = app.session().await;
    let answer = session.post(SETUP, json!({})).await.is(201);
    let data = answer.data();
    let (key, secret) = (&data["apiKey"], text(&data["secretKey"]));
    assert!(!text(&data["warning"]).is_empty());
    let random = secret.strip_prefix("altus4_sk_test_").expect("a test key");
    assert_eq!(random.len(), 43);
    assert!(
        random.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'),
        "a key of base64url"
    );
    assert_eq!(key["name"], "Initial API Key");
    assert_eq!(key["keyPrefix"], secret[..30]);
    assert_eq!(key["environment"], "test");
    assert_eq!(key["permissions"], json!(["search"]));
    assert_eq!(key["rateLimitTier"], "free");
    assert_eq!(key["rateLimit"], json!({ "requestsPerHour": 1_000, "burstLimit": 50 }));
    assert_eq!(key["status"], "active");
    assert_eq!(key["isActive"], true);
    assert!(key["createdAt"].is_string(), "{key}");
    assert!(uuid::Uuid::parse_str(&text(&key["id"])).is_ok(), "{key}");
    assert!(!key.to_string().contains(random), "the secret is shown once");
    assert_eq!(answer.header("cache-control"), "no-store");
}

async fn an_account_is_set_up_once(app: &TestApp) {
    let session = app.session().await;
    let first = session.with(&session.set_up(&["database:read"]).await);
    session.post(SETUP, json!({})).await.fails(409, "API_KEY_EXISTS");
    first.get("/api/v1/databases").await.is(200);
}

async fn of_two_setups_at_once_one_wins(app: &TestApp) {
    let session = app.session().await;
    let set_up = || session.post(SETUP, json!({}));
    let (a, b, c) = tokio::join!(set_up(), set_up(), set_up());
    let mut statuses = [a.status, b.status, c.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409], "{}\n{}\n{}", a.text, b.text, c.text);
}

async fn a_key_is_taken_in_every_documented_way(app: &TestApp) {
    let key = app.key(&["database:read"]).await;
    let secret = key.credential();
    let ask = |headers: &[(&str, String)]| {
        let request = app.anonymous().request("GET", "/api/v1/databases");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        Answer::to(request)
    };
    for value in ["Bearer", "bearer", "BEARER", "bEaReR"].map(|scheme| format!("{scheme} {secret}")) {
        ask(&[("authorization", value)]).await.is(200);
    }
    ask(&[("x-api-key", secret.to_owned())]).await.is(200);
    // If both are there, Authorization counts.
    let wrong = mistyped(secret);
    let both = |bearer: &str, key: &str| {
        [("authorization", format!("Bearer {bearer}")), ("x-api-key", key.to_owned())]
    };
    ask(&both(secret, &wrong)).await.is(200);
    ask(&both(&wrong, secret)).await.fails(401, "INVALID_API_KEY");
    let by_query = format!("/api/v1/databases?api_key={secret}");
    let refused = app.anonymous().get(&by_query).await;
    assert!(refused.status == 400 || refused.status == 401, "{}", refused.text);
    for value in [format!("Basic {secret}"), secret.to_owned(), "Bearer".to_owned(), "Bearer ".to_owned()] {
        ask(&[("authorization", value)]).await.is(401);
    }
}

async fn a_mistyped_or_unknown_key_is_refused(app: &TestApp) {
    let other = TestApp::shared(if app.port() == TestApp::shared(Kind::Sqlite).port() {
        Kind::MariaDbRedis
    } else {
        Kind::Sqlite
    });
    // Well formed, and never issued here.
    let stranger = other.key(&["search", "admin"]).await.credential().to_owned();
    let own = app.key(&["search", "admin"]).await.credential().to_owned();
    let keys = [
        mistyped(&own),
        stranger,
        own[..own.len() - 1].to_owned(),
        format!("{own}x"),
        own.replace("_test_", "_live_"),
        own.to_uppercase(),
        "altus4_sk_".to_owned(),
        "altus4_sk_test_".to_owned(),
        format!("altus4_sk_test_{}", "A".repeat(43)),
        format!("altus4_sk_test_{}", "A".repeat(4_000)),
    ];
    let first = app.caller(&keys[0]).get("/api/v1/databases").await.fails(401, "INVALID_API_KEY");
    for key in &keys {
        let answer = app.caller(key).get("/api/v1/databases").await.is(401);
        if key.starts_with("altus4_sk_") {
            assert_eq!(answer.without_meta(), first.without_meta(), "{key}");
        }
        let by_header = app.anonymous().request("GET", "/api/v1/databases").header("x-api-key", key);
        assert_eq!(
            Answer::to(by_header).await.fails(401, "INVALID_API_KEY").without_meta(),
            first.without_meta()
        );
    }
}

/// The key with one character of its random part changed.
pub(crate) fn mistyped(secret: &str) -> String {
    let at = secret.len() - 20;
    let other = if secret[at..].starts_with('x') { "y" } else { "x" };
    format!("{}{other}{}", &secret[..at], &secret[at + 1..])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_may_choose_what_the_key_is() {
    let app = TestApp::shared(Kind::Sqlite);
    let session = app.session().await;
    let wanted = json!({
        "name": "Shop", "environment": "live", "permissions": ["search", "database:read"], "rateLimitTier": "pro",
    });
    let made = session.post(SETUP, wanted).await.is(201);
    let key = &made.data()["apiKey"];
    assert_eq!(key["name"], "Shop");
    assert_eq!(key["environment"], "live");
    assert_eq!(key["permissions"], json!(["search", "database:read"]));
    assert_eq!(key["rateLimitTier"], "pro");
    assert_eq!(key["rateLimit"], json!({ "requestsPerHour": 10_000, "burstLimit": 200 }));
    assert!(text(&made.data()["secretKey"]).starts_with("altus4_sk_live_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_needs_no_body() {
    let session = TestApp::shared(Kind::Sqlite).session().await;
    session.send("POST", SETUP, None).await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_of_a_setup_are_told_at_once() {
    let session = TestApp::shared(Kind::Sqlite).session().await;
    let wrong = json!({
        "name": "ab", "environment": "staging", "permissions": ["search", "everything"], "rateLimitTier": "gold",
        "colour": "red",
    });
    let answer = session.post(SETUP, wrong).await.fails(400, "VALIDATION_ERROR");
    let fields = answer.faulty_fields();
    for field in ["name", "environment", "rateLimitTier", "colour"] {
        assert!(fields.iter().any(|known| known == field), "{field} is not among {fields:?}");
    }
    assert!(fields.iter().any(|field| field.starts_with("permissions")), "{fields:?}");
    session.post(SETUP, json!({})).await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_cannot_be_above_its_accounts_plan() {
    let app = TestApp::with(Kind::Sqlite, &[("ALTUS4_DEFAULT_PLAN", "free")]);
    let session = app.session().await;
    let answer = session.post(SETUP, json!({ "rateLimitTier": "pro" })).await.fails(403, "TIER_LIMITATION");
    assert_eq!(answer.details()["currentTier"], "free");
    assert_eq!(answer.details()["requiredTier"], "pro");
    assert!(answer.details()["feature"].is_string(), "{}", answer.text);
    session.post(SETUP, json!({})).await.is(201);

    // The same plan bounds connections.
    for number in 1..=3 {
        let file = crate::samples::sqlite_articles(&app.sources(), &format!("{number}.db"), &[]).await;
        session.connect(file).await;
    }
    let fourth = crate::samples::sqlite_articles(&app.sources(), "4.db", &crate::samples::ARTICLES).await;
    let refused = session.post("/api/v1/databases", fourth).await.fails(403, "TIER_LIMITATION");
    assert_eq!(refused.details()["currentTier"], "free");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_outlive_a_restart() {
    let settings = crate::app::settings_of(Kind::MariaDbRedis);
    let app = TestApp::start(&settings);
    let key = app.key(&["database:read"]).await;
    let secret = key.credential().to_owned();
    drop(app);
    let again = TestApp::start(&settings);
    let listed: Value = again.caller(&secret).get("/api/v1/databases").await.is(200).body;
    assert_eq!(listed["data"], json!([]));
}
