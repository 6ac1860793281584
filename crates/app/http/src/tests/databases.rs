//! Connections and their schemas.

use actix_web::{http::StatusCode, test::TestRequest};
use altus4_connections::testkit::FakeProbe;
use altus4_kernel::{Change, Plan, PortErrorKind};
use serde_json::{Value, json};

use super::world::{World, bearer, database};
use crate::HttpConfig;

fn delete(path: &str, token: &str) -> TestRequest {
    bearer(TestRequest::delete().uri(path), token)
}

#[actix_web::test]
async fn a_connection_is_shown_without_its_password() {
    let world = World::new();
    let token = world.register("ada").await;
    let answer = world.post(&token, "/api/v1/databases", database("Help centre")).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    answer.assert_enveloped();
    insta::assert_json_snapshot!(answer.json()["data"]);
    let id = answer.text("/data/id");
    for path in ["/api/v1/databases".to_owned(), format!("/api/v1/databases/{id}")] {
        let listed = world.get(&token, &path).await;
        assert!(!String::from_utf8_lossy(&listed.body).contains("hunter2"));
    }
}

#[actix_web::test]
async fn tls_comes_back_as_it_was_given() {
    let world = World::new();
    let token = world.register("ada").await;
    let ca = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
    let detailed =
        json!({ "enabled": true, "rejectUnauthorized": false, "ca": ca, "serverName": "db.internal" });
    let cases = [
        (json!(false), json!(false)),
        (json!(true), json!(true)),
        (json!({ "enabled": false }), json!(false)),
        (json!({}), json!(true)),
        (detailed.clone(), detailed),
    ];
    for (number, (given, shown)) in cases.into_iter().enumerate() {
        let mut body = database(&format!("db {number}"));
        body["ssl"] = given;
        assert_eq!(world.post(&token, "/api/v1/databases", body).await.json()["data"]["ssl"], shown);
    }
}

#[actix_web::test]
async fn every_field_of_a_connection_is_checked() {
    let world = World::new();
    let token = world.register("ada").await;
    let body = json!({
        "name": "", "engine": "mysql", "host": "http://x", "port": 0, "database": "", "username": "\u{0}",
        "password": 5, "ssl": { "enabled": "yes", "ca": "none", "cert": 1 },
        "connectionOptions": { "connectionLimit": 51, "timeout": 10 },
        "searchOptions": { "defaultSearchTables": [7], "allow": true }, "isActive": 1, "userId": "x",
    });
    let answer = world.post(&token, "/api/v1/databases", body).await;
    let mut fields = answer.fields();
    fields.sort();
    insta::assert_json_snapshot!(fields);
    let empty = world.post(&token, "/api/v1/databases", json!({})).await;
    assert_eq!(empty.fields(), ["name", "database", "host", "username", "password"]);
}

#[actix_web::test]
async fn a_sqlite_file_needs_no_server() {
    let world = World::new();
    let token = world.register("ada").await;
    let body = json!({ "name": "x", "engine": "sqlite", "database": "x.db", "host": "h", "ssl": false });
    let answer = world.post(&token, "/api/v1/databases", body).await;
    assert_eq!(answer.fields(), ["host"]);
    let body = json!({ "name": "x", "engine": "sqlite", "database": "x.db" });
    let answer = world.post(&token, "/api/v1/databases", body).await;
    assert_eq!((&*answer.code(), answer.fields()), ("VALIDATION_ERROR", vec!["engine".to_owned()]));
}

