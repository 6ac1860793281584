//! What every answer has in common: the envelope, request ids, both spellings of paths, compression.

use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::{Answer, text};

on_both! {
    every_answer_has_the_envelope,
    request_ids_are_echoed_or_replaced,
    the_log_names_the_request,
}

async fn every_answer_has_the_envelope(app: &TestApp) {
    let session = app.session().await;
    let key = session.with(&session.set_up(&["search"]).await);
    let anonymous = app.anonymous();
    let not_json = anonymous.request("POST", "/api/v1/auth/login").header("content-type", "application/json");
    let plain_text = anonymous.request("POST", "/api/v1/auth/login").header("content-type", "text/plain");
    let answers = [
        (200, session.get("/api/v1/databases").await),
        (404, session.get("/api/v1/nothing/here").await),
        (404, session.get("/nothing/here").await),
        (404, session.get("/").await),
        (405, session.send("PATCH", "/api/v1/search", None).await),
        (401, anonymous.get("/api/v1/databases").await),
        (403, key.get("/api/v1/databases").await),
        (400, anonymous.post("/api/v1/auth/login", json!({})).await),
        (400, Answer::to(not_json.body("{")).await),
        (415, Answer::to(plain_text.body("{}")).await),
        (404, session.get("/api/v1/databases/0193b3f0-0000-7000-8000-000000000000").await),
    ];
    for (status, answer) in answers {
        let answer = answer.is(status);
        assert!(answer.header("content-type").starts_with("application/json"), "{}", answer.text);
        assert_eq!(answer.body["success"], status < 400, "{}", answer.text);
        if status >= 400 {
            let error = &answer.body["error"];
            assert!(!text(&error["code"]).is_empty() && !text(&error["message"]).is_empty(), "{error}");
            assert_eq!(answer.body.get("data"), None, "{}", answer.text);
        }
        assert_meta(&answer);
    }
}

#[track_caller]
fn assert_meta(answer: &Answer) {
    let meta = &answer.body["meta"];
    let timestamp = text(&meta["timestamp"]);
    let shape: String = timestamp.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "{}", answer.text);
    assert_eq!(text(&meta["requestId"]), answer.header("x-request-id"), "{}", answer.text);
    assert_eq!(text(&meta["version"]), env!("CARGO_PKG_VERSION"), "{}", answer.text);
    assert!(meta["executionTime"].is_u64(), "{}", answer.text);
}

const LONGEST_ID: [u8; 128] = [b'~'; 128];
const TOO_LONG_ID: [u8; 129] = [b'x'; 129];

