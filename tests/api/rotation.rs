//! The encryption key is changed while the service runs: nothing fails, nothing is lost, and in the
//! end nothing needs the older key.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use altus4_test_support::MariaDb;
use base64::{Engine, engine::general_purpose::STANDARD};
use mysql_async::prelude::Queryable;
use serde_json::json;
use tempfile::TempDir;

use crate::app::{Kind, TestApp, secrets, settings_of};
use crate::client::{Caller, text};
use crate::program::{Ended, Program};
use crate::samples::{articles, connection};

const KEYS: &str = "ALTUS4_ENCRYPTION_KEYS";
const POLL: Duration = Duration::from_millis(5);
const LIMIT: Duration = Duration::from_mins(1);
/// How often `"backup"` is found in each database.
const FOUND: usize = 3;

/// A store that outlives the services on it.
struct Home {
    settings: Vec<(String, String)>,
    folder: TempDir,
}

impl Home {
    fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // The settings name it; commands run here, and services in folders of their own.
        std::fs::create_dir(folder.path().join("sources")).expect("the folder can be written to");
        let mut settings = settings_of(kind);
        if kind == Kind::Sqlite {
            let url = format!("sqlite://{}", folder.path().join("store.db").display());
            settings.push(("DATABASE_URL".to_owned(), url));
            settings.extend(secrets());
        }
        Self { settings, folder }
    }

    /// The settings with these encryption keys, newest first.
    fn with(&self, keys: &[&str]) -> Vec<(String, String)> {
        let entry = |id: &&str| format!("{id}:{}", STANDARD.encode(key(id)));
        let list: Vec<String> = keys.iter().map(entry).collect();
        let mut settings = self.settings.clone();
        settings.retain(|(name, _)| name != KEYS);
        settings.push((KEYS.to_owned(), list.join(",")));
        settings
    }

    fn serve(&self, keys: &[&str]) -> TestApp {
        TestApp::start(&self.with(keys))
    }

    /// Runs `altus4 keys` to its end; it tells no secret.
    fn keys(&self, keys: &[&str], arguments: &[&str]) -> Ended {
        let arguments: Vec<&str> = ["keys"].iter().chain(arguments).copied().collect();
        let ended = Program::run_in(self.folder.path(), &arguments, &self.with(keys), "");
        let said = format!("{}{}", ended.stdout, ended.stderr);
        for id in keys {
            assert!(!said.contains(&STANDARD.encode(key(id))), "{said}");
        }
        assert!(!said.contains("v1.") && !said.contains("altus4_sk_"), "{said}");
        ended
    }

    fn rotate(&self, keys: &[&str]) -> Ended {
        self.keys(keys, &["rotate-encryption", "--batch", "5"])
    }

    /// The name of the store's database on the shared MariaDB.
    fn database(&self) -> &str {
        let (_, url) = self.settings.iter().find(|(name, _)| name == "DATABASE_URL").expect("a store");
        url.rsplit('/').next().expect("a database's name")
    }

    fn query(&self, sql: &str) -> String {
        MariaDb::shared().query(self.database(), sql)
    }

    /// Waits until a count in the store is as large as this.
    #[track_caller]
    fn wait_for(&self, sql: &str, least: u64) {
        let began = Instant::now();
        while self.query(sql).parse::<u64>().expect("a number") < least {
            assert!(began.elapsed() < LIMIT, "{sql}");
            thread::sleep(POLL);
        }
    }

    /// Holds these rows until it is dropped.
    async fn hold(&self, sql: &str) -> mysql_async::Conn {
        let url = MariaDb::shared().url(self.database());
        let mut session = mysql_async::Conn::from_url(url).await.expect("connect");
        session.query_drop("START TRANSACTION").await.expect("begin");
        session.query_drop(format!("{sql} FOR UPDATE")).await.expect(sql);
        session
    }
}

/// The bytes of the key with this id.
fn key(id: &str) -> [u8; 32] {
    let mut bytes = *b"0123456789abcdefghijklmnopqrstuv";
    bytes[..id.len()].copy_from_slice(id.as_bytes());
    bytes
}

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
    let waiting = format!(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE db = '{}' AND info LIKE 'UPDATE `api_keys`%'",
        home.database()
    );
    home.wait_for(&waiting, 1);
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
