//! The program at the other end.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::IpAddr,
    rc::Rc,
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header::USER_AGENT, web::Data};
use altus4_kernel::Origin;

use crate::{context::RequestContext, state::State};

/// Where a request came from: as sessions and the audit log keep it, and the address that attempts
/// are counted by.
#[derive(Debug)]
pub(crate) struct Client(pub(crate) Origin, pub(crate) Option<IpAddr>);

impl FromRequest for Client {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let context = request.extensions().get::<Rc<RequestContext>>().cloned().unwrap_or_default();
        let address = client_address(request);
        let shown = address.map(|address| address.to_string());
        let user_agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
        ready(Ok(Self(Origin::new(&context.id, shown.as_deref(), user_agent), address)))
    }
}

/// The address that a request came from: its peer's, or what a proxy reports that the operator
/// trusts. Nobody else is believed: anyone can send `X-Forwarded-For`.
pub(crate) fn client_address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let proxies = &request.app_data::<Data<State>>()?.config.trusted_proxies;
    Some(proxies.client_address(peer, request.headers()))
}
