//! Vectors of tables: built in the background, followed, gone on with after a crash, and nothing of a row
//! sent outside unless that is allowed. A scripted provider says what it received.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use altus4_test_support::MariaDb;
use altus4_test_support::provider::{Provider, Reply};
use serde_json::{Value, json};
use sqlx::Executor;

use crate::app::{Kind, TestApp};
use crate::client::{Caller, eventually, text};
use crate::samples::{connection, database, open_sqlite, sqlite_articles};

/// How long building a few rows may take on a busy machine, a node's death included.
const BUILT_LIMIT: Duration = Duration::from_mins(1);
/// The interval that these apps have, and how much longer a busy machine may take.
const FOLLOWED_LIMIT: Duration = Duration::from_secs(10);

fn app(kind: Kind, provider: &Provider, further: &[(&str, &str)]) -> TestApp {
    let url = provider.url();
    let mut settings = vec![
        ("OPENAI_BASE_URL", url.as_str()),
        ("OPENAI_EMBEDDING_MODEL", "embeddings"),
        ("ALTUS4_VECTOR_INTERVAL_SECONDS", "1"),
    ];
    settings.extend(further);
    TestApp::with(kind, &settings)
}

/// A fresh database of the shared MariaDB with so many notes; its name.
fn notes(rows: u32) -> String {
    let values: Vec<_> = (1..=rows).map(|id| format!("({id}, 'note {id}', '2026-01-15')")).collect();
    database(&format!(
        "CREATE TABLE notes (id INT PRIMARY KEY, body TEXT NOT NULL, updated_at DATETIME);
         INSERT INTO notes VALUES {};",
        values.join(", ")
    ))
}

/// The connection, whose rows may be sent outside.
fn open(mut connection: Value, is_open: bool) -> Value {
    connection["searchOptions"] = json!({ "allowExternalAI": is_open });
    connection
}

fn vectors(id: &str) -> String {
    format!("/api/v1/databases/{id}/vectors")
}

/// Asks for vectors; gives their path.
async fn ask(caller: &Caller, id: &str, body: Value) -> String {
    let made = caller.post(&vectors(id), body).await.is(201);
    format!("{}/{}", vectors(id), text(&made.data()["id"]))
}

async fn show(caller: &Caller, path: &str) -> Value {
    caller.get(path).await.is(200).data().clone()
}

async fn until_ready(caller: &Caller, path: &str) -> Value {
    eventually(BUILT_LIMIT, async || show(caller, path).await["status"] == "ready").await;
    show(caller, path).await
}

/// Every text that the provider was sent, in order.
fn texts(provider: &Provider) -> Vec<String> {
    let received = provider.received();
    received.iter().flat_map(|request| request.inputs()).map(str::to_owned).collect()
}

/// Waits until the provider was sent these texts after the first `before`, and no others.
async fn until_sent(provider: &Provider, before: usize, expected: &[&str]) {
    let began = Instant::now();
    let expected: HashSet<_> = expected.iter().map(|&text| text.to_owned()).collect();
    eventually(FOLLOWED_LIMIT, async || texts(provider).len() >= before + expected.len()).await;
    let sent: HashSet<_> = texts(provider).split_off(before).into_iter().collect();
    assert_eq!(sent, expected, "after {:?}", began.elapsed());
}

