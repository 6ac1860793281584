//! What the search service promises, over databases that exist in memory alone.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "service/analysis.rs"]
mod analysis;
#[path = "service/bench.rs"]
mod bench;
#[path = "service/engine.rs"]
mod engine;
#[path = "service/meaning.rs"]
mod meaning;
#[path = "service/merged.rs"]
mod merged;
#[path = "service/outside.rs"]
mod outside;
#[path = "service/sphere.rs"]
mod sphere;
#[path = "service/walks.rs"]
mod walks;
#[path = "service/words.rs"]
mod words;
#[path = "service/world.rs"]
mod world;

use std::{collections::HashSet, sync::atomic::Ordering};

use altus4_connections::ConnectionError;
use altus4_kernel::{PortErrorKind, Uncounted, testkit::InstantTimer};
use altus4_search::{Degraded, FailureReason, SearchError, SearchMode, SearchQuery, Window};
use futures::executor::block_on;

use crate::bench::{Database, bench, granted, id, over, query, stored};

const OWNER: u128 = 1;
const STRANGER: u128 = 2;

#[test]
fn several_databases_answer_in_one_ranked_list() {
    let bench = over(vec![
        Database::new(10, &[("router", "colours of it"), ("lamp", "nothing")]),
        Database::new(11, &[("reset", "how to reset the router")]),
    ]);
    let answer = bench.search(query("reset router")).unwrap();
    let found: Vec<_> = answer.hits.iter().map(|hit| hit.connection_id).collect();
    assert_eq!(found, [id(11), id(10)]);
    assert!(answer.hits[0].score > answer.hits[1].score);
    assert_eq!((answer.total.count, answer.total.exact), (2, true));
    assert_eq!(answer.hits[0].matched_columns, ["title", "body"]);
    assert!(answer.hits[0].snippet.as_deref().unwrap().contains("<mark>reset</mark>"));
}

#[test]
fn one_failing_database_costs_its_own_results_alone() {
    let databases = vec![
        Database::failing(10, PortErrorKind::Unavailable),
        Database::failing(11, PortErrorKind::Timeout),
        Database::new(12, &[("router", "router")]),
    ];
    let answer = over(databases).search(query("router")).unwrap();
    assert_eq!(answer.hits.len(), 1);
    let failures: Vec<_> = answer.failures.iter().map(|f| (f.connection_id, f.reason)).collect();
    assert_eq!(failures, [(id(10), FailureReason::ConnectionFailed), (id(11), FailureReason::Timeout)]);
    assert!(!answer.total.exact, "what the others hold is not known");
}

#[test]
fn when_every_database_fails_so_does_the_search() {
    let error = over(vec![Database::failing(10, PortErrorKind::Unavailable)]).search(query("router"));
    assert!(matches!(error, Err(SearchError::AllFailed(failures)) if failures.len() == 1));
}

#[test]
fn an_adapter_that_misses_its_deadline_is_left_behind() {
    let databases = vec![Database { hangs: true, ..Database::new(10, &[]) }];
    let error = bench(databases, InstantTimer::Elapsed, 0).search(query("router"));
    assert!(matches!(error, Err(SearchError::AllFailed(f)) if f[0].reason == FailureReason::Timeout));
}

#[test]
fn a_connection_of_another_account_does_not_exist_and_is_not_called() {
    let bench = over(vec![Database::new(10, &[("router", "router")])]);
    let foreign = SearchQuery { databases: vec![id(10)], ..query("router") };
    let error = block_on(bench.service.search(granted(STRANGER), foreign, &Uncounted));
    assert!(
        matches!(error, Err(SearchError::Connection(ConnectionError::NotFound(unknown))) if unknown == id(10))
    );
    let everything = block_on(bench.service.search(granted(STRANGER), query("router"), &Uncounted)).unwrap();
    assert!(everything.hits.is_empty());
    assert!(bench.index.called.lock().unwrap().is_empty());
}

#[test]
fn a_page_costs_one_statement_where_candidates_hold_all_that_is_shown() {
    let bench = over(vec![Database::new(10, &[("router", "router"); 30])]);
    bench.search(query("router")).unwrap();
    assert_eq!(bench.index.candidate_calls.load(Ordering::Relaxed), 1);
    assert_eq!(bench.index.row_calls.load(Ordering::Relaxed), 0);
}

#[test]
fn a_text_that_was_cut_for_ranking_is_read_whole_for_the_page() {
    let long = "router ".repeat(1_000);
    let mut database = Database::new(10, &[("router", &long)]);
    database.rows[0].2 = long.chars().take(4_096).collect();
    let bench = over(vec![database]);
    assert_eq!(bench.search(query("router")).unwrap().hits.len(), 1);
    assert_eq!(bench.index.row_calls.load(Ordering::Relaxed), 1);
}

