//! What belongs to another account does not exist: its ids answer as ids that were never issued.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::{Answer, Caller};
use crate::routes::{NEVER_ISSUED, ROUTES};
use crate::samples::{ARTICLES, articles, connection, row_ids, sqlite_articles};

on_both! {
    ids_of_others_answer_as_ids_never_issued,
    a_search_reaches_the_callers_databases_alone,
    a_key_speaks_for_its_account_alone,
}

/// An answer but for what tells one request from another, with the id written the same.
fn shape(answer: &Answer, id: &str) -> (u16, Value, Vec<String>) {
    let body = answer.without_meta().to_string().replace(id, "the id");
    // Whether the connection is kept depends on how much of the body had arrived.
    let names = answer.headers.keys().map(ToString::to_string).filter(|name| name != "connection");
    let mut headers: Vec<String> = names.collect();
    headers.sort();
    (answer.status, serde_json::from_str(&body).expect("an answer is JSON"), headers)
}

async fn ids_of_others_answer_as_ids_never_issued(app: &TestApp) {
    let (owner, other) = (app.session().await, app.session().await);
    let id = owner.connect(connection(&articles())).await;
    let file = format!("isolated-{}.db", app.port());
    let in_file = owner.connect(sqlite_articles(&app.sources(), &file, &ARTICLES).await).await;
    let key = other.with(&other.set_up(&["search", "database:read", "database:write"]).await);

    let mut walked = 0;
    for caller in [&other, &key] {
        for (method, path, _) in ROUTES.into_iter().filter(|(_, path, _)| path.contains("/databases/{id}")) {
            // What is wrong with it is not told of what doesn't exist.
            let body = if method == "POST" { json!({}) } else { json!({ "name": "taken over", "port": 0 }) };
            let call = async |id: &str| {
                let has_body = ["POST", "PUT", "PATCH"].contains(&method);
                let path = path
                    .replace("{id}", id)
                    .replace("{jobId}", NEVER_ISSUED)
                    .replace("{vectorId}", NEVER_ISSUED);
                caller.send(method, &path, has_body.then_some(&body)).await
            };
            let never = call(NEVER_ISSUED).await.fails(404, "NOT_FOUND");
            assert_eq!(never.details()["id"], NEVER_ISSUED, "{}", never.text);
            assert!(never.details()["resource"].is_string(), "{}", never.text);
            for id in [&id, &in_file] {
                let foreign = call(id).await;
                assert_eq!(shape(&foreign, id), shape(&never, NEVER_ISSUED), "{method} {path}");
            }
            for malformed in ["x", "%00", "..%2f..", "0193b3f0", "%F0%9F%A6%80"] {
                let answer = call(malformed).await;
                assert!((400..405).contains(&answer.status), "{method} {path} {malformed}: {}", answer.text);
                assert!(answer.body["error"]["code"].is_string(), "{}", answer.text);
            }
            walked += 1;
        }
    }
    assert!(walked >= 12, "only {walked} routes have an id");
    // Nothing of it happened.
    let listed = owner.get("/api/v1/databases").await.is(200);
    assert_eq!(listed.data().as_array().map(Vec::len), Some(2));
    assert!(!listed.text.contains("taken over"), "{}", listed.text);
    assert_eq!(other.get("/api/v1/databases/status").await.is(200).data(), &json!({}));
    assert_eq!(owner.search(json!({ "query": "backup" })).await["totalCount"], 6);
}

async fn a_search_reaches_the_callers_databases_alone(app: &TestApp) {
    let (owner, other) = (app.session().await, app.session().await);
    let foreign = owner.connect(connection(&articles())).await;
    // The owner's answer could lie in a cache.
    assert_eq!(owner.search(json!({ "query": "backup", "databases": [foreign] })).await["totalCount"], 3);

    let ask = async |caller: &Caller, ids: &[&str]| {
        caller.post("/api/v1/search", json!({ "query": "backup", "databases": ids })).await
    };
    let none = other.search(json!({ "query": "backup" })).await;
    assert_eq!(none["results"], json!([]));
    let own = other.connect(connection(&articles())).await;
    let key = other.with(&other.set_up(&["search"]).await);
    for caller in [&other, &key] {
        let never = ask(caller, &[NEVER_ISSUED]).await.fails(404, "NOT_FOUND");
        assert_eq!(never.details()["id"], NEVER_ISSUED, "{}", never.text);
        let never = shape(&never, NEVER_ISSUED);
        assert_eq!(shape(&ask(caller, &[&foreign]).await, &foreign), never);
        assert_eq!(shape(&ask(caller, &[&own, &foreign]).await, &foreign), never);
        let found = caller.search(json!({ "query": "backup" })).await;
        assert_eq!(row_ids(&found["results"]), [1, 2, 3]);
        assert!(!found.to_string().contains(&foreign), "{found}");
    }
}

async fn a_key_speaks_for_its_account_alone(app: &TestApp) {
    let (one, other) = (app.session().await, app.session().await);
    let id = one.connect(connection(&articles())).await;
    let keys = [
        one.with(&one.set_up(&["search", "database:read"]).await),
        other.with(&other.set_up(&["search", "database:read"]).await),
    ];
    let listed = keys[0].get("/api/v1/databases").await.is(200);
    assert_eq!(listed.data()[0]["id"], id);
    assert_eq!(keys[1].get("/api/v1/databases").await.is(200).data(), &json!([]));
    // No header names an account.
    let claim = |name: &str, value: &str| {
        keys[1].request("GET", "/api/v1/databases").header(name.to_owned(), value.to_owned())
    };
    for name in ["X-User-ID", "X-Account-ID", "X-Tenant-ID", "X-Forwarded-User"] {
        assert_eq!(Answer::to(claim(name, &id)).await.is(200).data(), &json!([]));
    }
}
