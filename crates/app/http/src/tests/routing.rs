//! Every route, whoever calls it, whatever it is called.

use actix_web::{
    HttpResponse,
    http::{Method, StatusCode},
    test::TestRequest,
};
use altus4_kernel::Permission;

use super::{
    entities::ENTITY,
    world::{World, bearer, request},
};
use crate::routes::{self, Access};

/// A path of the table with an id in place of its parameter.
fn concrete(path: &str) -> String {
    let id = "0196f000-0000-7000-8000-000000000001";
    path.replace("{id}", id)
        .replace("{jobId}", id)
        .replace("{vectorId}", id)
        .replace("{asset}", "start.js")
        .replace("{entity}", ENTITY)
        .replace("{name}", ENTITY)
}

#[actix_web::test]
async fn without_a_credential_only_public_routes_answer() {
    let world = World::new();
    for route in routes::table() {
        let answer = world.send(request(&route.method, &concrete(route.rule.path))).await;
        let name = format!("{} {}", route.method, route.rule.path);
        match route.rule.access {
            Access::Public | Access::Optional => {
                assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{name}");
            }
            Access::RefreshToken
            | Access::Session
            | Access::Uncounted
            | Access::Needs(_)
            | Access::Administrator => {
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{name}");
                let expected = if route.rule.path.starts_with("/api/v1/search") {
                    "INVALID_API_KEY"
                } else {
                    "UNAUTHORIZED"
                };
                assert_eq!(answer.code(), expected, "{name}");
                assert!(answer.header("www-authenticate").starts_with("Bearer"), "{name}");
                answer.assert_enveloped();
            }
        }
    }
}

#[actix_web::test]
async fn a_key_is_held_to_the_permission_in_the_table() {
    let world = World::new();
    for (number, route) in routes::table().into_iter().enumerate() {
        let name = format!("{} {}", route.method, route.rule.path);
        let (lacking, expected) = match route.rule.access {
            Access::Public | Access::Optional | Access::Uncounted => continue,
            Access::Administrator => (vec!["admin"], "INSUFFICIENT_PERMISSIONS"),
            Access::Session | Access::RefreshToken => (vec!["admin"], "SESSION_REQUIRED"),
            Access::Needs(needed) => {
                let others = Permission::ALL.into_iter().filter(|p| *p != needed && *p != Permission::Admin);
                (others.map(Permission::as_str).collect(), "INSUFFICIENT_PERMISSIONS")
            }
        };
        let account = world.register(&format!("ada{number}")).await;
        let key = world.key(&account, &lacking).await;
        let answer = world.send(bearer(request(&route.method, &concrete(route.rule.path)), &key)).await;
        assert_eq!((answer.status, &*answer.code()), (StatusCode::FORBIDDEN, expected), "{name}");
        answer.assert_enveloped();
        if let Access::Needs(needed) = route.rule.access {
            let details = &answer.json()["error"]["details"];
            assert_eq!(details["requiredPermissions"][0], needed.as_str(), "{name}");
            assert_eq!(details["currentPermissions"].as_array().map(Vec::len), Some(lacking.len()), "{name}");
            assert_eq!(answer.json()["meta"]["apiKeyTier"], "free", "{name}");
        }
    }
}

#[actix_web::test]
async fn a_session_or_a_key_with_the_permission_gets_past_the_gate() {
    let world = World::new();
    for (number, route) in routes::table().into_iter().enumerate() {
        let Access::Needs(needed) = route.rule.access else { continue };
        let account = world.register(&format!("ada{number}")).await;
        let key = world.key(&account, &[needed.as_str()]).await;
        for credential in [account, key] {
            let answer =
                world.send(bearer(request(&route.method, &concrete(route.rule.path)), &credential)).await;
            let refused =
                [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::INTERNAL_SERVER_ERROR];
            assert!(!refused.contains(&answer.status), "{} {}: {answer:?}", route.method, route.rule.path);
        }
    }
}

#[actix_web::test]
async fn nobody_unknown_has_a_body_read() {
    let world = World::new();
    let request = TestRequest::post().uri("/api/v1/databases").set_payload("{not json");
    assert_eq!(world.send(request).await.code(), "UNAUTHORIZED");
}

#[actix_web::test]
async fn an_unknown_path_is_404_in_the_envelope() {
    let world = World::new();
    for path in ["/", "/api", "/api/v1", "/api/v1/nothing", "/api/v2/search", "/nothing", "/api/v1/search/x"]
    {
        let answer = world.get("", path).await;
        assert_eq!((answer.status, &*answer.code()), (StatusCode::NOT_FOUND, "NOT_FOUND"), "{path}");
        answer.assert_enveloped();
    }
}

#[actix_web::test]
async fn a_wrong_method_is_405_with_those_allowed() {
    let world = World::new();
    for (method, path, allow) in [
        (Method::DELETE, "/api/v1/databases", "GET, HEAD, POST"),
        (Method::PUT, "/api/search", "POST, GET, HEAD"),
        (Method::GET, "/api/v1/auth/login", "POST"),
        (Method::POST, "/health", "GET, HEAD"),
        (Method::OPTIONS, "/api/v1/search", "POST, GET, HEAD"),
        (Method::TRACE, "/api/v1/search", "POST, GET, HEAD"),
        (Method::GET, "/api/v1/databases/test", "POST"),
    ] {
        let answer = world.send(request(&method, path)).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert_eq!(
            (&*answer.code(), answer.header("allow")),
            ("METHOD_NOT_ALLOWED", allow),
            "{method} {path}"
        );
        answer.assert_enveloped();
    }
}

#[actix_web::test]
async fn every_path_has_its_other_spellings() {
    let world = World::new();
    for route in routes::table() {
        let path = concrete(route.rule.path);
        let older = path.replacen("/api/v1/", "/api/", 1);
        let first = world.send(request(&route.method, &path)).await;
        for spelling in [format!("{path}/"), older.clone(), format!("{older}/")] {
            let other = world.send(request(&route.method, &spelling)).await;
            assert_eq!((other.status, other.code()), (first.status, first.code()), "{spelling}");
            assert_ne!(other.code(), "METHOD_NOT_ALLOWED", "{spelling}");
        }
    }
    for alias in ["/api/v1/status", "/api/status"] {
        assert_eq!(world.get("", alias).await.text("/data/status"), "healthy", "{alias}");
    }
    for alias in ["/api/v1/api-keys", "/api/api-keys/legacy-status", "/api/metrics", "/api/analytics/usage"] {
        let credential = world.register(&alias.replace('/', "-")).await;
        assert_eq!(world.get(&credential, alias).await.status, StatusCode::OK, "{alias}");
    }
    let setup = TestRequest::post().uri("/api/management/setup-initial-api-key");
    assert_eq!(world.send(setup).await.code(), "UNAUTHORIZED");
}

#[actix_web::test]
async fn head_answers_like_get() {
    let world = World::new();
    assert_eq!(world.send(request(&Method::HEAD, "/health/live")).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_panic_is_a_500_in_the_envelope_and_nothing_more() {
    async fn panicking() -> HttpResponse {
        panic!("of a handler")
    }
    let world = World::new();
    for _ in 0..100 {
        let mut table = routes::table();
        table.push(routes::get("/api/v1/panic", Access::Public, panicking));
        let answer = world.send_to(table, TestRequest::get().uri("/api/panic")).await;
        assert_eq!((answer.status, &*answer.code()), (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR"));
        assert!(!answer.text("/error/message").contains("of a handler"));
        answer.assert_enveloped();
    }
    assert_eq!(world.get("", "/health").await.status, StatusCode::OK);
}
