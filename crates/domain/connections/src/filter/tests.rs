//! Filters, from what was asked to what holds of a row.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::{ColumnKind, DiscoveredColumn, DiscoveredTable, SchemaSnapshot, Table};

fn tasks() -> Arc<Table> {
    let column = |name: &str, kind, declared: &str| DiscoveredColumn {
        name: name.into(),
        kind,
        declared_type: declared.into(),
        ..Default::default()
    };
    let schema = SchemaSnapshot::new(vec![DiscoveredTable {
        name: "tasks".into(),
        columns: vec![
            column("id", ColumnKind::Integer, "BIGINT"),
            column("title", ColumnKind::Text { max_chars: None }, "TEXT"),
            column("status", ColumnKind::Other, "ENUM('todo','done')"),
            column("price", ColumnKind::Decimal, "DECIMAL(10,2)"),
            column("done", ColumnKind::Boolean, "TINYINT(1)"),
            column("dueDate", ColumnKind::Temporal, "DATETIME"),
            column("place", ColumnKind::Other, "POINT"),
        ],
        ..Default::default()
    }]);
    Arc::clone(&schema.tables()[0])
}

/// The filter as it stands in the end, or each fault.
fn shown(filter: Result<FilterQuery, Vec<FilterFault>>) -> String {
    match filter.and_then(|query| query.resolve(&tasks())) {
        Ok(filter) => show(&filter),
        Err(faults) => {
            let line = |fault: FilterFault| format!("{}: {} ({:?})", fault.place, fault.reason, fault.kind);
            faults.into_iter().map(line).collect::<Vec<_>>().join("; ")
        }
    }
}

fn show(filter: &Filter) -> String {
    let join = |filters: &[Filter], sign: &str| {
        format!("({})", filters.iter().map(show).collect::<Vec<_>>().join(sign))
    };
    match filter {
        Filter::All(filters) => join(filters, " & "),
        Filter::Any(filters) => join(filters, " | "),
        Filter::Not(filter) => format!("!{}", show(filter)),
        Filter::Is(column, test) => format!("{} {test:?}", column.name()),
        Filter::Related(link, filter) => format!("{}: {}", link.to.table.name(), show(filter)),
    }
}

fn of_pairs(query: &str) -> Result<FilterQuery, Vec<FilterFault>> {
    FilterQuery::from_pairs(query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))))
}

