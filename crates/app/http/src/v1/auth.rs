//! Accounts and sessions.

mod cookie;
mod dto;

use actix_web::{HttpRequest, web::Data};
use altus4_kernel::{grants::Admin, secrecy::SecretString};
use secrecy::ExposeSecret;

pub(crate) use self::dto::{
    LoginBody, RefreshBody, RegisterBody, SessionDto, SignedInDto, SuccessDto, UserDto,
};
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::{ApiError, Code},
    extract::{Client, JsonBody, May, Presented, QueryString, SessionCaller, session_required},
    state::State,
};

/// Makes an account and logs it in.
///
/// `role` and `plan` in the body have no effect. Sets the refresh token as a cookie too.
#[utoipa::path(post, path = "/api/v1/auth/register", tag = "accounts", operation_id = "register",
    request_body = RegisterBody,
    responses(
        (status = 201, description = "The account and its first session", body = Envelope<SignedInDto>),
        (status = 409, description = "`USER_EXISTS`: the e-mail address is taken", body = Failure)))]
pub(crate) async fn register(
    state: Data<State>,
    client: Client,
    body: JsonBody,
) -> Result<Answer<SignedInDto>, ApiError> {
    let registration = body.read(dto::registration)?;
    let (account, tokens) = state.services.users.register(registration, client.0).await?;
    let cookie = cookie::set(&tokens, state.config.development);
    Ok(Answer::created(SignedInDto::new(&account, &[], &tokens)).with_cookie(Some(cookie)))
}

/// Begins a session.
///
/// An unknown e-mail address and a wrong password give the same answer after the same work.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "accounts", operation_id = "login",
    request_body = LoginBody,
    responses(
        (status = 200, description = "The account and its new session", body = Envelope<SignedInDto>),
        (status = 401, description = "`INVALID_CREDENTIALS`", body = Failure)))]
pub(crate) async fn login(
    state: Data<State>,
    client: Client,
    body: JsonBody,
) -> Result<Answer<SignedInDto>, ApiError> {
    let (email, password) = body.read(dto::login)?;
    let (account, tokens) = state.services.users.login(email, password, client.0).await?;
    let connections = state.services.connections.list_of(account.id).await?;
    let cookie = cookie::set(&tokens, state.config.development);
    Ok(Answer::ok(SignedInDto::new(&account, &connections, &tokens)).with_cookie(Some(cookie)))
}

/// Exchanges a refresh token for new tokens.
///
/// The refresh token comes from the body or the cookie `altus4_refresh`; each works once, and a
/// second use ends its session. Without one, an access token that is still good gets a further
/// access token of the same session.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "accounts", operation_id = "refresh",
    request_body = Option<RefreshBody>,
    responses(
        (status = 200, description = "New tokens", body = Envelope<SessionDto>),
        (status = 401, description = "`INVALID_TOKEN`, `TOKEN_EXPIRED` or `UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`SESSION_REQUIRED`: an API key was shown", body = Failure)))]
pub(crate) async fn refresh(
    state: Data<State>,
    request: HttpRequest,
    body: JsonBody,
) -> Result<Answer<SessionDto>, ApiError> {
    let given = body.read_or_empty(|fields| Some(dto::refresh_token(fields)))?;
    let (session, cookie) = match given.or_else(|| cookie::get(&request)) {
        Some(token) => {
            let tokens = state.services.users.refresh(&token).await?;
            (SessionDto::rotated(&tokens), Some(cookie::set(&tokens, state.config.development)))
        }
        None => (extend(&state, &request).await?, None),
    };
    let token = session.token.clone();
    Ok(Answer::ok(session).with_token(token).with_cookie(cookie))
}

async fn extend(state: &State, request: &HttpRequest) -> Result<SessionDto, ApiError> {
    let missing = || ApiError::new(Code::Unauthorized, "A refresh token is required");
    let token: SecretString = match Presented::of(request.headers())?.ok_or_else(missing)? {
        Presented::Token(token) => token,
        Presented::Key(_) => return Err(session_required()),
    };
    Ok(SessionDto::extended(&state.services.users.extend(token.expose_secret()).await?))
}

/// Ends the session, or with `all=true` every session of the account.
///
/// Their access tokens stop working at once.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "accounts", operation_id = "logout",
    params(("all" = Option<bool>, Query, description = "End every session of the account")),
    responses((status = 200, description = "Done", body = Envelope<SuccessDto>)))]
pub(crate) async fn logout(
    state: Data<State>,
    caller: SessionCaller,
    query: QueryString,
) -> Result<Answer<SuccessDto>, ApiError> {
    if query.flag("all")? {
        state.services.users.logout_everywhere(caller.account_id).await?;
    } else {
        state.services.users.logout(caller.account_id, caller.session_id).await?;
    }
    let cookie = cookie::clear(state.config.development);
    Ok(Answer::ok(SuccessDto { success: true }).with_cookie(Some(cookie)))
}

/// The account itself.
#[utoipa::path(get, path = "/api/v1/auth/profile", tag = "accounts", operation_id = "profile",
    responses((status = 200, description = "The account", body = Envelope<UserDto>)))]
pub(crate) async fn profile(
    state: Data<State>,
    May(granted): May<Admin>,
) -> Result<Answer<UserDto>, ApiError> {
    let account = state.services.users.profile(granted.account_id()).await?;
    let connections = state.services.connections.list_of(account.id).await?;
    Ok(Answer::ok(UserDto::new(&account, &connections)))
}
