//! Rows, read and written: what every adapter of the port must do, and what is SQLite's own.

use std::{sync::Arc, time::Duration};

use altus4_connections::{ColumnRef, Filter, SchemaSnapshot, Table, Target, Test, Value};
use altus4_entities::{
    Assigned, Counting, InsertRequest, Records, RecordsError, RefusalKind, SelectRequest, Selection, SortBy,
    SortPart, TextSearch, testkit::RecordsSubject,
};
use async_trait::async_trait;
use sqlx::{ConnectOptions, Connection as _, sqlite::SqliteConnectOptions};

use crate::{LONG, Lab, main_db, text};

/// A file, and the one connection to it.
struct Subject(Lab, Target);

impl Subject {
    fn new() -> Self {
        Self(Lab::new(), main_db())
    }
}

#[async_trait]
impl RecordsSubject for Subject {
    fn records(&self) -> &dyn Records {
        &self.0.source
    }

    async fn run(&self, script: &str) {
        let script = script.replace("NUMBERED", "INTEGER PRIMARY KEY").replace("EXACT", "");
        self.0.build("main.db", &script).await;
    }

    async fn look(&self) -> (Target, SchemaSnapshot) {
        (self.1.clone(), self.0.snapshot(&self.1).await)
    }
}

altus4_entities::records_contract!(tokio::test, Subject::new());

fn column(table: &Table, name: &str) -> ColumnRef {
    table.column(name).unwrap_or_else(|| panic!("a column {name}")).column.clone()
}

/// These columns of all rows, by the table's key.
async fn rows(subject: &Subject, table: &Arc<Table>, names: &[&str]) -> Vec<Vec<Value>> {
    let part = |column: &ColumnRef| SortPart { by: SortBy::Column(column.clone()), descending: false };
    let request = SelectRequest {
        rows: Selection { table: Arc::clone(table), filter: None, search: None },
        read: names.iter().map(|name| column(table, name)).collect(),
        order: table.primary_key.iter().map(part).collect(),
        after: None,
        offset: 0,
        limit: 100,
    };
    subject.0.source.select(&subject.1, &request, LONG).await.expect("rows")
}

fn making(table: &Arc<Table>, names: &[&str], row: Vec<Value>) -> InsertRequest {
    InsertRequest {
        columns: names.iter().map(|name| column(table, name)).collect(),
        rows: vec![row.into_iter().map(Assigned::Value).collect()],
        key: table.primary_key.clone(),
        returning: names.iter().map(|name| column(table, name)).collect(),
        table: Arc::clone(table),
    }
}

