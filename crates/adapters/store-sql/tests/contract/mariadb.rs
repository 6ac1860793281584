//! The store on MariaDB.

use std::time::{Duration, Instant};

use altus4_kernel::{PortErrorKind, testkit::sample_event};
use altus4_store_sql::SqlStore;
use altus4_test_support::{MariaDb, free_port};
use altus4_users::{
    ClientInfo, EMAIL_CONSTRAINT, Session,
    testkit::{sample_account, sample_session},
};

use crate::subject::{Subject, config, store};

mod users {
    altus4_users::users_contract!(tokio::test, crate::subject::Subject::mariadb().await);
}

mod audit_log {
    altus4_kernel::audit_log_contract!(tokio::test, crate::subject::Subject::mariadb().await);
}

mod api_keys {
    altus4_api_keys::api_keys_contract!(tokio::test, crate::subject::Subject::mariadb().await);
}

mod usage {
    altus4_api_keys::usage_store_contract!(tokio::test, crate::subject::Subject::mariadb().await);
}

mod answers {
    altus4_api_keys::answer_store_contract!(
        tokio::test,
        crate::subject::Subject::mariadb().await.with_accounts().await
    );
}

mod evidence {
    altus4_connections::evidence_contract!(tokio::test, crate::subject::Subject::mariadb().await);
}

mod index_jobs {
    altus4_connections::index_jobs_contract!(tokio::test, crate::subject::Subject::mariadb().await);
}

mod vector_records {
    altus4_search::vector_records_contract!(tokio::test, crate::subject::Subject::mariadb().await);
}

mod search_log {
    altus4_search::search_log_contract!(tokio::test, crate::subject::Subject::mariadb().await);
}

mod analytics {
    altus4_analytics::analytics_contract!(tokio::test, crate::subject::Subject::mariadb().await);
}

mod saved_searches {
    altus4_search::saved_searches_contract!(tokio::test, crate::subject::Subject::mariadb().await);
}

mod entities {
    altus4_entities::entities_contract!(tokio::test, crate::subject::Subject::mariadb().await);
}

mod connections {
    altus4_connections::connections_contract!(tokio::test, crate::subject::Subject::mariadb().await);
}

async fn fault(url: &str) -> String {
    let begun = Instant::now();
    let fault = SqlStore::connect(&config(url)).await.err().expect("a fault").to_string();
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    assert!(!fault.contains(MariaDb::PASSWORD), "{fault}");
    fault
}

#[tokio::test]
async fn an_unreachable_server_is_told_in_a_sentence() {
    let port = free_port();
    let fault = fault(&format!("mysql://root:{}@127.0.0.1:{port}/altus4", MariaDb::PASSWORD)).await;
    assert!(
        fault.starts_with(&format!("the store at 127.0.0.1:{port}/altus4 can't be reached: ")),
        "{fault}"
    );
    assert!(fault.contains("refused"), "{fault}");
}

#[tokio::test]
async fn a_refused_login_and_an_unknown_database_are_told_in_a_sentence() {
    let server = MariaDb::shared();
    let refused = fault(&server.url("mysql").replace(":secret@", ":wrong@")).await;
    assert!(refused.contains("Access denied"), "{refused}");
    let unknown = fault(&server.url("no_such_database")).await;
    assert!(unknown.contains("no_such_database"), "{unknown}");
}

