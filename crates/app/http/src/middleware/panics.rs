//! A handler that panics costs its own request and no other.

use std::panic::AssertUnwindSafe;

use actix_web::{
    Error,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};
use futures::FutureExt;

use crate::error::ApiError;

/// Answers for a handler that panicked. What it said is in the panic hook's output, not here: it
/// may show data.
pub(crate) async fn catch_panics(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let head = request.request().clone();
    AssertUnwindSafe(next.call(request)).catch_unwind().await.unwrap_or_else(|_| {
        let error = ApiError::internal().with_source("the handler panicked");
        Ok(ServiceResponse::from_err(error, head))
    })
}
