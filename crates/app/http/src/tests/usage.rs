//! What is written down of the use of keys, and how it is shown.

use std::time::Duration;

use actix_web::{
    http::{Method, StatusCode},
    test::TestRequest,
};
use altus4_api_keys::UsageEvent;
use altus4_kernel::{Clock, Plan, Timestamp};
use serde_json::{Value, json};

use super::world::{Answer, Mood, World, bearer, request};

const DATABASES: &str = "/api/v1/databases";
const PEER: &str = "203.0.113.9:4711";

struct Desk {
    world: World,
    token: String,
    /// A key that may see everything, at any time.
    admin: String,
    key: String,
    id: String,
}

impl Desk {
    /// An account, and a key of it that may read databases and search.
    async fn new() -> Self {
        let world = World::new();
        let token = world.register("ada").await;
        let body = json!({ "name": "Reader", "permissions": ["database:read", "search"] });
        let (key, id) = world.make_key(&token, body).await;
        let (admin, _) = world.make_key(&token, json!({ "name": "Admin", "permissions": ["admin"] })).await;
        Self { world, token, admin, key, id }
    }

    async fn call(&self, method: Method, path: &str, request_id: &str) -> Answer {
        let request = bearer(request(&method, path), &self.key).peer_addr(PEER.parse().unwrap());
        self.world.send(request.insert_header(("x-request-id", request_id))).await
    }

    async fn events(&self) -> Vec<UsageEvent> {
        self.world.events(&self.id).await
    }

    async fn view(&self, rest: &str) -> Answer {
        self.world.get(&self.admin, &format!("/api/v1/keys/{}/usage{rest}", self.id)).await
    }
}

/// Endpoint, status, code, and whether it counts.
fn told(event: &UsageEvent) -> (&str, u16, Option<&str>, bool) {
    (&event.endpoint, event.status, event.error_code.as_deref(), event.counted)
}

#[actix_web::test]
async fn a_request_of_a_key_is_written_down_as_it_was() {
    let desk = Desk::new().await;
    let missing = "/api/databases/0196f000-0000-7000-8000-000000000001/?x=secret";
    desk.call(Method::GET, missing, "r-1").await;
    let events = desk.events().await;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(told(event), ("/api/v1/databases/{id}", 404, Some("NOT_FOUND"), true));
    assert_eq!((&*event.request_id, &*event.method, event.tier), ("r-1", "GET", Plan::Free));
    assert_eq!((event.key.to_string(), event.ip.as_deref()), (desk.id.clone(), Some("203.0.113.9")));
    assert_eq!((event.at.to_string().as_str(), event.spent_microcents), ("2026-01-15T10:30:00.000Z", 0));
    let key = desk.world.get(&desk.token, &format!("/api/v1/keys/{}", desk.id)).await.json();
    let shown = ["usageCount", "lastUsed", "lastUsedIp"].map(|name| key["data"][name].clone());
    assert_eq!(shown, [json!(1), json!("2026-01-15T10:30:00.000Z"), json!("203.0.113.9")]);
}

