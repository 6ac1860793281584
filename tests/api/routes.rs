//! Every route there is, what each asks for, and that the document says the same.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::Caller;
use crate::keys::mistyped;
use crate::shop::Shop;

/// An id of the right form that nobody was ever given.
pub(crate) const NEVER_ISSUED: &str = "0193b3f0-7c00-7abc-8def-0123456789ab";

/// An entity of an account that no caller of these tests has.
const OF_SOMEBODY: &str = "of-somebody";

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    /// Any good credential, whatever it includes.
    Credential,
    /// A session; a key will not do.
    Session,
    /// A credential with this permission.
    Permission(&'static str),
    /// An account of the role `admin`, with a key also the permission `admin`.
    Administrator,
}

use Needs::{Administrator, Credential, Nothing, Permission, Session};

/// Method, path and need of every route below `/api/v1`.
pub(crate) const ROUTES: [(&str, &str, Needs); 98] = [
    ("POST", "/api/v1/auth/register", Nothing),
    ("POST", "/api/v1/auth/login", Nothing),
    ("POST", "/api/v1/auth/refresh", Nothing),
    ("POST", "/api/v1/auth/logout", Session),
    ("GET", "/api/v1/auth/profile", Permission("admin")),
    ("PUT", "/api/v1/auth/profile", Permission("admin")),
    ("POST", "/api/v1/auth/change-password", Session),
    ("GET", "/api/v1/auth/sessions", Permission("admin")),
    ("DELETE", "/api/v1/auth/sessions/{id}", Session),
    ("DELETE", "/api/v1/auth/account", Session),
    ("GET", "/api/v1/auth/audit", Permission("admin")),
    ("GET", "/api/v1/admin/users", Administrator),
    ("GET", "/api/v1/admin/users/{id}", Administrator),
    ("PATCH", "/api/v1/admin/users/{id}", Administrator),
    ("GET", "/api/v1/admin/audit", Administrator),
    ("POST", "/api/v1/management/setup", Permission("admin")),
    ("GET", "/api/v1/management/health", Nothing),
    ("GET", "/api/v1/management/migration-status", Permission("admin")),
    ("GET", "/api/v1/metrics", Nothing),
    ("POST", "/api/v1/keys", Permission("admin")),
    ("GET", "/api/v1/keys", Permission("admin")),
    ("GET", "/api/v1/keys/legacy-status", Permission("admin")),
    ("POST", "/api/v1/keys/legacy-notice-shown", Permission("admin")),
    ("GET", "/api/v1/keys/{id}", Permission("admin")),
    ("PUT", "/api/v1/keys/{id}", Permission("admin")),
    ("PATCH", "/api/v1/keys/{id}", Permission("admin")),
    ("DELETE", "/api/v1/keys/{id}", Permission("admin")),
    ("POST", "/api/v1/keys/{id}/regenerate", Permission("admin")),
    ("GET", "/api/v1/keys/{id}/decrypt", Permission("admin")),
    ("GET", "/api/v1/keys/{id}/limits", Permission("admin")),
    ("PUT", "/api/v1/keys/{id}/limits", Permission("admin")),
    ("DELETE", "/api/v1/keys/{id}/limits", Permission("admin")),
    ("GET", "/api/v1/keys/{id}/usage", Permission("admin")),
    ("GET", "/api/v1/keys/{id}/usage/by-tier", Permission("admin")),
    ("GET", "/api/v1/keys/{id}/usage/errors", Permission("admin")),
    ("GET", "/api/v1/keys/{id}/usage/requests", Permission("admin")),
    ("GET", "/api/v1/keys/{id}/usage/timeseries", Permission("admin")),
    ("GET", "/api/v1/rate-limit/status", Credential),
    ("GET", "/api/v1/analytics/usage", Permission("analytics")),
    ("GET", "/api/v1/analytics/dashboard", Permission("analytics")),
    ("GET", "/api/v1/analytics/search-trends", Permission("analytics")),
    ("GET", "/api/v1/analytics/performance", Permission("analytics")),
    ("GET", "/api/v1/analytics/popular-queries", Permission("analytics")),
    ("GET", "/api/v1/analytics/search-history", Permission("analytics")),
    ("GET", "/api/v1/analytics/insights", Permission("analytics")),
    ("GET", "/api/v1/analytics/export", Permission("analytics")),
    ("GET", "/api/v1/analytics/admin/system-overview", Administrator),
    ("GET", "/api/v1/analytics/admin/user-activity", Administrator),
    ("GET", "/api/v1/analytics/admin/performance-metrics", Administrator),
    ("GET", "/api/v1/databases", Permission("database:read")),
    ("POST", "/api/v1/databases", Permission("database:write")),
    ("POST", "/api/v1/databases/test", Permission("database:write")),
    ("GET", "/api/v1/databases/{id}", Permission("database:read")),
    ("GET", "/api/v1/databases/status", Permission("database:read")),
    ("PUT", "/api/v1/databases/{id}", Permission("database:write")),
    ("PATCH", "/api/v1/databases/{id}", Permission("database:write")),
    ("DELETE", "/api/v1/databases/{id}", Permission("database:write")),
    ("GET", "/api/v1/databases/{id}/status", Permission("database:read")),
    ("POST", "/api/v1/databases/{id}/test", Permission("database:write")),
    ("GET", "/api/v1/databases/{id}/schema", Permission("database:read")),
    ("GET", "/api/v1/databases/{id}/indexes/recommendations", Permission("database:read")),
    ("POST", "/api/v1/databases/{id}/indexes", Permission("database:write")),
    ("GET", "/api/v1/databases/{id}/indexes/{jobId}", Permission("database:read")),
    ("POST", "/api/v1/databases/{id}/vectors", Permission("database:write")),
    ("GET", "/api/v1/databases/{id}/vectors", Permission("database:read")),
    ("GET", "/api/v1/databases/{id}/vectors/{vectorId}", Permission("database:read")),
    ("DELETE", "/api/v1/databases/{id}/vectors/{vectorId}", Permission("database:write")),
    ("POST", "/api/v1/search", Permission("search")),
    ("GET", "/api/v1/search", Permission("search")),
    ("POST", "/api/v1/search/multi", Permission("search")),
    ("GET", "/api/v1/search/suggestions", Permission("search")),
    ("POST", "/api/v1/search/analyze", Permission("analytics")),
    ("GET", "/api/v1/search/history", Permission("search")),
    ("GET", "/api/v1/search/trends", Permission("analytics")),
    ("POST", "/api/v1/search/events", Permission("search")),
    ("POST", "/api/v1/search/saved", Permission("search")),
    ("GET", "/api/v1/search/saved", Permission("search")),
    ("GET", "/api/v1/search/saved/{id}", Permission("search")),
    ("PUT", "/api/v1/search/saved/{id}", Permission("search")),
    ("DELETE", "/api/v1/search/saved/{id}", Permission("search")),
    ("POST", "/api/v1/search/saved/{id}/run", Permission("search")),
    ("POST", "/api/v1/ai/generate", Permission("write")),
    ("GET", "/api/v1/entities", Permission("read")),
    ("POST", "/api/v1/entities", Permission("database:write")),
    ("GET", "/api/v1/entities/{name}", Permission("read")),
    ("PATCH", "/api/v1/entities/{name}", Permission("database:write")),
    ("DELETE", "/api/v1/entities/{name}", Permission("database:write")),
    ("GET", "/api/v1/{entity}", Permission("read")),
    ("POST", "/api/v1/{entity}", Permission("write")),
    ("PATCH", "/api/v1/{entity}", Permission("write")),
    ("DELETE", "/api/v1/{entity}", Permission("delete")),
    ("OPTIONS", "/api/v1/{entity}", Permission("read")),
    ("GET", "/api/v1/{entity}/{id}", Permission("read")),
    ("PUT", "/api/v1/{entity}/{id}", Permission("write")),
    ("PATCH", "/api/v1/{entity}/{id}", Permission("write")),
    ("DELETE", "/api/v1/{entity}/{id}", Permission("delete")),
    ("GET", "/api/v1/health", Nothing),
    ("GET", "/api/v1/openapi.json", Nothing),
];

