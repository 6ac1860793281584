//! In which order rows come, how many there are, and what is read of them.

use std::sync::Arc;

use altus4_connections::{DiscoveredTable, Filter, Test, Value};

use super::bench::{Bench, DEADLINE, ids, sorted};
use crate::{
    Candidate, CandidateRequest, Expr, FacetRequest, FullTextIndex as _, Matching, Order, ReadColumn, Row,
    RowsRequest, SampleRequest, Scope, SortKey,
    testkit::{FullTextSubject, TableSpec, dice::Dice, samples},
};

async fn notes(subject: &dyn FullTextSubject) -> Bench<'_> {
    Bench::of(subject, samples::notes("notes", 60, &mut Dice::new(4))).await
}

fn everything() -> Expr {
    Expr::All(Vec::new())
}

fn read(bench: &Bench<'_>, names: &[&str], max_chars: u32) -> Vec<ReadColumn> {
    bench.columns(names).into_iter().map(|column| ReadColumn { column, max_chars }).collect()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// By each column, both ways, with another column for ties; those equal in both come by their keys
/// where there is no score.
pub async fn rows_come_in_the_order_asked_for(subject: &dyn FullTextSubject) {
    let bench = notes(subject).await;
    for first in ["status", "amount", "price", "ratio", "done", "due", "day"] {
        for (descending, second) in
            [(false, None), (true, None), (false, Some("amount")), (true, Some("day"))]
        {
            let mut keys = vec![SortKey { column: bench.column(first), descending }];
            keys.extend(second.map(|name| SortKey { column: bench.column(name), descending: !descending }));
            let scope = Scope::scan(bench.columns(&["title", "body"]));
            let matching = bench.matching(scope, Expr::any_word(["router", "the", "cafe"]));
            let request = CandidateRequest { order: Order::By(keys), ..Bench::all(matching) };
            let [found, expected] = [bench.find(&request).await, bench.expected(&request).await];
            assert_eq!(ids(&found), ids(&expected), "{:?}", request.order);
        }
    }
    // With an index, scores may tell ties apart: the values alone are foreseeable.
    let order = Order::By(vec![SortKey { column: bench.column("amount"), descending: true }]);
    let matching = bench.matching(Scope::index(bench.key(&["title", "body"])), Expr::word("router"));
    let request = CandidateRequest { order, read: read(&bench, &["amount"], 10), ..Bench::all(matching) };
    let [found, expected] = [bench.find(&request).await, bench.expected(&request).await];
    assert_eq!(sorted(ids(&found)), sorted(ids(&expected)));
    let values = |found: Vec<Candidate>| found.into_iter().map(|row| row.values).collect::<Vec<_>>();
    assert_eq!(values(found), values(expected));
}

/// With a limit, the first rows of the same list.
pub async fn a_limit_takes_the_first_rows(subject: &dyn FullTextSubject) {
    let bench = notes(subject).await;
    for scope in bench.scopes() {
        let by_amount = Order::By(vec![SortKey { column: bench.column("amount"), descending: false }]);
        for order in [Order::Relevance, by_amount] {
            let matching = bench.matching(scope.clone(), Expr::any_word(["router", "reset"]));
            let all = CandidateRequest { order, ..Bench::all(matching) };
            let whole = ids(&bench.find(&all).await);
            for limit in [0, 1, 7] {
                let first = bench.find(&CandidateRequest { limit, ..all.clone() }).await;
                assert_eq!(ids(&first), whole[..limit as usize], "{all:?}");
            }
        }
    }
}

/// Asked again, the same rows in the same order.
pub async fn the_same_request_gives_the_same_rows(subject: &dyn FullTextSubject) {
    let bench = notes(subject).await;
    for scope in bench.scopes() {
        for expr in [Expr::word("router"), Expr::any_word(["the", "a"]), everything()] {
            let request = Bench::all(bench.matching(scope.clone(), expr));
            assert_eq!(ids(&bench.find(&request).await), ids(&bench.find(&request).await), "{request:?}");
        }
    }
}

/// By relevance, no row scores higher than the one before; without an index none has a score, and
/// rows come by their keys.
pub async fn scores_fall_along_the_list(subject: &dyn FullTextSubject) {
    let bench = notes(subject).await;
    for scope in bench.scopes() {
        let is_indexed = !scope.indexes.is_empty();
        let request = Bench::all(bench.matching(scope, Expr::any_word(["router", "reset"])));
        let found = bench.find(&request).await;
        assert!(found.len() > 3, "the table is too small");
        assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score), "{found:?}");
        if !is_indexed {
            assert!(found.iter().all(|row| row.score == 0.0), "{found:?}");
            assert_eq!(ids(&found), sorted(ids(&found)));
        }
    }
}