#[test]
fn walking_the_offset_gives_every_match_once() {
    let rows: Vec<(String, String)> =
        (0..730).map(|n| (format!("router {n}"), "words ".repeat(n % 7))).collect();
    let texts: Vec<(&str, &str)> = rows.iter().map(|(title, body)| (title.as_str(), body.as_str())).collect();
    let bench = over(vec![Database::new(10, &texts[..300]), Database::new(11, &texts[300..])]);
    let mut seen = HashSet::new();
    let mut last = f64::INFINITY;
    for offset in (0..).step_by(50) {
        let answer = bench
            .search(SearchQuery { window: Window::new(50, offset).unwrap(), ..query("router") })
            .unwrap();
        for hit in &answer.hits {
            assert!(hit.score < last, "scores fall along the whole list");
            last = hit.score;
            assert!(seen.insert(hit.id), "seen twice at {offset}");
        }
        if answer.hits.is_empty() {
            assert_eq!((answer.total.count, answer.total.exact), (730, true));
            break;
        }
    }
    assert_eq!(seen.len(), 730);
}

#[test]
fn more_matches_than_are_ranked_are_counted_as_a_lower_bound() {
    let bench = over(vec![Database::new(10, &[("router", "router"); 300])]);
    let answer = bench.search(query("router")).unwrap();
    assert!(!answer.total.exact);
    assert!(answer.total.count <= 300);
}

#[test]
fn a_schema_that_went_stale_is_read_anew_once() {
    let database = || vec![Database::new(10, &[("router", "router")])];
    let mended = bench(database(), InstantTimer::Never, 1);
    assert_eq!(mended.search(query("router")).unwrap().hits.len(), 1);
    assert_eq!(mended.inspections.load(Ordering::Relaxed), 2);
    let broken = bench(database(), InstantTimer::Never, usize::MAX);
    assert!(matches!(broken.search(query("router")), Err(SearchError::AllFailed(_))));
    assert_eq!(broken.inspections.load(Ordering::Relaxed), 2);
}

#[test]
fn names_that_exist_nowhere_are_named() {
    let bench = over(vec![Database::new(10, &[("router", "router")])]);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let tables = SearchQuery { tables: names(&["articles", "x; DROP"]), ..query("router") };
    assert!(matches!(bench.search(tables), Err(SearchError::UnknownTables(t)) if t == ["x; DROP"]));
    let columns = SearchQuery { columns: names(&["nope"]), ..query("router") };
    assert!(matches!(bench.search(columns), Err(SearchError::UnknownColumns(c)) if c == ["nope"]));
    let fields = SearchQuery { fields: names(&["title", "gone"]), ..query("router") };
    assert!(matches!(bench.search(fields), Err(SearchError::UnknownFields(f)) if f == ["gone"]));
}

#[test]
fn only_the_fields_asked_for_come_back_and_the_key_always() {
    let bench = over(vec![Database::new(10, &[("router", "router")])]);
    let answer = bench.search(SearchQuery { fields: vec!["title".into()], ..query("router") }).unwrap();
    let names: Vec<_> = answer.hits[0].data.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["id", "title"]);
}

#[test]
fn signs_without_a_word_find_nothing_and_are_no_error() {
    let bench = over(vec![Database::new(10, &[("router", "router")])]);
    for text in ["*", "+ - \"", "…", "\0", "😀"] {
        let answer = bench.search(query(text)).unwrap();
        assert_eq!((answer.hits.len(), answer.total.exact), (0, true), "{text:?}");
    }
}

#[test]
fn meaning_without_an_ai_is_answered_with_words_and_says_so() {
    let bench = over(vec![Database::new(10, &[("router", "router")])]);
    let answer = bench.search(SearchQuery { mode: SearchMode::Semantic, ..query("router") }).unwrap();
    assert_eq!((answer.hits.len(), answer.degraded), (1, vec![Degraded::Ai]));
}

#[test]
fn what_scores_too_low_is_left_out() {
    let bench = over(vec![Database::new(10, &[("router reset", "reset router"), ("lamp", "a router")])]);
    let all = bench.search(query("reset router")).unwrap();
    let least = f64::midpoint(all.hits[0].score, all.hits[1].score);
    let some = bench.search(SearchQuery { min_score: least, ..query("reset router") }).unwrap();
    assert_eq!((all.hits.len(), some.hits.len(), some.total.count), (2, 1, 1));
}
