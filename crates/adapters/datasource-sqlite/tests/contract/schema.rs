//! Schemas as they are read.

use altus4_connections::{ColumnKind, ColumnRef, Generated, Relation, Table, TableKind};

use crate::{Lab, main_db, target};

fn primary_key(table: &Table) -> Vec<&str> {
    table.primary_key.iter().map(ColumnRef::name).collect()
}

fn columns(table: &Table) -> Vec<&str> {
    table.columns.iter().map(|column| column.column.name()).collect()
}

/// The full-text indexes by name: the columns and the tokenizer of each.
fn indexes(table: &Table) -> Vec<(&str, Vec<&str>, Option<&str>)> {
    let mut found: Vec<_> = table
        .full_text
        .iter()
        .map(|index| {
            let columns = index.columns.iter().map(ColumnRef::name).collect();
            (index.index.name(), columns, index.parser.as_deref())
        })
        .collect();
    found.sort_unstable();
    found
}

#[tokio::test]
async fn tables_and_views_are_listed_by_name_and_what_serves_sqlite_is_not() {
    let lab = Lab::of(
        "CREATE TABLE zebra (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);
         CREATE TABLE apple (id INTEGER PRIMARY KEY, zebra_id INT REFERENCES zebra(id));
         CREATE VIEW middle AS SELECT a FROM zebra;
         CREATE VIEW broken AS SELECT x FROM gone;
         CREATE VIEW round AS SELECT * FROM about;
         CREATE VIEW about AS SELECT * FROM round;
         CREATE VIRTUAL TABLE notes USING fts5(title, body);
         CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1);
         CREATE VIRTUAL TABLE old USING fts4(a);
         INSERT INTO zebra(a) VALUES ('x'); ANALYZE;",
    )
    .await;
    let snapshot = lab.snapshot(&main_db()).await;
    let names: Vec<_> = snapshot.tables().iter().map(|table| (table.table.name(), table.kind)).collect();
    assert_eq!(
        names,
        [
            ("apple", TableKind::Table),
            ("middle", TableKind::View),
            ("notes", TableKind::Table),
            ("zebra", TableKind::Table),
        ]
    );
}

#[tokio::test]
async fn columns_tell_their_type_default_and_place_in_keys() {
    let lab = Lab::of(
        "CREATE TABLE t (
            id integer PRIMARY KEY, name varchar(80) NOT NULL DEFAULT 'none', mail TEXT UNIQUE, age int,
            active boolean, price decimal(10, 2), rate double, born date, data json, photo blob, anything,
            upper_name TEXT AS (upper(name)) STORED, lower_name TEXT AS (lower(name)) VIRTUAL
         );
         CREATE INDEX by_age ON t(age, name);",
    )
    .await;
    let table = lab.table(&main_db(), "t").await;
    let found: Vec<_> = table
        .columns
        .iter()
        .map(|c| {
            (
                c.column.name(),
                c.found.declared_type.as_str(),
                c.found.kind,
                c.found.nullable,
                c.found.key.as_deref(),
            )
        })
        .collect();
    let text = |max_chars| ColumnKind::Text { max_chars };
    assert_eq!(
        found,
        [
            ("id", "INTEGER", ColumnKind::Integer, false, Some("PRI")),
            ("name", "VARCHAR(80)", text(Some(80)), false, None),
            ("mail", "TEXT", text(None), true, Some("UNI")),
            ("age", "INT", ColumnKind::Integer, true, Some("MUL")),
            ("active", "BOOLEAN", ColumnKind::Boolean, true, None),
            ("price", "DECIMAL(10, 2)", ColumnKind::Decimal, true, None),
            ("rate", "DOUBLE", ColumnKind::Float, true, None),
            ("born", "DATE", ColumnKind::Temporal, true, None),
            ("data", "JSON", ColumnKind::Json, true, None),
            ("photo", "BLOB", ColumnKind::Binary, true, None),
            ("anything", "ANY", ColumnKind::Other, true, None),
            ("upper_name", "TEXT", text(None), true, None),
            ("lower_name", "TEXT", text(None), true, None),
        ]
    );
    assert_eq!(table.columns[1].found.default.as_deref(), Some("'none'"));
}

