//! What is known of the words of tables makes a difference to what is found.

use altus4_connections::Value;
use altus4_search::SearchQuery;

use crate::{
    query,
    world::{World, articles, text, world},
};

pub(crate) fn rows(titles: &[&str]) -> Vec<Vec<Value>> {
    let row =
        |(key, title): (i64, &&str)| vec![Value::Int(key), text(title), text(""), Value::Null, text("x")];
    (1..).zip(titles).map(row).collect()
}

pub(crate) fn over(titles: &[&str]) -> World {
    world(vec![vec![articles(rows(titles))]])
}

#[test]
fn a_word_that_no_table_has_is_taken_for_the_nearest_that_one_has() {
    let world = over(&["Resetting the router", "Colours of lamps", "Routes to the office"]);
    assert_eq!(world.keys(query("rotuer")), [1]);
    assert_eq!(world.keys(query("lamps colurs")), [2]);
    let strict = SearchQuery { typo_tolerance: false, ..query("rotuer") };
    assert!(world.keys(strict).is_empty());
}

#[test]
fn a_word_that_one_database_has_is_right_in_all() {
    let titles = [["A harbour", "Bread"], ["The arbour", "Salt"]];
    let world = world(titles.iter().map(|titles| vec![articles(rows(titles))]).collect());
    assert_eq!(world.search(query("harbour")).unwrap().hits.len(), 1);
}

#[test]
fn words_are_found_in_every_form_that_the_table_has() {
    let world = over(&["Indexing", "Indexes of books", "Something else", "To index"]);
    let mut found = world.keys(query("indexed"));
    found.sort_unstable();
    assert_eq!(found, [1, 2, 4]);
}

#[test]
fn a_hyphen_makes_no_difference() {
    let world = over(&["Wi-Fi in the hall", "Wifi in the garden", "Cables"]);
    for typed in ["wifi", "wi-fi", "WiFi"] {
        let mut found = world.keys(query(typed));
        found.sort_unstable();
        assert_eq!(found, [1, 2], "{typed}");
    }
}

#[test]
fn what_is_called_as_the_query_comes_first() {
    let world = over(&["Router colours for router lovers", "Router", "The router and other things"]);
    assert_eq!(world.keys(query("router"))[0], 2);
}

#[test]
fn words_side_by_side_and_in_their_order_come_first() {
    let world = over(&[
        "A lamp of the table, made of glass",
        "A table lamp made of some glass",
        "A lamp table made of some glass",
    ]);
    assert_eq!(world.keys(query("table lamp")), [2, 3, 1]);
}

#[test]
fn where_a_table_has_other_words_it_counts_with_its_own_frequencies() {
    // In the first `lamp` says little, in all together it says much.
    let many: Vec<String> = (0..300).map(|at| format!("lamp number {at}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let world =
        world(vec![vec![articles(rows(&many))], vec![articles(rows(&["ballast", "lamp", "lamp rope"]))]]);
    let best = &world.search(query("lamp ballast")).unwrap().hits[0];
    assert_eq!(best.data[1].1, text("ballast"));
}
