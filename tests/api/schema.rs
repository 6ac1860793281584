//! Schemas as they are shown, whatever they are made of, and searches while they change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use altus4_test_support::MariaDb;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::Caller;
use crate::samples::{connection, database};

async fn schema(session: &Caller, id: &str) -> Value {
    session.get(&format!("/api/v1/databases/{id}/schema?refresh=true")).await.is(200).data().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_names_views_partitions_and_computed_columns_are_shown_and_searched() {
    let long = "x".repeat(64);
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let names = ["two words", "back`tick", "☃ snow", "select", "quo'te\"s", &long];
    let script: Vec<String> = names
        .iter()
        .map(|name| {
            let name = quoted(name);
            format!(
                "CREATE TABLE {name} (id INT PRIMARY KEY, {name} VARCHAR(90) COMMENT 'odd', FULLTEXT {name} ({name}));
                 INSERT INTO {name} VALUES (1, 'needle');"
            )
        })
        .collect();
    let name = database(&format!(
        "{}
         CREATE TABLE parts (id INT PRIMARY KEY, body TEXT) PARTITION BY HASH (id) PARTITIONS 3;
         INSERT INTO parts VALUES (1, 'needle');
         CREATE TABLE computed (id INT PRIMARY KEY, a VARCHAR(9), b VARCHAR(9) AS (a) STORED, FULLTEXT both_of (a, b));
         INSERT INTO computed (id, a) VALUES (1, 'needle');
         CREATE VIEW shown AS SELECT id, body FROM parts;",
        script.join("\n")
    ));
    let session = TestApp::shared(Kind::Sqlite).session().await;
    let id = session.connect(connection(&name)).await;
    let schema = schema(&session, &id).await;
    let tables = schema.as_array().expect("a list of tables");
    assert_eq!(tables.len(), names.len() + 3);
    let table = |name: &str| tables.iter().find(|table| table["table"] == name).expect("the table");
    for name in names {
        assert_eq!(table(name)["fullTextIndexes"][0]["columns"], json!([name]));
        let found = session.search(json!({ "query": "needle", "tables": [name] })).await;
        assert_eq!((&found["totalCount"], &found["failures"]), (&json!(1), &json!([])), "{name}: {found}");
    }
    assert_eq!(table("computed")["fullTextIndexes"][0]["columns"], json!(["a", "b"]));
    assert_eq!(table("shown")["columns"].as_array().map(Vec::len), Some(2));
    let found = session.search(json!({ "query": "needle", "tables": ["computed"] })).await;
    assert_eq!(found["totalCount"], 1, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_schema_and_one_that_may_not_be_seen() {
    let session = TestApp::shared(Kind::Sqlite).session().await;
    let empty = database("SELECT 1");
    let id = session.connect(connection(&empty)).await;
    assert_eq!(schema(&session, &id).await, json!([]));
    let none = session.search(json!({ "query": "needle" })).await;
    assert_eq!(none["totalCount"], 0, "{none}");

    MariaDb::shared().execute("", &format!("CREATE USER 'blind_{empty}'@'%' IDENTIFIED BY 'pw'"));
    let mut body = connection(&empty);
    body["name"] = json!("blind");
    body["username"] = json!(format!("blind_{empty}"));
    body["password"] = json!("pw");
    let id = session.connect(body).await;
    let path = format!("/api/v1/databases/{id}/schema");
    let refused = session.get(&path).await.fails(502, "CONNECTION_FAILED");
    assert_eq!(refused.details()["errno"], 1_044);
}

/// No search fails for what was changed under it: the schema is read anew when a server says that a
/// table or a column is gone.
#[tokio::test(flavor = "multi_thread")]
async fn searches_go_on_while_tables_change() {
    let name = database(
        "CREATE TABLE notes (id INT PRIMARY KEY, title VARCHAR(90), body TEXT, FULLTEXT words (title, body));
         INSERT INTO notes VALUES (1, 'needle', 'in a haystack');",
    );
    let session = TestApp::shared(Kind::Sqlite).session().await;
    session.connect(connection(&name)).await;
    let is_over = AtomicBool::new(false);
    let searching = join_all((0..3).map(|number| {
        let (session, is_over) = (session.clone(), &is_over);
        async move {
            let mut searches = 0;
            while !is_over.load(Ordering::SeqCst) {
                let body = json!({ "query": format!("needle {number}{searches}") });
                let answer = session.post("/api/v1/search", body).await.is(200);
                assert!(answer.data()["totalCount"].is_u64(), "{}", answer.text);
                searches += 1;
            }
            searches
        }
    }));
    let changing = async {
        for (change, shown) in [
            ("ALTER TABLE notes ADD COLUMN author VARCHAR(90) DEFAULT 'ada'", json!("ada")),
            ("ALTER TABLE notes DROP COLUMN author", Value::Null),
            ("ALTER TABLE notes DROP INDEX words, DROP COLUMN body, ADD FULLTEXT words (title)", Value::Null),
            ("ALTER TABLE notes ADD COLUMN author VARCHAR(90) DEFAULT 'bob'", json!("bob")),
            ("ALTER TABLE notes RENAME COLUMN title TO heading", json!("bob")),
            ("RENAME TABLE notes TO papers", json!("bob")),
        ] {
            MariaDb::shared().execute(&name, change);
            tokio::time::sleep(Duration::from_millis(200)).await;
            if !shown.is_null() {
                // A column that was added is no error to anyone, so it is asked for.
                let listed = session.get("/api/v1/databases").await.is(200);
                let id = listed.data()[0]["id"].as_str().expect("an id").to_owned();
                schema(&session, &id).await;
            }
            let found = session.search(json!({ "query": "needle" })).await;
            assert_eq!(
                (&found["totalCount"], &found["failures"]),
                (&json!(1), &json!([])),
                "{change}: {found}"
            );
            assert_eq!(found["results"][0]["data"]["author"], shown, "{change}: {found}");
        }
        is_over.store(true, Ordering::SeqCst);
    };
    let (searches, ()) = tokio::join!(searching, changing);
    assert!(searches.iter().all(|count| *count > 0), "{searches:?}");
}
