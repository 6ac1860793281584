//! Bodies as strangers send them.

use actix_web::{http::StatusCode, test::TestRequest};
use serde_json::json;

use super::world::World;

fn login(content_type: &'static str, body: impl Into<actix_web::web::Bytes>) -> TestRequest {
    let body = body.into();
    TestRequest::post()
        .uri("/api/v1/auth/login")
        .insert_header(("content-type", content_type))
        .insert_header(("content-length", body.len()))
        .set_payload(body)
}

#[actix_web::test]
async fn what_is_not_json_is_malformed() {
    let world = World::new();
    let deep = "[".repeat(33) + &"]".repeat(33);
    let twice = r#"{"email":"a@b.c","email":"d@e.f","password":"x"}"#;
    for body in ["{", "not json", "{}{}", "\u{0}", &deep, twice, &"[".repeat(500_000)] {
        let answer = world.send(login("application/json", body.to_owned())).await;
        let name = &body[..body.len().min(20)];
        assert_eq!(
            (answer.status, &*answer.code()),
            (StatusCode::BAD_REQUEST, "MALFORMED_REQUEST"),
            "{name}"
        );
        answer.assert_enveloped();
    }
    let invalid_utf8 = world.send(login("application/json", &b"\"\xff\""[..])).await;
    assert_eq!(invalid_utf8.code(), "MALFORMED_REQUEST");
    let missing = world.send(TestRequest::post().uri("/api/v1/auth/login")).await;
    assert_eq!(missing.code(), "MALFORMED_REQUEST");
}

#[actix_web::test]
async fn another_content_type_is_415() {
    let world = World::new();
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=utf-16"]
    {
        let answer = world.send(login(content_type, "{}")).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{content_type}");
        assert_eq!(answer.code(), "UNSUPPORTED_MEDIA_TYPE");
        answer.assert_enveloped();
    }
    let zipped = login("application/json", "{}").insert_header(("content-encoding", "gzip"));
    assert_eq!(world.send(zipped).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[actix_web::test]
async fn over_a_mebibyte_is_413() {
    let world = World::new();
    let body = format!("\"{}\"", "a".repeat(1024 * 1024));
    let answer = world.send(login("application/json", body.clone())).await;
    assert_eq!((answer.status, &*answer.code()), (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"));
    answer.assert_enveloped();
    // Without an announced length it is noticed while it arrives.
    let chunked = TestRequest::post()
        .uri("/api/v1/auth/login")
        .insert_header(("content-type", "application/json"))
        .insert_header(("transfer-encoding", "chunked"))
        .set_payload(body);
    assert_eq!(world.send(chunked).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let exactly = format!("\"{}\"", "a".repeat(1024 * 1024 - 2));
    assert_eq!(world.send(login("application/json", exactly)).await.code(), "VALIDATION_ERROR");
}

#[actix_web::test]
async fn all_faults_are_told_at_once() {
    let world = World::new();
    let body = json!({ "email": "nobody", "password": "short", "nmae": "x" });
    let answer = world.post("", "/api/v1/auth/register", body).await;
    assert_eq!((answer.status, &*answer.code()), (StatusCode::BAD_REQUEST, "VALIDATION_ERROR"));
    insta::assert_json_snapshot!(answer.json()["error"]);
}

#[actix_web::test]
async fn a_body_that_is_no_object_is_at_fault() {
    let world = World::new();
    for body in [json!([]), json!(1), json!("x"), json!(null)] {
        let answer = world.post("", "/api/v1/auth/login", body).await;
        assert_eq!((&*answer.code(), answer.fields()), ("VALIDATION_ERROR", vec!["body".to_owned()]));
    }
}

#[actix_web::test]
async fn null_is_as_if_it_were_left_out() {
    let world = World::new();
    let token = world.register("ada").await;
    let mut body = super::world::database("x");
    for name in ["engine", "port", "ssl", "connectionOptions", "searchOptions", "isActive"] {
        body[name] = json!(null);
    }
    assert_eq!(world.post(&token, "/api/v1/databases", body).await.status, StatusCode::CREATED);
    let names = [
        "databases",
        "tables",
        "columns",
        "searchMode",
        "limit",
        "offset",
        "fields",
        "minScore",
        "highlight",
        "timeoutMs",
        "matching",
        "typoTolerance",
        "semanticRatio",
        "includeAnalytics",
        "filter",
        "sort",
        "facets",
        "options",
        "filters",
    ];
    let nulls = names.map(|name| (name.to_owned(), json!(null)));
    let mut body: serde_json::Map<_, _> = nulls.into_iter().collect();
    body.insert("query".to_owned(), json!("parcel"));
    assert_eq!(world.post(&token, "/api/v1/search", json!(body)).await.status, StatusCode::OK);
    let unknown = world.post(&token, "/api/v1/search", json!({ "query": "x", "nmae": null })).await;
    assert_eq!(unknown.fields(), ["nmae"]);
    assert_eq!(world.post(&token, "/api/v1/management/setup", json!(null)).await.status, StatusCode::CREATED);
}

#[actix_web::test]
async fn what_was_sent_is_never_repeated() {
    let world = World::new();
    let token = world.register("ada").await;
    let mut body = super::world::database("x");
    body["password"] = json!({ "secret": "hunter2" });
    body["username"] = json!("hunter2\u{7}");
    body["port"] = json!("hunter2");
    let answer = world.post(&token, "/api/v1/databases", body).await;
    assert_eq!(answer.code(), "VALIDATION_ERROR");
    assert!(!String::from_utf8_lossy(&answer.body).contains("hunter2"));
}
