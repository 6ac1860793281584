//! What was done to a key on one node counts on every other within two seconds, whether or not Redis
//! is there.

use std::time::{Duration, Instant};

use altus4_test_support::Redis;
use serde_json::json;

use crate::app::{Kind, TestApp, settings_of};
use crate::client::{Caller, text};

/// What the contract promises.
const HEARD_WITHIN: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_heard_through_redis() {
    let nodes = nodes(Some(Redis::shared()));
    let took = revoke_and_wait(&nodes).await;
    assert!(took <= HEARD_WITHIN, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_seen_without_redis() {
    let nodes = nodes(None);
    let took = revoke_and_wait(&nodes).await;
    assert!(took <= HEARD_WITHIN, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_seen_when_redis_is_gone() {
    let mut redis = Redis::start();
    let nodes = nodes(Some(&redis));
    let (session, id, elsewhere) = known_on_both(&nodes).await;
    redis.stop();
    let took = revoke(&session, &id, &elsewhere).await;
    assert!(took <= HEARD_WITHIN, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_seen_when_redis_is_frozen() {
    let redis = Redis::start();
    let nodes = nodes(Some(&redis));
    let (session, id, elsewhere) = known_on_both(&nodes).await;
    redis.freeze();
    let took = revoke(&session, &id, &elsewhere).await;
    redis.thaw();
    assert!(took <= HEARD_WITHIN, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_were_taken_away_are_gone_everywhere() {
    let nodes = nodes(Some(Redis::shared()));
    let (session, id, elsewhere) = known_on_both(&nodes).await;
    let body = json!({ "permissions": ["search"] });
    session.send("PATCH", &format!("/api/v1/keys/{id}"), Some(&body)).await.is(200);
    let took = until_status(&elsewhere, 403).await;
    assert!(took <= HEARD_WITHIN, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_accounts_keys_are_over_everywhere() {
    let nodes = nodes(Some(Redis::shared()));
    let (session, _, elsewhere) = known_on_both(&nodes).await;
    session.send("DELETE", "/api/v1/auth/account", None).await.is(200);
    nodes[0].caller(elsewhere.credential()).get("/api/v1/databases").await.fails(401, "INVALID_API_KEY");
    let took = until_status(&elsewhere, 401).await;
    assert!(took <= HEARD_WITHIN, "{took:?}");
}

fn nodes(redis: Option<&Redis>) -> [TestApp; 2] {
    let mut settings = settings_of(Kind::MariaDbRedis);
    settings.retain(|(name, _)| name != "REDIS_URL");
    settings.extend(redis.map(|redis| ("REDIS_URL".to_owned(), redis.url())));
    [TestApp::start(&settings), TestApp::start(&settings)]
}

/// A session on the first node, the id of a key, and who uses that key on the second.
async fn known_on_both(nodes: &[TestApp; 2]) -> (Caller, String, Caller) {
    let session = nodes[0].session().await;
    let body = json!({ "name": "Travelling", "permissions": ["database:read"] });
    let made = session.post("/api/v1/keys", body).await.is(201);
    let id = text(&made.data()["apiKey"]["id"]);
    let elsewhere = nodes[1].caller(&text(&made.data()["secretKey"]));
    for _ in 0..5 {
        elsewhere.get("/api/v1/databases").await.is(200);
    }
    (session, id, elsewhere)
}

async fn revoke_and_wait(nodes: &[TestApp; 2]) -> Duration {
    let (session, id, elsewhere) = known_on_both(nodes).await;
    revoke(&session, &id, &elsewhere).await
}

async fn revoke(session: &Caller, id: &str, elsewhere: &Caller) -> Duration {
    session.send("DELETE", &format!("/api/v1/keys/{id}"), None).await.is(200);
    until_status(elsewhere, 401).await
}

/// How long it took until this caller, who asks all the time, was answered so.
async fn until_status(caller: &Caller, status: u16) -> Duration {
    let began = Instant::now();
    while caller.get("/api/v1/databases").await.status != status {
        assert!(began.elapsed() < 10 * HEARD_WITHIN, "never");
    }
    began.elapsed()
}
