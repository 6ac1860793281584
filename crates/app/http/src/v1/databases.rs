//! Users' databases.

mod body;
mod dto;
pub(crate) mod indexes;
mod status;
pub(crate) mod vectors;

use actix_web::web::Data;
use altus4_kernel::grants::{DatabaseRead, DatabaseWrite};

pub(crate) use self::{
    body::{ChangeDatabaseBody, DatabaseBody, UnsavedDatabaseBody},
    dto::{ChangedDto, ConnectionDto, RemovedDto, TableDto, TestDto},
    status::{StatusDto, StatusesDto},
};
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::ApiError,
    extract::{Client, DatabaseId, JsonBody, May, QueryString},
    state::State,
};

/// The account's connections, oldest first.
#[utoipa::path(get, path = "/api/v1/databases", tag = "databases", operation_id = "listDatabases",
    responses((status = 200, description = "All of them", body = Envelope<Vec<ConnectionDto>>)))]
pub(crate) async fn list(
    state: Data<State>,
    May(granted): May<DatabaseRead>,
) -> Result<Answer<Vec<ConnectionDto>>, ApiError> {
    let connections = state.services.connections.list(granted).await?;
    Ok(Answer::ok(connections.iter().map(ConnectionDto::from).collect()))
}

/// Registers a database.
///
/// The server need not be up: `status` says what was found. The password is sealed and never given
/// back.
#[utoipa::path(post, path = "/api/v1/databases", tag = "databases", operation_id = "registerDatabase",
    request_body = DatabaseBody,
    responses(
        (status = 201, description = "The connection", body = Envelope<ConnectionDto>),
        (status = 403, description = "`HOST_NOT_ALLOWED`, `TIER_LIMITATION` or `INSUFFICIENT_PERMISSIONS`", body = Failure),
        (status = 409, description = "`RESOURCE_CONFLICT`: the name is taken", body = Failure)))]
pub(crate) async fn register(
    state: Data<State>,
    client: Client,
    May(granted): May<DatabaseWrite>,
    body: JsonBody,
) -> Result<Answer<ConnectionDto>, ApiError> {
    let new = body.read(body::new_connection)?;
    let connection = state.services.connections.register(granted, new, &client.0).await?;
    Ok(Answer::created(ConnectionDto::from(&connection)))
}

/// One connection.
#[utoipa::path(get, path = "/api/v1/databases/{id}", tag = "databases", operation_id = "getDatabase",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The connection", body = Envelope<ConnectionDto>)))]
pub(crate) async fn find(
    state: Data<State>,
    May(granted): May<DatabaseRead>,
    DatabaseId(id): DatabaseId,
) -> Result<Answer<ConnectionDto>, ApiError> {
    let connection = state.services.connections.get(granted, id).await?;
    Ok(Answer::ok(ConnectionDto::from(&connection)))
}

/// Changes a connection.
///
/// What is left out stays as it is, the password too; `ssl` is replaced as a whole, and `engine` can't
/// be changed. The server is called once, and need not be up: `status` says what was found. Holds from
/// the next search on, on other nodes within two seconds; where the way to the database is another
/// one, its pool is opened anew.
#[utoipa::path(put, path = "/api/v1/databases/{id}", tag = "databases", operation_id = "changeDatabase",
    params(("id" = String, Path, format = Uuid)),
    request_body = ChangeDatabaseBody,
    responses(
        (status = 200, description = "The connection as it is now", body = Envelope<ChangedDto>),
        (status = 403, description = "`HOST_NOT_ALLOWED` or `INSUFFICIENT_PERMISSIONS`", body = Failure),
        (status = 409, description = "`RESOURCE_CONFLICT`: the name is taken", body = Failure)))]
pub(crate) async fn change(
    state: Data<State>,
    client: Client,
    May(granted): May<DatabaseWrite>,
    DatabaseId(id): DatabaseId,
    body: JsonBody,
) -> Result<Answer<ChangedDto>, ApiError> {
    let connections = &state.services.connections;
    let engine = connections.engine_of(granted, id).await?;
    let change = body.read(|fields| Some(body::connection_change(fields, engine)))?;
    let connection = connections.update(granted, id, change, &client.0).await?;
    Ok(Answer::ok(ChangedDto::from(&connection)))
}

/// The same as PUT.
#[utoipa::path(patch, path = "/api/v1/databases/{id}", tag = "databases", operation_id = "patchDatabase",
    params(("id" = String, Path, format = Uuid)),
    request_body = ChangeDatabaseBody,
    responses(
        (status = 200, description = "The connection as it is now", body = Envelope<ChangedDto>),
        (status = 403, description = "`HOST_NOT_ALLOWED` or `INSUFFICIENT_PERMISSIONS`", body = Failure),
        (status = 409, description = "`RESOURCE_CONFLICT`: the name is taken", body = Failure)))]
pub(crate) async fn patch(
    state: Data<State>,
    client: Client,
    granted: May<DatabaseWrite>,
    id: DatabaseId,
    body: JsonBody,
) -> Result<Answer<ChangedDto>, ApiError> {
    change(state, client, granted, id, body).await
}

