//! Writing rows: all or nothing, guarded, with what was refused.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use altus4_connections::{Filter, Table, Test, Value};
use futures::join;

use super::{DEADLINE, Desk, RecordsSubject, column, columns, text};
use crate::{
    Assigned, DeleteRequest, InsertRequest, ManyRequest, Precondition, RecordsError, Refusal, RefusalKind,
    RowKey, UpdateRequest, Written,
};

const SCRIPT: &str = "CREATE TABLE owners (id INTEGER NOT NULL PRIMARY KEY);
     INSERT INTO owners VALUES (1), (2);
     CREATE TABLE items (id NUMBERED, name VARCHAR(20) EXACT NOT NULL UNIQUE, owner_id INTEGER, \
     size INTEGER NOT NULL DEFAULT 7, CONSTRAINT positive CHECK (size > 0), \
     CONSTRAINT items_owner FOREIGN KEY (owner_id) REFERENCES owners (id));";

fn key(table: &Table, id: i64) -> RowKey {
    vec![(column(table, "id"), Value::Int(id))]
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T, RecordsError>) -> Refusal {
    match outcome {
        Err(RecordsError::Refused(refusal, _)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// Numbers, defaults and the order of the rows.
pub async fn new_rows_are_read_again_with_what_the_server_gave_them(subject: &dyn RecordsSubject) {
    let desk = Desk::new(subject, SCRIPT).await;
    let table = desk.table("items");
    assert!(table.column("id").is_some_and(|column| column.found.is_numbered));
    let given = |value: Value| Assigned::Value(value);
    let request = InsertRequest {
        columns: columns(&table, &["id", "name", "size"]),
        rows: vec![
            vec![Assigned::Default, given(text("a")), Assigned::Default],
            vec![given(Value::Int(50)), given(text("b")), given(Value::Int(3))],
            vec![Assigned::Default, given(text("c")), Assigned::Default],
            vec![Assigned::Default, given(text("d")), given(Value::Int(4))],
        ],
        key: table.primary_key.clone(),
        returning: columns(&table, &["id", "name", "size", "owner_id"]),
        table: Arc::clone(&table),
    };
    let made = desk.records.insert(&desk.target, &request, DEADLINE).await.expect("rows");
    let row = |id: i64, name: &str, size: i64| {
        Some(vec![Value::Int(id), text(name), Value::Int(size), Value::Null])
    };
    assert_eq!(made, [row(1, "a", 7), row(50, "b", 3), row(51, "c", 7), row(52, "d", 4)]);
    // No column at all.
    subject.run("CREATE TABLE marks (id NUMBERED, size INTEGER DEFAULT 5);").await;
    let (_, snapshot) = subject.look().await;
    let table = snapshot.table("marks").expect("the table");
    let request = InsertRequest {
        columns: Vec::new(),
        rows: vec![Vec::new()],
        key: table.primary_key.clone(),
        returning: columns(table, &["id", "size"]),
        table: Arc::clone(table),
    };
    let made = desk.records.insert(&desk.target, &request, DEADLINE).await.expect("a row");
    assert_eq!(made, [Some(vec![Value::Int(1), Value::Int(5)])]);
}

/// A thousand rows, one of which is refused, whichever it is and for whatever reason.
pub async fn one_bad_row_of_many_is_named_and_nothing_is_written(subject: &dyn RecordsSubject) {
    const ROWS: usize = 1_000;
    let desk = Desk::new(subject, SCRIPT).await;
    let rows = || (0..ROWS).map(|at| vec![text(&format!("row {at}")), Value::Int(1)]).collect::<Vec<_>>();
    for (at, bad, kind, columns) in [
        (0, vec![Value::Null, Value::Int(1)], RefusalKind::NotNull, vec!["name"]),
        (999, vec![text("row 3"), Value::Int(1)], RefusalKind::Unique, vec!["name"]),
        (617, vec![text("other"), Value::Int(3)], RefusalKind::Unreferenced, vec!["owner_id"]),
    ] {
        let mut rows = rows();
        rows[at] = bad;
        let making = desk.making("items", &["name", "owner_id"], rows);
        let refusal = refusal(desk.records.insert(&desk.target, &making, DEADLINE).await);
        let columns = columns.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(refusal, Refusal { kind, row: Some(at), columns });
        assert_eq!(desk.rows("items", &["id"]).await.len(), 0, "{kind:?}");
    }
    let making = desk.making("items", &["name", "owner_id"], rows());
    let made = desk.records.insert(&desk.target, &making, DEADLINE).await.expect("rows");
    assert_eq!(made.into_iter().flatten().collect::<Vec<_>>(), rows());
}

/// By the kind, and the columns as far as the server tells.
pub async fn refusals_name_what_they_are_about(subject: &dyn RecordsSubject) {
    let desk = Desk::new(subject, SCRIPT).await;
    subject.run("INSERT INTO items (id, name, owner_id) VALUES (1, 'a', 1), (2, 'b', 2);").await;
    let items = desk.table("items");
    let change = async |name: &str, value: Value| {
        let request = UpdateRequest {
            table: Arc::clone(&items),
            key: key(&items, 1),
            set: vec![(column(&items, name), Assigned::Value(value))],
            expected: None,
            otherwise_insert: None,
            returning: Vec::new(),
        };
        refusal(desk.records.update(&desk.target, &request, DEADLINE).await)
    };
    for (name, value, kind) in [
        ("name", text("b"), RefusalKind::Unique),
        ("name", Value::Null, RefusalKind::NotNull),
        ("owner_id", Value::Int(9), RefusalKind::Unreferenced),
    ] {
        assert_eq!(change(name, value).await, Refusal { kind, row: None, columns: vec![name.to_owned()] });
    }
    assert_eq!(change("size", Value::Int(0)).await.kind, RefusalKind::Check);
    let owners = desk.table("owners");
    let request = DeleteRequest { key: key(&owners, 1), table: owners, expected: None };
    let refused = refusal(desk.records.delete(&desk.target, &request, DEADLINE).await);
    assert_eq!(refused.kind, RefusalKind::StillReferenced);
    assert_eq!(desk.rows("items", &["name"]).await, [[text("a")], [text("b")]]);
}

fn expecting(table: &Table, name: &str, expected: Value) -> Precondition {
    Precondition {
        columns: columns(table, &[name]),
        holds: Arc::new(move |values| values == std::slice::from_ref(&expected)),
    }
}

/// What the row is before is told, and what it is afterwards.
pub async fn a_row_is_changed_only_as_it_was_expected(subject: &dyn RecordsSubject) {
    let desk = Desk::new(subject, SCRIPT).await;
    subject.run("INSERT INTO items (id, name, size) VALUES (1, 'a', 3);").await;
    let items = desk.table("items");
    let mut request = UpdateRequest {
        table: Arc::clone(&items),
        key: key(&items, 1),
        set: vec![
            (column(&items, "name"), Assigned::Value(text("b"))),
            (column(&items, "size"), Assigned::Default),
        ],
        expected: Some(expecting(&items, "name", text("other"))),
        otherwise_insert: None,
        returning: columns(&items, &["id", "name", "size"]),
    };
    let update = async |request: &UpdateRequest| {
        desk.records.update(&desk.target, request, DEADLINE).await.expect("an answer")
    };
    assert_eq!(update(&request).await, Written::NotAsExpected);
    assert_eq!(desk.rows("items", &["name", "size"]).await, [[text("a"), Value::Int(3)]]);
    request.expected = Some(expecting(&items, "name", text("a")));
    let after = vec![Value::Int(1), text("b"), Value::Int(7)];
    assert_eq!(update(&request).await, Written::Done(after.clone()));
    request.set.clear();
    request.expected = None;
    assert_eq!(update(&request).await, Written::Done(after));
    request.key = key(&items, 2);
    assert_eq!(update(&request).await, Written::Missing);
    request.expected = Some(expecting(&items, "name", text("a")));
    assert_eq!(update(&request).await, Written::Missing);
}

/// Two writers who know the same state: the second is told, and nothing of it is written.
pub async fn of_two_who_expect_the_same_one_writes(subject: &dyn RecordsSubject) {
    let desk = Desk::new(subject, SCRIPT).await;
    subject.run("INSERT INTO items (id, name, size) VALUES (1, 'a', 1);").await;
    let items = desk.table("items");
    let asked = Arc::new(AtomicUsize::new(0));
    for round in 1..6 {
        let request = |name: &str| {
            let asked = Arc::clone(&asked);
            UpdateRequest {
                table: Arc::clone(&items),
                key: key(&items, 1),
                set: vec![
                    (column(&items, "name"), Assigned::Value(text(name))),
                    (column(&items, "size"), Assigned::Value(Value::Int(round + 1))),
                ],
                expected: Some(Precondition {
                    columns: columns(&items, &["size"]),
                    holds: Arc::new(move |values| {
                        asked.fetch_add(1, Ordering::Relaxed);
                        values == [Value::Int(round)]
                    }),
                }),
                otherwise_insert: None,
                returning: columns(&items, &["name"]),
            }
        };
        let (one, other) = (request("one"), request("other"));
        let (one, other) = join!(
            desk.records.update(&desk.target, &one, DEADLINE),
            desk.records.update(&desk.target, &other, DEADLINE)
        );
        let written: Vec<_> = [one, other].into_iter().map(|outcome| outcome.expect("an answer")).collect();
        let winners: Vec<_> =
            written.iter().filter(|written| matches!(written, Written::Done(_))).cloned().collect();
        let [Written::Done(winner)] = winners.as_slice() else { panic!("{written:?}") };
        assert!(written.contains(&Written::NotAsExpected));
        assert_eq!(desk.rows("items", &["name"]).await, std::slice::from_ref(winner));
    }
    assert!(asked.load(Ordering::Relaxed) >= 10);
}

/// A whole record that may be new.
pub async fn a_row_that_is_not_there_is_made_if_that_is_wanted(subject: &dyn RecordsSubject) {
    let desk = Desk::new(subject, SCRIPT).await;
    let items = desk.table("items");
    let request = |name: &str| UpdateRequest {
        table: Arc::clone(&items),
        key: key(&items, 5),
        set: vec![(column(&items, "name"), Assigned::Value(text(name)))],
        expected: None,
        otherwise_insert: Some(vec![
            (column(&items, "id"), Assigned::Value(Value::Int(5))),
            (column(&items, "name"), Assigned::Value(text(name))),
            (column(&items, "size"), Assigned::Default),
        ]),
        returning: columns(&items, &["id", "name", "size"]),
    };
    let update = async |name: &str| {
        desk.records.update(&desk.target, &request(name), DEADLINE).await.expect("an answer")
    };
    let row = |name: &str| vec![Value::Int(5), text(name), Value::Int(7)];
    assert_eq!(update("a").await, Written::Made(row("a")));
    assert_eq!(update("b").await, Written::Done(row("b")));
    assert_eq!(desk.rows("items", &["id", "name", "size"]).await, [row("b")]);
}

/// As expected, and no more than once.
pub async fn a_row_is_deleted_once(subject: &dyn RecordsSubject) {
    let desk = Desk::new(subject, SCRIPT).await;
    subject.run("INSERT INTO items (id, name) VALUES (1, 'a'), (2, 'b');").await;
    let items = desk.table("items");
    let mut request = DeleteRequest {
        key: key(&items, 1),
        expected: Some(expecting(&items, "name", text("other"))),
        table: Arc::clone(&items),
    };
    let delete = async |request: &DeleteRequest| {
        desk.records.delete(&desk.target, request, DEADLINE).await.expect("an answer")
    };
    assert_eq!(delete(&request).await, Written::NotAsExpected);
    request.expected = Some(expecting(&items, "name", text("a")));
    assert_eq!(delete(&request).await, Written::Done(Vec::new()));
    assert_eq!(delete(&request).await, Written::Missing);
    request.expected = None;
    assert_eq!(delete(&request).await, Written::Missing);
    assert_eq!(desk.rows("items", &["name"]).await, [[text("b")]]);
}

/// The first by their keys, all or none.
pub async fn many_rows_are_changed_and_deleted_up_to_a_limit(subject: &dyn RecordsSubject) {
    let desk = Desk::new(subject, SCRIPT).await;
    subject
        .run("INSERT INTO items (id, name, size) VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 1), (4, 'd', 1);")
        .await;
    let items = desk.table("items");
    let of_size = |size: i64| Filter::Is(column(&items, "size"), Test::Eq(Value::Int(size)));
    let mut request = ManyRequest {
        filter: of_size(1),
        key: items.primary_key.clone(),
        limit: 2,
        table: Arc::clone(&items),
    };
    let update = async |request: &ManyRequest, name: &str, value: Value| {
        let set = [(column(&items, name), Assigned::Value(value))];
        desk.records.update_many(&desk.target, request, &set, DEADLINE).await
    };
    assert_eq!(update(&request, "size", Value::Int(9)).await.expect("a count"), 2);
    let sizes = async || desk.rows("items", &["size"]).await.concat();
    let numbers = |numbers: &[i64]| numbers.iter().copied().map(Value::Int).collect::<Vec<_>>();
    assert_eq!(sizes().await, numbers(&[9, 2, 9, 1]));
    // One of them can't be changed.
    request.filter = of_size(9);
    assert_eq!(refusal(update(&request, "name", text("same")).await).kind, RefusalKind::Unique);
    // Changed to what they are: they passed all the same.
    assert_eq!(update(&request, "size", Value::Int(9)).await.expect("a count"), 2);
    request.limit = 1;
    let deleted = desk.records.delete_many(&desk.target, &request, DEADLINE);
    assert_eq!(deleted.await.expect("a count"), 1);
    assert_eq!(sizes().await, numbers(&[2, 9, 1]));
    request.filter = of_size(100);
    let deleted = desk.records.delete_many(&desk.target, &request, DEADLINE);
    assert_eq!(deleted.await.expect("a count"), 0);
}

/// What was read, given back, is stored as it was, and found by `eq`.
pub async fn values_come_back_as_they_were_written(subject: &dyn RecordsSubject) {
    let desk = Desk::new(
        subject,
        "CREATE TABLE kinds (id INTEGER NOT NULL PRIMARY KEY, whole BIGINT, price DECIMAL(12,3), \
         weight DOUBLE, words VARCHAR(40) EXACT, made DATETIME, day DATE, is_on BOOLEAN, bytes BLOB);",
    )
    .await;
    let names = ["id", "whole", "price", "weight", "words", "made", "day", "is_on", "bytes"];
    let rows = vec![
        vec![
            Value::Int(1),
            Value::Int(i64::MAX),
            text("-123456.700"),
            Value::Float(0.1),
            text(" größe 😀 "),
            text("2026-01-31T09:30:00"),
            text("2026-01-31"),
            Value::Bool(true),
            Value::Bytes(vec![0, 0xFF, b'\'', 0x80]),
        ],
        [Value::Int(2)].into_iter().chain(vec![Value::Null; 8]).collect(),
    ];
    let making = desk.making("kinds", &names, rows.clone());
    let made = desk.records.insert(&desk.target, &making, DEADLINE).await.expect("rows");
    assert_eq!(made.into_iter().flatten().collect::<Vec<_>>(), rows);
    let table = desk.table("kinds");
    for (name, value) in names.iter().zip(&rows[0]).filter(|(name, _)| **name != "bytes") {
        let mut request = desk.request("kinds", &["id"]);
        request.rows.filter = Some(Filter::Is(column(&table, name), Test::Eq(value.clone())));
        assert_eq!(desk.select(&request).await, [[Value::Int(1)]], "{name}");
    }
}
