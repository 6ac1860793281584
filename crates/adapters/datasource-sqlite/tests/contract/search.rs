//! Searching and reading rows.

use altus4_connections::{SchemaInspector, Value};
use altus4_kernel::PortErrorKind;
use altus4_search::{Expr, FullTextIndex, Row, RowsRequest, Scope};

use crate::{LONG, Lab, every_column, int_keys, keys, main_db, message, request, scan_request, target, text};

const ARTICLES: &str = "
    CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
    INSERT INTO articles VALUES
        (10, 'Resetting a password', 'Open the settings and choose a new password. A password has 12 letters.'),
        (20, 'Changing the e-mail address', 'Your password is asked for once more before the address changes.'),
        (30, 'Invoices', 'Invoices are sent at the end of the month, and there are many words in this text.'),
        (40, 'Deleting an account', 'Nobody can undo this.');
    CREATE VIRTUAL TABLE articles_fts USING fts5(title, body, content = 'articles', content_rowid = 'id');
    INSERT INTO articles_fts(articles_fts) VALUES('rebuild');";

#[tokio::test]
async fn the_right_rows_come_first() {
    let lab = Lab::of(ARTICLES).await;
    let found = lab.search(&main_db(), "articles", &["password"]).await;
    assert_eq!(keys(&found), int_keys(&[10, 20]));
    assert!(found[0].score > found[1].score && found[1].score > 0.0);
    assert_eq!(found[0].values[..2], [Value::Int(10), text("Resetting a password")]);
    let found = lab.search(&main_db(), "articles", &["invoices", "undo"]).await;
    assert_eq!(keys(&found).len(), 2);
    assert!(lab.search(&main_db(), "articles", &["nothing"]).await.is_empty());
}

#[tokio::test]
async fn the_limit_keeps_the_best_and_asking_twice_gives_the_same() {
    let lab = Lab::of(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
         INSERT INTO t SELECT i, CASE WHEN i % 100 = 0 THEN 'word word' ELSE 'word with other ones' END FROM n;
         CREATE VIRTUAL TABLE ft USING fts5(a, content = 't', content_rowid = 'id');
         INSERT INTO ft(ft) VALUES('rebuild');",
    )
    .await;
    let target = main_db();
    let table = lab.table(&target, "t").await;
    let mut request = request(&table, Scope::index(table.full_text[0].clone()), &["word"]);
    request.limit = 5;
    let first = lab.source.candidates(&target, &request, LONG).await.unwrap();
    assert_eq!(keys(&first)[..3], int_keys(&[100, 200, 300]));
    assert_eq!(first.len(), 5);
    assert_eq!(lab.source.candidates(&target, &request, LONG).await.unwrap(), first);
    request.limit = 0;
    assert!(lab.source.candidates(&target, &request, LONG).await.unwrap().is_empty());
}

