//! Servers that are left alone for a while, and calls that are told at once. Times are held by the
//! breaker's own tests.

use std::{
    io,
    net::Shutdown,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use altus4_connections::{ConnectionProbe, SchemaInspector, Target, Tls};
use altus4_datasource_mysql::{MySqlConfig, MySqlSource};
use altus4_kernel::PortErrorKind::{self, NotPermitted, Timeout, Unavailable};
use altus4_search::FullTextIndex;
use altus4_test_support::{
    MariaDb,
    rogue::{Act, Rogue, Wire, serve},
};
use futures::future::join_all;

use crate::fixture::{DEADLINE, World, at, by_scan, eventually, options, source, target, user_target};

/// More calls than it takes.
const CALLS: usize = 8;

/// A server that does this at some point, and how often somebody got there.
fn counted(
    stage: fn(Act) -> Rogue,
    act: fn(&mut Wire) -> io::Result<()>,
) -> (MySqlSource, Target, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&count);
    let rogue = stage(Arc::new(move |wire| {
        counting.fetch_add(1, Ordering::SeqCst);
        act(wire)
    }));
    let target = at(&target(MariaDb::shared(), "mysql"), "127.0.0.1", serve(rogue, false), Tls::Disabled);
    (source(MySqlConfig::default()), target, count)
}

/// Reads the schema again and again, and gives the kinds of the errors.
async fn call(source: &MySqlSource, target: &Target) -> Vec<PortErrorKind> {
    let mut kinds = Vec::new();
    for _ in 0..CALLS {
        kinds.push(source.inspect(target, DEADLINE).await.expect_err("a rogue").kind);
    }
    kinds
}

fn deny(wire: &mut Wire) -> io::Result<()> {
    wire.send(b"\xFF\x15\x04#28000No, you are not")?;
    wire.stream.shutdown(Shutdown::Both)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_up_is_called_three_times() {
    let (source, target, count) = counted(Rogue::Greeting, |wire| wire.stream.shutdown(Shutdown::Both));
    assert_eq!(call(&source, &target).await, [Unavailable; CALLS]);
    assert_eq!(count.load(Ordering::SeqCst), 3);
    // A test calls whatever is known, and a connection that was changed is another one.
    source.probe(&target, DEADLINE).await.expect_err("a rogue");
    assert_eq!(count.load(Ordering::SeqCst), 4);
    let mut changed = target.clone();
    changed.connection.generation += 1;
    source.inspect(&changed, DEADLINE).await.expect_err("a rogue");
    assert_eq!(count.load(Ordering::SeqCst), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_was_refused_is_not_tried_again() {
    let (source, target, count) = counted(Rogue::Login, deny);
    assert_eq!(call(&source, &target).await, [NotPermitted; CALLS]);
    assert_eq!(count.load(Ordering::SeqCst), 1);
    let error = source.inspect(&target, DEADLINE).await.expect_err("a rogue");
    assert_eq!(error.detail.and_then(|detail| detail.errno), Some(1_045));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_breaks_the_protocol_is_put_in_quarantine() {
    let (source, target, count) = counted(Rogue::Prepare, |wire| wire.send(&[0, 1, 0, 0, 0, 1]));
    assert_eq!(call(&source, &target).await, [Unavailable; CALLS]);
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_that_succeeds_ends_the_wait() {
    let world = World::new("CREATE TABLE t (id INT PRIMARY KEY)");
    let user = format!("late_{}", world.database);
    let late = user_target(world.server, &world.database, &user, "pw");
    assert_eq!(call(&world.source, &late).await, [NotPermitted; CALLS]);
    world.server.execute(
        "",
        &format!(
            "CREATE USER '{user}'@'%' IDENTIFIED BY 'pw'; GRANT SELECT ON {}.* TO '{user}'@'%'",
            world.database
        ),
    );
    assert_eq!(call_once(&world.source, &late).await, Some(NotPermitted));
    world.source.probe(&late, DEADLINE).await.expect("a server");
    assert_eq!(call_once(&world.source, &late).await, None);
}

async fn call_once(source: &MySqlSource, target: &Target) -> Option<PortErrorKind> {
    source.inspect(target, DEADLINE).await.err().map(|error| error.kind)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_so_many_wait_and_the_others_are_told_at_once() {
    const WAITING: usize = 20;
    let mut world = World::new(
        "CREATE TABLE t (id INT PRIMARY KEY, title VARCHAR(50)); INSERT INTO t SELECT seq, 'needle' FROM seq_1_to_600;
         CREATE VIEW slow AS SELECT id, CONCAT(title, ' ', SLEEP(0.1)) AS title FROM t;",
    );
    world.target.connection.options = options(1, 60_000);
    let slow = by_scan(&world.table("slow").await, &["absent"], &["title"]);
    let (source, target, request) = (world.source.clone(), world.target.clone(), slow.clone());
    let running =
        tokio::spawn(async move { source.candidates(&target, &request, Duration::from_secs(3)).await });
    eventually("it runs", || !world.running().is_empty()).await;
    let began = Instant::now();
    let calls = (0..3 * WAITING).map(|_| async {
        let deadline = Duration::from_millis(1_500);
        let error = world.source.candidates(&world.target, &slow, deadline).await.expect_err("busy");
        (error.kind, began.elapsed() < deadline)
    });
    let answers = join_all(calls).await;
    let told_at_once = answers.iter().filter(|answer| **answer == (Unavailable, true)).count();
    let told_in_time = answers.iter().filter(|answer| **answer == (Timeout, false)).count();
    assert_eq!((told_at_once, told_in_time), (2 * WAITING, WAITING), "{answers:?}");
    assert_eq!(running.await.expect("it ran").expect_err("slow").kind, Timeout);
}
