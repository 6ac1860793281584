//! The codes of the contract and their statuses.

use actix_web::http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:ident;)*) => {
        /// A code that programs can rely on. The whole table of the contract stands here; those
        /// whose features are still to come are produced by nothing yet.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code, for the OpenAPI document.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// The code as answers show it.
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The code of this name.
            pub(crate) fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == name)
            }

            /// The status it comes with.
            pub(crate) fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)*
                }
            }
        }
    };
}

codes! {
    /// A field is missing, out of range or of the wrong kind.
    ValidationError = "VALIDATION_ERROR", BAD_REQUEST;
    /// The body is not JSON, or the query string can't be read.
    MalformedRequest = "MALFORMED_REQUEST", BAD_REQUEST;
    /// A filter can't be read.
    InvalidFilter = "INVALID_FILTER", BAD_REQUEST;
    /// A sort order can't be read.
    InvalidSort = "INVALID_SORT", BAD_REQUEST;
    /// A boolean query can't be parsed.
    InvalidQuery = "INVALID_QUERY", BAD_REQUEST;
    /// No credential.
    Unauthorized = "UNAUTHORIZED", UNAUTHORIZED;
    /// A JWT that is forged or revoked.
    InvalidToken = "INVALID_TOKEN", UNAUTHORIZED;
    /// A JWT whose time is over.
    TokenExpired = "TOKEN_EXPIRED", UNAUTHORIZED;
    /// A login that failed.
    InvalidCredentials = "INVALID_CREDENTIALS", UNAUTHORIZED;
    /// A key that is malformed, unknown or revoked.
    InvalidApiKey = "INVALID_API_KEY", UNAUTHORIZED;
    /// A key whose time is over.
    ExpiredApiKey = "EXPIRED_API_KEY", UNAUTHORIZED;
    /// A key's spending limit is used up.
    BudgetExceeded = "BUDGET_EXCEEDED", PAYMENT_REQUIRED;
    /// The credential lacks a permission.
    InsufficientPermissions = "INSUFFICIENT_PERMISSIONS", FORBIDDEN;
    /// Something that a key must never do.
    SessionRequired = "SESSION_REQUIRED", FORBIDDEN;
    /// The plan doesn't include it.
    TierLimitation = "TIER_LIMITATION", FORBIDDEN;
    /// A connection target that the policy forbids.
    HostNotAllowed = "HOST_NOT_ALLOWED", FORBIDDEN;
    /// There is no such thing for this caller.
    NotFound = "NOT_FOUND", NOT_FOUND;
    /// There is no such entity.
    EntityNotFound = "ENTITY_NOT_FOUND", NOT_FOUND;
    /// A known path with the wrong method.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", METHOD_NOT_ALLOWED;
    /// The body didn't arrive in its time.
    RequestTimeout = "REQUEST_TIMEOUT", REQUEST_TIMEOUT;
    /// The e-mail address is taken.
    UserExists = "USER_EXISTS", CONFLICT;
    /// The account has a key.
    ApiKeyExists = "API_KEY_EXISTS", CONFLICT;
    /// A duplicate name or unique value.
    ResourceConflict = "RESOURCE_CONFLICT", CONFLICT;
    /// `If-Match` no longer matches.
    PreconditionFailed = "PRECONDITION_FAILED", PRECONDITION_FAILED;
    /// The body is over the limit.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", PAYLOAD_TOO_LARGE;
    /// The body is not JSON by its own account.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", UNSUPPORTED_MEDIA_TYPE;
    /// A value that a column can't hold.
    UnprocessableEntity = "UNPROCESSABLE_ENTITY", UNPROCESSABLE_ENTITY;
    /// The tier's window is used up.
    RateLimitExceeded = "RATE_LIMIT_EXCEEDED", TOO_MANY_REQUESTS;
    /// The key's own quota is used up.
    RequestLimitExceeded = "REQUEST_LIMIT_EXCEEDED", TOO_MANY_REQUESTS;
    /// A fault of this program.
    InternalError = "INTERNAL_ERROR", INTERNAL_SERVER_ERROR;
    /// The service's own store refused what it was asked.
    DatabaseError = "DATABASE_ERROR", INTERNAL_SERVER_ERROR;
    /// A call whose whole purpose is the cache failed.
    CacheError = "CACHE_ERROR", INTERNAL_SERVER_ERROR;
    /// A call whose whole purpose is the AI provider failed.
    AiServiceError = "AI_SERVICE_ERROR", INTERNAL_SERVER_ERROR;
    /// A user's database can't be reached or refuses.
    ConnectionFailed = "CONNECTION_FAILED", BAD_GATEWAY;
    /// The service's own store is down or overloaded.
    ServiceUnavailable = "SERVICE_UNAVAILABLE", SERVICE_UNAVAILABLE;
    /// A user's database didn't answer in time.
    QueryTimeout = "QUERY_TIMEOUT", GATEWAY_TIMEOUT;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_spelt_like_their_names() {
        for code in Code::ALL {
            let camel: String = code
                .as_str()
                .split('_')
                .map(|word| word[..1].to_owned() + &word[1..].to_lowercase())
                .collect();
            assert_eq!(camel, format!("{code:?}"));
        }
    }
}