#[tokio::test]
async fn primary_keys_are_in_the_keys_own_order_and_rows_without_one_are_numbered() {
    let lab = Lab::of(
        "CREATE TABLE declared (b TEXT, a INT, PRIMARY KEY (a, b)) WITHOUT ROWID;
         CREATE TABLE bare (a TEXT);
         CREATE TABLE taken (rowid TEXT, a TEXT);
         CREATE TABLE all_taken (rowid TEXT, _ROWID_ TEXT, oid TEXT);
         CREATE TABLE textual (code TEXT PRIMARY KEY);
         CREATE VIEW v AS SELECT a FROM bare;",
    )
    .await;
    let snapshot = lab.snapshot(&main_db()).await;
    let table = |name: &str| snapshot.table(name).unwrap();
    assert_eq!(primary_key(table("declared")), ["a", "b"]);
    assert_eq!(columns(table("declared")), ["b", "a"]);
    assert!(table("declared").columns.iter().all(|column| !column.found.nullable));
    assert_eq!((primary_key(table("bare")), columns(table("bare"))), (vec!["rowid"], vec!["rowid", "a"]));
    assert_eq!(primary_key(table("taken")), ["_rowid_"]);
    assert!(primary_key(table("all_taken")).is_empty());
    assert_eq!(primary_key(table("textual")), ["code"]);
    assert!(primary_key(table("v")).is_empty());
}

#[tokio::test]
async fn foreign_keys_are_told_with_the_columns_they_imply() {
    let lab = Lab::of(
        "CREATE TABLE Parent (x INT, y INT, PRIMARY KEY (x, y));
         CREATE TABLE child (id INTEGER PRIMARY KEY, px INT, py INT, other INT REFERENCES gone(z),
            FOREIGN KEY (px, py) REFERENCES parent);",
    )
    .await;
    let table = lab.table(&main_db(), "child").await;
    let relation = |column: &str, table: &str, other: &str, constraint: &str| Relation {
        column: column.into(),
        references_table: table.into(),
        references_column: other.into(),
        constraint: constraint.into(),
    };
    let mut found = table.relations.clone();
    found.sort_by(|a, b| a.column.cmp(&b.column));
    assert_eq!(
        found,
        [
            relation("other", "gone", "z", "1"),
            relation("px", "Parent", "x", "0"),
            relation("py", "Parent", "y", "0")
        ]
    );
}

#[tokio::test]
async fn full_text_tables_become_the_indexes_of_what_they_index() {
    let lab = Lab::of(
        r#"CREATE TABLE Docs (id INTEGER PRIMARY KEY, title TEXT, body, extra INT);
           CREATE VIRTUAL TABLE docs_fts USING fts5(TITLE, body, content = "docs", content_rowid = "ID",
              tokenize = "porter unicode61");
           CREATE VIRTUAL TABLE docs_titles USING fts5(title, content='Docs');
           CREATE VIRTUAL TABLE stale USING fts5(title, gone, content='docs', content_rowid='id');
           CREATE VIRTUAL TABLE no_rowid USING fts5(title, content='docs', content_rowid='nope');
           CREATE VIRTUAL TABLE orphan USING fts5(title, content='nowhere');
           CREATE VIRTUAL TABLE contentless USING fts5(title, content='');
           CREATE VIRTUAL TABLE notes USING fts5(title, url UNINDEXED, body);
           CREATE VIRTUAL TABLE over_notes USING fts5(title, content='notes');"#,
    )
    .await;
    let snapshot = lab.snapshot(&main_db()).await;
    let names: Vec<_> = snapshot.tables().iter().map(|table| table.table.name()).collect();
    assert_eq!(names, ["Docs", "notes"]);
    let docs = snapshot.table("Docs").unwrap();
    assert_eq!(
        indexes(docs),
        [("docs_fts", vec!["title", "body"], Some("porter unicode61")), ("docs_titles", vec!["title"], None)]
    );
    assert!(docs.columns[2].is_text(), "what is indexed is text, though nobody said so");
    let notes = snapshot.table("notes").unwrap();
    assert_eq!((primary_key(notes), columns(notes)), (vec!["rowid"], vec!["rowid", "title", "url", "body"]));
    assert_eq!(indexes(notes), [("notes", vec!["title", "body"], None), ("over_notes", vec!["title"], None)]);
}

