//! Accounts and sessions.

mod cookie;
mod dto;

use actix_web::{HttpRequest, web::Data};
use altus4_kernel::{Change, grants::Admin, secrecy::SecretString};
use secrecy::ExposeSecret;

pub(crate) use self::dto::{
    ChangePasswordBody, LiveSessionDto, LoginBody, ProfileBody, RefreshBody, RegisterBody, SessionDto,
    SignedInDto, SuccessDto, UserDto,
};
use super::audit::AuditEventDto;
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::{ApiError, Code},
    extract::{
        Client, JsonBody, May, MaybeCaller, PagingParams, PathSession, Presented, QueryString, SessionCaller,
        page_request, session_required,
    },
    state::State,
};

/// Makes an account and logs it in.
///
/// `role` and `plan` in the body have no effect. Sets the refresh token as a cookie too. Ten a minute
/// may be made from one address.
#[utoipa::path(post, path = "/api/v1/auth/register", tag = "accounts", operation_id = "register",
    request_body = RegisterBody,
    responses(
        (status = 201, description = "The account and its first session", body = Envelope<SignedInDto>),
        (status = 409, description = "`USER_EXISTS`: the e-mail address is taken", body = Failure),
        (status = 429, description = "`RATE_LIMIT_EXCEEDED`: too many tries; `details.retryAfter` is in seconds",
            body = Failure, headers(("Retry-After" = u64, description = "Seconds until the next try")))))]
pub(crate) async fn register(
    state: Data<State>,
    client: Client,
    body: JsonBody,
) -> Result<Answer<SignedInDto>, ApiError> {
    let registration = body.read(dto::registration)?;
    state.services.attempts.admit_registration(client.1).await?;
    let (account, tokens) = state.services.users.register(registration, &client.0).await?;
    let cookie = cookie::set(&tokens, state.config.development);
    Ok(Answer::created(SignedInDto::new(&account, &[], &tokens)).with_cookie(Some(cookie)))
}

/// Begins a session.
///
/// An unknown e-mail address and a wrong password give the same answer after the same work. Ten tries
/// a minute may be made from one address, and ten with one e-mail address.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "accounts", operation_id = "login",
    request_body = LoginBody,
    responses(
        (status = 200, description = "The account and its new session", body = Envelope<SignedInDto>),
        (status = 401, description = "`INVALID_CREDENTIALS`", body = Failure),
        (status = 429, description = "`RATE_LIMIT_EXCEEDED`: too many tries; `details.retryAfter` is in seconds",
            body = Failure, headers(("Retry-After" = u64, description = "Seconds until the next try")))))]
pub(crate) async fn login(
    state: Data<State>,
    client: Client,
    body: JsonBody,
) -> Result<Answer<SignedInDto>, ApiError> {
    let (email, password) = body.read(dto::login)?;
    state.services.attempts.admit_login(client.1, email.as_ref()).await?;
    let (account, tokens) = state.services.users.login(email, password, &client.0).await?;
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
    client: Client,
    request: HttpRequest,
    body: JsonBody,
) -> Result<Answer<SessionDto>, ApiError> {
    let given = body.read_or_empty(|fields| Some(dto::refresh_token(fields)))?;
    let (session, cookie) = match given.or_else(|| cookie::get(&request)) {
        Some(token) => {
            let tokens = state.services.users.refresh(&token, &client.0).await?;
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
    client: Client,
    caller: SessionCaller,
    query: QueryString,
) -> Result<Answer<SuccessDto>, ApiError> {
    if query.flag("all")? {
        state.services.users.logout_everywhere(caller.account_id, &client.0).await?;
    } else {
        state.services.users.logout(caller.account_id, caller.session_id, &client.0).await?;
    }
    let cookie = cookie::clear(state.config.development);
    Ok(Answer::ok(SuccessDto::DONE).with_cookie(Some(cookie)))
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

/// Changes the account's name or e-mail address.
///
/// What is left out stays as it is. Anything else of a user in the body has no effect.
#[utoipa::path(put, path = "/api/v1/auth/profile", tag = "accounts", operation_id = "updateProfile",
    request_body = ProfileBody,
    responses(
        (status = 200, description = "The account as it is now", body = Envelope<UserDto>),
        (status = 409, description = "`USER_EXISTS`: the e-mail address is taken", body = Failure)))]
pub(crate) async fn update_profile(
    state: Data<State>,
    client: Client,
    May(granted): May<Admin>,
    body: JsonBody,
) -> Result<Answer<UserDto>, ApiError> {
    let change = body.read(|fields| Some(dto::profile_change(fields)))?;
    let account = state.services.users.update_profile(granted, &change, &client.0).await?;
    let connections = state.services.connections.list_of(account.id).await?;
    Ok(Answer::ok(UserDto::new(&account, &connections)))
}

/// Replaces the password, and ends every other session of the account.
///
/// Ten tries a minute may be made for one account, and ten from one address.
#[utoipa::path(post, path = "/api/v1/auth/change-password", tag = "accounts", operation_id = "changePassword",
    request_body = ChangePasswordBody,
    responses(
        (status = 200, description = "Done", body = Envelope<SuccessDto>),
        (status = 401, description = "`INVALID_CREDENTIALS`: `currentPassword` is wrong", body = Failure),
        (status = 429, description = "`RATE_LIMIT_EXCEEDED`: too many tries; `details.retryAfter` is in seconds",
            body = Failure, headers(("Retry-After" = u64, description = "Seconds until the next try")))))]
