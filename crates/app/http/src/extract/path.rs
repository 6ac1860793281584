//! Ids in paths.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use altus4_kernel::ConnectionId;

use crate::error::ApiError;

/// The `{id}` of a database in the path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DatabaseId(pub(crate) ConnectionId);

/// What is no id was never issued: the same answer as for any other that isn't there.
impl FromRequest for DatabaseId {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").unwrap_or_default();
        ready(id.parse().map(Self).map_err(|_| ApiError::not_found("database", id)))
    }
}
