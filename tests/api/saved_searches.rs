//! Searches that are saved, and several searches at once.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::text;
use crate::routes::NEVER_ISSUED;
use crate::samples::{articles, connection, row_ids};

on_both! {
    a_saved_search_is_run_on_the_databases_that_are_left,
    saved_searches_of_others_answer_as_ids_never_issued,
    several_searches_answer_as_each_would_alone,
}

const SAVED: &str = "/api/v1/search/saved";

async fn a_saved_search_is_run_on_the_databases_that_are_left(app: &TestApp) {
    let session = app.session().await;
    let ids =
        [session.connect(connection(&articles())).await, session.connect(connection(&articles())).await];
    let request = json!({ "query": "backup", "databases": ids, "fields": ["id", "title"] });
    let body = json!({ "name": "Backups", "request": request });
    let saved = session.post(SAVED, body.clone()).await.is(201).data().clone();
    assert_eq!((&saved["request"], &saved["broken"]), (&request, &json!(false)));
    session.post(SAVED, body).await.fails(409, "RESOURCE_CONFLICT");
    let path = format!("{SAVED}/{}", text(&saved["id"]));
    let run = async || session.post(&format!("{path}/run"), json!({})).await;
    assert_eq!(run().await.is(200).data()["totalCount"], 6);
    for (id, left) in [(&ids[0], json!([ids[1]])), (&ids[1], Value::Null)] {
        session.send("DELETE", &format!("/api/v1/databases/{id}"), None).await.is(200);
        let shown = session.get(&path).await.is(200).data().clone();
        assert_eq!((&shown["request"]["databases"], &shown["broken"]), (&left, &json!(left.is_null())));
        if left.is_null() {
            run().await.fails(409, "RESOURCE_CONFLICT");
        } else {
            assert_eq!(row_ids(&run().await.is(200).data()["results"]), [1, 2, 3]);
        }
    }
    session.send("DELETE", &path, None).await.is(200);
    run().await.fails(404, "NOT_FOUND");
    assert_eq!(session.get(SAVED).await.is(200).data(), &json!([]));
}

async fn saved_searches_of_others_answer_as_ids_never_issued(app: &TestApp) {
    let (owner, other) = (app.session().await, app.session().await);
    let body = json!({ "name": "Mine", "request": { "query": "backup" } });
    let id = text(&owner.post(SAVED, body.clone()).await.is(201).data()["id"]);
    for (method, end) in [("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/run")] {
        let call = async |id: &str| {
            let body = (method != "GET" && method != "DELETE").then_some(&body);
            let answer =
                other.send(method, &format!("{SAVED}/{id}{end}"), body).await.fails(404, "NOT_FOUND");
            answer.without_meta().to_string().replace(id, "the id")
        };
        assert_eq!(call(&id).await, call(NEVER_ISSUED).await, "{method}");
    }
    assert_eq!(owner.get(&format!("{SAVED}/{id}")).await.is(200).data()["name"], "Mine");
}

async fn several_searches_answer_as_each_would_alone(app: &TestApp) {
    let session = app.session().await;
    session.connect(connection(&articles())).await;
    let queries = json!([
        { "query": "backup", "limit": 2 }, { "query": "backup", "tables": ["nowhere"] }, { "query": "colours" },
    ]);
    let body = json!({ "queries": queries });
    let answers = session.post("/api/v1/search/multi", body).await.is(200).data()["results"].clone();
    assert_eq!((row_ids(&answers[0]["results"]), row_ids(&answers[2]["results"])), (vec![1, 2], vec![4, 3]));
    assert_eq!(answers[1]["error"]["code"], "VALIDATION_ERROR");
    let alone = session.post("/api/v1/search", queries[1].clone()).await.fails(400, "VALIDATION_ERROR");
    assert_eq!(answers[1]["error"], alone.body["error"]);
    let faulty = json!({ "queries": [{ "query": "x" }, { "query": "x", "limit": 0 }] });
    let refused = session.post("/api/v1/search/multi", faulty).await.fails(400, "VALIDATION_ERROR");
    assert_eq!(refused.details()["field"], "queries[1].limit");
}
