//! An analysis as it is answered.

use std::time::Duration;

use altus4_connections::{AdviceKind, Recommendation};
use altus4_kernel::ConnectionId;
use altus4_search::{
    DatabaseAnalysis, FailureReason, ParsedQuery, ParsedWord, SearchAnalysis, TableAnalysis,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::v1::search::{
    FailureDto,
    dto::{InOrder, ms},
};

/// A word that more than this share of all rows hold tells next to nothing.
const COMMON_SHARE: f64 = 0.5;
/// Fewer rows say nothing of what is common.
const FEW_ROWS: u64 = 20;
/// Members of a plan whose names hold one of these repeat values, of the query or of rows.
const VALUES: [&str; 4] = ["condition", "ranges", "message", "expanded_query"];

/// How a search would be run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchAnalysis)]
pub(crate) struct AnalysisDto {
    query: String,
    parsed: ParsedDto,
    /// For each database by its id, how its tables would be searched.
    #[schema(value_type = std::collections::HashMap<String, PerformanceDto>)]
    performance: InOrder<PerformanceDto>,
    /// What to do, in sentences.
    recommendations: Vec<String>,
    /// What would make the search faster or more complete.
    optimization: Vec<OptimizationDto>,
    /// What could not be searched.
    failures: Vec<FailureDto>,
}

impl AnalysisDto {
    /// `advice` is that on each of the databases, in their order.
    pub(super) fn new(query: String, analysis: &SearchAnalysis, advice: &[Vec<Recommendation>]) -> Self {
        let performance = |database: &DatabaseAnalysis| {
            (database.connection_id.to_string(), PerformanceDto::from(database))
        };
        let of_indexes = analysis.databases.iter().zip(advice).flat_map(|(database, advice)| {
            advice.iter().map(|one| OptimizationDto::of_advice(database.connection_id, one))
        });
        let mut optimization: Vec<OptimizationDto> = of_indexes.collect();
        optimization.extend(analysis.databases.iter().flat_map(OptimizationDto::of_scans));
        optimization.extend(analysis.failures.iter().filter_map(OptimizationDto::of_failure));
        optimization.extend(OptimizationDto::of_query(&analysis.parsed));
        Self {
            query,
            parsed: ParsedDto::from(&analysis.parsed),
            performance: InOrder(analysis.databases.iter().map(performance).collect()),
            recommendations: optimization.iter().map(OptimizationDto::sentence).collect(),
            optimization,
            failures: analysis.failures.iter().map(FailureDto::from).collect(),
        }
    }
}

/// How a query is read.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ParsedQuery)]
pub(crate) struct ParsedDto {
    search_mode: &'static str,
    /// Which rows match: words, `"phrases"`, `AND`, `OR`, `NOT` and brackets.
    #[schema(example = "\"hard reboot\" AND router")]
    expression: String,
    /// The words that rows are ranked by.
    words: Vec<ParsedWordDto>,
    phrases: Vec<String>,
    /// Words that are not looked for, since they say next to nothing.
    left_out: Vec<String>,
}

impl From<&ParsedQuery> for ParsedDto {
    fn from(parsed: &ParsedQuery) -> Self {
        Self {
            search_mode: parsed.mode.as_str(),
            expression: parsed.tree.clone(),
            words: parsed.words.iter().map(ParsedWordDto::from).collect(),
            phrases: parsed.phrases.iter().map(|words| words.join(" ")).collect(),
            left_out: parsed.left_out.clone(),
        }
    }
}

/// A word of a query.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ParsedWord)]
pub(crate) struct ParsedWordDto {
    word: String,
    /// The forms that tables are asked for.
    forms: Vec<String>,
    /// What it is held to mean, where no table has it.
    corrected_to: Vec<String>,
    /// About how many rows hold it; left out where that isn't known.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
}

impl From<&ParsedWord> for ParsedWordDto {
    fn from(word: &ParsedWord) -> Self {
        Self {
            word: word.typed.clone(),
            forms: word.forms.clone(),
            corrected_to: word.meant.clone(),
            rows: word.rows.map(|(rows, _)| rows),
        }
    }
}

/// How a search goes through one database.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SearchPerformance)]
pub(crate) struct PerformanceDto {
    /// The mean of its tables' times, in milliseconds.
    avg_time: f64,
    tables: Vec<TablePerformanceDto>,
}

impl From<&DatabaseAnalysis> for PerformanceDto {
    fn from(database: &DatabaseAnalysis) -> Self {
        let all: Duration = database.tables.iter().map(time).sum();
        let tables = u32::try_from(database.tables.len()).unwrap_or(u32::MAX).max(1);
        Self {
            avg_time: ms(all / tables),
            tables: database.tables.iter().map(TablePerformanceDto::from).collect(),
        }
    }
}

/// How a search goes through one table.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SearchTablePerformance)]
pub(crate) struct TablePerformanceDto {
    table: String,
    /// The index that the server goes through, the primary key's own where it reads the table in its
    /// order; `null` where it goes through none.
    index: Option<String>,
    /// How many rows the server looked at; `null` where it doesn't tell.
    rows_examined: Option<u64>,
    /// How many it expects to look at; `null` where it doesn't tell.
    rows_estimated: Option<u64>,
    /// In milliseconds: the server's own measure, or how long it took to answer.
    time: f64,
    /// The server's own plan: JSON where it writes any, else text. Conditions are left out of JSON.
    #[schema(value_type = Object)]
    plan: Value,
    /// The statement, with `?` where values are bound.
    sql: String,
}

impl From<&TableAnalysis> for TablePerformanceDto {
    fn from(table: &TableAnalysis) -> Self {
        let explained = &table.explained;
        Self {
            table: table.table.clone(),
            index: explained.index.clone(),
            rows_examined: explained.rows_examined,
            rows_estimated: explained.rows_estimated,
            time: ms(time(table)),
            plan: plan(&explained.plan),
            sql: explained.sql.clone(),
        }
    }
}

fn time(table: &TableAnalysis) -> Duration {
    table.explained.time.unwrap_or(table.took)
}

/// A plan without the values that it repeats.
fn plan(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(mut json) if json.is_object() || json.is_array() => {
            strip(&mut json);
            json
        }
        // Cut short, so that nothing can be taken out of it.
        Err(_) if text.starts_with('{') => Value::Null,
        _ => Value::String(text.to_owned()),
    }
}

