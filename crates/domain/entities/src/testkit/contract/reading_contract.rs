//! Reading rows: order, parts, counts, words.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use altus4_connections::{Filter, Test, Value};

use super::{DEADLINE, Desk, RecordsSubject, by, column, columns, text};
use crate::{Counting, Missing, RecordsError, SortBy, SortPart, TextSearch};

const SCRIPT: &str = "CREATE TABLE tasks (id INTEGER NOT NULL PRIMARY KEY, rank_no INTEGER, \
     title VARCHAR(40) EXACT NOT NULL);
     CREATE INDEX tasks_rank ON tasks (rank_no);
     INSERT INTO tasks VALUES (1, 2, 'b'), (2, NULL, 'a'), (3, 2, 'c'), (4, 1, 'B'), (5, NULL, 'd'), \
     (6, 3, 'a'), (7, 2, 'a');";

fn ids(rows: &[Vec<Value>]) -> Vec<i64> {
    let id = |row: &Vec<Value>| match row[0] {
        Value::Int(id) => id,
        ref other => panic!("{other:?}"),
    };
    rows.iter().map(id).collect()
}

/// `NULL` comes first ascending and last descending.
pub async fn rows_come_in_the_order_that_was_asked_for(subject: &dyn RecordsSubject) {
    let desk = Desk::new(subject, SCRIPT).await;
    let table = desk.table("tasks");
    let order = |parts: &[(&str, bool)]| -> Vec<SortPart> {
        parts.iter().map(|(name, descending)| by(&column(&table, name), *descending)).collect()
    };
    for (parts, expected) in [
        (order(&[("id", true)]), vec![7, 6, 5, 4, 3, 2, 1]),
        (order(&[("rank_no", false), ("id", false)]), vec![2, 5, 4, 1, 3, 7, 6]),
        (order(&[("rank_no", true), ("id", false)]), vec![6, 1, 3, 7, 4, 2, 5]),
        (order(&[("title", false), ("id", true)]), vec![4, 7, 6, 2, 1, 3, 5]),
    ] {
        let mut request = desk.request("tasks", &["id"]);
        request.order = parts;
        assert_eq!(ids(&desk.select(&request).await), expected);
        (request.offset, request.limit) = (2, 3);
        assert_eq!(ids(&desk.select(&request).await), expected[2..5]);
        request.limit = 0;
        assert_eq!(ids(&desk.select(&request).await), [0; 0]);
    }
}

/// Parts of any size put together are the whole, whatever the directions, and with `NULL`.
pub async fn a_part_begins_where_the_last_one_ended(subject: &dyn RecordsSubject) {
    let desk = Desk::new(subject, SCRIPT).await;
    let table = desk.table("tasks");
    let names = ["rank_no", "title", "id"];
    for directions in 0..8 {
        let order: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(at, name)| by(&column(&table, name), directions & (1 << at) != 0))
            .collect();
        let mut request = desk.request("tasks", &["id", "rank_no", "title"]);
        request.order = order;
        let whole = desk.select(&request).await;
        for size in [1, 2, 5] {
            request.limit = size;
            request.after = None;
            let mut together = Vec::new();
            loop {
                let part = desk.select(&request).await;
                let Some(last) = part.last() else { break };
                request.after = Some(vec![last[1].clone(), last[2].clone(), last[0].clone()]);
                together.extend(part);
                assert!(together.len() <= whole.len(), "parts that don't end");
            }
            assert_eq!(ids(&together), ids(&whole), "directions {directions:03b}, {size} at once");
        }
        request.limit = 1_000;
    }
}

/// The row that a part goes on after needn't be there.
pub async fn parts_go_on_after_a_row_that_is_gone(subject: &dyn RecordsSubject) {
    let desk = Desk::new(subject, SCRIPT).await;
    let mut request = desk.request("tasks", &["id"]);
    request.after = Some(vec![Value::Int(3)]);
    subject.run("DELETE FROM tasks WHERE id = 3;").await;
    assert_eq!(ids(&desk.select(&request).await), [4, 5, 6, 7]);
    request.after = Some(vec![Value::Int(100)]);
    assert_eq!(ids(&desk.select(&request).await), [0; 0]);
}

/// Exactly, or as the server estimates.
pub async fn rows_are_counted(subject: &dyn RecordsSubject) {
    let desk = Desk::new(subject, SCRIPT).await;
    let mut all = desk.all("tasks");
    let count = async |rows: &crate::Selection, counting| {
        desk.records.count(&desk.target, rows, counting, DEADLINE).await.expect("a count")
    };
    assert_eq!(count(&all, Counting::Exact).await, 7);
    assert!(count(&all, Counting::Estimated).await <= 100);
    all.filter = Some(Filter::Is(column(&all.table, "rank_no"), Test::Eq(Value::Int(2))));
    assert_eq!(count(&all, Counting::Exact).await, 3);
    assert!(count(&all, Counting::Estimated).await <= 7);
}

/// Without an index the text is looked for as it stands, without case.
pub async fn words_are_looked_for_without_an_index(subject: &dyn RecordsSubject) {
    let desk = Desk::new(
        subject,
        "CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(40) EXACT, b VARCHAR(40) EXACT);
         INSERT INTO notes VALUES (1, 'A Router', NULL), (2, 'none', 'the router'), (3, '100%', 'x'), \
         (4, '100', 'x');",
    )
    .await;
    for (words, expected) in [("rOUTER", vec![1, 2]), ("100%", vec![3]), ("nothing", vec![])] {
        let mut request = desk.request("notes", &["id"]);
        let columns = columns(&request.rows.table, &["a", "b"]);
        request.rows.search = Some(TextSearch { text: words.to_owned(), index: None, columns });
        request.order.insert(0, SortPart { by: SortBy::Score, descending: true });
        assert_eq!(ids(&desk.select(&request).await), expected, "{words}");
    }
}

/// A table or a column that is gone is named, by reading and by writing.
pub async fn what_is_gone_is_told_by_its_name(subject: &dyn RecordsSubject) {
    let desk = Desk::new(
        subject,
        "CREATE TABLE gone (id INTEGER NOT NULL PRIMARY KEY);
         CREATE TABLE less (id INTEGER NOT NULL PRIMARY KEY, title VARCHAR(40), kept VARCHAR(40));
         INSERT INTO less VALUES (1, 'a', 'b');",
    )
    .await;
    subject.run("DROP TABLE gone; ALTER TABLE less DROP COLUMN title;").await;
    let select = async |table: &str, column: &str| {
        let request = desk.request(table, &[column]);
        match desk.records.select(&desk.target, &request, DEADLINE).await {
            Err(RecordsError::SchemaChanged(missing, _)) => missing,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(select("gone", "id").await, Missing::Table("gone".into()));
    assert_eq!(select("less", "title").await, Missing::Column("title".into()));
    let making = desk.making("less", &["id", "title"], vec![vec![Value::Int(2), text("x")]]);
    match desk.records.insert(&desk.target, &making, DEADLINE).await {
        Err(RecordsError::SchemaChanged(missing, _)) => {
            assert_eq!(missing, Missing::Column("title".into()));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(desk.rows("less", &["kept"]).await, [[text("b")]]);
}
