//! How many requests an hour a key and a session may make.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use altus4_test_support::Redis;
use serde_json::json;

use crate::app::{Kind, TestApp, settings_of};
use crate::client::{Answer, Caller, text};

const STATUS: &str = "/api/v1/rate-limit/status";
const CLIENTS: usize = 64;

#[tokio::test(flavor = "multi_thread")]
async fn of_3000_requests_at_once_a_free_key_gets_exactly_1000_through() {
    let app = TestApp::sqlite();
    let key = free_key(&app).await;
    let fired = fire(&[&key], 3_000).await;
    assert_eq!(fired, BTreeMap::from([(200, 1_000), (429, 2_000)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_share_one_exact_count_through_redis() {
    let settings = settings_of(Kind::MariaDbRedis);
    let nodes = [TestApp::start(&settings), TestApp::start(&settings), TestApp::start(&settings)];
    let key = free_key(&nodes[0]).await;
    let callers: Vec<Caller> = nodes.iter().map(|node| node.caller(key.credential())).collect();
    let fired = fire(&callers.iter().collect::<Vec<_>>(), 3_000).await;
    assert_eq!(fired, BTreeMap::from([(200, 1_000), (429, 2_000)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_redis_gone_each_node_counts_and_with_redis_back_they_share_again() {
    let mut redis = Redis::start();
    let mut settings = settings_of(Kind::MariaDbRedis);
    settings.retain(|(name, _)| name != "REDIS_URL");
    settings.push(("REDIS_URL".to_owned(), redis.url()));
    let nodes = [TestApp::start(&settings), TestApp::start(&settings)];
    let key = free_key(&nodes[0]).await;
    let callers: Vec<Caller> = nodes.iter().map(|node| node.caller(key.credential())).collect();
    let both: Vec<&Caller> = callers.iter().collect();
    assert_eq!(fire(&both, 600).await, BTreeMap::from([(200, 600)]));

    // Killed: nobody is told, and nobody goes uncounted.
    redis.stop();
    let fired = fire(&both, 3_000).await;
    let through = fired.get(&200).copied().unwrap_or_default();
    assert!((1..=2_000).contains(&through), "1,000 for each node at the most: {fired:?}");
    assert_eq!(through + fired.get(&429).copied().unwrap_or_default(), 3_000, "{fired:?}");

    // Back, with nothing in it: one count again.
    redis.restart();
    let other = free_key(&nodes[0]).await;
    let callers: Vec<Caller> = nodes.iter().map(|node| node.caller(other.credential())).collect();
    let shared = async || {
        let before = remaining(&callers[1]).await;
        callers[0].get("/api/v1/databases").await.is(200);
        remaining(&callers[1]).await < before
    };
    crate::client::eventually(std::time::Duration::from_secs(10), shared).await;
    let left = remaining(&callers[0]).await;
    let fired = fire(&callers.iter().collect::<Vec<_>>(), 2_000).await;
    assert_eq!(fired.get(&200), Some(&left), "exactly what was left: {fired:?}");
}

on_both! {
    every_answer_to_a_credential_says_what_is_left,
    asking_how_things_are_uses_nothing_up,
    who_is_over_the_limit_is_told_when_to_come_back,
    sessions_count_for_their_account,
}

async fn free_key(app: &TestApp) -> Caller {
    let body = json!({ "name": "Free", "permissions": ["database:read", "search"], "tier": "free" });
    let session = app.session().await;
    let made = session.post("/api/v1/keys", body).await.is(201);
    session.with(&text(&made.data()["secretKey"]))
}

async fn remaining(caller: &Caller) -> usize {
    let status = caller.get(STATUS).await.is(200);
    let left = status.data()["rateLimit"]["current"]["remaining"].as_u64();
    left.and_then(|left| left.try_into().ok()).expect("a number")
}

/// Fires so many requests from 64 clients at once, and counts the answers by status.
async fn fire(callers: &[&Caller], requests: usize) -> BTreeMap<u16, usize> {
    let fired = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (caller, fired) = (callers[client % callers.len()].clone(), Arc::clone(&fired));
            tokio::spawn(async move {
                let mut statuses = Vec::new();
                while fired.fetch_add(1, Ordering::Relaxed) < requests {
                    statuses.push(caller.get("/api/v1/databases").await.status);
                }
                statuses
            })
        })
        .collect();
    let mut counts = BTreeMap::new();
    for client in clients {
        for status in client.await.expect("a client ends") {
            *counts.entry(status).or_default() += 1;
        }
    }
    counts
}

#[track_caller]
fn number(answer: &Answer, header: &str) -> u64 {
    answer.header(header).parse().unwrap_or_else(|_| panic!("{header} in {:?}", answer.headers))
}

async fn every_answer_to_a_credential_says_what_is_left(app: &TestApp) {
    let key = free_key(app).await;
    let answers = [
        key.get("/api/v1/databases").await.is(200),
        key.post("/api/v1/search", json!({})).await.is(400),
        key.get("/api/v1/keys").await.is(403),
        key.get("/api/v1/databases/0193b3f0-7c00-7abc-8def-0123456789ab").await.is(404),
    ];
    for (made, answer) in (1..).zip(&answers) {
        assert_eq!(number(answer, "x-ratelimit-limit"), 1_000);
        assert_eq!(number(answer, "x-ratelimit-remaining"), 1_000 - made, "{}", answer.text);
        assert_eq!(answer.header("x-ratelimit-tier"), "Free");
        assert_eq!(number(answer, "x-ratelimit-window"), 3_600);
        let reset = answer.header("x-ratelimit-reset");
        assert!(reset.ends_with('Z') && reset.len() == 24, "{reset}");
        assert!(answer.header("ratelimit-policy").contains("w=3600"), "{:?}", answer.headers);
        assert!(answer.header("ratelimit").contains(&format!("r={}", 1_000 - made)), "{:?}", answer.headers);
        assert_eq!(answer.body["meta"]["apiKeyTier"], "free");
    }
    let nobody = app.anonymous().get("/api/v1/databases").await.is(401);
    assert_eq!(nobody.header("x-ratelimit-limit"), "");
}

async fn asking_how_things_are_uses_nothing_up(app: &TestApp) {
    let key = free_key(app).await;
    key.get("/api/v1/databases").await.is(200);
    for _ in 0..3 {
        let answer = key.get(STATUS).await.is(200);
        let rate = &answer.data()["rateLimit"];
        assert_eq!(rate["tier"], "free");
        let limits = json!({
            "requestsPerHour": 1_000, "burstLimit": 50, "concurrentConnections": 3, "aiRequestsPerHour": 100,
        });
        assert_eq!(rate["limits"], limits);
        let current = &rate["current"];
        assert_eq!((&current["requests"], &current["remaining"]), (&json!(1), &json!(999)));
        assert!(current["windowStart"].is_string() && current["windowEnd"].is_string(), "{current}");
        assert!((current["percentUsed"].as_f64().expect("a number") - 0.1).abs() < 0.01, "{current}");
        assert_eq!(number(&answer, "x-ratelimit-remaining"), 999);
    }
}

async fn who_is_over_the_limit_is_told_when_to_come_back(app: &TestApp) {
    let kind =
        if app.port() == TestApp::shared(Kind::Sqlite).port() { Kind::Sqlite } else { Kind::MariaDbRedis };
    let app = TestApp::with(kind, &[("ALTUS4_TIER_FREE", "requests=5")]);
    let key = free_key(&app).await;
    for left in (0..5).rev() {
        assert_eq!(number(&key.get("/api/v1/databases").await.is(200), "x-ratelimit-remaining"), left);
    }
    for _ in 0..3 {
        let refused = key.get("/api/v1/databases").await.fails(429, "RATE_LIMIT_EXCEEDED");
        let wait = number(&refused, "retry-after");
        assert!(
            (300..=3_620).contains(&wait),
            "a block of five minutes at least, an hour at the most: {wait}"
        );
        let details = refused.details();
        assert_eq!((&details["limit"], &details["remaining"]), (&json!(5), &json!(0)));
        assert_eq!((&details["retryAfter"], &details["tier"]), (&json!(wait), &json!("Free")));
        assert!(details["resetTime"].is_string() && details["upgradeMessage"].is_string(), "{details}");
        let said = format!("Rate limit exceeded. Try again in {wait} seconds.");
        assert_eq!(refused.body["error"]["message"], json!(said));
        assert_eq!(number(&refused, "x-ratelimit-remaining"), 0);
    }
    // It is still told how things are.
    assert_eq!(key.get(STATUS).await.is(200).data()["rateLimit"]["current"]["remaining"], 0);
}

async fn sessions_count_for_their_account(app: &TestApp) {
    let account = app.account().await;
    let first = account.session.get("/api/v1/databases").await.is(200);
    assert_eq!(first.header("x-ratelimit-tier"), "Enterprise");
    assert_eq!(first.body["meta"]["apiKeyTier"], json!(null));
    let login = app.login(&account.email, crate::client::PASSWORD).await.is(200);
    let other = app.caller(&text(&login.data()["token"]));
    let second = other.get("/api/v1/databases").await.is(200);
    assert_eq!(number(&second, "x-ratelimit-remaining"), number(&first, "x-ratelimit-remaining") - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_node_holds_everybody_to_their_burst() {
    let app = TestApp::with(Kind::Sqlite, &[("ALTUS4_BUSY_AT", "0")]);
    let key = free_key(&app).await;
    let mut through = 0;
    let refused = loop {
        let answer = key.get("/api/v1/databases").await;
        if answer.status == 429 {
            break answer.fails(429, "RATE_LIMIT_EXCEEDED");
        }
        through += 1;
        assert!(through <= 50, "50 in ten seconds");
    };
    assert_eq!(through, 50, "unless this took ten seconds");
    assert!((1..=10).contains(&number(&refused, "retry-after")), "{:?}", refused.headers);
    // It was turned away for the moment only: nothing is blocked.
    let free_again = async || key.get("/api/v1/databases").await.status == 200;
    crate::client::eventually(std::time::Duration::from_secs(30), free_again).await;
}
