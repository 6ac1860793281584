//! That nodes hear each other's changes, know when they may have missed some, and are not told that all
//! is well when nobody knows.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use altus4_cache_redis::{ChangeListener, RedisChanges};
use altus4_kernel::{
    AccountId, ApiKeyId, Change, ChangePublisher, ChangeSubscriber, Clock, ConnectionId, PortErrorKind,
    SystemClock, Timestamp, uuid::Uuid,
};
use altus4_test_support::Redis;

use crate::{kind, patient, strict, successor, tell};

/// Remembers what it was told.
#[derive(Default)]
struct Log {
    changes: Mutex<Vec<Change>>,
    confirmed: Mutex<Vec<Timestamp>>,
    gaps: AtomicUsize,
}

impl Log {
    fn changes(&self) -> Vec<Change> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn confirmed(&self) -> Option<Timestamp> {
        self.confirmed.lock().unwrap_or_else(PoisonError::into_inner).last().copied()
    }

    fn gaps(&self) -> usize {
        self.gaps.load(Ordering::Relaxed)
    }

    fn is_confirmed_after(&self, moment: Timestamp) -> bool {
        self.confirmed().is_some_and(|at| at > moment)
    }
}

impl ChangeSubscriber for Log {
    fn on_change(&self, change: Change) {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).push(change);
    }

    fn on_gap(&self) {
        self.gaps.fetch_add(1, Ordering::Relaxed);
    }

    fn on_confirmed(&self, at: Timestamp) {
        self.confirmed.lock().unwrap_or_else(PoisonError::into_inner).push(at);
    }
}

struct Node {
    log: Arc<Log>,
    changes: RedisChanges,
    listener: ChangeListener,
}

/// A node that listens already.
async fn node(redis: &Redis) -> Node {
    let changes = RedisChanges::sharing(&patient(redis).await);
    let log = Arc::<Log>::default();
    let listener = changes.listen(vec![Arc::clone(&log) as _], Arc::new(SystemClock));
    until("it listens", || log.confirmed().is_some()).await;
    Node { log, changes, listener }
}

/// Waits for something to be so; how long that took.
async fn until(what: &str, is_so: impl Fn() -> bool) -> Duration {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(20), "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    started.elapsed()
}

fn key(number: u128) -> Change {
    Change::ApiKey(ApiKeyId::from_uuid(Uuid::from_u128(number)))
}

#[tokio::test]
async fn every_change_is_heard_by_all_nodes_in_order_and_soon() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let account = AccountId::from_uuid(Uuid::from_u128(1));
    let changes = [
        key(1),
        Change::Account(account),
        Change::Connection(account, ConnectionId::from_uuid(Uuid::from_u128(2))),
        key(3),
    ];
    for change in changes {
        here.changes.publish(change).await.expect("publish");
    }
    let took = until("the other node hears them", || there.log.changes() == changes).await;
    assert!(took < Duration::from_secs(2), "it took {took:?}");
    until("a node hears itself", || here.log.changes() == changes).await;
    assert_eq!((here.log.gaps(), there.log.gaps()), (1, 1), "only that of the beginning");
}

