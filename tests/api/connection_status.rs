//! How databases are: one with what is open to it, all of them side by side.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use altus4_test_support::{MariaDb, free_port};
use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::{Caller, text};
use crate::samples::{ARTICLES, articles, articles_on, connection, connection_to, sqlite_articles};

/// What the contract promises.
const LIMIT: Duration = Duration::from_secs(5);

on_both! { the_status_tells_what_was_found_and_what_is_open, all_are_told_but_nobody_elses }

async fn status(caller: &Caller, id: &str) -> Value {
    caller.get(&format!("/api/v1/databases/{id}/status")).await.is(200).data()["status"].clone()
}

async fn statuses(caller: &Caller) -> BTreeMap<String, bool> {
    let answer = caller.get("/api/v1/databases/status").await.is(200);
    serde_json::from_value(answer.data().clone()).expect("ids with true and false")
}

async fn the_status_tells_what_was_found_and_what_is_open(app: &TestApp) {
    let session = app.session().await;
    let id = session.connect(connection(&articles())).await;
    let unused = status(&session, &id).await;
    assert_eq!(unused["overall"], "connected");
    assert!(unused["latency"].is_u64() && unused["lastChecked"].is_string(), "{unused}");
    assert!(text(&unused["version"]).contains("MariaDB"), "{unused}");
    assert_eq!(unused.get("error"), None);
    let open = |active: u32, idle: u32| json!({ "activeConnections": active, "idleConnections": idle, "connectionLimit": 10 });
    assert_eq!(unused["connection"], open(0, 0), "a call opens no pool");
    session.search(json!({ "query": "backup" })).await;
    let used = status(&session, &id).await["connection"].clone();
    assert_eq!(used["activeConnections"], 0);
    assert!(used["idleConnections"].as_u64().is_some_and(|idle| idle >= 1), "{used}");

    let file = sqlite_articles(&app.sources(), &format!("status-{}.db", app.port()), &ARTICLES).await;
    let file = session.connect(file).await;
    session.search(json!({ "query": "backup", "databases": [file] })).await;
    let found = status(&session, &file).await;
    assert_eq!(found["overall"], "connected");
    assert!(text(&found["version"]).starts_with("SQLite"), "{found}");
    assert!(found["connection"]["idleConnections"].as_u64().is_some_and(|idle| idle >= 1), "{found}");

    let body = json!({ "port": free_port() });
    session.send("PATCH", &format!("/api/v1/databases/{id}"), Some(&body)).await.is(200);
    let closed = status(&session, &id).await;
    assert_eq!((&closed["overall"], &closed["connection"]), (&json!("error"), &open(0, 0)));
    assert!(closed["error"].is_string() && closed.get("latency").is_none(), "{closed}");
    let shown = session.get(&format!("/api/v1/databases/{id}")).await.is(200);
    assert_eq!(shown.data()["status"], "error");
}

async fn all_are_told_but_nobody_elses(app: &TestApp) {
    let (session, other) = (app.session().await, app.session().await);
    assert_eq!(statuses(&session).await, BTreeMap::new());
    let well = session.connect(connection(&articles())).await;
    let mut inactive = connection(&articles());
    inactive["isActive"] = json!(false);
    let inactive = session.connect(inactive).await;
    let mut wrong = connection(&articles());
    (wrong["name"], wrong["password"]) = (json!("wrong"), json!("canary-wrong-password"));
    let wrong = session.connect(wrong).await;
    let mut closed = connection(&articles());
    (closed["name"], closed["port"]) = (json!("closed"), json!(free_port()));
    let closed = session.connect(closed).await;
    let foreign = other.connect(connection(&articles())).await;

    let told = statuses(&session).await;
    let expected = [(well.clone(), true), (inactive, true), (wrong, false), (closed, false)];
    assert_eq!(told, BTreeMap::from(expected));
    let key = session.with(&session.set_up(&["database:read"]).await);
    assert_eq!(statuses(&key).await, told);
    assert_eq!(statuses(&other).await, BTreeMap::from([(foreign, true)]));
    // What was found is noted.
    let body = json!({ "password": "wrong" });
    session.send("PATCH", &format!("/api/v1/databases/{well}"), Some(&body)).await.is(200);
    let shown = session.get(&format!("/api/v1/databases/{well}")).await.is(200);
    assert_eq!(shown.data()["status"], "error");
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_that_do_not_answer_hold_up_nobody() {
    const FROZEN: usize = 6;
    let server = MariaDb::start();
    let app = TestApp::shared(Kind::Sqlite);
    let session = app.session().await;
    let well = session.connect(connection(&articles())).await;
    let mut frozen = Vec::new();
    for _ in 0..FROZEN {
        frozen.push(session.connect(connection_to(&server, &articles_on(&server))).await);
    }
    assert!(statuses(&session).await.values().all(|answers| *answers));
    server.freeze();
    let began = Instant::now();
    let told = statuses(&session).await;
    let took = began.elapsed();
    let one = Instant::now();
    let single = status(&session, &frozen[0]).await;
    let single_took = one.elapsed();
    server.thaw();
    assert!(took <= LIMIT, "{took:?}");
    assert!(single_took <= LIMIT + Duration::from_millis(500), "{single_took:?}");
    assert_eq!((&single["overall"], single["error"].is_string()), (&json!("error"), true));
    let mut expected: BTreeMap<_, _> = frozen.iter().cloned().map(|id| (id, false)).collect();
    expected.insert(well, true);
    assert_eq!(told, expected);
    // A server that is back is seen.
    assert!(statuses(&session).await.values().all(|answers| *answers));
}
