//! The outermost layer: gives each request its id and its span, puts failures in the envelope, sets
//! the headers that every answer has, and writes the one log line and the use of a key.

use std::rc::Rc;

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        ConnectionType,
        header::{
            CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue,
            REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::Next,
    web::Data,
};
use tracing::{Instrument, field::Empty};

use super::{failure::enclose, rate::add_rate_headers, usage::Entry};
use crate::{context::RequestContext, state::State};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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
    let entry = Entry::new(state.clone(), Rc::clone(&context), &request);
    async move {
        match next.call(request).await {
            Ok(answer) => {
                let mut answer = answer.map_into_boxed_body();
                let route = answer.request().match_pattern();
                finish(&state, &context, answer.response_mut(), route.as_deref());
                entry.answered(answer.status().as_u16());
                Ok(answer)
            }
            // No layer below fails without an answer; were one to, this is still one.
            Err(error) => {
                let mut response = HttpResponse::from_error(error);
                finish(&state, &context, &mut response, None);
                entry.answered(response.status().as_u16());
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
    drop(context.pass.take());
    state.counters.count(response.status());
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
    if let Some(measured) = context.measured.get() {
        add_rate_headers(&mut head.headers, &measured, state.services.clock.now());
    }
    if let Ok(id) = HeaderValue::from_str(&context.id) {
        head.headers.insert(REQUEST_ID, id);
    }
}
