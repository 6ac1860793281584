//! Which tables are searched, and through what.

use super::*;
use crate::{Expr, QueryText};
use altus4_connections::{DiscoveredColumn, DiscoveredIndex, DiscoveredTable, FilterQuery};

fn table(rows: u64, indexes: &[(&str, &[&str])]) -> SchemaSnapshot {
    let column = |name: &str, kind| DiscoveredColumn { name: name.into(), kind, ..Default::default() };
    let text = ColumnKind::Text { max_chars: None };
    SchemaSnapshot::new(vec![DiscoveredTable {
        name: "articles".into(),
        columns: vec![
            column("id", ColumnKind::Integer),
            column("title", ColumnKind::Text { max_chars: Some(255) }),
            column("body", text),
            column("notes", text),
            column("photo", ColumnKind::Binary),
        ],
        primary_key: vec!["id".into()],
        full_text_indexes: indexes
            .iter()
            .map(|(name, columns)| DiscoveredIndex {
                name: (*name).into(),
                columns: columns.iter().map(|c| (*c).into()).collect(),
                ..Default::default()
            })
            .collect(),
        estimated_rows: Some(rows),
        ..Default::default()
    }])
}

fn planned(schema: &SchemaSnapshot, query: &SearchQuery) -> DatabasePlan {
    plan(schema, query, &Question::of(query).unwrap(), &[])
}

fn query(columns: &[&str]) -> SearchQuery {
    let columns = columns.iter().map(|c| (*c).to_owned()).collect();
    SearchQuery { columns, ..SearchQuery::natural(QueryText::parse("x").unwrap()) }
}

fn sources(plan: &DatabasePlan) -> Vec<String> {
    let names = |columns: &[ColumnRef]| columns.iter().map(ColumnRef::name).collect::<Vec<_>>().join("+");
    let of = |table: &TablePlan| {
        let indexes = table.scope.indexes.iter().map(|index| index.index.name().to_owned());
        let scan = Some(&table.scope.unindexed).filter(|columns| !columns.is_empty());
        indexes.chain(scan.map(|columns| format!("scan {}", names(columns)))).collect::<Vec<_>>()
    };
    plan.tables.iter().flat_map(of).collect()
}

#[test]
fn the_widest_index_is_enough_where_it_covers_all_others() {
    let schema = table(1_000_000, &[("ft_title", &["title"]), ("ft_all", &["title", "body", "notes"])]);
    assert_eq!(sources(&planned(&schema, &query(&[]))), ["ft_all"]);
    assert_eq!(sources(&planned(&schema, &query(&["title"]))), ["ft_title"]);
}

#[test]
fn indexes_side_by_side_are_all_used() {
    let schema = table(1_000_000, &[("ft_title", &["title"]), ("ft_body", &["body"])]);
    assert_eq!(sources(&planned(&schema, &query(&[]))), ["ft_title", "ft_body"]);
}

#[test]
fn an_index_over_more_than_was_asked_for_counts_only_what_was() {
    let schema = table(1_000_000, &[("ft_all", &["title", "body"])]);
    let columns = |asked: &SearchQuery| {
        let question = Question::of(asked).unwrap();
        let found = plan(&schema, asked, &question, &[]);
        let Expr::Any(terms) = question.every(&found.tables[0], None) else { panic!("any word") };
        let Expr::Term(term) = &terms[0] else { panic!("a word") };
        term.columns.iter().map(|column| column.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(columns(&query(&["title"])), ["title"]);
    assert!(columns(&query(&[])).is_empty(), "all of the scope");
}

#[test]
fn columns_beside_the_indexes_are_read_in_small_tables_and_named_in_large_ones() {
    let small = table(10, &[("ft_title", &["title"])]);
    assert_eq!(sources(&planned(&small, &query(&["title", "body"]))), ["ft_title", "scan body"]);
    assert_eq!(sources(&planned(&small, &query(&[]))), ["ft_title"], "nobody asked for the others");
    let large = planned(&table(1_000_000, &[("ft_title", &["title"])]), &query(&["title", "body"]));
    assert_eq!(sources(&large), ["ft_title"]);
    let unreached: Vec<_> = large.tables[0].unreached.iter().map(ColumnRef::name).collect();
    assert_eq!(unreached, ["body"]);
}

#[test]
fn a_filter_that_does_not_fit_a_table_leaves_it_out_and_says_why() {
    let schema = table(10, &[]);
    let filtered = |json: &str| {
        let filter = FilterQuery::from_json(&json.parse().unwrap()).unwrap();
        planned(&schema, &SearchQuery { filter: Some(filter), ..query(&[]) })
    };
    let fits = filtered(r#"{ "id": 7 }"#);
    assert!(fits.tables[0].filter.is_some() && fits.filter_fits);
    let unfit = filtered(r#"{ "colour": "red" }"#);
    assert!(unfit.tables.is_empty() && !unfit.filter_fits);
    assert_eq!(unfit.misfits[0][0].place, "colour");
}

#[test]
fn without_an_index_small_tables_are_read_and_large_ones_named() {
    assert_eq!(sources(&planned(&table(10, &[]), &query(&[]))), ["scan title+body+notes"]);
    let large = planned(&table(1_000_000, &[]), &query(&[]));
    assert_eq!((large.tables.len(), large.without_index.len()), (0, 1));
}

#[test]
fn titles_weigh_more_and_photos_are_not_shown_unless_named() {
    let schema = table(10, &[("ft_all", &["title", "body"])]);
    let found = &planned(&schema, &query(&[])).tables[0];
    let weights: Vec<_> = found.searched.iter().map(|(c, w)| (c.name(), *w)).collect();
    assert_eq!(weights, [("title", 3.0), ("body", 1.0)]);
    assert!(!found.shown.iter().any(|column| column.name() == "photo"));
    let named = SearchQuery { fields: vec!["photo".into()], ..query(&[]) };
    assert_eq!(planned(&schema, &named).tables[0].shown[0].name(), "photo");
}

#[test]
fn names_that_exist_are_told_from_those_that_do_not() {
    let schema = table(10, &[]);
    let asked = SearchQuery { tables: vec!["ARTICLES".into(), "nope".into()], ..query(&["body", "nope"]) };
    let known = planned(&schema, &asked).known;
    assert_eq!((known.tables, known.columns), (vec!["ARTICLES".to_owned()], vec!["body".to_owned()]));
}
