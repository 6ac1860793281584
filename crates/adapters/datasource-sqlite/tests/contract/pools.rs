//! Opening, keeping and closing files; deadlines and dropped calls.

use std::{
    fs,
    time::{Duration, Instant},
};

use altus4_connections::{ConnectionProbe, PoolUsage, SchemaInspector};
use altus4_datasource_sqlite::SqliteConfig;
use altus4_kernel::PortErrorKind;
use altus4_search::FullTextIndex;

use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};

use crate::{LONG, Lab, int_keys, keys, main_db, message, scan_request, target};

/// A table, and a view that never comes to an end.
const ENDLESS: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, title TEXT);
     INSERT INTO t VALUES (1, 'word');
     CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
        SELECT i AS id, 'nothing' AS title FROM n WHERE i < 0;";

/// A lab that can have one file open at once: who gets it next shows that the one before has ended.
async fn narrow_lab() -> Lab {
    let lab = Lab::with(SqliteConfig { max_open: 1, ..SqliteConfig::default() });
    lab.build("main.db", ENDLESS).await;
    lab.build("other.db", ENDLESS).await;
    lab
}

async fn other_file_opens_at_once(lab: &Lab) {
    let begun = Instant::now();
    let found = lab.scan(&target("other.db"), "t", &["word"]).await;
    assert_eq!(keys(&found), int_keys(&[1]));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_endless_view_ends_at_the_deadline() {
    let lab = narrow_lab().await;
    let target = main_db();
    let request = scan_request(&lab.table(&target, "endless").await, &["word"]);
    let begun = Instant::now();
    let error = lab.source.candidates(&target, &request, Duration::from_millis(300)).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Timeout);
    assert!((250..3_000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    other_file_opens_at_once(&lab).await;
}

#[tokio::test]
async fn an_endless_view_ends_when_its_future_is_dropped() {
    let lab = narrow_lab().await;
    let target = main_db();
    let request = scan_request(&lab.table(&target, "endless").await, &["word"]);
    let call = lab.source.candidates(&target, &request, Duration::from_mins(10));
    assert!(tokio::time::timeout(Duration::from_millis(200), call).await.is_err());
    other_file_opens_at_once(&lab).await;
}

#[tokio::test]
async fn calls_beyond_the_limit_wait_until_their_deadline() {
    let lab = narrow_lab().await;
    let (busy, waiting) = (main_db(), target("other.db"));
    let request = scan_request(&lab.table(&busy, "endless").await, &["word"]);
    let call = lab.source.candidates(&busy, &request, Duration::from_millis(600));
    let wait = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        lab.source.inspect(&waiting, Duration::from_millis(200)).await
    };
    let (_, waited) = tokio::join!(call, wait);
    assert_eq!(waited.unwrap_err().kind, PortErrorKind::Timeout);
    other_file_opens_at_once(&lab).await;
}

#[tokio::test]
async fn one_file_is_read_by_many_at_once() {
    let lab = Lab::of(ENDLESS).await;
    let target = main_db();
    let request = scan_request(&lab.table(&target, "t").await, &["word"]);
    let calls = (0..50).map(|_| lab.source.candidates(&target, &request, LONG));
    for found in futures::future::join_all(calls).await {
        assert_eq!(keys(&found.unwrap()), int_keys(&[1]));
    }
}

#[cfg(target_os = "linux")]
fn open_files(lab: &Lab) -> usize {
    let root = lab.path("").canonicalize().expect("a directory");
    let links = fs::read_dir("/proc/self/fd").expect("open files").flatten();
    links.filter(|link| fs::read_link(link.path()).is_ok_and(|file| file.starts_with(&root))).count()
}

#[cfg(target_os = "linux")]
async fn becomes_closed(lab: &Lab) -> bool {
    for _ in 0..200 {
        if open_files(lab) == 0 {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_is_kept_open_and_closed_when_it_goes_unused() {
    let lab = Lab::with(SqliteConfig { idle_after: Duration::from_millis(150), ..SqliteConfig::default() });
    lab.build("main.db", ENDLESS).await;
    lab.snapshot(&main_db()).await;
    assert_eq!(open_files(&lab), 1);
    assert!(becomes_closed(&lab).await);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn closing_closes() {
    let lab = Lab::of(ENDLESS).await;
    let target = main_db();
    lab.snapshot(&target).await;
    assert_eq!(lab.source.usage(target.connection.id), PoolUsage { active: 0, idle: 1 });
    lab.source.close(target.connection.id);
    assert_eq!(lab.source.usage(target.connection.id), PoolUsage::default());
    assert!(becomes_closed(&lab).await);
    lab.snapshot(&target).await;
    lab.source.close_all().await;
    assert!(becomes_closed(&lab).await);
    lab.source.probe(&target, LONG).await.unwrap();
    assert!(becomes_closed(&lab).await, "a probe leaves nothing open");
}

/// Puts another database in the place of `main.db`, as a new file of the same name.
async fn replace(lab: &Lab) {
    lab.build("new.db", "CREATE TABLE fresh (a TEXT)").await;
    fs::rename(lab.path("new.db"), lab.path("main.db")).expect("a file put in place");
}

#[tokio::test]
async fn a_file_put_in_place_of_another_is_seen_after_closing() {
    let lab = Lab::of(ENDLESS).await;
    let target = main_db();
    assert!(lab.snapshot(&target).await.table("t").is_some());
    replace(&lab).await;
    lab.source.close(target.connection.id);
    assert!(lab.snapshot(&target).await.table("fresh").is_some());
}

#[tokio::test]
async fn a_new_generation_opens_the_file_anew_and_an_old_one_leaves_nothing() {
    let lab = Lab::of(ENDLESS).await;
    let old = main_db();
    lab.snapshot(&old).await;
    replace(&lab).await;
    let mut new = old.clone();
    new.connection.generation += 1;
    assert!(lab.snapshot(&new).await.table("fresh").is_some());
    // A straggler is served, from a file of its own.
    assert!(lab.snapshot(&old).await.table("fresh").is_some());
    assert!(lab.snapshot(&new).await.table("fresh").is_some());
}

#[tokio::test]
async fn changes_by_another_program_are_seen_at_once() {
    let lab = Lab::of(ENDLESS).await;
    let target = main_db();
    assert_eq!(lab.scan(&target, "t", &["word"]).await.len(), 1);
    lab.build("main.db", "INSERT INTO t VALUES (2, 'another word')").await;
    assert_eq!(lab.scan(&target, "t", &["word"]).await.len(), 2);
}

#[tokio::test]
async fn a_file_in_wal_mode_is_read() {
    let lab = Lab::new();
    lab.build("main.db", &format!("PRAGMA journal_mode = WAL; {ENDLESS}")).await;
    assert_eq!(lab.scan(&main_db(), "t", &["word"]).await.len(), 1);
}

#[tokio::test]
async fn a_file_that_another_program_is_writing_is_unavailable_for_that_while() {
    let lab = Lab::of(ENDLESS).await;
    let target = main_db();
    let options = SqliteConnectOptions::new().filename(lab.path("main.db"));
    let mut writer = options.connect().await.unwrap();
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut writer).await.unwrap();
    let error = lab.source.inspect(&target, LONG).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    assert_eq!(message(&error), "Another program is writing to the file.");
    sqlx::raw_sql("ROLLBACK").execute(&mut writer).await.unwrap();
    assert_eq!(lab.scan(&target, "t", &["word"]).await.len(), 1);
}

/// A program that died in the middle of a change leaves a journal. Undoing its change is writing.
#[tokio::test]
async fn a_change_left_half_written_is_not_undone_here() {
    let lab = Lab::of(ENDLESS).await;
    let options = SqliteConnectOptions::new().filename(lab.path("main.db"));
    let mut writer = options.connect().await.unwrap();
    let change = "PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN;
        WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO t SELECT i, 'a row that is longer than it has to be' FROM n;";
    sqlx::raw_sql(change).execute(&mut writer).await.unwrap();
    for suffix in ["", "-journal"] {
        fs::copy(lab.path(&format!("main.db{suffix}")), lab.path(&format!("left.db{suffix}"))).unwrap();
    }
    let before = fs::read(lab.path("left.db")).unwrap();
    let error = lab.source.probe(&target("left.db"), LONG).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable, "{error:?}");
    assert_eq!(message(&error), "Another program left a change half written; open the file with it once.");
    assert_eq!(fs::read(lab.path("left.db")).unwrap(), before);
}
