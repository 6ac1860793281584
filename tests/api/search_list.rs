//! The list that a search gives: every match once, counted, and at the price of one full-text scan.

use std::collections::HashSet;

use altus4_test_support::MariaDb;
use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::{Caller, text};
use crate::samples::{articles, assert_scores_fall, connection, database, row_ids, sqlite_articles};

on_both! {
    walking_the_offset_gives_every_match_once,
    walking_far_gives_every_match_once,
    a_link_searches_as_a_body_does,
}

async fn a_link_searches_as_a_body_does(app: &TestApp) {
    let session = app.session().await;
    let id = session.connect(connection(&articles())).await;
    let body = json!({
        "query": "backup & restore", "databases": [id], "tables": ["articles"], "fields": ["title"], "limit": 2,
        "offset": 1, "highlight": true,
    });
    let rest = format!("databases={id}&tables=articles&fields=title&limit=2&offset=1&highlight=true");
    let by_body = session.search(body).await;
    assert_eq!(row_ids(&by_body["results"]), [2, 3], "{by_body}");
    for name in ["q", "query"] {
        let path = format!("/api/v1/search?{name}=backup+%26%20restore&{rest}");
        let by_link = session.get(&path).await.is(200);
        assert_eq!(by_link.data()["results"], by_body["results"]);
        assert_eq!(by_link.data()["totalCount"], by_body["totalCount"]);
    }
    let wrong = session.get("/api/v1/search?q=%20&limit=x&colour=red").await.fails(400, "VALIDATION_ERROR");
    for field in ["limit", "colour"] {
        assert!(wrong.faulty_fields().iter().any(|known| known == field), "{}", wrong.text);
    }
    session.get("/api/v1/search").await.fails(400, "VALIDATION_ERROR");
    session.get("/api/v1/search?q=%ff").await.fails(400, "MALFORMED_REQUEST");
}

async fn walking_the_offset_gives_every_match_once(app: &TestApp) {
    let session = app.session().await;
    // Rows that differ in nothing but their key: only a fixed order keeps them apart.
    let same: Vec<_> = (1..=23).map(|id| (id, "Anchors", "Every ship has an anchor")).collect();
    let table =
        "CREATE TABLE anchors (id INT PRIMARY KEY, title VARCHAR(80), body TEXT, FULLTEXT (title, body));
        INSERT INTO anchors SELECT seq, 'Anchors', 'Every ship has an anchor' FROM seq_1_to_31;";
    session.connect(connection(&database(table))).await;
    session.connect(connection(&database(table))).await;
    let file = format!("walked-{}.db", app.port());
    session.connect(sqlite_articles(&app.sources(), &file, &same).await).await;
    walk(&session, "anchor ship", 10, 85).await;
}

async fn walking_far_gives_every_match_once(app: &TestApp) {
    let session = app.session().await;
    let table = "CREATE TABLE buoys (id INT PRIMARY KEY, title VARCHAR(80), body TEXT, FULLTEXT (title, body));
        INSERT INTO buoys SELECT seq, concat('Buoy ', seq), repeat('A buoy floats. ', 1 + seq % 7) FROM seq_1_to_430;
        ANALYZE TABLE buoys";
    session.connect(connection(&database(table))).await;
    walk(&session, "buoy", 100, 430).await;
}

/// Walks a whole list in steps, and asserts that it holds `matches` rows, each once.
async fn walk(caller: &Caller, query: &str, step: usize, matches: usize) {
    let mut seen = HashSet::new();
    let mut last = f64::INFINITY;
    for page in 0..=matches / step {
        let offset = page * step;
        let body = json!({ "query": query, "limit": step, "offset": offset });
        let answer = caller.search(body).await;
        let results = answer["results"].as_array().expect("results are a list");
        assert_eq!(results.len(), step.min(matches - offset), "at {offset}");
        assert_scores_fall(&answer["results"]);
        let first = results.first().map_or(0.0, |result| result["relevanceScore"].as_f64().expect("a score"));
        assert!(first < last || results.is_empty(), "the score at {offset} is {first}, after {last}");
        last = results.last().map_or(last, |result| result["relevanceScore"].as_f64().expect("a score"));
        for result in results {
            assert!(seen.insert(text(&result["id"])), "twice in the list: {result}");
        }
        let exact = answer["totalCountRelation"] == "eq";
        let count = answer["totalCount"].as_u64().expect("a count");
        assert!(if exact { count == matches as u64 } else { count <= matches as u64 }, "{count} at {offset}");
        assert_eq!(answer["page"], page + 1);
    }
    assert_eq!(seen.len(), matches);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_one_full_text_statement_for_each_table() {
    let app = TestApp::shared(Kind::Sqlite);
    let session = app.session().await;
    let server = MariaDb::shared();
    let name = database(
        "CREATE TABLE counted_once (id INT PRIMARY KEY, title VARCHAR(80), body TEXT, blurb LONGTEXT,
            FULLTEXT (title, body));
         INSERT INTO counted_once SELECT seq, 'Lanterns', repeat('A lantern in the fog. ', 20), repeat('x', 9000)
            FROM seq_1_to_150",
    );
    session.connect(connection(&name)).await;
    let search = json!({ "query": "lantern fog", "highlight": true, "limit": 50 });
    session.search(search.clone()).await;
    server.execute("", "SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = ON");
    let answer = session.search(search).await;
    server.execute("", "SET GLOBAL general_log = OFF");
    assert_eq!(answer["totalCount"], 150);
    assert_eq!(answer["results"].as_array().map(Vec::len), Some(50));
    let count = |pattern: &str| -> String {
        let sql = format!(
            "SELECT count(*) FROM mysql.general_log WHERE command_type IN ('Query', 'Execute')
             AND argument LIKE '%counted_once%' AND argument LIKE '{pattern}' AND argument NOT LIKE '%general_log%'"
        );
        server.query("", &sql)
    };
    assert_eq!(count("%AGAINST%"), "1");
    let statements: u32 = count("%").parse().expect("a number");
    assert!(statements <= 2, "{statements} statements for one table");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_without_an_index_are_searched_or_named() {
    let app = TestApp::shared(Kind::Sqlite);
    let session = app.session().await;
    let small = database(
        "CREATE TABLE small (id INT PRIMARY KEY, body TEXT); INSERT INTO small VALUES (1, 'A lighthouse'), (2, 'A pier');
         ANALYZE TABLE small",
    );
    session.connect(connection(&small)).await;
    let found = session.search(json!({ "query": "lighthouse" })).await;
    assert_eq!(row_ids(&found["results"]), [1]);

    let large = database(
        "CREATE TABLE large (id INT PRIMARY KEY, body TEXT);
         INSERT INTO large SELECT seq, 'A lighthouse' FROM seq_1_to_30000; ANALYZE TABLE large;
         CREATE TABLE indexed (id INT PRIMARY KEY, body TEXT, FULLTEXT (body));
         INSERT INTO indexed VALUES (7, 'A lighthouse of its own')",
    );
    let id = session.connect(connection(&large)).await;
    let found = session.search(json!({ "query": "lighthouse", "databases": [id] })).await;
    assert_eq!(row_ids(&found["results"]), [7]);
    let failures: &Value = &found["failures"];
    assert_eq!(failures[0]["databaseId"], id);
    assert!(text(&failures[0]["message"]).contains("large"), "{failures}");
}
