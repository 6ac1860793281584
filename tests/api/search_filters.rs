//! What rows have to hold beside their words, in which order they come, and how their values are
//! counted.

use serde_json::{Value, json};
use sqlx::Executor;

use crate::app::TestApp;
use crate::client::{Caller, text};
use crate::samples::{connection, database, open_sqlite, row_ids};

on_both! {
    a_filter_holds_for_every_row,
    results_come_in_the_order_of_their_columns,
    values_are_counted_over_all_databases,
    what_fits_nothing_is_named,
    large_tables_without_an_index_are_named_with_it,
    analytics_come_when_they_are_asked_for,
}

const COLUMNS: &str =
    "title VARCHAR(200), body TEXT, price DECIMAL(10,2), status VARCHAR(20), created_at DATETIME";
const ROWS: &str = "
    (1, 'Red lamp', 'A lamp for the desk', 30.50, 'open', '2026-01-05 10:00:00'),
    (2, 'Blue lamp', 'A lamp for the wall', 9.99, 'open', '2026-02-05 10:00:00'),
    (3, 'Lamp oil', 'Oil for a lamp', NULL, 'closed', '2026-03-05 10:00:00'),
    (4, 'Desk', 'A desk without light', 120.00, 'open', '2026-04-05 10:00:00'),
    (5, 'Old lamp', 'It flickers', 100.00, 'closed', NULL)";

/// The same goods on MariaDB and in a SQLite file; the caller, and both ids.
async fn goods(app: &TestApp, name: &str) -> (Caller, [String; 2]) {
    let session = app.session().await;
    let on_server = database(&format!(
        "CREATE TABLE goods (id INT PRIMARY KEY, {COLUMNS}, FULLTEXT (title, body)); INSERT INTO goods VALUES {ROWS}"
    ));
    let file = format!("{name}-{}.db", app.port());
    let script = format!(
        "CREATE TABLE goods (id INTEGER PRIMARY KEY, {COLUMNS});
         CREATE VIRTUAL TABLE goods_fts USING fts5 (title, body, content = 'goods', content_rowid = 'id');
         INSERT INTO goods VALUES {ROWS};
         INSERT INTO goods_fts (goods_fts) VALUES ('rebuild')"
    );
    let mut opened = open_sqlite(&app.sources(), &file).await;
    opened.execute(sqlx::AssertSqlSafe(script)).await.expect("SQLite takes the script");
    let ids = [
        session.connect(connection(&on_server)).await,
        session.connect(json!({ "name": file, "engine": "sqlite", "database": file })).await,
    ];
    (session, ids)
}

