//! Searches.

use actix_web::http::StatusCode;
use altus4_kernel::PortErrorKind;
use serde_json::{Value, json};

use super::world::{Mood, World};

async fn world_with_database() -> (World, String, String) {
    let world = World::new();
    let token = world.register("ada").await;
    let id = world.database(&token, "one").await;
    (world, token, id)
}

#[actix_web::test]
async fn results_come_in_the_contracts_shape() {
    let (world, token, _) = world_with_database().await;
    let body = json!({ "query": "damaged parcel", "limit": 1, "highlight": true });
    let answer = world.post(&token, "/api/v1/search", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.assert_enveloped();
    insta::assert_json_snapshot!(answer.json()["data"], {
        ".executionTime" => 0,
        ".results[].relevanceScore" => "[score]",
        ".results[].ranking.words" => "[score]",
        ".results[].id" => "[id]",
        ".results[].snippet" => "[snippet]",
        ".results[].highlights" => "[highlights]",
    });
}

#[actix_web::test]
async fn a_link_searches_like_a_body() {
    let (world, token, id) = world_with_database().await;
    let body =
        json!({ "query": "parcel", "databases": [id], "fields": ["title", "body"], "limit": 2, "offset": 2 });
    let posted = world.post(&token, "/api/v1/search", body).await;
    let link = format!("/api/search/?q=parcel&databases={id}&fields=title,body&limit=2&offset=2");
    let linked = world.get(&token, &link).await;
    let comparable = |mut json: Value| {
        json["data"]["searchId"] = Value::Null;
        json["data"]["executionTime"] = Value::Null;
        json["data"].clone()
    };
    assert_eq!(posted.json()["data"]["page"], 2);
    assert_eq!(comparable(linked.json()), comparable(posted.json()));
}

#[actix_web::test]
async fn queries_and_filters_that_cannot_be_read_are_told_where() {
    let (world, token, _) = world_with_database().await;
    let body = json!({ "query": "parcel AND (damaged", "searchMode": "boolean" });
    let query = world.post(&token, "/api/v1/search", body).await;
    assert_eq!((query.status, &*query.code()), (StatusCode::BAD_REQUEST, "INVALID_QUERY"));
    let details = &query.json()["error"]["details"];
    assert_eq!((&details["position"], &details["expected"]), (&json!(19), &json!(")")));
    for link in
        ["filter[id][near]=1", "filter%5Bid%5D%5Bnear%5D=1", "filter=%7B%22id%22%3A%7B%22near%22%3A1%7D%7D"]
    {
        let filter = world.get(&token, &format!("/api/v1/search?q=parcel&{link}")).await;
        assert_eq!((filter.status, &*filter.code()), (StatusCode::BAD_REQUEST, "INVALID_FILTER"), "{link}");
        assert_eq!(filter.fields(), ["filter.id.near"], "{link}");
    }
    let sort = world.get(&token, "/api/v1/search?q=parcel&sort=title:up").await;
    assert_eq!((&*sort.code(), sort.fields()), ("INVALID_SORT", vec!["sort[0]".to_owned()]));
    let both = world.get(&token, "/api/v1/search?q=parcel&sort=title:up&filter[id][near]=1&limit=0").await;
    assert_eq!(both.code(), "VALIDATION_ERROR");
    assert_eq!(both.fields(), ["limit", "sort[0]", "filter.id.near"]);
}

#[actix_web::test]
async fn faults_of_a_search_are_told_all_at_once() {
    let (world, token, _) = world_with_database().await;
    let body =
        json!({ "query": "", "limit": 1000, "searchMode": "fuzzy", "databases": ["x"], "colour": "red" });
    let answer = world.post(&token, "/api/v1/search", body).await;
    assert_eq!(answer.code(), "VALIDATION_ERROR");
    assert_eq!(answer.fields(), ["query", "searchMode", "limit", "databases[0]", "colour"]);
    let link = world.get(&token, "/api/v1/search?limit=x&limit=2&hightlight=1").await;
    assert_eq!(link.fields(), ["query", "limit", "hightlight"]);
    let unreadable = world.get(&token, "/api/v1/search?q=%FF").await;
    assert_eq!((unreadable.status, &*unreadable.code()), (StatusCode::BAD_REQUEST, "MALFORMED_REQUEST"));
}

#[actix_web::test]
async fn names_that_exist_nowhere_are_named() {
    let (world, token, _) = world_with_database().await;
    let answer = world.post(&token, "/api/v1/search", json!({ "query": "x", "tables": ["artikles"] })).await;
    assert_eq!((answer.status, &*answer.code()), (StatusCode::BAD_REQUEST, "VALIDATION_ERROR"));
    assert!(answer.text("/error/details/reason").contains("artikles"));
}

#[actix_web::test]
async fn anothers_database_is_named_as_not_found() {
    let (world, _, id) = world_with_database().await;
    let eve = world.register("eve").await;
    let answer = world.post(&eve, "/api/v1/search", json!({ "query": "x", "databases": [id] })).await;
    assert_eq!((answer.status, &*answer.code()), (StatusCode::NOT_FOUND, "NOT_FOUND"));
    assert_eq!(answer.json()["error"]["details"], json!({ "resource": "database", "id": id }));
}

#[actix_web::test]
async fn only_when_all_fail_does_a_search_fail() {
    let (world, token, id) = world_with_database().await;
    let search = || world.post(&token, "/api/v1/search", json!({ "query": "parcel" }));
    world.index.become_(Mood::Failing(PortErrorKind::Timeout));
    let answer = search().await;
    assert_eq!((answer.status, &*answer.code()), (StatusCode::GATEWAY_TIMEOUT, "QUERY_TIMEOUT"));
    let failure = &answer.json()["error"]["details"]["failures"][0];
    assert_eq!(
        (failure["databaseId"].as_str(), failure["code"].as_str()),
        (Some(&*id), Some("QUERY_TIMEOUT"))
    );

    world.index.become_(Mood::Failing(PortErrorKind::Unavailable));
    let answer = search().await;
    assert_eq!((answer.status, &*answer.code()), (StatusCode::BAD_GATEWAY, "CONNECTION_FAILED"));
    answer.assert_enveloped();
}

#[actix_web::test]
async fn a_panic_within_a_search_is_a_500_in_the_envelope() {
    let (world, token, _) = world_with_database().await;
    world.index.become_(Mood::Panicking);
    let answer = world.post(&token, "/api/v1/search", json!({ "query": "parcel" })).await;
    assert_eq!((answer.status, &*answer.code()), (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR"));
    answer.assert_enveloped();
    world.index.become_(Mood::Well);
    let answer = world.post(&token, "/api/v1/search", json!({ "query": "parcel" })).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[actix_web::test]
async fn semantic_mode_says_what_it_does_without() {
    let (world, token, _) = world_with_database().await;
    let answer =
        world.post(&token, "/api/v1/search", json!({ "query": "parcel", "searchMode": "semantic" })).await;
    assert_eq!(answer.json()["data"]["degraded"], json!(["ai"]));
}

#[actix_web::test]
async fn an_analysis_tells_of_each_table_and_takes_no_other_field() {
    let (world, token, id) = world_with_database().await;
    let path = "/api/v1/search/analyze";
    let answer = world.post(&token, path, json!({ "query": "\"damaged parcel\"" })).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.assert_enveloped();
    let analysis = &answer.json()["data"];
    assert_eq!(analysis["parsed"]["expression"], "\"damaged parcel\"");
    let table = &analysis["performance"][&id]["tables"][0];
    assert_eq!((&table["table"], &table["index"]), (&json!("articles"), &Value::Null));
    let faulty = world.post(&token, path, json!({ "limit": 3, "searchMode": "fuzzy" })).await;
    assert_eq!(faulty.fields(), ["query", "searchMode", "limit"]);
    world.index.become_(Mood::Failing(PortErrorKind::Timeout));
    let other = world.register("eve").await;
    let foreign = world.post(&other, path, json!({ "query": "parcel", "databases": [id] })).await;
    assert_eq!((foreign.status, &*foreign.code()), (StatusCode::NOT_FOUND, "NOT_FOUND"));
}

#[actix_web::test]
async fn trends_are_told_to_who_asks_for_analytics() {
    let (world, token, _) = world_with_database().await;
    let plain = world.post(&token, "/api/v1/search", json!({ "query": "parcel" })).await;
    assert_eq!(plain.json()["data"]["trends"], Value::Null);
    let body = json!({ "query": "damaged parcel", "includeAnalytics": true });
    let told = world.post(&token, "/api/v1/search", body).await;
    let days = told.json()["data"]["trends"].as_array().cloned().unwrap_or_default();
    assert_eq!(days.len(), 30);
    assert_eq!((&days[29]["searches"], &days[29]["uniqueQueries"]), (&json!(2), &json!(2)));
}