#[tokio::test]
async fn listening_begins_with_a_gap_and_is_confirmed_twice_a_second() {
    let redis = Redis::start();
    let before = SystemClock.now();
    let node = node(&redis).await;
    assert_eq!(node.log.gaps(), 1);
    let first = node.log.confirmed().expect("confirmed");
    assert!(first >= before);
    let took = until("the next ones", || node.log.confirmed.lock().expect("not poisoned").len() >= 5).await;
    assert!((Duration::from_millis(1_400)..Duration::from_secs(6)).contains(&took), "four took {took:?}");
    let confirmed = node.log.confirmed.lock().expect("not poisoned").clone();
    assert!(confirmed.is_sorted() && confirmed.iter().all(|at| *at <= SystemClock.now()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_confirmed_has_been_heard() {
    /// Notes what had been heard when it was told that all was.
    #[derive(Default)]
    struct Witness {
        heard: AtomicUsize,
        confirmed: Mutex<Vec<(Timestamp, usize)>>,
    }
    impl ChangeSubscriber for Witness {
        fn on_change(&self, _: Change) {
            self.heard.fetch_add(1, Ordering::Relaxed);
        }
        fn on_confirmed(&self, at: Timestamp) {
            let heard = self.heard.load(Ordering::Relaxed);
            self.confirmed.lock().expect("not poisoned").push((at, heard));
        }
    }
    let redis = Redis::start();
    let changes = RedisChanges::sharing(&patient(&redis).await);
    let witness = Arc::<Witness>::default();
    let _listener = changes.listen(vec![Arc::clone(&witness) as _], Arc::new(SystemClock));
    until("it listens", || !witness.confirmed.lock().expect("not poisoned").is_empty()).await;
    // When each was told.
    let mut told = Vec::new();
    for number in 0..3_000 {
        changes.publish(key(number)).await.expect("publish");
        told.push(SystemClock.now());
    }
    let last = *told.last().expect("told");
    until("a confirmation after the last", || {
        witness.confirmed.lock().expect("not poisoned").last().is_some_and(|(at, _)| *at > last)
    })
    .await;
    for (at, heard) in witness.confirmed.lock().expect("not poisoned").iter() {
        let told_before = told.iter().filter(|told| *told < at).count();
        assert!(*heard >= told_before, "{heard} of {told_before} heard, when {at} was confirmed");
    }
}

#[tokio::test]
async fn with_redis_frozen_nothing_is_confirmed() {
    let redis = Redis::start();
    let node = node(&redis).await;
    redis.freeze();
    let frozen_at = SystemClock.now();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert!(!node.log.is_confirmed_after(frozen_at), "{:?} after {frozen_at}", node.log.confirmed());
    redis.thaw();
    let thawed_at = SystemClock.now();
    until("it is confirmed again", || node.log.is_confirmed_after(thawed_at)).await;
    assert!(node.log.gaps() >= 2, "the connection was given up");
}

#[tokio::test]
async fn with_redis_killed_and_started_again_there_is_a_gap_and_then_changes_are_heard() {
    let mut redis = Redis::start();
    let port = redis.port();
    let node = node(&redis).await;
    let teller = RedisChanges::sharing(&strict(&redis).await);
    redis.stop();
    let stopped_at = SystemClock.now();
    let untold = kind(teller.publish(key(1)).await);
    assert!(matches!(untold, PortErrorKind::Unavailable | PortErrorKind::Timeout), "{untold:?}");
    let _successor = successor(port).await;
    let took = until("it listens again", || node.log.gaps() == 2).await;
    assert!(took < Duration::from_secs(4), "it took {took:?}");
    until("it is confirmed again", || node.log.is_confirmed_after(stopped_at)).await;
    while teller.publish(key(2)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = until("it hears", || node.log.changes() == [key(2)]).await;
    assert!(took < Duration::from_secs(2), "it took {took:?}");
}

#[tokio::test]
async fn a_connection_that_redis_closes_is_a_gap() {
    let redis = Redis::start();
    let node = node(&redis).await;
    assert_eq!(tell(&redis, "CLIENT KILL TYPE pubsub"), ":1");
    let took = until("a gap", || node.log.gaps() == 2).await;
    assert!(took < Duration::from_secs(2), "it took {took:?}");
    node.changes.publish(key(7)).await.expect("publish");
    until("it hears", || node.log.changes() == [key(7)]).await;
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_a_gap() {
    let redis = Redis::start();
    let node = node(&redis).await;
    assert_eq!(tell(&redis, "PUBLISH altus4:changes plan:7"), ":1");
    assert_eq!(tell(&redis, "PUBLISH another:channel plan:7"), ":0");
    until("a gap", || node.log.gaps() == 2).await;
    assert!(node.log.changes().is_empty());
}

#[tokio::test]
async fn a_listener_that_is_dropped_listens_no_more() {
    let redis = Redis::start();
    let node = node(&redis).await;
    let Node { log, changes, listener } = node;
    drop(listener);
    let listeners = || tell(&redis, "PUBLISH altus4:changes plan:7");
    until("nobody listens", || listeners() == ":0").await;
    changes.publish(key(1)).await.expect("publish");
    assert!(log.changes().is_empty());
}
