//! The cookie that browsers keep the refresh token in: out of reach for scripts and other sites.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
};
use altus4_kernel::secrecy::SecretString;
use altus4_users::TokenPair;
use secrecy::ExposeSecret;

const NAME: &str = "altus4_refresh";

/// Hands out a refresh token. Outside development it travels over HTTPS alone.
pub(super) fn set(tokens: &TokenPair, development: bool) -> Cookie<'static> {
    let life = i64::try_from(tokens.refresh_expires_in).unwrap_or(i64::MAX);
    build(tokens.refresh_token.expose_secret().to_owned(), Duration::seconds(life), development)
}

/// Takes the refresh token back.
pub(super) fn clear(development: bool) -> Cookie<'static> {
    build(String::new(), Duration::ZERO, development)
}

/// The refresh token that a request shows.
pub(super) fn get(request: &HttpRequest) -> Option<SecretString> {
    let cookie = request.cookie(NAME)?;
    Some(cookie.value().to_owned().into()).filter(|token: &SecretString| !token.expose_secret().is_empty())
}

fn build(value: String, life: Duration, development: bool) -> Cookie<'static> {
    Cookie::build(NAME, value)
        .path("/api")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(!development)
        .max_age(life)
        .finish()
}