#[tokio::test]
async fn rows_are_counted_where_few_and_guessed_where_many() {
    let lab = Lab::of(
        "CREATE TABLE few (id INTEGER PRIMARY KEY); INSERT INTO few VALUES (5), (1000000000);
         CREATE TABLE none (id INTEGER PRIMARY KEY);
         CREATE TABLE keyed (k TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO keyed VALUES ('a'), ('b'), ('c');
         CREATE TABLE many (id INTEGER PRIMARY KEY);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO many SELECT i FROM n;
         CREATE VIRTUAL TABLE notes USING fts5(title); INSERT INTO notes VALUES ('x');
         CREATE VIEW v AS SELECT * FROM few;",
    )
    .await;
    let snapshot = lab.snapshot(&main_db()).await;
    let rows = |name: &str| snapshot.table(name).unwrap().estimated_rows;
    assert_eq!(
        ["few", "none", "keyed", "many", "notes", "v"].map(rows),
        [Some(2), Some(0), Some(3), Some(20_000), Some(1), None]
    );
}

#[tokio::test]
async fn names_of_any_spelling_are_read_as_they_are() {
    let long = "l".repeat(65);
    let fits = "f".repeat(64);
    let lab = Lab::of(&format!(
        r#"CREATE TABLE "select" ("from" TEXT, "a b" TEXT, "it's" TEXT, "say ""hi""" TEXT, "日本語 🎉" TEXT);
           CREATE TABLE "{long}" (a TEXT);
           CREATE TABLE "{fits}" (a TEXT, "{long}" TEXT);
           CREATE TABLE "new
line" (a TEXT);
           CREATE TABLE lost_key ("a
b" TEXT PRIMARY KEY, c TEXT);"#
    ))
    .await;
    let snapshot = lab.snapshot(&main_db()).await;
    let names: Vec<_> = snapshot.tables().iter().map(|table| table.table.name()).collect();
    assert_eq!(names, [fits.as_str(), "lost_key", "select"]);
    let columns = columns(snapshot.table("select").unwrap());
    assert_eq!(columns, ["rowid", "from", "a b", "it's", "say \"hi\"", "日本語 🎉"]);
    assert_eq!(primary_key(snapshot.table("lost_key").unwrap()), ["rowid"]);
}

#[tokio::test]
async fn a_schema_of_two_thousand_tables_is_read_in_time() {
    let lab = Lab::new();
    let create = |n| format!("CREATE TABLE t{n} (id INTEGER PRIMARY KEY, a TEXT, b INT REFERENCES t0(id));");
    let script = (0..2_000).map(create).collect::<Vec<_>>().concat();
    lab.build("main.db", &format!("BEGIN; {script} COMMIT;")).await;
    assert_eq!(lab.snapshot(&target("main.db")).await.tables().len(), 2_000);
}

#[tokio::test]
async fn computed_columns_and_what_an_index_holds_are_told() {
    let lab = Lab::of(
        "CREATE TABLE t (a TEXT, b TEXT GENERATED ALWAYS AS (upper(a)) VIRTUAL, c TEXT AS (lower(a)) STORED);
         CREATE VIRTUAL TABLE words USING fts5(a, content = 't');
         CREATE VIRTUAL TABLE pieces USING fts5(a, content = 't', tokenize = 'trigram case_sensitive 0');",
    )
    .await;
    let snapshot = lab.snapshot(&main_db()).await;
    let table = snapshot.table("t").expect("the table");
    let generated: Vec<_> = table.columns.iter().map(|column| column.found.generated).collect();
    assert_eq!(generated[generated.len() - 3..], [None, Some(Generated::Virtual), Some(Generated::Stored)]);
    let rules = |name: &str| {
        let index = table.full_text.iter().find(|index| index.index.name() == name).expect("the index");
        index.rules.clone()
    };
    assert_eq!((rules("words").ngram, rules("words").holds("a")), (None, true));
    assert_eq!((rules("pieces").ngram, rules("pieces").holds("ab")), (Some(3), false));
}
