//! How much callers may do: in an hour, while the node is busy, and within a key's own quota.

use std::time::Duration;

use actix_web::{
    http::{Method, StatusCode},
    test::TestRequest,
};
use altus4_api_keys::{TierLimits, Tiers};
use altus4_kernel::Change;
use futures::future::join;
use serde_json::json;

use super::world::{Answer, Mood, Scene, World, bearer, request};
use crate::HttpConfig;

const DATABASES: &str = "/api/v1/databases";
const STATUS: &str = "/api/v1/rate-limit/status";

/// A free tier of three requests an hour, two in ten seconds and one at a time.
fn small() -> Tiers {
    let free = TierLimits {
        requests_per_hour: 3,
        burst: 2,
        concurrent: 1,
        ai_calls_per_hour: 1,
        block: Duration::from_mins(5),
    };
    Tiers { free, ..Tiers::default() }
}

fn world(busy_at: usize) -> World {
    World::of(Scene { tiers: small(), busy_at, ..Scene::default() })
}

fn assert_told(answer: &Answer, tier: &str, limit: u32, remaining: u32) {
    let header = |name| answer.header(name);
    assert_eq!(header("x-ratelimit-limit"), limit.to_string(), "{answer:?}");
    assert_eq!(header("x-ratelimit-remaining"), remaining.to_string(), "{answer:?}");
    assert_eq!((header("x-ratelimit-tier"), header("x-ratelimit-window")), (tier, "3600"));
    assert!(header("x-ratelimit-reset").ends_with("00Z") && header("x-ratelimit-reset").len() == 24);
    assert_eq!(header("ratelimit-policy"), format!("\"hour\";q={limit};w=3600"));
    assert!(header("ratelimit").starts_with(&format!("\"hour\";r={remaining};t=")), "{answer:?}");
}

fn assert_refused(answer: &Answer, code: &str) -> u64 {
    assert_eq!((answer.status, &*answer.code()), (StatusCode::TOO_MANY_REQUESTS, code), "{answer:?}");
    answer.assert_enveloped();
    let seconds = answer.json()["error"]["details"]["retryAfter"].as_u64().expect("seconds");
    assert_eq!(answer.header("retry-after"), seconds.to_string());
    assert!(answer.text("/error/message").ends_with(&format!("Try again in {seconds} seconds.")));
    seconds
}

#[actix_web::test]
async fn every_answer_to_a_credential_tells_the_rate() {
    let world = World::new();
    let token = world.register("ada").await;
    let key = world.key(&token, &["database:read"]).await;
    assert_told(&world.get(&token, DATABASES).await, "Enterprise", 100_000, 99_998);
    assert_told(&world.get(&key, DATABASES).await, "Free", 1_000, 999);
    let missing = world.get(&key, "/api/v1/databases/0196f000-0000-7000-8000-000000000001").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_told(&missing, "Free", 1_000, 998);
    let lacking = world.get(&key, "/api/v1/keys").await;
    assert_eq!(lacking.status, StatusCode::FORBIDDEN);
    assert_told(&lacking, "Free", 1_000, 997);
    for uncounted in [STATUS, "/health", "/api/v1/health"] {
        assert_told(&world.get(&key, uncounted).await, "Free", 1_000, 997);
    }
    for (credential, path) in
        [("", "/health"), ("", DATABASES), ("forged", DATABASES), ("altus4_sk_live_x", DATABASES)]
    {
        let answer = world.get(credential, path).await;
        assert!(answer.headers.keys().all(|name| !name.as_str().contains("ratelimit")), "{answer:?}");
    }
}

#[actix_web::test]
async fn the_status_uses_nothing_up() {
    let world = World::new();
    let token = world.register("ada").await;
    let key = world.key(&token, &["search"]).await;
    let fresh = world.get(&key, STATUS).await;
    assert_eq!(fresh.status, StatusCode::OK);
    world.get(&key, "/api/v1/search?q=x").await;
    world.clock.advance(Duration::from_mins(10));
    for _ in 0..3 {
        world.get(&key, STATUS).await;
    }
    insta::assert_json_snapshot!(world.get(&key, STATUS).await.json()["data"]);
    let session = world.get(&token, STATUS).await;
    assert_eq!(session.json()["data"]["rateLimit"]["tier"], "enterprise");
}