#[actix_web::test]
async fn anothers_database_is_as_if_it_were_not() {
    let world = World::new();
    let (ada, eve) = (world.register("ada").await, world.register("eve").await);
    let owned = world.database(&ada, "one").await;
    let never = "0196f000-0000-7000-8000-000000000001";
    let routes = [
        ("GET", ""),
        ("PUT", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/test"),
        ("GET", "/status"),
        ("GET", "/schema"),
    ];
    for (method, rest) in routes {
        let mut answers = Vec::new();
        for id in [owned.as_str(), never] {
            let request = TestRequest::default()
                .method(method.parse().unwrap())
                .uri(&format!("/api/v1/databases/{id}{rest}"))
                .insert_header(("x-request-id", "same"));
            let request =
                if method.starts_with('P') { request.set_json(json!({ "port": 0 })) } else { request };
            let answer = world.send(bearer(request, &eve)).await;
            assert_eq!(
                (answer.status, &*answer.code()),
                (StatusCode::NOT_FOUND, "NOT_FOUND"),
                "{method} {rest}"
            );
            assert_eq!(answer.json()["error"]["details"], json!({ "resource": "database", "id": id }));
            let mut json = answer.json();
            json["meta"]["executionTime"] = Value::Null;
            answers.push(json.to_string().replace(id, "ID"));
        }
        assert_eq!(answers[0], answers[1]);
    }
    assert_eq!(world.get(&ada, &format!("/api/v1/databases/{owned}")).await.status, StatusCode::OK);
    let no_id = world.get(&ada, "/api/v1/databases/not-an-id").await;
    assert_eq!((no_id.status, &*no_id.code()), (StatusCode::NOT_FOUND, "NOT_FOUND"));
}

#[actix_web::test]
async fn a_change_is_shown_and_announced() {
    let world = World::new();
    let token = world.register("ada").await;
    let id = world.database(&token, "one").await;
    let path = format!("/api/v1/databases/{id}");
    world.listener.heard();
    let body = json!({ "name": "two", "password": "hunter3-of-the-database", "ssl": true });
    let answer = world.put(&token, &path, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.assert_enveloped();
    assert!(!String::from_utf8_lossy(&answer.body).contains("hunter"));
    insta::assert_json_snapshot!(answer.json()["data"]);
    assert_eq!(world.get(&token, &path).await.json()["data"], answer.json()["data"]["database"]);
    let heard = world.listener.heard();
    let [Change::Connection(_, heard)] = heard[..] else { panic!("{heard:?}") };
    assert_eq!(heard.to_string(), id);

    world.database(&token, "three").await;
    world.listener.heard();
    let taken = world.put(&token, &path, json!({ "name": "THREE" })).await;
    assert_eq!((taken.status, &*taken.code()), (StatusCode::CONFLICT, "RESOURCE_CONFLICT"));
    let faulty = world.put(&token, &path, json!({ "name": "", "engine": "sqlite", "port": 0, "x": 1 })).await;
    assert_eq!(faulty.fields(), ["engine", "name", "port", "x"]);
    assert_eq!(world.put(&token, &path, json!({})).await.status, StatusCode::OK);
    assert_eq!(world.listener.heard(), [], "nothing was changed");
}

#[actix_web::test]
async fn the_status_is_shown_whatever_it_is() {
    let world = World::new();
    let token = world.register("ada").await;
    let id = world.database(&token, "one").await;
    let answer = world.get(&token, &format!("/api/v1/databases/{id}/status")).await;
    answer.assert_enveloped();
    insta::assert_json_snapshot!(answer.json()["data"]);
    assert_eq!(world.get(&token, "/api/v1/databases/status").await.json()["data"], json!({ id: true }));

    let world = World::with(HttpConfig::default(), FakeProbe::failing(PortErrorKind::NotPermitted));
    let token = world.register("ada").await;
    let id = world.database(&token, "one").await;
    let answer = world.get(&token, &format!("/api/v1/databases/{id}/status")).await;
    assert_eq!(answer.status, StatusCode::OK);
    insta::assert_json_snapshot!(answer.json()["data"]);
    assert_eq!(world.get(&token, "/api/v1/databases/status").await.json()["data"], json!({ id: false }));
}

#[actix_web::test]
async fn a_removed_connection_is_gone() {
    let world = World::new();
    let token = world.register("ada").await;
    let path = format!("/api/v1/databases/{}", world.database(&token, "one").await);
    let answer = world.send(delete(&path, &token)).await;
    assert_eq!(answer.text("/data/removedAt"), "2026-01-15T10:30:00.000Z");
    assert_eq!(world.send(delete(&path, &token)).await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.get(&token, "/api/v1/databases").await.json()["data"], json!([]));
}

#[actix_web::test]
async fn names_and_plans_are_bounds() {
    let world = World::new();
    let token = world.register_with("ada", Plan::Free).await;
    world.database(&token, "one").await;
    let taken = world.post(&token, "/api/v1/databases", database("ONE")).await;
    assert_eq!((taken.status, &*taken.code()), (StatusCode::CONFLICT, "RESOURCE_CONFLICT"));
    world.database(&token, "two").await;
    world.database(&token, "three").await;
    let over = world.post(&token, "/api/v1/databases", database("four")).await;
    assert_eq!((over.status, &*over.code()), (StatusCode::FORBIDDEN, "TIER_LIMITATION"));
    let expected = json!({ "currentTier": "free", "requiredTier": "pro", "feature": "connections" });
    assert_eq!(over.json()["error"]["details"], expected);
}

#[actix_web::test]
async fn testing_tells_what_the_server_said() {
    let world = World::new();
    let token = world.register("ada").await;
    let id = world.database(&token, "one").await;
    let request = bearer(TestRequest::post().uri(&format!("/api/v1/databases/{id}/test")), &token);
    let answer = world.send(request).await;
    insta::assert_json_snapshot!(answer.json()["data"]);
    let mut unsaved = database("x");
    unsaved.as_object_mut().unwrap().remove("name");
    let answer = world.post(&token, "/api/v1/databases/test", unsaved).await;
    assert_eq!(answer.json()["data"]["connected"], true);
}

#[actix_web::test]
async fn a_server_that_cannot_be_reached_is_a_502_however_it_fails() {
    for kind in [PortErrorKind::Unavailable, PortErrorKind::NotPermitted, PortErrorKind::Timeout] {
        let world = World::with(HttpConfig::default(), FakeProbe::failing(kind));
        let token = world.register("ada").await;
        let saved = world.post(&token, "/api/v1/databases", database("x")).await;
        assert_eq!((saved.status, &*saved.text("/data/status")), (StatusCode::CREATED, "error"));
        let answer = world.post(&token, "/api/v1/databases/test", database("x")).await;
        assert_eq!(
            (answer.status, &*answer.code()),
            (StatusCode::BAD_GATEWAY, "CONNECTION_FAILED"),
            "{kind:?}"
        );
        assert!(answer.json()["error"]["details"]["error"].is_string());
        answer.assert_enveloped();
    }
}

#[actix_web::test]
async fn the_schema_is_shown_as_the_contract_has_it() {
    let world = World::new();
    let token = world.register("ada").await;
    let id = world.database(&token, "one").await;
    let answer = world.get(&token, &format!("/api/v1/databases/{id}/schema?refresh=true")).await;
    assert_eq!(answer.status, StatusCode::OK);
    insta::assert_json_snapshot!(answer.json()["data"]);
    let odd = world.get(&token, &format!("/api/v1/databases/{id}/schema?refresh=perhaps")).await;
    assert_eq!(odd.fields(), ["refresh"]);
}
