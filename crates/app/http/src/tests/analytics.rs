//! The figures of an account's searches, and those of all.

use std::{sync::Arc, time::Duration};

use actix_web::http::StatusCode;
use altus4_analytics::{
    LoggedSearch, MissingIndex,
    testkit::{AnalyticsSubject, sample_search},
};
use altus4_kernel::{
    AccountId, ConnectionId, Environment, Generated, PortResult, Prompt, TextGenerator, TokenUsage,
};
use async_trait::async_trait;
use serde_json::{Value, json};

use super::world::{Answer, Scene, World};

/// A service, an account's token and its id.
async fn world() -> (World, String, AccountId) {
    let world = World::new();
    let token = world.register("ada").await;
    let id = world.get(&token, "/api/v1/auth/profile").await.text("/data/id");
    (world, token, id.parse().unwrap())
}

async fn data(world: &World, token: &str, path: &str) -> Value {
    let answer = world.get(token, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()["data"].clone()
}

/// Five searches of two days, and one with a key for tests.
fn searches(owner: AccountId) -> Vec<LoggedSearch> {
    let mut searches: Vec<_> = (1..)
        .zip(["Parcel", "parcel ", "letter", "nowhere", "parcel", "trial"])
        .map(|(n, q)| sample_search(n, owner, q))
        .collect();
    searches[0].at = searches[0].at - Duration::from_hours(24);
    searches[2].mode = "boolean".into();
    searches[3].results = 0;
    searches[4].took = Duration::from_millis(800);
    searches[4].cached = true;
    searches[5].environment = Environment::Test;
    searches
}

#[actix_web::test]
async fn figures_have_the_shapes_that_clients_read() {
    let (world, token, owner) = world().await;
    world.figures.searches.log(&searches(owner)).await;
    world.figures.searches.click(owner, searches(owner)[0].id).await;
    for (name, path) in [
        ("performance", "performance?period=day"),
        ("trends", "search-trends?startDate=2026-01-14&endDate=2026-01-15"),
        ("popular", "popular-queries?limit=2"),
        ("history", "search-history?limit=1&query=PARCEL"),
        ("insights", "insights"),
        ("dashboard", "dashboard?startDate=2026-01-14&endDate=2026-01-15"),
    ] {
        let mut found = data(&world, &token, &format!("/api/v1/analytics/{path}")).await;
        if name == "performance" {
            let hours = found["timeSeriesData"].as_array().unwrap().clone();
            assert_eq!(hours.len(), 24);
            found["timeSeriesData"] = json!([hours[9], hours[10]]);
        }
        let found: Value =
            serde_json::from_str(&found.to_string().replace(&owner.to_string(), "[owner]")).unwrap();
        insta::assert_json_snapshot!(format!("analytics_{name}"), found);
    }
}

#[actix_web::test]
async fn searches_with_keys_for_tests_are_left_out_unless_asked_for() {
    let (world, token, owner) = world().await;
    world.figures.searches.log(&searches(owner)).await;
    for (environment, total) in [("", 5), ("?environment=test", 1), ("?environment=all", 6)] {
        let found = data(&world, &token, &format!("/api/v1/analytics/performance{environment}")).await;
        assert_eq!(found["summary"]["totalQueries"], total, "{environment}");
    }
}

#[actix_web::test]
async fn lists_come_in_pages() {
    let (world, token, owner) = world().await;
    world.figures.searches.log(&searches(owner)).await;
    let answer = world.get(&token, "/api/v1/analytics/popular-queries?page=2&limit=2").await;
    let pagination = answer.json()["pagination"].clone();
    assert_eq!((&pagination["total"], &pagination["totalPages"]), (&json!(3), &json!(2)));
    assert_eq!(answer.json()["data"].as_array().unwrap().len(), 1);
    let answer = world.get(&token, "/api/v1/analytics/search-history?page=2&limit=2&zeroResults=false").await;
    assert_eq!(answer.json()["pagination"]["total"], answer.json()["data"]["total"]);
    assert_eq!(answer.json()["data"]["total"], 4);
}

#[actix_web::test]
async fn what_cannot_be_meant_is_told_all_at_once() {
    let (world, token, _) = world().await;
    let faulty = world.get(&token, "/api/v1/analytics/search-history?period=era&startDate=2026-1-1&environment=dev&database=x&query=&searchMode=loud&minExecutionTime=-1&zeroResults=maybe&page=0&colour=red").await;
    let mut fields = faulty.fields();
    fields.sort();
    let expected = [
        "colour",
        "database",
        "environment",
        "minExecutionTime",
        "page",
        "period",
        "query",
        "searchMode",
        "startDate",
        "zeroResults",
    ];
    assert_eq!(fields, expected);
    for span in ["startDate=2026-01-02&endDate=2026-01-01", "startDate=2024-01-01&endDate=2025-01-01"] {
        let refused = world.get(&token, &format!("/api/v1/analytics/dashboard?{span}")).await;
        assert_eq!((refused.status, refused.fields()), (StatusCode::BAD_REQUEST, vec!["endDate".to_owned()]));
    }
    let leap = world.get(&token, "/api/v1/analytics/dashboard?startDate=2024-01-01&endDate=2024-12-31").await;
    assert_eq!(leap.status, StatusCode::OK, "{leap:?}");
}

#[actix_web::test]
async fn nothing_of_one_account_is_in_anothers_figures() {
    let (world, token, owner) = world().await;
    world.figures.searches.log(&searches(owner)).await;
    let eve = world.register("eve").await;
    let database = searches(owner)[0].databases[0];
    for path in ["dashboard", "search-trends", "performance", "popular-queries", "search-history", "insights"]
    {
        for query in ["period=year".to_owned(), format!("period=year&database={database}")] {
            let path = format!("/api/v1/analytics/{path}?{query}");
            let own = data(&world, &token, &path).await.to_string();
            assert!(own.contains("arcel") || path.contains("insights"), "{own}");
            let foreign = data(&world, &eve, &path).await.to_string();
            assert!(!foreign.contains("arcel") && !foreign.contains(&owner.to_string()), "{foreign}");
        }
    }
    let admin = world.get(&token, "/api/v1/analytics/admin/system-overview").await;
    assert_eq!(admin.status, StatusCode::FORBIDDEN);
}

#[actix_web::test]
async fn a_slow_search_names_the_index_that_mends_it() {
    let (world, token, owner) = world().await;
    let slow =
        |number| LoggedSearch { took: Duration::from_secs(2), ..sample_search(number, owner, "parcel") };
    world.figures.searches.log(&(1..=40).map(slow).collect::<Vec<_>>()).await;
    let database: ConnectionId = slow(1).databases[0];
    let missing = MissingIndex {
        database,
        database_name: "helpdesk".into(),
        table: "articles".into(),
        columns: vec!["body".into()],
        sql: Some("CREATE FULLTEXT INDEX x ON articles (body)".into()),
        reason: "No index covers body.".into(),
        is_urgent: true,
        searches: 40,
    };
    world.figures.missing_indexes.set(vec![missing]);
    let found = data(&world, &token, "/api/v1/analytics/insights").await;
    let insight = &found["insights"]["performanceInsights"][0];
    assert_eq!((&insight["type"], &insight["severity"]), (&json!("slow_query"), &json!("high")));
    assert_eq!(insight["evidence"]["table"], "articles");
    assert_eq!(insight["recommendation"]["sql"], "CREATE FULLTEXT INDEX x ON articles (body)");
    let short = data(&world, &token, "/api/v1/analytics/dashboard").await["insights"][0].clone();
    assert_eq!((&short["type"], &short["actionable"]), (&json!("slow_query"), &json!(true)));
    world.figures.missing_indexes.set(Vec::new());
    let found = data(&world, &token, "/api/v1/analytics/insights").await;
    assert_eq!(found["insights"]["summary"]["totalInsights"], 0);
}

/// Says the same of whatever it is asked.
struct Says(&'static str);

#[async_trait]
impl TextGenerator for Says {
    async fn generate(&self, prompt: &Prompt, _: Duration) -> PortResult<Generated> {
        assert!(prompt.text.contains("size 44"), "{}", prompt.text);
        let usage = TokenUsage { model: "chat-model".into(), input: 120, output: 30 };
        Ok(Generated { text: self.0.to_owned(), usage })
    }
}

#[actix_web::test]
async fn words_are_for_whoever_pays_for_them_where_databases_allow_it() {
    let generator = Arc::new(Says("1: Nobody finds size 44."));
    let world = World::of(Scene { text_generator: Some(generator), ..Scene::default() });
    let token = world.register("ada").await;
    let id = world.get(&token, "/api/v1/auth/profile").await.text("/data/id");
    let missed = |number: u32| {
        let search = sample_search(number, id.parse().unwrap(), "size 44");
        LoggedSearch { results: 0, at: search.at - Duration::from_hours(24) * (number % 5), ..search }
    };
    world.figures.searches.log(&(1..=40).map(missed).collect::<Vec<_>>()).await;
    let body = json!({ "name": "Insights", "permissions": ["analytics"], "tier": "free" });
    let (key, key_id) = world.make_key(&token, body).await;
    let limits = format!("/api/v1/keys/{key_id}/limits");
    world.put(&token, &limits, json!({ "budgetLimitMicrocents": 3_600 })).await;
    let words = async || {
        let found = data(&world, &key, "/api/v1/analytics/insights").await;
        found["insights"]["usageInsights"][0].as_object().unwrap().get("words").cloned()
    };
    assert_eq!(words().await, None);
    world.figures.consent.set(missed(1).databases);
    assert_eq!(words().await, Some(json!("Nobody finds size 44.")));
    // 120 tokens at 15, and 30 at 60: now the budget is used up, and the figures are told nevertheless.
    assert_eq!(world.get(&token, &limits).await.json()["data"]["limits"]["spentMicrocents"], 3_600);
    assert_eq!(words().await, None);
    let spent: Vec<_> = world.events(&key_id).await.iter().map(|event| event.spent_microcents).collect();
    assert_eq!(spent, [0, 3_600, 0]);
}

#[actix_web::test]
async fn older_names_lead_to_the_same() {
    let (world, token, owner) = world().await;
    world.figures.searches.log(&searches(owner)).await;
    for (older, name) in [("trends", "search-trends"), ("history", "search-history")] {
        let older = data(&world, &token, &format!("/api/analytics/{older}")).await;
        assert_eq!(older, data(&world, &token, &format!("/api/v1/analytics/{name}")).await);
    }
}

/// More searches than are read at once, some of them with what a spreadsheet would run.
async fn exported(query: &str) -> (World, Answer) {
    let (world, token, owner) = world().await;
    let mut searches: Vec<_> =
        (1..=2_500).map(|number| sample_search(number, owner, "parcel, \"lost\"")).collect();
    searches[2_499].query = "=HYPERLINK(1)".into();
    world.figures.searches.log(&searches).await;
    let answer = world.get(&token, &format!("/api/v1/analytics/export?{query}")).await;
    (world, answer)
}

#[actix_web::test]
async fn an_export_holds_every_search_once() {
    let (_world, answer) = exported("").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    let name = "attachment; filename=\"altus4-history-2026-01-09-2026-01-15.csv\"";
    assert_eq!(answer.header("content-disposition"), name);
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2_501);
    assert!(
        lines[0].starts_with("id,userId,apiKeyId,query,") && lines[1].contains(",'=HYPERLINK(1),"),
        "{}",
        lines[1]
    );
    assert!(lines[2].contains(",\"parcel, \"\"lost\"\"\","), "{}", lines[2]);
    let mut ids: Vec<_> = lines[1..].iter().map(|line| line.split(',').next()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2_500);
}

#[actix_web::test]
async fn an_export_of_several_metrics_is_one_file() {
    let (_world, answer) = exported("format=json&metrics=usage,history,popular&granularity=week").await;
    let found = answer.json();
    assert_eq!(found["history"].as_array().unwrap().len(), 2_500);
    // A Friday to a Thursday lie in two weeks.
    let weeks: Vec<_> =
        found["usage"].as_array().unwrap().iter().map(|week| week["query_count"].clone()).collect();
    assert_eq!(weeks, [0, 2_500]);
    assert_eq!(found["popular"][0]["frequency"], 2_500);
    let (_world, answer) = exported("format=ndjson&metrics=performance&granularity=hour&period=day").await;
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[10]["query_count"]), (24, &json!(1_799)));
    assert_eq!(lines[10]["metric"], "performance");
}

