//! How many sessions there are, and for how long.

use std::time::Duration;

use altus4_connections::{ConnectionProbe, DatabaseName, PoolUsage, SchemaInspector};
use altus4_datasource_mysql::MySqlConfig;
use altus4_kernel::{ConnectionId, PortErrorKind, PortResult, uuid::Uuid};
use altus4_search::{Candidate, CandidateRequest, FullTextIndex};
use futures::future::join_all;

use crate::fixture::{DEADLINE, World, by_index, by_scan, eventually, options};

const WORDS: &str = "
CREATE TABLE t (id INT PRIMARY KEY, title VARCHAR(50), FULLTEXT (title));
INSERT INTO t SELECT seq, 'needle' FROM seq_1_to_5;
CREATE VIEW slow AS SELECT id, CONCAT(title, ' ', SLEEP(0.1)) AS title FROM t;";

async fn quick(world: &World) -> CandidateRequest {
    by_index(&world.table("t").await, &["needle"], &["title"])
}

#[tokio::test]
async fn one_session_serves_call_after_call() {
    let world = World::new(WORDS);
    let quick = quick(&world).await;
    let before = world.sessions();
    for _ in 0..20 {
        assert_eq!(world.candidates(&quick).await.len(), 5);
    }
    assert_eq!(before.len(), 1);
    assert_eq!(world.sessions(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_never_more_sessions_than_the_connection_allows() {
    let mut world = World::new(WORDS);
    world.target.connection.options = options(2, 60_000);
    let slow = by_scan(&world.table("slow").await, &["needle"], &["title"]);
    let calls = join_all((0..8).map(|_| world.candidates(&slow)));
    let most = async {
        let mut most = 0;
        for _ in 0..20 {
            most = most.max(world.sessions().len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        most
    };
    let (answers, most) = tokio::join!(calls, most);
    assert!(answers.iter().all(|answer| answer.len() == 5));
    assert_eq!(most, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_sessions_are_closed() {
    let config = MySqlConfig { idle_timeout: Duration::from_millis(400), ..MySqlConfig::default() };
    let world = World::with_config(WORDS, config);
    let quick = quick(&world).await;
    assert_eq!(world.sessions().len(), 1);
    eventually("no session is left", || world.sessions().is_empty()).await;
    assert_eq!(world.candidates(&quick).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_the_server_ended_are_replaced_unnoticed() {
    let world = World::new(WORDS);
    let quick = quick(&world).await;
    let slow = by_scan(&world.table("slow").await, &["needle"], &["title"]);
    join_all((0..3).map(|_| world.candidates(&slow))).await;
    let sessions = world.sessions();
    assert_eq!(sessions.len(), 3);
    for session in &sessions {
        world.server.execute("", &format!("KILL {session}"));
    }
    assert_eq!(world.candidates(&quick).await.len(), 5);
    eventually("those ended are gone", || world.sessions().len() == 1).await;
    assert!(!sessions.contains(&world.sessions()[0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_connection_gets_a_pool_of_its_own() {
    let world = World::new(WORDS);
    let quick = quick(&world).await;
    let old = world.sessions();
    let mut newer = world.target.clone();
    newer.connection.generation = 2;
    let found = world.source.candidates(&newer, &quick, DEADLINE).await.expect("candidates");
    assert_eq!(found.len(), 5);
    eventually("the old session is closed", || world.sessions().len() == 1).await;
    let new = world.sessions();
    assert_ne!(new, old);
    // A call that began before the change is served, but keeps nothing open.
    assert_eq!(world.candidates(&quick).await.len(), 5);
    eventually("its session is closed", || world.sessions() == new).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_database_is_never_searched_through_the_old_one_s_sessions() {
    let world = World::new(WORDS);
    let _ = quick(&world).await;
    let other = world.server.create_database();
    let mut moved = world.target.clone();
    moved.connection.database = DatabaseName::parse(&other).expect("a name");
    assert_eq!(world.source.inspect(&moved, DEADLINE).await.expect("a schema"), []);
    eventually("the old session is closed", || world.sessions().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pool_used_least_recently_makes_room() {
    let config = MySqlConfig { max_pools: 2, ..MySqlConfig::default() };
    let world = World::with_config(WORDS, config);
    let quick = quick(&world).await;
    let first = world.sessions();
    let with_id = |id: u128| {
        let mut target = world.target.clone();
        target.connection.id = ConnectionId::from_uuid(Uuid::from_u128(u128::MAX - id));
        target
    };
    for id in 0..3 {
        let target = with_id(id);
        assert_eq!(world.source.candidates(&target, &quick, DEADLINE).await.expect("candidates").len(), 5);
    }
    eventually("two sessions are left", || world.sessions().len() == 2).await;
    assert!(!world.sessions().contains(&first[0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_leaves_no_session() {
    let world = World::new(WORDS);
    let quick = quick(&world).await;
    world.source.close(world.target.connection.id);
    eventually("no session is left", || world.sessions().is_empty()).await;
    assert_eq!(world.candidates(&quick).await.len(), 5);
    world.source.close_all().await;
    eventually("no session is left", || world.sessions().is_empty()).await;
}

/// One search that runs on a connection's only session, and another that waits for it while `close` is
/// called: what became of both.
async fn run_and_wait(world: &mut World, close: impl AsyncFnOnce(&World)) -> [PortResult<Vec<Candidate>>; 2] {
    world.target.connection.options = options(1, 60_000);
    let slow = by_scan(&world.table("slow").await, &["needle"], &["title"]);
    let (source, target, request) = (world.source.clone(), world.target.clone(), slow.clone());
    let running = tokio::spawn(async move { source.candidates(&target, &request, DEADLINE).await });
    eventually("it runs", || !world.running().is_empty()).await;
    let waiting = world.source.candidates(&world.target, &slow, DEADLINE);
    let closing = async {
        tokio::task::yield_now().await;
        close(world).await;
    };
    let (waited, ()) = tokio::join!(waiting, closing);
    [running.await.expect("it ran"), waited]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_under_way_when_a_connection_is_let_go_comes_to_an_end() {
    let mut world = World::new(WORDS);
    let id = world.target.connection.id;
    let outcomes = run_and_wait(&mut world, async |world| world.source.close(id)).await;
    for outcome in outcomes {
        assert_eq!(outcome.expect("candidates").len(), 5);
    }
    world.source.close(id);
    eventually("no session is left", || world.sessions().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_a_session_when_all_is_closed_is_told() {
    let mut world = World::new(WORDS);
    let [ran, waited] = run_and_wait(&mut world, async |world| world.source.close_all().await).await;
    // Depending on who was first: told that the pool is closed, or served by the next one.
    if let Err(error) = waited {
        assert_eq!(error.kind, PortErrorKind::Unavailable);
    }
    assert_eq!(ran.expect("candidates").len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_open_is_told_without_opening_anything() {
    let world = World::new(WORDS);
    let id = world.target.connection.id;
    let usage = || world.source.usage(id);
    assert_eq!(usage(), PoolUsage::default());
    assert!(world.sessions().is_empty());
    let slow = by_scan(&world.table("slow").await, &["needle"], &["title"]);
    assert_eq!(usage(), PoolUsage { active: 0, idle: 1 });
    let (calls, ()) = tokio::join!(
        join_all((0..2).map(|_| world.candidates(&slow))),
        eventually("both are in use", || usage() == PoolUsage { active: 2, idle: 0 }),
    );
    assert_eq!(calls.len(), 2);
    assert_eq!(usage(), PoolUsage { active: 0, idle: 2 });
    world.source.close(id);
    assert_eq!(usage(), PoolUsage::default());
}

#[test]
fn callers_on_other_runtimes_share_the_sessions() {
    let runtime = |builder: &mut tokio::runtime::Builder| builder.enable_all().build().expect("a runtime");
    let home = runtime(tokio::runtime::Builder::new_multi_thread().worker_threads(1));
    let world = home.block_on(async { World::new(WORDS) });
    let before: Vec<_> = (0..3)
        .map(|_| {
            let away = runtime(&mut tokio::runtime::Builder::new_current_thread());
            away.block_on(async {
                let quick = quick(&world).await;
                assert_eq!(world.candidates(&quick).await.len(), 5);
            });
            // The caller's runtime is gone; what it used lives on.
            world.sessions()
        })
        .collect();
    assert_eq!((before[0].len(), &before[1], &before[2]), (1, &before[0], &before[0]));
}
