//! Which files are opened, and what is said of those that are not.

use std::{fs, os::unix::fs::symlink};

use altus4_connections::{ConnectionProbe, HOST_CONSTRAINT, SchemaInspector};
use altus4_datasource_sqlite::{SqliteConfig, SqliteSource};
use altus4_kernel::{PortError, PortErrorKind, System};

use crate::{LONG, Lab, build, main_db, message, target};

async fn refusal(lab: &Lab, database: &str) -> PortError {
    let target = target(database);
    let probed = lab.source.probe(&target, LONG).await.expect_err(database);
    let inspected = lab.source.inspect(&target, LONG).await.expect_err(database);
    assert_eq!(probed.system, System::DataSource);
    assert_eq!((probed.kind, &probed.detail), (inspected.kind, &inspected.detail), "{database}");
    let root = lab.dir.path().to_str().expect("UTF-8");
    assert!(!message(&probed).is_empty() && !message(&probed).contains(root), "{database}: {probed:?}");
    probed
}

async fn is_outside(lab: &Lab, database: &str) {
    let error = refusal(lab, database).await;
    assert_eq!(
        (error.kind, error.constraint),
        (PortErrorKind::NotPermitted, Some(HOST_CONSTRAINT)),
        "{database}"
    );
}

#[tokio::test]
async fn a_path_that_leads_outside_is_not_permitted_whether_or_not_something_is_there() {
    let lab = Lab::of("CREATE TABLE t (a TEXT)").await;
    build(&lab.dir.path().join("secret.db"), "CREATE TABLE t (a TEXT)").await;
    fs::create_dir(lab.path("sub")).unwrap();
    let outside = lab.dir.path().join("secret.db");
    symlink(&outside, lab.path("link.db")).unwrap();
    symlink(lab.dir.path().join("gone.db"), lab.path("dangling.db")).unwrap();
    symlink(lab.dir.path(), lab.path("up")).unwrap();
    symlink("/dev/zero", lab.path("zero.db")).unwrap();
    symlink("/proc/self/mem", lab.path("mem.db")).unwrap();
    let absolute = outside.to_str().unwrap();
    for path in [
        "../secret.db",
        "../gone.db",
        "sub/../../secret.db",
        "sub/../main.db",
        "..",
        absolute,
        "/dev/zero",
        "/proc/self/mem",
        "/no/such/file",
        "link.db",
        "dangling.db",
        "up/secret.db",
        "up/gone.db",
        "zero.db",
        "mem.db",
    ] {
        is_outside(&lab, path).await;
    }
}

#[tokio::test]
async fn a_link_that_stays_inside_is_followed() {
    let lab = Lab::of("CREATE TABLE t (a TEXT)").await;
    fs::create_dir(lab.path("sub")).unwrap();
    symlink(lab.path("main.db"), lab.path("sub/link.db")).unwrap();
    for path in ["main.db", "./main.db", "sub/link.db"] {
        assert_eq!(lab.snapshot(&target(path)).await.tables().len(), 1, "{path}");
    }
}

#[tokio::test]
async fn what_is_missing_or_no_file_is_rejected_and_nothing_is_created() {
    let lab = Lab::of("CREATE TABLE t (a TEXT)").await;
    fs::create_dir(lab.path("sub")).unwrap();
    for path in ["gone.db", "sub/gone.db", "main.db/x", "file:new.db?mode=rwc", ":memory:"] {
        let error = refusal(&lab, path).await;
        assert_eq!(
            (error.kind, message(&error)),
            (PortErrorKind::Rejected, "There is no such file."),
            "{path}"
        );
    }
    for path in ["sub", ".", "./."] {
        let error = refusal(&lab, path).await;
        assert_eq!(message(&error), "The path does not name a regular file.", "{path}");
    }
    let mut left: Vec<_> = fs::read_dir(lab.path("")).unwrap().map(|f| f.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["main.db", "sub"]);
}

#[tokio::test]
async fn a_companion_that_is_a_link_is_not_followed() {
    for suffix in ["-wal", "-shm", "-journal"] {
        let lab = Lab::of("CREATE TABLE t (a TEXT)").await;
        let elsewhere = lab.dir.path().join("elsewhere");
        fs::write(&elsewhere, "precious").unwrap();
        symlink(&elsewhere, lab.path(&format!("main.db{suffix}"))).unwrap();
        is_outside(&lab, "main.db").await;
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "precious");
    }
}