#[actix_web::test]
async fn a_workbook_has_a_sheet_for_each_metric() {
    let (_world, answer) = exported("format=xlsx&metrics=history,usage").await;
    assert_eq!(&answer.body[..4], b"PK\x03\x04");
    let sheet = unpacked(&answer.body, "xl/worksheets/history.xml");
    assert_eq!(sheet.matches("<row>").count(), 2_501);
    assert!(sheet.contains("'=HYPERLINK(1)") && sheet.ends_with("</sheetData></worksheet>"));
    let book = unpacked(&answer.body, "xl/workbook.xml");
    assert!(book.contains("name=\"history\"") && book.contains("name=\"usage\""), "{book}");
}

/// A file in an archive, found by the directory at its end.
fn unpacked(archive: &[u8], name: &str) -> String {
    let number = |at: usize, bytes: usize| {
        archive[at..at + bytes].iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
    };
    let end = archive.len() - 22;
    let mut at = number(end + 16, 4);
    for _ in 0..number(end + 10, 2) {
        let length = number(at + 28, 2);
        if &archive[at + 46..at + 46 + length] == name.as_bytes() {
            let (packed, begins) = (number(at + 20, 4), number(at + 42, 4) + 30 + length);
            let mut text = String::new();
            let mut data = flate2::read::DeflateDecoder::new(&archive[begins..begins + packed]);
            std::io::Read::read_to_string(&mut data, &mut text).unwrap();
            assert_eq!(text.len(), number(at + 24, 4));
            assert_eq!(crc32fast::hash(text.as_bytes()) as usize, number(at + 16, 4));
            return text;
        }
        at += 46 + length;
    }
    panic!("no {name}");
}

#[actix_web::test]
async fn csv_has_one_metric() {
    let (_world, answer) = exported("metrics=history,usage").await;
    assert_eq!((answer.status, answer.fields()), (StatusCode::BAD_REQUEST, vec!["metrics".to_owned()]));
    let (_world, answer) = exported("format=pdf&metrics=secrets&granularity=second").await;
    assert_eq!(answer.fields(), ["format", "metrics[0]", "granularity"]);
}
