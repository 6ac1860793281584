//! A search's body and query string, read.

use altus4_search::{SearchMode, SearchQuery, Tags, Window, WordMatching};
use serde_json::{Map, json};

use super::*;
use crate::{
    error::{ApiError, Code},
    extract::Fields,
};

fn read(body: Value) -> Result<SearchQuery, ApiError> {
    Fields::of_json(body, search_query)
}

fn reasons(body: Value) -> Vec<String> {
    let error = read(body).expect_err("a fault");
    let errors = error.details().expect("details")["errors"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    errors.iter().map(|e| format!("{} {}", text(&e["field"]), text(&e["reason"]))).collect()
}

#[test]
fn the_body_is_read_as_documented() {
    let probe =
        json!({ "searchMode": "natural", "highlight": {}, "options": {}, "filters": { "dateRange": {} } });
    crate::openapi::assert_documented("SearchBody", probe, search_query);
}

#[test]
fn a_query_alone_searches_everywhere() {
    let query = read(json!({ "query": "parcel" })).unwrap();
    assert_eq!(query.text.as_str(), "parcel");
    assert_eq!((query.window, query.mode), (Window::default(), SearchMode::Natural));
    assert!(query.databases.is_empty() && query.tables.is_empty() && query.highlight.is_none());
    assert_eq!(query.timeout, SearchQuery::DEFAULT_TIMEOUT);
}

#[test]
fn the_older_spelling_says_the_same() {
    let query = read(json!({
        "query": "parcel",
        "options": { "enableAI": true, "highlightMatches": true, "includeSchema": false },
        "filters": { "tables": ["articles"], "minScore": 0.25 },
    }));
    let query = query.unwrap();
    assert_eq!((query.tables, query.min_score), (vec!["articles".to_owned()], 0.25));
    assert_eq!(query.highlight, Some(Tags::default()));
}

#[test]
fn every_field_is_read() {
    let query = read(json!({
        "query": "parcel", "matching": "most", "includeAnalytics": true, "typoTolerance": false,
        "searchMode": "semantic", "semanticRatio": 0.25, "filter": { "status": { "in": ["open"] } },
        "sort": ["price:desc", "id", "price:asc"], "facets": ["status"], "highlight": false,
        "filters": { "dateRange": { "start": "2026-01-01", "to": "2026-01-31" } },
    }));
    let query = query.unwrap();
    assert_eq!((query.mode, query.matching), (SearchMode::Semantic, WordMatching::Most));
    assert!(query.include_analytics && !query.typo_tolerance && query.date_range.is_some());
    let sort: Vec<_> = query.sort.iter().map(|sort| (sort.column.as_str(), sort.descending)).collect();
    assert_eq!(sort, [("price", true), ("id", false)]);
    assert_eq!(query.filter.unwrap().fields(), ["status"]);
    assert_eq!(
        (query.facets, query.semantic_ratio.to_string()),
        (vec!["status".to_owned()], "0.25".to_owned())
    );
}

#[test]
fn what_asks_for_nothing_is_left_out() {
    let query = read(json!({
        "query": "parcel", "filter": {}, "sort": [], "facets": [], "databases": [], "tables": null,
        "filters": { "dateRange": {} },
    }));
    let query = query.unwrap();
    assert!(query.filter.is_none() && query.sort.is_empty() && query.date_range.is_none());
}

#[test]
fn a_link_says_the_same_as_a_body() {
    let link = |parameters: Value| {
        let Value::Object(parameters) = parameters else { panic!("parameters") };
        Fields::of_query(parameters, search_query)
    };
    let expected = read(json!({
        "query": "x", "filter": { "status": "open", "price": { "lt": "20" } }, "sort": ["price:asc", "id"],
        "facets": ["a", "b"], "matching": "all",
    }));
    let expected = expected.unwrap();
    let folded = r#"{"status":"open","price":{"lt":"20"}}"#;
    let rest = json!({ "query": "x", "sort": "price:asc,id", "facets": ["a", "b"], "matching": "all" });
    let with = |more: Value| {
        let all = [rest.clone(), more].into_iter().filter_map(|value| value.as_object().cloned()).flatten();
        link(Value::Object(all.collect::<Map<_, _>>())).unwrap()
    };
    let as_json = with(json!({ "filter": folded }));
    assert_eq!(as_json.filter, expected.filter);
    assert_eq!((as_json.sort, as_json.facets), (expected.sort, expected.facets));
    assert_eq!(as_json.matching, WordMatching::All);
    let in_brackets = with(json!({ "filter[status]": "open", "filter[price][lt]": "20" }));
    assert_eq!(in_brackets.filter.unwrap().fields(), ["price", "status"]);
    let both = link(json!({ "query": "x", "filter": "{}", "filter[a]": "1" }));
    assert_eq!(both.expect_err("a fault").code(), Code::InvalidFilter);
    let broken = link(json!({ "query": "x", "filter": "{\"a\":" })).expect_err("a fault");
    assert_eq!(broken.details().expect("details")["reason"], "is no JSON from character 5 on");
}

#[test]
fn a_fault_of_a_kind_has_its_code_where_it_is_alone() {
    for (body, code) in [
        (json!({ "query": "a AND", "searchMode": "boolean" }), Code::InvalidQuery),
        (json!({ "query": "x", "filter": { "a": { "near": 1 }, "or": 1 } }), Code::InvalidFilter),
        (json!({ "query": "x", "sort": ["price:up"] }), Code::InvalidSort),
        (json!({ "query": "x", "sort": ["price:up"], "limit": 0 }), Code::ValidationError),
        (json!({ "query": "x", "sort": ["price:up"], "filter": [] }), Code::ValidationError),
        (json!({ "query": "a AND", "searchMode": "boolean", "colour": 1 }), Code::ValidationError),
    ] {
        assert_eq!(read(body.clone()).expect_err("a fault").code(), code, "{body}");
    }
    let query = read(json!({ "query": "größe AND", "searchMode": "boolean" })).expect_err("a fault");
    insta::assert_json_snapshot!(query.details());
}

#[test]
fn bounds_are_kept() {
    let eleven: Vec<_> = (0..11).map(|n| format!("0196f000-0000-7000-8000-{n:012}")).collect();
    insta::assert_json_snapshot!(reasons(json!({
        "query": " ", "limit": 101, "offset": -1, "minScore": 1.5, "timeoutMs": 49, "databases": eleven,
        "tables": [""], "fields": "id", "highlight": { "preTag": "x".repeat(65), "colour": 1 },
        "semanticRatio": 2, "matching": "some", "querry": "x", "sort": [":asc"], "facets": [1], "filter": "x",
        "searchMode": "fuzzy", "filters": { "dateRange": { "from": "soon", "until": 1 } },
    })));
}

#[test]
fn an_id_named_twice_counts_once() {
    let id = "0196f000-0000-7000-8000-000000000001";
    assert_eq!(read(json!({ "query": "x", "databases": [id, id] })).unwrap().databases.len(), 1);
}
