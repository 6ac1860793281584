//! Suggestions while somebody types.

use actix_web::web::Data;
use altus4_kernel::grants::Search;
use altus4_search::{Beginning, SearchQuery, SuggestRequest, Suggestion};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::body;
use crate::{
    envelope::{Answer, Envelope},
    error::ApiError,
    extract::{Fields, May, QueryString},
    state::State,
};

const DEFAULT_LIMIT: usize = 5;
const MAX_LIMIT: u32 = 20;

/// What was typed so far.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; `request` reads them")]
pub(crate) struct SuggestQuery {
    /// What was typed so far. `query` is another name of it.
    #[param(min_length = 1, max_length = 100, example = "ref")]
    q: String,
    /// Ids of connections whose words count; left out: all active ones.
    #[param(style = Form, explode = false, max_items = 10, value_type = Option<Vec<Uuid>>)]
    databases: Option<String>,
    /// The tables whose words count; left out: all.
    #[param(style = Form, explode = false, max_items = 50, value_type = Option<Vec<String>>)]
    tables: Option<String>,
    /// How many suggestions at the most.
    #[param(default = 5, minimum = 1, maximum = 20)]
    limit: Option<u32>,
}

fn request(fields: &mut Fields) -> Option<SuggestRequest> {
    fields.also_called("query", "q");
    fields.require(&["query"]);
    let reason = "must have 1 to 100 characters and not be white space alone";
    let beginning = fields.parsed("query", reason, Beginning::parse);
    let databases = body::databases(fields);
    let tables = body::names(fields, "tables", SearchQuery::MAX_NAMES).unwrap_or_default();
    let limit = fields.whole("limit", 1..=MAX_LIMIT).map_or(DEFAULT_LIMIT, |limit| limit as usize);
    Some(SuggestRequest { beginning: beginning?, databases, tables, limit })
}

/// Suggestions, the likeliest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suggestions)]
pub(crate) struct SuggestionsDto {
    suggestions: Vec<SuggestionDto>,
}

/// What may be meant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suggestion)]
pub(crate) struct SuggestionDto {
    /// The whole query.
    text: String,
    /// How likely it is; 0–1.
    score: f64,
    /// `popular`: the account found something with it. `spelling`: so the data spells it. `semantic`: it
    /// is a title or a phrase of the data, or near in meaning.
    #[serde(rename = "type")]
    kind: &'static str,
}

impl From<Suggestion> for SuggestionDto {
    fn from(suggestion: Suggestion) -> Self {
        Self { text: suggestion.text, score: suggestion.score, kind: suggestion.kind.as_str() }
    }
}

/// What may be meant by what was typed so far.
///
/// From the account's own searches that found something, and from the words in its databases.
#[utoipa::path(get, path = "/api/v1/search/suggestions", tag = "search", operation_id = "suggest",
    params(SuggestQuery),
    responses((status = 200, description = "Suggestions, the likeliest first", body = Envelope<SuggestionsDto>)))]
pub(crate) async fn suggest(
    state: Data<State>,
    May(granted): May<Search>,
    query: QueryString,
) -> Result<Answer<SuggestionsDto>, ApiError> {
    let request = query.read(request)?;
    let suggestions = state.services.suggestions.suggest(granted, &request).await?;
    let suggestions = suggestions.into_iter().map(SuggestionDto::from).collect();
    Ok(Answer::ok(SuggestionsDto { suggestions }))
}
