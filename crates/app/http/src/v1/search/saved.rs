//! Searches that are kept under a name.

use actix_web::web::Data;
use altus4_kernel::grants::Search;
use altus4_search::{SavedRequest, SavedSearchName, StandingSearch};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{SearchBody, SearchResultsDto, body, run as run_query};
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::ApiError,
    extract::{Fields, JsonBody, May, Payer, RunsIn, SavedId},
    state::State,
};

/// A search to be saved.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `saved` reads it")]
pub(crate) struct SavedSearchBody {
    /// Its name, unique in the account without case.
    #[schema(min_length = 1, max_length = 100, example = "Open tickets about parcels")]
    name: String,
    /// The search, as it would be posted.
    request: SearchBody,
}

fn saved(fields: &mut Fields) -> Option<(SavedSearchName, SavedRequest)> {
    fields.require(&["name", "request"]);
    let reason = "must be one line of 1 to 100 characters";
    let name = fields.parsed("name", reason, SavedSearchName::parse);
    let document = fields.peek("request").cloned();
    let query = fields.object("request", body::search_query).flatten();
    let Some(Value::Object(mut document)) = document else { return None };
    // Which databases it names is kept beside it: one that is removed is taken out.
    document.remove("databases");
    let request = SavedRequest { document: Value::Object(document).to_string(), databases: query?.databases };
    Some((name?, request))
}

/// A saved search.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SavedSearch)]
pub(crate) struct SavedSearchDto {
    #[schema(format = Uuid)]
    id: String,
    name: String,
    /// The search, as it was posted; without the databases that have been removed since.
    #[schema(value_type = Object)]
    request: Map<String, Value>,
    /// Whether all the databases that it named have been removed: then it can't be run.
    broken: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<&StandingSearch> for SavedSearchDto {
    fn from(StandingSearch { saved, broken }: &StandingSearch) -> Self {
        let mut request = document(&saved.request);
        if !saved.request.databases.is_empty() {
            let ids = saved.request.databases.iter().map(ToString::to_string);
            request.insert("databases".to_owned(), ids.collect());
        }
        Self {
            id: saved.id.to_string(),
            name: saved.name.as_str().to_owned(),
            request,
            broken: *broken,
            created_at: saved.created_at.to_string(),
            updated_at: saved.updated_at.to_string(),
        }
    }
}

/// The request as it was posted. It was an object when it was kept.
fn document(request: &SavedRequest) -> Map<String, Value> {
    serde_json::from_str(&request.document).unwrap_or_default()
}

/// That a saved search is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SavedSearchRemoved)]
pub(crate) struct SavedSearchRemovedDto {
    message: &'static str,
}

/// Saves a search.
#[utoipa::path(post, path = "/api/v1/search/saved", tag = "search", operation_id = "saveSearch",
    request_body = SavedSearchBody,
    responses(
        (status = 201, description = "The saved search", body = Envelope<SavedSearchDto>),
        (status = 404, description = "`NOT_FOUND`: one of `databases` isn't the account's", body = Failure),
        (status = 409, description = "`RESOURCE_CONFLICT`: the name is taken, or there are 500 already", body = Failure)))]
pub(crate) async fn save(
    state: Data<State>,
    May(granted): May<Search>,
    body: JsonBody,
) -> Result<Answer<SavedSearchDto>, ApiError> {
    let (name, request) = body.read(saved)?;
    let saved = state.services.saved_searches.save(granted, name, request).await?;
    Ok(Answer::created(SavedSearchDto::from(&saved)))
}

/// The account's saved searches, oldest first.
#[utoipa::path(get, path = "/api/v1/search/saved", tag = "search", operation_id = "listSavedSearches",
    responses((status = 200, description = "All of them", body = Envelope<Vec<SavedSearchDto>>)))]
pub(crate) async fn list(
    state: Data<State>,
    May(granted): May<Search>,
) -> Result<Answer<Vec<SavedSearchDto>>, ApiError> {
    let saved = state.services.saved_searches.list(granted).await?;
    Ok(Answer::ok(saved.iter().map(SavedSearchDto::from).collect()))
}

/// One saved search.
#[utoipa::path(get, path = "/api/v1/search/saved/{id}", tag = "search", operation_id = "getSavedSearch",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The saved search", body = Envelope<SavedSearchDto>)))]
pub(crate) async fn find(
    state: Data<State>,
    May(granted): May<Search>,
    SavedId(id): SavedId,
) -> Result<Answer<SavedSearchDto>, ApiError> {
    let saved = state.services.saved_searches.get(granted, id).await?;
    Ok(Answer::ok(SavedSearchDto::from(&saved)))
}

/// Replaces a saved search.
#[utoipa::path(put, path = "/api/v1/search/saved/{id}", tag = "search", operation_id = "replaceSavedSearch",
    params(("id" = String, Path, format = Uuid)), request_body = SavedSearchBody,
    responses(
        (status = 200, description = "The saved search", body = Envelope<SavedSearchDto>),
        (status = 409, description = "`RESOURCE_CONFLICT`: the name is taken", body = Failure)))]
pub(crate) async fn replace(
    state: Data<State>,
    May(granted): May<Search>,
    SavedId(id): SavedId,
    body: JsonBody,
) -> Result<Answer<SavedSearchDto>, ApiError> {
    let (name, request) = body.read(saved)?;
    let saved = state.services.saved_searches.replace(granted, id, name, request).await?;
    Ok(Answer::ok(SavedSearchDto::from(&saved)))
}

/// Forgets a saved search.
#[utoipa::path(delete, path = "/api/v1/search/saved/{id}", tag = "search", operation_id = "removeSavedSearch",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "It is gone", body = Envelope<SavedSearchRemovedDto>)))]
pub(crate) async fn remove(
    state: Data<State>,
    May(granted): May<Search>,
    SavedId(id): SavedId,
) -> Result<Answer<SavedSearchRemovedDto>, ApiError> {
    state.services.saved_searches.remove(granted, id).await?;
    Ok(Answer::ok(SavedSearchRemovedDto { message: "The saved search was removed" }))
}

/// Runs a saved search.
#[utoipa::path(post, path = "/api/v1/search/saved/{id}/run", tag = "search", operation_id = "runSavedSearch",
    params(("id" = String, Path, format = Uuid)),
    responses(
        (status = 200, description = "The ranked results", body = Envelope<SearchResultsDto>),
        (status = 400, description = "`VALIDATION_ERROR`: a table or column that it names is gone", body = Failure),
        (status = 409, description = "`RESOURCE_CONFLICT`: its databases have all been removed", body = Failure),
        (status = 502, description = "`CONNECTION_FAILED`: every database failed", body = Failure),
        (status = 504, description = "`QUERY_TIMEOUT`: every database timed out", body = Failure)))]
pub(crate) async fn run(
    state: Data<State>,
    May(granted): May<Search>,
    RunsIn(environment): RunsIn,
    Payer(payer): Payer,
    SavedId(id): SavedId,
) -> Result<Answer<SearchResultsDto>, ApiError> {
    let request = state.services.saved_searches.request(granted, id).await?;
    let mut query = Fields::of_json(Value::Object(document(&request)), body::search_query)?;
    query.databases = request.databases;
    run_query(&state, granted, environment, query, payer).await.map(Answer::ok)
}