/// Forgets a connection, its password, its pool and its schema.
#[utoipa::path(delete, path = "/api/v1/databases/{id}", tag = "databases", operation_id = "removeDatabase",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "It is gone", body = Envelope<RemovedDto>)))]
pub(crate) async fn remove(
    state: Data<State>,
    client: Client,
    May(granted): May<DatabaseWrite>,
    DatabaseId(id): DatabaseId,
) -> Result<Answer<RemovedDto>, ApiError> {
    state.services.connections.remove(granted, id, &client.0).await?;
    Ok(Answer::ok(RemovedDto::at(state.services.clock.now())))
}

/// Which of the account's databases answer now.
///
/// All are called side by side, inactive ones too; what hasn't answered within five seconds doesn't.
#[utoipa::path(get, path = "/api/v1/databases/status", tag = "databases", operation_id = "databaseStatuses",
    responses((status = 200, description = "Each id, and whether it answered", body = Envelope<StatusesDto>)))]
pub(crate) async fn statuses(
    state: Data<State>,
    May(granted): May<DatabaseRead>,
) -> Result<Answer<StatusesDto>, ApiError> {
    Ok(Answer::ok(StatusesDto::from(state.services.connections.statuses(granted).await?)))
}

/// Calls a database, and tells how it is and what this node has open to it.
///
/// That it can't be reached is part of the answer, not a failure.
#[utoipa::path(get, path = "/api/v1/databases/{id}/status", tag = "databases", operation_id = "databaseStatus",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "As it is now", body = Envelope<StatusDto>)))]
pub(crate) async fn status(
    state: Data<State>,
    May(granted): May<DatabaseRead>,
    DatabaseId(id): DatabaseId,
) -> Result<Answer<StatusDto>, ApiError> {
    Ok(Answer::ok(StatusDto::from(state.services.connections.status(granted, id).await?)))
}

/// Calls a database and notes what was found.
#[utoipa::path(post, path = "/api/v1/databases/{id}/test", tag = "databases", operation_id = "testDatabase",
    params(("id" = String, Path, format = Uuid)),
    responses(
        (status = 200, description = "It answers", body = Envelope<TestDto>),
        (status = 403, description = "`HOST_NOT_ALLOWED` or `INSUFFICIENT_PERMISSIONS`", body = Failure),
        (status = 502, description = "`CONNECTION_FAILED`: it can't be reached or refuses", body = Failure)))]
pub(crate) async fn test(
    state: Data<State>,
    May(granted): May<DatabaseWrite>,
    DatabaseId(id): DatabaseId,
) -> Result<Answer<TestDto>, ApiError> {
    let report = state.services.connections.test(granted, id).await.map_err(ApiError::of_probe)?;
    Ok(Answer::ok(TestDto::from(report)))
}

/// Calls a database that isn't registered.
#[utoipa::path(post, path = "/api/v1/databases/test", tag = "databases", operation_id = "testUnsavedDatabase",
    request_body = UnsavedDatabaseBody,
    responses(
        (status = 200, description = "It answers", body = Envelope<TestDto>),
        (status = 403, description = "`HOST_NOT_ALLOWED` or `INSUFFICIENT_PERMISSIONS`", body = Failure),
        (status = 502, description = "`CONNECTION_FAILED`: it can't be reached or refuses", body = Failure)))]
pub(crate) async fn test_unsaved(
    state: Data<State>,
    May(granted): May<DatabaseWrite>,
    body: JsonBody,
) -> Result<Answer<TestDto>, ApiError> {
    let new = body.read(body::unsaved_connection)?;
    let report = state.services.connections.test_unsaved(granted, new).await.map_err(ApiError::of_probe)?;
    Ok(Answer::ok(TestDto::from(report)))
}

/// What a database looks like: its tables, columns and indexes.
///
/// As of at most five minutes ago, or with `refresh=true` as of now.
#[utoipa::path(get, path = "/api/v1/databases/{id}/schema", tag = "databases", operation_id = "databaseSchema",
    params(
        ("id" = String, Path, format = Uuid),
        ("refresh" = Option<bool>, Query, description = "Read it anew")),
    responses(
        (status = 200, description = "Its tables and views", body = Envelope<Vec<TableDto>>),
        (status = 502, description = "`CONNECTION_FAILED`: it can't be reached or refuses", body = Failure),
        (status = 504, description = "`QUERY_TIMEOUT`: it didn't answer in time", body = Failure)))]
pub(crate) async fn schema(
    state: Data<State>,
    May(granted): May<DatabaseRead>,
    DatabaseId(id): DatabaseId,
    query: QueryString,
) -> Result<Answer<Vec<TableDto>>, ApiError> {
    let refresh = query.flag("refresh")?;
    let (connection, snapshot) = state.services.connections.schema(granted, id, refresh).await?;
    let database = connection.database.as_str();
    Ok(Answer::ok(snapshot.tables().iter().map(|table| TableDto::new(database, table)).collect()))
}
