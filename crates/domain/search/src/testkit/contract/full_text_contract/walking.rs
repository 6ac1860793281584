//! Going through a table by its primary key.

use std::sync::Arc;

use altus4_connections::{Filter, Value};

use super::bench::{Bench, DEADLINE};
use crate::{
    FullTextIndex, ReadColumn, Row, WalkRequest,
    testkit::{FullTextSubject, dice::Dice, samples},
};

/// The first rows.
fn beginning(bench: &Bench<'_>, limit: u32) -> WalkRequest {
    let read = ReadColumn { column: bench.column("title"), max_chars: 5 };
    WalkRequest { table: Arc::clone(&bench.table), after: None, filter: None, read: vec![read], limit }
}

/// All rows, in parts.
async fn walk(index: &dyn FullTextIndex, bench: &Bench<'_>, mut request: WalkRequest) -> Vec<Row> {
    let mut rows = Vec::new();
    loop {
        let part = index.walk(&bench.target, &request, DEADLINE).await;
        let part = part.unwrap_or_else(|error| panic!("{error:?}\n{request:?}"));
        assert!(part.len() <= request.limit as usize, "{} rows of {}", part.len(), request.limit);
        let Some(last) = part.last() else { return rows };
        request.after = Some(last.key.clone());
        rows.extend(part);
    }
}

/// Whatever the size of the parts, the rows that a naive walk gives.
async fn assert_as_walked(bench: &Bench<'_>, filter: Option<Filter>) -> Vec<Row> {
    let expected =
        walk(&bench.twin, bench, WalkRequest { filter: filter.clone(), ..beginning(bench, 1_000) }).await;
    for limit in [1, 7, 60, 100] {
        let request = WalkRequest { filter: filter.clone(), ..beginning(bench, limit) };
        assert_eq!(walk(bench.index, bench, request).await, expected, "{limit} at once, {filter:?}");
    }
    expected
}

/// Every row once, in parts of any size, texts cut to what is asked for.
pub async fn a_walk_gives_every_row_once_in_the_order_of_its_key(subject: &dyn FullTextSubject) {
    let bench = Bench::of(subject, samples::notes("notes", 60, &mut Dice::new(8))).await;
    let rows = assert_as_walked(&bench, None).await;
    let keys: Vec<_> = rows.iter().map(|row| row.key.clone()).collect();
    assert_eq!(keys, (1..=60).map(|id| vec![Value::Int(id)]).collect::<Vec<_>>());
    let none = bench.index.walk(&bench.target, &beginning(&bench, 0), DEADLINE).await;
    assert_eq!(none.expect("no rows"), []);
}

/// Where the first part of a key is the same, the next one decides, each by its own rules: numbers
/// from the least on, text without case, days.
pub async fn a_walk_goes_by_every_part_of_a_key(subject: &dyn FullTextSubject) {
    let bench = Bench::of(subject, samples::parcels(&mut Dice::new(9))).await;
    let rows = assert_as_walked(&bench, None).await;
    let least = [Value::Int(i64::MIN), Value::Text("apple".into()), Value::Text("2026-01-01".into())];
    assert_eq!((rows.len(), rows[0].key.as_slice()), (4 * 5 * 3, &least[..]));
}

/// Bytes compare as such.
pub async fn a_walk_goes_by_bytes(subject: &dyn FullTextSubject) {
    let bench = Bench::of(subject, samples::tokens()).await;
    assert_eq!(assert_as_walked(&bench, None).await.len(), 7);
}

/// What it goes on after need not be there any more.
pub async fn a_walk_goes_on_after_a_row_that_is_gone(subject: &dyn FullTextSubject) {
    let bench = Bench::of(subject, samples::articles()).await;
    let after = |id| WalkRequest { after: Some(vec![Value::Int(id)]), ..beginning(&bench, 2) };
    let next = async |id| {
        let rows = bench.index.walk(&bench.target, &after(id), DEADLINE).await.expect("rows");
        rows.into_iter().map(|row| row.key).collect::<Vec<_>>()
    };
    assert_eq!(next(-5).await, [[Value::Int(1)], [Value::Int(2)]]);
    assert_eq!(next(7).await, [[Value::Int(8)]]);
    assert_eq!(next(99).await, Vec::<Vec<Value>>::new());
}

/// Only rows that pass the filter, and none of those is missed.
pub async fn a_walk_leaves_out_what_does_not_pass(subject: &dyn FullTextSubject) {
    let mut dice = Dice::new(10);
    let bench = Bench::of(subject, samples::notes("notes", 60, &mut dice)).await;
    for _ in 0..20 {
        let filter = samples::filter(&mut dice, &bench.table, 2);
        assert_as_walked(&bench, Some(filter)).await;
    }
}
