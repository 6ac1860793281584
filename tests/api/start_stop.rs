//! Starting on the defaults, and stopping without cutting anybody off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use altus4_test_support::MariaDb;
use serde_json::json;

use crate::app::{Kind, TestApp};
use crate::client::Answer;
use crate::samples::{ARTICLES, articles, connection, database, row_ids, sqlite_articles};

const CLIENTS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_cuts_no_request_on_the_embedded_store() {
    assert_stops_well(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_cuts_no_request_on_mariadb_and_redis() {
    assert_stops_well(Kind::MariaDbRedis).await;
}

async fn assert_stops_well(kind: Kind) {
    let app = Arc::new(TestApp::with(kind, &[]));
    let session = app.session().await;
    session.connect(connection(&articles())).await;
    session.connect(sqlite_articles(&app.sources(), "loaded.db", &ARTICLES).await).await;
    // Warm, so that all requests of the load are alike.
    session.search(json!({ "query": "backup" })).await;

    let stopping = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (app, stopping, answered) = (Arc::clone(&app), Arc::clone(&stopping), Arc::clone(&answered));
            // A connection of its own for each client.
            let caller = app.caller(session.credential());
            tokio::spawn(async move {
                loop {
                    let before_the_stop = !stopping.load(Ordering::SeqCst);
                    let request =
                        caller.request("POST", "/api/v1/search").json(&json!({ "query": "backup" }));
                    match Answer::try_to(request).await {
                        Ok(answer) => {
                            let answer = answer.is(200);
                            assert_eq!(answer.data()["totalCount"], 6, "{}", answer.text);
                            assert_eq!(answer.data()["failures"], json!([]), "{}", answer.text);
                            answered.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(error) => {
                            assert!(!before_the_stop, "a request was cut: {error:?}");
                            assert!(!error.is_body() && !error.is_decode(), "an answer was cut: {error:?}");
                            break;
                        }
                    }
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = answered.load(Ordering::SeqCst);
    assert!(before > CLIENTS, "only {before} answers in a second");
    stopping.store(true, Ordering::SeqCst);
    let began = Instant::now();
    app.program().terminate();
    for client in clients {
        client.await.expect("no client saw a request cut");
    }
    let ended = app.program().ended();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let log = app.log();
    assert!(log.contains("shutdown.requested") && log.contains("service.stopped"), "{log}");
    assert!(!log.contains("\"ERROR\""), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_search_is_finished_before_the_end() {
    let app = TestApp::mariadb_redis();
    let session = app.session().await;
    let name = database(
        "CREATE TABLE held_up (id INT PRIMARY KEY, body TEXT, FULLTEXT (body)); INSERT INTO held_up VALUES (1, 'tide')",
    );
    session.connect(connection(&name)).await;
    session.search(json!({ "query": "tide" })).await;
    let server = MariaDb::shared();
    let lock =
        std::thread::spawn(move || server.execute(&name, "LOCK TABLES held_up WRITE; SELECT sleep(3)"));
    let is_running = |pattern: &str| {
        let sql = format!(
            "SELECT 1 FROM information_schema.processlist WHERE info LIKE '{pattern}' AND id <> connection_id()"
        );
        !server.query("", &sql).is_empty()
    };
    while !is_running("%sleep(3)%") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let search = tokio::spawn(async move { session.search(json!({ "query": "tide" })).await });
    while !is_running("%held_up%AGAINST%") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    app.program().terminate();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(std::net::TcpStream::connect(("127.0.0.1", app.port())).is_err(), "no new connections are taken");
    assert_eq!(app.program().exit_code(), None, "the running search is waited for");
    let found = search.await.expect("the search is answered");
    assert_eq!(row_ids(&found["results"]), [1]);
    assert_eq!(app.program().ended().code, 0);
    lock.join().expect("the lock is given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_service_starts_with_no_setting_at_all() {
    let app = TestApp::start(&[]);
    let data = app.program().folder().join("data");
    assert!(data.join("altus4.db").is_file());
    let account = app.account().await;
    let session = account.session.credential().to_owned();
    let key = account.session.set_up(&["database:read"]).await;

    // What was kept is there after a restart: the store and the secrets.
    let kept = tempfile::tempdir().expect("a folder").keep();
    app.program().terminate();
    assert_eq!(app.program().ended().code, 0);
    std::fs::rename(&data, kept.join("data")).expect("the data can be moved");
    let moved = kept.join("data").display().to_string();
    let again = TestApp::start(&crate::program::settings(&[("ALTUS4_DATA_DIR", &moved)]));
    for credential in [&session, &key] {
        again.caller(credential).get("/api/v1/databases").await.is(200);
    }
    drop(again);
    std::fs::remove_dir_all(kept).expect("the folder can be removed");
}

#[test]
fn a_cold_start_takes_less_than_a_second() {
    // The quickest of three: what runs beside it is not its fault.
    let starts = (0..3).map(|_| {
        let began = Instant::now();
        let app = TestApp::sqlite();
        let took = began.elapsed();
        drop(app);
        took
    });
    let quickest = starts.min().expect("three starts");
    assert!(quickest < Duration::from_secs(1), "{quickest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_on_loopback_alone_unless_told() {
    let app = TestApp::shared(Kind::Sqlite);
    assert_listens_on_loopback(app.port());
}

/// Asserts that the port is open on 127.0.0.1 and on no other address of this machine.
pub(crate) fn assert_listens_on_loopback(port: u16) {
    let wanted = format!(":{port:04X}");
    let mut found = 0;
    for file in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in std::fs::read_to_string(file).unwrap_or_default().lines().skip(1) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let (local, state) = (columns[1], columns[3]);
            if state == "0A" && local.ends_with(&wanted) {
                assert!(local.starts_with("0100007F:"), "it listens at {local}");
                found += 1;
            }
        }
    }
    assert_eq!(found, 1, "it listens at {found} addresses");
}
