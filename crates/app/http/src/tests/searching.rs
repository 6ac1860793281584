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
