//! Bodies that are not what a route takes: each has its answer, whoever sends it.

use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::{Answer, Caller};

/// Every route that reads a body.
const TAKERS: [&str; 6] = [
    "/api/v1/auth/register",
    "/api/v1/auth/login",
    "/api/v1/management/setup",
    "/api/v1/databases",
    "/api/v1/databases/test",
    "/api/v1/search",
];
const MIB: usize = 1024 * 1024;

async fn post(caller: &Caller, path: &str, kind: Option<&str>, body: impl Into<reqwest::Body>) -> Answer {
    let request = caller.request("POST", path).body(body);
    Answer::to(match kind {
        Some(kind) => request.header("content-type", kind),
        None => request,
    })
    .await
}

on_both! { a_body_that_is_not_json_is_malformed, unknown_fields_are_refused_by_name }

async fn a_body_that_is_not_json_is_malformed(app: &TestApp) {
    let session = app.session().await;
    for path in TAKERS {
        for body in [
            &b"{"[..],
            b"nonsense",
            b"{'query':'x'}",
            b"{\"query\":\"x\",}",
            b"{\"query\":\"x\"} x",
            b"{\"query\":NaN}",
            b"{\"query\":\"\xff\"}",
            b"\xff\xfe{\0}\0",
            b"<query/>",
            b"query=x",
            b"\"",
            b"{\"query\":\"\\ud800\"}",
        ] {
            let answer = post(&session, path, Some("application/json"), body.to_vec()).await;
            let answer = answer.fails(400, "MALFORMED_REQUEST");
            assert!(!answer.text.contains("serde"), "{}", answer.text);
        }
    }
    // JSON, but not an object.
    for path in TAKERS {
        for body in ["[]", "7", "\"query\"", "true", "[{\"query\":\"x\"}]"] {
            let answer = post(&session, path, Some("application/json"), body).await.is(400);
            let code = &answer.body["error"]["code"];
            assert!(
                code == "MALFORMED_REQUEST" || code == "VALIDATION_ERROR",
                "{path} {body}: {}",
                answer.text
            );
        }
    }
}

async fn unknown_fields_are_refused_by_name(app: &TestApp) {
    let session = app.session().await;
    for path in TAKERS {
        let body = json!({ "naem": "x", "query": "x", "colour": { "deep": [1] }, "__proto__": 1 });
        let answer = session.post(path, body).await.fails(400, "VALIDATION_ERROR");
        let fields = answer.faulty_fields();
        for field in ["naem", "colour", "__proto__"] {
            assert!(fields.iter().any(|known| known == field), "{path}: {field} is not among {fields:?}");
        }
        for error in answer.details()["errors"].as_array().expect("a list") {
            assert!(error["reason"].is_string(), "{}", answer.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_another_type_is_unsupported() {
    let session = TestApp::shared(Kind::Sqlite).session().await;
    for path in TAKERS {
        for kind in
            ["text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data", "x"]
        {
            let answer = post(&session, path, Some(kind), "{\"query\":\"x\"}").await;
            answer.fails(415, "UNSUPPORTED_MEDIA_TYPE");
        }
        post(&session, path, None, "{\"query\":\"x\"}").await.fails(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"] {
        post(&session, "/api/v1/search", Some(kind), "{\"query\":\"x\"}").await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_too_large() {
    let session = TestApp::shared(Kind::Sqlite).session().await;
    let padded = |size: usize| {
        let query = "{\"query\":\"x\"}";
        format!("{query}{}", " ".repeat(size - query.len()))
    };
    post(&session, "/api/v1/search", Some("application/json"), padded(MIB)).await.is(200);
    for path in TAKERS {
        let answer = post(&session, path, Some("application/json"), padded(MIB + 1)).await;
        answer.fails(413, "PAYLOAD_TOO_LARGE");
    }
    // A length that is only claimed is believed.
    let claimed = session.request("POST", "/api/v1/search").header("content-type", "application/json");
    let claimed = claimed.header("content-length", "99999999999").body("{");
    if let Ok(answer) = Answer::try_to(claimed).await {
        answer.fails(413, "PAYLOAD_TOO_LARGE");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_deep_is_malformed() {
    let session = TestApp::shared(Kind::Sqlite).session().await;
    for path in TAKERS {
        for depth in [200, 10_000, 400_000] {
            let lists = format!("{{\"query\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
            let objects = format!("{}1{}", "{\"a\":".repeat(depth / 3), "}".repeat(depth / 3));
            let open = "[".repeat(depth);
            for body in [lists, objects, open] {
                let answer = post(&session, path, Some("application/json"), body).await.is(400);
                let code = &answer.body["error"]["code"];
                assert!(depth == 200 || code == "MALFORMED_REQUEST", "{path}: {}", answer.text);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_body_is_an_answer_too() {
    let session = TestApp::shared(Kind::Sqlite).session().await;
    for path in TAKERS.into_iter().filter(|path| !path.ends_with("setup")) {
        let answer = session.send("POST", path, None).await;
        assert!([400, 415].contains(&answer.status), "{path}: {}", answer.text);
        let empty = post(&session, path, Some("application/json"), "").await;
        empty.fails(400, "MALFORMED_REQUEST");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_given_twice_is_not_taken_from_either() {
    let session = TestApp::shared(Kind::Sqlite).session().await;
    let body = "{\"query\":\"one\",\"query\":\"two\"}";
    post(&session, "/api/v1/search", Some("application/json"), body).await.is(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_asked_for_before_the_body_is_read() {
    let app = TestApp::shared(Kind::Sqlite);
    let key = app.key(&["analytics"]).await;
    for path in TAKERS.into_iter().filter(|path| !path.contains("/auth/")) {
        for body in ["{", "{\"colour\":1}"] {
            post(&app.anonymous(), path, Some("application/json"), body).await.is(401);
            post(&key, path, Some("application/json"), body).await.fails(403, "INSUFFICIENT_PERMISSIONS");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_string_that_cannot_be_read_is_malformed() {
    let session = TestApp::shared(Kind::Sqlite).session().await;
    let id = session.connect(crate::samples::connection(&crate::samples::articles())).await;
    let path = format!("/api/v1/databases/{id}/schema");
    session.get(&format!("{path}?refresh=false")).await.is(200);
    for query in ["refresh=perhaps", "refresh=7", "refresh=true&refresh=false", "refresh=%ff"] {
        let answer = session.get(&format!("{path}?{query}")).await;
        let answer = answer.is(400);
        let code: &Value = &answer.body["error"]["code"];
        assert!(code == "VALIDATION_ERROR" || code == "MALFORMED_REQUEST", "{query}: {}", answer.text);
    }
}
