//! The outermost layer: gives each request its id and its span, puts failures in the envelope, sets
//! the headers that every answer has, and writes the one log line.

use std::rc::Rc;

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        ConnectionType, StatusCode,
        header::{
            self, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap,
            HeaderName, HeaderValue, REFERRER_POLICY, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::Next,
    web::Data,
};
use tracing::{Instrument, field::Empty};

use crate::{
    envelope::{Failure, FailureBody, Meta, RequestContext},
    error::{ApiError, Code},
    state::State,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a caller is told to wait when the service is overloaded, in seconds.
const RETRY_AFTER_SECONDS: u64 = 2;

/// Headers of every answer that doesn't say otherwise itself (the docs page does).
const HEADERS: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (REFERRER_POLICY, "no-referrer"),
];

/// Wraps everything else.
pub(crate) async fn edge<B: MessageBody + 'static>(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = request_id(&request, &state);
    let span =
        tracing::info_span!("http.request", request_id = id, method = %request.method(), account_id = Empty);
    let context = Rc::new(RequestContext::new(id, span.clone()));
    request.extensions_mut().insert(Rc::clone(&context));
    async move {
        match next.call(request).await {
            Ok(answer) => {
                let mut answer = answer.map_into_boxed_body();
                let route = answer.request().match_pattern();
                finish(&state, &context, answer.response_mut(), route.as_deref());
                Ok(answer)
            }
            // No layer below fails without an answer; were one to, this is still one.
            Err(error) => {
                let mut response = HttpResponse::from_error(error);
                finish(&state, &context, &mut response, None);
                Err(InternalError::from_response("a layer failed", response).into())
            }
        }
    }
    .instrument(span)
    .await
}

/// Makes an answer ready to go out, and writes it down.
fn finish(state: &State, context: &RequestContext, response: &mut HttpResponse, route: Option<&str>) {
    enclose(state, context, response);
    add_headers(state, context, response);
    tracing::info!(
        route = route.unwrap_or("none"),
        status = response.status().as_u16(),
        duration_ms = context.elapsed_ms(),
        "http.answered"
    );
}

/// The caller's id if it is 1–128 printable ASCII characters, else a fresh one.
fn request_id(request: &ServiceRequest, state: &State) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let fits = |id: &&str| (1..=128).contains(&id.len()) && id.bytes().all(|b| (b' '..=b'~').contains(&b));
    given.filter(fits).map_or_else(|| state.services.ids.next_id().to_string(), ToOwned::to_owned)
}

/// Puts a failure in the envelope and logs its cause. Leaves every other answer as it is.
fn enclose(state: &State, context: &RequestContext, response: &mut HttpResponse) {
    let Some(error) = response.error() else { return };
    let foreign;
    let error = if let Some(error) = error.as_error::<ApiError>() {
        error
    } else {
        foreign = of_framework(response.status(), error);
        &foreign
    };
    let code = error.code();
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
    match error.code().status() {
        StatusCode::SERVICE_UNAVAILABLE => Some(RETRY_AFTER_SECONDS),
        StatusCode::TOO_MANY_REQUESTS => error.details()?["retryAfter"].as_u64(),
        _ => None,
    }
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

/// The headers of every answer.
fn add_headers(state: &State, context: &RequestContext, response: &mut HttpResponse) {
    let head = response.head_mut();
    if state.is_stopping() {
        head.set_connection_type(ConnectionType::Close);
    }
    for (name, value) in HEADERS {
        if !head.headers.contains_key(&name) {
            head.headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if head.headers.get(CONTENT_ENCODING).is_some_and(|coding| coding == "identity") {
        head.headers.remove(CONTENT_ENCODING);
    }
    if let Ok(id) = header::HeaderValue::from_str(&context.id) {
        head.headers.insert(REQUEST_ID, id);
    }
}