/// The count is exact below its bound, and no less than the bound beyond.
pub async fn matches_are_counted_up_to_a_bound(subject: &dyn FullTextSubject) {
    let bench = notes(subject).await;
    let open = Filter::Is(bench.column("status"), Test::Eq(text("open")));
    let exprs = [Expr::word("router"), Expr::word("nowhere"), Expr::any_word(["the", "cafe"]), everything()];
    for scope in bench.scopes() {
        for expr in &exprs {
            for filter in [None, Some(open.clone())] {
                let matching = Matching { filter, ..bench.matching(scope.clone(), expr.clone()) };
                let exact = bench.expected(&Bench::all(matching.clone())).await.len() as u64;
                for at_most in [1_000, 3] {
                    let count = bench.index.count(&bench.target, &matching, at_most, DEADLINE).await;
                    let count = count.expect("count");
                    assert!(
                        (exact.min(at_most)..=exact).contains(&count),
                        "{count}, not {exact}: {matching:?}"
                    );
                }
            }
        }
    }
}

/// Each value with the number of matches that have it, the commonest first; `NULL` is none.
pub async fn facets_count_values_among_the_matches(subject: &dyn FullTextSubject) {
    let bench = notes(subject).await;
    let columns = bench.columns(&["status", "amount"]);
    let not_closed = Filter::Not(Box::new(Filter::Is(bench.column("status"), Test::Eq(text("closed")))));
    for scope in bench.scopes() {
        for expr in [Expr::word("router"), Expr::word("the"), Expr::word("nowhere"), everything()] {
            for filter in [None, Some(not_closed.clone())] {
                let matching = Matching { filter, ..bench.matching(scope.clone(), expr.clone()) };
                let all = FacetRequest { matching, columns: columns.clone(), limit: 100 };
                let few = FacetRequest { limit: 2, ..all.clone() };
                let expected = bench.twin.facets(&bench.target, &all, DEADLINE).await.expect("in memory");
                let found = bench.index.facets(&bench.target, &all, DEADLINE).await.expect("facets");
                let commonest = bench.index.facets(&bench.target, &few, DEADLINE).await.expect("facets");
                assert_eq!((found.len(), commonest.len()), (columns.len(), columns.len()));
                for ((found, commonest), expected) in found.iter().zip(&commonest).zip(&expected) {
                    assert_eq!(counts(found), counts(expected), "{all:?}");
                    assert_eq!(by_value(found), by_value(expected), "{all:?}");
                    assert_eq!(counts(commonest), counts(&expected[..expected.len().min(2)]));
                }
            }
        }
    }
}

fn counts(facet: &[(Value, u64)]) -> Vec<u64> {
    facet.iter().map(|(_, count)| *count).collect()
}

fn by_value(facet: &[(Value, u64)]) -> Vec<String> {
    let mut lines: Vec<_> = facet.iter().map(|(value, count)| format!("{value:?}: {count}")).collect();
    lines.sort();
    lines
}

/// All rows where no more are there than asked for, which it says; else no more than asked for, none
/// of them twice, the same ones again.
pub async fn samples_are_the_whole_of_a_small_table_and_part_of_a_large_one(subject: &dyn FullTextSubject) {
    let bench = notes(subject).await;
    let read = read(&bench, &["id", "title"], 5);
    let sample = async |rows| {
        let request = SampleRequest { table: Arc::clone(&bench.table), read: read.clone(), rows };
        bench.index.sample(&bench.target, &request, DEADLINE).await.expect("sample")
    };
    let whole = sample(60).await;
    assert!(whole.whole && whole.rows.len() == 60, "{} rows", whole.rows.len());
    let is_cut = |value: &Value| value.as_text().is_none_or(|text| text.chars().count() <= 5);
    assert!(whole.rows.iter().all(|row| row.len() == 2 && is_cut(&row[1])));
    let part = sample(20).await;
    assert!(!part.whole && (1..=20).contains(&part.rows.len()), "{} rows", part.rows.len());
    let mut ids: Vec<String> = part.rows.iter().map(|row| format!("{:?}", row[0])).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), part.rows.len(), "a row comes twice");
    assert!(part.rows.iter().all(|row| whole.rows.contains(row)));
    assert_eq!(sample(20).await, part);
}

