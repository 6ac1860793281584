//! What stands around searches: the cache, several at once, history, trends, events, suggestions.

use std::time::Duration;

use actix_web::http::StatusCode;
use altus4_kernel::PortErrorKind;
use serde_json::{Value, json};

use super::world::{Mood, Scene, World};

/// A service that keeps answers for half a minute, an account with a database, and its token.
async fn world() -> (World, String, String) {
    let world = World::of(Scene { answers_kept: Duration::from_secs(30), ..Scene::default() });
    let token = world.register("ada").await;
    let id = world.database(&token, "one").await;
    (world, token, id)
}

async fn search(world: &World, token: &str, query: &str) -> Value {
    let answer = world.post(token, "/api/v1/search", json!({ "query": query })).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()["data"].clone()
}

#[actix_web::test]
async fn the_same_search_is_answered_from_the_cache_under_another_id() {
    let (world, token, _) = world().await;
    let (first, again) = (search(&world, &token, "parcel").await, search(&world, &token, "parcel").await);
    assert_eq!((&first["cached"], &again["cached"]), (&json!(false), &json!(true)));
    assert_eq!(first["results"], again["results"]);
    assert_ne!(first["searchId"], again["searchId"]);
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(search(&world, &token, "parcel").await["cached"], false);
}

#[actix_web::test]
async fn what_failed_is_tried_again() {
    let (world, token, _) = world().await;
    world.index.become_(Mood::Failing(PortErrorKind::Timeout));
    let failed = world.post(&token, "/api/v1/search", json!({ "query": "parcel" })).await;
    assert_eq!(failed.code(), "QUERY_TIMEOUT");
    world.index.become_(Mood::Well);
    assert_eq!(search(&world, &token, "parcel").await["cached"], false);
}

