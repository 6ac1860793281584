//! The analysis of a search: how its query is read, each server's own plan, and what to do about it.

use altus4_test_support::MariaDb;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::{Answer, Caller, text};
use crate::routes::NEVER_ISSUED;
use crate::samples::{ARTICLES, articles, connection, database, sqlite_articles};

const PATH: &str = "/api/v1/search/analyze";

on_both! {
    each_servers_own_plan_is_shown,
    what_has_no_index_is_named_with_its_statement,
    how_a_query_is_read_is_told,
    only_those_who_may_and_only_their_own,
    statements_that_are_typed_are_words,
    faults_are_told_all_at_once,
    what_does_not_answer_is_named,
    a_slip_is_answered_with_what_was_meant,
}

async fn analyzed(caller: &Caller, body: Value) -> Value {
    caller.post(PATH, body).await.is(200).data().clone()
}

async fn refused(caller: &Caller, body: Value) -> Answer {
    caller.post(PATH, body).await
}

/// How the one table of a database is gone through.
fn table<'a>(analysis: &'a Value, id: &str) -> &'a Value {
    let tables = analysis["performance"][id]["tables"].as_array();
    let [table] = tables.expect("the database is there").as_slice() else { panic!("{analysis}") };
    table
}

async fn each_servers_own_plan_is_shown(app: &TestApp) {
    let session = app.session().await;
    let server = session.connect(connection(&articles())).await;
    let file = format!("analyzed-{}.db", app.port());
    let file = session.connect(sqlite_articles(&app.sources(), &file, &ARTICLES).await).await;
    let key = session.with(&session.set_up(&["analytics"]).await);
    let analysis = analyzed(&key, json!({ "query": "backup canary'word" })).await;
    assert_eq!(analysis["query"], "backup canary'word");
    assert_eq!(analysis["failures"], json!([]));
    for id in [&server, &file] {
        let found = table(&analysis, id);
        assert_eq!(found["table"], "articles", "{found}");
        assert!(found["time"].as_f64().is_some_and(|time| time > 0.0), "{found}");
        assert_eq!(analysis["performance"][id]["avgTime"], found["time"]);
        let sql = text(&found["sql"]);
        assert!(sql.contains("articles") && sql.contains('?') && !sql.contains("backup"), "{sql}");
    }
    let on_server = table(&analysis, &server);
    assert_eq!(on_server["index"], "ft_articles", "{on_server}");
    assert!(on_server["plan"]["query_block"].is_object(), "{on_server}");
    assert!(!on_server["plan"].to_string().contains("backup"), "values are left out: {on_server}");
    assert!(on_server["rowsExamined"].is_u64() && on_server["rowsEstimated"].is_u64(), "{on_server}");
    let in_file = table(&analysis, &file);
    assert_eq!(in_file["index"], "articles_fts", "{in_file}");
    assert!(text(&in_file["plan"]).contains("VIRTUAL TABLE INDEX"), "{in_file}");

    let one = analyzed(&key, json!({ "query": "backup", "databases": [file], "tables": ["articles"] })).await;
    assert_eq!(one["performance"].as_object().map(serde_json::Map::len), Some(1), "{one}");
}

async fn what_has_no_index_is_named_with_its_statement(app: &TestApp) {
    let session = app.session().await;
    let plain = "CREATE TABLE notes (id INT PRIMARY KEY, body TEXT);
        INSERT INTO notes VALUES (1, 'the harbour'), (2, 'the hills');";
    let id = session.connect(connection(&database(plain))).await;
    let analysis = analyzed(&session, json!({ "query": "harbour" })).await;
    // It is read in the order of its key.
    assert_eq!(table(&analysis, &id)["index"], "PRIMARY", "{analysis}");
    let advice = analysis["optimization"].as_array().expect("a list");
    let index = advice.iter().find(|one| one["type"] == "index").expect("an index is wanting");
    assert_eq!((&index["databaseId"], &index["table"]), (&json!(id), &json!("notes")));
    assert!(text(&index["sqlSuggestion"]).contains("FULLTEXT"), "{index}");
    assert!(advice.iter().any(|one| one["type"] == "query" && one["impact"] == "medium"), "{advice:?}");
    let told = analysis["recommendations"].as_array().expect("a list");
    assert_eq!(told.len(), advice.len());
    assert!(told.iter().all(|one| one.as_str().is_some_and(|one| !one.is_empty())), "{told:?}");
}

async fn how_a_query_is_read_is_told(app: &TestApp) {
    let session = app.session().await;
    session.connect(connection(&articles())).await;
    // What the rows hold is read in the first search.
    session.search(json!({ "query": "backup" })).await;
    let natural = analyzed(&session, json!({ "query": "restoring the \"make a backup\" colour" })).await;
    let parsed = &natural["parsed"];
    assert_eq!((&parsed["searchMode"], &parsed["phrases"]), (&json!("natural"), &json!(["make a backup"])));
    assert_eq!(parsed["expression"], "\"make a backup\"");
    assert!(parsed["leftOut"].as_array().is_some_and(|words| words.contains(&json!("the"))), "{parsed}");
    let boolean = json!({ "query": "title:backup AND (restore OR colour*) -menu", "searchMode": "boolean" });
    let boolean = analyzed(&session, boolean).await;
    let parsed = &boolean["parsed"];
    assert_eq!(parsed["searchMode"], "boolean");
    assert_eq!(parsed["expression"], "title:backup AND (restore OR colour*) AND NOT menu");
    assert_eq!(parsed["words"][0]["word"], "backup");
}

