//! Files that mean harm.

use std::{fs, time::Duration};

use altus4_connections::{ConnectionProbe, SchemaInspector, Value};
use altus4_datasource_sqlite::SqliteConfig;
use altus4_kernel::PortErrorKind;
use altus4_search::FullTextIndex;
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};

use crate::{LONG, Lab, main_db, message, scan_request, target};

#[tokio::test]
async fn reading_changes_nothing_whatever_views_and_triggers_want() {
    let lab = Lab::of(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, title TEXT); INSERT INTO t VALUES (1, 'word');
         CREATE TABLE log (a TEXT);
         CREATE VIEW v AS SELECT id, title FROM t;
         CREATE TRIGGER wants INSTEAD OF INSERT ON v BEGIN INSERT INTO log VALUES ('written'); END;",
    )
    .await;
    let before = fs::read(lab.path("main.db")).unwrap();
    assert_eq!(lab.scan(&main_db(), "v", &["word"]).await.len(), 1);
    lab.source.probe(&main_db(), LONG).await.unwrap();
    lab.source.close_all().await;
    assert_eq!(fs::read(lab.path("main.db")).unwrap(), before);
    let left: Vec<_> = fs::read_dir(lab.path("")).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(left, ["main.db"]);
}

#[tokio::test]
async fn a_view_can_not_call_what_reaches_outside() {
    for call in [
        "load_extension('/tmp/x.so')",
        "fts3_tokenizer('simple')",
        "(SELECT file FROM pragma_database_list LIMIT 1)",
        "(SELECT name FROM dbstat LIMIT 1)",
    ] {
        let lab =
            Lab::of(&format!("CREATE TABLE t (a TEXT); CREATE VIEW v AS SELECT a, {call} AS b FROM t")).await;
        // Either SQLite can't even tell the view's columns, or it refuses to read it.
        let target = main_db();
        if let Some(view) = lab.snapshot(&target).await.table("v") {
            let error = lab.source.candidates(&target, &scan_request(view, &["x"]), LONG).await.unwrap_err();
            assert_eq!(error.kind, PortErrorKind::Rejected, "{call}");
        }
    }
}

#[tokio::test]
async fn a_full_text_table_can_not_tell_where_the_file_lies() {
    let lab = Lab::of(
        "CREATE VIRTUAL TABLE ft USING fts5(file, content = 'PRAGMA_database_list', content_rowid = 'seq');
         CREATE VIEW v AS SELECT file FROM ft;",
    )
    .await;
    for error in [
        lab.source.inspect(&main_db(), LONG).await.unwrap_err(),
        lab.source.probe(&main_db(), LONG).await.unwrap_err(),
    ] {
        assert_eq!(error.kind, PortErrorKind::Rejected);
        assert_eq!(message(&error), "A full-text table in the file reads SQLite's own settings.");
    }
}

#[tokio::test]
async fn an_endless_full_text_content_ends_at_the_deadline() {
    let lab = Lab::of(
        "CREATE VIEW base AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
            SELECT i AS id, 'nothing ' || i AS title FROM n;
         CREATE VIRTUAL TABLE ft USING fts5(title, content = 'base', content_rowid = 'id');
         INSERT INTO ft(rowid, title) VALUES (-1, 'word');",
    )
    .await;
    let target = main_db();
    let table = lab.table(&target, "base").await;
    let index = altus4_search::Scope::index(table.full_text[0].clone());
    let request = crate::request(&table, index, &["word"]);
    let error = lab.source.candidates(&target, &request, Duration::from_millis(300)).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Timeout);
    assert_eq!(lab.snapshot(&target).await.tables().len(), 1);
}

#[tokio::test]
async fn a_value_that_asks_for_memory_without_end_is_refused() {
    let lab = Lab::of(
        "CREATE TABLE t (title TEXT); INSERT INTO t VALUES ('word');
         CREATE VIEW big AS SELECT title || hex(zeroblob(400000000)) AS title FROM t;",
    )
    .await;
    let target = main_db();
    let request = scan_request(&lab.table(&target, "big").await, &["word"]);
    let error = lab.source.candidates(&target, &request, LONG).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Rejected, "{error:?}");
    assert_eq!(message(&error), "The statement needs more memory than it may have.");
    assert_eq!(lab.scan(&target, "t", &["word"]).await.len(), 1);
}

