//! The encryption key is changed while the service runs: nothing fails, nothing is lost, and in the
//! end nothing needs the older key.

mod home;

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use altus4_test_support::MariaDb;
use serde_json::json;

use self::home::Home;
use crate::app::{Kind, TestApp};
use crate::client::{Caller, text};
use crate::program::{Ended, Program};
use crate::samples::{articles, connection};

const POLL: Duration = Duration::from_millis(5);
/// How often `"backup"` is found in each database.
const FOUND: usize = 3;

/// An account's session, its connections (ids in their order), and a key that can be shown again.
struct Tenant {
    session: String,
    connections: Vec<String>,
    key: (String, String),
}

impl Tenant {
    async fn furnish(app: &TestApp, count: usize) -> Self {
        let session = app.session().await;
        let database = articles();
        let mut connections = Vec::new();
        for number in 0..count {
            let mut body = connection(&database);
            body["name"] = json!(format!("connection {number}"));
            connections.push(session.connect(body).await);
        }
        let key = make_key(&session, "shown again").await;
        Self { session: session.credential().to_owned(), connections, key }
    }

    /// All connections answer a search, and the key is shown as it was made.
    async fn check(&self, app: &TestApp) {
        let caller = app.caller(&self.session);
        for ids in self.connections.chunks(5) {
            search(&caller, ids).await;
        }
        assert_eq!(shown(&caller, &self.key.0).await, self.key.1);
    }
}

/// A recoverable key: its id and its secret.
async fn make_key(session: &Caller, name: &str) -> (String, String) {
    let made = session.post("/api/v1/keys", json!({ "name": name, "recoverable": true })).await.is(201);
    (text(&made.data()["apiKey"]["id"]), text(&made.data()["secretKey"]))
}

async fn shown(session: &Caller, id: &str) -> String {
    text(&session.get(&format!("/api/v1/keys/{id}/decrypt")).await.is(200).data()["key"])
}

/// Searches these connections, each of which answers.
async fn search(caller: &Caller, ids: &[String]) {
    let found = caller.search(json!({ "query": "backup", "databases": ids })).await;
    assert_eq!((&found["totalCount"], &found["failures"]), (&json!(FOUND * ids.len()), &json!([])));
}

#[track_caller]
fn ends(ended: &Ended, code: i32) {
    assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
}

/// The counts of re-sealed, already new and failed of a kind, as the command told them.
#[track_caller]
fn counts(ended: &Ended, kind: &str) -> [u64; 3] {
    let line = ended.stdout.lines().find(|line| line.starts_with(kind));
    let line = line.unwrap_or_else(|| panic!("{}{}", ended.stdout, ended.stderr));
    let counts: Vec<u64> =
        line[kind.len()..].split_whitespace().map(|count| count.parse().expect("a count")).collect();
    counts.try_into().expect("three counts")
}

