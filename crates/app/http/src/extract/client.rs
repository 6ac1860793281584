//! The program at the other end.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::IpAddr,
    rc::Rc,
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header::USER_AGENT};
use altus4_kernel::Origin;

use crate::envelope::RequestContext;

/// Where a request came from, as sessions and the audit log keep it.
#[derive(Debug)]
pub(crate) struct Client(pub(crate) Origin);

impl FromRequest for Client {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let context = request.extensions().get::<Rc<RequestContext>>().cloned().unwrap_or_default();
        let address = client_address(request).map(|address| address.to_string());
        let user_agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
        ready(Ok(Self(Origin::new(&context.id, address.as_deref(), user_agent))))
    }
}

/// The address that a request came from: its peer's. `X-Forwarded-For` and its like are not
/// believed: anyone can send them.
pub(crate) fn client_address(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|peer| peer.ip().to_canonical())
}
