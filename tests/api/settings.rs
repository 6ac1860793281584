//! Settings and commands: what is wrong is said at once, in a sentence, and nothing is begun.

use std::net::TcpListener;

use altus4_test_support::{MariaDb, Redis, free_port};
use sqlx::Executor;

use crate::app::{Kind, TestApp, settings_of};
use crate::program::{Ended, Program, settings};
use crate::samples::open_sqlite;

/// The files that the program left in its folder beside what the test itself puts there.
fn left_behind(program: &Program) -> Vec<String> {
    let mut left = Vec::new();
    let mut folders = vec![program.folder().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder can be read").flatten() {
            let name = entry.file_name().display().to_string();
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if !["stdout", "stderr", "pid", "exit"].contains(&name.as_str()) {
                left.push(name);
            }
        }
    }
    left
}

/// Serving ends at once, with exit code 2 and each of `said` on the standard error.
#[track_caller]
fn assert_refuses(settings: &[(String, String)], said: &[&str]) -> Ended {
    let mut settings = settings.to_vec();
    if !settings.iter().any(|(name, _)| name == "PORT") {
        settings.push(("PORT".to_owned(), free_port().to_string()));
    }
    let ended = Program::run(&["serve"], &settings);
    assert_eq!(ended.code, 2, "{}{}", ended.stderr, ended.stdout);
    for part in said {
        assert!(ended.stderr.contains(part), "{part} is not in: {}", ended.stderr);
    }
    for leak in ["canary", "panicked", "Backtrace", "stack backtrace"] {
        assert!(
            !ended.stderr.contains(leak) && !ended.stdout.contains(leak),
            "{leak} is in: {}",
            ended.stderr
        );
    }
    ended
}

#[test]
fn all_faults_in_the_settings_are_told_at_once() {
    let port = free_port();
    let program = Program::start(
        &["serve"],
        &settings(&[
            ("PORT", &format!("{port}0000")),
            ("HOST", "not a host"),
            ("ALTUS4_ENV", "staging"),
            ("DATABASE_URL", "postgres://me:canary@db.example.org/x"),
            ("REDIS_URL", "http://:canary@127.0.0.1"),
            ("ALTUS4_DEFAULT_PLAN", "gold"),
            ("ALTUS4_JWT_SECRETS", "k1:canary"),
            ("ALTUS4_CONNECT_ALLOW", "everywhere"),
            ("ALTUS4_SQLITE_SOURCES", "/nowhere/at/all"),
            ("ALTUS4_LOG", "verbose"),
        ]),
    );
    let ended = program.ended();
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    for name in [
        "PORT",
        "HOST",
        "ALTUS4_ENV",
        "DATABASE_URL",
        "REDIS_URL",
        "ALTUS4_DEFAULT_PLAN",
        "ALTUS4_JWT_SECRETS",
        "ALTUS4_CONNECT_ALLOW",
        "ALTUS4_SQLITE_SOURCES",
        "ALTUS4_LOG",
    ] {
        assert!(ended.stderr.contains(name), "{name} is not in: {}", ended.stderr);
    }
    assert!(ended.stderr.contains("'development' or 'production'"), "what it should be: {}", ended.stderr);
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
    assert_eq!(left_behind(&program), Vec::<String>::new());
    assert!(TcpListener::bind(("127.0.0.1", port)).is_ok(), "nothing listens");
}

#[test]
fn production_makes_up_nothing() {
    let ended = assert_refuses(
        &settings(&[("ALTUS4_ENV", "production"), ("ALTUS4_CONNECT_ALLOW", "127.0.0.0/8")]),
        &["ALTUS4_JWT_SECRETS", "ALTUS4_ENCRYPTION_KEYS", "ALTUS4_API_KEY_SECRETS", "DATABASE_URL"],
    );
    assert!(ended.stderr.contains("ALTUS4_CONNECT_ALLOW"), "{}", ended.stderr);
}

#[test]
fn an_unreachable_mysql_is_told_with_its_place() {
    let port = free_port();
    let url = format!("mysql://root:canary@127.0.0.1:{port}/store");
    let program = Program::start(&["serve"], &settings(&[("DATABASE_URL", &url)]));
    let ended = program.ended();
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("127.0.0.1:{port}")), "{}", ended.stderr);
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
    assert_eq!(left_behind(&program), Vec::<String>::new(), "nothing half made");

    let server = MariaDb::shared();
    let place = format!("127.0.0.1:{}", server.port());
    let url = format!("mysql://root:canary@{place}/{}", server.create_database());
    assert_refuses(&settings(&[("DATABASE_URL", &url)]), &[&place]);
    assert_refuses(
        &settings(&[("DATABASE_URL", &server.url("no_such_database"))]),
        &[&place, "no_such_database"],
    );
}