const PASSWORDS: &str = "connection passwords";
const SECRETS: &str = "API key secrets";
const ANSWERS: &str = "kept answers";

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_changed_while_searches_run_on_sqlite() {
    the_key_is_changed_while_searches_run(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_changed_while_searches_run_on_mariadb() {
    the_key_is_changed_while_searches_run(Kind::MariaDbRedis).await;
}

async fn the_key_is_changed_while_searches_run(kind: Kind) {
    const CONNECTIONS: usize = 24;
    let home = Home::new(kind);
    let app = home.serve(&["old"]);
    let tenant = Tenant::furnish(&app, CONNECTIONS).await;
    let again = async |app: &TestApp| {
        let request = app.caller(&tenant.session).request("POST", "/api/v1/keys");
        let request = request.header("Idempotency-Key", "once").json(&json!({ "name": "once" }));
        text(&crate::client::Answer::to(request).await.is(201).data()["secretKey"])
    };
    let answered = again(&app).await;
    drop(app);

    let app = home.serve(&["new", "old"]);
    let stop = AtomicBool::new(false);
    let searching = async |from: usize| {
        let caller = app.caller(&tenant.session);
        let mut searched = 0;
        while !stop.load(Ordering::Relaxed) || searched < 10 {
            let ids: Vec<String> =
                tenant.connections.iter().cycle().skip(from + searched).step_by(5).take(4).cloned().collect();
            search(&caller, &ids).await;
            searched += 1;
        }
        searched
    };
    let rotating = async {
        let settings = home.with(&["new", "old"]);
        let command = Program::start(&["keys", "rotate-encryption", "--batch", "5"], &settings);
        while command.exit_code().is_none() {
            tokio::time::sleep(POLL).await;
        }
        stop.store(true, Ordering::Relaxed);
        command.ended()
    };
    let (rotated, one, other) = tokio::join!(rotating, searching(0), searching(7));
    assert!(one + other >= 20);
    ends(&rotated, 0);
    let count = u64::try_from(CONNECTIONS).expect("a small number");
    assert_eq!(counts(&rotated, PASSWORDS), [count, 0, 0]);
    assert_eq!(counts(&rotated, SECRETS), [1, 0, 0]);
    assert_eq!(counts(&rotated, ANSWERS), [1, 0, 0]);
    assert!(rotated.stdout.contains("Nothing is left under 'old'"), "{}", rotated.stdout);
    tenant.check(&app).await;

    let repeated = home.rotate(&["new", "old"]);
    ends(&repeated, 0);
    assert_eq!(counts(&repeated, PASSWORDS), [0, count, 0]);
    drop(app);

    let app = home.serve(&["new"]);
    tenant.check(&app).await;
    assert_eq!(again(&app).await, answered);
    let alone = home.rotate(&["new"]);
    ends(&alone, 0);
    assert!(alone.stdout.contains("no older key"), "{}", alone.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_killed_half_way_is_begun_again() {
    const CONNECTIONS: usize = 20;
    const HALF: usize = 10;
    const UNDER_NEW: &str = "SELECT COUNT(*) FROM connections WHERE password_sealed LIKE 'v1.new.%'";
    let home = Home::new(Kind::MariaDbRedis);
    let app = home.serve(&["old"]);
    let tenant = Tenant::furnish(&app, CONNECTIONS).await;
    drop(app);
    let app = home.serve(&["new", "old"]);

    // It comes as far as the row that is held.
    let held = format!("SELECT id FROM connections WHERE id = '{}'", tenant.connections[HALF]);
    let holding = home.hold(&held).await;
    let command = Program::start(&["keys", "rotate-encryption", "--batch", "3"], &home.with(&["new", "old"]));
    home.wait_for(UNDER_NEW, HALF as u64);
    let kill =
        Command::new("sh").args(["-c", r#"kill -KILL "$1""#, "sh", &command.pid().to_string()]).status();
    assert!(kill.expect("sh can be started").success());
    assert_eq!(command.ended().code, 128 + 9);
    holding.disconnect().await.expect("disconnect");
    tenant.check(&app).await;
    // The server may yet do what it was asked last.
    let half: usize = home.query(UNDER_NEW).parse().expect("a number");
    assert!((HALF..=HALF + 1).contains(&half), "{half}");
    let status = home.keys(&["new", "old"], &["status"]);
    ends(&status, 0);
    assert!(status.stdout.contains("under 'new'  (the newest)"), "{}", status.stdout);
    assert!(status.stdout.contains("under 'old'  (older)"), "{}", status.stdout);

    let again = home.rotate(&["new", "old"]);
    ends(&again, 0);
    let [resealed, already_new, failed] = counts(&again, PASSWORDS);
    assert_eq!((resealed + already_new, failed), (CONNECTIONS as u64, 0));
    assert!(already_new >= HALF as u64, "{already_new}");
    assert_eq!(home.query(UNDER_NEW), CONNECTIONS.to_string());
    drop(app);
    tenant.check(&home.serve(&["new"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_meanwhile_stays_changed() {
    let home = Home::new(Kind::MariaDbRedis);
    let app = home.serve(&["old"]);
    let tenant = Tenant::furnish(&app, 1).await;
    let session = app.caller(&tenant.session);
    let (renewed, _) = make_key(&session, "renewed").await;
    let (revoked, _) = make_key(&session, "revoked").await;
    drop(app);
    let app = home.serve(&["new", "old"]);
    let session = app.caller(&tenant.session);

    // It has read all three keys when it waits for the first of them.
    let holding = home.hold(&format!("SELECT id FROM api_keys WHERE id = '{}'", tenant.key.0)).await;
    let command = Program::start(&["keys", "rotate-encryption"], &home.with(&["new", "old"]));
    home.wait_for_update_of("api_keys");
    let made = session.post(&format!("/api/v1/keys/{renewed}/regenerate"), json!({})).await;
    assert!((200..300).contains(&made.status), "{}", made.text);
    let secret = text(&made.data()["secretKey"]);
    session.send("DELETE", &format!("/api/v1/keys/{revoked}"), None).await.is(200);
    holding.disconnect().await.expect("disconnect");

    let ended = command.ended();
    ends(&ended, 0);
    assert_eq!(counts(&ended, PASSWORDS), [1, 0, 0]);
    assert_eq!(counts(&ended, SECRETS), [1, 1, 0]);
    assert_eq!(shown(&session, &renewed).await, secret);
    session.get(&format!("/api/v1/keys/{revoked}/decrypt")).await.is(404);
    drop(app);
    let app = home.serve(&["new"]);
    tenant.check(&app).await;
    assert_eq!(shown(&app.caller(&tenant.session), &renewed).await, secret);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_changed_meanwhile_stays_changed() {
    const OTHER_PASSWORD: &str = "another password";
    let home = Home::new(Kind::MariaDbRedis);
    let app = home.serve(&["old"]);
    let tenant = Tenant::furnish(&app, 3).await;
    drop(app);
    let app = home.serve(&["new", "old"]);
    let session = app.caller(&tenant.session);
    tenant.check(&app).await;

    // It has read all three passwords when it waits for the first of them.
    let held = format!("SELECT id FROM connections WHERE id = '{}'", tenant.connections[0]);
    let holding = home.hold(&held).await;
    let command = Program::start(&["keys", "rotate-encryption"], &home.with(&["new", "old"]));
    home.wait_for_update_of("connections");
    let user = format!("rotated_{}", home.database());
    let script =
        format!("CREATE USER {user} IDENTIFIED BY '{OTHER_PASSWORD}'; GRANT SELECT ON *.* TO {user}");
    MariaDb::shared().execute("", &script);
    // What says nothing of the password leaves it to the rotation.
    let bodies = [
        json!({ "username": user, "password": OTHER_PASSWORD }),
        json!({ "name": "renamed", "host": "localhost" }),
    ];
    for (id, body) in tenant.connections[1..].iter().zip(bodies) {
        let changed = session.send("PATCH", &format!("/api/v1/databases/{id}"), Some(&body)).await.is(200);
        assert_eq!(changed.data()["database"]["status"], "connected", "{}", changed.text);
    }
    holding.disconnect().await.expect("disconnect");

    let ended = command.ended();
    ends(&ended, 0);
    assert_eq!(counts(&ended, PASSWORDS), [2, 1, 0]);
    tenant.check(&app).await;
    drop(app);
    let app = home.serve(&["new"]);
    tenant.check(&app).await;
    let shown = app.caller(&tenant.session).get("/api/v1/databases").await.is(200);
    assert_eq!((&shown.data()[1]["username"], &shown.data()[2]["name"]), (&json!(user), &json!("renamed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_list_of_keys_changes_nothing() {
    let home = Home::new(Kind::Sqlite);
    let nothing = home.rotate(&["new", "old"]);
    ends(&nothing, 2);
    assert!(nothing.stderr.contains("there is no store"), "{}", nothing.stderr);

    let app = home.serve(&["old"]);
    let tenant = Tenant::furnish(&app, 3).await;
    let status = || home.keys(&["old"], &["status"]).stdout;
    let before = status();

    let alone = home.rotate(&["new"]);
    ends(&alone, 2);
    assert!(
        alone.stderr.contains("has only 'new', and 4 secrets are sealed under 'old'"),
        "{}",
        alone.stderr
    );
    assert!(alone.stderr.contains("ALTUS4_ENCRYPTION_KEYS=new:…,old:…"), "{}", alone.stderr);

    let unknown = home.rotate(&["new", "other"]);
    ends(&unknown, 2);
    assert_eq!(counts(&unknown, PASSWORDS), [0, 0, 3]);
    for id in tenant.connections.iter().chain([&tenant.key.0]) {
        assert!(unknown.stdout.contains(id.as_str()), "{}", unknown.stdout);
    }
    assert!(
        unknown.stderr.contains("4 secrets can't be opened") && unknown.stderr.contains("'old'"),
        "{}",
        unknown.stderr
    );

    let rehearsed = home.keys(&["new", "old"], &["rotate-encryption", "--dry-run"]);
    ends(&rehearsed, 0);
    assert_eq!(counts(&rehearsed, PASSWORDS), [3, 0, 0]);
    assert!(rehearsed.stdout.contains("Nothing was changed."), "{}", rehearsed.stdout);

    ends(&home.keys(&["new", "old"], &["rotate-encryption", "--batch", "0"]), 2);
    assert_eq!(status(), before);
    tenant.check(&app).await;
}