/// Rows are read by their keys, those that are gone left out; texts are cut to what is asked for.
pub async fn rows_are_read_by_key_and_cut(subject: &dyn FullTextSubject) {
    let bench = Bench::of(subject, samples::articles()).await;
    let key = |id| vec![Value::Int(id)];
    let table = Arc::clone(&bench.table);
    let keys = vec![key(7), key(2), key(99)];
    let request = RowsRequest { table, keys, read: read(&bench, &["title", "body"], 5), filter: None };
    let mut rows = bench.index.rows(&bench.target, &request, DEADLINE).await.expect("rows");
    rows.sort_by_key(|row| format!("{:?}", row.key));
    let expected = [
        Row { key: key(2), values: vec![text("Route"), Value::Null] },
        Row { key: key(7), values: vec![text("reset"), text("日本語 r")] },
    ];
    assert_eq!(rows, expected);
    let matching = bench.matching(Scope::index(bench.key(&["title", "body"])), Expr::word("cables"));
    let request = CandidateRequest { read: read(&bench, &["body"], 3), ..Bench::all(matching) };
    assert_eq!(bench.find(&request).await[0].values, [text("the")]);
}

/// Of the rows with the keys, only those that pass the filter are read.
pub async fn rows_that_a_filter_leaves_out_are_not_read(subject: &dyn FullTextSubject) {
    let bench = notes(subject).await;
    let keys: Vec<Vec<Value>> = (1..=40).map(|id| vec![Value::Int(id)]).collect();
    let status = || Filter::Is(bench.column("status"), Test::Eq(text("open")));
    let amount = Filter::Not(Box::new(Filter::Is(bench.column("amount"), Test::Gt(Value::Int(3)))));
    for filter in [status(), amount.clone(), Filter::All(vec![status(), amount]), Filter::Any(vec![])] {
        let (table, read) = (Arc::clone(&bench.table), read(&bench, &["status"], 20));
        let request = RowsRequest { table, keys: keys.clone(), read, filter: Some(filter) };
        let found = bench.index.rows(&bench.target, &request, DEADLINE).await.expect("rows");
        let expected = bench.twin.rows(&bench.target, &request, DEADLINE).await.expect("rows in memory");
        let by_key = |mut rows: Vec<Row>| {
            rows.sort_by_key(|row| format!("{:?}", row.key));
            rows
        };
        assert_eq!(by_key(found), by_key(expected), "{:?}", request.filter);
    }
}

/// The statement of a search shows no word and no value of it.
pub async fn an_explanation_shows_no_value(subject: &dyn FullTextSubject) {
    let bench = notes(subject).await;
    for scope in bench.scopes() {
        let secret = Filter::Is(bench.column("status"), Test::Eq(text("swordfish")));
        let matching = bench.matching(scope, Expr::any_word(["router", "barracuda"]));
        let request = Bench::all(Matching { filter: Some(secret), ..matching });
        let explained = bench.index.explain(&bench.target, &request, DEADLINE).await.expect("explain");
        assert!(!explained.plan.is_empty());
        for value in ["swordfish", "barracuda"] {
            assert!(!explained.sql.contains(value), "{}", explained.sql);
        }
        assert!(explained.sql.contains('?'), "{}", explained.sql);
    }
}

/// Without a declared primary key rows are found all the same.
pub async fn a_table_without_a_key_is_searched_too(subject: &dyn FullTextSubject) {
    let spec = samples::articles();
    let table = DiscoveredTable { primary_key: Vec::new(), ..spec.table };
    let bench = Bench::of(subject, TableSpec { table, ..spec }).await;
    for scope in bench.scopes() {
        for expr in [Expr::word("router"), Expr::word("the"), Expr::Not(Box::new(Expr::word("router")))] {
            let matching = bench.matching(scope.clone(), expr);
            let request = CandidateRequest { read: read(&bench, &["id"], 1), ..Bench::all(matching) };
            let [found, expected] = [bench.find(&request).await, bench.expected(&request).await];
            // SQLite numbers the rows of a table that declares no key.
            let parts = bench.table.primary_key.len();
            assert!(found.iter().all(|row| row.key.len() == parts), "{found:?}");
            assert_eq!(read_values(found), read_values(expected), "{request:?}");
        }
    }
}

fn read_values(found: Vec<Candidate>) -> Vec<String> {
    let mut values: Vec<_> = found.into_iter().map(|row| format!("{:?}", row.values)).collect();
    values.sort();
    values
}
