//! What a search answers.

mod analytics;

use std::sync::Arc;

use altus4_connections::Value;
use altus4_search::{Category, Degraded, Failure, Hit, Ranking, SearchAnswer, Served, Window};
use base64::{display::Base64Display, engine::general_purpose::STANDARD};
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use self::analytics::analytics;
pub(super) use self::analytics::ms;
pub(crate) use self::analytics::{SearchAdviceDto, TimingDto};
use super::{history::DayDto, suggestions::SuggestionDto};
use crate::{
    error::{ApiError, failure_code},
    extract::is_shallow,
};

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
    #[schema(value_type = Vec<HitDto<'static>>)]
    results: Arc<RawValue>,
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
    pub(super) fn new(
        served: Served,
        window: Window,
        highlighted: bool,
        ranked: bool,
    ) -> Result<Self, ApiError> {
        let Served { search_id, answer, written, cached, took } = served;
        let results = if let Some(results) = written.get::<Arc<RawValue>>() {
            Arc::clone(results)
        } else {
            let results = results(&answer, window, highlighted, ranked)?;
            written.keep(Arc::clone(&results), results.get().len());
            results
        };
        let values = |(name, values): &(String, Vec<_>)| (name.clone(), InOrder(values.clone()));
        let facets: Vec<_> = answer.facets.iter().map(values).collect();
        let (query_optimization, timing) =
            answer.analytics.as_ref().map(|told| analytics(told, took)).unzip();
        Ok(Self {
            search_id: search_id.to_string(),
            results,
            categories: answer.categories.iter().cloned().map(CategoryDto::from).collect(),
            suggestions: answer.suggestions.iter().cloned().map(SuggestionDto::from).collect(),
            total_count: answer.total.count,
            total_count_relation: if answer.total.exact { "eq" } else { "gte" },
            execution_time: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            page: window.offset() / window.limit() + 1,
            limit: window.limit(),
            cached,
            degraded: answer.degraded.iter().copied().map(Degraded::as_str).collect(),
            failures: answer.failures.iter().map(FailureDto::from).collect(),
            facets: (!facets.is_empty()).then_some(InOrder(facets)),
            trends: None,
            query_optimization,
            timing,
        })
    }

    /// The same with these days.
    pub(super) fn with_trends(self, days: Vec<DayDto>) -> Self {
        Self { trends: Some(days), ..self }
    }
}

/// The results as they are shown. The same question has the same ones, however often it is asked.
fn results(
    answer: &SearchAnswer,
    window: Window,
    highlighted: bool,
    ranked: bool,
) -> Result<Arc<RawValue>, ApiError> {
    let results: Vec<HitDto<'_>> = (window.offset() as usize + 1..)
        .zip(&answer.hits)
        .map(|(place, hit)| HitDto::new(hit, highlighted, ranked.then_some(place)))
        .collect();
    match to_raw_value(&results) {
        Ok(results) => Ok(results.into()),
        Err(error) => Err(ApiError::internal().with_source(error)),
    }
}

/// One result.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SearchResult)]
pub(crate) struct HitDto<'a> {
    /// The same row has the same id in every search.
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = Uuid)]
    database_id: String,
    database: &'a str,
    table: &'a str,
    /// 0–1, falling along the list.
    relevance_score: f64,
    matched_columns: &'a [String],
    ranking: RankingDto,
    /// The row. Whole numbers beyond 2^53 and decimals are strings; bytes are base64.
    #[schema(value_type = Object)]
    data: Row<'a>,
    /// The best passage, escaped as HTML, with its matches marked.
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<&'a str>,
    /// The matched columns with their matches marked, if that was asked for.
    #[schema(value_type = Option<std::collections::HashMap<String, String>>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    highlights: Option<Named<'a>>,
    /// What it is about, as its own row says it or the group of results that it is near to.
    categories: Vec<&'a str>,
}

impl<'a> HitDto<'a> {
    fn new(hit: &'a Hit, highlighted: bool, place: Option<usize>) -> Self {
        Self {
            id: hit.id.to_string(),
            database_id: hit.connection_id.to_string(),
            database: &hit.database,
            table: &hit.table,
            relevance_score: hit.score,
            matched_columns: &hit.matched_columns,
            ranking: RankingDto::new(hit.ranking, hit.score, place),
            data: Row(&hit.data),
            snippet: hit.snippet.as_deref(),
            highlights: highlighted.then_some(Named(&hit.highlights)),
            categories: hit.categories.iter().map(|category| category.name.as_str()).collect(),
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

/// Texts by name, which stay in their order.
#[derive(Debug)]
struct Named<'a>(&'a [(String, String)]);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, text)| (name, text)))
    }
}

/// A row, its columns in their order.
#[derive(Debug)]
struct Row<'a>(&'a [(String, Value)]);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(column, value)| (column, DataValue(value))))
    }
}

/// A value of a row, as JSON can carry it without loss.
struct DataValue<'a>(&'a Value);

impl Serialize for DataValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) if (-MAX_EXACT..=MAX_EXACT).contains(value) => serializer.serialize_i64(*value),
            Value::Int(value) => serializer.collect_str(value),
            Value::UInt(value) => serializer.collect_str(value),
            Value::Float(value) => serializer.serialize_f64(*value),
            // A JSON column's own text: its numbers keep all their digits.
            Value::Json(text) if is_shallow(text) => match serde_json::from_str::<&RawValue>(text) {
                Ok(value) => value.serialize(serializer),
                Err(_) => serializer.serialize_str(text),
            },
            Value::Text(text) | Value::Json(text) => serializer.serialize_str(text),
            Value::Bytes(bytes) => serializer.collect_str(&Base64Display::new(bytes, &STANDARD)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &Value) -> String {
        serde_json::to_string(&DataValue(value)).unwrap()
    }

    #[test]
    fn numbers_that_json_readers_would_round_are_text() {
        assert_eq!(shown(&Value::Int(MAX_EXACT)), "9007199254740992");
        assert_eq!(shown(&Value::Int(MAX_EXACT + 1)), "\"9007199254740993\"");
        assert_eq!(shown(&Value::Int(i64::MIN)), "\"-9223372036854775808\"");
        assert_eq!(shown(&Value::UInt(u64::MAX)), "\"18446744073709551615\"");
        assert_eq!(shown(&Value::Text("10.50".into())), "\"10.50\"");
        assert_eq!(shown(&Value::Float(f64::NAN)), "null");
    }

    #[test]
    fn json_columns_come_through_as_they_were_written() {
        assert_eq!(
            shown(&Value::Json(r#"{"b":1.10,"a":12345678901234567890}"#.into())),
            r#"{"b":1.10,"a":12345678901234567890}"#
        );
        assert_eq!(shown(&Value::Json("{broken".into())), "\"{broken\"");
        let deep = "[".repeat(40) + &"]".repeat(40);
        assert_eq!(shown(&Value::Json(deep.clone())), format!("\"{deep}\""));
    }

    #[test]
    fn bytes_are_base64() {
        assert_eq!(shown(&Value::Bytes(vec![0, 255])), "\"AP8=\"");
    }
}
