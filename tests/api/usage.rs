//! What is told of a key's usage equals what was done with it, in every view and over restarts.

use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::{Caller, eventually, text};

const FLUSHED: Duration = Duration::from_secs(10);
const NEVER_ISSUED: &str = crate::routes::NEVER_ISSUED;

on_both! {
    every_view_counts_what_was_done,
    requests_are_paged_and_filtered,
    a_key_tells_when_and_from_where_it_was_used,
    the_account_sums_up_all_its_keys,
}

struct Scripted {
    session: Caller,
    id: String,
}

/// A key with which this was done: 7 lists, 3 unknown databases, 2 searches it may not make.
async fn scripted(app: &TestApp) -> Scripted {
    let session = app.session().await;
    let body = json!({ "name": "Scripted", "permissions": ["database:read"], "tier": "pro" });
    let made = session.post("/api/v1/keys", body).await.is(201);
    let id = text(&made.data()["apiKey"]["id"]);
    let key = session.with(&text(&made.data()["secretKey"])).at([192, 0, 2, 44]);
    for _ in 0..7 {
        key.get("/api/v1/databases").await.is(200);
    }
    for _ in 0..3 {
        key.get(&format!("/api/v1/databases/{NEVER_ISSUED}")).await.is(404);
    }
    for _ in 0..2 {
        key.post("/api/v1/search", json!({ "query": "canary" })).await.is(403);
    }
    let scripted = Scripted { session, id };
    let all = async || scripted.view("?days=1").await["totalRequests"] == 12;
    eventually(FLUSHED, all).await;
    scripted
}

impl Scripted {
    async fn view(&self, tail: &str) -> Value {
        self.session.get(&format!("/api/v1/keys/{}/usage{tail}", self.id)).await.is(200).data().clone()
    }
}

async fn every_view_counts_what_was_done(app: &TestApp) {
    let scripted = scripted(app).await;
    for tail in ["", "?period=day", "?period=week", "?period=month", "?days=365"] {
        let view = scripted.view(tail).await;
        let usage = &view["usage"];
        assert_eq!(usage["totalRequests"], 12, "{tail}: {view}");
        assert_eq!(usage["successfulRequests"], 7);
        assert_eq!(usage["failedRequests"], 5);
        assert_eq!(usage["totalSpendMicrocents"], 0);
        assert!(usage["averageResponseTime"].as_f64().expect("a number") > 0.0, "{usage}");
        assert!(usage["p95ResponseTime"].as_f64().expect("a number") > 0.0, "{usage}");
        let endpoints = usage["topEndpoints"].as_array().expect("a list");
        let counts: Vec<_> =
            endpoints.iter().map(|one| (text(&one["endpoint"]), one["requests"].as_u64())).collect();
        let expected = [("/api/v1/databases", 7), ("/api/v1/databases/{id}", 3), ("/api/v1/search", 2)];
        assert_eq!(counts, expected.map(|(endpoint, count)| (endpoint.to_owned(), Some(count))));
        let hours = usage["hourlyBreakdown"].as_array().expect("a list");
        assert_eq!(hours.iter().filter_map(|hour| hour["requests"].as_u64()).sum::<u64>(), 12);
        assert_eq!(usage["rateLimitStatus"]["tier"], "pro");
        assert_eq!(usage["rateLimitStatus"]["remaining"], 10_000 - 12);
        assert_eq!((&view["keyId"], &view["requestsThisMonth"]), (&json!(scripted.id), &json!(12)));
        assert_eq!(view["rateLimitTier"], "pro");
    }
    let tiers = scripted.view("/by-tier?days=7").await;
    let expected =
        json!([{ "tier": "pro", "requests": 12, "successful": 7, "failed": 5, "spendMicrocents": 0 }]);
    assert_eq!(tiers["tiers"], expected, "{tiers}");
    let errors = scripted.view("/errors").await;
    assert_eq!(errors["totalErrors"], 5);
    let kinds: Vec<_> = errors["errors"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (text(&one["code"]), one["status"].as_u64(), one["count"].as_u64()))
        .collect();
    let expected = [("NOT_FOUND", 404, 3), ("INSUFFICIENT_PERMISSIONS", 403, 2)];
    assert_eq!(kinds, expected.map(|(code, status, count)| (code.to_owned(), Some(status), Some(count))));
    assert!(!text(&errors["errors"][0]["sampleRequestId"]).is_empty());
    for days in [1, 7, 30, 365] {
        let series = scripted.view(&format!("/timeseries?days={days}")).await;
        let points = series["data"].as_array().expect("a list");
        let sum = |field: &str| points.iter().filter_map(|point| point[field].as_u64()).sum::<u64>();
        assert_eq!((sum("requests"), sum("successful"), sum("failed")), (12, 7, 5), "{days} days");
        assert!(points.len() >= days, "gaps are filled: {} points of {days} days", points.len());
    }
    assert!(!scripted.view("/requests").await.to_string().contains("canary"), "no query is kept");
}