#[actix_web::test]
async fn what_was_refused_is_written_down_and_counts_only_if_it_was_let_through() {
    let desk = Desk::new().await;
    desk.call(Method::HEAD, DATABASES, "r-1").await;
    desk.call(Method::GET, "/api/v1/keys", "r-2").await;
    desk.call(Method::GET, "/api/v1/rate-limit/status", "r-3").await;
    let path = format!("/api/v1/keys/{}", desk.id);
    desk.world.put(&desk.token, &path, json!({ "allowedIps": ["192.0.2.0/24"] })).await;
    desk.call(Method::GET, DATABASES, "r-4").await;
    let end = "2026-01-15T10:31:00Z";
    desk.world.put(&desk.token, &path, json!({ "allowedIps": [], "expiresAt": end })).await;
    desk.world.put(&desk.token, &format!("{path}/limits"), json!({ "requestLimit": 2 })).await;
    desk.call(Method::GET, DATABASES, "r-5").await;
    desk.world.clock.advance(Duration::from_mins(1));
    let expired = desk.call(Method::GET, DATABASES, "r-6").await;
    assert_eq!((expired.status, &*expired.code()), (StatusCode::UNAUTHORIZED, "EXPIRED_API_KEY"));
    // Neither an unknown path nor a wrong method has a route to be written down under.
    desk.call(Method::GET, "/api/v1/nothing/of/all", "r-7").await;
    desk.call(Method::PUT, DATABASES, "r-8").await;

    let mut events = desk.events().await;
    events.sort_by(|a, b| a.request_id.cmp(&b.request_id));
    let expected = [
        (DATABASES, 200, None, true),
        ("/api/v1/keys", 403, Some("INSUFFICIENT_PERMISSIONS"), true),
        ("/api/v1/rate-limit/status", 200, None, false),
        (DATABASES, 403, Some("INSUFFICIENT_PERMISSIONS"), false),
        (DATABASES, 429, Some("REQUEST_LIMIT_EXCEEDED"), false),
        (DATABASES, 401, Some("EXPIRED_API_KEY"), false),
    ];
    assert_eq!(events.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(events[0].method, "HEAD");
}

#[actix_web::test]
async fn a_request_whose_client_went_away_counts_too() {
    let desk = Desk::new().await;
    desk.world.database(&desk.token, "one").await;
    desk.world.index.become_(Mood::Slow(Duration::from_mins(1)));
    let search = desk.call(Method::GET, "/api/v1/search?q=parcel", "r-1");
    assert!(tokio::time::timeout(Duration::from_millis(20), search).await.is_err());
    let events = desk.events().await;
    let told: Vec<_> = events.iter().map(told).collect();
    assert_eq!(told, [("/api/v1/search", 499, Some("CLIENT_CLOSED_REQUEST"), true)]);
    assert_eq!(desk.world.services.share.in_flight(), 0);
}

#[actix_web::test]
async fn a_panic_is_written_down_as_a_failure() {
    let desk = Desk::new().await;
    desk.world.database(&desk.token, "one").await;
    desk.world.index.become_(Mood::Panicking);
    desk.call(Method::GET, "/api/v1/search?q=parcel", "r-1").await;
    let events = desk.events().await;
    let told: Vec<_> = events.iter().map(told).collect();
    assert_eq!(told, [("/api/v1/search", 500, Some("INTERNAL_ERROR"), true)]);
}

#[actix_web::test]
async fn sessions_and_strangers_are_not_written_down() {
    let desk = Desk::new().await;
    for credential in [desk.token.as_str(), "", "forged", "altus4_sk_live_mistyped"] {
        desk.world.get(credential, DATABASES).await;
    }
    assert_eq!(desk.world.services.recorder.pending(), 0);
}

/// Three searches, of which one failed an hour ago, and a look at the databases.
async fn traffic(desk: &Desk) {
    desk.call(Method::GET, "/api/v1/search", "r-1").await;
    desk.world.clock.advance(Duration::from_hours(1));
    desk.call(Method::GET, "/api/v1/search?q=a", "r-2").await;
    desk.call(Method::GET, "/api/v1/search?q=b", "r-3").await;
    desk.call(Method::GET, DATABASES, "r-4").await;
}

/// The same with every time that something took as 0.
fn timeless(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                *member = if name.to_lowercase().ends_with("responsetime") {
                    assert!(member.is_f64(), "{name}: {member}");
                    json!(0)
                } else {
                    timeless(member.take())
                };
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = timeless(item.take())),
        _ => {}
    }
    value
}

#[actix_web::test]
async fn the_views_are_as_the_contract_has_them() {
    let desk = Desk::new().await;
    traffic(&desk).await;
    for (name, rest) in [
        ("summary", "?period=day"),
        ("by_tier", "/by-tier?days=2"),
        ("errors", "/errors"),
        ("requests", "/requests?pageSize=3"),
    ] {
        let answer = desk.view(rest).await;
        assert_eq!(answer.status, StatusCode::OK, "{rest}: {answer:?}");
        insta::assert_json_snapshot!(name, timeless(answer.json()["data"].clone()));
    }
    let series = desk.view("/timeseries?days=1").await.json()["data"].clone();
    assert_eq!((&series["granularity"], series["data"].as_array().map(Vec::len)), (&json!("hour"), Some(24)));
    insta::assert_json_snapshot!("hour", timeless(series["data"][23].clone()));
    let days = desk.view("/timeseries").await.json()["data"].clone();
    assert_eq!((&days["granularity"], &days["days"]), (&json!("day"), &json!(30)));
    assert_eq!(days["data"].as_array().map(Vec::len), Some(30));
}

