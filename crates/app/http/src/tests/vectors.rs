//! Vectors of tables: asked for, shown, removed.

use std::sync::Arc;

use actix_web::http::StatusCode;
use altus4_connections::{ByEngine, ConnectionService};
use altus4_kernel::{
    ChangeFeed, Clock,
    testkit::{InstantTimer, SequentialIds},
    uuid::Uuid,
};
use altus4_search::{
    Embedders, FullTextIndex, VectorPorts, VectorService, VectorSettings,
    testkit::{InMemoryEmbedder, InMemoryVectorIndex, InMemoryVectorRecords},
};
use serde_json::json;

use super::world::World;

/// A service with a model, of which nobody does the work.
pub(super) fn vector_service(
    connections: &ConnectionService,
    indexes: &ByEngine<dyn FullTextIndex>,
    changes: &ChangeFeed,
    (clock, ids): (&Arc<dyn Clock>, &Arc<SequentialIds>),
) -> VectorService {
    let ports = VectorPorts {
        connections: connections.clone(),
        indexes: indexes.clone(),
        vectors: Arc::new(InMemoryVectorIndex::default()),
        place: Uuid::nil(),
        embedders: Embedders { local: Some(Arc::new(InMemoryEmbedder::default())), external: None },
        records: Arc::new(InMemoryVectorRecords::default()),
        changes: changes.clone(),
        clock: Arc::clone(clock),
        ids: ids.clone(),
        timer: Arc::new(InstantTimer::Never),
    };
    VectorService::new(ports, VectorSettings::default()).0
}

#[actix_web::test]
async fn a_vector_index_is_asked_for_shown_and_removed() {
    let world = World::new();
    let token = world.register("ada").await;
    let path = format!("/api/v1/databases/{}/vectors", world.database(&token, "one").await);
    let body = json!({ "table": "articles", "columns": ["body", "title"], "keyColumn": "id" });
    let made = world.post(&token, &path, body.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    insta::assert_json_snapshot!("a_vector_index", made.json()["data"], {
        ".id" => "[id]", ".databaseId" => "[id]"
    });
    let one = format!("{path}/{}", made.text("/data/id"));
    assert_eq!(world.get(&token, &one).await.json()["data"], made.json()["data"]);
    assert_eq!(world.get(&token, &path).await.json()["data"], json!([made.json()["data"]]));
    let again = world.post(&token, &path, body).await;
    assert_eq!((again.status, &*again.code()), (StatusCode::CONFLICT, "RESOURCE_CONFLICT"));
    let gone = world.delete(&token, &one).await;
    assert_eq!((gone.status, gone.text("/data/removedAt").is_empty()), (StatusCode::OK, false));
    for answer in [world.get(&token, &one).await, world.delete(&token, &one).await] {
        assert_eq!((answer.status, &*answer.code()), (StatusCode::NOT_FOUND, "NOT_FOUND"));
        assert_eq!(answer.text("/error/details/resource"), "vectorIndex");
    }
    assert_eq!(world.get(&token, &path).await.json()["data"], json!([]));
}

#[actix_web::test]
async fn every_field_of_a_vector_index_is_checked() {
    let world = World::new();
    let token = world.register("ada").await;
    let path = format!("/api/v1/databases/{}/vectors", world.database(&token, "one").await);
    for (body, fields) in [
        (json!({}), vec!["table", "columns"]),
        (
            json!({ "table": "", "columns": [], "keyColumn": 7, "updatedColumn": "", "model": "x" }),
            vec!["table", "columns", "keyColumn", "updatedColumn", "model"],
        ),
        (
            json!({ "table": "articles", "columns": ["nothing", "weight", "body"],
                    "keyColumn": "title", "updatedColumn": "tags" }),
            vec!["columns", "columns", "keyColumn", "updatedColumn"],
        ),
        (json!({ "table": "nothing", "columns": ["title"] }), vec!["table"]),
    ] {
        let answer = world.post(&token, &path, body.clone()).await;
        assert_eq!(
            (answer.status, answer.fields()),
            (StatusCode::BAD_REQUEST, fields.iter().map(|&field| field.to_owned()).collect()),
            "{body}"
        );
    }
}

#[actix_web::test]
async fn anothers_database_gives_and_gets_no_vectors() {
    let world = World::new();
    let (ada, eve) = (world.register("ada").await, world.register("eve").await);
    let path = format!("/api/v1/databases/{}/vectors", world.database(&ada, "one").await);
    let body = json!({ "table": "articles", "columns": ["body"] });
    let made = world.post(&ada, &path, body.clone()).await;
    let one = format!("{path}/{}", made.text("/data/id"));
    let answers = [
        world.get(&eve, &path).await,
        world.get(&eve, &one).await,
        world.delete(&eve, &one).await,
        world.post(&eve, &path, body).await,
        world.post(&eve, &path, json!({})).await,
    ];
    for answer in answers {
        assert_eq!(
            (answer.status, answer.text("/error/details/resource")),
            (StatusCode::NOT_FOUND, "database".to_owned())
        );
    }
    assert_eq!(world.get(&ada, &one).await.status, StatusCode::OK);
}
