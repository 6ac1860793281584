//! The one table that turns the domains' errors into codes. Every `match` is exhaustive: a new
//! error doesn't compile until it has its answer.

use std::time::Duration;

use altus4_api_keys::ApiKeyError;
use altus4_connections::{ConnectionError, FilterFault};
use altus4_kernel::{
    Forbidden, NotSystemAdmin, Permission, PermissionSet, Plan, PortError, PortErrorKind, Role, System,
    Timestamp,
};
use altus4_search::{Failure, FailureReason, QueryFault, SearchError};
use altus4_users::{PasswordFault, UserError};
use serde_json::json;

use super::{ApiError, Code, Fault, ai};

impl From<PortError> for ApiError {
    fn from(error: PortError) -> Self {
        use PortErrorKind as Kind;
        let (code, message) = match (error.system, error.kind) {
            (System::Store | System::Crypto, Kind::Unavailable | Kind::Timeout | Kind::RateLimited) => (
                Code::ServiceUnavailable,
                "The service is overloaded or its store is down; try again shortly",
            ),
            (System::Store, _) => (Code::DatabaseError, "The service's own store failed"),
            (System::DataSource, Kind::Timeout) => {
                (Code::QueryTimeout, "The database did not answer in time")
            }
            (
                System::DataSource,
                Kind::Unavailable | Kind::NotPermitted | Kind::RateLimited | Kind::Rejected | Kind::Corrupt,
            ) => return connection_failed(error),
            (System::Cache, _) => (Code::CacheError, "The cache failed"),
            (System::Ai, _) => return ai::failed(error),
            (System::Crypto | System::DataSource, _) => return Self::internal().with_source(error),
        };
        Self::new(code, message).with_source(error)
    }
}

/// 502 with what the user's own server said of itself.
fn connection_failed(error: PortError) -> ApiError {
    let shown = error.detail.clone().unwrap_or_default();
    let sentence = match (shown.message.is_empty(), error.kind) {
        (false, _) => shown.message,
        (true, PortErrorKind::NotPermitted) => "the server refused the login".to_owned(),
        (true, PortErrorKind::Timeout) => "the server did not answer in time".to_owned(),
        (true, _) => "the server could not be reached".to_owned(),
    };
    let mut details = json!({ "error": sentence });
    if let Some(errno) = shown.errno {
        details["errno"] = errno.into();
    }
    if let Some(sql_state) = shown.sql_state {
        details["sqlState"] = sql_state.into();
    }
    ApiError::new(Code::ConnectionFailed, "The database can't be reached or refuses")
        .with_details(details)
        .with_source(error)
}

impl From<Forbidden> for ApiError {
    fn from(error: Forbidden) -> Self {
        let current: Vec<_> = error.current.iter().map(Permission::as_str).collect();
        let message = format!("This needs the permission '{}'", error.required);
        Self::new(Code::InsufficientPermissions, message).with_details(json!({
            "requiredPermissions": [error.required.as_str()],
            "currentPermissions": current,
        }))
    }
}

impl From<NotSystemAdmin> for ApiError {
    fn from(error: NotSystemAdmin) -> Self {
        let current: Vec<_> = error.current.iter().map(Permission::as_str).collect();
        Self::new(Code::InsufficientPermissions, sentence(&error)).with_details(json!({
            "requiredRole": Role::Admin.as_str(),
            "currentRole": error.role.as_str(),
            "requiredPermissions": [Permission::Admin.as_str()],
            "currentPermissions": current,
        }))
    }
}

impl From<UserError> for ApiError {
    fn from(error: UserError) -> Self {
        let code = match error {
            UserError::EmailTaken => Code::UserExists,
            UserError::InvalidCredentials => Code::InvalidCredentials,
            UserError::InvalidToken => Code::InvalidToken,
            UserError::TokenExpired => Code::TokenExpired,
            UserError::TooManyAttempts { limit, retry_after, reset_at } => {
                return too_many_attempts(limit, retry_after, reset_at);
            }
            UserError::Password(fault) => return password_fault("password", fault),
            UserError::NoSuchSession(id) => return Self::not_found("session", &id.to_string()),
            UserError::NoSuchAccount(id) => return Self::not_found("user", &id.to_string()),
            UserError::LastAdministrator => {
                return Self::new(Code::ResourceConflict, sentence(&error))
                    .with_details(json!({ "resource": "user", "field": "role" }));
            }
            UserError::Port(error) => return error.into(),
        };
        Self::new(code, sentence(&error))
    }
}

