//! The shape of every answer under `/api`.

mod pagination;

use std::rc::Rc;

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    cookie::Cookie,
    http::{
        StatusCode,
        header::{CONTENT_ENCODING, HeaderValue},
    },
    web,
};
use altus4_kernel::{Page, PageRequest};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

pub(crate) use self::pagination::{PAGE_HEADERS, Pagination};
use crate::{
    context::RequestContext,
    error::{ApiError, Code},
    state::State,
};

/// Answers below this many bytes are not worth compressing.
const WORTH_COMPRESSING: usize = 1024;

/// An answer that went well, to be put in the envelope.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    status: StatusCode,
    data: T,
    token: Option<String>,
    pagination: Option<Pagination>,
    cookie: Option<Cookie<'static>>,
}

impl<T> Answer<T> {
    /// 200.
    pub(crate) fn ok(data: T) -> Self {
        Self { status: StatusCode::OK, data, token: None, pagination: None, cookie: None }
    }

    /// 201.
    pub(crate) fn created(data: T) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(data) }
    }

    /// 202.
    pub(crate) fn accepted(data: T) -> Self {
        Self { status: StatusCode::ACCEPTED, ..Self::ok(data) }
    }

    /// The same, with an access token beside `data`.
    pub(crate) fn with_token(mut self, token: String) -> Self {
        self.token = Some(token);
        self
    }

    /// The same, as one page of a list of `total` items.
    pub(crate) fn with_pagination(mut self, request: PageRequest, total: u64) -> Self {
        self.pagination = Some(Pagination::new(request, total));
        self
    }

    /// The same, setting a cookie.
    pub(crate) fn with_cookie(mut self, cookie: Option<Cookie<'static>>) -> Self {
        self.cookie = cookie;
        self
    }
}

impl<T> Answer<Vec<T>> {
    /// 200 with one page of a list, each of whose items is shown as `show` says.
    pub(crate) fn page<I>(request: PageRequest, page: &Page<I>, show: impl FnMut(&I) -> T) -> Self {
        Self::ok(page.items.iter().map(show).collect()).with_pagination(request, page.total)
    }
}

impl<T: Serialize> Responder for Answer<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let meta = Meta::of(request);
        let (token, pagination) = (self.token, self.pagination);
        let envelope = Envelope { success: true, data: self.data, token, pagination, meta };
        let body = match serde_json::to_vec(&envelope) {
            Ok(body) => body,
            Err(error) => return HttpResponse::from_error(ApiError::internal().with_source(error)),
        };
        let mut response = json_response(self.status, body);
        if let Some(cookie) = self.cookie
            && let Err(error) = response.add_cookie(&cookie)
        {
            return HttpResponse::from_error(ApiError::internal().with_source(error));
        }
        if let Some(pagination) = pagination {
            pagination.set_headers(request, response.headers_mut());
        }
        response
    }
}

/// An answer of this JSON.
pub(crate) fn json_response(status: StatusCode, body: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    if body.len() < WORTH_COMPRESSING {
        // Tells the compressor to keep its hands off; the edge takes the header away again.
        response.insert_header((CONTENT_ENCODING, HeaderValue::from_static("identity")));
    }
    response.content_type("application/json; charset=utf-8").body(body)
}

/// The envelope of an answer that went well.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Envelope<T> {
    /// Always `true`.
    #[schema(example = true)]
    success: bool,
    /// What was asked for.
    data: T,
    /// After a refresh: the same access token as in `data`.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// Of lists that come in pages: where this page stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pagination: Option<Pagination>,
    meta: Meta,
}

/// The envelope of an answer that went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Failure {
    /// Always `false`.
    #[schema(example = false)]
    pub(crate) success: bool,
    pub(crate) error: FailureBody,
    pub(crate) meta: Meta,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureBody {
    /// A code that programs can rely on.
    #[schema(schema_with = code_schema)]
    pub(crate) code: &'static str,
    /// The same in a sentence, for people.
    pub(crate) message: String,
    /// What belongs to the code: the fields at fault, the permissions required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) details: Option<Value>,
}

fn code_schema() -> utoipa::openapi::Object {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::String)
        .description(Some("A code that programs can rely on"))
        .enum_values(Some(Code::ALL.iter().map(|code| code.as_str())))
        .build()
}

/// What is known of every answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Meta {
    /// When it was made.
    #[schema(format = DateTime, example = "2026-01-15T10:30:00.000Z")]
    timestamp: String,
    /// The request's id: the caller's `X-Request-ID`, or a fresh one.
    request_id: String,
    /// The version of the program.
    version: &'static str,
    /// How long it took, in whole milliseconds.
    execution_time: u64,
    /// The tier of the API key that asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_tier: Option<&'static str>,
}

impl Meta {
    /// What is known of the answer to this request.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let context = request.extensions().get::<Rc<RequestContext>>().cloned().unwrap_or_default();
        let state = request.app_data::<web::Data<State>>();
        Self::new(&context, state.map(|state| state.services.clock.now().to_string()).unwrap_or_default())
    }

    pub(crate) fn new(context: &RequestContext, timestamp: String) -> Self {
        Self {
            timestamp,
            request_id: context.id.clone(),
            version: env!("CARGO_PKG_VERSION"),
            execution_time: context.elapsed_ms(),
            api_key_tier: context.key.get().map(|key| key.tier.as_str()),
        }
    }
}