#[tokio::test]
async fn no_word_is_an_error_or_an_operator() {
    let lab = Lab::of(ARTICLES).await;
    let target = main_db();
    let many: Vec<_> = (0..1_000).map(|n| format!("word{n}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).chain(["password"]).collect();
    let long = "x".repeat(100_000);
    for (words, found) in [
        (["\""].as_slice(), 0),
        (&["'"], 0),
        (&["\"\"", "\\"], 0),
        (&["NEAR"], 0),
        (&["OR", "NOT"], 0),
        (&["*"], 0),
        (&["pass*"], 0),
        (&["password*"], 2),
        (&["-password"], 2),
        (&["title:password"], 0),
        (&["^password", "+"], 2),
        (&["NEAR(", "(", ")", "{", "}", ":"], 0),
        (&["' OR 1=1 --"], 0),
        (&["a\0b"], 0),
        (&[""], 0),
        (&["🎉", "日本語", "\u{202e}"], 0),
        (&[&long], 0),
        (&many, 2),
    ] {
        assert_eq!(lab.search(&target, "articles", words).await.len(), found, "{words:?}");
        lab.scan(&target, "articles", words).await;
    }
    assert_eq!(lab.search(&target, "articles", &["not", "NOT", "password"]).await.len(), 2);
    assert!(lab.search(&target, "articles", &[]).await.is_empty());
}

#[tokio::test]
async fn the_column_that_the_index_names_joins_it_to_its_table() {
    let lab = Lab::of(
        "CREATE TABLE t (id TEXT PRIMARY KEY, number INT UNIQUE, a TEXT);
         INSERT INTO t VALUES ('x', 7, 'seven'), ('y', 1, 'one'), ('z', 2, 'two');
         CREATE VIRTUAL TABLE by_number USING fts5(a, content = 't', content_rowid = 'number');
         INSERT INTO by_number(by_number) VALUES('rebuild');
         CREATE TABLE keyed (id INTEGER PRIMARY KEY, a TEXT) WITHOUT ROWID;
         INSERT INTO keyed VALUES (5, 'five'), (6, 'six');
         CREATE VIRTUAL TABLE keyed_fts USING fts5(a, content = 'keyed', content_rowid = 'id');
         INSERT INTO keyed_fts(keyed_fts) VALUES('rebuild');
         CREATE TABLE bare (a TEXT); INSERT INTO bare VALUES ('zero'), ('ten');
         CREATE VIRTUAL TABLE bare_fts USING fts5(a, content = 'bare');
         INSERT INTO bare_fts(bare_fts) VALUES('rebuild');
         CREATE VIEW v AS SELECT number AS n, a FROM t;
         CREATE VIRTUAL TABLE v_fts USING fts5(a, content = 'v', content_rowid = 'n');
         INSERT INTO v_fts(v_fts) VALUES('rebuild');
         CREATE VIRTUAL TABLE own USING fts5(a, b UNINDEXED); INSERT INTO own VALUES ('own', 1), ('word', 2);",
    )
    .await;
    let target = main_db();
    assert_eq!(keys(&lab.search(&target, "t", &["two"]).await), [vec![text("z")]]);
    assert_eq!(keys(&lab.search(&target, "keyed", &["six"]).await), int_keys(&[6]));
    assert_eq!(keys(&lab.search(&target, "bare", &["ten"]).await), int_keys(&[2]));
    assert_eq!(keys(&lab.search(&target, "own", &["word"]).await), int_keys(&[2]));
    let view = lab.search(&target, "v", &["one"]).await;
    assert_eq!((view[0].key.clone(), view[0].values.clone()), (vec![], vec![Value::Int(1), text("one")]));
}

#[tokio::test]
async fn names_of_any_spelling_are_searched() {
    let lab = Lab::of(
        r#"CREATE TABLE "se""le'ct 🎉" ("the ""key""" INTEGER PRIMARY KEY, "from" TEXT, "it's; --" TEXT, "b" TEXT);
           INSERT INTO "se""le'ct 🎉" VALUES (1, 'first word', 'second', 'b');
           CREATE VIRTUAL TABLE "order by" USING fts5("from", "it's; --", content = 'se"le''ct 🎉',
              content_rowid = 'the "key"');
           INSERT INTO "order by"("order by") VALUES('rebuild');"#,
    )
    .await;
    let target = main_db();
    let name = "se\"le'ct 🎉";
    for found in [lab.search(&target, name, &["word"]).await, lab.scan(&target, name, &["SECOND"]).await] {
        assert_eq!(keys(&found), int_keys(&[1]));
        assert_eq!(found[0].values, [Value::Int(1), text("first word"), text("second"), text("b")]);
    }
    let table = lab.table(&target, name).await;
    let rows = RowsRequest { read: every_column(&table), table, keys: int_keys(&[1]), filter: None };
    assert_eq!(lab.source.rows(&target, &rows, LONG).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_scan_finds_whole_words_and_minds_no_case() {
    let lab = Lab::of(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, n INT);
         INSERT INTO t VALUES (1, '50% off', 1), (2, '500 off', 2), (3, 'snake_case', 3), (4, 'snakeXcase', 4),
            (5, 'wow!', 5), (6, 'Über den Straßen', 6), (7, 'ПРИВЕТ мир', 7), (8, NULL, 8);",
    )
    .await;
    let target = main_db();
    for (word, expected) in [
        ("50%", [1_i64].as_slice()),
        ("snake_case", &[3]),
        ("wow!", &[5]),
        ("OFF", &[1, 2]),
        ("über", &[6]),
        ("ÜBER", &[6]),
        ("straßen", &[6]),
        ("привет", &[7]),
        ("МИР", &[7]),
        ("nothing", &[]),
    ] {
        let found = lab.scan(&target, "t", &[word]).await;
        assert_eq!(keys(&found), int_keys(expected), "{word}");
        assert!(found.iter().all(|candidate| candidate.score == 0.0));
    }
}

#[tokio::test]
async fn a_scan_of_many_columns_for_many_words_is_one_statement() {
    let columns: Vec<_> = (0..100).map(|n| format!("c{n} TEXT")).collect();
    let lab = Lab::of(&format!(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, {}); INSERT INTO t(c99) VALUES ('word')",
        columns.join(", ")
    ))
    .await;
    let words: Vec<_> = (0..20).map(|n| format!("wört{n}")).collect();
    let words: Vec<_> = words.iter().map(String::as_str).chain(["word"]).collect();
    assert_eq!(lab.scan(&main_db(), "t", &words).await.len(), 1);
}

#[tokio::test]
async fn every_storage_class_comes_back_as_it_is() {
    let lab = Lab::of(
        r#"CREATE TABLE t (id INTEGER PRIMARY KEY, v, flag BOOLEAN, doc JSON, amount DECIMAL(20, 2));
           INSERT INTO t VALUES
             (1, NULL, 1, '{"a": [1]}', '12345678901234567890'), (2, -9223372036854775808, 0, 'no json', 1.5),
             (3, 1.25, 2, NULL, 7), (4, 'text', 'true', '', NULL), (5, x'00ff', NULL, x'7b7d', NULL),
             (6, 9e999, NULL, NULL, NULL), (7, CAST(x'61ff62' AS TEXT), NULL, NULL, NULL), (8, '', NULL, NULL, NULL),
             (9, x'', NULL, NULL, NULL);"#,
    )
    .await;
    let target = main_db();
    let table = lab.table(&target, "t").await;
    let request = RowsRequest {
        read: every_column(&table).into_iter().skip(1).collect(),
        table,
        keys: int_keys(&[1, 2, 3, 4, 5, 6, 7, 8, 9]),
        filter: None,
    };
    let mut rows = lab.source.rows(&target, &request, LONG).await.unwrap();
    rows.sort_by_key(|row| match row.key[0] {
        Value::Int(id) => id,
        _ => 0,
    });
    let column = |at: usize| -> Vec<Value> { rows.iter().map(|row| row.values[at].clone()).collect() };
    let null = Value::Null;
    assert_eq!(
        column(0),
        [
            null.clone(),
            Value::Int(i64::MIN),
            Value::Float(1.25),
            text("text"),
            Value::Bytes(vec![0, 255]),
            null.clone(),
            text("a\u{fffd}b"),
            text(""),
            Value::Bytes(vec![]),
        ]
    );
    let flags = [Value::Bool(true), Value::Bool(false), Value::Int(2), text("true")];
    assert_eq!(column(1)[..4], flags);
    let documents = [Value::Json(r#"{"a": [1]}"#.into()), text("no json"), null.clone(), text("")];
    assert_eq!(column(2)[..4], documents);
    assert_eq!(column(3)[1..3], [Value::Float(1.5), Value::Int(7)]);
}

#[tokio::test]
async fn keys_of_every_shape_read_their_rows() {
    let lab = Lab::of(
        "CREATE TABLE pair (a INT, b TEXT, v TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID;
         INSERT INTO pair VALUES (1, 'x', 'first'), (2, 'x', 'second'), (1, 'y', 'third');
         CREATE TABLE loose (k PRIMARY KEY, v TEXT);
         INSERT INTO loose VALUES (1, 'int'), (1.5, 'real'), ('1', 'text'), (x'31', 'blob'), (NULL, 'null');
         CREATE TABLE flags (k BOOLEAN PRIMARY KEY, v TEXT); INSERT INTO flags VALUES (1, 'yes'), (0, 'no');",
    )
    .await;
    let target = main_db();
    for (name, total) in [("pair", 3), ("loose", 4), ("flags", 2)] {
        let table = lab.table(&target, name).await;
        let mut every = scan_request(&table, &[]);
        every.matching.expr = Expr::All(vec![]);
        let all = lab.source.candidates(&target, &every, LONG).await.unwrap();
        let read = every_column(&table);
        let mut request = RowsRequest { table, keys: keys(&all), read, filter: None };
        let rows = lab.source.rows(&target, &request, LONG).await.unwrap();
        let expected: Vec<_> = all.into_iter().map(|c| Row { key: c.key, values: c.values }).collect();
        assert_eq!(rows.len(), total, "{name}");
        assert!(rows.iter().all(|row| expected.contains(row)), "{name}");
        // One by one each key reads its own row and no other.
        for row in rows {
            request.keys = vec![row.key.clone()];
            assert_eq!(lab.source.rows(&target, &request, LONG).await.unwrap(), [row]);
        }
    }
}

#[tokio::test]
async fn rows_that_are_gone_and_keys_that_fit_nothing_are_left_out() {
    let lab = Lab::of(ARTICLES).await;
    let target = main_db();
    let table = lab.table(&target, "articles").await;
    let mut request =
        RowsRequest { read: every_column(&table), table, keys: int_keys(&[10, 11, 40]), filter: None };
    request.keys.extend([
        vec![],
        vec![Value::Null],
        vec![Value::Int(1), Value::Int(2)],
        vec![Value::UInt(u64::MAX)],
    ]);
    let rows = lab.source.rows(&target, &request, LONG).await.unwrap();
    let mut found: Vec<_> = rows.into_iter().map(|row| row.key).collect();
    found.sort_by_key(|key| format!("{key:?}"));
    assert_eq!(found, int_keys(&[10, 40]));
    request.keys = vec![];
    assert!(lab.source.rows(&target, &request, LONG).await.unwrap().is_empty());
    request.keys = (0..40_000).map(|id| vec![Value::Int(id)]).collect();
    assert_eq!(lab.source.rows(&target, &request, LONG).await.unwrap().len(), 4);
}

#[tokio::test]
async fn what_changed_since_the_schema_was_read_is_rejected() {
    let lab = Lab::of(ARTICLES).await;
    let target = main_db();
    let table = lab.table(&target, "articles").await;
    let indexed = request(&table, Scope::index(table.full_text[0].clone()), &["password"]);
    let scanned = scan_request(&table, &["password"]);
    lab.build("main.db", "ALTER TABLE articles DROP COLUMN title").await;
    for request in [&indexed, &scanned] {
        let error = lab.source.candidates(&target, request, LONG).await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Rejected, "{error:?}");
        assert!(message(&error).contains("has changed since the schema was read"));
    }
    lab.build(
        "main.db",
        "DROP TABLE articles_fts; CREATE VIRTUAL TABLE articles_fts USING fts5(body, content='x')",
    )
    .await;
    let error = lab.source.candidates(&target, &indexed, LONG).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Rejected);
    lab.build("main.db", "DROP TABLE articles_fts").await;
    let error = lab.source.candidates(&target, &indexed, LONG).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Rejected);
}

#[tokio::test]
async fn a_file_in_utf16_is_read() {
    let lab = Lab::of(&format!(
        "PRAGMA encoding = 'UTF-16le'; {ARTICLES} INSERT INTO articles VALUES (50, 'ü', '日本語')"
    ))
    .await;
    let target = main_db();
    assert_eq!(keys(&lab.search(&target, "articles", &["password"]).await), int_keys(&[10, 20]));
    let found = lab.scan(&target, "articles", &["日本語"]).await;
    assert_eq!(found[0].values, [Value::Int(50), text("ü"), text("日本語")]);
}

#[tokio::test]
async fn a_composite_key_is_looked_up_and_not_searched_for() {
    let lab = Lab::of(
        "CREATE TABLE pair (a INT, b INT, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
         INSERT INTO pair SELECT i, i, 'value' FROM n;",
    )
    .await;
    let target = target("main.db");
    lab.source.inspect(&target, LONG).await.unwrap();
    let table = lab.table(&target, "pair").await;
    let keys = (1..=200).map(|n| vec![Value::Int(n * 1_000), Value::Int(n * 1_000)]).collect();
    let request = RowsRequest { read: every_column(&table), table, keys, filter: None };
    // Reading all 300,000 rows takes longer; the quickest of several tries, since machines are busy.
    let mut quickest = LONG;
    for _ in 0..10 {
        let begun = std::time::Instant::now();
        assert_eq!(lab.source.rows(&target, &request, LONG).await.unwrap().len(), 200);
        quickest = quickest.min(begun.elapsed());
    }
    assert!(quickest.as_millis() < 30, "{quickest:?}");
}
