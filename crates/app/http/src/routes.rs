//! Every route: method, path, who may use it, and the handler.

use std::{collections::BTreeMap, rc::Rc};

use actix_web::{
    FromRequest, Handler, Responder, guard,
    http::Method,
    middleware::from_fn,
    web::{self, ServiceConfig},
};
use altus4_kernel::Permission::{self, Admin, DatabaseRead, DatabaseWrite, Search};

use crate::{
    docs,
    error::ApiError,
    extract::admit,
    middleware::catch_panics,
    v1::{admin, auth, databases, management, search, system},
};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Public,
    /// Anybody; whoever shows a good credential is told more.
    Optional,
    /// Whoever shows a refresh token or a session's token; the handler looks for it.
    RefreshToken,
    /// A session; never a key.
    Session,
    /// A credential that includes this permission.
    Needs(Permission),
    /// An account of the role `admin`, by a session or a key with the permission `admin`.
    Administrator,
}

/// The whole table. Other spellings of paths are rewritten to these (`middleware/rewrite.rs`).
#[rustfmt::skip]
pub(crate) fn table() -> Vec<Route> {
    use Access::{Administrator, Needs, Optional, Public, RefreshToken, Session};
    vec![
        get("/health",                          Optional,             system::health),
        get("/health/live",                     Public,               system::live),
        get("/health/ready",                    Public,               system::ready),
        get("/docs",                            Public,               docs::page),
        get("/docs/{asset}",                    Public,               docs::asset),
        get("/api/v1/openapi.json",             Public,               docs::openapi),
        get("/api/v1/health",                   Optional,             system::api_health),

        post("/api/v1/auth/register",           Public,               auth::register),
        post("/api/v1/auth/login",              Public,               auth::login),
        post("/api/v1/auth/refresh",            RefreshToken,         auth::refresh),
        post("/api/v1/auth/logout",             Session,              auth::logout),
        get("/api/v1/auth/profile",             Needs(Admin),         auth::profile),
        put("/api/v1/auth/profile",             Needs(Admin),         auth::update_profile),
        post("/api/v1/auth/change-password",    Session,              auth::change_password),
        get("/api/v1/auth/sessions",            Needs(Admin),         auth::sessions),
        delete("/api/v1/auth/sessions/{id}",    Session,              auth::end_session),
        delete("/api/v1/auth/account",          Session,              auth::deactivate),
        get("/api/v1/auth/audit",               Needs(Admin),         auth::audit),

        get("/api/v1/admin/users",              Administrator,        admin::users),
        get("/api/v1/admin/users/{id}",         Administrator,        admin::user),
        patch("/api/v1/admin/users/{id}",       Administrator,        admin::change_user),
        get("/api/v1/admin/audit",              Administrator,        admin::audit),

        get("/api/v1/management/health",        Public,               management::health),
        post("/api/v1/management/setup",        Needs(Admin),         management::setup),

        get("/api/v1/databases",                Needs(DatabaseRead),  databases::list),
        post("/api/v1/databases",               Needs(DatabaseWrite), databases::register),
        post("/api/v1/databases/test",          Needs(DatabaseWrite), databases::test_unsaved),
        get("/api/v1/databases/{id}",           Needs(DatabaseRead),  databases::find),
        delete("/api/v1/databases/{id}",        Needs(DatabaseWrite), databases::remove),
        post("/api/v1/databases/{id}/test",     Needs(DatabaseWrite), databases::test),
        get("/api/v1/databases/{id}/schema",    Needs(DatabaseRead),  databases::schema),

        post("/api/v1/search",                  Needs(Search),        search::search),
        get("/api/v1/search",                   Needs(Search),        search::search_by_link),
    ]
}

/// One row of the table.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    service: actix_web::Route,
}

pub(crate) fn get<F, Args>(path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    // HEAD is GET without the body (RFC 9110, 9.3.2).
    let service = web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(handler);
    Route { method: Method::GET, path, access, service }
}

fn post<F, Args>(path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Route { method: Method::POST, path, access, service: web::post().to(handler) }
}

fn put<F, Args>(path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Route { method: Method::PUT, path, access, service: web::put().to(handler) }
}

fn patch<F, Args>(path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Route { method: Method::PATCH, path, access, service: web::patch().to(handler) }
}

fn delete<F, Args>(path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Route { method: Method::DELETE, path, access, service: web::delete().to(handler) }
}

/// Mounts the table: each path once, answering 405 to the methods it doesn't have.
pub(crate) fn mount(config: &mut ServiceConfig, table: Vec<Route>) {
    let mut by_path = BTreeMap::<_, Vec<Route>>::new();
    for route in table {
        by_path.entry(route.path).or_default().push(route);
    }
    // In this order a literal segment comes before `{id}`, so that it is tried first.
    for (path, routes) in by_path {
        let allow: Rc<str> = allow(&routes).into();
        let refuse = move || {
            let allow = Rc::clone(&allow);
            async move { Err::<&str, _>(ApiError::method_not_allowed(&allow)) }
        };
        let resource = web::resource(path).default_service(web::to(refuse));
        config.service(routes.into_iter().fold(resource, |resource, route| {
            let access = route.access;
            let admission = from_fn(move |request, next| admit(access, request, next));
            resource.route(route.service.wrap(admission).wrap(from_fn(catch_panics)))
        }));
    }
}

fn allow(routes: &[Route]) -> String {
    let names = routes.iter().map(|route| match route.method {
        Method::GET => "GET, HEAD",
        ref other => other.as_str(),
    });
    names.collect::<Vec<_>>().join(", ")
}
