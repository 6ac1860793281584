//! Advice on indexes, and making them: what was searched without an index is named with the statement
//! that mends it; made, the next search goes through it.

use std::time::Duration;

use altus4_test_support::MariaDb;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::{Caller, eventually, text};
use crate::samples::{connection, database, sqlite_articles};

/// How long an index of a few rows may take on a busy machine.
const JOB_LIMIT: Duration = Duration::from_secs(30);

/// A film rental and a record shop, each as small as it can be.
pub(crate) const SHOPS: &str = "
CREATE TABLE film (
    film_id INT PRIMARY KEY, title VARCHAR(128) NOT NULL, description TEXT, rating VARCHAR(10), KEY (title));
CREATE TABLE actor (actor_id INT PRIMARY KEY, first_name VARCHAR(45) NOT NULL, last_name VARCHAR(45) NOT NULL);
CREATE TABLE film_text (
    film_id INT PRIMARY KEY, title VARCHAR(255) NOT NULL, description TEXT,
    FULLTEXT idx_title_description (title, description), FULLTEXT idx_again (description, title));
CREATE TABLE track (track_id INT PRIMARY KEY, name VARCHAR(200) NOT NULL, composer VARCHAR(220));
INSERT INTO film VALUES (1, 'Academy Dinosaur', 'An epic drama of a feminist and a mad scientist', 'PG'),
    (2, 'Ace Goldfinger', 'An astounding epistle of a database administrator', 'G');
INSERT INTO actor VALUES (1, 'Penelope', 'Guiness'), (2, 'Nick', 'Wahlberg');
INSERT INTO film_text SELECT film_id, title, description FROM film;
INSERT INTO track VALUES (1, 'For Those About To Rock', 'Young, Johnson'), (2, 'Restless and Wild', NULL);";

on_both! {
    what_was_searched_without_an_index_is_named_with_its_evidence,
    an_index_that_is_made_ends_the_advice_and_serves_the_next_search,
    an_index_that_there_cannot_be_is_refused,
    a_server_that_refuses_is_quoted,
    files_get_advice_and_no_indexes,
    advice_and_jobs_are_their_accounts_own,
}

fn indexes(id: &str) -> String {
    format!("/api/v1/databases/{id}/indexes")
}

async fn recommendations(caller: &Caller, id: &str) -> Vec<Value> {
    let answer = caller.get(&format!("{}/recommendations", indexes(id))).await.is(200);
    answer.data()["recommendations"].as_array().expect("a list of recommendations").clone()
}

/// The advice about text without an index in this table.
async fn missing(caller: &Caller, id: &str, table: &str) -> Option<Value> {
    let found = recommendations(caller, id).await;
    found.into_iter().find(|one| one["type"] == "missing_index" && one["table"] == table)
}

/// Asks for an index and waits for its end.
pub(crate) async fn make(caller: &Caller, id: &str, body: Value) -> Value {
    let job = caller.post(&indexes(id), body).await.is(201);
    let path = format!("{}/{}", indexes(id), text(&job.data()["jobId"]));
    let is_over = async || {
        let status = text(&caller.get(&path).await.is(200).data()["status"]);
        ["succeeded", "failed"].contains(&status.as_str())
    };
    eventually(JOB_LIMIT, is_over).await;
    caller.get(&path).await.is(200).data().clone()
}

async fn what_was_searched_without_an_index_is_named_with_its_evidence(app: &TestApp) {
    let session = app.session().await;
    let id = session.connect(connection(&database(SHOPS))).await;
    session.search(json!({ "query": "penelope", "databases": [id], "tables": ["actor"] })).await;
    session.search(json!({ "query": "epic", "databases": [id], "tables": ["film"] })).await;
    session
        .search(json!({ "query": "wild", "databases": [id], "tables": ["track"], "columns": ["name"] }))
        .await;
    for (table, columns) in [
        ("actor", json!(["first_name", "last_name"])),
        ("film", json!(["title", "description", "rating"])),
        ("track", json!(["name"])),
    ] {
        let advice = missing(&session, &id, table).await.expect("the table is named");
        assert_eq!(advice["columns"], columns, "{advice}");
        assert_eq!(advice["evidence"]["searches"], 1, "{advice}");
        assert_eq!(advice["evidence"]["scanned"], 1, "{advice}");
        assert!(advice["evidence"]["lastSearched"].is_string(), "{advice}");
    }
}

async fn an_index_that_is_made_ends_the_advice_and_serves_the_next_search(app: &TestApp) {
    let session = app.session().await;
    let id = session.connect(connection(&database(SHOPS))).await;
    let advice = missing(&session, &id, "film").await.expect("the table is named");
    assert_eq!(advice["columns"], json!(["title", "description"]));
    assert_eq!(
        advice["sql"],
        "CREATE FULLTEXT INDEX `ft_title_description` ON `film` (`title`, `description`) \
         ALGORITHM = INPLACE LOCK = SHARED"
    );
    let cost = &advice["cost"];
    assert_eq!((&cost["locks"], &cost["online"]), (&json!("writes"), &json!(true)));
    assert_eq!((&cost["rebuildsTable"], &cost["estimatedRows"]), (&json!(true), &json!(2)));
    assert!(cost["estimatedSeconds"].as_u64().is_some_and(|seconds| (1..10).contains(&seconds)), "{cost}");
    let twice = recommendations(&session, &id).await.into_iter().find(|one| one["type"] == "duplicate_index");
    let twice = twice.expect("the table has an index twice");
    assert_eq!(twice["sql"], "DROP INDEX `idx_title_description` ON `film_text`");

    let body = json!({ "table": "film", "columns": ["title", "description", "rating"], "name": "words" });
    let job = make(&session, &id, body.clone()).await;
    assert_eq!((&job["status"], &job["index"]), (&json!("succeeded"), &json!("words")), "{job}");
    assert_eq!((&job["table"], &job["columns"]), (&json!("film"), &body["columns"]));
    assert!(job["startedAt"].is_string() && job["finishedAt"].is_string(), "{job}");
    assert_eq!(missing(&session, &id, "film").await, None);
    let schema = session.get(&format!("/api/v1/databases/{id}/schema")).await.is(200);
    let film =
        schema.data().as_array().expect("tables").iter().find(|table| table["table"] == "film").cloned();
    assert_eq!(film.expect("the table")["fullTextIndexes"][0]["name"], "words");
    let found = session.search(json!({ "query": "epistle", "databases": [id], "tables": ["film"] })).await;
    assert_eq!(found["results"].as_array().map(Vec::len), Some(1), "{found}");
    session.post(&indexes(&id), body).await.fails(409, "RESOURCE_CONFLICT");
}

