//! Every route: method, path, who may use it, and the handler.

use std::{collections::BTreeMap, rc::Rc};

use actix_web::{
    FromRequest, Handler, Responder, guard,
    http::Method,
    middleware::from_fn,
    web::{self, ServiceConfig},
};
use altus4_kernel::Permission::{self, Admin, Analytics, DatabaseRead, DatabaseWrite, Search, Write};

use crate::{
    docs,
    error::ApiError,
    extract::admit,
    middleware::catch_panics,
    v1::{admin, ai, analytics, auth, databases, keys, management, rate_limit, search, system},
};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Public,
    /// Anybody; whoever shows a good credential is told more. Counts against no limit.
    Optional,
    /// Whoever shows a refresh token or a session's token; the handler looks for it.
    RefreshToken,
    /// A session; never a key.
    Session,
    /// A good credential, whatever it includes. Counts against no limit.
    Uncounted,
    /// A credential that includes this permission.
    Needs(Permission),
    /// An account of the role `admin`, by a session or a key with the permission `admin`.
    Administrator,
}

impl Access {
    /// Whether there is no way in without a credential that is good.
    pub(crate) fn asks_for_credential(self) -> bool {
        match self {
            Self::Public | Self::Optional | Self::RefreshToken => false,
            Self::Session | Self::Uncounted | Self::Needs(_) | Self::Administrator => true,
        }
    }
}

/// What becomes of a request once it is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    /// It is given up when its client goes away.
    GivenUp,
    /// It is brought to its end, whoever waits for it: a change that is in the store has to be
    /// announced too.
    Finished,
    /// As [`Course::Finished`]; and asked again under the same `Idempotency-Key`, it is answered
    /// with its first answer.
    Repeatable,
}

/// The whole table. Other spellings of paths are rewritten to these (`middleware/rewrite.rs`).
#[rustfmt::skip]
pub(crate) fn table() -> Vec<Route> {
    use Access::{Administrator, Needs, Optional, Public, RefreshToken, Session, Uncounted};
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
        get("/api/v1/metrics",                  Public,               management::metrics),
        create("/api/v1/management/setup",      Needs(Admin),         management::setup),
        get("/api/v1/management/migration-status", Needs(Admin),      management::migration_status),

        create("/api/v1/keys",                  Needs(Admin),         keys::create),
        get("/api/v1/keys",                     Needs(Admin),         keys::list),
        get("/api/v1/keys/legacy-status",       Needs(Admin),         keys::legacy_status),
        post("/api/v1/keys/legacy-notice-shown", Needs(Admin),        keys::legacy_notice_shown),
        get("/api/v1/keys/{id}",                Needs(Admin),         keys::find),
        put("/api/v1/keys/{id}",                Needs(Admin),         keys::change),
        patch("/api/v1/keys/{id}",              Needs(Admin),         keys::patch),
        delete("/api/v1/keys/{id}",             Needs(Admin),         keys::revoke),
        create("/api/v1/keys/{id}/regenerate",  Needs(Admin),         keys::regenerate),
        get("/api/v1/keys/{id}/decrypt",        Needs(Admin),         keys::reveal),
        get("/api/v1/keys/{id}/limits",         Needs(Admin),         keys::limits::show),
        put("/api/v1/keys/{id}/limits",         Needs(Admin),         keys::limits::set),
        delete("/api/v1/keys/{id}/limits",      Needs(Admin),         keys::limits::remove),
        get("/api/v1/keys/{id}/usage",          Needs(Admin),         keys::usage::summary),
        get("/api/v1/keys/{id}/usage/by-tier",  Needs(Admin),         keys::usage::by_tier),
        get("/api/v1/keys/{id}/usage/errors",   Needs(Admin),         keys::usage::errors),
        get("/api/v1/keys/{id}/usage/requests", Needs(Admin),         keys::usage::requests),
        get("/api/v1/keys/{id}/usage/timeseries", Needs(Admin),       keys::usage::timeseries),
        get("/api/v1/rate-limit/status",        Uncounted,            rate_limit::status),
        get("/api/v1/analytics/usage",          Needs(Analytics),     analytics::usage),

        get("/api/v1/databases",                Needs(DatabaseRead),  databases::list),
        create("/api/v1/databases",             Needs(DatabaseWrite), databases::register),
        post("/api/v1/databases/test",          Needs(DatabaseWrite), databases::test_unsaved),
        get("/api/v1/databases/status",         Needs(DatabaseRead),  databases::statuses),
        get("/api/v1/databases/{id}",           Needs(DatabaseRead),  databases::find),
        put("/api/v1/databases/{id}",           Needs(DatabaseWrite), databases::change),
        patch("/api/v1/databases/{id}",         Needs(DatabaseWrite), databases::patch),
        delete("/api/v1/databases/{id}",        Needs(DatabaseWrite), databases::remove),
        post("/api/v1/databases/{id}/test",     Needs(DatabaseWrite), databases::test),
        get("/api/v1/databases/{id}/status",    Needs(DatabaseRead),  databases::status),
        get("/api/v1/databases/{id}/schema",    Needs(DatabaseRead),  databases::schema),
        get("/api/v1/databases/{id}/indexes/recommendations", Needs(DatabaseRead), databases::indexes::recommendations),
        create("/api/v1/databases/{id}/indexes", Needs(DatabaseWrite), databases::indexes::create),
        get("/api/v1/databases/{id}/indexes/{jobId}", Needs(DatabaseRead), databases::indexes::job),
        create("/api/v1/databases/{id}/vectors", Needs(DatabaseWrite), databases::vectors::create),
        get("/api/v1/databases/{id}/vectors",   Needs(DatabaseRead),  databases::vectors::list),
        get("/api/v1/databases/{id}/vectors/{vectorId}", Needs(DatabaseRead), databases::vectors::find),
        delete("/api/v1/databases/{id}/vectors/{vectorId}", Needs(DatabaseWrite), databases::vectors::remove),

        post("/api/v1/search",                  Needs(Search),        search::search),
        get("/api/v1/search",                   Needs(Search),        search::search_by_link),
        post("/api/v1/search/multi",            Needs(Search),        search::multi::search),
        get("/api/v1/search/suggestions",       Needs(Search),        search::suggestions::suggest),
        post("/api/v1/search/analyze",          Needs(Analytics),     search::analyze::analyze),
        get("/api/v1/search/history",           Needs(Search),        search::history::list),
        get("/api/v1/search/trends",            Needs(Analytics),     search::history::trends),
        post("/api/v1/search/events",           Needs(Search),        search::history::interact),
        create("/api/v1/search/saved",          Needs(Search),        search::saved::save),
        get("/api/v1/search/saved",             Needs(Search),        search::saved::list),
        get("/api/v1/search/saved/{id}",        Needs(Search),        search::saved::find),
        put("/api/v1/search/saved/{id}",        Needs(Search),        search::saved::replace),
        delete("/api/v1/search/saved/{id}",     Needs(Search),        search::saved::remove),
        post("/api/v1/search/saved/{id}/run",   Needs(Search),        search::saved::run),

        post("/api/v1/ai/generate",             Needs(Write),         ai::generate),
    ]
}

