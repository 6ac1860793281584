//! Failures in the envelope, with the headers that follow from their codes.

use actix_web::{
    Error, HttpResponse,
    body::BoxBody,
    http::{
        ConnectionType, StatusCode,
        header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};

use crate::{
    context::RequestContext,
    envelope::{Failure, FailureBody, Meta},
    error::{ApiError, Code},
    state::State,
};

/// What a caller is told to wait when the service is overloaded, in seconds.
const RETRY_AFTER_SECONDS: u64 = 2;

/// Puts a failure in the envelope and logs its cause, once. Leaves every other answer as it is.
pub(super) fn enclose(state: &State, context: &RequestContext, response: &mut HttpResponse) {
    let Some(error) = response.error().filter(|_| context.failure.get().is_none()) else { return };
    let foreign;
    let error = if let Some(error) = error.as_error::<ApiError>() {
        error
    } else {
        foreign = of_framework(response.status(), error);
        &foreign
    };
    let code = error.code();
    context.failure.set(Some(code));
    if let Some(chain) = error.chain() {
        if code.status().is_server_error() {
            tracing::error!(code = code.as_str(), chain, "http.failed");
        } else {
            tracing::debug!(code = code.as_str(), chain, "http.refused");
        }
    }
    let failure = Failure {
        success: false,
        error: FailureBody {
            code: code.as_str(),
            message: error.to_string(),
            details: error.details().cloned(),
        },
        meta: Meta::new(context, state.services.clock.now().to_string()),
    };
    let retry_after = retry_after(error);
    let allow = error.allow().and_then(|allow| HeaderValue::from_str(allow).ok());
    let body = serde_json::to_vec(&failure).unwrap_or_default();
    let head = response.head_mut();
    head.status = code.status();
    if let Some(allow) = allow {
        head.headers.insert(ALLOW, allow);
    }
    if let Some(seconds) = retry_after {
        head.headers.insert(RETRY_AFTER, seconds.into());
    }
    add_headers_of(code, &mut head.headers);
    if matches!(code, Code::RequestTimeout | Code::PayloadTooLarge) {
        // The rest of the body is still on its way, and nobody will read it.
        head.set_connection_type(ConnectionType::Close);
    }
    let enclosed = std::mem::replace(response, HttpResponse::new(code.status())).set_body(BoxBody::new(body));
    *response = enclosed;
}

/// A failure that a library made: its status is kept where the contract has a code for it.
fn of_framework(status: StatusCode, error: &Error) -> ApiError {
    let cause = error.to_string();
    let code = match status {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => Code::PayloadTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        status if status.is_client_error() => Code::MalformedRequest,
        _ => return ApiError::internal().with_source(cause),
    };
    ApiError::new(code, "The request can't be served as it is").with_source(cause)
}

/// How many seconds to wait, where that is known.
fn retry_after(error: &ApiError) -> Option<u64> {
    if error.code().status() == StatusCode::SERVICE_UNAVAILABLE {
        return Some(RETRY_AFTER_SECONDS);
    }
    error.details()?["retryAfter"].as_u64()
}

fn add_headers_of(code: Code, headers: &mut HeaderMap) {
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    headers.insert(CONTENT_TYPE, json);
    let challenge = match code {
        Code::InvalidToken | Code::TokenExpired | Code::InvalidApiKey | Code::ExpiredApiKey => {
            Some("Bearer realm=\"altus4\", error=\"invalid_token\"")
        }
        Code::Unauthorized | Code::InvalidCredentials => Some("Bearer realm=\"altus4\""),
        _ => None,
    };
    if let Some(challenge) = challenge {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
}
