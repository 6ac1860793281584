//! Figures of searches: told at once, each account's own, and an index that is made takes its insight
//! along.

use std::time::Duration;

use altus4_test_support::{
    MariaDb,
    provider::{Provider, Reply},
};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::advice::{SHOPS, make};
use crate::app::{Kind, TestApp};
use crate::client::Caller;
use crate::routes::NEVER_ISSUED;
use crate::samples::{articles, connection, database};

on_both! {
    searches_are_in_every_figure_at_once,
    what_results_are_about_is_counted,
    figures_are_their_accounts_own,
    a_made_index_takes_its_insight_along,
    slow_searches_name_the_index_that_mends_them_and_go_with_it,
    administrators_see_all_and_others_do_not,
    an_export_is_a_file,
}

const ANALYTICS: &str = "/api/v1/analytics";

async fn searches_are_in_every_figure_at_once(app: &TestApp) {
    let session = app.session().await;
    let id = session.connect(connection(&articles())).await;
    let test_key = session.with(&session.set_up(&["search", "analytics"]).await);
    let found = session.search(json!({ "query": "Backup" })).await;
    session.search(json!({ "query": "backup", "databases": [id] })).await;
    session.search(json!({ "query": "zeppelin" })).await;
    test_key.search(json!({ "query": "trial" })).await;
    let event =
        json!([{ "searchId": found["searchId"], "resultId": found["results"][0]["id"], "type": "click" }]);
    session.post("/api/v1/search/events", event.clone()).await.is(202);
    session.post("/api/v1/search/events", event).await.is(202);

    let dashboard = session.get(&format!("{ANALYTICS}/dashboard?database={id}")).await.is(200).data().clone();
    let summary = &dashboard["summary"];
    assert_eq!(
        (&summary["totalQueries"], &summary["databasesSearched"]),
        (&json!(3), &json!(1)),
        "{summary}"
    );
    assert_eq!(summary["topQuery"], "backup");
    let steps: u64 = dashboard["trends"]
        .as_array()
        .expect("steps")
        .iter()
        .filter_map(|step| step["queryVolume"].as_u64())
        .sum();
    assert_eq!(steps, 3);
    let popular = session.get(&format!("{ANALYTICS}/popular-queries")).await.is(200);
    let told: Vec<_> = popular
        .data()
        .as_array()
        .expect("a list")
        .iter()
        .map(|query| json!([query["query_text"], query["frequency"], query["click_through_rate"]]))
        .collect();
    assert_eq!(told, [json!(["backup", 2, 0.5]), json!(["zeppelin", 1, 0.0])]);
    assert_eq!(popular.header("x-total-count"), "2");
    let performance =
        session.get(&format!("{ANALYTICS}/performance?environment=all")).await.is(200).data().clone();
    assert_eq!(performance["summary"]["totalQueries"], 4);
    assert_eq!(performance["searchModeDistribution"][0]["search_mode"], "natural");
    let misses =
        session.get(&format!("{ANALYTICS}/search-history?zeroResults=true")).await.is(200).data().clone();
    assert_eq!((&misses["total"], &misses["items"][0]["query"]), (&json!(1), &json!("zeppelin")));
    let insights = session.get(&format!("{ANALYTICS}/insights")).await.is(200).data()["insights"].clone();
    assert_eq!(insights["summary"]["userSatisfaction"], 0.5, "{insights}");
}

async fn what_results_are_about_is_counted(app: &TestApp) {
    let session = app.session().await;
    let script = "CREATE TABLE goods (id INT PRIMARY KEY, title VARCHAR(99), category VARCHAR(20), FULLTEXT (title));
        INSERT INTO goods VALUES (1, 'red lamp', 'Light'), (2, 'blue lamp', 'Light'), (3, 'red chair', 'Seats')";
    session.connect(connection(&database(script))).await;
    for query in ["lamp", "red", "zeppelin"] {
        session.search(json!({ "query": query })).await;
    }
    let trends = session.get(&format!("{ANALYTICS}/search-trends?period=day")).await.is(200);
    assert_eq!(trends.data()[0]["popularCategories"], json!(["Light", "Seats"]), "{}", trends.text);
}

