//! The OpenAPI document, made from the handlers and the route table.

use actix_web::{http::Method, web::Bytes};
use altus4_kernel::Permission;
use utoipa::{
    OpenApi,
    openapi::{
        ContentBuilder, Header, HeaderBuilder, ObjectBuilder, Ref, RefOr, Required, Response,
        ResponseBuilder, Type,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem},
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

use crate::{
    docs,
    envelope::Failure,
    routes::{self, Access, Course, Route, Rule},
    v1::{
        admin, ai, analytics, auth, databases, entities, keys, management, rate_limit, records, search,
        system,
    },
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Altus 4",
        description = "Search over your own MySQL, MariaDB and SQLite databases. Every route under \
            `/api/v1` is served under `/api` too. Every answer to a good credential has the headers \
            `X-RateLimit-Limit`, `-Remaining`, `-Reset`, `-Tier` and `-Window`, and `RateLimit` and \
            `RateLimit-Policy` as in draft-ietf-httpapi-ratelimit-headers-10.",
    ),
    paths(
        system::health, system::live, system::ready, system::api_health, docs::page, docs::asset, docs::openapi,
        auth::register, auth::login, auth::refresh, auth::logout, auth::profile, auth::update_profile,
        auth::change_password, auth::sessions, auth::end_session, auth::deactivate, auth::audit,
        admin::users, admin::user, admin::change_user, admin::audit,
        management::health, management::metrics, management::setup, management::migration_status,
        keys::create, keys::list, keys::legacy_status, keys::legacy_notice_shown, keys::find, keys::change,
        keys::patch, keys::revoke, keys::regenerate, keys::reveal,
        keys::limits::show, keys::limits::set, keys::limits::remove,
        keys::usage::summary, keys::usage::by_tier, keys::usage::errors, keys::usage::requests,
        keys::usage::timeseries, rate_limit::status, analytics::usage,
        analytics::dashboard, analytics::search_trends, analytics::performance, analytics::popular_queries,
        analytics::search_history, analytics::insights, analytics::export::export, analytics::admin::system_overview,
        analytics::admin::user_activity, analytics::admin::performance_metrics,
        databases::list, databases::register, databases::test_unsaved, databases::statuses, databases::find,
        databases::change, databases::patch, databases::remove, databases::test, databases::status,
        databases::schema,
        databases::indexes::recommendations, databases::indexes::create, databases::indexes::job,
        databases::vectors::create, databases::vectors::list, databases::vectors::find, databases::vectors::remove,
        search::search, search::search_by_link, search::multi::search, search::suggestions::suggest,
        search::analyze::analyze,
        search::history::list, search::history::trends, search::history::interact,
        search::saved::save, search::saved::list, search::saved::find, search::saved::replace,
        search::saved::remove, search::saved::run, ai::generate,
        entities::list, entities::register, entities::find, entities::change, entities::forget,
        records::list, records::create, records::change_many, records::delete_many, records::describe,
        records::find, records::put, records::change, records::delete,
    ),
    components(schemas(Failure)),
    tags(
        (name = "search", description = "Searching"),
        (name = "analytics", description = "What was searched for, and what it says"),
        (name = "databases", description = "Users' own databases"),
        (name = "entities", description = "Tables as entities"),
        (name = "records", description = "The records of entities; a credential sees those of its account"),
        (name = "ai", description = "What an AI provider does, where there is one"),
        (name = "accounts", description = "Accounts and sessions"),
        (name = "keys", description = "API keys"),
        (name = "administration", description = "All accounts, for administrators"),
        (name = "system", description = "Health and documentation"),
    ),
)]
struct Document;

const SESSION: &str = "session";
const KEY_AS_BEARER: &str = "apiKey";
const KEY_IN_HEADER: &str = "apiKeyHeader";

/// The document as JSON.
pub(crate) fn json() -> Bytes {
    Bytes::from(serde_json::to_vec(&document()).unwrap_or_default())
}

/// The document: what the handlers say of themselves, and of each route what the table says.
fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    if let Some(components) = document.components.as_mut() {
        let bearer = |format: &str, description: &str| {
            let mut scheme = Http::new(HttpAuthScheme::Bearer);
            scheme.bearer_format = Some(format.to_owned());
            scheme.description = Some(description.to_owned());
            SecurityScheme::Http(scheme)
        };
        let header = ApiKeyValue::with_description("X-API-Key", "An API key in a header of its own");
        components.add_security_scheme(SESSION, bearer("JWT", "The access token of a session"));
        components.add_security_scheme(KEY_AS_BEARER, bearer("altus4_sk_…", "An API key"));
        components.add_security_scheme(KEY_IN_HEADER, SecurityScheme::ApiKey(ApiKey::Header(header)));
    }
    for route in routes::table() {
        let item = document.paths.paths.get_mut(route.rule.path);
        if let Some(operation) = item.and_then(|item| operation(item, &route.method)) {
            describe(operation, &route);
        }
    }
    document
}

