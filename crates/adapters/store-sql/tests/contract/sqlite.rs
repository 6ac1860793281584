//! The store in a SQLite file.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use altus4_connections::testkit::sample_connection;
use altus4_kernel::{PortError, PortErrorKind, testkit::sample_event};
use altus4_store_sql::SqlStore;
use altus4_users::testkit::{sample_account, sample_session};
use futures::future::join_all;
use sea_orm::{ConnectionTrait, Database, SqliteTransactionMode, TransactionOptions, TransactionTrait};

use crate::subject::{Subject, config, execute, store};

mod users {
    altus4_users::users_contract!(tokio::test, crate::subject::Subject::sqlite().await);
}

mod audit_log {
    altus4_kernel::audit_log_contract!(tokio::test, crate::subject::Subject::sqlite().await);
}

mod api_keys {
    altus4_api_keys::api_keys_contract!(tokio::test, crate::subject::Subject::sqlite().await);
}

mod usage {
    altus4_api_keys::usage_store_contract!(tokio::test, crate::subject::Subject::sqlite().await);
}

mod answers {
    altus4_api_keys::answer_store_contract!(
        tokio::test,
        crate::subject::Subject::sqlite().await.with_accounts().await
    );
}

mod evidence {
    altus4_connections::evidence_contract!(tokio::test, crate::subject::Subject::sqlite().await);
}

mod index_jobs {
    altus4_connections::index_jobs_contract!(tokio::test, crate::subject::Subject::sqlite().await);
}

mod vector_records {
    altus4_search::vector_records_contract!(tokio::test, crate::subject::Subject::sqlite().await);
}

mod search_log {
    altus4_search::search_log_contract!(tokio::test, crate::subject::Subject::sqlite().await);
}

mod analytics {
    altus4_analytics::analytics_contract!(tokio::test, crate::subject::Subject::sqlite().await);
}

mod saved_searches {
    altus4_search::saved_searches_contract!(tokio::test, crate::subject::Subject::sqlite().await);
}

mod entities {
    altus4_entities::entities_contract!(tokio::test, crate::subject::Subject::sqlite().await);
}

mod connections {
    altus4_connections::connections_contract!(tokio::test, crate::subject::Subject::sqlite().await);
}

async fn register(store: &SqlStore, number: u8) {
    let stored = sample_account(number.into(), &format!("user{number}@example.com"));
    let session = sample_session(number, stored.account.id, stored.account.created_at);
    let event = sample_event(number.into(), stored.account.id);
    store.users().insert(&stored, &session, &event).await.expect("insert");
}

