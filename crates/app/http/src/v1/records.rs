//! The records of entities: one set of handlers for all of them.

mod answer;
mod metadata;
mod openapi;
mod place;
mod query;

use actix_web::web::Data;
use altus4_entities::Put;
use altus4_kernel::grants::{Delete, Read, Write};
use serde_json::{Value, json};

pub(crate) use self::{
    answer::{Listed, OneRecord},
    metadata::MetadataDto,
    openapi::with_entities,
    place::{Conditions, EntityOf, RecordOf},
    query::ListParams,
};
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::ApiError,
    extract::{Caller, JsonBody, May, QueryString},
    state::State,
};

/// An entity's records, a part at a time.
#[utoipa::path(get, path = "/api/v1/{entity}", tag = "records", operation_id = "listRecords",
    params(("entity" = String, Path), ListParams),
    responses(
        (status = 200, description = "A part of the records", body = Envelope<Vec<Object>>),
        (status = 400, description = "`VALIDATION_ERROR`, `INVALID_FILTER` or `INVALID_SORT`", body = Failure),
        (status = 404, description = "`ENTITY_NOT_FOUND`", body = Failure),
        (status = 409, description = "`RESOURCE_CONFLICT`: the schema has changed", body = Failure)))]
pub(crate) async fn list(
    state: Data<State>,
    May(granted): May<Read>,
    EntityOf(entity): EntityOf,
    query: QueryString,
) -> Result<Listed, ApiError> {
    let query = query.read(query::list_query)?;
    let page = state.services.entities.records(granted, &entity, &query).await?;
    Ok(Listed::new(page, &query))
}

/// Makes a record, or up to 1,000 of them, all or none.
#[utoipa::path(post, path = "/api/v1/{entity}", tag = "records", operation_id = "createRecords",
    params(("entity" = String, Path)), request_body = Object,
    responses(
        (status = 201, description = "The record, or the records", body = Envelope<Object>),
        (status = 409, description = "`RESOURCE_CONFLICT`: a unique or foreign key", body = Failure),
        (status = 422, description = "`UNPROCESSABLE_ENTITY`: the column can't hold the value", body = Failure)))]
pub(crate) async fn create(
    state: Data<State>,
    May(granted): May<Write>,
    EntityOf(entity): EntityOf,
    body: JsonBody,
) -> Result<OneRecord, ApiError> {
    let (bodies, is_list) = place::bodies(body.value()?)?;
    let created = state.services.entities.create(granted, &entity, &bodies, is_list).await?;
    Ok(OneRecord::created(&entity, created, is_list))
}

/// Changes the first `limit` records that pass the filter.
#[utoipa::path(patch, path = "/api/v1/{entity}", tag = "records", operation_id = "changeRecords",
    params(("entity" = String, Path), ("filter" = String, Query), ("limit" = u32, Query)),
    request_body = Object,
    responses((status = 200, description = "How many there were", body = Envelope<Object>)))]
pub(crate) async fn change_many(
    state: Data<State>,
    May(granted): May<Write>,
    EntityOf(entity): EntityOf,
    query: QueryString,
    body: JsonBody,
) -> Result<Answer<Value>, ApiError> {
    let (filter, limit) = query.read(query::some)?;
    let body = place::object(body.value()?)?;
    let count = state.services.entities.update_many(granted, &entity, &filter, limit, &body).await?;
    Ok(Answer::ok(json!({ "count": count, "message": format!("{count} records were changed") })))
}

/// Deletes the first `limit` records that pass the filter.
#[utoipa::path(delete, path = "/api/v1/{entity}", tag = "records", operation_id = "deleteRecords",
    params(("entity" = String, Path), ("filter" = String, Query), ("limit" = u32, Query)),
    responses((status = 200, description = "How many there were", body = Envelope<Object>)))]
pub(crate) async fn delete_many(
    state: Data<State>,
    May(granted): May<Delete>,
    EntityOf(entity): EntityOf,
    query: QueryString,
) -> Result<Answer<Value>, ApiError> {
    let (filter, limit) = query.read(query::some)?;
    let count = state.services.entities.delete_many(granted, &entity, &filter, limit).await?;
    Ok(Answer::ok(json!({ "count": count, "message": format!("{count} records were deleted") })))
}