pub(crate) async fn change_password(
    state: Data<State>,
    client: Client,
    caller: SessionCaller,
    body: JsonBody,
) -> Result<Answer<SuccessDto>, ApiError> {
    let (current, new) = body.read(dto::password_change)?;
    state.services.attempts.admit_password_change(client.1, caller.account_id).await?;
    let (users, account) = (&state.services.users, caller.account_id);
    let changed = users.change_password(account, caller.session_id, &current, &new, &client.0).await;
    changed.map_err(ApiError::of_password_change)?;
    Ok(Answer::ok(SuccessDto::DONE))
}

/// The account's live sessions, the newest first.
#[utoipa::path(get, path = "/api/v1/auth/sessions", tag = "accounts", operation_id = "listSessions",
    responses((status = 200, description = "All of them", body = Envelope<Vec<LiveSessionDto>>)))]
pub(crate) async fn sessions(
    state: Data<State>,
    May(granted): May<Admin>,
    caller: MaybeCaller,
) -> Result<Answer<Vec<LiveSessionDto>>, ApiError> {
    let sessions = state.services.users.sessions(granted.account_id()).await?;
    let own = caller.session_id();
    Ok(Answer::ok(sessions.iter().map(|session| LiveSessionDto::new(session, own)).collect()))
}

/// Ends one of the account's sessions.
///
/// Its access tokens stop working at once.
#[utoipa::path(delete, path = "/api/v1/auth/sessions/{id}", tag = "accounts", operation_id = "endSession",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "Done", body = Envelope<SuccessDto>)))]
pub(crate) async fn end_session(
    state: Data<State>,
    client: Client,
    caller: SessionCaller,
    PathSession(id): PathSession,
) -> Result<Answer<SuccessDto>, ApiError> {
    state.services.users.end_session(caller.account_id, id, &client.0).await?;
    let cookie = (id == caller.session_id).then(|| cookie::clear(state.config.development));
    Ok(Answer::ok(SuccessDto::DONE).with_cookie(cookie))
}

/// Deactivates the account.
///
/// Its sessions and keys end and its connections are forgotten at once. Its e-mail address may be
/// registered again.
#[utoipa::path(delete, path = "/api/v1/auth/account", tag = "accounts", operation_id = "deactivate",
    responses(
        (status = 200, description = "Done", body = Envelope<SuccessDto>),
        (status = 409, description = "`RESOURCE_CONFLICT`: it is the last active administrator", body = Failure)))]
pub(crate) async fn deactivate(
    state: Data<State>,
    client: Client,
    caller: SessionCaller,
) -> Result<Answer<SuccessDto>, ApiError> {
    let connections = state.services.connections.list_of(caller.account_id).await?;
    state.services.users.deactivate(caller.account_id, &client.0).await?;
    state.services.changes.announce(Change::Account(caller.account_id)).await;
    state.services.connections.release(&connections);
    let cookie = cookie::clear(state.config.development);
    Ok(Answer::ok(SuccessDto::DONE).with_cookie(Some(cookie)))
}

/// The account's own audit log, the newest first.
#[utoipa::path(get, path = "/api/v1/auth/audit", tag = "accounts", operation_id = "audit",
    params(PagingParams),
    responses((status = 200, description = "A page of it", body = Envelope<Vec<AuditEventDto>>)))]
pub(crate) async fn audit(
    state: Data<State>,
    May(granted): May<Admin>,
    query: QueryString,
) -> Result<Answer<Vec<AuditEventDto>>, ApiError> {
    let page = query.read(page_request)?;
    let owner = granted.account_id();
    let events = state.services.users.audit(granted, page).await?;
    Ok(Answer::page(page, &events, |event| AuditEventDto::own(event, owner)))
}