#[test]
fn every_operator_is_read() {
    let shown: Vec<_> = [
        json!({}),
        json!({ "status": "todo" }),
        json!({ "status": null }),
        json!({ "STATUS": { "ne": "todo" } }),
        json!({ "id": { "gt": 1, "lte": "9223372036854775808" } }),
        json!({ "price": { "gte": "12.50", "lt": 20.5 } }),
        json!({ "id": { "in": [1, null] } }),
        json!({ "id": { "in": [] } }),
        json!({ "id": { "nin": [1, 2] } }),
        json!({ "title": { "like": "a%" } }),
        json!({ "title": { "ilike": "a%", "startsWith": "b", "endsWith": "c", "contains": "d%" } }),
        json!({ "place": { "isNull": false } }),
        json!({ "dueDate": { "between": ["2026-01-01", "2026-01-31T10:00:00+02:00"] } }),
        json!({ "done": true, "or": [{ "status": "todo" }, { "not": { "price": 1, "id": 2 } }] }),
        json!({ "and": [{ "id": 1 }, { "or": [{ "id": 2 }, { "id": 3 }] }] }),
    ]
    .into_iter()
    .map(|filter| format!("{filter}\n  {}", shown(FilterQuery::from_json(&filter))))
    .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn every_fault_is_told_with_its_place() {
    let deep = |depth: usize| (1..depth).fold(json!({ "id": 1 }), |inner, _| json!({ "not": inner }));
    let shown: Vec<_> = [
        json!([]),
        json!({ "status": "todo", "nope": 1, "assignee.name": "x" }),
        json!({ "or": [{ "id": "one" }, { "price": { "gte": "1e5" } }] }),
        json!({ "id": { "above": 1 }, "or": {}, "and": [], "title": {}, "done": "yes" }),
        json!({ "status": ["todo"] }),
        json!({ "id": { "gt": null, "in": [[1], {}], "between": [1], "isNull": "true" } }),
        json!({ "id": { "contains": "1" }, "place": "here", "title": { "like": 5 } }),
        deep(FilterQuery::MAX_DEPTH),
        deep(FilterQuery::MAX_DEPTH + 1),
        json!({ "or": vec![json!({ "id": 1 }); FilterQuery::MAX_CONDITIONS + 1] }),
        json!({ "id": { "in": vec![1; FilterQuery::MAX_VALUES + 1] } }),
    ]
    .into_iter()
    .map(|filter| {
        let text: String = filter.to_string().chars().take(90).collect();
        format!("{text}\n  {}", shown(FilterQuery::from_json(&filter)))
    })
    .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn brackets_say_the_same_as_json() {
    for (brackets, json) in [
        (
            "[status]=todo&[dueDate][gte]=2026-01-01",
            json!({ "status": "todo", "dueDate": { "gte": "2026-01-01" } }),
        ),
        ("[id]=5&[done]=true", json!({ "id": 5, "done": true })),
        ("[id][in]=1,2", json!({ "id": { "in": [1, 2] } })),
        ("[id][in][]=1&[id][in][]=2", json!({ "id": { "in": [1, 2] } })),
        ("[id][in]=1", json!({ "id": { "in": [1] } })),
        ("[title]=5", json!({ "title": "5" })),
        ("[price][between]=1.50,2", json!({ "price": { "between": ["1.50", 2] } })),
        (
            "[or][10][status]=todo&[or][2][id][gt]=3&[not][title][isNull]=1",
            json!({ "not": { "title": { "isNull": true } }, "or": [{ "id": { "gt": 3 } }, { "status": "todo" }] }),
        ),
    ] {
        let [one, other] = [shown(of_pairs(brackets)), shown(FilterQuery::from_json(&json))];
        assert_eq!(one, other, "{brackets}");
    }
}

#[test]
fn brackets_that_say_nothing_are_refused() {
    let deep = format!("{}=1", "[not]".repeat(1_000));
    for text in
        ["status=1", "[]=1", "[status=1", "[a][][b]=1", "[id]=1&[id][gt]=2", "[id][gt]=2&[id]=1", "=", &deep]
    {
        assert!(of_pairs(text).is_err(), "{text}");
    }
}

#[test]
fn the_fields_of_a_filter_are_told() {
    let query =
        FilterQuery::from_json(&json!({ "or": [{ "a": 1 }, { "b.c": 2 }], "a": { "gt": 1, "lt": 2 } }));
    let query = query.unwrap();
    assert_eq!((query.fields(), query.is_empty()), (vec!["a", "b.c"], false));
    assert!(FilterQuery::from_json(&json!({})).unwrap().is_empty());
}

#[test]
fn what_the_fuzzer_found_is_a_filter_or_has_faults() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../fuzz/corpus/filter");
    let mut read = 0;
    for file in std::fs::read_dir(corpus).expect("the corpus") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("its bytes");
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(json) = serde_json::from_str(&text) {
            assert!(!shown(FilterQuery::from_json(&json)).is_empty(), "{text}");
        }
        assert!(!shown(of_pairs(&text)).is_empty(), "{text}");
        read += 1;
    }
    assert!(read >= 25, "{read} files");
}

fn any_json() -> impl Strategy<Value = Json> {
    let name = proptest::sample::select(vec!["and", "or", "not", "id", "in", "eq", "between", "isNull", "x"]);
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        ".{0,8}".prop_map(Json::from),
    ];
    leaf.prop_recursive(8, 64, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::vec((name.clone(), inner), 0..4).prop_map(|members| {
                Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_a_filter_or_has_faults(json in any_json()) {
        match FilterQuery::from_json(&json) {
            Ok(query) => { let _ = query.resolve(&tasks()); }
            Err(faults) => prop_assert!(!faults.is_empty()),
        }
    }

    #[test]
    fn any_parameters_are_a_filter_or_have_faults(
        pairs in proptest::collection::vec(("(\\[(or|and|not|id|0|in|gt|\\])?\\]?){0,6}", ".{0,4}"), 0..6),
    ) {
        let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        match FilterQuery::from_pairs(pairs) {
            Ok(query) => { let _ = query.resolve(&tasks()); }
            Err(faults) => prop_assert!(!faults.is_empty()),
        }
    }
}
