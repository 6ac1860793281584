//! What a search answers.

mod analytics;

use std::sync::Arc;

use altus4_connections::Value;
use altus4_search::{Category, Degraded, Failure, Hit, Ranking, Served, Window};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use self::analytics::analytics;
pub(super) use self::analytics::ms;
pub(crate) use self::analytics::{SearchAdviceDto, TimingDto};
use super::{history::DayDto, suggestions::SuggestionDto};
use crate::{error::failure_code, extract::is_shallow};

/// The largest whole number that every JSON reader takes exactly (RFC 8259, 6).
const MAX_EXACT: i64 = 1 << 53;

/// The ranked results of a search.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SearchResults)]
pub(crate) struct SearchResultsDto {
    /// Names this search, for events.
    #[schema(format = Uuid)]
    search_id: String,
    results: Vec<HitDto>,
    /// What the page's results are about, the commonest first.
    categories: Vec<CategoryDto>,
    /// The query as it was probably meant, where words of it are in none of the tables; and with
    /// `options.enableAI` related ones.
    suggestions: Vec<SuggestionDto>,
    /// How many rows match.
    total_count: u64,
    /// `eq` when `totalCount` is exact, `gte` when it is a lower bound.
    total_count_relation: &'static str,
    /// How long the search took, in milliseconds.
    execution_time: u64,
    page: u32,
    limit: u32,
    /// Whether the answer was made for another search, a moment ago or at the same time.
    cached: bool,
    /// What the answer had to do without, such as `ai`.
    degraded: Vec<&'static str>,
    /// What could not be searched.
    failures: Vec<FailureDto>,
    /// For each column asked for, how often its values occur among the matches, the commonest first.
    #[schema(value_type = Option<std::collections::HashMap<String, std::collections::HashMap<String, u64>>>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<InOrder<InOrder<u64>>>,
    /// How much the account searched in the last 30 days, the oldest first; with `includeAnalytics`.
    #[serde(skip_serializing_if = "Option::is_none")]
    trends: Option<Vec<DayDto>>,
    /// What would make the search faster or more complete; with `includeAnalytics`.
    #[serde(skip_serializing_if = "Option::is_none")]
    query_optimization: Option<Vec<SearchAdviceDto>>,
    /// Where the time went; with `includeAnalytics`.
    #[serde(skip_serializing_if = "Option::is_none")]
    timing: Option<TimingDto>,
}

impl SearchResultsDto {
    /// `ranked` tells whether the results come by relevance.
    pub(super) fn new(served: Served, window: Window, highlighted: bool, ranked: bool) -> Self {
        let Served { search_id, answer, cached, took } = served;
        let answer = Arc::unwrap_or_clone(answer);
        let values = |(name, values)| (name, InOrder(values));
        let facets: Vec<_> = answer.facets.into_iter().map(values).collect();
        let (query_optimization, timing) = answer.analytics.map(|told| analytics(&told, took)).unzip();
        Self {
            search_id: search_id.to_string(),
            results: (window.offset() as usize + 1..)
                .zip(answer.hits)
                .map(|(place, hit)| HitDto::new(hit, highlighted, ranked.then_some(place)))
                .collect(),
            categories: answer.categories.into_iter().map(CategoryDto::from).collect(),
            suggestions: answer.suggestions.into_iter().map(SuggestionDto::from).collect(),
            total_count: answer.total.count,
            total_count_relation: if answer.total.exact { "eq" } else { "gte" },
            execution_time: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            page: window.offset() / window.limit() + 1,
            limit: window.limit(),
            cached,
            degraded: answer.degraded.into_iter().map(Degraded::as_str).collect(),
            failures: answer.failures.iter().map(FailureDto::from).collect(),
            facets: (!facets.is_empty()).then_some(InOrder(facets)),
            trends: None,
            query_optimization,
            timing,
        }
    }

    /// The same with these days.
    pub(super) fn with_trends(self, days: Vec<DayDto>) -> Self {
        Self { trends: Some(days), ..self }
    }
}

/// One result.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SearchResult)]
pub(crate) struct HitDto {
    /// The same row has the same id in every search.
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = Uuid)]
    database_id: String,
    database: String,
    table: String,
    /// 0–1, falling along the list.
    relevance_score: f64,
    matched_columns: Vec<String>,
    ranking: RankingDto,
    /// The row. Whole numbers beyond 2^53 and decimals are strings; bytes are base64.
    #[schema(value_type = Object)]
    data: InOrder<DataValue>,
    /// The best passage, escaped as HTML, with its matches marked.
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<String>,
    /// The matched columns with their matches marked, if that was asked for.
    #[schema(value_type = Option<std::collections::HashMap<String, String>>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    highlights: Option<InOrder<String>>,
    /// What it is about, as its own row says it or the group of results that it is near to.
    categories: Vec<String>,
}