#[tokio::test]
async fn a_private_file_is_not_opened_by_any_name() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store.db");
    build(&store, "CREATE TABLE t (a TEXT)").await;
    symlink(&store, dir.path().join("alias.db")).unwrap();
    let root = dir.path().to_owned();
    let source =
        SqliteSource::new(SqliteConfig { root, private_files: vec![store], ..SqliteConfig::default() });
    for path in ["store.db", "alias.db"] {
        let error = source.probe(&target(path), LONG).await.unwrap_err();
        assert_eq!(error.constraint, Some(HOST_CONSTRAINT), "{path}");
    }
}

#[tokio::test]
async fn without_a_directory_there_is_nothing() {
    for root in ["", "/no/such/directory"] {
        let source = SqliteSource::new(SqliteConfig { root: root.into(), ..SqliteConfig::default() });
        let error = source.probe(&main_db(), LONG).await.unwrap_err();
        assert_eq!((error.kind, message(&error)), (PortErrorKind::Unavailable, "The file can't be read."));
    }
}

#[tokio::test]
async fn what_is_no_database_is_rejected_in_a_plain_sentence() {
    let lab = Lab::new();
    fs::write(lab.path("empty.db"), "").unwrap();
    fs::write(lab.path("garbage.db"), "not a database, but long enough to be read as one. ".repeat(100))
        .unwrap();
    fs::write(lab.path("short.db"), "x").unwrap();
    let header = [b"SQLite format 3\0".as_slice(), &[0xff; 4_000]].concat();
    fs::write(lab.path("header.db"), header).unwrap();
    for path in ["empty.db", "garbage.db", "short.db", "header.db"] {
        let error = refusal(&lab, path).await;
        assert_eq!(
            (error.kind, message(&error)),
            (PortErrorKind::Rejected, "The file is not an SQLite database."),
            "{path}"
        );
    }
}

/// Every cut of a file gives an answer or an error that names no path, and never a panic.
#[tokio::test]
async fn a_truncated_database_is_an_error_and_never_a_panic() {
    let lab = Lab::of(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
         INSERT INTO t SELECT i, 'word ' || hex(randomblob(50)) FROM n;
         CREATE VIRTUAL TABLE ft USING fts5(a, content = 't', content_rowid = 'id');
         INSERT INTO ft(ft) VALUES('rebuild');",
    )
    .await;
    let whole = fs::read(lab.path("main.db")).unwrap();
    let mut failures = 0;
    for pages in 1..whole.len() / 4_096 {
        let name = format!("cut{pages}.db");
        fs::write(lab.path(&name), &whole[..pages * 4_096 - 1_000]).unwrap();
        let target = target(&name);
        let Err(error) = lab.source.inspect(&target, LONG).await else { continue };
        assert_eq!(error.kind, PortErrorKind::Rejected, "{name}: {error:?}");
        failures += 1;
    }
    assert!(failures > 0);
}

#[tokio::test]
async fn the_probe_tells_the_version_and_advises_an_index() {
    let lab = Lab::of(
        r#"CREATE TABLE "it's" (id INTEGER PRIMARY KEY, "a ""b""" TEXT, n INT);
           CREATE TABLE done (id INTEGER PRIMARY KEY, body TEXT);
           CREATE VIRTUAL TABLE done_fts USING fts5(body, content = 'done', content_rowid = 'id');"#,
    )
    .await;
    let report = lab.source.probe(&main_db(), LONG).await.unwrap();
    assert!(report.version.starts_with("SQLite 3."), "{}", report.version);
    assert!(report.read_only);
    assert_eq!(report.warnings.len(), 1);
    assert!(report.warnings[0].ends_with(": it's."), "{:?}", report.warnings);
    // The advice is meant to be run.
    lab.build("main.db", &report.suggestion.expect("advice")).await;
    let report = lab.source.probe(&main_db(), LONG).await.unwrap();
    assert_eq!((report.warnings, report.suggestion), (vec![], None));
}
