//! A request's JSON body: bounded in size, time and depth.

use std::ops::RangeInclusive;

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{
        CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, TRANSFER_ENCODING,
    },
    web::{self, Bytes},
};
use futures::{StreamExt, future::LocalBoxFuture};
use serde_json::{Map, Value, json};

use super::{Fields, json};
use crate::{
    error::{ApiError, Code},
    state::State,
};

/// What a body that is a list is called in faults.
const LIST: &str = "body";

/// A body that is JSON, or none at all.
#[derive(Debug)]
pub(crate) struct JsonBody(Option<Value>);

impl JsonBody {
    /// Reads a body that has to be there.
    ///
    /// Errors: `MALFORMED_REQUEST` when there is none; every fault that reading it finds.
    pub(crate) fn read<T>(self, read: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T, ApiError> {
        let value = self.0.ok_or_else(|| ApiError::new(Code::MalformedRequest, "A JSON body is required"))?;
        Fields::of_json(value, read)
    }

    /// The value as it stands.
    ///
    /// Errors: `MALFORMED_REQUEST` when there is none.
    pub(crate) fn value(self) -> Result<Value, ApiError> {
        self.0.ok_or_else(|| ApiError::new(Code::MalformedRequest, "A JSON body is required"))
    }

    /// Reads a list of objects, one after the other.
    ///
    /// Errors: `MALFORMED_REQUEST` when there is none; every fault that reading them finds.
    pub(crate) fn read_list<T>(
        self,
        count: RangeInclusive<usize>,
        read: impl FnMut(&mut Fields) -> Option<T>,
    ) -> Result<Vec<T>, ApiError> {
        let value = self.0.ok_or_else(|| ApiError::new(Code::MalformedRequest, "A JSON body is required"))?;
        let body = Map::from_iter([(LIST.to_owned(), value)]);
        Fields::of_json(Value::Object(body), |fields| fields.objects(LIST, count, read))
    }

    /// Reads a body that may be left out, or `null`, as if an empty object had been sent.
    ///
    /// Errors: every fault that reading it finds.
    pub(crate) fn read_or_empty<T>(self, read: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T, ApiError> {
        let value = self.0.filter(|value| !value.is_null());
        Fields::of_json(value.unwrap_or_else(|| Value::Object(Map::new())), read)
    }
}

impl FromRequest for JsonBody {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            match read_body(&request, payload).await? {
                None => Ok(Self(None)),
                Some(bytes) => {
                    json::parse(&bytes).map(|value| Self(Some(value))).map_err(|error| malformed(&error))
                }
            }
        })
    }
}

/// The bytes of a body that means to be JSON; `None` where there is none.
///
/// Errors: that it is something else, too large, too late, or cut off.
pub(crate) async fn read_body(request: &HttpRequest, payload: Payload) -> Result<Option<Bytes>, ApiError> {
    let Some(announced) = check_headers(request.headers())? else { return Ok(None) };
    let config = &request.app_data::<web::Data<State>>().ok_or_else(ApiError::internal)?.config;
    let limit = config.body_limit_bytes;
    if announced > limit {
        return Err(too_large(limit));
    }
    let bytes = tokio::time::timeout(config.body_timeout, collect(payload, limit))
        .await
        .map_err(|_| ApiError::new(Code::RequestTimeout, "The body did not arrive in time"))??;
    Ok((!bytes.is_empty()).then(|| bytes.freeze()))
}

/// How many bytes are announced; `None` when there is no body.
fn check_headers(headers: &HeaderMap) -> Result<Option<usize>, ApiError> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let length =
        headers.get(CONTENT_LENGTH).map(|_| text(CONTENT_LENGTH).trim().parse().unwrap_or(usize::MAX));
    if !headers.contains_key(TRANSFER_ENCODING) && length.unwrap_or(0) == 0 {
        return Ok(None);
    }
    let encoding = text(CONTENT_ENCODING);
    if !(is_json(text(CONTENT_TYPE)) && (encoding.is_empty() || encoding.eq_ignore_ascii_case("identity"))) {
        return Err(ApiError::new(
            Code::UnsupportedMediaType,
            "The body must be uncompressed JSON, with the content type application/json",
        ));
    }
    Ok(Some(length.unwrap_or(0)))
}

/// `application/json` and `application/<anything>+json`, in UTF-8.
fn is_json(content_type: &str) -> bool {
    let lower = content_type.to_ascii_lowercase();
    let mut parts = lower.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let subtype = essence.strip_prefix("application/").unwrap_or_default();
    let charset = parts.find_map(|part| part.strip_prefix("charset=")).map(|name| name.trim_matches('"'));
    (subtype == "json" || subtype.ends_with("+json")) && charset.is_none_or(|name| name == "utf-8")
}

async fn collect(mut payload: Payload, limit: usize) -> Result<web::BytesMut, ApiError> {
    let mut bytes = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| {
            ApiError::new(Code::MalformedRequest, "The body ended before it was complete").with_source(error)
        })?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(Code::PayloadTooLarge, format!("The body is over {limit} bytes"))
        .with_details(json!({ "limit": limit }))
}

fn malformed(error: &serde_json::Error) -> ApiError {
    ApiError::new(Code::MalformedRequest, "The body is not valid JSON")
        .with_details(json!({ "reason": error.to_string(), "line": error.line(), "column": error.column() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_is_json() {
        for text in ["application/json", "Application/JSON; charset=UTF-8", "application/merge-patch+json"] {
            assert!(is_json(text), "{text}");
        }
        for text in
            ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"]
        {
            assert!(!is_json(text), "{text}");
        }
    }
}
