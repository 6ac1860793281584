//! What was searched for: history, trends, events, suggestions; each account's own alone.

use std::time::Duration;

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::routes::NEVER_ISSUED;
use crate::samples::{articles, connection};

on_both! {
    searches_are_in_the_history_at_once,
    events_are_taken_of_own_searches_alone,
    what_was_searched_for_is_shown_to_nobody_else,
    a_deactivated_account_leaves_no_searches_to_be_counted,
}

async fn searches_are_in_the_history_at_once(app: &TestApp) {
    let session = app.session().await;
    let id = session.connect(connection(&articles())).await;
    let key = session.with(&session.set_up(&["search", "analytics"]).await);
    let found = session.search(json!({ "query": "Backup" })).await;
    key.search(json!({ "query": "backup", "databases": [id] })).await;
    key.search(json!({ "query": "zeppelin" })).await;
    let history = key.get("/api/v1/search/history").await.is(200);
    let items = history.data().as_array().expect("a list").clone();
    let told: Vec<Value> = items
        .iter()
        .map(|item| {
            json!([
                item["query"],
                item["resultCount"],
                item["status"],
                item["databases"],
                item["apiKeyId"].is_null()
            ])
        })
        .collect();
    let expected = [
        json!(["zeppelin", 0, "success", [id], false]),
        json!(["backup", 3, "success", [id], false]),
        json!(["Backup", 3, "success", [id], true]),
    ];
    assert_eq!(told, expected);
    assert_eq!(items[2]["id"], found["searchId"]);
    let part = key.get("/api/v1/search/history?limit=1&offset=2").await.is(200);
    assert_eq!(part.data(), &json!([items[2]]));
    let trends = key.get("/api/v1/search/trends?period=day&environment=all").await.is(200).data().clone();
    assert_eq!(trends["summary"], json!({ "totalSearches": 3, "period": "day", "topQuery": "backup" }));
    assert_eq!(
        (&trends["trends"][0]["searches"], &trends["trends"][0]["uniqueQueries"]),
        (&json!(3), &json!(2))
    );
}

async fn events_are_taken_of_own_searches_alone(app: &TestApp) {
    let (session, stranger) = (app.session().await, app.session().await);
    session.connect(connection(&articles())).await;
    let found = session.search(json!({ "query": "backup" })).await;
    let event = |search: &Value| json!([{ "searchId": search, "resultId": found["results"][0]["id"], "type": "click", "position": 1 }]);
    let path = "/api/v1/search/events";
    for _ in 0..2 {
        session.post(path, event(&found["searchId"])).await.is(202);
    }
    let foreign = stranger.post(path, event(&found["searchId"])).await.fails(404, "NOT_FOUND");
    let never = stranger.post(path, event(&json!(NEVER_ISSUED))).await.fails(404, "NOT_FOUND");
    let id = found["searchId"].as_str().expect("an id");
    assert_eq!(
        foreign.without_meta().to_string().replace(id, NEVER_ISSUED),
        never.without_meta().to_string()
    );
}

async fn what_was_searched_for_is_shown_to_nobody_else(app: &TestApp) {
    let (session, stranger) = (app.session().await, app.session().await);
    session.connect(connection(&articles())).await;
    for query in ["backup restore", "Backup  RESTORE", "backup night"] {
        session.search(json!({ "query": query })).await;
    }
    // The history has everything written down that the suggestions read.
    session.get("/api/v1/search/history").await.is(200);
    let path = "/api/v1/search/suggestions?q=back";
    let suggested = session.get(path).await.is(200).data()["suggestions"].clone();
    let popular: Vec<_> = suggested
        .as_array()
        .expect("a list")
        .iter()
        .filter(|suggestion| suggestion["type"] == "popular")
        .map(|suggestion| suggestion["text"].clone())
        .collect();
    assert_eq!(popular, ["Backup  RESTORE", "backup night"]);
    for path in [path, "/api/v1/search/history", "/api/v1/search/trends"] {
        let shown = stranger.get(path).await.is(200);
        assert!(!shown.data().to_string().to_lowercase().contains("backup"), "{path}: {}", shown.text);
    }
}

async fn a_deactivated_account_leaves_no_searches_to_be_counted(app: &TestApp) {
    let account = app.account().await;
    account.session.connect(connection(&articles())).await;
    account.session.search(json!({ "query": "backup" })).await;
    let body = json!({ "password": crate::client::PASSWORD });
    account.session.send("DELETE", "/api/v1/auth/account", Some(&body)).await.is(200);
    // Searches that were still waiting are left out, and hold up no others.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let other = app.session().await;
    other.connect(connection(&articles())).await;
    other.search(json!({ "query": "restore" })).await;
    let history = other.get("/api/v1/search/history").await.is(200);
    assert_eq!(history.data().as_array().map(Vec::len), Some(1), "{}", history.text);
}
