//! Trees of words, filters, orders and facets over several tables and databases.

use altus4_connections::{Access, ColumnKind, DateRange, Value};
use altus4_kernel::PortErrorKind;
use altus4_search::{FailureReason, SearchError, SearchQuery, WordMatching};

use crate::{
    Database, over, query,
    world::{Sheet, World, articles, boolean, by, filtered, keys, sheet, text, world},
};

fn row(key: i64, title: &str, body: &str, price: Option<i64>, status: &str) -> Vec<Value> {
    vec![Value::Int(key), text(title), text(body), price.map_or(Value::Null, Value::Int), text(status)]
}

fn shop() -> World {
    world(vec![vec![articles(vec![
        row(1, "Router reset", "How to reset a router", Some(30), "open"),
        row(2, "Router colours", "Black or white", None, "open"),
        row(3, "Lamp", "Reset the lamp beside the router", Some(10), "closed"),
        row(4, "Lamp colours", "Green <b>& blue</b>", Some(20), "closed"),
    ])]])
}

fn sorted(mut keys: Vec<i64>) -> Vec<i64> {
    keys.sort_unstable();
    keys
}

#[test]
fn a_tree_of_words_finds_exactly_its_rows() {
    let shop = shop();
    for (asked, expected) in [
        ("router AND reset", vec![1, 3]),
        ("router reset", vec![1, 3]),
        ("colours OR NOT router", vec![2, 4]),
        ("NOT router", vec![4]),
        ("title:lamp", vec![3, 4]),
        ("title:router -body:router", vec![2]),
        ("\"reset a router\"", vec![1]),
        ("colo*", vec![2, 4]),
        ("(lamp OR router) AND NOT (colours OR \"how to\")", vec![3]),
        ("rout", vec![]),
        ("+router ~colours", vec![1, 2, 3]),
    ] {
        let answer = shop.search(boolean(asked)).unwrap();
        assert_eq!(sorted(keys(&answer.hits)), expected, "{asked}");
        assert_eq!((answer.total.count, answer.total.exact), (expected.len() as u64, true), "{asked}");
    }
}

#[test]
fn weights_decide_the_order_and_nothing_else() {
    let shop = shop();
    assert_eq!(shop.keys(boolean(">colours OR <lamp OR <reset"))[..2], [4, 2]);
    assert_eq!(shop.keys(boolean("router ~reset"))[0], 2);
}

#[test]
fn a_word_marks_only_where_it_counts() {
    let hit = shop().search(boolean("title:reset")).unwrap().hits.remove(0);
    assert_eq!(hit.matched_columns, ["title"]);
    let hit = shop().search(boolean("reset")).unwrap().hits.remove(0);
    assert_eq!(hit.matched_columns, ["title", "body"]);
}

#[test]
fn what_only_excludes_comes_by_key_with_falling_scores() {
    let rows = (1..=300).map(|key| row(key, "lamp", "x", None, "open")).collect();
    let hits = world(vec![vec![articles(rows)]]).walk(&boolean("NOT router"), 70);
    assert_eq!(keys(&hits), (1..=300).collect::<Vec<_>>());
    assert!(hits.windows(2).all(|pair| pair[0].score > pair[1].score && pair[1].score > 0.0));
}

#[test]
fn a_query_that_cannot_be_read_says_where() {
    let error = shop().search(boolean("router AND (reset")).unwrap_err();
    assert!(matches!(error, SearchError::InvalidQuery(fault) if fault.position == 17));
    let error = shop().search(boolean("colour:red titel:x title:y")).unwrap_err();
    assert!(matches!(error, SearchError::UnknownColumns(names) if names == ["colour", "titel"]));
}

#[test]
fn as_many_words_as_are_asked_for_have_to_be_there() {
    let shop = shop();
    let matching = |text: &str, matching| sorted(shop.keys(SearchQuery { matching, ..query(text) }));
    assert_eq!(matching("reset router lamp", WordMatching::Any), [1, 2, 3, 4]);
    assert_eq!(matching("reset router lamp", WordMatching::Most), [1, 3]);
    assert_eq!(matching("reset router lamp", WordMatching::All), [3]);
    assert_eq!(matching("colours \"reset the lamp\"", WordMatching::Any), [3]);
    assert_eq!(matching("colours \"reset the lamp\"", WordMatching::All), [] as [i64; 0]);
}