fn strip(json: &mut Value) {
    match json {
        Value::Object(members) => {
            members.retain(|name, _| !VALUES.iter().any(|part| name.contains(part)));
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Something that would make a search faster or more complete.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SearchOptimization)]
pub(crate) struct OptimizationDto {
    /// `index`, `query` or `schema`.
    #[serde(rename = "type")]
    kind: &'static str,
    #[schema(format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    database_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<String>,
    description: String,
    /// `high`, `medium` or `low`.
    impact: &'static str,
    /// The statement that mends it, where one can.
    #[serde(skip_serializing_if = "Option::is_none")]
    sql_suggestion: Option<String>,
}

impl OptimizationDto {
    fn of_advice(database: ConnectionId, recommendation: &Recommendation) -> Self {
        let advice = &recommendation.advice;
        let kind = match advice.kind {
            AdviceKind::MissingIndex
            | AdviceKind::CombinedIndex
            | AdviceKind::ExactIndex
            | AdviceKind::DuplicateIndex
            | AdviceKind::UnusedIndex => "index",
            AdviceKind::LostWords
            | AdviceKind::StorageEngine
            | AdviceKind::Collation
            | AdviceKind::NotIndexable => "schema",
        };
        Self {
            kind,
            database_id: Some(database.to_string()),
            table: advice.table.as_ref().map(|table| table.name().to_owned()),
            description: advice.reason.clone(),
            impact: advice.impact.as_str(),
            sql_suggestion: recommendation.sql.clone(),
        }
    }

    /// The tables that are read whole.
    fn of_scans(database: &DatabaseAnalysis) -> impl Iterator<Item = Self> + '_ {
        database.tables.iter().filter(|table| !table.scanned.is_empty()).map(|table| Self {
            kind: "query",
            database_id: Some(database.connection_id.to_string()),
            table: Some(table.table.clone()),
            description: format!(
                "The table is read whole for {}, which no full-text index covers. Leave the table out, or name \
                 the columns to search.",
                table.scanned.join(", ")
            ),
            impact: "medium",
            sql_suggestion: None,
        })
    }

    /// What was left out for want of an index, or because there is too much.
    fn of_failure(failure: &altus4_search::Failure) -> Option<Self> {
        let kind = match failure.reason {
            FailureReason::NoIndex | FailureReason::PartlyIndexed => "index",
            FailureReason::TooManyTables => "query",
            FailureReason::ConnectionFailed | FailureReason::Timeout | FailureReason::NotAllowed => {
                return None;
            }
        };
        Some(Self {
            kind,
            database_id: Some(failure.connection_id.to_string()),
            table: failure.table.clone(),
            description: failure.message.clone(),
            impact: "high",
            sql_suggestion: None,
        })
    }

    /// What the words of the query say of themselves.
    fn of_query(parsed: &ParsedQuery) -> Vec<Self> {
        let hint = |impact, description| Self {
            kind: "query",
            database_id: None,
            table: None,
            description,
            impact,
            sql_suggestion: None,
        };
        let mut hints = Vec::new();
        if !parsed.left_out.is_empty() {
            let words = parsed.left_out.join(", ");
            hints.push(hint("low", format!("Not looked for, since they say next to nothing: {words}.")));
        }
        for word in &parsed.words {
            let typed = &word.typed;
            if !word.meant.is_empty() {
                let meant = word.meant.join(", ");
                hints.push(hint("medium", format!("No table has '{typed}'; looked for instead: {meant}.")));
                continue;
            }
            match word.rows {
                Some((0, _)) => hints.push(hint("medium", format!("No row is known to hold '{typed}'."))),
                Some((rows, all)) if all >= FEW_ROWS && rows as f64 > all as f64 * COMMON_SHARE => {
                    let description = format!(
                        "About {rows} of {all} rows hold '{typed}', so it tells little and costs most. Leave it out, \
                         or add a rarer word."
                    );
                    hints.push(hint("medium", description));
                }
                _ => {}
            }
        }
        hints
    }

    fn sentence(&self) -> String {
        match &self.table {
            Some(table) => format!("{table}: {}", self.description),
            None => self.description.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_repeat_no_values() {
        let mariadb = r#"{"query_block": {"table": {"key": "ft", "rows": 1,
            "attached_condition": "match t.body against ('canary')"}}}"#;
        let shown = plan(mariadb).to_string();
        assert!(shown.contains("\"key\":\"ft\"") && !shown.contains("canary"), "{shown}");
        assert_eq!(plan("SCAN articles"), Value::String("SCAN articles".to_owned()));
        assert_eq!(plan(&mariadb[..mariadb.len() - 2]), Value::Null);
        assert_eq!(plan("7"), Value::String("7".to_owned()));
    }

    #[test]
    fn words_that_tell_nothing_are_named() {
        let word =
            |typed: &str, rows| ParsedWord { typed: typed.to_owned(), forms: vec![], meant: vec![], rows };
        let parsed = ParsedQuery {
            mode: altus4_search::SearchMode::Natural,
            tree: String::new(),
            words: vec![
                word("common", Some((90, 100))),
                word("rare", Some((3, 100))),
                word("none", Some((0, 100))),
                word("unknown", None),
                ParsedWord { meant: vec!["router".to_owned()], ..word("ruoter", Some((2, 100))) },
            ],
            phrases: vec![],
            left_out: vec!["the".to_owned()],
        };
        let told: Vec<String> =
            OptimizationDto::of_query(&parsed).iter().map(OptimizationDto::sentence).collect();
        let named = ["the", "'common'", "'none'", "'ruoter'"];
        assert_eq!(told.len(), named.len(), "{told:?}");
        assert!(told.iter().zip(named).all(|(told, name)| told.contains(name)), "{told:?}");
    }
}
