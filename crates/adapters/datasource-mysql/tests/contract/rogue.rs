//! A server that logs everyone in and then answers statements in its own way: what comes of it in
//! detail. What else servers can do is in `hostile.rs`.

use std::{
    io,
    net::TcpListener,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use altus4_connections::{ConnectionProbe, ProbeReport, Tls};
use altus4_datasource_mysql::MySqlConfig;
use altus4_kernel::{PortError, PortErrorKind, PortResult};
use altus4_test_support::{
    MariaDb,
    rogue::{OK, Wire},
};

use crate::fixture::{at, source, target};

/// What the server does with a statement.
type Answer = fn(&mut Wire, &str) -> io::Result<()>;

fn serve(mut wire: Wire, answer: Answer) -> io::Result<()> {
    wire.greet()?;
    wire.receive()?;
    wire.send(OK)?;
    loop {
        let command = wire.receive()?;
        let statement = String::from_utf8_lossy(command.get(1..).unwrap_or_default()).into_owned();
        answer(&mut wire, &statement)?;
    }
}

/// Lets sessions be set up.
fn agree(wire: &mut Wire, statement: &str) -> io::Result<bool> {
    let is_setting = statement.starts_with("SET ");
    if is_setting {
        wire.send(OK)?;
    }
    Ok(is_setting)
}

async fn refused(answer: Answer) -> (PortError, Duration) {
    let (outcome, took) = probe(answer).await;
    (outcome.expect_err("a rogue"), took)
}

async fn probe(answer: Answer) -> (PortResult<ProbeReport>, Duration) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(Wire::of(stream, false), answer));
        }
    });
    let target = at(&target(MariaDb::shared(), "mysql"), "127.0.0.1", port, Tls::Disabled);
    let began = Instant::now();
    let outcome = source(MySqlConfig::default()).probe(&target, Duration::from_secs(2)).await;
    (outcome, began.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_that_would_make_the_driver_panic_costs_one_call() {
    let (error, _) = refused(|wire, statement| {
        if !agree(wire, statement)? {
            wire.send_head()?;
            wire.send(b"")?;
        }
        Ok(())
    })
    .await;
    assert_eq!(error.kind, PortErrorKind::Unavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_without_end_are_not_read_to_the_end() {
    let (error, took) = refused(|wire, statement| {
        if agree(wire, statement)? {
            return Ok(());
        }
        wire.send_head()?;
        loop {
            wire.send(b"\x03abc")?;
        }
    })
    .await;
    assert_eq!(error.kind, PortErrorKind::Rejected);
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_stops_halfway_is_given_up_at_the_deadline() {
    let (error, took) = refused(|wire, statement| {
        if !agree(wire, statement)? {
            wire.send_head()?;
            wire.send(b"\x03abc")?;
            thread::sleep(Duration::from_secs(30));
        }
        Ok(())
    })
    .await;
    assert_eq!(error.kind, PortErrorKind::Timeout);
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_file_is_given_away() {
    static GIVEN: AtomicUsize = AtomicUsize::new(0);
    let (error, _) = refused(|wire, _| {
        wire.send(b"\xFB/etc/hostname")?;
        GIVEN.fetch_add(wire.receive()?.len(), Ordering::SeqCst);
        wire.send(OK)
    })
    .await;
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    assert_eq!(GIVEN.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_knows_fewer_settings_is_read_all_the_same_but_never_without_read_only() {
    static ASKED: Mutex<Vec<String>> = Mutex::new(Vec::new());
    const UNKNOWN: &[u8] = b"\xFF\xA9\x04#HY000Unknown system variable";
    const END: &[u8] = &[0xFE, 0, 0, 2, 0, 0, 0];
    let (outcome, _) = probe(|wire, statement| {
        ASKED.lock().expect("the list").push(statement.to_owned());
        if statement.starts_with("SHOW") {
            wire.send_head()?;
            return wire.send(END);
        }
        wire.send(if statement.contains("max_execution_time") { UNKNOWN } else { OK })
    })
    .await;
    let report = outcome.expect("a report");
    assert_eq!((report.version.as_str(), report.read_only), ("", false));
    assert!(ASKED.lock().expect("the list").iter().any(|asked| asked == "SET SESSION TRANSACTION READ ONLY"));
    let (error, _) = refused(|wire, _| wire.send(UNKNOWN)).await;
    assert_eq!(error.kind, PortErrorKind::Rejected);
    assert_eq!(error.detail.and_then(|detail| detail.errno), Some(1_193));
}
