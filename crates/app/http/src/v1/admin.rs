//! All accounts, and the audit log of all of them, for administrators.

mod dto;

use actix_web::web::Data;
use altus4_kernel::Change;

pub(crate) use self::dto::{AuditQuery, ChangeUserBody, ListedUserDto, UsersQuery};
use super::audit::AuditEventDto;
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::ApiError,
    extract::{Administrator, Client, JsonBody, PagingParams, PathAccount, QueryString},
    state::State,
};

/// Accounts, the newest first, also those that were deactivated.
#[utoipa::path(get, path = "/api/v1/admin/users", tag = "administration", operation_id = "listUsers",
    params(UsersQuery, PagingParams),
    responses((status = 200, description = "A page of them", body = Envelope<Vec<ListedUserDto>>)))]
pub(crate) async fn users(
    state: Data<State>,
    Administrator(admin): Administrator,
    query: QueryString,
) -> Result<Answer<Vec<ListedUserDto>>, ApiError> {
    let (filter, page) = query.read(dto::users_query)?;
    let users = state.services.administration.list(admin, &filter, page).await?;
    Ok(Answer::page(page, &users, ListedUserDto::new))
}

/// One account.
#[utoipa::path(get, path = "/api/v1/admin/users/{id}", tag = "administration", operation_id = "getUser",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The account", body = Envelope<ListedUserDto>)))]
pub(crate) async fn user(
    state: Data<State>,
    Administrator(admin): Administrator,
    PathAccount(id): PathAccount,
) -> Result<Answer<ListedUserDto>, ApiError> {
    let user = state.services.administration.get(admin, id).await?;
    Ok(Answer::ok(ListedUserDto::new(&user)))
}

/// Changes an account's role or plan, deactivates it or takes it back.
///
/// Deactivating ends its sessions and keys and forgets its connections; taking it back brings none
/// of these back.
#[utoipa::path(patch, path = "/api/v1/admin/users/{id}", tag = "administration", operation_id = "changeUser",
    params(("id" = String, Path, format = Uuid)),
    request_body = ChangeUserBody,
    responses(
        (status = 200, description = "The account as it is now", body = Envelope<ListedUserDto>),
        (status = 409, description = "`RESOURCE_CONFLICT`: it is the last active administrator; \
            `USER_EXISTS`: its address belongs to another account by now", body = Failure)))]
pub(crate) async fn change_user(
    state: Data<State>,
    client: Client,
    Administrator(admin): Administrator,
    PathAccount(id): PathAccount,
    body: JsonBody,
) -> Result<Answer<ListedUserDto>, ApiError> {
    let change = body.read(|fields| Some(dto::account_change(fields)))?;
    let connections = state.services.connections.list_of(id).await?;
    let user = state.services.administration.change(admin, id, change, &client.0).await?;
    state.services.changes.announce(Change::Account(id)).await;
    if !user.is_active() {
        state.services.connections.release(&connections);
    }
    Ok(Answer::ok(ListedUserDto::new(&user)))
}

/// The audit log of all accounts, or of one, the newest first.
#[utoipa::path(get, path = "/api/v1/admin/audit", tag = "administration", operation_id = "auditOfAll",
    params(AuditQuery, PagingParams),
    responses((status = 200, description = "A page of it", body = Envelope<Vec<AuditEventDto>>)))]
pub(crate) async fn audit(
    state: Data<State>,
    Administrator(admin): Administrator,
    query: QueryString,
) -> Result<Answer<Vec<AuditEventDto>>, ApiError> {
    let (filter, page) = query.read(dto::audit_query)?;
    let events = state.services.administration.audit(admin, filter, page).await?;
    Ok(Answer::page(page, &events, AuditEventDto::whole))
}