fn operation<'a>(item: &'a mut PathItem, method: &Method) -> Option<&'a mut Operation> {
    match *method {
        Method::GET => item.get.as_mut(),
        Method::POST => item.post.as_mut(),
        Method::PUT => item.put.as_mut(),
        Method::PATCH => item.patch.as_mut(),
        Method::DELETE => item.delete.as_mut(),
        Method::OPTIONS => item.options.as_mut(),
        _ => None,
    }
}

/// Adds who may use the route, and what follows from what it takes.
fn describe(operation: &mut Operation, route: &Route) {
    let rule = route.rule;
    if rule.course == Course::Repeatable {
        add_idempotency_key(operation);
    }
    let is_paged = parameters(operation).any(|parameter| parameter.name == "limit")
        && parameters(operation).any(|parameter| parameter.name == "page");
    if is_paged && let Some(RefOr::T(answer)) = operation.responses.responses.get_mut("200") {
        add_page_headers(answer);
    }
    for (status, description) in failures(operation, rule) {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Failure"))).build();
        let mut response =
            ResponseBuilder::new().description(description).content("application/json", content);
        if status == "429" {
            response = response.header("Retry-After", header(Type::Integer, "Seconds until the next try"));
        }
        let responses = &mut operation.responses.responses;
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(response.build()));
    }
    operation.security = Some(requirements(rule.access));
    if let Some(sentence) = sentence(rule.access) {
        let description = operation.description.take().unwrap_or_default();
        operation.description = Some(format!("{description}\n\n{sentence}").trim().to_owned());
    }
}

/// The failures that a route has beside its own, each with its status.
fn failures(operation: &Operation, rule: Rule) -> Vec<(&'static str, &'static str)> {
    let mut failures = vec![("500", "`INTERNAL_ERROR` or `DATABASE_ERROR`")];
    match rule.access {
        Access::Public | Access::Optional | Access::RefreshToken | Access::Uncounted => {}
        Access::Session => failures.push(("403", "`SESSION_REQUIRED`: an API key was shown")),
        Access::Needs(_) | Access::Administrator => failures.push(("403", "`INSUFFICIENT_PERMISSIONS`")),
    }
    if rule.access.asks_for_credential() {
        failures.push(("401", "No credential, or one that is not good"));
    }
    if rule.access.asks_for_credential() && rule.access != Access::Uncounted {
        let description = "`RATE_LIMIT_EXCEEDED`: too many requests for the caller's tier; \
            `REQUEST_LIMIT_EXCEEDED`: the key's own quota is used up";
        failures.push(("429", description));
    }
    let enveloped = rule.path.starts_with("/api/v1/") && rule.access != Access::Optional;
    if enveloped && rule.path != "/api/v1/openapi.json" {
        failures.push(("503", "`SERVICE_UNAVAILABLE`: the service's own store is down or overloaded"));
    }
    if operation.request_body.is_some() {
        failures.push(("408", "`REQUEST_TIMEOUT`: the body did not arrive in time"));
        failures.push(("413", "`PAYLOAD_TOO_LARGE`"));
        failures.push(("415", "`UNSUPPORTED_MEDIA_TYPE`: the body is not JSON"));
    }
    let has_query = parameters(operation).any(|parameter| parameter.parameter_in == ParameterIn::Query);
    if operation.request_body.is_some() || has_query {
        failures.push(("400", "`VALIDATION_ERROR` or `MALFORMED_REQUEST`: every fault at once"));
    }
    if rule.path.contains('{') {
        failures.push(("404", "`NOT_FOUND`"));
    }
    if rule.course == Course::Repeatable {
        failures.push((
            "409",
            "`RESOURCE_CONFLICT`: the `Idempotency-Key` stands for another request, or \
            for one that is still under way",
        ));
    }
    failures
}

fn parameters(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    })
}

/// The header that makes it safe to ask again.
fn add_idempotency_key(operation: &mut Operation) {
    let schema = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255));
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .schema(Some(schema.build()))
        .description(Some(
            "A name for this request. Asked again under it within 24 hours, it is answered as the first \
             time, with `Idempotency-Replayed: true`.",
        ));
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter.build()));
}