/// What an entity has and allows.
#[utoipa::path(options, path = "/api/v1/{entity}", tag = "records", operation_id = "describeEntity",
    params(("entity" = String, Path)),
    responses((status = 200, description = "Its fields, relations and permissions", body = Envelope<MetadataDto>)))]
pub(crate) async fn describe(
    state: Data<State>,
    May(granted): May<Read>,
    Caller(caller): Caller,
    EntityOf(entity): EntityOf,
) -> Result<metadata::Described, ApiError> {
    let described = state.services.entities.describe(granted, &entity).await?;
    let limit = state.services.tiers.of(caller.tier).requests_per_hour;
    Ok(metadata::Described::new(&described, &caller, limit)?)
}

/// One record.
#[utoipa::path(get, path = "/api/v1/{entity}/{id}", tag = "records", operation_id = "getRecord",
    params(("entity" = String, Path), ("id" = String, Path), ("fields" = Option<String>, Query),
        ("include" = Option<String>, Query)),
    responses(
        (status = 200, description = "The record, and its `ETag`", body = Envelope<Object>),
        (status = 304, description = "It is as `If-None-Match` says")))]
pub(crate) async fn find(
    state: Data<State>,
    May(granted): May<Read>,
    RecordOf(entity, id): RecordOf,
    conditions: Conditions,
    query: QueryString,
) -> Result<OneRecord, ApiError> {
    let query = query.read(|fields| Some(query::read_query(fields)))?;
    let record = state.services.entities.record(granted, &entity, &id, &query).await?;
    Ok(OneRecord::found(record, &conditions))
}

/// Changes some fields of a record.
#[utoipa::path(patch, path = "/api/v1/{entity}/{id}", tag = "records", operation_id = "changeRecord",
    params(("entity" = String, Path), ("id" = String, Path)), request_body = Object,
    responses(
        (status = 200, description = "The record as it is now", body = Envelope<Object>),
        (status = 412, description = "`PRECONDITION_FAILED`: `If-Match` names another version", body = Failure)))]
pub(crate) async fn change(
    state: Data<State>,
    May(granted): May<Write>,
    RecordOf(entity, id): RecordOf,
    conditions: Conditions,
    body: JsonBody,
) -> Result<OneRecord, ApiError> {
    let body = place::object(body.value()?)?;
    let changed = state.services.entities.update(granted, &entity, &id, &body, conditions.expected()).await?;
    Ok(OneRecord::changed(changed))
}

/// Puts a whole record; makes it where the id is free.
#[utoipa::path(put, path = "/api/v1/{entity}/{id}", tag = "records", operation_id = "putRecord",
    params(("entity" = String, Path), ("id" = String, Path)), request_body = Object,
    responses(
        (status = 200, description = "The record as it is now", body = Envelope<Object>),
        (status = 201, description = "The id was free", body = Envelope<Object>),
        (status = 412, description = "`PRECONDITION_FAILED`: `If-Match` names another version", body = Failure)))]
pub(crate) async fn put(
    state: Data<State>,
    May(granted): May<Write>,
    RecordOf(entity, id): RecordOf,
    conditions: Conditions,
    body: JsonBody,
) -> Result<OneRecord, ApiError> {
    let body = place::object(body.value()?)?;
    let put = state.services.entities.put(granted, &entity, &id, &body, conditions.expected()).await?;
    Ok(match put {
        Put::Replaced(record) => OneRecord::changed(record),
        Put::Made(record) => OneRecord::created(&entity, vec![record], false),
    })
}

/// Deletes a record.
#[utoipa::path(delete, path = "/api/v1/{entity}/{id}", tag = "records", operation_id = "deleteRecord",
    params(("entity" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, description = "It is gone", body = Envelope<Object>),
        (status = 412, description = "`PRECONDITION_FAILED`: `If-Match` names another version", body = Failure)))]
pub(crate) async fn delete(
    state: Data<State>,
    May(granted): May<Delete>,
    RecordOf(entity, id): RecordOf,
    conditions: Conditions,
) -> Result<Answer<Value>, ApiError> {
    state.services.entities.delete(granted, &entity, &id, conditions.expected()).await?;
    Ok(Answer::ok(json!({ "message": "The record was deleted" })))
}