async fn an_index_that_there_cannot_be_is_refused(app: &TestApp) {
    let session = app.session().await;
    let script = "CREATE TABLE t (id INT PRIMARY KEY, a TEXT, b TEXT AS (CONCAT(a, '!')) VIRTUAL,
                      c TEXT CHARACTER SET latin1);
                  CREATE VIEW v AS SELECT id, a FROM t";
    let id = session.connect(connection(&database(script))).await;
    for body in [
        json!({ "table": "none", "columns": ["a"] }),
        json!({ "table": "t", "columns": ["a", "none", "`; DROP TABLE t"] }),
        json!({ "table": "t", "columns": ["id"] }),
        json!({ "table": "v", "columns": ["a"] }),
        json!({ "table": "t", "columns": [] }),
    ] {
        session.post(&indexes(&id), body).await.fails(400, "VALIDATION_ERROR");
    }
    // What only the server knows, it says itself; either way there is no index.
    for columns in [["b"].as_slice(), &["a", "c"]] {
        let answer = session.post(&indexes(&id), json!({ "table": "t", "columns": columns })).await;
        assert!([400, 201].contains(&answer.status), "{}", answer.text);
        eventually(JOB_LIMIT, async || {
            let schema = session.get(&format!("/api/v1/databases/{id}/schema?refresh=true")).await.is(200);
            let none = schema.data().as_array().expect("tables").iter();
            let none =
                none.map(|table| table["fullTextIndexes"].as_array().map_or(0, Vec::len)).sum::<usize>();
            none == 0 && answer.status == 400 || {
                let path = format!("{}/{}", indexes(&id), text(&answer.data()["jobId"]));
                session.get(&path).await.is(200).data()["status"] == "failed"
            }
        })
        .await;
    }
}

async fn a_server_that_refuses_is_quoted(app: &TestApp) {
    let session = app.session().await;
    let (server, name) = (MariaDb::shared(), database(SHOPS));
    let user = format!("reader_{}_{}", name, app.port());
    server.execute("", &format!("CREATE USER {user} IDENTIFIED BY 'p'; GRANT SELECT ON {name}.* TO {user}"));
    let mut body = connection(&name);
    body["username"] = json!(user);
    body["password"] = json!("p");
    let id = session.connect(body).await;
    let job = make(&session, &id, json!({ "table": "film", "columns": ["title"] })).await;
    assert_eq!((&job["status"], &job["error"]["errno"]), (&json!("failed"), &json!(1142)), "{job}");
    assert!(text(&job["error"]["message"]).contains("INDEX"), "{job}");
    assert!(text(&job["error"]["serverMessage"]).contains("denied"), "{job}");
}

async fn files_get_advice_and_no_indexes(app: &TestApp) {
    let session = app.session().await;
    let file = format!("advised-{}.db", app.port());
    let id = session.connect(sqlite_articles(&app.sources(), &file, &[]).await).await;
    recommendations(&session, &id).await;
    let body = json!({ "table": "articles", "columns": ["body"] });
    let refused = session.post(&indexes(&id), body).await.fails(400, "VALIDATION_ERROR");
    assert!(refused.text.contains("sqlite"), "{}", refused.text);
}

async fn advice_and_jobs_are_their_accounts_own(app: &TestApp) {
    let (owner, other) = (app.session().await, app.session().await);
    let id = owner.connect(connection(&database(SHOPS))).await;
    let own = other.connect(connection(&database(SHOPS))).await;
    let job = make(&owner, &id, json!({ "table": "film", "columns": ["title"] })).await;
    let job = text(&job["id"]);
    other.get(&format!("{}/recommendations", indexes(&id))).await.fails(404, "NOT_FOUND");
    other.get(&format!("{}/{job}", indexes(&id))).await.fails(404, "NOT_FOUND");
    other.get(&format!("{}/{job}", indexes(&own))).await.fails(404, "NOT_FOUND");
    let body = json!({ "table": "track", "columns": ["name"] });
    other.post(&indexes(&id), body.clone()).await.fails(404, "NOT_FOUND");
    app.anonymous().post(&indexes(&id), body.clone()).await.fails(401, "UNAUTHORIZED");
    let reader = owner.with(&owner.set_up(&["database:read"]).await);
    reader.post(&indexes(&id), body).await.fails(403, "INSUFFICIENT_PERMISSIONS");
    reader.get(&format!("{}/{job}", indexes(&id))).await.is(200);
}
