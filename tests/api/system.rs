//! Health, readiness, and the documentation that the service gives of itself.

use std::time::{Duration, Instant};

use altus4_test_support::{MariaDb, Redis};
use serde_json::{Value, json};

use crate::app::{Kind, TestApp, secrets};
use crate::client::{Answer, text};
use crate::samples::{articles, connection, row_ids};

on_both! { health_says_how_the_service_is, management_health_names_the_services }

async fn health_says_how_the_service_is(app: &TestApp) {
    for path in ["/health", "/api/health", "/api/v1/health", "/health/"] {
        let health = app.anonymous().get(path).await.is(200).body;
        assert_eq!(health["status"], "healthy", "{path}: {health}");
        assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
        assert!(health["timestamp"].is_string() && health["uptime"].is_number(), "{health}");
        assert_eq!(health.get("authenticated"), None, "{health}");
        for enveloped in ["success", "data", "meta"] {
            assert_eq!(health.get(enveloped), None, "{health}");
        }
    }
    let key = app.key(&["search", "database:read"]).await;
    let health = key.get("/health").await.is(200).body;
    assert_eq!(health["authenticated"], true);
    assert_eq!(health["keyInfo"], json!({ "tier": "free", "permissions": ["search", "database:read"] }));
    let session = app.session().await.get("/api/v1/health").await.is(200).body;
    assert_eq!(session["authenticated"], true, "{session}");
    for path in ["/health/live", "/health/ready"] {
        app.anonymous().get(path).await.is(200);
    }
}