#[test]
fn a_filter_holds_for_every_row_found() {
    let shop = shop();
    let asked = |filter| SearchQuery { filter: Some(filtered(filter)), ..query("router lamp") };
    assert_eq!(sorted(shop.keys(asked(r#"{ "price": { "gte": 20 } }"#))), [1, 4]);
    assert_eq!(sorted(shop.keys(asked(r#"{ "status": { "ne": "open" } }"#))), [3, 4]);
    assert_eq!(sorted(shop.keys(asked(r#"{ "price": null }"#))), [2]);
    let error = shop.search(asked(r#"{ "colour": "red", "status": "open" }"#)).unwrap_err();
    assert!(matches!(error, SearchError::InvalidFilter(faults) if faults[0].place == "colour"));
    let error = shop.search(asked(r#"{ "price": "dear" }"#)).unwrap_err();
    assert!(matches!(error, SearchError::InvalidFilter(faults) if faults[0].place == "price"));
}

#[test]
fn a_table_without_the_filters_field_has_no_rows_and_that_is_no_fault() {
    let plain = |rows| sheet("notes", &[], rows);
    let note = |key| vec![Value::Int(key), text("router"), text("")];
    let world =
        world(vec![vec![articles(vec![row(1, "router", "", Some(3), "open")]), plain(vec![note(50)])]]);
    let asked = |filter| SearchQuery { filter: Some(filtered(filter)), ..query("router") };
    assert_eq!(world.keys(asked(r#"{ "status": "open" }"#)), [1]);
    let range = DateRange::new(Some("2026-01-01"), None);
    let answer = world.search(SearchQuery { date_range: range, ..query("router") }).unwrap();
    assert!(answer.hits.is_empty() && answer.total.exact, "no table says when its rows came to be");
}

#[test]
fn results_come_in_the_order_asked_for() {
    let shop = shop();
    let asked = |sort: &[&str]| SearchQuery { sort: by(sort), ..query("router lamp") };
    assert_eq!(shop.keys(asked(&["price:asc"])), [2, 3, 4, 1], "nothing comes before the least");
    assert_eq!(shop.keys(asked(&["price:desc"])), [1, 4, 3, 2]);
    assert_eq!(shop.keys(asked(&["status:asc", "price:desc"])), [4, 3, 1, 2]);
    let best = SearchQuery { min_score: 0.3, ..asked(&["price:asc"]) };
    let scores: Vec<_> = shop.search(best).unwrap().hits.iter().map(|hit| hit.score).collect();
    assert!(!scores.is_empty() && scores.iter().all(|score| *score >= 0.3), "{scores:?}");
}

#[test]
fn sorted_tables_are_one_list_and_those_without_the_column_come_last() {
    let prices = |keys: &[i64]| keys.iter().map(|n| row(*n, "router", "", Some(*n), "open")).collect();
    let note = |key| vec![Value::Int(key), text("router"), text("")];
    let world = world(vec![
        vec![articles(prices(&[1, 4, 5])), sheet("notes", &[], vec![note(50), note(51)])],
        vec![articles(prices(&[2, 3, 6]))],
    ]);
    let asked = |sort: &[&str]| SearchQuery { sort: by(sort), ..query("router") };
    assert_eq!(world.keys(asked(&["price"])), [1, 2, 3, 4, 5, 6, 50, 51]);
    assert_eq!(world.keys(asked(&["-price"])), [6, 5, 4, 3, 2, 1, 50, 51]);
    let hits = world.search(asked(&["price"])).unwrap().hits;
    assert!(hits.iter().all(|hit| hit.score > 0.0 && hit.matched_columns == ["title"]));
    let error = world.search(asked(&["price", "weight"])).unwrap_err();
    assert!(matches!(error, SearchError::UnknownSorts(names) if names == ["weight"]));
}

#[test]
fn values_are_counted_among_all_matches_of_all_tables() {
    let status = |key, status| row(key, "router", "", Some(key % 2), status);
    let world = world(vec![
        vec![articles((1..=300).map(|key| status(key, "open")).collect())],
        vec![
            articles(vec![status(1, "open"), status(2, "closed"), row(3, "lamp", "", None, "gone")]),
            sheet("notes", &[], vec![]),
        ],
    ]);
    let facets = vec!["status".to_owned(), "PRICE".to_owned()];
    let answer = world.search(SearchQuery { facets, ..query("router") }).unwrap();
    let count = |name: &str, count| (name.to_owned(), count);
    assert_eq!(answer.facets[0], ("status".to_owned(), vec![count("open", 301), count("closed", 1)]));
    assert_eq!(answer.facets[1], ("PRICE".to_owned(), vec![count("0", 151), count("1", 151)]));
    let unknown = SearchQuery { facets: vec!["colour".to_owned()], ..query("router") };
    assert!(matches!(world.search(unknown), Err(SearchError::UnknownFacets(names)) if names == ["colour"]));
}

/// A table that says it is large, with an index over the title alone.
fn large(name: &str, is_indexed: bool) -> Sheet {
    let mut large = sheet(
        name,
        &[("notes", ColumnKind::Text { max_chars: Some(65_535) })],
        vec![vec![Value::Int(1), text("router"), text("reset"), text("blinks")]],
    );
    large.table.estimated_rows = Some(5_000_000);
    large.table.full_text_indexes[0].columns = vec!["title".into()];
    if !is_indexed {
        large.table.full_text_indexes.clear();
    }
    large
}

#[test]
fn large_tables_are_searched_as_far_as_they_are_indexed_and_the_answer_says_so() {
    let world = world(vec![vec![large("articles", true), large("logs", false)]]);
    let columns = ["title", "body"].map(str::to_owned).to_vec();
    let answer = world.search(SearchQuery { columns, ..query("router reset") }).unwrap();
    assert_eq!(keys(&answer.hits), [1]);
    let told: Vec<_> = answer.failures.iter().map(|f| (f.table.as_deref(), f.reason)).collect();
    assert_eq!(
        told,
        [(Some("logs"), FailureReason::NoIndex), (Some("articles"), FailureReason::PartlyIndexed)]
    );
    let message = &answer.failures[1].message;
    assert!(message.contains("through ft alone") && message.contains("cover body"), "{message}");
    assert!(!answer.total.exact);
}

#[test]
fn what_was_found_out_about_indexes_is_noted() {
    let world = world(vec![vec![large("articles", true), large("logs", false)]]);
    world.search(query("router")).unwrap();
    let noted = world.notes.0.lock().unwrap();
    let told: Vec<_> =
        noted.iter().map(|note| (note.table.as_str(), note.columns.join("+"), note.access.clone())).collect();
    let expected = [
        ("articles", "title".to_owned(), Access::Indexed),
        ("articles", "notes".to_owned(), Access::LeftOut),
        ("logs", "title+body+notes".to_owned(), Access::LeftOut),
    ];
    assert_eq!(told, expected);
}

#[test]
fn analytics_tell_where_the_time_went_and_which_index_is_wanting() {
    let world = world(vec![vec![large("articles", true), large("logs", false)]]);
    assert_eq!(world.search(query("router")).unwrap().analytics, None);
    let asked = SearchQuery { include_analytics: true, ..query("router") };
    let analytics = world.search(asked).unwrap().analytics.unwrap();
    assert_eq!(analytics.databases.len(), 1);
    assert_eq!(analytics.databases[0].tables.len(), 1);
    let advice: Vec<_> = analytics.advice.iter().map(|a| (a.table.as_str(), a.columns.join("+"))).collect();
    assert_eq!(advice, [("logs", "title+body+notes".to_owned()), ("articles", "notes".to_owned())]);
}

#[test]
fn counting_that_fails_fails_nothing_and_facets_that_fail_are_told() {
    // The fake of this file's parent counts nothing and has no facets.
    let bench =
        over(vec![Database::new(10, &[("router", "router")]), Database::failing(11, PortErrorKind::Timeout)]);
    let asked = SearchQuery { sort: by(&["title"]), facets: vec!["title".into()], ..query("router") };
    let answer = bench.search(asked).unwrap();
    assert_eq!((answer.hits.len(), answer.failures.len()), (1, 1));
    assert_eq!(answer.facets, [("title".to_owned(), vec![])]);
}

#[test]
fn whatever_a_row_holds_its_marks_are_safe() {
    let hit = shop().search(boolean("blue")).unwrap().hits.remove(0);
    let snippet = hit.snippet.unwrap();
    assert_eq!(snippet, "Green &lt;b&gt;&amp; <mark>blue</mark>&lt;/b&gt;");
}