#[tokio::test]
async fn the_file_and_its_folders_are_made_for_their_owner_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data/deeper/altus 4 ü%20.db");
    let store = store(&format!("sqlite://{}", path.display())).await;
    store.migrate().await.expect("migrate");
    register(&store, 1).await;
    let permissions =
        |path: &std::path::Path| fs::metadata(path).expect("it was made").permissions().mode() & 0o777;
    assert_eq!(permissions(&path), 0o600);
    for folder in path.ancestors().skip(1).take(2) {
        assert_eq!(permissions(folder), 0o700);
    }
    for file in fs::read_dir(path.parent().expect("a folder")).expect("a folder") {
        assert_eq!(permissions(&file.expect("a file").path()), 0o600);
    }
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart() {
    let subject = Subject::sqlite().await;
    register(&subject.store, 1).await;
    subject.store.close().await;
    let again = store(&subject.url).await;
    assert_eq!(again.migrate().await.expect("migrate"), Vec::<String>::new());
    let account = sample_account(1, "user1@example.com").account;
    assert_eq!(again.users().find(account.id).await.expect("find"), Some(account));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_of_several_processes_never_find_it_locked() {
    let subject = Subject::sqlite().await;
    register(&subject.store, 1).await;
    let account = sample_account(1, "user1@example.com").account;
    // Stores share nothing but the file, as processes do.
    let processes = [store(&subject.url).await, store(&subject.url).await];
    let writers = (0..8u128).map(|writer| {
        let connections = processes[usize::from(writer % 2 == 0)].connections();
        tokio::spawn(async move {
            for number in writer * 25..writer * 25 + 25 {
                // It reads before it writes, which is what a transaction not begun for writing fails on.
                let stored = sample_connection(number, account.id, &format!("connection {number}"));
                let event = sample_event(1_000 + number, account.id);
                connections.insert(&stored, Some(1_000), &event).await?;
            }
            Ok::<_, PortError>(())
        })
    });
    for outcome in join_all(writers).await {
        outcome.expect("no panic").expect("no lock is waited for in vain");
    }
    let stored = subject.store.connections().list(account.id).await.expect("list");
    assert_eq!(stored.len(), 8 * 25);
}

#[tokio::test]
async fn readers_do_not_wait_for_writers() {
    let subject = Subject::sqlite().await;
    register(&subject.store, 1).await;
    let account = sample_account(1, "user1@example.com").account;
    let foreign = Database::connect(&subject.url).await.expect("connect");
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let writing = foreign.begin_with_options(immediate).await.expect("begin");
    writing.execute_unprepared("UPDATE accounts SET name = 'Someone'").await.expect("update");

    // More writers than the store has connections wait for the foreign one.
    let sessions = subject.store.sessions();
    let queue = join_all((2..20u8).map(|number| {
        let (sessions, account) = (sessions.clone(), account.clone());
        async move {
            let session = sample_session(number, account.id, account.created_at);
            sessions.insert(&session, &sample_event(number.into(), account.id)).await
        }
    }));
    let queue = tokio::spawn(queue);
    tokio::task::yield_now().await;
    for _ in 0..20 {
        let begun = Instant::now();
        let found = subject.store.users().find(account.id).await.expect("find");
        assert_eq!(found.as_ref(), Some(&account), "what isn't committed isn't seen");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }

    writing.commit().await.expect("commit");
    for outcome in queue.await.expect("no panic") {
        outcome.expect("the lock is free again");
    }
}

#[tokio::test]
async fn a_writer_waits_for_a_lock_but_not_for_ever() {
    let subject = Subject::sqlite().await;
    register(&subject.store, 1).await;
    let account = sample_account(1, "user1@example.com").account;
    let foreign = Database::connect(&subject.url).await.expect("connect");
    foreign.execute_unprepared("BEGIN IMMEDIATE").await.expect("begin");
    let begun = Instant::now();
    let session = sample_session(2, account.id, account.created_at);
    let insert = subject.store.sessions().insert(&session, &sample_event(2, account.id)).await;
    assert_eq!(insert.expect_err("locked").kind, PortErrorKind::Timeout);
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_unusable_file_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let no_database = folder.path().join("notes.txt");
    fs::write(&no_database, "x".repeat(4096)).expect("write");
    for path in [no_database.clone(), folder.path().to_owned(), no_database.join("below/a/file.db")] {
        let fault = SqlStore::connect(&config(&format!("sqlite://{}", path.display()))).await;
        let fault = fault.err().expect("a fault").to_string();
        assert!(fault.contains(&path.display().to_string()), "{fault}");
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_corrupt() {
    let subject = Subject::sqlite().await;
    register(&subject.store, 1).await;
    let account = sample_account(1, "user1@example.com").account;
    for change in ["plan = 'platinum'", "plan = 'pro', created_at = 'yesterday'"] {
        execute(&subject.url, &format!("UPDATE accounts SET {change}")).await;
        let error = subject.store.users().find(account.id).await.expect_err("corrupt");
        assert_eq!(error.kind, PortErrorKind::Corrupt, "{error:?}");
    }
}

#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let subject = Subject::sqlite().await;
    subject.store.ping().await.expect("ping");
    subject.store.close().await;
    assert_eq!(subject.store.ping().await.expect_err("closed").kind, PortErrorKind::Unavailable);
    assert!(subject.folder().exists());
}
