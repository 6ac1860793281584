//! Calling a server: what it says of itself, and how it is told that it can't be called.

use std::{
    io::{ErrorKind, Write},
    net::TcpListener,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use altus4_connections::{AddressGate, ConnectionProbe, HOST_CONSTRAINT, HostPolicy, Target, Tls};
use altus4_datasource_mysql::{MySqlConfig, MySqlSource, SystemResolver};
use altus4_kernel::{PortErrorKind, secrecy::SecretString};
use altus4_search::FullTextIndex;
use altus4_test_support::{MariaDb, free_port};

use crate::fixture::{World, at, by_scan, eventually, source, target, user_target};

const DEADLINE: Duration = Duration::from_secs(5);

async fn refusal(world: &World, target: &Target) -> (PortErrorKind, Option<u16>) {
    let error = world.source.probe(target, DEADLINE).await.expect_err("it can't be called");
    (error.kind, error.detail.and_then(|detail| detail.errno))
}

#[tokio::test]
async fn root_is_warned_of_and_something_better_suggested() {
    let world = World::new("SELECT 1");
    let report = world.source.probe(&world.target, DEADLINE).await.expect("a report");
    assert!(report.version.contains("MariaDB"), "{}", report.version);
    assert!(!report.read_only);
    assert_eq!(
        report.warnings,
        ["The database user has rights over the whole server that searching does not need: ALL PRIVILEGES."]
    );
    let name = world.database.replace('_', "\\_");
    let suggestion = report.suggestion.expect("a suggestion");
    assert!(suggestion.contains(&format!("GRANT SELECT, SHOW VIEW ON `{name}`.* TO")), "{suggestion}");
    assert!(report.response_time < DEADLINE && report.response_time > Duration::ZERO);
    eventually("it hung up", || world.sessions().is_empty()).await;
}

#[tokio::test]
async fn a_user_who_only_reads_is_told_so_without_warnings() {
    let world = World::new("SELECT 1");
    let database = &world.database;
    let name = format!("reader_{database}");
    world.server.execute(
        "",
        &format!("CREATE USER '{name}'@'%' IDENTIFIED BY 'pw'; GRANT SELECT, SHOW VIEW ON {database}.* TO '{name}'@'%'"),
    );
    let report = world
        .source
        .probe(&user_target(world.server, database, &name, "pw"), DEADLINE)
        .await
        .expect("a report");
    assert!(report.read_only);
    assert_eq!((report.warnings, report.suggestion), (vec![], None));
    world.server.execute("", &format!("GRANT INSERT ON {database}.* TO '{name}'@'%'"));
    let report = world
        .source
        .probe(&user_target(world.server, database, &name, "pw"), DEADLINE)
        .await
        .expect("a report");
    assert_eq!((report.read_only, report.suggestion), (false, None));
}

#[tokio::test]
async fn settings_that_lose_words_are_warned_of() {
    let server = MariaDb::start_with(&["--innodb-ft-min-token-size=5", "--ft-min-word-len=6"]);
    let database = server.create_database();
    let report =
        source(MySqlConfig::default()).probe(&target(&server, &database), DEADLINE).await.expect("a report");
    let warned = |text: &str| report.warnings.iter().any(|warning| warning.contains(text));
    assert!(warned("innodb_ft_min_token_size = 5") && warned("ft_min_word_len = 6"), "{:?}", report.warnings);
}

#[tokio::test]
async fn sessions_can_only_read() {
    let world = World::new("CREATE TABLE t (id INT PRIMARY KEY)");
    // A view whose reading would write, if the session could.
    world.server.execute(
        &world.database,
        "DELIMITER //
         CREATE FUNCTION f() RETURNS INT MODIFIES SQL DATA BEGIN INSERT INTO t VALUES (1); RETURN 1; END //",
    );
    world.server.execute(&world.database, "CREATE VIEW v AS SELECT 'needle' AS a");
    let table = world.table("v").await;
    world.server.execute(&world.database, "CREATE OR REPLACE VIEW v AS SELECT CONCAT('needle', f()) AS a");
    let request = by_scan(&table, &["needle"], &["a"]);
    let outcome = world.source.candidates(&world.target, &request, DEADLINE).await;
    assert_eq!(outcome.expect_err("it would write").detail.and_then(|detail| detail.errno), Some(1_792));
    assert_eq!(world.server.query(&world.database, "SELECT COUNT(*) FROM t"), "0");
}

#[tokio::test]
async fn a_wrong_password_an_unknown_user_and_an_unknown_database_are_told_apart() {
    let world = World::new("SELECT 1");
    let mut wrong = world.target.clone();
    wrong.password = SecretString::from("wrong");
    assert_eq!(refusal(&world, &wrong).await, (PortErrorKind::NotPermitted, Some(1_045)));
    let unknown = user_target(world.server, &world.database, "who", "pw");
    assert_eq!(refusal(&world, &unknown).await, (PortErrorKind::NotPermitted, Some(1_045)));
    let nowhere = target(world.server, "no_such_database");
    assert_eq!(refusal(&world, &nowhere).await, (PortErrorKind::Rejected, Some(1_049)));
}

#[tokio::test]
async fn a_user_without_a_password_is_let_in_with_an_empty_one() {
    let world = World::new("SELECT 1");
    let name = format!("open_{}", world.database);
    world.server.execute(
        "",
        &format!("CREATE USER '{name}'@'%'; GRANT SELECT ON {}.* TO '{name}'@'%'", world.database),
    );
    let report = world.source.probe(&user_target(world.server, &world.database, &name, ""), DEADLINE).await;
    assert!(report.expect("a report").read_only);
}

#[tokio::test]
async fn no_error_repeats_the_server_s_words_or_the_password() {
    let world = World::new("SELECT 1");
    let mut wrong = world.target.clone();
    wrong.password = SecretString::from("hunter2");
    let error = world.source.probe(&wrong, DEADLINE).await.expect_err("a wrong password");
    let detail = error.detail.clone().expect("a detail");
    assert_eq!((detail.errno, detail.sql_state.as_deref()), (Some(1_045), Some("28000")));
    assert!(!detail.message.contains("Access denied") && !detail.message.contains("root"));
    assert!(!format!("{error:?}").contains("hunter2"));
}

/// A listener that says `greeting` to whoever comes, and then nothing.
fn something_else(greeting: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || {
        let mut kept = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(greeting);
            kept.push(stream);
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_port_a_silent_one_and_another_service_are_the_same_to_the_caller() {
    let world = World::new("SELECT 1");
    let ports = [
        free_port(),
        something_else(b""),
        something_else(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
        something_else(b"SSH-2.0-OpenSSH_9.6\r\n"),
        something_else(&[0; 64]),
        something_else(&[1, 0, 0, 0, 10]),
        something_else(&[0xFF, 0xFF, 0xFF, 0]),
    ];
    for port in ports {
        let began = Instant::now();
        let target = at(&world.target, "127.0.0.1", port, Tls::Disabled);
        let error = world.source.probe(&target, DEADLINE).await.expect_err("no database there");
        assert_eq!(error.kind, PortErrorKind::Unavailable, "{port}");
        let detail = error.detail.expect("a detail");
        assert_eq!(detail.message, "no MySQL or MariaDB server could be reached there, or it went away");
        assert_eq!((detail.errno, detail.sql_state), (None, None));
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn an_address_that_the_policy_forbids_is_not_dialled() {
    let world = World::new("SELECT 1");
    let canary = TcpListener::bind("127.0.0.1:0").expect("a listener");
    canary.set_nonblocking(true).expect("a listener that doesn't wait");
    let port = canary.local_addr().expect("its address").port();
    let policy = HostPolicy { public_only: true, ..HostPolicy::default() };
    let strict = MySqlSource::new(MySqlConfig::default(), AddressGate::new(Arc::new(SystemResolver), policy));
    for host in ["127.0.0.1", "localhost", "::ffff:127.0.0.1"] {
        let target = at(&world.target, host, port, Tls::Disabled);
        let error = strict.probe(&target, DEADLINE).await.expect_err("forbidden");
        assert_eq!((error.kind, error.constraint), (PortErrorKind::NotPermitted, Some(HOST_CONSTRAINT)));
    }
    assert_eq!(canary.accept().expect_err("nobody came").kind(), ErrorKind::WouldBlock);
    let named = at(&world.target, "localhost", world.server.port(), Tls::Disabled);
    assert!(world.source.probe(&named, DEADLINE).await.is_ok());
}

#[tokio::test]
async fn a_name_without_an_address_is_unavailable() {
    let world = World::new("SELECT 1");
    let target = at(&world.target, "no-such-host.invalid", 3306, Tls::Disabled);
    assert_eq!(refusal(&world, &target).await.0, PortErrorKind::Unavailable);
}
