//! How a search would be run.

mod dto;

use actix_web::web::Data;
use altus4_connections::Recommendation;
use altus4_kernel::grants::Analytics;
use altus4_search::DatabaseAnalysis;
use futures::future::join_all;
use utoipa::ToSchema;

pub(crate) use self::dto::AnalysisDto;
use super::body;
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::ApiError,
    extract::{JsonBody, May},
    state::State,
};

/// What is to be analysed.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SearchAnalyzeBody)]
#[expect(dead_code, reason = "describes the body; `body::analysis` reads it")]
pub(crate) struct AnalyzeBody {
    /// What would be looked for.
    #[schema(min_length = 1, max_length = 500, example = "refund for a damaged parcel")]
    query: String,
    /// Ids of connections; left out or empty: all active ones.
    #[schema(max_items = 10, value_type = Option<Vec<Uuid>>)]
    databases: Option<Vec<String>>,
    /// Left out: each connection's default tables, else every table with text columns.
    #[schema(max_items = 50)]
    tables: Option<Vec<String>>,
    /// `natural`, `boolean` or `semantic`.
    #[schema(default = "natural", pattern = "^(natural|boolean|semantic)$")]
    search_mode: Option<String>,
}

/// How a search would be run: how its query is read, what each server says of the statement it would
/// be sent, and what would make it faster or more complete.
///
/// The statements are this service's own, and are run where a server measures so; nothing of the
/// query is run as SQL. What some databases fail to answer is named in `failures`; only when every
/// one fails is the answer a 502, or a 504 if every one timed out.
#[utoipa::path(post, path = "/api/v1/search/analyze", tag = "search", operation_id = "analyzeSearch",
    request_body = AnalyzeBody,
    responses(
        (status = 200, description = "The analysis", body = Envelope<AnalysisDto>),
        (status = 400, description = "`VALIDATION_ERROR`, `INVALID_QUERY` or `MALFORMED_REQUEST`: every fault at \
            once", body = Failure),
        (status = 404, description = "`NOT_FOUND`: one of `databases` isn't the account's", body = Failure),
        (status = 502, description = "`CONNECTION_FAILED`: every database failed", body = Failure),
        (status = 504, description = "`QUERY_TIMEOUT`: every database timed out", body = Failure)))]
pub(crate) async fn analyze(
    state: Data<State>,
    May(granted): May<Analytics>,
    body: JsonBody,
) -> Result<Answer<AnalysisDto>, ApiError> {
    let query = body.read(body::analysis)?;
    let text = query.text.as_str().to_owned();
    let analysis = state.services.analysis.analyze(granted, query).await?;
    let advice = analysis.databases.iter().map(async |database: &DatabaseAnalysis| {
        match state.services.indexes.analysed(granted, database.connection_id).await {
            Ok(advice) => about(database, advice),
            // Its plans are worth showing all the same.
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "search.no_advice");
                Vec::new()
            }
        }
    });
    let advice = join_all(advice).await;
    Ok(Answer::ok(AnalysisDto::new(text, &analysis, &advice)))
}

/// Of all advice on a database, that on the tables of the search and on the whole server.
fn about(database: &DatabaseAnalysis, mut advice: Vec<Recommendation>) -> Vec<Recommendation> {
    let is_met = |name: &str| {
        database.tables.iter().any(|table| table.table == name)
            || database.left_out.iter().any(|table| table == name)
    };
    advice.retain(|one| one.advice.table.as_ref().is_none_or(|table| is_met(table.name())));
    advice
}