fn password_fault(field: &str, fault: PasswordFault) -> ApiError {
    ApiError::validation(&[Fault { field: field.to_owned(), reason: fault.to_string().into() }])
}

/// Seconds are rounded up: who comes again after them is not refused.
fn too_many_attempts(limit: u32, retry_after: Duration, reset_at: Timestamp) -> ApiError {
    let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
    let message = format!("Rate limit exceeded. Try again in {seconds} seconds.");
    ApiError::new(Code::RateLimitExceeded, message).with_details(json!({
        "limit": limit,
        "remaining": 0,
        "resetTime": reset_at.to_string(),
        "retryAfter": seconds,
    }))
}

impl From<ApiKeyError> for ApiError {
    fn from(error: ApiKeyError) -> Self {
        let code = match error {
            ApiKeyError::KeyExists => Code::ApiKeyExists,
            ApiKeyError::InvalidKey => Code::InvalidApiKey,
            ApiKeyError::ExpiredKey(_) => Code::ExpiredApiKey,
            ApiKeyError::AddressNotAllowed(_) | ApiKeyError::StrongerKey => Code::InsufficientPermissions,
            ApiKeyError::NoSuchKey(id) => return Self::not_found("apiKey", &id.to_string()),
            ApiKeyError::NotRecoverable(id) => {
                return Self::new(Code::NotFound, sentence(&error))
                    .with_details(json!({ "resource": "secretKey", "id": id.to_string() }));
            }
            ApiKeyError::TierAbovePlan { plan: own, wanted } | ApiKeyError::BeyondOwnTier { own, wanted } => {
                return tier_limitation(&error, own, Some(wanted), "rateLimitTier");
            }
            ApiKeyError::BeyondOwnPermissions { own, wanted } => {
                let names = |set: PermissionSet| set.iter().map(Permission::as_str).collect::<Vec<_>>();
                return Self::new(Code::InsufficientPermissions, sentence(&error)).with_details(json!({
                    "requiredPermissions": names(wanted),
                    "currentPermissions": names(own),
                }));
            }
            ApiKeyError::BeyondOwnEnd | ApiKeyError::EndInThePast => return fault_in("expiresAt", &error),
            ApiKeyError::BeyondOwnNetworks => return fault_in("allowedIps", &error),
            ApiKeyError::LimitedKey => Code::SessionRequired,
            ApiKeyError::InvalidRetryName => return fault_in("Idempotency-Key", &error),
            ApiKeyError::Port(error) => return error.into(),
        };
        Self::new(code, sentence(&error))
    }
}

impl From<ConnectionError> for ApiError {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::NotFound(id) => Self::not_found("database", &id.to_string()),
            ConnectionError::NameTaken => Self::new(Code::ResourceConflict, sentence(&error))
                .with_details(json!({ "resource": "database", "field": "name" })),
            ConnectionError::PlanLimit { plan, .. } => {
                let roomier = Plan::ALL.into_iter().find(|other| *other > plan);
                tier_limitation(&error, plan, roomier, "connections")
            }
            ConnectionError::HostNotAllowed => Self::new(Code::HostNotAllowed, sentence(&error)),
            ConnectionError::EngineUnavailable(engine) => Self::validation(&[Fault {
                field: "engine".to_owned(),
                reason: format!("'{}' is switched off on this installation", engine.as_str()).into(),
            }]),
            ConnectionError::DataSource(error) | ConnectionError::Port(error) => error.into(),
        }
    }
}

impl ApiError {
    /// As [`From<UserError>`], where the new password is one of two.
    pub(crate) fn of_password_change(error: UserError) -> Self {
        match error {
            UserError::Password(fault) => password_fault("newPassword", fault),
            other => other.into(),
        }
    }

