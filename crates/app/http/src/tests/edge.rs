//! What every answer has, whatever it is about.

use actix_web::{http::StatusCode, test::TestRequest};
use altus4_connections::testkit::FakeProbe;
use serde_json::json;

use super::world::{World, bearer};
use crate::HttpConfig;

fn live() -> TestRequest {
    TestRequest::get().uri("/health/live")
}

#[actix_web::test]
async fn a_good_request_id_is_echoed_and_a_bad_one_replaced() {
    let world = World::new();
    let longest = "x".repeat(128);
    for id in ["r-1", "with space ~", longest.as_str()] {
        let answer =
            world.send(TestRequest::get().uri("/api/v1/x").insert_header(("X-Request-ID", id))).await;
        assert_eq!((answer.header("x-request-id"), &*answer.text("/meta/requestId")), (id, id));
    }
    let too_long = "x".repeat(129);
    for id in ["", too_long.as_str(), "caf\u{e9}", "tab\there"] {
        let answer =
            world.send(TestRequest::get().uri("/api/v1/x").insert_header(("X-Request-ID", id))).await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{id:?}");
        answer.assert_enveloped();
    }
}

#[actix_web::test]
async fn health_follows_the_systems_behind_it() {
    let world = World::new();
    for path in ["/health", "/api/health", "/api/v1/health"] {
        let answer = world.get("", path).await;
        assert_eq!((answer.status, &*answer.text("/status")), (StatusCode::OK, "healthy"), "{path}");
        assert!(answer.json().get("success").is_none() && answer.json().get("authenticated").is_none());
    }
    let world = World::new();
    world.cache.lose();
    assert_eq!(world.get("", "/health").await.text("/status"), "degraded");
    assert_eq!(world.get("", "/health/ready").await.status, StatusCode::OK);
    let management = world.get("", "/api/v1/management/health").await;
    let services = &management.json()["data"]["services"];
    assert_eq!(
        (services[0]["status"].as_str(), services[1]["status"].as_str()),
        (Some("healthy"), Some("degraded"))
    );

    let world = World::new();
    world.health.lose();
    let answer = world.get("", "/health").await;
    assert_eq!((answer.status, &*answer.text("/status")), (StatusCode::SERVICE_UNAVAILABLE, "unhealthy"));
    assert_eq!(world.get("", "/health/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.get("", "/health/live").await.status, StatusCode::OK);
}

#[actix_web::test]
async fn health_tells_a_caller_what_its_credential_is() {
    let world = World::new();
    let token = world.register("ada").await;
    let key = world.key(&token, &["search", "database:read"]).await;
    let answer = world.get(&key, "/health").await;
    let expected = json!({ "tier": "free", "permissions": ["search", "database:read"] });
    assert_eq!((&answer.json()["authenticated"], &answer.json()["keyInfo"]), (&json!(true), &expected));
    assert_eq!(world.get(&token, "/health").await.json()["authenticated"], true);
    let forged = world.get("forged", "/health").await;
    assert_eq!(forged.status, StatusCode::OK);
    assert!(forged.json().get("authenticated").is_none());
}

#[actix_web::test]
async fn once_a_stop_has_begun_it_is_not_ready() {
    let world = World::new();
    world.state.begin_stop();
    let answer = world.get("", "/health/ready").await;
    assert_eq!((answer.status, &*answer.text("/status")), (StatusCode::SERVICE_UNAVAILABLE, "stopping"));
}

#[actix_web::test]
async fn the_page_needs_nothing_from_outside() {
    let world = World::new();
    let page = world.get("", "/docs").await;
    let html = String::from_utf8_lossy(&page.body).into_owned();
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    assert!(!html.contains("://"), "{html}");
    let loaded: Vec<_> = html.split('"').filter(|part| part.starts_with("/docs/")).collect();
    assert_eq!(loaded.len(), 4);
    for path in loaded {
        let asset = world.get("", path).await;
        assert_eq!(asset.status, StatusCode::OK, "{path}");
        assert!(!asset.body.is_empty() && asset.header("x-content-type-options") == "nosniff");
    }
    assert!(world.get("", "/docs/swagger-ui-bundle.js").await.header("content-type").contains("javascript"));
    for path in ["/docs/index.html", "/docs/..%2fCargo.toml", "/docs/swagger-ui.js"] {
        assert_eq!(world.get("", path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let document = world.get("", "/api/openapi.json").await;
    assert_eq!(document.text("/openapi"), "3.1.0");
}

#[actix_web::test]
async fn large_answers_are_compressed_for_who_accepts_it() {
    let world = World::new();
    let ask = |coding: &'static str| {
        world.send(TestRequest::get().uri("/api/v1/openapi.json").insert_header(("accept-encoding", coding)))
    };
    for coding in ["br", "zstd", "gzip"] {
        assert_eq!(ask(coding).await.header("content-encoding"), coding);
    }
    for coding in ["identity", "identity;q=0", "*;q=0", "unheard-of"] {
        let answer = ask(coding).await;
        assert_eq!((answer.status, answer.header("content-encoding")), (StatusCode::OK, ""), "{coding}");
    }
    let small =
        TestRequest::get().uri("/api/v1/management/health").insert_header(("accept-encoding", "gzip"));
    assert_eq!(world.send(small).await.header("content-encoding"), "");
}

#[actix_web::test]
async fn only_named_origins_may_call() {
    let config = HttpConfig { cors_origins: vec!["https://app.example.com".into()], ..HttpConfig::default() };
    let world = World::with(config, FakeProbe::default());
    let from = |origin: &'static str| world.send(live().insert_header(("origin", origin)));
    let allowed = from("https://app.example.com").await;
    assert_eq!(allowed.header("access-control-allow-origin"), "https://app.example.com");
    assert_eq!(allowed.header("access-control-allow-credentials"), "");
    assert_eq!(from("https://evil.example.com").await.header("access-control-allow-origin"), "");

    let preflight = |origin: &'static str| {
        let request = TestRequest::default().method(actix_web::http::Method::OPTIONS).uri("/api/v1/search");
        world.send(
            request
                .insert_header(("origin", origin))
                .insert_header(("access-control-request-method", "POST"))
                .insert_header(("access-control-request-headers", "authorization, content-type")),
        )
    };
    assert_eq!(preflight("https://app.example.com").await.status, StatusCode::OK);
    let refused = preflight("https://evil.example.com").await;
    assert!(refused.status.is_client_error());
    refused.assert_enveloped();

    // A failure can be read by the page too.
    let failure = world
        .send(
            bearer(TestRequest::get().uri("/api/v1/databases"), "")
                .insert_header(("origin", "https://app.example.com")),
        )
        .await;
    assert_eq!(failure.code(), "UNAUTHORIZED");
    assert_eq!(failure.header("access-control-allow-origin"), "https://app.example.com");

    let closed = World::new();
    let answer = closed.send(live().insert_header(("origin", "https://app.example.com"))).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[actix_web::test]
async fn a_forwarded_address_is_believed_of_trusted_proxies_alone() {
    let config = HttpConfig { trusted_proxies: "192.0.2.0/24".parse().unwrap(), ..HttpConfig::default() };
    let trusting = World::with(config, FakeProbe::default());
    for (world, expected) in [(World::new(), "192.0.2.7"), (trusting, "203.0.113.9")] {
        let request = live()
            .app_data(world.state.clone())
            .peer_addr("192.0.2.7:4711".parse().unwrap())
            .insert_header(("x-forwarded-for", "203.0.113.9"))
            .to_http_request();
        let client = <crate::extract::Client as actix_web::FromRequest>::extract(&request).await.unwrap();
        assert_eq!(client.0.address(), Some(expected));
        assert_eq!(client.1, expected.parse().ok());
    }
}
