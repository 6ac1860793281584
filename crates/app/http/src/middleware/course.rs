//! What becomes of a request that was let in: given up with its client, brought to its end, or
//! answered as it was before (`Idempotency-Key`).

use std::{panic::resume_unwind, rc::Rc};

use actix_http::h1;
use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
    middleware::Next,
    web::{Bytes, Data},
};
use altus4_api_keys::{ApiKeyError, Begun, RetryKey, SafeRetries};
use altus4_kernel::{Credential, Principal, secrecy::SecretString};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tracing::Instrument;

use super::failure::enclose;
use crate::{
    context::RequestContext,
    envelope::json_response,
    error::{ApiError, Code},
    extract::read_body,
    routes::Course,
    state::State,
};

/// The header that names a request, so that it can be made again safely.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The most bytes of an answer that are kept.
const MAX_KEPT_BYTES: usize = 256 * 1024;
/// When to ask again while the first request is still being answered, in seconds.
const UNDER_WAY_SECONDS: u64 = 1;

/// Hands a request to its handler.
pub(crate) async fn carry_out(
    course: Course,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match course {
        Course::GivenUp => next.call(request).await,
        Course::Finished => to_the_end(next.call(request)).await,
        Course::Repeatable => once(request, next).await,
    }
}

/// Goes on also when nobody waits any more. A panic is the caller's, as if it had been awaited.
async fn to_the_end(
    answer: impl Future<Output = Result<ServiceResponse<BoxBody>, Error>> + 'static,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match actix_web::rt::spawn(answer.in_current_span()).await {
        Ok(answer) => answer,
        Err(end) => match end.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(end) => Err(ApiError::internal().with_source(end).into()),
        },
    }
}

/// Answers a request that has a name once, and from then on as it did then.
async fn once(mut request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    match begin(&mut request).await {
        Ok(Turn::Unnamed) => to_the_end(next.call(request)).await,
        Ok(Turn::First(claim)) => {
            let answer = next.call(request);
            to_the_end(async move { Ok(claim.settle(answer.await?).await) }).await
        }
        Ok(Turn::Again { status, body }) => Ok(replay(request, status, &body)),
        Err(error) => Ok(request.error_response(error)),
    }
}

/// What a request's name says of it.
enum Turn {
    /// It has none.
    Unnamed,
    /// It is the first of its name.
    First(FirstTry),
    /// It was answered before.
    Again { status: u16, body: SecretString },
}

async fn begin(request: &mut ServiceRequest) -> Result<Turn, ApiError> {
    let Some(name) = request.headers().get(IDEMPOTENCY_KEY) else { return Ok(Turn::Unnamed) };
    // What is no ASCII is no name either; the service says what one is.
    let name = name.to_str().unwrap_or_default().to_owned();
    let principal = request.extensions().get::<Principal>().copied().ok_or_else(ApiError::internal)?;
    let state = request.app_data::<Data<State>>().cloned().ok_or_else(ApiError::internal)?;
    let payload = request.take_payload();
    let body = read_body(request.request(), payload).await?.unwrap_or_default();
    let text = request_text(request, &principal, &body);
    request.set_payload(payload_of(body));
    let retries = state.services.retries.clone();
    match retries.begin(principal.account_id, &name, &text).await? {
        Begun::Go(key) => Ok(Turn::First(FirstTry { retries, key: Some(key), state })),
        Begun::Answered { status, body } => Ok(Turn::Again { status, body }),
        Begun::UnderWay => Err(conflict("The first request under this Idempotency-Key is still under way")
            .with_details(json!({ "resource": "request", "retryAfter": UNDER_WAY_SECONDS }))),
        Begun::Different => Err(conflict("This Idempotency-Key stands for another request")
            .with_details(json!({ "resource": "request", "field": "Idempotency-Key" }))),
    }
}

fn conflict(message: &'static str) -> ApiError {
    ApiError::new(Code::ResourceConflict, message)
}

/// Everything that makes it this request and no other. Who calls is part of it, so that no key is
/// given an answer that was meant for another, or for the account's owner.
fn request_text(request: &ServiceRequest, principal: &Principal, body: &Bytes) -> SecretString {
    let caller = match principal.credential {
        Credential::Session { .. } => "session".to_owned(),
        Credential::ApiKey { id } => format!("key {id}"),
    };
    let (method, path, query) = (request.method(), request.path(), request.query_string());
    let body = String::from_utf8_lossy(body);
    // None of the parts before the body has a line's end in it.
    format!("{caller}\n{method}\n{path}\n{query}\n{body}").into()
}

/// A body that was read, to be read again.
fn payload_of(body: Bytes) -> Payload {
    let (_, mut payload) = h1::Payload::create(true);
    payload.unread_data(body);
    Payload::from(payload)
}

/// The answer that was given before, with the headers of this one.
fn replay(request: ServiceRequest, status: u16, body: &SecretString) -> ServiceResponse<BoxBody> {
    let body = body.expose_secret();
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let context = request.extensions().get::<Rc<RequestContext>>().cloned().unwrap_or_default();
    if status.is_client_error() {
        let answer: Value = serde_json::from_str(body).unwrap_or_default();
        context.failure.set(answer["error"]["code"].as_str().and_then(Code::named));
    }
    let mut response = json_response(status, body.as_bytes().to_vec());
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    request.into_response(response)
}

/// The first request of its name, while it is under way. Dropped without an answer, it lets go of the
/// name, so that the next try does it all.
struct FirstTry {
    retries: SafeRetries,
    key: Option<RetryKey>,
    state: Data<State>,
}

impl FirstTry {
    /// Keeps the answer, if it is one to keep. A failure gets its body here already.
    async fn settle(mut self, answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let context = answer.request().extensions().get::<Rc<RequestContext>>().cloned().unwrap_or_default();
        let (request, mut response) = answer.into_parts();
        enclose(&self.state, &context, &mut response);
        let status = response.status();
        let (head, body) = response.into_parts();
        let body = match body.try_into_bytes() {
            Ok(bytes) => {
                if let Some(key) = self.key.take() {
                    self.keep(&key, status, &bytes).await;
                }
                BoxBody::new(bytes)
            }
            // No handler of a route that makes something streams its answer.
            Err(body) => body,
        };
        ServiceResponse::new(request, head.set_body(body))
    }

    async fn keep(&self, key: &RetryKey, status: StatusCode, body: &Bytes) {
        let kept = match std::str::from_utf8(body) {
            Ok(text) if body.len() <= MAX_KEPT_BYTES => {
                self.retries.finish(key, status.as_u16(), &text.into()).await
            }
            _ => self.retries.release(key).await,
        };
        if let Err(error) = kept {
            not_kept(&error);
        }
    }
}

impl Drop for FirstTry {
    fn drop(&mut self) {
        let Some(key) = self.key.take() else { return };
        let retries = self.retries.clone();
        // Where nothing runs any more, the name is free when its lease ends.
        if let Ok(runtime) = Handle::try_current() {
            let letting_go = async move {
                if let Err(error) = retries.release(&key).await {
                    not_kept(&error);
                }
            };
            runtime.spawn(letting_go.in_current_span());
        }
    }
}

fn not_kept(error: &ApiKeyError) {
    tracing::warn!(%error, "http.answer_not_kept");
}
