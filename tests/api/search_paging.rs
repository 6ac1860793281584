//! Walking through results: every match once, in the same order, in every mode and order, also far
//! beyond what is ranked; and rows that mean harm.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::{Caller, text};
use crate::samples::{connection, database};

on_both! {
    every_match_comes_once_in_one_order,
    rows_that_mean_harm_are_valid_and_safe,
}

/// Every page, one after the other: the ids of the results.
async fn walk(session: &Caller, asked: &Value, limit: usize) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let mut body = asked.clone();
        body["limit"] = json!(limit);
        body["offset"] = json!(ids.len());
        let answer = session.search(body).await;
        let page = answer["results"].as_array().expect("results are a list");
        if page.is_empty() {
            return ids;
        }
        ids.extend(page.iter().map(|result| text(&result["id"])));
    }
}

async fn every_match_comes_once_in_one_order(app: &TestApp) {
    let session = app.session().await;
    for half in ["0", "1"] {
        let script = format!(
            "CREATE TABLE notes (id INT PRIMARY KEY, title VARCHAR(200), body TEXT, price INT, FULLTEXT (title, body));
             INSERT INTO notes SELECT seq, IF(seq % 3 = 0, 'lamp router', 'lamp'), REPEAT('word ', seq % 11),
                IF(seq % 5 = 0, NULL, seq % 7) FROM seq_1_to_900 WHERE seq % 2 = {half}"
        );
        session.connect(connection(&database(&script))).await;
    }
    for asked in [
        json!({ "query": "lamp router" }),
        json!({ "query": "lamp", "searchMode": "boolean" }),
        json!({ "query": "NOT zeppelin", "searchMode": "boolean" }),
        json!({ "query": "lamp OR NOT router", "searchMode": "boolean", "sort": ["price:desc"] }),
        json!({ "query": "lamp", "sort": ["price"] }),
        json!({ "query": "lamp", "filter": { "id": { "gt": 0 } } }),
    ] {
        let walked = walk(&session, &asked, 100).await;
        assert_eq!(walked.iter().collect::<HashSet<_>>().len(), 900, "{asked}");
        assert_eq!(walked.len(), 900, "{asked}");
        let mut middle = asked.clone();
        middle["limit"] = json!(7);
        middle["offset"] = json!(333);
        let page = session.search(middle).await;
        let page: Vec<_> =
            page["results"].as_array().into_iter().flatten().map(|hit| text(&hit["id"])).collect();
        assert_eq!(page, walked[333..340], "{asked}");
    }
}

async fn rows_that_mean_harm_are_valid_and_safe(app: &TestApp) {
    let session = app.session().await;
    let hostile = database(
        "CREATE TABLE harm (id INT PRIMARY KEY, title VARCHAR(200) CHARACTER SET utf8mb4, body LONGTEXT
            CHARACTER SET utf8mb4, raw BLOB, FULLTEXT (title, body));
         INSERT INTO harm VALUES
            (1, 'lamp', '<script>alert(1)</script> lamp <img src=x onerror=\"x\">', X'FF00FE'),
            (2, 'lamp', CONCAT('lamp', CHAR(0), 'after ', CHAR(27), ' \\\\u0000'), NULL),
            (3, 'lamp 😀 مصباح', CONCAT(CHAR(0xE2808F USING utf8mb4), 'lamp'), NULL),
            (4, 'lamp', REPEAT('lamp ', 3000000), REPEAT('x', 60000))",
    );
    session.connect(connection(&hostile)).await;
    for asked in [
        json!({ "query": "lamp", "highlight": true }),
        json!({ "query": "lamp", "highlight": true, "searchMode": "boolean", "sort": ["id"], "fields": ["body", "raw"] }),
    ] {
        let answer = session.search(asked).await;
        let results = answer["results"].as_array().expect("results are a list");
        assert_eq!(results.len(), 4, "{}", answer["failures"]);
        for result in results {
            let shown = [text(&result["snippet"]), result["highlights"].to_string()].concat();
            let bare = shown.replace("<mark>", "").replace("</mark>", "");
            assert!(!bare.contains('<') && !bare.contains('>'), "{bare:.200}");
            assert!(result.to_string().len() < 200_000, "a giant value is cut");
        }
    }
}