fn header(kind: Type, description: &str) -> Header {
    let schema = ObjectBuilder::new().schema_type(kind).build();
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}

/// What the answer says of its page beside `pagination`.
fn add_page_headers(answer: &mut Response) {
    let headers = [
        ("X-Total-Count", header(Type::Integer, "How many items the list has")),
        ("X-Page", header(Type::Integer, "The page, from 1")),
        ("X-Per-Page", header(Type::Integer, "How many items a page holds")),
        ("Link", header(Type::String, "`first`, `prev`, `next` and `last`")),
    ];
    answer.headers.extend(headers.map(|(name, header)| (name.to_owned(), RefOr::T(header))));
}

fn requirements(access: Access) -> Vec<SecurityRequirement> {
    let one = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
    let any = [one(SESSION), one(KEY_AS_BEARER), one(KEY_IN_HEADER)];
    match access {
        Access::Public => Vec::new(),
        Access::Optional => [SecurityRequirement::default()].into_iter().chain(any).collect(),
        Access::RefreshToken => vec![SecurityRequirement::default(), one(SESSION)],
        Access::Session => vec![one(SESSION)],
        Access::Uncounted | Access::Needs(_) | Access::Administrator => any.to_vec(),
    }
}

fn sentence(access: Access) -> Option<String> {
    match access {
        Access::Public | Access::Optional | Access::RefreshToken => None,
        Access::Uncounted => Some("Needs a credential, whatever it includes.".to_owned()),
        Access::Session => Some("Needs a session; an API key can't do it.".to_owned()),
        Access::Needs(permission) => {
            Some(format!("Needs the permission `{}`.", Permission::as_str(permission)))
        }
        Access::Administrator => {
            Some("Needs an account of the role `admin`; with a key also the permission `admin`.".to_owned())
        }
    }
}

/// Fails unless `read` asks for exactly the fields that the document has for a body. `probe` is a
/// body with an object wherever one may be.
#[cfg(test)]
#[track_caller]
pub(crate) fn assert_documented<T>(
    body: &str,
    probe: serde_json::Value,
    read: impl FnOnce(&mut crate::extract::Fields) -> T,
) {
    use serde_json::Value;

    fn properties(
        schemas: &Value,
        schema: &Value,
        prefix: &str,
        found: &mut std::collections::BTreeSet<String>,
    ) {
        if let Some(name) = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
            return properties(schemas, &schemas[name], prefix, found);
        }
        for choice in schema["oneOf"].as_array().into_iter().flatten() {
            properties(schemas, choice, prefix, found);
        }
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            found.insert(format!("{prefix}{name}"));
            properties(schemas, inner, &format!("{prefix}{name}."), found);
        }
    }

    let document = serde_json::to_value(document()).expect("the document is JSON");
    let schemas = &document["components"]["schemas"];
    let mut documented = std::collections::BTreeSet::new();
    properties(schemas, &schemas[body], "", &mut documented);
    assert_eq!(crate::extract::names_read(probe, read), documented, "{body}");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_is_documented_is_what_is_routed() {
        let document = serde_json::to_value(document()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let documented: BTreeSet<_> = paths
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().unwrap().keys();
                methods.map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
            })
            .collect();
        let routed =
            routes::table().iter().map(|route| format!("{} {}", route.method, route.rule.path)).collect();
        assert_eq!(documented, routed);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references(value: &serde_json::Value, found: &mut BTreeSet<String>) {
            match value {
                serde_json::Value::Object(members) => {
                    if let Some(target) = members.get("$ref").and_then(|target| target.as_str()) {
                        found.insert(target.to_owned());
                    }
                    members.values().for_each(|member| references(member, found));
                }
                serde_json::Value::Array(items) => items.iter().for_each(|item| references(item, found)),
                _ => {}
            }
        }
        let document = serde_json::to_value(document()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
        }
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let document = serde_json::to_value(document()).unwrap();
        let items = document["paths"].as_object().unwrap().values();
        let operations: Vec<_> = items.flat_map(|item| item.as_object().unwrap().values()).collect();
        let ids: BTreeSet<_> = operations.iter().filter_map(|o| o["operationId"].as_str()).collect();
        assert_eq!(ids.len(), operations.len());
    }

    #[test]
    fn the_document_is_as_reviewed() {
        insta::assert_json_snapshot!("openapi", document(), { ".info.version" => "[version]" });
    }
}