async fn until_rows(caller: &Caller, path: &str, rows: u64) {
    eventually(FOLLOWED_LIMIT, async || show(caller, path).await["progress"]["rowsDone"] == rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_mariadb_is_built_and_followed() {
    let provider = Provider::start();
    let app = app(Kind::Sqlite, &provider, &[]);
    let (session, name) = (app.session().await, notes(300));
    let id = session.connect(open(connection(&name), true)).await;
    let body = json!({ "table": "notes", "columns": ["body"], "updatedColumn": "updated_at" });
    let path = ask(&session, &id, body).await;
    let ready = until_ready(&session, &path).await;
    assert_eq!(ready["progress"]["rowsDone"], 300, "{ready}");
    assert_eq!(ready["progress"]["percent"], 100, "{ready}");
    assert!(ready["progress"]["rowsPerSecond"].as_f64().is_some_and(|rate| rate > 0.0), "{ready}");
    assert_eq!((&ready["tokensUsed"], &ready["keyColumn"]), (&json!(900), &json!("id")), "{ready}");
    assert!(ready["builtAt"].is_string() && ready["error"].is_null(), "{ready}");
    assert_eq!(texts(&provider).len(), 300);

    // Some passes later changes are found by the column alone.
    let passed = text(&show(&session, &path).await["lastFollowedAt"]);
    eventually(FOLLOWED_LIMIT, async || show(&session, &path).await["lastFollowedAt"] != passed).await;
    let server = MariaDb::shared();
    server.execute(
        &name,
        "INSERT INTO notes VALUES (1000, 'a new note', '2026-01-16'), (1001, 'never touched', NULL);
         UPDATE notes SET body = 'another text', updated_at = '2026-01-16' WHERE id = 7;",
    );
    until_sent(&provider, 300, &["a new note", "never touched", "another text"]).await;
    until_rows(&session, &path, 302).await;
    server.execute(&name, "DELETE FROM notes WHERE id > 250");
    until_rows(&session, &path, 250).await;
    assert_eq!(texts(&provider).len(), 303, "nothing is embedded twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_sqlite_is_built_and_followed_by_its_content() {
    let provider = Provider::start();
    let app = app(Kind::MariaDbRedis, &provider, &[]);
    let session = app.session().await;
    let rows = [(1, "One", "first"), (2, "Two", "second"), (3, "Three", "third")];
    let id = session.connect(open(sqlite_articles(&app.sources(), "notes.db", &rows).await, true)).await;
    let path = ask(&session, &id, json!({ "table": "articles", "columns": ["body", "title"] })).await;
    let ready = until_ready(&session, &path).await;
    assert_eq!(ready["columns"], json!(["title", "body"]), "titles come first");
    assert_eq!(texts(&provider), ["One\nfirst", "Two\nsecond", "Three\nthird"]);
    let mut file = open_sqlite(&app.sources(), "notes.db").await;
    let change = "UPDATE articles SET body = 'changed' WHERE id = 2; DELETE FROM articles WHERE id = 1;
                  INSERT INTO articles (id, title, body) VALUES (4, 'Four', 'fourth');";
    file.execute(change).await.expect("SQLite takes the script");
    until_sent(&provider, 3, &["Two\nchanged", "Four\nfourth"]).await;
    until_rows(&session, &path, 3).await;
    let same = json!({ "table": "articles", "columns": ["title", "body"] });
    session.post(&vectors(&id), same).await.fails(409, "RESOURCE_CONFLICT");
    session.send("DELETE", &path, None).await.is(200);
    session.get(&path).await.fails(404, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_interrupts_is_gone_on_with() {
    let (provider, data) = (Provider::start(), tempfile::tempdir().expect("a temporary folder"));
    let folder = data.path().display().to_string();
    let start = || app(Kind::Sqlite, &provider, &[("ALTUS4_DATA_DIR", &folder)]);
    provider.behave(|request| Reply::embeddings(&request.inputs()).after(Duration::from_millis(200)));
    let node = start();
    let session = node.session().await;
    let id = session.connect(open(connection(&notes(1_000)), true)).await;
    let path = ask(&session, &id, json!({ "table": "notes", "columns": ["body"] })).await;
    eventually(BUILT_LIMIT, async || texts(&provider).len() >= 400).await;
    kill(&node);
    let before = texts(&provider);
    assert!(before.len() < 1_000, "it was killed half way");
    let again = start();
    let session = again.caller(session.credential());
    let ready = until_ready(&session, &path).await;
    assert_eq!(ready["progress"]["rowsDone"], 1_000, "{ready}");
    let all = texts(&provider);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 1_000);
    // But for what was under way when it was killed.
    assert!(all.len() <= 1_000 + 64, "{} texts were sent for 1000 rows", all.len());
}

fn kill(app: &TestApp) {
    let pid = app.program().pid().to_string();
    let status = Command::new("sh").args(["-c", r#"kill -KILL "$1""#, "sh", &pid]).status();
    assert!(status.expect("sh can be started").success());
    while app.program().exit_code().is_none() {
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_outside_any_more_once_that_is_forbidden() {
    let provider = Provider::start();
    let app = app(Kind::Sqlite, &provider, &[]);
    let session = app.session().await;
    let closed = session.connect(open(connection(&notes(3)), false)).await;
    let body = json!({ "table": "notes", "columns": ["body"] });
    let refused = session.post(&vectors(&closed), body.clone()).await.fails(500, "AI_SERVICE_ERROR");
    assert!(refused.text.contains("altus4 model install"), "{}", refused.text);
    assert_eq!(provider.received(), []);

    provider.behave(|request| Reply::embeddings(&request.inputs()).after(Duration::from_millis(200)));
    let id = session.connect(open(connection(&notes(1_000)), true)).await;
    let path = ask(&session, &id, body).await;
    eventually(BUILT_LIMIT, async || texts(&provider).len() >= 64).await;
    let change = json!({ "searchOptions": { "allowExternalAI": false } });
    session.send("PATCH", &format!("/api/v1/databases/{id}"), Some(&change)).await.is(200);
    // What is under way has been sent.
    let sent = texts(&provider).len() + 64;
    eventually(BUILT_LIMIT, async || show(&session, &path).await["status"] == "paused").await;
    assert!(texts(&provider).len() <= sent, "{} of {sent}", texts(&provider).len());
    let sent = texts(&provider).len();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(texts(&provider).len(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_fails_holds_it_up_and_says_so() {
    let provider = Provider::start();
    let app = app(Kind::Sqlite, &provider, &[]);
    let session = app.session().await;
    provider.behave(|_| Reply::status(503));
    let id = session.connect(open(connection(&notes(3)), true)).await;
    let path = ask(&session, &id, json!({ "table": "notes", "columns": ["body"] })).await;
    eventually(BUILT_LIMIT, async || show(&session, &path).await["error"].is_string()).await;
    let held_up = show(&session, &path).await;
    assert_eq!((&held_up["status"], &held_up["builtAt"]), (&json!("building"), &Value::Null), "{held_up}");
    provider.behave_well();
    let ready = until_ready(&session, &path).await;
    assert_eq!((&ready["error"], &ready["progress"]["rowsDone"]), (&Value::Null, &json!(3)), "{ready}");
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_go_with_their_connection() {
    let (provider, data) = (Provider::start(), tempfile::tempdir().expect("a temporary folder"));
    let folder = data.path().display().to_string();
    let app = app(Kind::Sqlite, &provider, &[("ALTUS4_DATA_DIR", &folder)]);
    let session = app.session().await;
    let id = session.connect(open(connection(&notes(3)), true)).await;
    let path = ask(&session, &id, json!({ "table": "notes", "columns": ["body"] })).await;
    let ready = until_ready(&session, &path).await;
    let collection = text(&ready["id"]);
    assert!(names(data.path()).contains(&collection), "{:?}", names(data.path()));
    session.send("DELETE", &format!("/api/v1/databases/{id}"), None).await.is(200);
    session.get(&path).await.fails(404, "NOT_FOUND");
    eventually(FOLLOWED_LIMIT, async || !names(data.path()).contains(&collection)).await;
}

/// The names of what is kept beside the vectors in a data directory.
fn names(data: &Path) -> HashSet<String> {
    let entries = std::fs::read_dir(data.join("vectors")).expect("a folder for vectors");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}