#[actix_web::test]
async fn several_searches_are_answered_in_their_places() {
    let (world, token, id) = world().await;
    let foreign = "0196f000-0000-7000-8000-000000000001";
    let body = json!({ "queries": [
        { "query": "parcel", "limit": 1 },
        { "query": "parcel", "databases": [foreign] },
        { "query": "parcel", "databases": [id], "limit": 2 },
    ] });
    let answer = world.post(&token, "/api/v1/search/multi", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let results = answer.json()["data"]["results"].clone();
    assert_eq!((&results[0]["limit"], &results[2]["limit"]), (&json!(1), &json!(2)));
    let error = &results[1]["error"];
    assert_eq!((&error["code"], &error["details"]["id"]), (&json!("NOT_FOUND"), &json!(foreign)));
    let alone = json!({ "queries": [{ "query": "parcel", "databases": [foreign] }] });
    let refused = world.post(&token, "/api/v1/search/multi", alone).await;
    assert_eq!((refused.status, &*refused.code()), (StatusCode::NOT_FOUND, "NOT_FOUND"));
}

#[actix_web::test]
async fn history_is_the_accounts_own_and_newest_first() {
    let (world, token, id) = world().await;
    let (key, key_id) =
        world.make_key(&token, json!({ "name": "Searcher", "permissions": ["search"] })).await;
    let first = search(&world, &token, "Lost parcel").await;
    world.clock.advance(Duration::from_secs(1));
    let second = search(&world, &key, "Lost parcel").await;
    let history = world.get(&token, "/api/v1/search/history").await;
    assert_eq!(history.status, StatusCode::OK, "{history:?}");
    let items = history.json()["data"].clone();
    assert_eq!((&items[0]["id"], &items[1]["id"]), (&second["searchId"], &first["searchId"]));
    let shown = json!([
        items[0]["apiKeyId"],
        items[0]["cached"],
        items[0]["query"],
        items[0]["database"],
        items[0]["databases"],
        items[0]["searchMode"],
        items[0]["resultCount"],
        items[0]["status"],
        items[1]["apiKeyId"],
    ]);
    let expected = json!([key_id, true, "Lost parcel", id, [id], "natural", 3, "success", Value::Null]);
    assert_eq!(shown, expected);
    let part = world.get(&token, "/api/search/history?limit=1&offset=1").await.json()["data"].clone();
    assert_eq!(part, json!([items[1]]));
    let none = world.get(&token, "/api/v1/search/history?to=2026-01-14").await.json()["data"].clone();
    assert_eq!(none, json!([]));
    let eve = world.register("eve").await;
    assert_eq!(world.get(&eve, "/api/v1/search/history").await.json()["data"], json!([]));
    let faulty = world.get(&token, "/api/v1/search/history?limit=0&from=x&to=y&page=2").await;
    assert_eq!(faulty.fields(), ["limit", "from", "to", "page"]);
}

#[actix_web::test]
async fn trends_show_every_day_of_the_period() {
    let (world, token, _) = world().await;
    for query in ["Parcel", "parcel ", "letter"] {
        search(&world, &token, query).await;
    }
    world.clock.advance(Duration::from_hours(48));
    let token = world.login("ada").await;
    search(&world, &token, "letter").await;
    search(&world, &token, "letter").await;
    let answer = world.get(&token, "/api/v1/search/trends?environment=all&startDate=2026-01-14").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let day = |date: &str, searches: u32, unique: u32| json!({ "date": date, "searches": searches, "uniqueQueries": unique });
    let expected = json!({
        "trends": [day("2026-01-14", 0, 0), day("2026-01-15", 3, 2), day("2026-01-16", 0, 0), day("2026-01-17", 2, 1)],
        "summary": { "totalSearches": 5, "period": "custom", "topQuery": "letter" },
    });
    assert_eq!(answer.json()["data"], expected);
    let key = world.key(&token, &["search"]).await;
    assert_eq!(world.get(&key, "/api/v1/search/trends").await.code(), "INSUFFICIENT_PERMISSIONS");
}

#[actix_web::test]
async fn events_are_of_own_searches_alone() {
    let (world, token, _) = world().await;
    let found = search(&world, &token, "parcel").await;
    let event = |kind: &str| json!({ "searchId": found["searchId"], "resultId": found["results"][0]["id"], "type": kind, "position": 1 });
    let path = "/api/v1/search/events";
    let noted = world.post(&token, path, json!([event("click"), event("conversion")])).await;
    assert_eq!((noted.status, &noted.json()["data"]), (StatusCode::ACCEPTED, &json!({ "accepted": 2 })));
    let eve = world.register("eve").await;
    let refused = world.post(&eve, path, json!([event("click")])).await;
    assert_eq!((refused.status, &*refused.code()), (StatusCode::NOT_FOUND, "NOT_FOUND"));
    assert_eq!(refused.json()["error"]["details"]["ids"], json!([found["searchId"]]));
    let faulty = json!([
        event("look"), 1, { "searchId": "x", "resultId": "y", "type": "click", "position": 0, "at": 1 },
    ]);
    let fields = world.post(&token, path, faulty).await.fields();
    let expected =
        ["body[0].type", "body[1]", "body[2].searchId", "body[2].resultId", "body[2].position", "body[2].at"];
    assert_eq!(fields, expected);
    for body in [json!([]), json!({}), json!(vec![event("click"); 1_001])] {
        assert_eq!(world.post(&token, path, body).await.fields(), ["body"]);
    }
}

#[actix_web::test]
async fn suggestions_come_from_own_searches() {
    let (world, token, id) = world().await;
    for query in ["Parcel lost", "parcel lost", "parcel broken"] {
        search(&world, &token, query).await;
    }
    world.services.search_recorder.flush().await.unwrap();
    let link = format!("/api/v1/search/suggestions?q=PAR&databases={id}&tables=articles&limit=20");
    let answer = world.get(&token, &link).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let suggestions = answer.json()["data"]["suggestions"].clone();
    assert_eq!(
        (&suggestions[0]["text"], &suggestions[0]["type"]),
        (&json!("parcel lost"), &json!("popular"))
    );
    assert_eq!((&suggestions[1]["text"], &suggestions[2]), (&json!("parcel broken"), &Value::Null));
    let eve = world.register("eve").await;
    let hers = world.get(&eve, "/api/v1/search/suggestions?query=par").await;
    assert_eq!(hers.json()["data"]["suggestions"], json!([]));
    assert_eq!(world.get(&eve, &link).await.status, StatusCode::NOT_FOUND);
    let faulty = world.get(&token, "/api/v1/search/suggestions?limit=21&offset=1").await;
    assert_eq!(faulty.fields(), ["query", "limit", "offset"]);
}
