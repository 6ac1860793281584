//! Searches are written down whatever becomes of the program and of its store: nothing is lost by a
//! clean stop or by a store that is away for a while, and about a second of it by a crash.

use std::process::Command;
use std::time::{Duration, Instant};

use altus4_test_support::MariaDb;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};

use crate::app::{Kind, TestApp};
use crate::client::{Caller, eventually, text};
use crate::samples::{articles, connection};

/// What a crash may lose: a second, and what a busy machine takes to write it.
const LOST: Duration = Duration::from_millis(1_000 + 700);
/// Longer than a call to a store waits.
const AWAY: Duration = Duration::from_secs(8);
/// Longer than it takes to notice that the store is back.
const BACK: Duration = Duration::from_secs(20);

/// What an app leaves behind for the next.
struct Kept {
    kind: Kind,
    folder: tempfile::TempDir,
    url: String,
}

impl Kept {
    fn new(kind: Kind) -> Self {
        let server = MariaDb::shared();
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { kind, folder, url: server.url(&server.create_database()) }
    }

    fn start(&self) -> TestApp {
        let folder = self.folder.path().display().to_string();
        match self.kind {
            Kind::Sqlite => TestApp::with(self.kind, &[("ALTUS4_DATA_DIR", &folder)]),
            Kind::MariaDbRedis => TestApp::with(self.kind, &[("DATABASE_URL", &self.url)]),
        }
    }
}

/// The ids of all searches that there are, the newest first.
async fn history(caller: &Caller) -> Vec<String> {
    let mut ids = Vec::new();
    for page in 1.. {
        let path = format!("/api/v1/analytics/search-history?limit=100&page={page}");
        let answer = caller.get(&path).await.is(200);
        let items = answer.data()["items"].as_array().expect("a list").clone();
        if items.is_empty() {
            break;
        }
        ids.extend(items.iter().map(|item| text(&item["id"])));
    }
    ids
}

async fn counted(caller: &Caller) -> u64 {
    let performance = caller.get("/api/v1/analytics/performance").await.is(200);
    performance.data()["summary"]["totalQueries"].as_u64().expect("a count")
}

async fn a_crash_loses_a_second_at_the_most(kind: Kind) {
    let kept = Kept::new(kind);
    let app = kept.start();
    let session = app.session().await;
    session.connect(connection(&articles())).await;
    let mut made = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4) {
        let found = session.search(json!({ "query": "backup" })).await;
        made.push((text(&found["searchId"]), Instant::now()));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let killed = Instant::now();
    kill(&app);
    let again = kept.start();
    let session = again.caller(session.credential());
    let found = history(&session).await;
    for (id, at) in &made {
        assert!(found.contains(id) || killed - *at < LOST, "a search of {:?} before is lost", killed - *at);
    }
    // The sums are those of what is there.
    assert_eq!(counted(&session).await, found.len() as u64);
}

async fn a_clean_stop_loses_nothing(kind: Kind) {
    let kept = Kept::new(kind);
    let app = kept.start();
    let session = app.session().await;
    session.connect(connection(&articles())).await;
    for _ in 0..25 {
        session.search(json!({ "query": "backup" })).await;
    }
    app.program().terminate();
    assert_eq!(app.program().ended().code, 0);
    let again = kept.start();
    let session = again.caller(session.credential());
    assert_eq!(history(&session).await.len(), 25);
    assert_eq!(counted(&session).await, 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_loses_a_second_at_the_most_on_the_embedded_store() {
    a_crash_loses_a_second_at_the_most(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_loses_a_second_at_the_most_on_mariadb() {
    a_crash_loses_a_second_at_the_most(Kind::MariaDbRedis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_loses_nothing_on_the_embedded_store() {
    a_clean_stop_loses_nothing(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_loses_nothing_on_mariadb() {
    a_clean_stop_loses_nothing(Kind::MariaDbRedis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_wait_for_a_store_that_cannot_be_written_to() {
    let kept = Kept::new(Kind::Sqlite);
    let app = kept.start();
    let session = app.session().await;
    session.connect(connection(&articles())).await;
    let mut holder = SqliteConnectOptions::new()
        .filename(kept.folder.path().join("altus4.db"))
        .busy_timeout(Duration::from_secs(10))
        .connect()
        .await
        .expect("the store can be opened");
    holder.execute("BEGIN IMMEDIATE").await.expect("the store can be locked");
    let begun = Instant::now();
    let mut made = 0;
    while begun.elapsed() < AWAY {
        session.search(json!({ "query": "backup" })).await;
        made += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let waiting = session.get("/api/v1/metrics").await.is(200);
    assert_eq!(waiting.data()["searches"], json!({ "pending": made, "dropped": 0 }));
    holder.execute("ROLLBACK").await.expect("the store can be let go");
    eventually(BACK, async || {
        let metrics = session.get("/api/v1/metrics").await.is(200);
        metrics.data()["searches"]["pending"] == 0
    })
    .await;
    assert_eq!(counted(&session).await, made);
    let log = app.log();
    assert!(log.contains("record.flush_failed") && log.contains("record.flush_regained"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_wait_for_a_store_that_does_not_answer() {
    let server = MariaDb::start();
    let url = server.url(&server.create_database());
    let app = TestApp::with(Kind::MariaDbRedis, &[("DATABASE_URL", &url)]);
    let session = app.session().await;
    session.connect(connection(&articles())).await;
    for _ in 0..20 {
        session.search(json!({ "query": "backup" })).await;
    }
    server.freeze();
    tokio::time::sleep(AWAY).await;
    server.thaw();
    // Whatever was being written when it froze, each is there once.
    eventually(BACK, async || {
        let answer = session.get("/api/v1/analytics/performance").await;
        answer.status == 200 && answer.data()["summary"]["totalQueries"] == 20
    })
    .await;
    assert_eq!(history(&session).await.len(), 20);
}

fn kill(app: &TestApp) {
    let pid = app.program().pid().to_string();
    let status = Command::new("sh").args(["-c", r#"kill -KILL "$1""#, "sh", &pid]).status();
    assert!(status.expect("sh can be started").success());
    while app.program().exit_code().is_none() {
        std::thread::sleep(Duration::from_millis(10));
    }
}
