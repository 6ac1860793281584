//! Searches that run out of time, whose client goes away, or whose program is killed: no statement of
//! theirs runs on in the database.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use altus4_test_support::MariaDb;
use serde_json::json;

use crate::app::{Kind, TestApp};
use crate::client::Caller;
use crate::samples::connection_to;

/// A server of its own, whose only table is locked for so many seconds.
struct Held {
    server: MariaDb,
    database: String,
}

impl Held {
    fn start() -> Self {
        let server = MariaDb::start();
        let database = server.create_database();
        server.execute(
            &database,
            "CREATE TABLE held_back (id INT PRIMARY KEY, body TEXT, FULLTEXT (body)) ENGINE = InnoDB;
             INSERT INTO held_back VALUES (1, 'tide')",
        );
        Self { server, database }
    }

    /// Registers it, and searches it once.
    async fn connect(&self, session: &Caller, statement_limit_ms: u64) -> String {
        let mut body = connection_to(&self.server, &self.database);
        body["connectionOptions"] = json!({ "connectionLimit": 5, "timeout": statement_limit_ms });
        let id = session.connect(body).await;
        session.search(json!({ "query": "tide" })).await;
        id
    }

    /// Runs `act` while the table is locked.
    fn locked<T>(&self, seconds: u32, act: impl Future<Output = T>) -> T {
        thread::scope(|scope| {
            let script = format!("LOCK TABLES held_back WRITE; SELECT sleep({seconds})");
            let lock = scope.spawn(move || self.server.execute(&self.database, &script));
            wait_until("the table is locked", || self.statements("%sleep(%").len() == 1);
            let outcome = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(act));
            assert!(!lock.is_finished(), "it was over before the lock was given back");
            // The lock's own session, so that no test waits for the rest of it.
            for id in self.statements("%sleep(%") {
                self.server.execute("", &format!("KILL {id}"));
            }
            drop(lock.join());
            outcome
        })
    }

    /// Those that search.
    fn searches(&self) -> Vec<String> {
        self.statements("%held_back%")
    }

    /// The sessions whose statement is like this, but for the one that asks and the one that locks.
    fn statements(&self, pattern: &str) -> Vec<String> {
        let sql = format!(
            "SELECT id FROM information_schema.processlist
             WHERE info LIKE '{pattern}' AND info NOT LIKE 'LOCK%' AND id <> connection_id()"
        );
        self.server.query("", &sql).lines().map(str::to_owned).collect()
    }
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(5), "in vain: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Sends a search and reads nothing; the socket.
fn send_search(app: &TestApp, session: &Caller, timeout_ms: u64) -> TcpStream {
    let body = json!({ "query": "tide", "timeoutMs": timeout_ms }).to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", app.port())).expect("the program listens");
    write!(
        stream,
        "POST /api/v1/search HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\
         Authorization: Bearer {}\r\nContent-Length: {}\r\n\r\n{body}",
        session.credential(),
        body.len()
    )
    .expect("it takes a request");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_times_out_leaves_no_statement_running() {
    let held = Held::start();
    for kind in [Kind::Sqlite, Kind::MariaDbRedis] {
        let session = TestApp::shared(kind).session().await;
        held.connect(&session, 60_000).await;
        held.locked(30, async {
            for timeout in [200, 700] {
                let began = Instant::now();
                let body = json!({ "query": "tide", "timeoutMs": timeout });
                session.post("/api/v1/search", body).await.fails(504, "QUERY_TIMEOUT");
                assert!(began.elapsed() < Duration::from_millis(timeout + 1_000), "{:?}", began.elapsed());
                wait_until("the statement is gone", || held.searches().is_empty());
            }
        });
        assert_eq!(session.search(json!({ "query": "tide" })).await["totalCount"], 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_leaves_no_statement_running() {
    let held = Held::start();
    let app = TestApp::shared(Kind::Sqlite);
    let session = app.session().await;
    held.connect(&session, 60_000).await;
    held.locked(40, async {
        let stream = send_search(app, &session, 30_000);
        wait_until("the statement waits", || !held.searches().is_empty());
        drop(stream);
        wait_until("the statement is gone", || held.searches().is_empty());
    });
    assert_eq!(session.search(json!({ "query": "tide" })).await["totalCount"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_leaves_no_statement_running_for_long() {
    let held = Held::start();
    let app = TestApp::with(Kind::Sqlite, &[]);
    let session = app.session().await;
    held.connect(&session, 2_000).await;
    held.locked(40, async {
        let mut stream = send_search(&app, &session, 30_000);
        wait_until("the statement waits", || !held.searches().is_empty());
        let pid = app.program().pid().to_string();
        let killed = Command::new("sh").args(["-c", r#"kill -KILL "$1""#, "sh", &pid]).status();
        assert!(killed.expect("sh can be started").success());
        // Either the answer never comes, or the socket is reset.
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert_eq!(String::from_utf8_lossy(&answer), "");
        wait_until("the server's own limit ends it", || held.searches().is_empty());
    });
}