    /// As [`From<ConnectionError>`], where the call was only to see whether the server answers: that
    /// it took too long is one more way of not being reachable, and must not be told apart.
    pub(crate) fn of_probe(error: ConnectionError) -> Self {
        match error {
            ConnectionError::DataSource(error) if error.kind == PortErrorKind::Timeout => {
                connection_failed(error)
            }
            other => other.into(),
        }
    }
}

impl From<SearchError> for ApiError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Connection(error) => error.into(),
            SearchError::UnknownTables(names) => unknown_names("tables", &names),
            SearchError::UnknownColumns(names) => unknown_names("columns", &names),
            SearchError::UnknownFields(names) => unknown_names("fields", &names),
            SearchError::UnknownSorts(names) => invalid_sort(&names),
            SearchError::UnknownFacets(names) => unknown_names("facets", &names),
            SearchError::InvalidQuery(fault) => invalid_query(&fault),
            SearchError::InvalidFilter(faults) => invalid_filter(&faults),
            SearchError::AllFailed(failures) => all_failed(&failures),
        }
    }
}

/// The code of one database's failure within an answer.
pub(crate) fn failure_code(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::ConnectionFailed => Code::ConnectionFailed.as_str(),
        FailureReason::Timeout => Code::QueryTimeout.as_str(),
        FailureReason::NotAllowed => Code::HostNotAllowed.as_str(),
        FailureReason::NoIndex | FailureReason::PartlyIndexed => "FULLTEXT_INDEX_REQUIRED",
        FailureReason::TooManyTables => "TOO_MANY_TABLES",
    }
}

fn all_failed(failures: &[Failure]) -> ApiError {
    let timed_out = |failure: &Failure| failure.reason == FailureReason::Timeout;
    let (code, message) = if !failures.is_empty() && failures.iter().all(timed_out) {
        (Code::QueryTimeout, "No database answered in time")
    } else {
        (Code::ConnectionFailed, "No database could be searched")
    };
    let failures: Vec<_> = failures.iter().map(crate::v1::search::FailureDto::from).collect();
    ApiError::new(code, message).with_details(json!({ "failures": failures }))
}

/// 400 with the place where reading came to an end, in characters from 0, and what was expected there.
fn invalid_query(fault: &QueryFault) -> ApiError {
    let details = [("position", json!(fault.position)), ("expected", json!(fault.expected))];
    let details = details.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let fault = Fault { field: "query".to_owned(), reason: fault.to_string().into() };
    ApiError::faulty(Code::InvalidQuery, &[fault], details)
}

/// 400 with the columns that can't be sorted by.
fn invalid_sort(names: &[String]) -> ApiError {
    let reason = |name: &String| format!("'{name}' does not exist");
    let errors: Vec<_> =
        names.iter().map(|name| json!({ "field": "sort", "reason": reason(name) })).collect();
    let message = format!("Invalid sort: there is no column {}", names.join(", "));
    ApiError::new(Code::InvalidSort, message)
        .with_details(json!({ "field": "sort", "reason": names.first().map(reason), "errors": errors }))
}

/// 400 with every part that is at fault.
fn invalid_filter(faults: &[FilterFault]) -> ApiError {
    let faults: Vec<_> = faults.iter().map(filter_fault).collect();
    ApiError::faulty(Code::InvalidFilter, &faults, serde_json::Map::new())
}

/// The fault of a filter, as one of the field `filter`.
pub(crate) fn filter_fault(fault: &FilterFault) -> Fault {
    let field = if fault.place.is_empty() { "filter".to_owned() } else { format!("filter.{}", fault.place) };
    Fault { field, reason: fault.reason.clone().into() }
}

pub(super) fn unknown_names(field: &str, names: &[String]) -> ApiError {
    let faults: Vec<_> = names
        .iter()
        .map(|name| Fault { field: field.to_owned(), reason: format!("'{name}' does not exist").into() })
        .collect();
    ApiError::validation(&faults)
}

/// A fault in one field, in the domain's words.
fn fault_in(field: &str, error: &dyn std::error::Error) -> ApiError {
    ApiError::validation(&[Fault { field: field.to_owned(), reason: error.to_string().into() }])
}

