//! Who is calling: what a request shows of itself, and the extractors that hand a handler what
//! [`admit`](super::admit) found.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::header::{AUTHORIZATION, HeaderMap},
};
use altus4_api_keys::KeySecret;
use altus4_kernel::{
    AccountId, Credential, Grant, Granted, Principal, SessionId, SystemAdmin, secrecy::SecretString,
};

use crate::error::{ApiError, Code};

/// 401 for a request that shows nothing. On search routes it is told as if it were a bad key.
pub(super) fn no_credential(path: &str) -> ApiError {
    if path == "/api/v1/search" || path.starts_with("/api/v1/search/") {
        ApiError::new(
            Code::InvalidApiKey,
            "An API key is required: Authorization: Bearer <key>, or X-API-Key",
        )
    } else {
        ApiError::new(
            Code::Unauthorized,
            "A credential is required: Authorization: Bearer <token or API key>",
        )
    }
}

/// 403 for a key where only a session will do.
pub(crate) fn session_required() -> ApiError {
    ApiError::new(Code::SessionRequired, "This takes a session's token; an API key can't do it")
}

/// What a request shows of itself.
#[derive(Debug)]
pub(crate) enum Presented {
    /// An API key, or what means to be one.
    Key(SecretString),
    /// Any other token.
    Token(SecretString),
}

impl Presented {
    /// What these headers show; `Authorization` counts where both are there.
    ///
    /// Errors: `UNAUTHORIZED` for an `Authorization` that is not `Bearer <token>`.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        if let Some(value) = headers.get(AUTHORIZATION) {
            let text = value.to_str().unwrap_or_default().trim();
            let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
            let token = token.trim();
            if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
                let message = "The Authorization header must be: Bearer <token or API key>";
                return Err(ApiError::new(Code::Unauthorized, message));
            }
            let kind = if KeySecret::looks_like_one(token) { Self::Key } else { Self::Token };
            return Ok(Some(kind(token.into())));
        }
        let key = headers.get("x-api-key").map(|value| value.to_str().unwrap_or_default().trim());
        Ok(key.map(|key| Self::Key(key.into())))
    }
}

/// The proof that the caller may do `G`. The route table asks for the same permission; were it
/// forgotten there, this would still refuse.
#[derive(Debug)]
pub(crate) struct May<G: Grant>(pub(crate) Granted<G>);

impl<G: Grant> FromRequest for May<G> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller(request).and_then(|principal| Ok(Self(principal.require()?))))
    }
}

/// The proof that the caller administers the whole installation. As with [`May`], the route table
/// asks for the same.
#[derive(Debug)]
pub(crate) struct Administrator(pub(crate) SystemAdmin);

impl FromRequest for Administrator {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller(request).and_then(|principal| Ok(Self(principal.require_system_admin()?))))
    }
}

/// A caller that has a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionCaller {
    pub(crate) account_id: AccountId,
    pub(crate) session_id: SessionId,
}

impl FromRequest for SessionCaller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller(request).and_then(|principal| match principal.credential {
            Credential::Session { id } => Ok(Self { account_id: principal.account_id, session_id: id }),
            Credential::ApiKey { .. } => Err(session_required()),
        }))
    }
}

/// Whoever is calling, whatever its credential includes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller(pub(crate) Principal);

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller(request).map(Self))
    }
}

/// Whoever is calling, if that is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MaybeCaller(pub(crate) Option<Principal>);

impl FromRequest for MaybeCaller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(caller(request).ok())))
    }
}

impl MaybeCaller {
    /// The session that is calling, if it is one.
    pub(crate) fn session_id(self) -> Option<SessionId> {
        match self.0?.credential {
            Credential::Session { id } => Some(id),
            Credential::ApiKey { .. } => None,
        }
    }
}

fn caller(request: &HttpRequest) -> Result<Principal, ApiError> {
    let principal = request.extensions().get::<Principal>().copied();
    principal.ok_or_else(|| no_credential(request.path()))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use secrecy::ExposeSecret;

    use super::*;

    fn presented(headers: &[(&str, &str)]) -> Result<Option<String>, Code> {
        let request =
            headers.iter().fold(TestRequest::get(), |r, pair| r.insert_header(*pair)).to_http_request();
        let shown = Presented::of(request.headers()).map_err(|error| error.code())?;
        Ok(shown.map(|shown| match shown {
            Presented::Key(key) => format!("key {}", key.expose_secret()),
            Presented::Token(token) => format!("token {}", token.expose_secret()),
        }))
    }

    #[test]
    fn credentials_are_read_from_either_header() {
        assert_eq!(presented(&[]), Ok(None));
        assert_eq!(presented(&[("Authorization", "bEaReR  a.b.c ")]), Ok(Some("token a.b.c".into())));
        assert_eq!(presented(&[("authorization", "Bearer altus4_sk_x")]), Ok(Some("key altus4_sk_x".into())));
        assert_eq!(presented(&[("X-API-Key", "whatever")]), Ok(Some("key whatever".into())));
        let both = [("X-API-Key", "altus4_sk_x"), ("Authorization", "Bearer a.b.c")];
        assert_eq!(presented(&both), Ok(Some("token a.b.c".into())));
    }

    #[test]
    fn another_scheme_is_no_credential() {
        for text in ["Basic YTpi", "Bearer", "Bearer ", "altus4_sk_live_x", ""] {
            assert_eq!(presented(&[("Authorization", text)]), Err(Code::Unauthorized), "{text}");
        }
    }
}
