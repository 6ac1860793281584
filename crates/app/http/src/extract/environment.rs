//! Whether a request is made in earnest.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    rc::Rc,
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use altus4_api_keys::Environment as KeyEnvironment;
use altus4_search::Environment;

use crate::context::RequestContext;

/// What the key of a request is for; a session's are in earnest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunsIn(pub(crate) Environment);

impl FromRequest for RunsIn {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let context = request.extensions().get::<Rc<RequestContext>>().cloned().unwrap_or_default();
        let environment = context.key.get().map(|key| key.environment);
        ready(Ok(Self(match environment {
            Some(KeyEnvironment::Test) => Environment::Test,
            Some(KeyEnvironment::Live) | None => Environment::Live,
        })))
    }
}