const PERMISSIONS: [&str; 7] =
    ["search", "analytics", "database:read", "database:write", "read", "write", "delete"];

/// A path with ids in it that were never issued, and the name of an entity that somebody else has.
pub(crate) fn concrete(path: &str) -> String {
    path.replace("{id}", NEVER_ISSUED)
        .replace("{jobId}", NEVER_ISSUED)
        .replace("{vectorId}", NEVER_ISSUED)
        .replace("{entity}", OF_SOMEBODY)
        .replace("{name}", OF_SOMEBODY)
}

async fn call(caller: &Caller, method: &str, path: &str) -> crate::client::Answer {
    let body = json!({});
    caller.send(method, &concrete(path), ["POST", "PUT", "PATCH"].contains(&method).then_some(&body)).await
}

on_both! { every_route_refuses_callers_without_a_credential, every_route_refuses_keys_without_its_permission }

async fn every_route_refuses_callers_without_a_credential(app: &TestApp) {
    Shop::named(app, OF_SOMEBODY).await;
    let session = app.session().await;
    let key = session.set_up(&["search", "admin"]).await;
    let forged = format!("{}x", session.credential());
    let administrator = app.administrator().await;
    for (method, path, needs) in ROUTES {
        if needs == Nothing {
            continue;
        }
        let code = if path.starts_with("/api/v1/search") { "INVALID_API_KEY" } else { "UNAUTHORIZED" };
        let refused = call(&app.anonymous(), method, path).await.fails(401, code);
        assert!(refused.header("www-authenticate").starts_with("Bearer"), "{method} {path}");
        call(&app.caller(&forged), method, path).await.fails(401, "INVALID_TOKEN");
        call(&app.caller(&mistyped(&key)), method, path).await.fails(401, "INVALID_API_KEY");
        for garbage in ["x", "a.b.c", "null", "undefined", "..", "Bearer"] {
            call(&app.caller(garbage), method, path).await.is(401);
        }
        // Some of the routes end the session.
        let session = app.session().await;
        let allowed =
            call(if needs == Administrator { &administrator } else { &session }, method, path).await;
        assert!(![401, 403].contains(&allowed.status), "{method} {path}: {}", allowed.text);
    }
}

