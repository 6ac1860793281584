//! What a server says of how it runs a statement.

use std::time::Duration;

use altus4_search::Explained;
use serde_json::Value as Json;

use crate::{dialect, statement::Query};

/// As much of a plan as is shown.
const MAX_PLAN: usize = 64 * 1024;
/// More tables than a statement of ours has.
const MAX_TABLES: usize = 16;

/// The statement that explains another, and on MariaDB runs it.
pub(crate) fn explaining(query: &Query) -> Query {
    let sql = format!("{}{}", dialect::EXPLAIN, query.sql);
    Query { sql, values: query.values.clone(), max_rows: 1 }
}

/// The statement that runs another and tells how that went, for MySQL.
pub(crate) fn measuring(query: &Query) -> Query {
    let sql = format!("{}{}", dialect::EXPLAIN_ANALYZE, query.sql);
    Query { sql, values: query.values.clone(), max_rows: 1 }
}

/// A plan as the server wrote it, and what can be read from it.
pub(crate) fn read(sql: String, plan: String) -> Explained {
    let mut explained = Explained { sql, ..Explained::default() };
    let plan = without_quote_escapes(plan);
    // Deeper than it takes is no plan but an attack.
    if let Ok(json) = serde_json::from_str::<Json>(&plan) {
        let mut tables = Vec::new();
        collect(&json, &mut tables);
        let number = |names: &[&str]| {
            let of = |table: &&Json| names.iter().find_map(|name| as_number(table.get(*name)?));
            let all: Vec<_> = tables.iter().filter_map(of).collect();
            all.into_iter().reduce(f64::max).map(whole)
        };
        let key = |table: &&Json| table.get("key").and_then(Json::as_str).map(shown);
        explained.index = tables.iter().find_map(key);
        explained.rows_estimated = number(&["rows", "rows_examined_per_scan"]);
        explained.rows_examined = number(&["r_rows"]);
        explained.time = json
            .get("query_block")
            .and_then(|block| as_number(block.get("r_total_time_ms")?))
            .map(milliseconds);
    }
    explained.plan = cut(plan);
    explained
}

/// MariaDB writes a quote within a text of a condition as `\'`, which JSON doesn't know.
fn without_quote_escapes(plan: String) -> String {
    if !plan.contains("\\'") {
        return plan;
    }
    let mut mended = String::with_capacity(plan.len());
    let mut characters = plan.chars();
    while let Some(character) = characters.next() {
        if character == '\\' {
            match characters.next() {
                Some('\'') => mended.push('\''),
                Some(escaped) => mended.extend(['\\', escaped]),
                None => mended.push('\\'),
            }
        } else {
            mended.push(character);
        }
    }
    mended
}

/// Adds what MySQL measured: `… (actual time=0.05..1.25 rows=20 loops=1)`, the whole statement first.
pub(crate) fn add_measured(explained: &mut Explained, measured: &str) {
    let actual: Vec<_> = measured.split("(actual time=").skip(1).take(MAX_TABLES).collect();
    let time = |part: &&str| part.split_once("..")?.1.split_once(' ')?.0.parse().ok();
    let rows =
        |part: &&str| -> Option<f64> { part.split_once("rows=")?.1.split([' ', ')']).next()?.parse().ok() };
    explained.time = actual.first().and_then(time).map(milliseconds);
    explained.rows_examined = actual.iter().filter_map(rows).reduce(f64::max).map(whole);
    if explained.time.is_some() {
        explained.plan = cut(measured.to_owned());
    }
}

/// The tables of a plan, wherever they stand.
fn collect<'a>(json: &'a Json, tables: &mut Vec<&'a Json>) {
    if tables.len() == MAX_TABLES {
        return;
    }
    match json {
        Json::Object(members) => {
            for (name, member) in members {
                if name == "table" && member.is_object() {
                    tables.push(member);
                }
                collect(member, tables);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| collect(item, tables)),
        _ => {}
    }
}

/// MySQL writes some of its numbers as texts.
fn as_number(json: &Json) -> Option<f64> {
    let number = json.as_f64().or_else(|| json.as_str()?.parse().ok())?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts from floats saturate")]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

fn milliseconds(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1_000.0).unwrap_or_default()
}

fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

fn cut(mut plan: String) -> String {
    plan.truncate(plan.floor_char_boundary(MAX_PLAN));
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_servers_plans_are_read() {
        let mariadb = r#"{"query_block": {"r_total_time_ms": 1.5, "nested_loop": [{"table":
            {"table_name": "t", "key": "words", "rows": 1, "r_rows": 30, "r_loops": 1}}]}}"#;
        let explained = read("SELECT 1".into(), mariadb.into());
        assert_eq!(explained.index.as_deref(), Some("words"));
        assert_eq!((explained.rows_estimated, explained.rows_examined), (Some(1), Some(30)));
        assert_eq!(explained.time, Some(Duration::from_micros(1_500)));
        let mysql = r#"{"query_block": {"ordering_operation": {"table": {"key": "words",
            "rows_examined_per_scan": 7}}}}"#;
        let mut explained = read("SELECT 1".into(), mysql.into());
        assert_eq!(
            (explained.rows_estimated, explained.rows_examined, explained.time),
            (Some(7), None, None)
        );
        let tree = "-> Limit: 20 row(s)  (cost=1 rows=1) (actual time=0.05..1.25 rows=20 loops=1)\n    \
                    -> Full-text index search on t (cost=1) (actual time=0.04..1.1 rows=51 loops=1)\n";
        add_measured(&mut explained, tree);
        assert_eq!((explained.rows_examined, explained.time), (Some(51), Some(Duration::from_micros(1_250))));
        assert_eq!(explained.plan, tree);
    }

    #[test]
    fn quotes_in_conditions_are_no_fault() {
        let plan = r#"{"query_block": {"table": {"key": "words", "attached_condition": "a = 'it\'s \\' or \"b\""}}}"#;
        let explained = read("SELECT 1".into(), plan.into());
        assert_eq!(explained.index.as_deref(), Some("words"));
        assert!(explained.plan.contains(r#"'it's \\' or \"b\""#), "{}", explained.plan);
    }

    #[test]
    fn a_plan_that_is_none_is_shown_as_it_is() {
        for odd in ["", "{", "[[[[", "-> Filter", "{\"query_block\": {\"table\": {\"rows\": -1e400}}}"] {
            let explained = read("SELECT 1".into(), odd.into());
            assert_eq!(
                (explained.plan.as_str(), explained.rows_estimated, explained.index),
                (odd, None, None)
            );
        }
        let deep = "[".repeat(1_000_000);
        assert_eq!(read(String::new(), deep).plan.len(), MAX_PLAN);
    }
}
