//! Whether a request is made in earnest.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    rc::Rc,
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use altus4_kernel::Environment;

use crate::context::RequestContext;

/// What the key of a request is for; a session's are in earnest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunsIn(pub(crate) Environment);

impl FromRequest for RunsIn {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let context = request.extensions().get::<Rc<RequestContext>>().cloned().unwrap_or_default();
        ready(Ok(Self(context.key.get().map_or(Environment::Live, |key| key.environment))))
    }
}