async fn request_ids_are_echoed_or_replaced(app: &TestApp) {
    let ask = |id: &'static [u8]| {
        let value = reqwest::header::HeaderValue::from_bytes(id).expect("bytes that a header may have");
        Answer::to(app.anonymous().request("GET", "/api/v1/databases").header("X-Request-ID", value))
    };
    for id in [&b"a"[..], b"order 7/{}\"<>", &LONGEST_ID] {
        let answer = ask(id).await;
        assert_eq!(answer.headers["x-request-id"].as_bytes(), id);
        assert_eq!(text(&answer.body["meta"]["requestId"]).as_bytes(), id);
    }
    for id in [&b""[..], &TOO_LONG_ID, "é".as_bytes(), b"a\tb", b"\xff"] {
        let answer = ask(id).await;
        let fresh = uuid::Uuid::parse_str(answer.header("x-request-id"));
        assert!(fresh.is_ok(), "{id:?}: {}", answer.text);
        assert_eq!(text(&answer.body["meta"]["requestId"]), answer.header("x-request-id"));
    }
    let (one, other) = (app.anonymous().get("/api/v1/x").await, app.anonymous().get("/api/v1/x").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

async fn the_log_names_the_request(app: &TestApp) {
    let id = format!("seen-in-the-log-{}", app.port());
    let session = app.session().await;
    Answer::to(session.request("GET", "/api/v1/databases").header("X-Request-ID", &id)).await.is(200);
    let log = app.log();
    let line = log.lines().find(|line| line.contains(&id)).expect("a line with the request's id");
    let line: Value = serde_json::from_str(line).expect("log lines are JSON");
    assert!(line["timestamp"].is_string(), "{line}");
    let written = line.to_string();
    for part in ["databases", "200", "_ms"] {
        assert!(written.contains(part), "{part} is not in {written}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_a_key_name_its_tier() {
    let app = TestApp::shared(Kind::Sqlite);
    let session = app.session().await;
    let key = session.with(&session.set_up(&["database:read"]).await);
    let to_key = key.get("/api/v1/databases").await.is(200);
    assert_eq!(to_key.body["meta"]["apiKeyTier"], "free");
    let to_session = session.get("/api/v1/databases").await.is(200);
    assert_eq!(to_session.body["meta"].get("apiKeyTier"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_spellings_of_a_path_and_a_trailing_slash_are_one() {
    let app = TestApp::shared(Kind::Sqlite);
    let session = app.session().await;
    for rest in ["databases", "management/health", "search", "auth/login", "nothing", "databases/x/y/z"] {
        for method in ["GET", "POST", "DELETE"] {
            let first = session.send(method, &format!("/api/v1/{rest}"), None).await;
            for path in [format!("/api/{rest}"), format!("/api/v1/{rest}/"), format!("/api/{rest}/")] {
                let other = session.send(method, &path, None).await;
                let place = format!("{method} {path}: {}", other.text);
                assert_eq!(other.status, first.status, "{place}");
                assert_eq!(other.header("allow"), first.header("allow"), "{place}");
                // What tells time, or the path itself, may differ.
                assert_eq!(other.body["error"]["code"], first.body["error"]["code"], "{place}");
            }
        }
    }
    // A query string is no part of the path.
    session.get("/api/databases/?x=1").await.is(200);
    let account = app.account().await;
    let login = json!({ "email": account.email, "password": crate::client::PASSWORD });
    app.anonymous().post("/api/auth/login/", login).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn further_names_of_routes_lead_to_the_same() {
    let app = TestApp::shared(Kind::Sqlite);
    let session = app.session().await;
    for (alias, name) in [("/api/v1/api-keys", "/api/v1/keys"), ("/api/api-keys/x", "/api/keys/x")] {
        for method in ["GET", "POST", "DELETE"] {
            let (one, other) =
                (session.send(method, alias, None).await, session.send(method, name, None).await);
            assert_eq!(
                (one.status, &one.body["error"]["code"]),
                (other.status, &other.body["error"]["code"])
            );
        }
    }
    let status = session.get("/api/v1/status").await.is(200);
    assert!(status.body.to_string().contains("services"), "{}", status.text);
    let made = session.post("/api/v1/management/setup-initial-api-key", json!({})).await.is(201);
    assert!(text(&made.data()["secretKey"]).starts_with("altus4_sk_test_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_is_told_which_are_right() {
    let app = TestApp::shared(Kind::Sqlite);
    // Also to those who showed no credential: which methods there are is no secret.
    for caller in [app.anonymous(), app.session().await] {
        for (method, path, allowed) in [
            ("DELETE", "/api/v1/databases", &["GET", "POST"][..]),
            ("PUT", "/api/v1/search", &["POST"]),
            ("GET", "/api/v1/auth/login", &["POST"]),
            ("POST", "/api/v1/openapi.json", &["GET"]),
            ("POST", "/health", &["GET"]),
            ("POST", "/api/v1/databases/0193b3f0-0000-7000-8000-000000000000/schema", &["GET"]),
        ] {
            let answer = caller.send(method, path, None).await.fails(405, "METHOD_NOT_ALLOWED");
            let named: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
            assert!(allowed.iter().all(|method| named.contains(method)), "{method} {path}: {named:?}");
            assert!(!named.contains(&method), "{method} {path}: {named:?}");
        }
        caller.get("/api/v1/databases/x/y/z").await.fails(404, "NOT_FOUND");
        caller.send("BREW", "/api/v1/nothing", None).await.fails(404, "NOT_FOUND");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_compressed_for_those_who_accept_it() {
    let app = TestApp::shared(Kind::Sqlite);
    for coding in ["br", "zstd", "gzip"] {
        let request = app.anonymous().request("GET", "/api/v1/openapi.json");
        let response = request.header("accept-encoding", coding).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-encoding"], coding);
        let packed = response.bytes().await.expect("a body").len();
        let plain = app.anonymous().get("/api/v1/openapi.json").await.is(200);
        assert_eq!(plain.header("content-encoding"), "");
        assert!(packed < plain.text.len() / 2, "{coding}: {packed} of {}", plain.text.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_get_without_the_body() {
    let app = TestApp::shared(Kind::Sqlite);
    let session = app.session().await;
    for path in ["/health", "/api/v1/databases", "/api/v1/openapi.json"] {
        let head = session.send("HEAD", path, None).await.is(200);
        assert_eq!(head.text, "");
        assert_eq!(head.header("content-type"), session.get(path).await.header("content-type"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_named_origins_may_call_from_a_browser() {
    let app = TestApp::with(Kind::Sqlite, &[("ALTUS4_CORS_ORIGINS", "https://app.example.org")]);
    let preflight = |origin: &'static str| {
        let request = app.anonymous().request("OPTIONS", "/api/v1/search").header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        Answer::to(request.header("access-control-request-headers", "authorization,content-type"))
    };
    let allowed = preflight("https://app.example.org").await;
    assert!(allowed.status < 300, "{}", allowed.text);
    assert_eq!(allowed.header("access-control-allow-origin"), "https://app.example.org");
    for origin in ["https://app.example.org.evil.example", "http://app.example.org", "null"] {
        assert_eq!(preflight(origin).await.header("access-control-allow-origin"), "", "{origin}");
    }
    let nowhere = TestApp::shared(Kind::Sqlite);
    let plain = nowhere.anonymous().request("GET", "/health").header("origin", "https://app.example.org");
    assert_eq!(Answer::to(plain).await.is(200).header("access-control-allow-origin"), "");
}