#[tokio::test]
async fn tables_of_every_storage_are_written() {
    let subject = Subject::new();
    subject
        .run(
            "CREATE TABLE plain (a TEXT, b);
             CREATE TABLE pairs (a TEXT, b INT, c TEXT DEFAULT 'x', PRIMARY KEY (a, b)) WITHOUT ROWID;
             CREATE TABLE strict_one (id INTEGER PRIMARY KEY, n INT) STRICT;
             CREATE TABLE log (what TEXT);
             CREATE TRIGGER noted AFTER INSERT ON pairs BEGIN INSERT INTO log VALUES (new.a); END;",
        )
        .await;
    let (target, snapshot) = subject.look().await;
    let insert = async |table: &str, names: &[&str], row: Vec<Value>| {
        let table = snapshot.table(table).expect("a table");
        subject.0.source.insert(&target, &making(table, names, row), LONG).await
    };
    let row = vec![text("one"), Value::Bytes(vec![1, 0xFF])];
    assert_eq!(insert("plain", &["a", "b"], row.clone()).await.expect("a row"), [Some(row)]);
    let row = vec![text("k"), Value::Int(2)];
    assert_eq!(insert("pairs", &["a", "b"], row.clone()).await.expect("a row"), [Some(row)]);
    let pairs = snapshot.table("pairs").expect("a table");
    assert_eq!(rows(&subject, pairs, &["a", "b", "c"]).await, [[text("k"), Value::Int(2), text("x")]]);
    let log = snapshot.table("log").expect("a table");
    assert_eq!(rows(&subject, log, &["what"]).await, [[text("k")]]);
    match insert("strict_one", &["n"], vec![text("none")]).await {
        Err(RecordsError::Refused(refusal, _)) => {
            assert_eq!((refusal.kind, refusal.columns), (RefusalKind::WrongKind, vec!["n".to_owned()]));
        }
        other => panic!("{other:?}"),
    }
    match insert("strict_one", &["n"], vec![Value::UInt(u64::MAX)]).await {
        Err(RecordsError::Refused(refusal, _)) => assert_eq!(refusal.kind, RefusalKind::OutOfRange),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn words_are_found_through_fts5_with_their_score() {
    let subject = Subject::new();
    subject
        .run(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT, size INT);
             CREATE VIRTUAL TABLE notes_fts USING fts5(body, content = 'notes', content_rowid = 'id');
             CREATE TRIGGER indexed AFTER INSERT ON notes BEGIN
                INSERT INTO notes_fts(rowid, body) VALUES (new.id, new.body); END;",
        )
        .await;
    let (target, snapshot) = subject.look().await;
    let table = snapshot.table("notes").expect("a table");
    for (body, size) in [("a needle in much more hay", 1), ("needle needle", 2), ("hay", 1)] {
        let making = making(table, &["body", "size"], vec![text(body), Value::Int(size)]);
        subject.0.source.insert(&target, &making, LONG).await.expect("a row");
    }
    let index = table.full_text.first().cloned();
    let search = |text: &str| TextSearch { text: text.into(), index: index.clone(), columns: Vec::new() };
    let mut request = SelectRequest {
        rows: Selection { table: Arc::clone(table), filter: None, search: Some(search("Needle \"'*")) },
        read: vec![column(table, "id")],
        order: vec![SortPart { by: SortBy::Score, descending: true }],
        after: None,
        offset: 0,
        limit: 10,
    };
    let ids = async |request: &SelectRequest| {
        subject.0.source.select(&target, request, LONG).await.expect("rows").concat()
    };
    assert_eq!(ids(&request).await, [Value::Int(2), Value::Int(1)]);
    request.rows.filter = Some(Filter::Is(column(table, "size"), Test::Eq(Value::Int(1))));
    assert_eq!(ids(&request).await, [Value::Int(1)]);
    let count = subject.0.source.count(&target, &request.rows, Counting::Exact, LONG);
    assert_eq!(count.await.expect("a count"), 1);
    request.rows.search = Some(search("-- *"));
    assert_eq!(ids(&request).await, []);
}

#[tokio::test]
async fn what_cannot_be_written_is_told_apart() {
    let subject = Subject::new();
    subject.run("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE VIEW v AS SELECT a FROM t;").await;
    let (target, snapshot) = subject.look().await;
    let view = snapshot.table("v").expect("a view");
    let outcome = subject.0.source.insert(&target, &making(view, &["a"], vec![text("x")]), LONG).await;
    assert!(matches!(outcome, Err(RecordsError::NotPermitted(_))), "{outcome:?}");

    // Another program holds the file's lock for longer than this call may take.
    let options = SqliteConnectOptions::new().filename(subject.0.path("main.db"));
    let mut other = options.connect().await.expect("the file");
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.expect("its lock");
    let table = snapshot.table("t").expect("a table");
    let deadline = Duration::from_millis(400);
    let outcome = subject.0.source.insert(&target, &making(table, &["a"], vec![text("x")]), deadline).await;
    assert!(matches!(outcome, Err(RecordsError::Busy(_) | RecordsError::Port(_))), "{outcome:?}");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.expect("its end");
    other.close().await.expect("a closed file");
    subject.0.source.insert(&target, &making(table, &["a"], vec![text("y")]), LONG).await.expect("a row");
    assert_eq!(rows(&subject, table, &["a"]).await, [[text("y")]]);
}

#[tokio::test]
async fn text_compares_by_the_collation_of_its_column() {
    let subject = Subject::new();
    subject
        .run(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, plain TEXT, folded TEXT COLLATE NOCASE);
             INSERT INTO t VALUES (1, 'Abc', 'Abc'), (2, 'abc', 'abc'), (3, 'ÄBC', 'ÄBC');",
        )
        .await;
    let (target, snapshot) = subject.look().await;
    let table = snapshot.table("t").expect("a table");
    let ids = async |name: &str, test: Test| {
        let request = SelectRequest {
            rows: Selection {
                table: Arc::clone(table),
                filter: Some(Filter::Is(column(table, name), test)),
                search: None,
            },
            read: vec![column(table, "id")],
            order: vec![SortPart { by: SortBy::Column(column(table, "id")), descending: false }],
            after: None,
            offset: 0,
            limit: 10,
        };
        let rows = subject.0.source.select(&target, &request, LONG).await.expect("rows");
        rows.into_iter().flatten().collect::<Vec<_>>()
    };
    let numbers = |numbers: &[i64]| numbers.iter().copied().map(Value::Int).collect::<Vec<_>>();
    for (test, plain, folded) in [
        (Test::Eq(text("abc")), vec![2], vec![1, 2]),
        (Test::StartsWith("ab".into()), vec![2], vec![1, 2]),
        (Test::Contains("Bc".into()), vec![], vec![1, 2, 3]),
        (Test::Like("a_c".into()), vec![2], vec![1, 2]),
        (Test::Ilike("ä%".into()), vec![3], vec![3]),
        (Test::Ilike("%BC".into()), vec![1, 2, 3], vec![1, 2, 3]),
    ] {
        assert_eq!(ids("plain", test.clone()).await, numbers(&plain), "{test:?}");
        assert_eq!(ids("folded", test.clone()).await, numbers(&folded), "{test:?}");
    }
}