fn with(mut body: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

async fn a_filter_holds_for_every_row(app: &TestApp) {
    let (session, ids) = goods(app, "filters").await;
    for id in &ids {
        let find = async |filter: Value| {
            let body = json!({ "query": "lamp", "databases": [id], "filter": filter });
            let mut found = row_ids(&session.search(body).await["results"]);
            found.sort_unstable();
            found
        };
        assert_eq!(find(json!({ "status": "open" })).await, [1, 2]);
        assert_eq!(find(json!({ "status": { "ne": "open" } })).await, [3, 5]);
        assert_eq!(find(json!({ "price": { "gte": "9.99", "lt": 100 } })).await, [1, 2]);
        assert_eq!(find(json!({ "price": null })).await, [3]);
        assert_eq!(find(json!({ "or": [{ "id": 5 }, { "title": { "startsWith": "Red" } }] })).await, [1, 5]);
        assert_eq!(find(json!({ "not": { "status": { "in": ["open", "x"] } } })).await, [3, 5]);
        assert_eq!(find(json!({ "created_at": { "gte": "2026-02-01" } })).await, [2, 3]);
        let dated = json!({
            "query": "lamp", "databases": [id],
            "filters": { "dateRange": { "from": "2026-01-01", "to": "2026-02-05" } },
        });
        let mut found = row_ids(&session.search(dated).await["results"]);
        found.sort_unstable();
        assert_eq!(found, [1, 2]);
    }
}

async fn results_come_in_the_order_of_their_columns(app: &TestApp) {
    let (session, ids) = goods(app, "orders").await;
    for id in &ids {
        let find = async |more: Value| {
            let body = with(json!({ "query": "lamp", "databases": [id] }), &more);
            let answer = session.search(body).await;
            assert_eq!(answer["totalCount"], 4, "{answer}");
            assert_eq!(answer["totalCountRelation"], "eq");
            row_ids(&answer["results"])
        };
        assert_eq!(find(json!({ "sort": ["price:asc"] })).await, [3, 2, 1, 5]);
        assert_eq!(find(json!({ "sort": ["price:desc"] })).await, [5, 1, 2, 3]);
        assert_eq!(find(json!({ "sort": ["status:asc", "id:desc"] })).await, [5, 3, 2, 1]);
        assert_eq!(find(json!({ "sort": ["created_at"], "limit": 2, "offset": 1 })).await, [1, 2]);
    }
    // Both databases in one list.
    let both = session.search(json!({ "query": "lamp", "sort": ["price:desc"] })).await;
    assert_eq!(row_ids(&both["results"]), [5, 5, 1, 1, 2, 2, 3, 3]);
    let first = &both["results"][0];
    assert_eq!(
        (first["matchedColumns"].clone(), text(&first["data"]["price"])),
        (json!(["title"]), "100.00".into())
    );
}

async fn values_are_counted_over_all_databases(app: &TestApp) {
    let (session, ids) = goods(app, "facets").await;
    for id in &ids {
        let body = json!({ "query": "lamp", "databases": [id], "facets": ["status", "price"], "limit": 1 });
        let answer = session.search(body).await;
        assert_eq!(answer["facets"]["status"], json!({ "closed": 2, "open": 2 }));
        assert_eq!(answer["facets"]["price"].as_object().map(serde_json::Map::len), Some(3));
    }
    let both = session
        .search(json!({ "query": "lamp OR desk", "searchMode": "boolean", "facets": ["status"] }))
        .await;
    assert_eq!(both["facets"], json!({ "status": { "open": 6, "closed": 4 } }));
    let plain = session.search(json!({ "query": "lamp" })).await;
    assert!(plain.get("facets").is_none());
}

async fn what_fits_nothing_is_named(app: &TestApp) {
    let (session, _) = goods(app, "misfits").await;
    let fault = async |more: Value| {
        let answer = session.post("/api/v1/search", with(json!({ "query": "lamp" }), &more)).await.is(400);
        let error = &answer.body["error"];
        assert!(error.to_string().contains("colour"), "{error}");
        text(&error["code"])
    };
    assert_eq!(fault(json!({ "filter": { "colour": "red" } })).await, "INVALID_FILTER");
    assert_eq!(fault(json!({ "sort": ["colour:asc"] })).await, "INVALID_SORT");
    assert_eq!(fault(json!({ "facets": ["colour"] })).await, "VALIDATION_ERROR");
    let wrong = json!({ "query": "lamp", "filter": { "price": { "gt": "dear" } } });
    let wrong = session.post("/api/v1/search", wrong).await.is(400);
    assert_eq!(wrong.body["error"]["code"], "INVALID_FILTER");
    assert!(wrong.details().to_string().contains("price"), "{}", wrong.body["error"]);
}

async fn large_tables_without_an_index_are_named_with_it(app: &TestApp) {
    let session = app.session().await;
    let large = database(
        "CREATE TABLE logs (id INT PRIMARY KEY, title VARCHAR(200), body TEXT, FULLTEXT ft_title (title));
         INSERT INTO logs SELECT seq, 'lamp', 'flickers' FROM seq_1_to_30000;
         CREATE TABLE raw (id INT PRIMARY KEY, body TEXT);
         INSERT INTO raw SELECT seq, 'lamp' FROM seq_1_to_30000;
         ANALYZE TABLE logs, raw",
    );
    session.connect(connection(&large)).await;
    let answer = session.search(json!({ "query": "lamp", "limit": 1 })).await;
    assert_eq!(answer["results"][0]["table"], "logs");
    let told: Vec<(String, String)> = answer["failures"]
        .as_array()
        .expect("failures are a list")
        .iter()
        .map(|failure| (text(&failure["table"]), text(&failure["message"])))
        .collect();
    let of = |table: &str| told.iter().find(|(of, _)| of == table).map(|(_, message)| message.clone());
    assert!(
        of("raw").is_some_and(|message| message.contains("body") && message.contains("FULLTEXT")),
        "{told:?}"
    );
    assert!(
        of("logs").is_some_and(|message| message.contains("ft_title") && message.contains("body")),
        "{told:?}"
    );
    assert_eq!(answer["failures"][0]["code"], "FULLTEXT_INDEX_REQUIRED");
}

async fn analytics_come_when_they_are_asked_for(app: &TestApp) {
    let (session, ids) = goods(app, "analytics").await;
    let body = json!({ "query": "lamp", "databases": ids, "includeAnalytics": true });
    let answer = session.search(body).await;
    assert!(answer["timing"]["total"].as_f64().is_some_and(|total| total > 0.0), "{answer}");
    assert_eq!(answer["timing"]["databases"].as_array().map(Vec::len), Some(2));
    assert_eq!(answer["timing"]["databases"][0]["tables"][0]["table"], "goods");
    assert!(answer["queryOptimization"].is_array());
    let plain = session.search(json!({ "query": "lamp" })).await;
    assert!(plain.get("timing").is_none() && plain.get("queryOptimization").is_none());
}