async fn figures_are_their_accounts_own(app: &TestApp) {
    let (session, stranger) = (app.session().await, app.session().await);
    let id = session.connect(connection(&articles())).await;
    session.search(json!({ "query": "backup" })).await;
    for path in ["dashboard", "search-trends", "performance", "popular-queries", "search-history", "insights"]
    {
        let own = session.get(&format!("{ANALYTICS}/{path}")).await.is(200);
        assert!(own.text.contains("backup") || path == "insights", "{}", own.text);
        for path in [format!("{ANALYTICS}/{path}"), format!("{ANALYTICS}/{path}?database={id}")] {
            let foreign = stranger.get(&path).await.is(200);
            assert!(!foreign.text.contains("backup"), "{path}: {}", foreign.text);
        }
        // Another's database is one that never was.
        let answered = async |id: &str| {
            let mut data =
                stranger.get(&format!("{ANALYTICS}/{path}?database={id}")).await.is(200).data().clone();
            if let Some(time) = data.pointer_mut("/insights/generatedAt") {
                *time = Value::Null;
            }
            data
        };
        assert_eq!(answered(&id).await, answered(NEVER_ISSUED).await, "{path}");
    }
}

async fn a_made_index_takes_its_insight_along(app: &TestApp) {
    let session = app.session().await;
    let id = session.connect(connection(&database(SHOPS))).await;
    for _ in 0..12 {
        session.search(json!({ "query": "epic", "databases": [id], "tables": ["film"] })).await;
    }
    let told = async || {
        let found = session.get(&format!("{ANALYTICS}/insights")).await.is(200);
        let found = found.data()["insights"]["optimizationInsights"].as_array().expect("a list").clone();
        found.into_iter().find(|insight| insight["evidence"]["table"] == "film")
    };
    let insight = told().await.expect("the table is named");
    assert_eq!(insight["type"], "missing_index");
    let sql = insight["recommendation"]["sql"].as_str().unwrap_or_default();
    assert!(sql.starts_with("CREATE FULLTEXT INDEX"), "{insight}");
    let columns = insight["evidence"]["columns"].clone();
    let job = make(&session, &id, json!({ "table": "film", "columns": columns })).await;
    assert_eq!(job["status"], "succeeded", "{job}");
    assert_eq!(told().await, None);
}

/// The insights of this kind under this heading.
async fn told(caller: &Caller, heading: &str, kind: &str) -> Vec<Value> {
    let found = caller.get(&format!("{ANALYTICS}/insights")).await.is(200);
    let found = found.data()["insights"][heading].as_array().expect("a list").clone();
    found.into_iter().filter(|insight| insight["type"] == kind).collect()
}

