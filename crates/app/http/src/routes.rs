//! Every route: method, path, who may use it, and the handler.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use actix_web::{
    FromRequest, Handler, HttpRequest, Responder, guard,
    http::{
        Method,
        header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN},
    },
    middleware::from_fn,
    web::{self, Data, ServiceConfig},
};
use altus4_entities::EntityName;
use altus4_kernel::Permission::{
    self, Admin, Analytics, DatabaseRead, DatabaseWrite, Delete, Read, Search, Write,
};

use crate::{
    docs,
    error::ApiError,
    extract::{admit, known_path},
    middleware::{aliases, catch_panics},
    state::State,
    v1::{
        admin, ai, analytics, auth, databases, entities, keys, management, rate_limit, records, search,
        system,
    },
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
#[expect(clippy::too_many_lines, reason = "a line for each route")]
pub(crate) fn table() -> Vec<Route> {
    use Access::{Administrator, Needs, Optional, Public, RefreshToken, Session, Uncounted};
    vec![
        get("/health",                          Optional,             system::health),
        get("/health/live",                     Public,               system::live),
        get("/health/ready",                    Public,               system::ready),
        get("/docs",                            Public,               docs::page),
        get("/docs/{asset}",                    Public,               docs::asset),
        get("/api/v1/openapi.json",             Optional,               docs::openapi),
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

        get("/api/v1/analytics/dashboard",      Needs(Analytics),     analytics::dashboard),
        get("/api/v1/analytics/search-trends",  Needs(Analytics),     analytics::search_trends),
        get("/api/v1/analytics/performance",    Needs(Analytics),     analytics::performance),
        get("/api/v1/analytics/popular-queries", Needs(Analytics),    analytics::popular_queries),
        get("/api/v1/analytics/search-history", Needs(Analytics),     analytics::search_history),
        get("/api/v1/analytics/insights",       Needs(Analytics),     analytics::insights),
        get("/api/v1/analytics/export",         Needs(Analytics),     analytics::export::export),
        get("/api/v1/analytics/admin/system-overview", Administrator, analytics::admin::system_overview),
        get("/api/v1/analytics/admin/user-activity", Administrator,   analytics::admin::user_activity),
        get("/api/v1/analytics/admin/performance-metrics", Administrator, analytics::admin::performance_metrics),

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

        get("/api/v1/entities",                 Needs(Read),          entities::list),
        create("/api/v1/entities",              Needs(DatabaseWrite), entities::register),
        get("/api/v1/entities/{name}",          Needs(Read),          entities::find),
        patch("/api/v1/entities/{name}",        Needs(DatabaseWrite), entities::change),
        delete("/api/v1/entities/{name}",       Needs(DatabaseWrite), entities::forget),

        // Of every entity: the names of the routes above come first.
        get("/api/v1/{entity}",                 Needs(Read),          records::list),
        create("/api/v1/{entity}",              Needs(Write),         records::create),
        patch("/api/v1/{entity}",               Needs(Write),         records::change_many),
        delete("/api/v1/{entity}",              Needs(Delete),        records::delete_many),
        options("/api/v1/{entity}",             Needs(Read),          records::describe),
        get("/api/v1/{entity}/{id}",            Needs(Read),          records::find),
        put("/api/v1/{entity}/{id}",            Needs(Write),         records::put),
        patch("/api/v1/{entity}/{id}",          Needs(Write),         records::change),
        delete("/api/v1/{entity}/{id}",         Needs(Delete),        records::delete),
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
                if method != Method::GET && method != Method::OPTIONS && access != Access::Needs(Search) =>
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

/// What an entity has and allows. A CORS preflight is none of these.
fn options<F, Args>(path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let is_preflight = |context: &guard::GuardContext<'_>| {
        let headers = context.head().headers();
        headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    };
    let service = web::route()
        .guard(guard::Options())
        .guard(guard::fn_guard(move |context| !is_preflight(context)))
        .to(handler);
    Route::new(Method::OPTIONS, path, access, service)
}

/// What the paths of entities' records begin with.
const RECORDS: &str = "/api/v1/{entity}";

/// The names that the API's own paths begin with below `/api/v1`, in every spelling: no entity has one.
#[must_use]
pub fn reserved_names() -> BTreeSet<String> {
    let table = table();
    let own = table.iter().filter_map(|route| route.rule.path.strip_prefix("/api/v1/"));
    let own = own.chain(aliases()).filter_map(|path| path.split('/').next());
    // What else begins there: the paths beside it, and the version itself.
    let beside = ["api", "docs", "health", "v1"];
    own.filter(|name| !name.starts_with('{')).chain(beside).map(ToOwned::to_owned).collect()
}

/// Whether a path of the table is that of entities' records.
pub(crate) fn is_of_records(path: &str) -> bool {
    path.starts_with(RECORDS)
}

/// Whether a path may be that of an entity's records.
fn is_entity(path: &str, reserved: &BTreeSet<String>) -> bool {
    let name = path.strip_prefix("/api/v1/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    EntityName::parse(name).is_some() && !reserved.contains(name)
}

/// Mounts the table: each path once, answering 405 to the methods it doesn't have.
pub(crate) fn mount(config: &mut ServiceConfig, table: Vec<Route>) {
    let reserved = Arc::new(reserved_names());
    let mut by_path = BTreeMap::<_, Vec<Route>>::new();
    for route in table {
        let path = route.rule.path;
        by_path.entry((path.contains('{'), path)).or_default().push(route);
    }
    // Paths are tried in this order: those without a pattern are the cheapest to compare, and a literal
    // segment comes before `{id}`.
    for ((_, path), routes) in by_path {
        let allow: Rc<str> = allow(&routes).into();
        let refuse = move |state: Data<State>, request: HttpRequest| {
            let allow = Rc::clone(&allow);
            async move {
                if is_of_records(path) {
                    known_path(&state, &request).await?;
                }
                Err::<&str, _>(ApiError::method_not_allowed(&allow))
            }
        };
        let mut resource = web::resource(path).default_service(web::to(refuse));
        if is_of_records(path) {
            let reserved = Arc::clone(&reserved);
            resource = resource
                .guard(guard::fn_guard(move |context| is_entity(context.head().uri.path(), &reserved)));
        }
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