/// What a row of the table says of a route, beside its handler.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) course: Course,
}

/// One row of the table.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) rule: Rule,
    service: actix_web::Route,
}

impl Route {
    fn new(method: Method, path: &'static str, access: Access, service: actix_web::Route) -> Self {
        // Whoever knows no account and whoever searches changes nothing that others keep a copy of.
        let course = match access {
            Access::Session | Access::Needs(_) | Access::Administrator
                if method != Method::GET && access != Access::Needs(Search) =>
            {
                Course::Finished
            }
            _ => Course::GivenUp,
        };
        Self { method, rule: Rule { path, access, course }, service }
    }
}

pub(crate) fn get<F, Args>(path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    // HEAD is GET without the body (RFC 9110, 9.3.2).
    let service = web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(handler);
    Route::new(Method::GET, path, access, service)
}

pub(crate) fn post<F, Args>(path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Route::new(Method::POST, path, access, web::post().to(handler))
}

/// A POST that makes something, and may be repeated safely.
pub(crate) fn create<F, Args>(path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let mut route = post(path, access, handler);
    route.rule.course = Course::Repeatable;
    route
}

fn put<F, Args>(path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Route::new(Method::PUT, path, access, web::put().to(handler))
}

fn patch<F, Args>(path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Route::new(Method::PATCH, path, access, web::patch().to(handler))
}

fn delete<F, Args>(path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Route::new(Method::DELETE, path, access, web::delete().to(handler))
}

/// Mounts the table: each path once, answering 405 to the methods it doesn't have.
pub(crate) fn mount(config: &mut ServiceConfig, table: Vec<Route>) {
    let mut by_path = BTreeMap::<_, Vec<Route>>::new();
    for route in table {
        by_path.entry(route.rule.path).or_default().push(route);
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
            let rule = route.rule;
            let admission = from_fn(move |request, next| admit(rule, request, next));
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
