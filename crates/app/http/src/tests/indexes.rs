//! Advice on indexes, and making them.

use std::time::Duration;

use actix_web::http::StatusCode;
use altus4_connections::{Access, SearchEvidence, Searched};
use altus4_kernel::ConnectionId;
use serde_json::json;

use super::world::World;

#[actix_web::test]
async fn an_index_is_asked_for_and_looked_after() {
    let world = World::new();
    let token = world.register("ada").await;
    let path = format!("/api/v1/databases/{}/indexes", world.database(&token, "one").await);
    let made = world.post(&token, &path, json!({ "table": "articles", "columns": ["body"] })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    insta::assert_json_snapshot!("an_index_job", made.json()["data"], { ".id" => "[id]", ".jobId" => "[id]" });
    let job = world.get(&token, &format!("{path}/{}", made.text("/data/jobId"))).await;
    assert_eq!(job.json()["data"], made.json()["data"]);
    let again = world.post(&token, &path, json!({ "table": "articles", "columns": ["title"] })).await;
    assert_eq!((again.status, &*again.code()), (StatusCode::CONFLICT, "RESOURCE_CONFLICT"));
    let unknown = world.get(&token, &format!("{path}/0196f000-0000-7000-8000-000000000001")).await;
    assert_eq!((unknown.status, &*unknown.code()), (StatusCode::NOT_FOUND, "NOT_FOUND"));
    assert_eq!(unknown.text("/error/details/resource"), "indexJob");
}

#[actix_web::test]
async fn every_field_of_an_index_is_checked() {
    let world = World::new();
    let token = world.register("ada").await;
    let path = format!("/api/v1/databases/{}/indexes", world.database(&token, "one").await);
    for (body, fields) in [
        (json!({}), vec!["table", "columns"]),
        (
            json!({ "table": "", "columns": [], "name": "x ", "parser": "a b", "sql": "DROP" }),
            vec!["table", "columns", "name", "parser", "sql"],
        ),
        (json!({ "table": "articles", "columns": ["nothing", "title", "`"] }), vec!["columns", "columns"]),
        (json!({ "table": "nothing", "columns": ["title"] }), vec!["table"]),
        (json!({ "table": "articles", "columns": ["weight"] }), vec!["columns"]),
    ] {
        let answer = world.post(&token, &path, body.clone()).await;
        assert_eq!(
            (answer.status, answer.fields()),
            (StatusCode::BAD_REQUEST, fields.iter().map(|&field| field.to_owned()).collect()),
            "{body}"
        );
    }
    let there = world.post(&token, &path, json!({ "table": "articles", "columns": ["body", "title"] })).await;
    assert_eq!((there.status, there.text("/error/details/name")), (StatusCode::CONFLICT, "ft".to_owned()));
}

#[actix_web::test]
async fn a_recommendation_has_its_statement_its_evidence_and_its_cost() {
    let world = World::new();
    let token = world.register("ada").await;
    let id = world.database(&token, "one").await;
    let connection_id: ConnectionId = id.parse().unwrap();
    for _ in 0..10 {
        world.evidence.note(Searched {
            connection_id,
            table: "articles".to_owned(),
            columns: vec!["title".to_owned()],
            access: Access::Indexed,
            took: Duration::from_millis(4),
        });
    }
    let path = format!("/api/v1/databases/{id}/indexes/recommendations");
    let answer = world.get(&token, &path).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    insta::assert_json_snapshot!("recommendations", answer.json()["data"]);
}

#[actix_web::test]
async fn anothers_database_gives_no_advice_and_gets_no_index() {
    let world = World::new();
    let (ada, eve) = (world.register("ada").await, world.register("eve").await);
    let id = world.database(&ada, "one").await;
    let path = format!("/api/v1/databases/{id}/indexes");
    let made = world.post(&ada, &path, json!({ "table": "articles", "columns": ["body"] })).await;
    let answers = [
        world.get(&eve, &format!("{path}/recommendations")).await,
        world.get(&eve, &format!("{path}/{}", made.text("/data/jobId"))).await,
        world.post(&eve, &path, json!({ "table": "articles", "columns": ["body"] })).await,
        world.post(&eve, &path, json!({})).await,
    ];
    for answer in answers {
        assert_eq!(
            (answer.status, answer.text("/error/details/resource")),
            (StatusCode::NOT_FOUND, "database".to_owned())
        );
    }
}