#[tokio::test]
async fn tls_that_the_server_does_not_have_is_not_done_without() {
    let server = MariaDb::shared();
    let url = format!("{}?ssl-mode=REQUIRED", server.url(&server.create_database()));
    let fault = fault(&url).await;
    assert!(fault.to_lowercase().contains("tls"), "{fault}");
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_and_taken_back() {
    let server = MariaDb::start();
    let subject = Subject::at(server.url(&server.create_database()), None).await;
    subject.store.ping().await.expect("ping");
    server.freeze();
    for _ in 0..3 {
        let begun = Instant::now();
        let error = subject.store.ping().await.expect_err("no answer");
        assert!(matches!(error.kind, PortErrorKind::Timeout | PortErrorKind::Unavailable), "{error:?}");
        assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    }
    let hanging = fault(&subject.url).await;
    assert!(hanging.contains("no answer in 5 s"), "{hanging}");

    server.thaw();
    let begun = Instant::now();
    while let Err(error) = subject.store.ping().await {
        assert!(begun.elapsed() < Duration::from_secs(10), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable() {
    let server = MariaDb::start();
    let subject = Subject::at(server.url(&server.create_database()), None).await;
    subject.store.ping().await.expect("ping");
    drop(server);
    for _ in 0..3 {
        let begun = Instant::now();
        let error = subject.store.ping().await.expect_err("gone");
        assert_eq!(error.kind, PortErrorKind::Unavailable, "{error:?}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_server_set_up_otherwise_makes_no_difference() {
    let server = MariaDb::start();
    server.execute(
        "",
        "SET GLOBAL lc_messages = 'de_DE', sql_mode = '', tx_isolation = 'SERIALIZABLE', time_zone = '+05:30'; \
         CREATE DATABASE latin CHARACTER SET latin1 COLLATE latin1_general_ci",
    );
    let subject = Subject::at(server.url("latin"), None).await;
    let columns = "SELECT DISTINCT collation_name FROM information_schema.columns \
                   WHERE table_schema = 'latin' AND collation_name IS NOT NULL";
    assert_eq!(server.query("latin", columns), "utf8mb4_bin");

    let first = sample_account(1, "ädä@example.com");
    let now = first.account.created_at;
    let session = sample_session(1, first.account.id, now);
    let (users, sessions) = (subject.store.users(), subject.store.sessions());
    users.insert(&first, &session, &sample_event(1, first.account.id)).await.expect("insert");
    assert_eq!(users.find(first.account.id).await.expect("find").as_ref(), Some(&first.account));

    let second = sample_account(2, "ädä@example.com");
    let event = sample_event(2, second.account.id);
    let refused = users.insert(&second, &sample_session(2, second.account.id, now), &event).await;
    let refused = refused.expect_err("a conflict");
    assert!(refused.is_conflict_on(EMAIL_CONSTRAINT), "{refused:?}");
    assert!(!format!("{refused:?}").contains("ädä"), "{refused:?}");

    let too_long = ClientInfo { address: Some("x".repeat(256)), user_agent: None };
    let too_long = Session { client: too_long, ..sample_session(3, first.account.id, now) };
    let refused = sessions
        .insert(&too_long, &sample_event(3, first.account.id))
        .await
        .expect_err("too long to be kept whole");
    assert_eq!(refused.kind, PortErrorKind::Rejected, "{refused:?}");
    let kept = server.query("latin", "SELECT last_active FROM accounts");
    assert_eq!(kept, "2026-01-15 10:30:00.000000");
}

#[tokio::test]
async fn rows_of_an_account_go_with_it() {
    let server = MariaDb::shared();
    let database = server.create_database();
    let migrated = store(&server.url(&database)).await;
    migrated.migrate().await.expect("migrate");
    let stored = sample_account(1, "ada@example.com");
    let session = sample_session(1, stored.account.id, stored.account.created_at);
    let event = |number| sample_event(number, stored.account.id);
    migrated.users().insert(&stored, &session, &event(1)).await.expect("insert");
    let next = sample_session(2, stored.account.id, stored.account.created_at);
    migrated
        .sessions()
        .rotate(
            &session.refresh_digest,
            &next.refresh_digest,
            session.created_at,
            session.expires_at,
            &event(2),
        )
        .await
        .expect("rotate");
    server.execute(&database, "DELETE FROM accounts");
    let left = "SELECT (SELECT COUNT(*) FROM sessions) + (SELECT COUNT(*) FROM spent_refresh_tokens)";
    assert_eq!(server.query(&database, left), "0");
}