#[actix_web::test]
async fn a_view_is_narrowed_down() {
    let desk = Desk::new().await;
    traffic(&desk).await;
    let total = async |rest: &str| desk.view(rest).await.json()["data"]["total"].clone();
    for (query, expected) in [
        ("", 4),
        ("?status=failed", 1),
        ("?status=success", 3),
        ("?endpoint=/api/v1/search", 3),
        ("?endpoint=/api/v1/search&status=success&tier=free", 2),
        ("?tier=pro", 0),
    ] {
        assert_eq!(total(&format!("/requests{query}")).await, expected, "{query}");
    }
    let hour = desk.view("?period=hour&limit=1").await.json()["data"]["usage"].clone();
    assert_eq!((&hour["period"], hour["topEndpoints"].as_array().map(Vec::len)), (&json!("hour"), Some(1)));
    assert_eq!(hour["hourlyBreakdown"].as_array().map(Vec::len), Some(1));
    assert_eq!(hour["hourlyBreakdown"][0]["hour"], "2026-01-15T11:00:00.000Z", "the newest");
    let second = desk.view("/requests?pageSize=3&page=2").await.json()["data"].clone();
    assert_eq!((&second["page"], &second["totalPages"]), (&json!(2), &json!(2)));
    assert_eq!(second["items"][0]["requestId"], "r-1");
}

#[actix_web::test]
async fn all_faults_of_a_view_are_told_at_once() {
    let desk = Desk::new().await;
    for (rest, fields) in [
        ("?period=year&limit=0", vec!["period", "limit"]),
        ("?period=day&days=3", vec!["days"]),
        ("?days=366", vec!["days"]),
        ("/by-tier?days=0", vec!["days"]),
        ("/errors?days=x", vec!["days"]),
        ("/timeseries?days=-1", vec!["days"]),
        ("/requests?page=0&pageSize=101&status=odd&tier=gold", vec!["status", "tier", "page", "pageSize"]),
        ("/requests?limit=10", vec!["limit"]),
    ] {
        let answer = desk.view(rest).await;
        assert_eq!(
            (&*answer.code(), answer.fields()),
            ("VALIDATION_ERROR", fields.into_iter().map(Into::into).collect::<Vec<String>>()),
            "{rest}"
        );
    }
}

#[actix_web::test]
async fn views_go_on_when_the_key_is_taken_back() {
    let desk = Desk::new().await;
    traffic(&desk).await;
    desk.world.delete(&desk.admin, &format!("/api/v1/keys/{}", desk.id)).await;
    let usage = desk.view("").await.json()["data"].clone();
    assert_eq!((&usage["totalRequests"], &usage["requestsThisMonth"]), (&json!(4), &json!(4)));
}

#[actix_web::test]
async fn the_usage_of_all_keys_is_one_sum() {
    let desk = Desk::new().await;
    let (other, _) =
        desk.world.make_key(&desk.token, json!({ "name": "Sums", "permissions": ["analytics"] })).await;
    traffic(&desk).await;
    desk.world.get(&other, "/api/v1/rate-limit/status").await;
    let answer = desk.world.get(&other, "/api/v1/analytics/usage?period=week").await;
    insta::assert_json_snapshot!(timeless(answer.json()["data"].clone()));
    let eve = desk.world.register("eve").await;
    assert_eq!(desk.world.get(&eve, "/api/analytics/usage").await.json()["data"]["totalRequests"], 0);
    assert_eq!(desk.world.get(&desk.key, "/api/analytics/usage").await.status, StatusCode::FORBIDDEN);
}

#[actix_web::test]
async fn a_quota_is_shown_beside_the_usage() {
    let desk = Desk::new().await;
    desk.world
        .put(&desk.token, &format!("/api/v1/keys/{}/limits", desk.id), json!({ "requestLimit": 9 }))
        .await;
    traffic(&desk).await;
    let usage = desk.view("").await.json()["data"].clone();
    assert_eq!((&usage["quotaUsed"], &usage["quotaLimit"]), (&json!(4), &json!(9)));
    let rate = &usage["usage"]["rateLimitStatus"];
    assert_eq!((&rate["tier"], &rate["remaining"]), (&json!("free"), &json!(996)));
    let reset = rate["resetTime"].as_str().and_then(Timestamp::parse).expect("a time");
    assert!(reset > desk.world.clock.now(), "{reset}");
}

#[actix_web::test]
async fn counters_sum_up_what_was_answered() {
    let world = World::new();
    let token = world.register("ada").await;
    world.get("", DATABASES).await;
    world.cache.lose();
    let metrics = world.send(bearer(TestRequest::get().uri("/api/metrics"), &token)).await.json();
    let data = &metrics["data"];
    assert_eq!(data["requests"], json!({ "total": 2, "refused": 1, "failed": 0, "inFlight": 0 }));
    assert_eq!(
        (&data["usage"], &data["cache"]),
        (&json!({ "pending": 0, "dropped": 0 }), &json!("degraded"))
    );
    assert_eq!(data["searches"], data["usage"]);
}