fn tier_limitation(
    error: &dyn std::error::Error,
    current: Plan,
    required: Option<Plan>,
    feature: &str,
) -> ApiError {
    let mut details = json!({ "currentTier": current.as_str(), "feature": feature });
    if let Some(required) = required {
        details["requiredTier"] = required.as_str().into();
    }
    ApiError::new(Code::TierLimitation, sentence(error)).with_details(details)
}

/// A domain's own words, with a capital.
pub(super) fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_infrastructure_is_never_the_callers_fault() {
        use PortErrorKind as Kind;
        let kinds = [
            Kind::Conflict,
            Kind::NotPermitted,
            Kind::Unavailable,
            Kind::Timeout,
            Kind::RateLimited,
            Kind::Rejected,
            Kind::Corrupt,
            Kind::Unexpected,
        ];
        let systems = [System::Store, System::DataSource, System::Cache, System::Ai, System::Crypto];
        for (system, kind) in systems.into_iter().flat_map(|s| kinds.map(|k| (s, k))) {
            let error = ApiError::from(PortError::new(kind, system, "x.y"));
            assert!(error.code().status().is_server_error(), "{system:?} {kind:?}");
        }
    }

    #[test]
    fn the_cause_is_for_the_log_alone() {
        let port = PortError::new(PortErrorKind::Rejected, System::Store, "accounts.find")
            .with_source("SELECT secret FROM vault");
        let error = ApiError::from(port);
        assert!(!error.to_string().contains("vault"));
        assert!(error.details().is_none());
        assert_eq!(
            error.chain().as_deref(),
            Some("store: rejected in accounts.find: SELECT secret FROM vault")
        );
    }

    #[test]
    fn too_many_attempts_are_told_when_to_come_again() {
        let reset_at = Timestamp::from_unix_seconds(1_768_473_045).expect("a time");
        let retry_after = Duration::from_millis(44_001);
        let error = ApiError::from(UserError::TooManyAttempts { limit: 10, retry_after, reset_at });
        assert_eq!(error.code(), Code::RateLimitExceeded);
        assert_eq!(error.to_string(), "Rate limit exceeded. Try again in 45 seconds.");
        let details = json!({
            "limit": 10, "remaining": 0, "resetTime": "2026-01-15T10:30:45.000Z", "retryAfter": 45,
        });
        assert_eq!(error.details(), Some(&details));
    }

    #[test]
    fn what_a_key_may_not_do_to_others_is_told_by_its_kind() {
        let all = PermissionSet::of(&[Permission::Search, Permission::Admin]);
        let own = PermissionSet::of(&[Permission::Search]);
        let beyond = ApiError::from(ApiKeyError::BeyondOwnPermissions { own, wanted: all });
        assert_eq!(beyond.code(), Code::InsufficientPermissions);
        let details = json!({
            "requiredPermissions": ["search", "admin"], "currentPermissions": ["search"],
        });
        assert_eq!(beyond.details(), Some(&details));

        let tier = ApiKeyError::BeyondOwnTier { own: Plan::Free, wanted: Plan::Pro };
        let tier = ApiError::from(tier);
        assert_eq!(tier.code(), Code::TierLimitation);
        let details = json!({ "currentTier": "free", "requiredTier": "pro", "feature": "rateLimitTier" });
        assert_eq!(tier.details(), Some(&details));

        let end = ApiError::from(ApiKeyError::BeyondOwnEnd);
        assert_eq!(end.code(), Code::ValidationError);
        assert_eq!(end.details().map(|details| &details["field"]), Some(&json!("expiresAt")));
        assert_eq!(ApiError::from(ApiKeyError::LimitedKey).code(), Code::SessionRequired);
        assert_eq!(ApiError::from(ApiKeyError::StrongerKey).code(), Code::InsufficientPermissions);
    }

    #[test]
    fn a_probe_that_times_out_is_unreachable_like_any_other() {
        let timeout = || {
            let port = PortError::new(PortErrorKind::Timeout, System::DataSource, "probe");
            ConnectionError::from(port)
        };
        assert_eq!(ApiError::of_probe(timeout()).code(), Code::ConnectionFailed);
        assert_eq!(ApiError::from(timeout()).code(), Code::QueryTimeout);
    }
}
