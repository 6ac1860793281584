//! Databases that stop, freeze or dawdle: the others answer, in time, and nothing is left running.

use std::thread;
use std::time::{Duration, Instant};

use altus4_test_support::MariaDb;
use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::Caller;
use crate::samples::{ARTICLES, articles, articles_on, connection, connection_to, row_ids, sqlite_articles};

const KINDS: [Kind; 2] = [Kind::Sqlite, Kind::MariaDbRedis];
/// How much later than its time limit a search may answer.
const GRACE: Duration = Duration::from_secs(1);

async fn timed(caller: &Caller, body: Value) -> (Duration, crate::client::Answer) {
    let began = Instant::now();
    let answer = caller.post("/api/v1/search", body).await;
    (began.elapsed(), answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_database_is_left_out_and_named() {
    let server = MariaDb::start();
    let name = articles_on(&server);
    let mut cases = Vec::new();
    for kind in KINDS {
        let app = TestApp::shared(kind);
        let session = app.session().await;
        let stopped = session.connect(connection_to(&server, &name)).await;
        let well = session.connect(connection(&articles())).await;
        let file = format!("beside-a-stopped-one-{}.db", app.port());
        session.connect(sqlite_articles(&app.sources(), &file, &ARTICLES).await).await;
        let all = session.search(json!({ "query": "backup" })).await;
        assert_eq!((&all["totalCount"], &all["failures"]), (&json!(9), &json!([])));
        cases.push((session, stopped, well));
    }
    drop(server);
    for (session, stopped, well) in cases {
        let (took, partial) = timed(&session, json!({ "query": "backup", "timeoutMs": 2_000 })).await;
        assert!(took < Duration::from_secs(2) + GRACE, "{took:?}");
        let partial = partial.is(200);
        let mut found = row_ids(&partial.data()["results"]);
        found.sort_unstable();
        assert_eq!(found, [1, 1, 2, 2, 3, 3]);
        let failures = partial.data()["failures"].as_array().expect("a list").clone();
        assert_eq!(failures.len(), 1, "{}", partial.text);
        assert_eq!(failures[0]["databaseId"], stopped);
        assert_eq!(failures[0]["code"], "CONNECTION_FAILED");
        assert!(failures[0]["message"].is_string());
        assert_eq!(partial.data()["totalCountRelation"], "gte", "what is not reached is not counted");

        let (_, none) = timed(&session, json!({ "query": "backup", "databases": [stopped] })).await;
        none.fails(502, "CONNECTION_FAILED");
        let path = format!("/api/v1/databases/{stopped}/schema?refresh=true");
        session.get(&path).await.fails(502, "CONNECTION_FAILED");
        let path = format!("/api/v1/databases/{stopped}/test");
        session.post(&path, json!({})).await.fails(502, "CONNECTION_FAILED");
        let shown = session.get(&format!("/api/v1/databases/{stopped}")).await.is(200);
        assert_eq!(shown.data()["status"], "error");
        session.get(&format!("/api/v1/databases/{well}/schema")).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_is_waited_for_no_longer_than_said() {
    let server = MariaDb::start();
    let name = articles_on(&server);
    let mut cases = Vec::new();
    for kind in KINDS {
        let session = TestApp::shared(kind).session().await;
        let frozen = session.connect(connection_to(&server, &name)).await;
        let well = session.connect(connection(&articles())).await;
        session.search(json!({ "query": "backup" })).await;
        cases.push((session, frozen, well));
    }
    server.freeze();
    for (session, frozen, well) in &cases {
        let (took, partial) = timed(session, json!({ "query": "backup", "timeoutMs": 1_000 })).await;
        assert!(took < Duration::from_secs(1) + GRACE, "{took:?}");
        let partial = partial.is(200);
        assert_eq!(row_ids(&partial.data()["results"]), [1, 2, 3]);
        assert_eq!(partial.data()["failures"][0]["databaseId"], *frozen);
        assert_eq!(partial.data()["failures"][0]["code"], "QUERY_TIMEOUT", "{}", partial.text);

        let alone = json!({ "query": "backup", "timeoutMs": 500, "databases": [frozen] });
        let (took, alone) = timed(session, alone).await;
        assert!(took < Duration::from_millis(500) + GRACE, "{took:?}");
        alone.fails(504, "QUERY_TIMEOUT");

        // One slow database slows no other.
        let (took, beside) = timed(session, json!({ "query": "backup", "databases": [well] })).await;
        assert_eq!(row_ids(&beside.is(200).data()["results"]), [1, 2, 3]);
        assert!(took < GRACE, "{took:?}");
    }
    server.thaw();
    wait_until("no statement is left", || statements(&server, "%articles%").is_empty());
    for (session, frozen, _) in &cases {
        let thawed = session.search(json!({ "query": "backup", "databases": [frozen] })).await;
        assert_eq!(row_ids(&thawed["results"]), [1, 2, 3], "a server that is back is used again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_overruns_is_ended_on_the_server() {
    let app = TestApp::shared(Kind::Sqlite);
    let session = app.session().await;
    let server = MariaDb::shared();
    let name = server.create_database();
    server.execute(
        &name,
        "CREATE TABLE held_back (id INT PRIMARY KEY, body TEXT, FULLTEXT (body)); INSERT INTO held_back VALUES (1, 'tide')",
    );
    session.connect(connection(&name)).await;
    session.search(json!({ "query": "tide" })).await;

    let database = name.clone();
    let lock = thread::spawn(move || {
        MariaDb::shared().execute(&database, "LOCK TABLES held_back WRITE; SELECT sleep(6)");
    });
    wait_until("the table is locked", || statements(server, "%sleep(6)%").len() == 1);
    let search = tokio::spawn({
        let session = session.clone();
        async move { timed(&session, json!({ "query": "tide", "timeoutMs": 1_500 })).await }
    });
    wait_until("the statement waits for the lock", || {
        !statements(server, "%AGAINST%held_back%").is_empty()
            || !statements(server, "%held_back%AGAINST%").is_empty()
    });
    let (took, answer) = search.await.expect("the search ends");
    answer.fails(504, "QUERY_TIMEOUT");
    assert!(took < Duration::from_millis(1_500) + GRACE, "{took:?}");
    wait_until("the statement is gone", || statements(server, "%held_back%AGAINST%").is_empty());
    assert!(!lock.is_finished(), "it was ended, and did not merely get the lock");
    lock.join().expect("the lock is given back");
    assert_eq!(session.search(json!({ "query": "tide" })).await["totalCount"], 1);
}

/// The statements that run now and are like this, but for the question itself.
fn statements(server: &MariaDb, pattern: &str) -> Vec<String> {
    let sql = format!(
        "SELECT info FROM information_schema.processlist WHERE info LIKE '{pattern}' AND id <> connection_id()"
    );
    server.query("", &sql).lines().map(str::to_owned).collect()
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(3), "in vain: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
