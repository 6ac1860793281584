//! How a store is brought up to date, on both back ends.

use altus4_store_sql::{SqlStore, StoreFault};
use altus4_test_support::MariaDb;
use futures::future::join_all;
use tempfile::TempDir;

use crate::subject::{config, execute, store};

const FIRST: &str = "m20261121_000001_create_accounts";
const ALL: usize = 37;

fn mariadb() -> String {
    let server = MariaDb::shared();
    server.url(&server.create_database())
}

fn sqlite() -> (String, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    (format!("sqlite://{}", folder.path().join("store.db").display()), folder)
}

/// One test on each back end.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {$(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let (url, _folder) = super::sqlite();
                super::$name(&url).await;
            }
        )*}

        mod on_mariadb {$(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(&super::mariadb()).await;
            }
        )*}
    };
}

on_both! {
    an_empty_store_gets_everything_once,
    several_nodes_may_start_at_once_on_an_empty_store,
    a_store_of_a_newer_version_is_refused_and_left_alone,
}

async fn an_empty_store_gets_everything_once(url: &str) {
    let store = store(url).await;
    let before = store.migration_status().await.expect("status");
    assert_eq!((before.applied.len(), before.pending.len()), (0, ALL));
    assert_eq!(before.pending[0], FIRST);

    assert_eq!(store.migrate().await.expect("migrate"), before.pending);
    let after = store.migration_status().await.expect("status");
    assert_eq!(after.applied, before.pending);
    assert_eq!((after.pending, after.unknown), (vec![], vec![]));

    assert_eq!(store.migrate().await.expect("migrate again"), Vec::<String>::new());
    store.ping().await.expect("ping");
}

async fn several_nodes_may_start_at_once_on_an_empty_store(url: &str) {
    let nodes = (0..4).map(|_| {
        let config = config(url);
        tokio::spawn(async move {
            let store = SqlStore::connect(&config).await?;
            let applied = store.migrate().await?;
            assert_eq!(store.migration_status().await?.applied.len(), ALL);
            Ok::<_, StoreFault>(applied.len())
        })
    });
    let mut applied = Vec::new();
    for node in join_all(nodes).await {
        applied.push(node.expect("no panic").expect("every node comes up"));
    }
    applied.sort_unstable();
    assert_eq!(applied, [0, 0, 0, ALL], "one node does all of it");
}

async fn a_store_of_a_newer_version_is_refused_and_left_alone(url: &str) {
    let old = store(url).await;
    old.migrate().await.expect("migrate");
    let newer = "m99991231_000001_from_the_future";
    execute(url, &format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{newer}', 0)")).await;
    execute(url, &format!("DELETE FROM seaql_migrations WHERE version = '{FIRST}'")).await;

    let fault = old.migrate().await.expect_err("refused");
    assert!(matches!(fault, StoreFault::Newer { .. }), "{fault:?}");
    assert!(fault.to_string().contains(newer), "{fault}");
    assert!(!fault.to_string().contains(MariaDb::PASSWORD), "{fault}");
    let status = old.migration_status().await.expect("status");
    assert_eq!((status.pending, status.unknown), (vec![FIRST.to_owned()], vec![newer.to_owned()]));
}

#[tokio::test]
async fn a_failed_migration_on_sqlite_is_named_and_leaves_nothing() {
    let (url, _folder) = sqlite();
    // Indexes and tables share their names.
    execute(&format!("{url}?mode=rwc"), "CREATE TABLE api_keys_account_id (id INTEGER)").await;
    let store = store(&url).await;
    let fault = store.migrate().await.expect_err("the name is taken").to_string();
    assert!(fault.contains("m20261121_000008_index_api_keys_by_account"), "{fault}");
    assert!(fault.contains("already a table named"), "{fault}");
    assert_eq!(store.migration_status().await.expect("status").pending.len(), ALL);

    execute(&url, "DROP TABLE api_keys_account_id").await;
    assert_eq!(store.migrate().await.expect("migrate").len(), ALL);
}

#[tokio::test]
async fn a_failed_migration_on_mariadb_is_named_and_can_be_repeated() {
    let url = mariadb();
    // Foreign keys share their names in a database.
    let taken = "CREATE TABLE taken (id INT PRIMARY KEY, up INT, \
                 CONSTRAINT sessions_of_account FOREIGN KEY (up) REFERENCES taken (id))";
    execute(&url, taken).await;
    let store = store(&url).await;
    let fault = store.migrate().await.expect_err("the name is taken").to_string();
    assert!(fault.contains("m20261121_000002_create_sessions"), "{fault}");
    assert!(!fault.contains(MariaDb::PASSWORD), "{fault}");
    assert_eq!(store.migration_status().await.expect("status").applied, [FIRST]);

    execute(&url, "DROP TABLE taken").await;
    // As if the process had died after the statement and before its record.
    execute(&url, &format!("DELETE FROM seaql_migrations WHERE version = '{FIRST}'")).await;
    assert_eq!(store.migrate().await.expect("migrate").len(), ALL);
}
