//! Deadlines, callers that go away, and what is left running on the server.

use std::time::{Duration, Instant};

use altus4_datasource_mysql::MySqlConfig;
use altus4_kernel::PortErrorKind;
use altus4_search::{CandidateRequest, FullTextIndex};
use altus4_test_support::MariaDb;

use crate::fixture::{DEADLINE, World, by_index, by_scan, eventually, options, snapshot, source, target};

/// A view whose reading takes two minutes.
const SLOW: &str = "
CREATE TABLE t (id INT PRIMARY KEY, title VARCHAR(50), FULLTEXT (title));
INSERT INTO t SELECT seq, 'needle' FROM seq_1_to_1200;
CREATE VIEW slow AS SELECT id, CONCAT(title, ' ', SLEEP(0.1)) AS title FROM t;";

async fn slow_and_quick(world: &World) -> (CandidateRequest, CandidateRequest) {
    let snapshot = world.snapshot().await;
    let slow = by_scan(snapshot.table("slow").expect("the view"), &["absent"], &["title"]);
    let quick = by_index(snapshot.table("t").expect("the table"), &["needle"], &["title"]);
    (slow, quick)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_deadline_the_statement_ends_on_the_server_too() {
    let world = World::new(SLOW);
    let (slow, quick) = slow_and_quick(&world).await;
    let session = world.sessions();
    let began = Instant::now();
    let error =
        world.source.candidates(&world.target, &slow, Duration::from_millis(500)).await.expect_err("slow");
    assert_eq!(error.kind, PortErrorKind::Timeout);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    eventually("nothing runs", || world.running().is_empty()).await;
    eventually("its session is closed", || world.sessions().is_empty()).await;
    // What was on the way when it was ended is nobody else's answer.
    assert_eq!(world.candidates(&quick).await.len(), 200);
    assert_ne!(world.sessions(), session);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_caller_goes_away_the_statement_ends_on_the_server_too() {
    let world = World::new(SLOW);
    let (slow, quick) = slow_and_quick(&world).await;
    {
        let call = world.source.candidates(&world.target, &slow, DEADLINE);
        tokio::pin!(call);
        let until_it_runs = eventually("it runs", || !world.running().is_empty());
        tokio::select! {
            outcome = &mut call => panic!("{outcome:?}"),
            () = until_it_runs => {}
        }
    }
    eventually("nothing runs", || world.running().is_empty()).await;
    eventually("its session is closed", || world.sessions().is_empty()).await;
    assert_eq!(world.candidates(&quick).await.len(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_go_away_at_any_moment_leave_right_answers_behind() {
    let mut world = World::new(SLOW);
    world.target.connection.options = options(2, 60_000);
    let (_, quick) = slow_and_quick(&world).await;
    for micros in (0..3_000).step_by(100) {
        let call = world.source.candidates(&world.target, &quick, DEADLINE);
        let _ = tokio::time::timeout(Duration::from_micros(micros), call).await;
        let one = CandidateRequest { limit: 1, ..quick.clone() };
        assert_eq!(world.candidates(&one).await.len(), 1);
    }
    eventually("no more sessions than allowed are left", || world.sessions().len() <= 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_has_a_limit_of_its_own() {
    let mut world = World::new(SLOW);
    world.target.connection.options = options(1, 1_000);
    let (slow, quick) = slow_and_quick(&world).await;
    let error = world.source.candidates(&world.target, &slow, DEADLINE).await.expect_err("slow");
    assert_eq!(error.kind, PortErrorKind::Timeout);
    assert_eq!(error.detail.and_then(|detail| detail.errno), Some(1_969));
    assert!(world.running().is_empty());
    assert_eq!(world.candidates(&quick).await.len(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_for_a_session_counts_towards_the_deadline() {
    let mut world = World::new(SLOW);
    world.target.connection.options = options(1, 60_000);
    let (slow, quick) = slow_and_quick(&world).await;
    let (source, target) = (world.source.clone(), world.target.clone());
    let first = tokio::spawn(async move { source.candidates(&target, &slow, Duration::from_secs(2)).await });
    eventually("it runs", || !world.running().is_empty()).await;
    let began = Instant::now();
    let error =
        world.source.candidates(&world.target, &quick, Duration::from_millis(300)).await.expect_err("busy");
    assert_eq!(error.kind, PortErrorKind::Timeout);
    assert!(began.elapsed() < Duration::from_millis(1_500), "{:?}", began.elapsed());
    assert!(first.await.expect("it ran").is_err());
    eventually("nothing runs", || world.running().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_costs_no_more_than_the_deadline() {
    let server = MariaDb::start();
    let database = server.create_database();
    server.execute(&database, SLOW);
    let source = source(MySqlConfig::default());
    let target = target(&server, &database);
    let quick =
        by_index(snapshot(&source, &target).await.table("t").expect("the table"), &["needle"], &["title"]);
    server.freeze();
    let began = Instant::now();
    let error = source.candidates(&target, &quick, Duration::from_millis(500)).await.expect_err("it hangs");
    assert_eq!(error.kind, PortErrorKind::Timeout);
    // No session is left, so the next call has to connect, and gives that up first.
    let error = source.candidates(&target, &quick, DEADLINE).await.expect_err("it hangs");
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    server.thaw();
    assert_eq!(source.candidates(&target, &quick, DEADLINE).await.expect("candidates").len(), 200);
}
