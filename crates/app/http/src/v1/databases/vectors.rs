//! Vectors of the tables of users' databases, built beforehand for searches by meaning.

mod body;
mod dto;

use actix_web::web::Data;
use altus4_kernel::grants::{DatabaseRead, DatabaseWrite};

pub(crate) use self::{
    body::VectorIndexBody,
    dto::{VectorIndexDto, VectorIndexRemovedDto},
};
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::ApiError,
    extract::{Client, DatabaseId, JsonBody, May, PathVectorIndex},
    state::State,
};

/// Begins to build the vectors of a table, so that all its rows can be found by meaning.
///
/// How far it is, is at `GET /databases/{id}/vectors/{vectorId}`. Once built, it follows the rows: what
/// is new, changed or gone. The text of rows goes to a provider outside only while
/// `searchOptions.allowExternalAI` of the connection says so; else a model in this service reads them.
#[utoipa::path(post, path = "/api/v1/databases/{id}/vectors", tag = "databases",
    operation_id = "createVectorIndex",
    params(("id" = String, Path, format = Uuid)),
    request_body = VectorIndexBody,
    responses(
        (status = 201, description = "It is under way", body = Envelope<VectorIndexDto>),
        (status = 409, description = "`RESOURCE_CONFLICT`: there is one of these columns of the table, or \
            the database has as many as it may have", body = Failure),
        (status = 500, description = "`AI_SERVICE_ERROR`: there is no model that could make embeddings",
            body = Failure),
        (status = 502, description = "`CONNECTION_FAILED`: it can't be reached or refuses", body = Failure),
        (status = 504, description = "`QUERY_TIMEOUT`: it didn't answer in time", body = Failure)))]
pub(crate) async fn create(
    state: Data<State>,
    client: Client,
    May(granted): May<DatabaseWrite>,
    DatabaseId(id): DatabaseId,
    body: JsonBody,
) -> Result<Answer<VectorIndexDto>, ApiError> {
    // Whose database it isn't learns nothing of what a body has to be.
    state.services.vectors.require(granted, id).await?;
    let new = body.read(body::new_vector_index)?;
    let record = state.services.vectors.create(granted, id, &new, &client.0).await?;
    Ok(Answer::created(VectorIndexDto::from(&record)))
}

/// The vectors of a database's tables, oldest first.
#[utoipa::path(get, path = "/api/v1/databases/{id}/vectors", tag = "databases",
    operation_id = "listVectorIndexes",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "All of them", body = Envelope<Vec<VectorIndexDto>>)))]
pub(crate) async fn list(
    state: Data<State>,
    May(granted): May<DatabaseRead>,
    DatabaseId(id): DatabaseId,
) -> Result<Answer<Vec<VectorIndexDto>>, ApiError> {
    let records = state.services.vectors.list(granted, id).await?;
    Ok(Answer::ok(records.iter().map(VectorIndexDto::from).collect()))
}

/// How far the vectors of a table are.
#[utoipa::path(get, path = "/api/v1/databases/{id}/vectors/{vectorId}", tag = "databases",
    operation_id = "getVectorIndex",
    params(("id" = String, Path, format = Uuid), ("vectorId" = String, Path, format = Uuid)),
    responses((status = 200, description = "The vector index", body = Envelope<VectorIndexDto>)))]
pub(crate) async fn find(
    state: Data<State>,
    May(granted): May<DatabaseRead>,
    DatabaseId(id): DatabaseId,
    PathVectorIndex(vectors): PathVectorIndex,
) -> Result<Answer<VectorIndexDto>, ApiError> {
    let record = state.services.vectors.get(granted, id, vectors).await?;
    Ok(Answer::ok(VectorIndexDto::from(&record)))
}

/// Forgets the vectors of a table. From now on they aren't searched.
#[utoipa::path(delete, path = "/api/v1/databases/{id}/vectors/{vectorId}", tag = "databases",
    operation_id = "removeVectorIndex",
    params(("id" = String, Path, format = Uuid), ("vectorId" = String, Path, format = Uuid)),
    responses((status = 200, description = "It is gone", body = Envelope<VectorIndexRemovedDto>)))]
pub(crate) async fn remove(
    state: Data<State>,
    client: Client,
    May(granted): May<DatabaseWrite>,
    DatabaseId(id): DatabaseId,
    PathVectorIndex(vectors): PathVectorIndex,
) -> Result<Answer<VectorIndexRemovedDto>, ApiError> {
    state.services.vectors.remove(granted, id, vectors, &client.0).await?;
    Ok(Answer::ok(VectorIndexRemovedDto::at(state.services.clock.now())))
}