async fn only_those_who_may_and_only_their_own(app: &TestApp) {
    let session = app.session().await;
    let id = session.connect(connection(&articles())).await;
    let body = json!({ "query": "backup", "databases": [id] });
    refused(&app.anonymous(), body.clone()).await.fails(401, "INVALID_API_KEY");
    let key = session.with(&session.set_up(&["search"]).await);
    refused(&key, body.clone()).await.fails(403, "INSUFFICIENT_PERMISSIONS");
    let stranger = app.session().await;
    for named in [id.as_str(), NEVER_ISSUED] {
        let body = json!({ "query": "backup", "databases": [named] });
        refused(&stranger, body).await.fails(404, "NOT_FOUND");
    }
    let nothing = analyzed(&stranger, json!({ "query": "backup" })).await;
    assert_eq!(nothing["performance"], json!({}), "another account's databases are not looked at");
    analyzed(&session, body).await;
}

async fn statements_that_are_typed_are_words(app: &TestApp) {
    let session = app.session().await;
    let server = MariaDb::shared();
    let name = articles();
    server.execute(&name, "CREATE SEQUENCE noted; CREATE FUNCTION note() RETURNS INT RETURN NEXTVAL(noted)");
    let id = session.connect(connection(&name)).await;
    for query in [
        "SELECT note()",
        "'; INSERT INTO noted VALUES (1); -- ",
        "SELECT 1 FROM articles WHERE note() = 1",
        "backup') AND note() -- ",
        "SELECT SLEEP(5)",
    ] {
        for mode in ["natural", "semantic"] {
            let body =
                json!({ "query": query, "databases": [id], "tables": ["articles"], "searchMode": mode });
            let analysis = analyzed(&session, body).await;
            let sql = text(&table(&analysis, &id)["sql"]);
            assert!(!sql.contains("note") && !sql.contains("SLEEP"), "{query}: {sql}");
            assert!(table(&analysis, &id)["time"].as_f64().is_some_and(|time| time < 4_000.0), "{query}");
        }
    }
    assert_eq!(server.query(&name, "SELECT NEXTVAL(noted)").trim(), "1", "nobody called it before");
}

async fn faults_are_told_all_at_once(app: &TestApp) {
    let session = app.session().await;
    let id = session.connect(connection(&articles())).await;
    let body = json!({ "query": " ", "databases": ["x"], "searchMode": "fuzzy", "limit": 3 });
    let faulty = refused(&session, body).await.fails(400, "VALIDATION_ERROR");
    for field in ["query", "databases[0]", "searchMode", "limit"] {
        assert!(faulty.text.contains(&format!("\"{field}\"")), "{field}: {}", faulty.text);
    }
    let unread = json!({ "query": "backup AND (", "searchMode": "boolean" });
    refused(&session, unread).await.fails(400, "INVALID_QUERY");
    let unknown = json!({ "query": "backup", "tables": ["nothing"] });
    refused(&session, unknown).await.fails(400, "VALIDATION_ERROR");
    let alone = analyzed(&session, json!({ "query": "!!!", "databases": [id] })).await;
    assert_eq!(alone["parsed"]["expression"], "", "{alone}");
}

async fn what_does_not_answer_is_named(app: &TestApp) {
    let session = app.session().await;
    let gone = session.connect(connection("nowhere_at_all")).await;
    let failed = refused(&session, json!({ "query": "backup" })).await.fails(502, "CONNECTION_FAILED");
    assert_eq!(failed.details()["failures"][0]["databaseId"], gone);
    let id = session.connect(connection(&articles())).await;
    let analysis = analyzed(&session, json!({ "query": "backup" })).await;
    assert_eq!(analysis["failures"][0]["databaseId"], gone, "{analysis}");
    assert_eq!(table(&analysis, &id)["index"], "ft_articles");
}

async fn a_slip_is_answered_with_what_was_meant(app: &TestApp) {
    let session = app.session().await;
    session.connect(connection(&articles())).await;
    // What the rows hold is read in the first search.
    session.search(json!({ "query": "backup" })).await;
    let slip = session.search(json!({ "query": "Databse of colours" })).await;
    let suggested = &slip["suggestions"][0];
    assert_eq!((&suggested["text"], &suggested["type"]), (&json!("database of colours"), &json!("spelling")));
    assert!(suggested["score"].as_f64().is_some_and(|score| score > 0.0 && score < 1.0), "{slip}");
    let strict = session.search(json!({ "query": "databse", "typoTolerance": false })).await;
    assert_eq!((&strict["totalCount"], &strict["suggestions"][0]["text"]), (&json!(0), &json!("database")));
    let right = session.search(json!({ "query": "backup", "includeAnalytics": true })).await;
    assert_eq!(right["suggestions"], json!([]));
    let days = right["trends"].as_array().expect("a list of days");
    assert_eq!(days.len(), 30);
    assert_eq!((&days[29]["searches"], &days[29]["uniqueQueries"]), (&json!(4), &json!(3)));
    assert_eq!(right["results"][0]["ranking"]["words"], right["results"][0]["relevanceScore"]);
    assert_eq!(right["results"][0]["ranking"]["position"]["words"], 1);
}