async fn every_route_refuses_keys_without_its_permission(app: &TestApp) {
    let admin = app.key(&["admin"]).await;
    for (method, path, needs) in ROUTES {
        match needs {
            Nothing => {}
            Credential => {
                call(&admin, method, path).await.is(200);
            }
            Session => {
                call(&admin, method, path).await.fails(403, "SESSION_REQUIRED");
            }
            Administrator => {
                call(&admin, method, path).await.fails(403, "INSUFFICIENT_PERMISSIONS");
            }
            Permission(needed) => {
                let others: Vec<&str> = PERMISSIONS.into_iter().filter(|other| *other != needed).collect();
                let key = app.key(&others).await;
                let refused = call(&key, method, path).await.fails(403, "INSUFFICIENT_PERMISSIONS");
                let details = json!({ "requiredPermissions": [needed], "currentPermissions": others });
                assert_eq!(refused.details(), &details, "{method} {path}");
                let allowed = call(&admin, method, path).await;
                assert!(![401, 403].contains(&allowed.status), "{method} {path}: {}", allowed.text);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_lists_exactly_the_routes_there_are() {
    let app = TestApp::shared(Kind::Sqlite);
    let document = app.anonymous().get("/api/v1/openapi.json").await.is(200).body;
    assert!(
        document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")),
        "{}",
        document["openapi"]
    );
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut told = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("the document has paths") {
        for (method, operation) in operations.as_object().expect("a path has operations") {
            if path.starts_with("/api/v1") {
                let open = operation["security"]
                    .as_array()
                    .is_some_and(|list| list.is_empty() || list.iter().any(|scheme| scheme == &json!({})));
                told.insert((method.to_uppercase(), path.clone(), open));
            }
            assert!(operation["responses"].is_object(), "{method} {path} has no answers");
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
        }
    }
    let known: BTreeSet<_> = ROUTES
        .map(|(method, path, needs)| (method.to_owned(), path.to_owned(), needs == Nothing))
        .into_iter()
        .collect();
    assert_eq!(told, known);
    assert_references_resolve(&document, &document);
}

/// Every `$ref` of the document leads somewhere in it.
fn assert_references_resolve(document: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').expect("references stay in the document");
                assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
            }
            members.values().for_each(|member| assert_references_resolve(document, member));
        }
        Value::Array(items) => items.iter().for_each(|item| assert_references_resolve(document, item)),
        _ => {}
    }
}
