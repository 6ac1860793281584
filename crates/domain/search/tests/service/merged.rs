//! Several searches in one list.

use altus4_connections::Value;
use altus4_kernel::Uncounted;
use altus4_search::{Merged, MergedFault, SearchAnswer, SearchError, SearchQuery, Window};
use futures::executor::block_on;

use crate::{
    OWNER, granted, id, query,
    world::{World, articles, boolean, keys, text, world},
};

fn row(key: i64, title: &str) -> Vec<Value> {
    vec![Value::Int(key), text(title), text(""), Value::Null, text("open")]
}

fn two_shops() -> World {
    let lamps = (1..=250).map(|key| row(key, if key % 3 == 0 { "lamp router" } else { "lamp" })).collect();
    let routers = (1001..=1050).map(|key| row(key, "router")).collect();
    world(vec![vec![articles(lamps)], vec![articles(routers)]])
}

fn merged(
    world: &World,
    searches: Vec<(SearchQuery, f64)>,
    window: Window,
) -> Result<SearchAnswer, MergedFault> {
    let searches = searches.into_iter().map(|(query, weight)| Merged { query, weight }).collect();
    let merged = block_on(world.service.search_merged(granted(OWNER), searches, window, &Uncounted));
    merged.map(|merged| merged.answer)
}

#[test]
fn every_row_that_some_search_finds_is_there_once_with_falling_scores() {
    let world = two_shops();
    let searches = || vec![(query("lamp"), 1.0), (boolean("router"), 1.0), (query("router"), 0.5)];
    let mut hits = Vec::new();
    for offset in (0..).step_by(40) {
        let answer = merged(&world, searches(), Window::new(40, offset).unwrap()).unwrap();
        if answer.hits.is_empty() {
            break;
        }
        assert!(answer.hits.len() == 40 || offset == 280);
        hits.extend(answer.hits);
    }
    let mut found = keys(&hits);
    assert!(hits.windows(2).all(|pair| pair[0].score > pair[1].score));
    found.sort_unstable();
    assert_eq!(found, (1..=250).chain(1001..=1050).collect::<Vec<_>>());
}

#[test]
fn weights_decide_whose_results_come_first() {
    let world = two_shops();
    let of = |n| query_of(n);
    let first = |weights: [f64; 2]| {
        let searches = vec![(of(1), weights[0]), (of(2), weights[1])];
        merged(&world, searches, Window::new(1, 0).unwrap()).unwrap().hits[0].connection_id
    };
    assert_eq!(first([1.0, 0.1]), id(1));
    assert_eq!(first([2.0, 20.0]), id(2));
}

fn query_of(n: u128) -> SearchQuery {
    SearchQuery { databases: vec![id(n)], ..query("router") }
}

#[test]
fn the_query_at_fault_is_named() {
    let searches = vec![(query("lamp"), 1.0), (boolean("lamp AND"), 1.0)];
    let fault = merged(&two_shops(), searches, Window::default()).unwrap_err();
    assert_eq!(fault.place, 1);
    assert!(matches!(*fault.error, SearchError::InvalidQuery(_)));
}
