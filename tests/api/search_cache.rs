//! What is answered from the cache, and that the same at the same time is asked once.

use altus4_test_support::MariaDb;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::Caller;
use crate::samples::{articles, articles_on, connection, connection_to, row_ids};

/// An app that keeps answers for a minute: longer than any test.
fn app(kind: Kind) -> TestApp {
    TestApp::with(kind, &[("ALTUS4_SEARCH_CACHE_SECONDS", "60")])
}

async fn find(caller: &Caller, query: &str) -> Value {
    caller.search(json!({ "query": query })).await
}

async fn the_same_search_is_answered_again(kind: Kind) {
    let app = app(kind);
    let session = app.session().await;
    let name = articles();
    let id = session.connect(connection(&name)).await;
    let key = session.with(&session.set_up(&["search"]).await);
    let (first, again) = (find(&session, "backup").await, find(&key, "backup").await);
    assert_eq!((&first["cached"], &again["cached"]), (&json!(false), &json!(true)));
    assert_eq!(first["results"], again["results"]);
    assert_ne!(first["searchId"], again["searchId"]);
    let other = find(&session, "backup restore").await;
    assert_eq!(other["cached"], false);

    // Another account of the same database asks it anew, and no cached answer opens one's own to it.
    let stranger = app.session().await;
    stranger.connect(connection(&name)).await;
    assert_eq!(find(&stranger, "backup").await["cached"], false);
    let foreign = json!({ "query": "backup", "databases": [id] });
    session.search(foreign.clone()).await;
    stranger.post("/api/v1/search", foreign).await.fails(404, "NOT_FOUND");

    // What is registered or removed is seen at once.
    let second = session.connect(connection(&articles())).await;
    assert_eq!(find(&session, "backup").await["totalCount"], 6);
    session.send("DELETE", &format!("/api/v1/databases/{second}"), None).await.is(200);
    assert_eq!(row_ids(&find(&session, "backup").await["results"]), [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_search_is_answered_again_on_sqlite() {
    the_same_search_is_answered_again(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_search_is_answered_again_on_mariadb_and_redis() {
    the_same_search_is_answered_again(Kind::MariaDbRedis).await;
}

/// How many statements that search were run on a server that logs them.
fn searches_run(server: &MariaDb) -> u32 {
    let statement = "SELECT COUNT(*) FROM general_log
        WHERE command_type IN ('Query', 'Execute') AND argument LIKE '%AGAINST%' AND argument NOT LIKE '%general_log%'";
    server.query("mysql", statement).trim().parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_identical_searches_at_once_are_one_statement() {
    let server = MariaDb::start();
    let app = app(Kind::Sqlite);
    let session = app.session().await;
    session.connect(connection_to(&server, &articles_on(&server))).await;
    find(&session, "colours").await;
    server.execute("", "SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = 1");
    let before = searches_run(&server);
    find(&session, "release").await;
    let one = searches_run(&server) - before;
    assert!(one > 0, "a search is a statement");
    let answers = join_all((0..200).map(|_| find(&session, "backup"))).await;
    assert!(answers.iter().all(|answer| answer["totalCount"] == 3), "{}", answers[0]);
    assert_eq!(searches_run(&server) - before - one, one, "200 searches cost what one costs");
    assert_eq!(answers.iter().filter(|answer| answer["cached"] == false).count(), 1);
    let ids: std::collections::HashSet<_> =
        answers.iter().map(|answer| answer["searchId"].to_string()).collect();
    assert_eq!(ids.len(), 200);
}