#[test]
fn an_unreachable_redis_is_told_with_its_place() {
    let port = free_port();
    let url = format!("redis://:canary@127.0.0.1:{port}/0");
    let mut wanted = settings_of(Kind::MariaDbRedis);
    wanted.retain(|(name, _)| name != "REDIS_URL");
    let store = wanted.iter().find(|(name, _)| name == "DATABASE_URL").expect("a store").1.clone();
    wanted.push(("REDIS_URL".to_owned(), url));
    assert_refuses(&wanted, &[&format!("127.0.0.1:{port}")]);
    let name = store.rsplit('/').next().expect("a database's name");
    assert_eq!(MariaDb::shared().query(name, "SHOW TABLES"), "", "the store was not begun");

    // Something that is not Redis, and a Redis that refuses.
    let other = format!("redis://:canary@127.0.0.1:{}/0", MariaDb::shared().port());
    assert_refuses(
        &settings(&[("REDIS_URL", &other)]),
        &[&format!("127.0.0.1:{}", MariaDb::shared().port())],
    );
    let password = format!("redis://:canary@127.0.0.1:{}/0", Redis::shared().port());
    assert_refuses(
        &settings(&[("REDIS_URL", &password)]),
        &[&format!("127.0.0.1:{}", Redis::shared().port())],
    );
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("its address").port().to_string();
    assert_refuses(&settings(&[("PORT", &port)]), &[&port]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_of_a_newer_version_is_told() {
    const NEWER: &str = "m29991231_000000_from_the_future";
    let insert = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{NEWER}', 0)");
    // On MySQL.
    let server = MariaDb::shared();
    let name = server.create_database();
    let wanted = settings(&[("DATABASE_URL", &server.url(&name))]);
    assert_eq!(Program::run(&["migrate", "up"], &wanted).code, 0);
    server.execute(&name, &insert);
    let tables = server.query(&name, "SHOW TABLES");
    assert_refuses(&wanted, &[NEWER]);
    assert_eq!(Program::run(&["migrate", "up"], &wanted).code, 2);
    assert_eq!(Program::run(&["check"], &wanted).code, 2);
    assert_eq!(server.query(&name, "SHOW TABLES"), tables);

    // On SQLite.
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    let wanted = settings(&[("DATABASE_URL", &url)]);
    assert_eq!(Program::run(&["migrate", "up"], &wanted).code, 0);
    let mut file = open_sqlite(folder.path(), "store.db").await;
    file.execute(sqlx::AssertSqlSafe(insert)).await.expect("a row more");
    assert_refuses(&wanted, &[NEWER]);
}

#[test]
fn a_store_that_is_no_database_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("altus4.db");
    std::fs::write(&path, "this is a letter to my aunt, and no database at all\n".repeat(100))
        .expect("a file");
    let before = std::fs::read(&path).expect("the file");
    assert_refuses(&settings(&[("DATABASE_URL", &format!("sqlite://{}", path.display()))]), &["altus4.db"]);
    assert_eq!(std::fs::read(&path).expect("the file"), before, "it is left as it was");
    let below_a_file = path.join("below/store.db").display().to_string();
    assert_refuses(&settings(&[("DATABASE_URL", &format!("sqlite://{below_a_file}"))]), &[&below_a_file]);
}

#[test]
fn migrations_are_shown_and_applied() {
    let server = MariaDb::shared();
    let name = server.create_database();
    let wanted = settings(&[("DATABASE_URL", &server.url(&name))]);
    let before = Program::run(&["migrate", "status"], &wanted);
    assert_eq!(before.code, 0, "{}", before.stderr);
    assert!(before.stdout.contains("pending  m") && before.stdout.contains("0 applied"), "{}", before.stdout);
    assert_eq!(server.query(&name, "SHOW TABLES"), "", "looking makes nothing");
    let up = Program::run(&["migrate", "up"], &wanted);
    assert_eq!(up.code, 0, "{}", up.stderr);
    assert!(up.stdout.contains("applied  m"), "{}", up.stdout);
    let after = Program::run(&["migrate", "status"], &wanted);
    assert!(after.stdout.contains("applied  m") && after.stdout.contains("0 pending"), "{}", after.stdout);
    let again = Program::run(&["migrate", "up"], &wanted);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(!again.stdout.contains("applied  m"), "{}", again.stdout);
    TestApp::start(&wanted);
}

#[test]
fn a_check_says_whether_the_service_would_start() {
    let good = settings_of(Kind::MariaDbRedis);
    let checked = Program::run(&["check"], &good);
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
    for part in ["settings", "store", "redis"] {
        assert!(checked.stdout.contains(part), "{part} is not in: {}", checked.stdout);
    }
    let store = good.iter().find(|(name, _)| name == "DATABASE_URL").expect("a store").1.clone();
    let name = store.rsplit('/').next().expect("a database's name");
    assert_eq!(MariaDb::shared().query(name, "SHOW TABLES"), "", "a check changes nothing");

    let defaults = Program::start(&["check"], &[]);
    assert_eq!(defaults.ended().code, 0, "{}", defaults.stderr());
    assert_eq!(left_behind(&defaults), Vec::<String>::new(), "a check makes nothing");

    let port = free_port();
    let bad = settings(&[
        ("DATABASE_URL", &format!("mysql://root:canary@127.0.0.1:{port}/store")),
        ("REDIS_URL", &format!("redis://:canary@127.0.0.1:{port}")),
    ]);
    let checked = Program::run(&["check"], &bad);
    assert_eq!(checked.code, 2, "{}", checked.stdout);
    let said = format!("{}{}", checked.stdout, checked.stderr);
    assert_eq!(said.matches(&format!("127.0.0.1:{port}")).count(), 2, "both are told: {said}");
    assert!(!said.contains("canary"), "{said}");
    let wrong = Program::run(&["check"], &settings(&[("PORT", "x"), ("ALTUS4_ENV", "y")]));
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("PORT") && wrong.stderr.contains("ALTUS4_ENV"), "{}", wrong.stderr);
}

#[test]
fn secrets_may_come_from_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = MariaDb::shared();
    let file = folder.path().join("url");
    std::fs::write(&file, format!("{}\n", server.url(&server.create_database()))).expect("a file");
    let path = file.display().to_string();
    let checked = Program::run(&["check"], &settings(&[("DATABASE_URL_FILE", &path)]));
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
    assert!(checked.stdout.contains(&server.port().to_string()), "{}", checked.stdout);
    assert_refuses(&settings(&[("DATABASE_URL_FILE", "/nowhere/at/all")]), &["DATABASE_URL_FILE"]);
}