#[actix_web::test]
async fn a_request_too_many_is_told_when_to_come_again_and_is_let_in_then() {
    let world = world(256);
    let token = world.register("ada").await;
    let key = world.key(&token, &["database:read"]).await;
    for _ in 0..3 {
        assert_eq!(world.get(&key, DATABASES).await.status, StatusCode::OK);
    }
    let refused = world.get(&key, DATABASES).await;
    let seconds = assert_refused(&refused, "RATE_LIMIT_EXCEEDED");
    assert_told(&refused, "Free", 3, 0);
    insta::assert_json_snapshot!(refused.json()["error"]);
    // While it is blocked it may ask how things are, and asking again costs nothing.
    for _ in 0..5 {
        assert_refused(&world.get(&key, DATABASES).await, "RATE_LIMIT_EXCEEDED");
    }
    let status = world.get(&key, STATUS).await;
    assert_eq!(status.json()["data"]["rateLimit"]["current"]["remaining"], 0);
    assert_eq!(world.get(&token, DATABASES).await.status, StatusCode::OK, "sessions count for themselves");
    world.clock.advance(Duration::from_secs(seconds - 1));
    assert_eq!(assert_refused(&world.get(&key, DATABASES).await, "RATE_LIMIT_EXCEEDED"), 1);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.get(&key, DATABASES).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn who_it_is_comes_first_then_the_rate_then_the_permission() {
    let world = world(256);
    let token = world.register("ada").await;
    let key = world.key(&token, &["search"]).await;
    for _ in 0..3 {
        assert_eq!(world.get(&key, DATABASES).await.status, StatusCode::FORBIDDEN);
    }
    assert_refused(&world.get(&key, DATABASES).await, "RATE_LIMIT_EXCEEDED");
    let id = world.get(&token, "/api/v1/keys").await.text("/data/apiKeys/0/id");
    assert_eq!(world.delete(&token, &format!("/api/v1/keys/{id}")).await.status, StatusCode::OK);
    let gone = world.get(&key, DATABASES).await;
    assert_eq!((gone.status, &*gone.code()), (StatusCode::UNAUTHORIZED, "INVALID_API_KEY"));
}

#[actix_web::test]
async fn a_busy_node_gives_each_caller_its_share_of_bursts() {
    let world = world(0);
    let token = world.register("ada").await;
    let key = world.key(&token, &["database:read"]).await;
    for _ in 0..2 {
        assert_eq!(world.get(&key, DATABASES).await.status, StatusCode::OK);
    }
    let refused = world.get(&key, DATABASES).await;
    let seconds = assert_refused(&refused, "RATE_LIMIT_EXCEEDED");
    assert!((1..=10).contains(&seconds), "{seconds}");
    // The hour is not touched by it, and nothing is blocked.
    assert_told(&refused, "Free", 3, 1);
    insta::assert_json_snapshot!(refused.json()["error"]);
    world.clock.advance(Duration::from_secs(seconds));
    assert_eq!(world.get(&key, DATABASES).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_busy_node_gives_each_caller_its_share_of_places() {
    let world = world(0);
    let token = world.register("ada").await;
    world.database(&token, "one").await;
    let key = world.key(&token, &["search"]).await;
    let search = || world.get(&key, "/api/v1/search?q=parcel");
    world.index.become_(Mood::Slow(Duration::from_millis(50)));
    let (first, second) = join(search(), search()).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(assert_refused(&second, "RATE_LIMIT_EXCEEDED"), 1);
    // A place is free again once its answer is given, whatever that is.
    world.clock.advance(Duration::from_secs(10));
    world.index.become_(Mood::Panicking);
    assert_eq!(search().await.status, StatusCode::INTERNAL_SERVER_ERROR);
    world.index.become_(Mood::Well);
    assert_eq!(search().await.status, StatusCode::OK);
    assert_eq!(world.services.share.in_flight(), 0);
}

#[actix_web::test]
async fn a_node_that_is_not_busy_holds_nobody_back() {
    let world = world(1_000);
    let token = world.register("ada").await;
    let key = world.key(&token, &["database:read"]).await;
    for _ in 0..3 {
        assert_eq!(world.get(&key, DATABASES).await.status, StatusCode::OK);
    }
}

#[actix_web::test]
async fn a_keys_own_quota_ends_with_its_period() {
    let world = World::new();
    let token = world.register("ada").await;
    let (key, id) =
        world.make_key(&token, json!({ "name": "Limited", "permissions": ["database:read"] })).await;
    let limits = format!("/api/v1/keys/{id}/limits");
    let set = world.put(&token, &limits, json!({ "requestLimit": 2, "resetPeriod": "daily" })).await;
    assert_eq!(set.status, StatusCode::OK);
    for _ in 0..2 {
        assert_eq!(world.get(&key, DATABASES).await.status, StatusCode::OK);
    }
    let refused = world.get(&key, DATABASES).await;
    assert_eq!(assert_refused(&refused, "REQUEST_LIMIT_EXCEEDED"), 13 * 3_600 + 30 * 60);
    insta::assert_json_snapshot!(refused.json()["error"]);
    assert_eq!(world.get(&token, &limits).await.json()["data"]["limits"]["requestsUsed"], 2);
    world.clock.advance(Duration::from_mins(13 * 60 + 30));
    assert_eq!(world.get(&key, DATABASES).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn limits_hold_from_the_next_request_on() {
    let world = World::new();
    let token = world.register("ada").await;
    let (key, id) =
        world.make_key(&token, json!({ "name": "Limited", "permissions": ["database:read"] })).await;
    assert_eq!(world.get(&key, DATABASES).await.status, StatusCode::OK);
    let limits = format!("/api/v1/keys/{id}/limits");
    world.put(&token, &limits, json!({ "requestLimit": 1 })).await;
    assert_refused(&world.get(&key, DATABASES).await, "REQUEST_LIMIT_EXCEEDED");
    world.put(&token, &limits, json!({ "requestLimit": 1, "enabled": false })).await;
    assert_eq!(world.get(&key, DATABASES).await.status, StatusCode::OK);
    world.put(&token, &limits, json!({ "requestLimit": 1 })).await;
    assert_refused(&world.get(&key, DATABASES).await, "REQUEST_LIMIT_EXCEEDED");
    world.delete(&token, &limits).await;
    assert_eq!(world.get(&key, DATABASES).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_key_is_used_from_its_networks_alone() {
    let world = World::new();
    let token = world.register("ada").await;
    let body = json!({
        "name": "Office", "permissions": ["database:read"], "allowedIps": ["203.0.113.0/24", "2001:db8::1"],
    });
    let (key, _) = world.make_key(&token, body).await;
    let from = |address: &str| {
        let peer = std::net::SocketAddr::new(address.parse().unwrap(), 4711);
        world.send(bearer(TestRequest::get().uri(DATABASES), &key).peer_addr(peer))
    };
    for outside in ["203.0.114.1", "2001:db8::2"] {
        let answer = from(outside).await;
        assert_eq!((answer.status, &*answer.code()), (StatusCode::FORBIDDEN, "INSUFFICIENT_PERMISSIONS"));
        assert_eq!(answer.text("/error/message"), "This key can't be used from this address");
    }
    assert_told(&from("203.0.113.9").await, "Free", 1_000, 999);
    assert_told(&from("2001:db8::1").await, "Free", 1_000, 998);
}

#[actix_web::test]
async fn pages_of_other_origins_may_read_what_is_left() {
    let config = HttpConfig { cors_origins: vec!["https://app.example.com".into()], ..HttpConfig::default() };
    let world = World::of(Scene { config, ..Scene::default() });
    let request = request(&Method::GET, "/health").insert_header(("origin", "https://app.example.com"));
    let exposed = world.send(request).await.header("access-control-expose-headers").to_ascii_lowercase();
    let exposed: Vec<_> = exposed.split(',').map(str::trim).collect();
    for name in
        ["retry-after", "link", "x-total-count", "x-ratelimit-remaining", "ratelimit", "idempotency-replayed"]
    {
        assert!(exposed.contains(&name), "{name}: {exposed:?}");
    }
}

#[actix_web::test]
async fn changes_of_an_account_are_announced() {
    let world = World::new();
    let answer = world.register("ada").await;
    let id = world.get(&answer, "/api/v1/auth/profile").await.text("/data/id").parse().unwrap();
    assert_eq!(world.listener.heard(), []);
    assert_eq!(world.delete(&answer, "/api/v1/auth/account").await.status, StatusCode::OK);
    assert_eq!(world.listener.heard(), [Change::Account(id)]);
}
