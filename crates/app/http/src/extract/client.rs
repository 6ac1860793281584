//! The program at the other end.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::USER_AGENT};
use altus4_users::ClientInfo;

/// Where a request came from. `X-Forwarded-For` and its like are not believed: anyone can send them.
#[derive(Debug)]
pub(crate) struct Client(pub(crate) ClientInfo);

impl FromRequest for Client {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let user_agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
        ready(Ok(Self(ClientInfo {
            address: request.peer_addr().map(|address| address.ip().to_string()),
            user_agent: user_agent.map(|text| text.chars().take(255).collect()),
        })))
    }
}
