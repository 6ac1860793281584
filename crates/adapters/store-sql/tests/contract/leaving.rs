//! What becomes of an account's things when it leaves, on both back ends.

use altus4_api_keys::{
    AnswerTimes, Claim, RetryKey, StoredSecret,
    testkit::{sample_digest, sample_key, sample_secret, sample_usage},
};
use altus4_connections::testkit::sample_connection;
use altus4_kernel::{AuditFilter, PageRequest, SealedSecret, testkit::sample_event};
use altus4_users::{
    AccountChange,
    testkit::{sample_account, sample_session},
};

use sea_orm::{ConnectionTrait, Database, Statement};

use crate::subject::Subject;

/// One test on each back end.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {$(
            #[tokio::test]
            async fn $name() {
                super::$name(&crate::subject::Subject::sqlite().await).await;
            }
        )*}

        mod on_mariadb {$(
            #[tokio::test]
            async fn $name() {
                super::$name(&crate::subject::Subject::mariadb().await).await;
            }
        )*}
    };
}

on_both! {
    a_deactivated_account_leaves_no_key_and_no_sealed_password,
    an_account_that_an_administrator_deactivates_leaves_as_little,
    a_purge_leaves_nothing_but_the_log,
    a_purge_takes_any_amount_of_usage_along,
}

/// Accounts 1 and 2 with a session, a key and a connection each.
async fn furnish(subject: &Subject) {
    let store = &subject.store;
    for number in [1u8, 2] {
        let stored = sample_account(number.into(), &format!("user{number}@example.com"));
        let (id, now) = (stored.account.id, stored.account.created_at);
        let event = |kind: u128| sample_event(100 * kind + u128::from(number), id);
        let session = sample_session(number, id, now);
        store.users().insert(&stored, &session, &event(1)).await.expect("insert");
        let key = sample_key(number.into(), id);
        let secret = StoredSecret { sealed: Some(SealedSecret("sealed".into())), ..sample_secret(number) };
        store.api_keys().insert_first(&key, &secret, &event(2)).await.expect("insert");
        let connection = sample_connection(number.into(), id, "main");
        store.connections().insert(&connection, None, &event(3)).await.expect("insert");
    }
}

/// What a statement counts.
async fn count(subject: &Subject, sql: &str) -> i64 {
    let connection = Database::connect(&subject.url).await.expect("connect");
    let backend = connection.get_database_backend();
    let row = connection.query_one_raw(Statement::from_string(backend, sql)).await.expect(sql);
    let counted = row.expect("a row").try_get_by_index(0).expect("a number");
    connection.close().await.expect("close");
    counted
}

/// How many connections each of the accounts 1 and 2 has, and whether its key lets anybody in.
async fn kept(subject: &Subject) -> Vec<(usize, bool)> {
    let mut found = Vec::new();
    for number in [1u8, 2] {
        let account = sample_account(number.into(), "any@example.com").account;
        let connections = subject.store.connections().list(account.id).await.expect("list").len();
        let key = subject.store.api_keys().find_by_digest(&[sample_digest(number)]).await.expect("find");
        found.push((connections, key.is_some_and(|holder| holder.key.revoked_at.is_none())));
    }
    found
}

async fn a_deactivated_account_leaves_no_key_and_no_sealed_password(subject: &Subject) {
    furnish(subject).await;
    let account = sample_account(1, "any@example.com").account;
    let event = sample_event(900, account.id);
    let users = subject.store.users();
    assert!(users.deactivate(account.id, account.created_at, &event).await.expect("deactivate"));
    assert_eq!(kept(subject).await, [(0, false), (1, true)]);
    let sealed = "SELECT COUNT(*) FROM api_keys WHERE sealed_secret IS NOT NULL";
    assert_eq!(count(subject, sealed).await, 1, "that of the other account");

    // Also when the account comes back.
    let back = AccountChange { is_active: Some(true), ..AccountChange::default() };
    let directory = subject.store.account_directory();
    let back =
        directory.change(account.id, &back, account.created_at, &[sample_event(901, account.id)]).await;
    assert!(back.expect("change").is_some_and(|listed| listed.is_active()));
    let key = subject.store.api_keys().find_by_digest(&[sample_digest(1)]).await.expect("find");
    assert_eq!(key.expect("the key").key.revoked_at, Some(account.created_at));
    assert_eq!(kept(subject).await, [(0, false), (1, true)]);
}

async fn an_account_that_an_administrator_deactivates_leaves_as_little(subject: &Subject) {
    furnish(subject).await;
    let account = sample_account(1, "any@example.com").account;
    let away = AccountChange { is_active: Some(false), ..AccountChange::default() };
    let directory = subject.store.account_directory();
    let away =
        directory.change(account.id, &away, account.created_at, &[sample_event(900, account.id)]).await;
    assert!(away.expect("change").is_some_and(|listed| !listed.is_active()));
    assert_eq!(kept(subject).await, [(0, false), (1, true)]);
}

async fn a_purge_leaves_nothing_but_the_log(subject: &Subject) {
    furnish(subject).await;
    let account = sample_account(1, "any@example.com").account;
    let users = subject.store.users();
    let event = sample_event(900, account.id);
    assert!(users.deactivate(account.id, account.created_at, &event).await.expect("deactivate"));
    let later = account.created_at + std::time::Duration::from_secs(1);
    assert_eq!(users.purge_deactivated(later).await.expect("purge"), 1);
    assert_eq!(subject.store.account_directory().get(account.id).await.expect("get"), None);
    let filter = AuditFilter { account_id: Some(account.id) };
    let log = subject.store.audit_log().list(&filter, PageRequest::default()).await.expect("list");
    assert_eq!(log.total, 4);
    assert_eq!(kept(subject).await, [(0, false), (1, true)]);
}

async fn a_purge_takes_any_amount_of_usage_along(subject: &Subject) {
    furnish(subject).await;
    let now = sample_account(1, "any@example.com").account.created_at;
    for number in [1u8, 2] {
        let account = sample_account(number.into(), "any@example.com").account;
        let key = sample_key(number.into(), account.id).id;
        // More than a step of the purge.
        let mut events: Vec<_> =
            (0..5_000).map(|n| sample_usage(10_000 * u128::from(number) + n, key, now)).collect();
        events[0].status = 500;
        subject.store.usage().append(&events).await.expect("append");
        let retry = RetryKey { account_id: account.id, name: "again".to_owned() };
        let fingerprint = sample_digest(1).digest;
        let claim = subject.store.answers().claim(&retry, fingerprint, now, AnswerTimes::default()).await;
        assert_eq!(claim.expect("claim"), Claim::Granted);
    }
    let tables = ["usage_requests", "usage_hours", "usage_calls", "usage_errors", "kept_answers"];
    let counts = async || {
        let mut counts = Vec::new();
        for table in tables {
            counts.push(count(subject, &format!("SELECT COUNT(*) FROM {table}")).await);
        }
        counts
    };
    assert_eq!(counts().await, [10_000, 4, 4, 4, 2]);

    let account = sample_account(1, "any@example.com").account;
    let users = subject.store.users();
    let event = sample_event(900, account.id);
    assert!(users.deactivate(account.id, now, &event).await.expect("deactivate"));
    assert_eq!(counts().await, [10_000, 4, 4, 4, 1], "answers may hold secrets");
    let later = now + std::time::Duration::from_secs(1);
    assert_eq!(users.purge_deactivated(later).await.expect("purge"), 1);
    assert_eq!(counts().await, [5_000, 2, 2, 2, 1]);
}