/// The limit is the process's, and a statement that reaches it would fail others of this process: so
/// this runs in a process of its own.
#[test]
fn a_sort_without_end_is_refused_when_memory_is_at_its_limit() {
    let this = std::env::current_exe().unwrap();
    let test = "hostile::a_sort_without_end_alone_in_its_process";
    let run = std::process::Command::new(this).args(["--exact", test, "--ignored"]).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn a_sort_without_end_alone_in_its_process() {
    let lab = Lab::with(SqliteConfig { heap_limit_bytes: 24 * 1024 * 1024, ..SqliteConfig::default() });
    let script = "CREATE TABLE t (title TEXT); INSERT INTO t VALUES ('word');
         CREATE VIEW sorted AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
            SELECT i, 'word ' || hex(randomblob(500)) AS title FROM n ORDER BY title;";
    lab.build("main.db", script).await;
    let target = main_db();
    let request = scan_request(&lab.table(&target, "sorted").await, &["word"]);
    let error = lab.source.candidates(&target, &request, LONG).await.unwrap_err();
    assert_eq!(message(&error), "The statement needs more memory than it may have.");
    assert_eq!(lab.scan(&target, "t", &["word"]).await.len(), 1);
}

#[tokio::test]
async fn an_answer_stays_within_its_bounds() {
    let lab = Lab::of(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, title TEXT, b BLOB);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
         INSERT INTO t SELECT i, 'word ' || hex(zeroblob(500000)), zeroblob(5000) FROM n;",
    )
    .await;
    let target = main_db();
    let cut = lab.scan(&target, "t", &["word"]).await;
    assert_eq!(cut.len(), 60);
    for candidate in cut {
        assert_eq!(candidate.values[1].as_text().map(str::len), Some(1_000));
        assert_eq!(candidate.values[2], Value::Bytes(vec![0; 1_000]));
    }
    let mut greedy = scan_request(&lab.table(&target, "t").await, &["word"]);
    greedy.read.iter_mut().for_each(|read| read.max_chars = u32::MAX);
    let found = lab.source.candidates(&target, &greedy, LONG).await.unwrap();
    assert!((10..17).contains(&found.len()), "{} rows of a megabyte each", found.len());
    assert_eq!(lab.scan(&target, "t", &["word"]).await.len(), 60, "and the next answer is whole");
}

/// Runs a script that writes into the schema itself, of which no word need be true.
async fn forge(lab: &Lab, script: &'static [u8]) {
    let options = SqliteConnectOptions::new().filename(lab.path("main.db")).create_if_missing(true);
    let mut connection = options.connect().await.expect("a new file");
    sqlx::raw_sql("CREATE TABLE IF NOT EXISTS t (a TEXT); PRAGMA writable_schema = ON")
        .execute(&mut connection)
        .await
        .expect("a forged schema");
    let is_virtual = script.starts_with(b"CREATE VIRTUAL");
    let name = script.split(|byte| *byte == b' ').nth(2 + usize::from(is_virtual)).unwrap_or_default();
    sqlx::query("INSERT INTO sqlite_schema VALUES ('table', CAST(?1 AS TEXT), CAST(?1 AS TEXT), ?2, CAST(?3 AS TEXT))")
        .bind(name.to_vec())
        .bind(if is_virtual { 0 } else { 2 })
        .bind(script)
        .execute(&mut connection)
        .await
        .expect("a forged schema");
}

#[tokio::test]
async fn names_and_types_that_are_not_text_do_no_harm() {
    let mut read = 0;
    for script in [
        b"CREATE TABLE u\xff (a TEXT)".as_slice(),
        b"CREATE TABLE u (a\xff TEXT, b TEXT)",
        b"CREATE TABLE u (a T\xff\xfeEXT, b \xff)",
        b"CREATE TABLE u (a TEXT DEFAULT '\xff')",
        b"CREATE TABLE u (\"a\nb\" TEXT, c TEXT)",
        b"CREATE TABLE u (\"\" TEXT, c TEXT)",
        b"CREATE VIRTUAL TABLE u USING fts5(\xff, content='t')",
        b"CREATE VIRTUAL TABLE u USING nomodule(a)",
        b"CREATE VIRTUAL TABLE u USING fts5(",
        b"CREATE nonsense u",
    ] {
        let lab = Lab::new();
        forge(&lab, script).await;
        let target = main_db();
        let Ok(tables) = lab.source.inspect(&target, LONG).await else { continue };
        read += 1;
        let snapshot = altus4_connections::SchemaSnapshot::new(tables);
        for table in snapshot.tables() {
            let found = lab.source.candidates(&target, &scan_request(table, &["x"]), LONG).await;
            let script = String::from_utf8_lossy(script);
            assert!(found.is_ok_and(|rows| rows.is_empty()), "{script}: {}", table.table.name());
        }
    }
    assert!(read >= 8, "only {read} of these files could be read at all");
}

/// One flipped byte after the other: whatever becomes of the file, there is an answer or an error.
#[tokio::test]
async fn a_damaged_file_is_an_error_and_never_a_panic() {
    let lab = Lab::of(
        "PRAGMA page_size = 512;
         CREATE TABLE t (id INTEGER PRIMARY KEY, title TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
         INSERT INTO t SELECT i, 'word number ' || i FROM n;
         CREATE VIRTUAL TABLE ft USING fts5(title, content = 't', content_rowid = 'id');
         INSERT INTO ft(ft) VALUES('rebuild');",
    )
    .await;
    let whole = fs::read(lab.path("main.db")).unwrap();
    let good = main_db();
    let table = lab.table(&good, "t").await;
    let index = altus4_search::Scope::index(table.full_text[0].clone());
    let requests = [crate::request(&table, index, &["word"]), scan_request(&table, &["word"])];
    for (round, at) in (0..whole.len()).step_by(37).enumerate() {
        let mut damaged = whole.clone();
        damaged[at] ^= [0xff, 0x01, 0x80][round % 3];
        fs::write(lab.path("damaged.db"), damaged).unwrap();
        let target = target("damaged.db");
        let _ = lab.source.inspect(&target, LONG).await;
        for request in &requests {
            if let Err(error) = lab.source.candidates(&target, request, LONG).await {
                let known = matches!(error.kind, PortErrorKind::Rejected | PortErrorKind::Unavailable);
                assert!(known, "byte {at}: {error:?}");
                let crash = format!("{:?}", std::error::Error::source(&error)).contains("WorkerCrashed");
                assert!(!crash, "byte {at} ends the thread: {error:?}");
            }
        }
        lab.source.close(target.connection.id);
    }
}