async fn requests_are_paged_and_filtered(app: &TestApp) {
    let scripted = scripted(app).await;
    let page = scripted.view("/requests?page=2&pageSize=5").await;
    assert_eq!((&page["total"], &page["totalPages"], &page["page"]), (&json!(12), &json!(3), &json!(2)));
    assert_eq!(page["items"].as_array().map(Vec::len), Some(5));
    let mut seen = Vec::new();
    for number in 1..=3 {
        let page = scripted.view(&format!("/requests?page={number}&pageSize=5")).await;
        seen.extend(page["items"].as_array().expect("a list").iter().map(|item| text(&item["requestId"])));
    }
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((count, seen.len()), (12, 12), "each request once");
    for (filter, total) in [
        ("status=failed", 5),
        ("status=success", 7),
        ("endpoint=/api/v1/search", 2),
        ("endpoint=/api/v1/databases&status=failed", 0),
        ("tier=pro", 12),
        ("tier=free", 0),
    ] {
        assert_eq!(scripted.view(&format!("/requests?{filter}")).await["total"], total, "{filter}");
    }
    let failed = scripted.view("/requests?endpoint=/api/v1/search").await;
    let item = &failed["items"][0];
    assert_eq!((&item["method"], &item["status"]), (&json!("POST"), &json!(403)));
    assert_eq!((&item["errorCode"], &item["ip"]), (&json!("INSUFFICIENT_PERMISSIONS"), &json!("192.0.2.44")));
}

async fn a_key_tells_when_and_from_where_it_was_used(app: &TestApp) {
    let scripted = scripted(app).await;
    let shown = scripted.session.get(&format!("/api/v1/keys/{}", scripted.id)).await.is(200);
    assert_eq!(shown.data()["usageCount"], 12);
    assert_eq!(shown.data()["lastUsedIp"], "192.0.2.44");
    assert!(shown.data()["lastUsed"].is_string(), "{}", shown.text);
}

async fn the_account_sums_up_all_its_keys(app: &TestApp) {
    let scripted = scripted(app).await;
    let made = scripted
        .session
        .post("/api/v1/keys", json!({ "name": "Another", "permissions": ["database:read"] }))
        .await;
    let other = scripted.session.with(&text(&made.is(201).data()["secretKey"]));
    other.get("/api/v1/databases").await.is(200);
    let total = async || {
        let usage = scripted.session.get("/api/v1/analytics/usage").await.is(200);
        usage.text.contains("\"totalRequests\":13")
    };
    eventually(FLUSHED, total).await;
    let stranger = app.session().await.get("/api/v1/analytics/usage").await.is(200);
    assert!(stranger.text.contains("\"totalRequests\":0"), "{}", stranger.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_writes_all_of_it() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let start = || TestApp::with(Kind::Sqlite, &[("ALTUS4_DATA_DIR", &data.path().display().to_string())]);
    let app = start();
    let session = app.session().await;
    let body = json!({ "name": "Counted", "permissions": ["database:read"] });
    let made = session.post("/api/v1/keys", body).await.is(201);
    let key = session.with(&text(&made.data()["secretKey"]));
    for _ in 0..25 {
        key.get("/api/v1/databases").await.is(200);
    }
    app.program().terminate();
    assert_eq!(app.program().ended().code, 0);
    let again = start();
    let path = format!("/api/v1/keys/{}/usage", text(&made.data()["apiKey"]["id"]));
    let usage = again.caller(session.credential()).get(&path).await.is(200);
    assert_eq!(usage.data()["totalRequests"], 25, "{}", usage.text);
}