impl HitDto {
    fn new(hit: Hit, highlighted: bool, place: Option<usize>) -> Self {
        let data = hit.data.into_iter().map(|(column, value)| (column, DataValue::from(value)));
        Self {
            id: hit.id.to_string(),
            database_id: hit.connection_id.to_string(),
            database: hit.database,
            table: hit.table,
            relevance_score: hit.score,
            matched_columns: hit.matched_columns,
            ranking: RankingDto::new(hit.ranking, hit.score, place),
            data: InOrder(data.collect()),
            snippet: hit.snippet,
            highlights: highlighted.then_some(InOrder(hit.highlights)),
            categories: hit.categories.into_iter().map(|category| category.name).collect(),
        }
    }
}

/// What a result's place rests upon. What isn't known, or wasn't asked for, is left out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchRanking)]
pub(crate) struct RankingDto {
    /// By its words; 0–1.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<f64>,
    /// By its meaning, in `semantic`; 0–1, as the model tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<f64>,
    /// Left out where results are sorted by columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<PositionDto>,
}

impl RankingDto {
    fn new(ranking: Option<Ranking>, score: f64, place: Option<usize>) -> Self {
        let rounded = |share: f64| (share * 1e6).round() / 1e6;
        let Some(Ranking { words, meaning, words_place, meaning_place }) = ranking else {
            let position = place.map(|words| PositionDto { words: Some(words), meaning: None });
            return Self { words: Some(score), meaning: None, position };
        };
        let position = PositionDto { words: words_place, meaning: meaning_place };
        let is_known = place.is_some() && (words_place.is_some() || meaning_place.is_some());
        Self {
            words: words.map(rounded),
            meaning: meaning.map(rounded),
            position: is_known.then_some(position),
        }
    }
}

/// The places of a result, from 1.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchPosition)]
pub(crate) struct PositionDto {
    /// In the list by words; left out where they didn't find it.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<usize>,
    /// In the list by meaning.
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<usize>,
}

/// What results are about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchCategory)]
pub(crate) struct CategoryDto {
    name: String,
    /// How many results of the page.
    count: u64,
    /// 1 where the rows say so themselves; else how near the results of the group are to each other.
    confidence: f64,
}

impl From<Category> for CategoryDto {
    fn from(Category { name, count, confidence }: Category) -> Self {
        Self { name, count, confidence }
    }
}

/// A database, or one table of it, that could not be searched.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SearchFailure)]
pub(crate) struct FailureDto {
    #[schema(format = Uuid)]
    database_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<String>,
    /// Why, for programs.
    #[schema(example = "QUERY_TIMEOUT")]
    code: &'static str,
    /// The same in a sentence.
    message: String,
}

impl From<&Failure> for FailureDto {
    fn from(failure: &Failure) -> Self {
        Self {
            database_id: failure.connection_id.to_string(),
            table: failure.table.clone(),
            code: failure_code(failure.reason),
            message: failure.message.clone(),
        }
    }
}

/// An object whose members stay in their order.
#[derive(Debug)]
pub(super) struct InOrder<T>(pub(super) Vec<(String, T)>);

impl<T: Serialize> Serialize for InOrder<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// A value of a row, as JSON can carry it without loss.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum DataValue {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// A JSON column's own text: its numbers keep all their digits.
    Json(Box<RawValue>),
}

impl From<Value> for DataValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Int(value) if (-MAX_EXACT..=MAX_EXACT).contains(&value) => Self::Int(value),
            Value::Int(value) => Self::Text(value.to_string()),
            Value::UInt(value) => Self::Text(value.to_string()),
            Value::Float(value) => Self::Float(value),
            Value::Json(text) if is_shallow(&text) => match serde_json::from_str(&text) {
                Ok(value) => Self::Json(value),
                Err(_) => Self::Text(text),
            },
            Value::Text(text) | Value::Json(text) => Self::Text(text),
            Value::Bytes(bytes) => Self::Text(STANDARD.encode(bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: Value) -> String {
        serde_json::to_string(&DataValue::from(value)).unwrap()
    }

    #[test]
    fn numbers_that_json_readers_would_round_are_text() {
        assert_eq!(shown(Value::Int(MAX_EXACT)), "9007199254740992");
        assert_eq!(shown(Value::Int(MAX_EXACT + 1)), "\"9007199254740993\"");
        assert_eq!(shown(Value::Int(i64::MIN)), "\"-9223372036854775808\"");
        assert_eq!(shown(Value::UInt(u64::MAX)), "\"18446744073709551615\"");
        assert_eq!(shown(Value::Text("10.50".into())), "\"10.50\"");
        assert_eq!(shown(Value::Float(f64::NAN)), "null");
    }

    #[test]
    fn json_columns_come_through_as_they_were_written() {
        assert_eq!(
            shown(Value::Json(r#"{"b":1.10,"a":12345678901234567890}"#.into())),
            r#"{"b":1.10,"a":12345678901234567890}"#
        );
        assert_eq!(shown(Value::Json("{broken".into())), "\"{broken\"");
        let deep = "[".repeat(40) + &"]".repeat(40);
        assert_eq!(shown(Value::Json(deep.clone())), format!("\"{deep}\""));
    }

    #[test]
    fn bytes_are_base64() {
        assert_eq!(shown(Value::Bytes(vec![0, 255])), "\"AP8=\"");
    }
}
