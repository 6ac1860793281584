//! Advice on the full-text indexes of users' databases, and making them.

mod body;
mod dto;

use actix_web::web::Data;
use altus4_kernel::grants::{DatabaseRead, DatabaseWrite};

pub(crate) use self::{
    body::IndexBody,
    dto::{IndexJobDto, RecommendationsDto},
};
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::ApiError,
    extract::{Client, DatabaseId, IndexJob, JsonBody, May},
    state::State,
};

/// What should be changed for searches to find more, sooner.
///
/// From the schema as it is now, the server's settings, and what was searched in the last 30 days.
#[utoipa::path(get, path = "/api/v1/databases/{id}/indexes/recommendations", tag = "databases",
    operation_id = "recommendIndexes",
    params(("id" = String, Path, format = Uuid)),
    responses(
        (status = 200, description = "What matters most first", body = Envelope<RecommendationsDto>),
        (status = 502, description = "`CONNECTION_FAILED`: it can't be reached or refuses", body = Failure),
        (status = 504, description = "`QUERY_TIMEOUT`: it didn't answer in time", body = Failure)))]
pub(crate) async fn recommendations(
    state: Data<State>,
    May(granted): May<DatabaseRead>,
    DatabaseId(id): DatabaseId,
) -> Result<Answer<RecommendationsDto>, ApiError> {
    let recommendations = state.services.indexes.recommendations(granted, id).await?;
    Ok(Answer::ok(RecommendationsDto::from(&recommendations[..])))
}

/// Begins to make a full-text index, with the rights of the connection's user.
///
/// In place where the server can: reading goes on meanwhile, writing waits. How far it is, and what
/// the server says, is at `GET /databases/{id}/indexes/{jobId}`.
#[utoipa::path(post, path = "/api/v1/databases/{id}/indexes", tag = "databases", operation_id = "createIndex",
    params(("id" = String, Path, format = Uuid)),
    request_body = IndexBody,
    responses(
        (status = 201, description = "It is under way", body = Envelope<IndexJobDto>),
        (status = 409, description = "`RESOURCE_CONFLICT`: there is such an index, or the table is \
            being given one, or too many are under way", body = Failure),
        (status = 502, description = "`CONNECTION_FAILED`: it can't be reached or refuses", body = Failure),
        (status = 504, description = "`QUERY_TIMEOUT`: it didn't answer in time", body = Failure)))]
pub(crate) async fn create(
    state: Data<State>,
    client: Client,
    May(granted): May<DatabaseWrite>,
    DatabaseId(id): DatabaseId,
    body: JsonBody,
) -> Result<Answer<IndexJobDto>, ApiError> {
    // Whose database it isn't learns nothing of what a body has to be.
    state.services.indexes.require(granted, id).await?;
    let draft = body.read(body::index_draft)?;
    let job = state.services.indexes.create(granted, id, &draft, &client.0).await?;
    Ok(Answer::created(IndexJobDto::from(&job)))
}

/// How far the making of an index is.
#[utoipa::path(get, path = "/api/v1/databases/{id}/indexes/{jobId}", tag = "databases",
    operation_id = "indexJob",
    params(("id" = String, Path, format = Uuid), ("jobId" = String, Path, format = Uuid)),
    responses((status = 200, description = "The job", body = Envelope<IndexJobDto>)))]
pub(crate) async fn job(
    state: Data<State>,
    May(granted): May<DatabaseRead>,
    DatabaseId(id): DatabaseId,
    IndexJob(job): IndexJob,
) -> Result<Answer<IndexJobDto>, ApiError> {
    let job = state.services.indexes.job(granted, id, job).await?;
    Ok(Answer::ok(IndexJobDto::from(&job)))
}