async fn management_health_names_the_services(app: &TestApp) {
    let answer = app.anonymous().get("/api/v1/management/health").await.is(200);
    let health = answer.data();
    assert_eq!(health["status"], "healthy");
    assert!(health["timestamp"].is_string() && health["uptime"].is_number(), "{health}");
    assert!(health["authenticationMethods"].as_array().is_some_and(|methods| methods.len() >= 2), "{health}");
    let services = health["services"].as_array().expect("a list of services");
    assert!(services.iter().any(|service| service["name"] == "store"), "{health}");
    for service in services {
        assert!(service["status"].is_string() && service["responseTime"].is_number(), "{service}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_the_service_is_degraded_and_goes_on() {
    let mut redis = Redis::start();
    let app = TestApp::with(Kind::MariaDbRedis, &[("REDIS_URL", &redis.url())]);
    let session = app.session().await;
    session.connect(connection(&articles())).await;
    session.search(json!({ "query": "backup" })).await;
    assert_eq!(app.anonymous().get("/health").await.is(200).body["status"], "healthy");

    redis.freeze();
    wait_for(&app, "degraded").await;
    assert_degraded(&app).await;
    let began = Instant::now();
    let found = session.search(json!({ "query": "backup" })).await;
    assert_eq!(row_ids(&found["results"]), [1, 2, 3]);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    redis.thaw();
    wait_for(&app, "healthy").await;

    redis.stop();
    wait_for(&app, "degraded").await;
    assert_degraded(&app).await;
    app.anonymous().get("/health/ready").await.is(200);
    let found = session.search(json!({ "query": "backup" })).await;
    assert_eq!(row_ids(&found["results"]), [1, 2, 3]);
    assert_eq!(found["failures"], json!([]));
}

async fn assert_degraded(app: &TestApp) {
    let answer = app.anonymous().get("/health").await.is(200);
    assert_eq!(answer.body["status"], "degraded", "{}", answer.text);
    let managed = app.anonymous().get("/api/v1/management/health").await.is(200);
    assert_eq!(managed.data()["status"], "degraded", "{}", managed.text);
    let services = managed.data()["services"].as_array().expect("a list").clone();
    let ill: Vec<&Value> = services.iter().filter(|service| service["status"] != "healthy").collect();
    assert_eq!(ill.len(), 1, "{services:?}");
    assert_ne!(ill[0]["name"], "store");
}

async fn wait_for(app: &TestApp, status: &str) -> Answer {
    let began = Instant::now();
    loop {
        let answer = app.anonymous().get("/health").await;
        if answer.body["status"] == status {
            return answer;
        }
        assert!(began.elapsed() < Duration::from_secs(5), "{}", answer.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_store_the_service_says_so_and_recovers() {
    let server = MariaDb::start();
    let mut settings = crate::program::settings(&[("DATABASE_URL", &server.url(&server.create_database()))]);
    settings.extend(secrets());
    let app = TestApp::start(&settings);
    let account = app.account().await;
    let key = account.session.with(&account.session.set_up(&["search", "database:read"]).await);

    server.freeze();
    wait_for(&app, "unhealthy").await.is(503);
    app.anonymous().get("/health/live").await.is(200);
    let managed = app.anonymous().get("/api/v1/management/health").await;
    assert_eq!(managed.data()["status"], "unhealthy", "{}", managed.text);
    // What can't be looked up is not refused: the credential may be good.
    let began = Instant::now();
    for caller in [&key, &account.session] {
        let answer = caller.get("/api/v1/databases").await.fails(503, "SERVICE_UNAVAILABLE");
        assert!(answer.header("retry-after").parse::<u32>().is_ok(), "{:?}", answer.headers);
    }
    let login = json!({ "email": account.email, "password": crate::client::PASSWORD });
    app.anonymous().post("/api/v1/auth/login", login.clone()).await.fails(503, "SERVICE_UNAVAILABLE");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());

    server.thaw();
    wait_for(&app, "healthy").await;
    for caller in [&key, &account.session] {
        caller.get("/api/v1/databases").await.is(200);
    }
    app.anonymous().post("/api/v1/auth/login", login).await.is(200);

    drop(server);
    wait_for(&app, "unhealthy").await.is(503);
    key.get("/api/v1/databases").await.fails(503, "SERVICE_UNAVAILABLE");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_needs_no_outside_asset() {
    let app = TestApp::shared(Kind::Sqlite);
    let page = Answer::to(app.anonymous().request("GET", "/docs")).await.is(200);
    assert!(page.header("content-type").starts_with("text/html"), "{:?}", page.headers);
    let sources: Vec<String> = ["src=\"", "href=\"", "src='", "href='"]
        .into_iter()
        .flat_map(|attribute| {
            let quote = attribute.chars().last().expect("an attribute ends in a quote");
            page.text.split(attribute).skip(1).filter_map(move |rest| rest.split(quote).next())
        })
        .map(str::to_owned)
        .collect();
    for source in &sources {
        if source.starts_with("data:") || source.starts_with('#') {
            continue;
        }
        assert!(!source.contains("//"), "{source} is an outside asset");
        let path = match source.strip_prefix('/') {
            Some(_) => source.clone(),
            None => format!("/docs/{}", source.trim_start_matches("./")),
        };
        let asset = Answer::to(app.anonymous().request("GET", &path)).await;
        assert_eq!(asset.status, 200, "{path}");
        let imports = asset.text.contains("@import") || asset.text.contains("url(http");
        let is_style = asset.header("content-type").starts_with("text/css");
        assert!(!is_style || !imports, "{path} reads an outside asset");
    }
    assert!(page.text.contains("script"), "the page has a way to try the API: {}", page.text);
    let all = std::iter::once(page.text.clone());
    assert!(all.chain(sources).any(|part| part.contains("script") || part.contains("openapi.json")));
    let policy = page.header("content-security-policy");
    assert!(!policy.contains("http:") && !policy.contains("https:"), "{policy}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_on_the_defaults_is_small() {
    let app = TestApp::sqlite();
    app.anonymous().get("/health").await.is(200);
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", app.program().pid())).expect("a running process");
    // Its own memory: the code of a debug build is several times that of a release.
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).expect("its resident memory");
    let kib: u64 =
        text(&json!(line)).split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number");
    assert!(kib < 30 * 1024, "{kib} KiB while idle");
}
