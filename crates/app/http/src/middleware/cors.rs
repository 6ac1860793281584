//! Which other origins' pages may call the API. None unless the operator names them.

use actix_cors::Cors;
use actix_web::{
    http::{
        Method,
        header::{
            AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH, LINK, LOCATION,
            RETRY_AFTER,
        },
    },
    middleware::Condition,
};

use super::{
    course::{IDEMPOTENCY_KEY, REPLAYED},
    rate::RATE_HEADERS,
};
use crate::envelope::PAGE_HEADERS;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Exact origins, credentials in headers alone: cookies never cross origins.
pub(crate) fn cors(origins: &[String]) -> Condition<Cors> {
    let cors = Cors::default()
        .allowed_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ])
        .allowed_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            API_KEY,
            REQUEST_ID,
            IDEMPOTENCY_KEY,
            IF_MATCH,
            IF_NONE_MATCH,
        ])
        .expose_headers(
            [REQUEST_ID, RETRY_AFTER, LINK, REPLAYED, ETAG, LOCATION]
                .into_iter()
                .chain(PAGE_HEADERS)
                .chain(RATE_HEADERS),
        )
        .max_age(600);
    let cors = origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin));
    Condition::new(!origins.is_empty(), cors)
}
