//! Requests that are sent again under the same `Idempotency-Key` are done once.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::{Answer, Caller, text};

const KEYS: &str = "/api/v1/keys";

on_both! {
    a_repeated_request_is_answered_again_and_done_once,
    the_same_name_for_another_request_is_a_conflict,
    of_many_at_once_one_is_done,
    names_are_each_accounts_own,
    a_refused_request_may_be_corrected,
    a_name_has_to_be_printable,
    databases_are_connected_once,
}

async fn post(caller: &Caller, path: &str, name: &str, body: &Value) -> Answer {
    Answer::to(caller.request("POST", path).header("Idempotency-Key", name).json(body)).await
}

async fn total(caller: &Caller) -> Value {
    caller.get(KEYS).await.is(200).data()["total"].clone()
}

async fn a_repeated_request_is_answered_again_and_done_once(app: &TestApp) {
    let session = app.session().await;
    let body = json!({ "name": "Once" });
    let first = post(&session, KEYS, "order-1", &body).await.is(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    let again = post(&session, KEYS, "order-1", &body).await.is(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.body, first.body, "status and body are the first ones");
    assert_eq!(total(&session).await, 1);
    session.with(&text(&again.data()["secretKey"])).get("/api/v1/rate-limit/status").await.is(200);
    post(&session, KEYS, "order-2", &body).await.is(201);
    assert_eq!(total(&session).await, 2);
}

async fn the_same_name_for_another_request_is_a_conflict(app: &TestApp) {
    let session = app.session().await;
    post(&session, KEYS, "order-1", &json!({ "name": "This" })).await.is(201);
    post(&session, KEYS, "order-1", &json!({ "name": "That" })).await.fails(409, "RESOURCE_CONFLICT");
    post(&session, "/api/v1/databases", "order-1", &json!({ "name": "This" }))
        .await
        .fails(409, "RESOURCE_CONFLICT");
    assert_eq!(total(&session).await, 1);
}

async fn of_many_at_once_one_is_done(app: &TestApp) {
    let session = app.session().await;
    let body = json!({ "name": "Once" });
    let answers = join_all((0..16).map(|_| post(&session, KEYS, "at-once", &body))).await;
    let first = answers.iter().find(|answer| answer.status == 201).expect("one is done");
    for answer in &answers {
        match answer.status {
            201 => assert_eq!(answer.body, first.body),
            409 => assert_eq!(answer.header("retry-after"), "1", "it is under way: {}", answer.text),
            _ => panic!("{}", answer.text),
        }
    }
    assert_eq!(total(&session).await, 1);
}

async fn names_are_each_accounts_own(app: &TestApp) {
    let (one, other) = (app.session().await, app.session().await);
    let body = json!({ "name": "Mine" });
    let mine = post(&one, KEYS, "order-1", &body).await.is(201);
    let theirs = post(&other, KEYS, "order-1", &body).await.is(201);
    assert_ne!(mine.data()["secretKey"], theirs.data()["secretKey"]);
}

async fn a_refused_request_may_be_corrected(app: &TestApp) {
    let session = app.session().await;
    post(&session, KEYS, "order-1", &json!({ "name": "x" })).await.fails(400, "VALIDATION_ERROR");
    // The first answer stands for what was sent: another body is another request.
    post(&session, KEYS, "order-1", &json!({ "name": "Longer" })).await.fails(409, "RESOURCE_CONFLICT");
    post(&session, KEYS, "order-2", &json!({ "name": "Longer" })).await.is(201);
    // Who is refused for lack of a right has used up nothing.
    let reader = session.post(KEYS, json!({ "name": "Reader", "permissions": ["search"] })).await.is(201);
    let reader = session.with(&text(&reader.data()["secretKey"]));
    post(&reader, KEYS, "order-3", &json!({ "name": "Child" })).await.fails(403, "INSUFFICIENT_PERMISSIONS");
    post(&session, KEYS, "order-3", &json!({ "name": "Child" })).await.is(201);
}

async fn a_name_has_to_be_printable(app: &TestApp) {
    let session = app.session().await;
    for name in [String::new(), "x".repeat(256), "é".to_owned()] {
        let request = session.request("POST", KEYS).header("Idempotency-Key", name.as_bytes());
        Answer::to(request.json(&json!({ "name": "Never" }))).await.fails(400, "VALIDATION_ERROR");
    }
    assert_eq!(total(&session).await, 0);
}

async fn databases_are_connected_once(app: &TestApp) {
    let session = app.session().await;
    let connection = crate::samples::connection(&crate::samples::articles());
    let first = post(&session, "/api/v1/databases", "db-1", &connection).await.is(201);
    let again = post(&session, "/api/v1/databases", "db-1", &connection).await.is(201);
    assert_eq!(first.data()["id"], again.data()["id"]);
    let listed = session.get("/api/v1/databases").await.is(200);
    assert_eq!(listed.data().as_array().map(Vec::len), Some(1));
}