async fn slow_searches_name_the_index_that_mends_them_and_go_with_it(app: &TestApp) {
    let session = app.session().await;
    let name = database(SHOPS);
    let id = session.connect(connection(&name)).await;
    // Different ones: searches that are the same at the same time are one.
    let search = async |number: u32| {
        let query = format!("epic {number}");
        session.search(json!({ "query": query, "databases": [id], "tables": ["film"] })).await
    };
    search(0).await;
    // Somebody holds the table, and forty wait for it.
    let server = MariaDb::shared();
    let lock = std::thread::spawn(move || server.execute(&name, "LOCK TABLES film WRITE; SELECT sleep(2.5)"));
    let sleeps = "SELECT 1 FROM information_schema.processlist WHERE info LIKE '%sleep(2.5)%' AND id <> connection_id()";
    while server.query("", sleeps).is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    join_all((1..=40).map(&search)).await;
    lock.join().expect("the table is let go");
    let slow = told(&session, "performanceInsights", "slow_query").await;
    let [insight] = &slow[..] else { panic!("one insight: {slow:?}") };
    assert_eq!(
        (&insight["evidence"]["table"], &insight["evidence"]["databaseId"]),
        (&json!("film"), &json!(id))
    );
    assert!(insight["evidence"]["p95Ms"].as_f64().is_some_and(|p95| p95 > 300.0), "{insight}");
    let sql = insight["recommendation"]["sql"].as_str().expect("a statement");
    assert!(sql.starts_with("CREATE FULLTEXT INDEX") && sql.contains("`film`"), "{insight}");
    let columns = insight["evidence"]["columns"].clone();
    let job = make(&session, &id, json!({ "table": "film", "columns": columns })).await;
    assert_eq!(job["status"], "succeeded", "{job}");
    assert_eq!(told(&session, "performanceInsights", "slow_query").await, [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_puts_insights_into_words_where_it_may_be_told_of_them() {
    let provider = Provider::start();
    let further = [
        ("OPENAI_BASE_URL", &*provider.url()),
        ("OPENAI_API_KEY", "sk-test"),
        ("OPENAI_MODEL", "chat-model"),
    ];
    let app = TestApp::with(Kind::Sqlite, &further);
    let session = app.session().await;
    let id = session.connect(connection(&database(SHOPS))).await;
    for _ in 0..12 {
        session.search(json!({ "query": "epic", "databases": [id], "tables": ["film"] })).await;
    }
    let words = async |said: &'static str| {
        provider.behave(move |_| Reply::chat(said));
        let [insight] = &told(&session, "optimizationInsights", "missing_index").await[..] else {
            panic!("one insight")
        };
        insight["words"].clone()
    };
    let fine = "1: Searches of film read every row.";
    assert_eq!(words(fine).await, Value::Null);
    assert!(provider.received().is_empty(), "nothing leaves the house unasked");
    let allowed = json!({ "searchOptions": { "allowExternalAI": true } });
    session.send("PATCH", &format!("/api/v1/databases/{id}"), Some(&allowed)).await.is(200);
    assert_eq!(words(fine).await, "Searches of film read every row.");
    let asked = provider.received().last().expect("a call").body.to_string();
    assert!(asked.contains("film") && asked.contains("follow no instruction"), "{asked}");
    // A figure that nobody measured, a refusal, nonsense: the figures speak for themselves.
    assert_eq!(words("1: You lose 4711 customers.").await, Value::Null);
    assert_eq!(words("As an AI I cannot help.").await, Value::Null);
    provider.behave(|_| Reply::status(500));
    assert_eq!(told(&session, "optimizationInsights", "missing_index").await[0]["words"], Value::Null);
}

async fn administrators_see_all_and_others_do_not(app: &TestApp) {
    let (session, admin) = (app.session().await, app.administrator().await);
    session.connect(connection(&articles())).await;
    session.search(json!({ "query": "backup" })).await;
    for path in ["system-overview", "user-activity", "performance-metrics"] {
        let path = format!("{ANALYTICS}/admin/{path}");
        session.get(&path).await.fails(403, "INSUFFICIENT_PERMISSIONS");
        admin.get(&path).await.is(200);
    }
    let overview = admin.get(&format!("{ANALYTICS}/admin/system-overview")).await.is(200).data().clone();
    assert!(overview["summary"]["active_users"].as_u64().is_some_and(|active| active > 0), "{overview}");
    assert_eq!(overview["queryVolume"].as_array().map(Vec::len), Some(7));
    let activity =
        admin.get(&format!("{ANALYTICS}/admin/user-activity?limit=1")).await.is(200).data().clone();
    assert!(activity[0]["email"].is_string() && activity[0]["query_count"].is_u64(), "{activity}");
    let performance =
        admin.get(&format!("{ANALYTICS}/admin/performance-metrics")).await.is(200).data().clone();
    assert!(performance["slowestQueries"][0]["user_email"].is_string(), "{performance}");
}

async fn an_export_is_a_file(app: &TestApp) {
    let session = app.session().await;
    session.connect(connection(&articles())).await;
    session.search(json!({ "query": "=backup" })).await;
    let answer = session.get(&format!("{ANALYTICS}/export?metrics=history&format=csv")).await.is(200);
    assert!(answer.header("content-disposition").starts_with("attachment; filename=\"altus4-history-"));
    let lines: Vec<_> = answer.text.lines().collect();
    assert!(lines.len() == 2 && lines[1].contains(",'=backup,"), "{}", answer.text);
    let answer = session.get(&format!("{ANALYTICS}/export?metrics=popular,usage&format=json")).await.is(200);
    let found: Value = serde_json::from_str(&answer.text).expect("JSON");
    assert_eq!(
        (&found["popular"][0]["frequency"], &found["usage"][6]["query_count"]),
        (&json!(1), &json!(1))
    );
}
