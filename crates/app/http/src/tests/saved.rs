//! Searches that are kept under a name.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use super::world::{Answer, World};

const SAVED: &str = "/api/v1/search/saved";

struct Desk {
    world: World,
    token: String,
    database: String,
}

impl Desk {
    async fn new() -> Self {
        let world = World::new();
        let token = world.register("ada").await;
        let database = world.database(&token, "one").await;
        Self { world, token, database }
    }

    async fn save(&self, name: &str, request: Value) -> Answer {
        self.world.post(&self.token, SAVED, json!({ "name": name, "request": request })).await
    }

    /// Saves, and gives the id.
    async fn saved(&self, name: &str, request: Value) -> String {
        let answer = self.save(name, request).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.text("/data/id")
    }

    async fn run(&self, id: &str) -> Answer {
        self.world.post(&self.token, &format!("{SAVED}/{id}/run"), json!({})).await
    }
}

#[actix_web::test]
async fn a_search_is_saved_shown_and_run_as_it_was_posted() {
    let desk = Desk::new().await;
    let request = json!({
        "query": "parcel", "limit": 2, "fields": ["title"], "databases": [desk.database], "highlight": {},
    });
    let id = desk.saved(" Parcels ", request.clone()).await;
    let shown = desk.world.get(&desk.token, &format!("{SAVED}/{id}")).await;
    let data = &shown.json()["data"];
    assert_eq!(
        (&data["name"], &data["request"], &data["broken"]),
        (&json!("Parcels"), &request, &json!(false))
    );
    assert_eq!(desk.world.get(&desk.token, SAVED).await.json()["data"], json!([data]));
    let results = desk.run(&id).await;
    assert_eq!(results.status, StatusCode::OK, "{results:?}");
    let results = &results.json()["data"];
    assert_eq!((results["results"].as_array().map(Vec::len), &results["limit"]), (Some(2), &json!(2)));
}

#[actix_web::test]
async fn faults_of_a_saved_search_are_told_all_at_once() {
    let desk = Desk::new().await;
    let answer = desk.save("", json!({ "query": "", "limit": 0, "querry": 1 })).await;
    assert_eq!(answer.code(), "VALIDATION_ERROR");
    assert_eq!(answer.fields(), ["name", "request.query", "request.limit", "request.querry"]);
    let nothing = desk.world.post(&desk.token, SAVED, json!({ "title": 1 })).await;
    assert_eq!(nothing.fields(), ["name", "request", "title"]);
}

#[actix_web::test]
async fn a_name_is_taken_without_case() {
    let desk = Desk::new().await;
    let request = || json!({ "query": "parcel" });
    let first = desk.saved("Parcels", request()).await;
    let second = desk.saved("Letters", request()).await;
    let taken = desk.save("PARCELS", request()).await;
    assert_eq!((taken.status, &*taken.code()), (StatusCode::CONFLICT, "RESOURCE_CONFLICT"));
    let path = format!("{SAVED}/{second}");
    let body = json!({ "name": "parcels", "request": request() });
    assert_eq!(desk.world.put(&desk.token, &path, body.clone()).await.status, StatusCode::CONFLICT);
    let path = format!("{SAVED}/{first}");
    let replaced = desk.world.put(&desk.token, &path, body).await;
    assert_eq!((replaced.status, &*replaced.text("/data/name")), (StatusCode::OK, "parcels"));
}

#[actix_web::test]
async fn a_removed_database_is_taken_out_and_one_left_with_none_is_broken() {
    let desk = Desk::new().await;
    let second = desk.world.database(&desk.token, "two").await;
    let both = json!({ "query": "parcel", "databases": [desk.database, second] });
    let id = desk.saved("both", both).await;
    let remove = async |id: &str| desk.world.delete(&desk.token, &format!("/api/v1/databases/{id}")).await;
    let show = async || desk.world.get(&desk.token, &format!("{SAVED}/{id}")).await.json()["data"].clone();
    remove(&desk.database).await;
    assert_eq!(
        (&show().await["request"]["databases"], &show().await["broken"]),
        (&json!([second]), &json!(false))
    );
    assert_eq!(desk.run(&id).await.status, StatusCode::OK);
    remove(&second).await;
    let broken = show().await;
    assert_eq!((&broken["request"]["databases"], &broken["broken"]), (&Value::Null, &json!(true)));
    let refused = desk.run(&id).await;
    assert_eq!((refused.status, &*refused.code()), (StatusCode::CONFLICT, "RESOURCE_CONFLICT"));
}

#[actix_web::test]
async fn what_belongs_to_others_is_as_good_as_none() {
    let desk = Desk::new().await;
    let id = desk.saved("mine", json!({ "query": "parcel" })).await;
    let eve = desk.world.register("eve").await;
    let body = json!({ "name": "x", "request": { "query": "x" } });
    for path in [
        format!("{SAVED}/{id}"),
        format!("{SAVED}/0196f000-0000-7000-8000-000000000001"),
        format!("{SAVED}/x"),
    ] {
        for answer in [
            desk.world.get(&eve, &path).await,
            desk.world.put(&eve, &path, body.clone()).await,
            desk.world.delete(&eve, &path).await,
            desk.world.post(&eve, &format!("{path}/run"), json!({})).await,
        ] {
            assert_eq!((answer.status, &*answer.code()), (StatusCode::NOT_FOUND, "NOT_FOUND"), "{answer:?}");
        }
    }
    let foreign = json!({ "name": "x", "request": { "query": "x", "databases": [desk.database] } });
    let refused = desk.world.post(&eve, SAVED, foreign).await;
    assert_eq!(
        (refused.status, refused.text("/error/details/id")),
        (StatusCode::NOT_FOUND, desk.database.clone())
    );
    assert_eq!(desk.world.get(&eve, SAVED).await.json()["data"], json!([]));
    let gone = desk.world.delete(&desk.token, &format!("{SAVED}/{id}")).await;
    assert_eq!(gone.status, StatusCode::OK);
    assert_eq!(desk.run(&id).await.status, StatusCode::NOT_FOUND);
}
