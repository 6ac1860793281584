//! How often the store is asked for targets, how old they may be, and what is closed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use altus4_kernel::{
    AccountId, ApiKeyId, AuditEvent, Change, ChangeSubscriber, Clock, ConnectionId, Plan, PortError,
    PortErrorKind, PortResult, SealedSecret, SecretCipher, System, Timestamp,
    secrecy::ExposeSecret,
    testkit::{FakeSecretCipher, FixedClock, block_on, sample_event},
    uuid::Uuid,
};
use async_trait::async_trait;
use futures::future::join_all;

use super::*;
use crate::{
    Connection, ConnectionRepository, ConnectionStatus, StoredConnection,
    testkit::{FakeProbe, InMemoryConnections, sample_connection},
};

/// A store that counts how often it is asked for lists, and can be gone.
#[derive(Default)]
struct Store {
    rows: InMemoryConnections,
    lists: AtomicUsize,
    is_gone: AtomicBool,
}

#[async_trait]
impl ConnectionRepository for Store {
    async fn insert(
        &self,
        stored: &StoredConnection,
        limit: Option<u32>,
        event: &AuditEvent,
    ) -> PortResult<()> {
        self.rows.insert(stored, limit, event).await
    }

    async fn list(&self, account_id: AccountId) -> PortResult<Vec<StoredConnection>> {
        self.lists.fetch_add(1, Ordering::SeqCst);
        if self.is_gone.load(Ordering::SeqCst) {
            return Err(PortError::new(PortErrorKind::Unavailable, System::Store, "connections.list"));
        }
        let found = self.rows.list(account_id).await;
        yield_once().await;
        found
    }

    async fn find(&self, account_id: AccountId, id: ConnectionId) -> PortResult<Option<StoredConnection>> {
        self.rows.find(account_id, id).await
    }

    async fn note_status(
        &self,
        account_id: AccountId,
        id: ConnectionId,
        status: ConnectionStatus,
        last_connected: Option<Timestamp>,
    ) -> PortResult<()> {
        self.rows.note_status(account_id, id, status, last_connected).await
    }

    async fn replace(
        &self,
        before: &Connection,
        after: &Connection,
        password: Option<SealedSecret>,
        event: &AuditEvent,
    ) -> PortResult<bool> {
        self.rows.replace(before, after, password, event).await
    }

    async fn remove(&self, account_id: AccountId, id: ConnectionId, event: &AuditEvent) -> PortResult<bool> {
        ConnectionRepository::remove(&self.rows, account_id, id, event).await
    }

    async fn plan_of(&self, account_id: AccountId) -> PortResult<Option<Plan>> {
        self.rows.plan_of(account_id).await
    }
}

/// Lets others go on, once.
async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

struct Desk {
    store: Arc<Store>,
    cipher: Arc<FakeSecretCipher>,
    probe: Arc<FakeProbe>,
    clock: FixedClock,
    targets: Targets,
}

fn account() -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(1))
}

fn id(number: u128) -> ConnectionId {
    ConnectionId::from_uuid(Uuid::from_u128(number))
}

impl Desk {
    /// With connections 1 and 2.
    fn new() -> Self {
        let (store, clock) = (Arc::new(Store::default()), FixedClock::default());
        let (cipher, probe) = (Arc::new(FakeSecretCipher::default()), Arc::new(FakeProbe::default()));
        let shared_clock: Arc<dyn Clock> = Arc::new(clock.clone());
        let targets = Targets::new(
            store.clone(),
            cipher.clone(),
            ByEngine::new(Some(probe.clone()), None),
            Arc::new(SchemaCatalog::new(Arc::clone(&shared_clock), Duration::from_mins(5))),
            shared_clock,
        );
        store.rows.add_account(account(), Plan::Pro);
        let desk = Self { store, cipher, probe, clock, targets };
        desk.add(1);
        desk.add(2);
        desk
    }

    fn add(&self, number: u128) {
        let sample = sample_connection(number, account(), &format!("connection {number}")).connection;
        let password = format!("password {number}").into();
        let password = self.cipher.seal(&password, &sample.password_binding()).expect("seal");
        let stored = StoredConnection { connection: sample, password };
        block_on(self.store.insert(&stored, None, &sample_event(number, account()))).expect("insert");
    }

    /// Raises the connection's generation, as a change elsewhere does.
    fn change(&self, number: u128) {
        let before = block_on(self.store.find(account(), id(number))).expect("find").expect("it is there");
        let before = before.connection;
        let after = Connection {
            generation: before.generation + 1,
            updated_at: before.updated_at + Duration::from_millis(1),
            ..before.clone()
        };
        let event = sample_event(100 * u128::from(after.generation) + number, account());
        assert!(block_on(self.store.replace(&before, &after, None, &event)).expect("replace"));
    }

    fn remove(&self, number: u128) {
        let event = sample_event(1_000 + number, account());
        assert!(block_on(self.store.remove(account(), id(number), &event)).expect("remove"));
    }

    /// The numbers of the connections that searches see, each with its generation.
    fn seen(&self) -> Vec<(u128, u32)> {
        let known = block_on(self.targets.of(account(), &[])).expect("targets");
        let target = |id| known.target(id).expect("it opens").expect("it is there").connection;
        known.active().map(target).map(|c| (c.id.as_uuid().as_u128(), c.generation)).collect()
    }

    fn asked(&self) -> usize {
        self.store.lists.swap(0, Ordering::SeqCst)
    }

    fn later(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
    }
}

#[test]
fn the_store_is_asked_once_and_passwords_are_opened() {
    let desk = Desk::new();
    for _ in 0..5 {
        assert_eq!(desk.seen(), [(1, 1), (2, 1)]);
        let known = block_on(desk.targets.of(account(), &[id(2)])).expect("targets");
        let target = known.target(id(2)).expect("it opens").expect("it is there");
        assert_eq!(target.password.expose_secret(), "password 2");
        assert!(known.target(id(3)).expect("no error").is_none());
    }
    assert_eq!(desk.asked(), 1);
}

#[test]
fn a_copy_that_nothing_vouches_for_serves_two_seconds_and_a_confirmed_one_a_minute() {
    let desk = Desk::new();
    desk.seen();
    desk.change(1);
    desk.later(2_000);
    assert_eq!(desk.seen(), [(1, 1), (2, 1)]);
    desk.later(1);
    assert_eq!(desk.seen(), [(1, 2), (2, 1)]);
    assert_eq!(desk.asked(), 2);
    for _ in 0..120 {
        desk.targets.on_confirmed(desk.clock.now());
        desk.seen();
        desk.later(500);
    }
    assert_eq!(desk.asked(), 0);
    desk.later(1);
    desk.targets.on_confirmed(desk.clock.now());
    desk.seen();
    assert_eq!(desk.asked(), 1);
}

#[test]
fn a_change_that_is_told_holds_at_once_and_closes_what_is_open() {
    let desk = Desk::new();
    desk.targets.on_confirmed(desk.clock.now());
    desk.seen();
    desk.change(1);
    desk.targets.on_change(Change::Connection(account(), id(1)));
    assert_eq!(desk.probe.closed(), [id(1)]);
    assert_eq!(desk.seen(), [(1, 2), (2, 1)]);
    desk.remove(2);
    desk.targets.on_change(Change::Connection(account(), id(2)));
    assert_eq!(desk.seen(), [(1, 2)]);
    desk.targets.on_change(Change::ApiKey(ApiKeyId::from_uuid(Uuid::from_u128(1))));
    desk.seen();
    assert_eq!(desk.asked(), 3);
}

#[test]
fn what_turns_out_changed_or_gone_is_closed_too() {
    let desk = Desk::new();
    desk.add(3);
    desk.seen();
    desk.change(1);
    desk.remove(2);
    desk.later(2_001);
    assert_eq!(desk.seen(), [(1, 2), (3, 1)]);
    assert_eq!(desk.probe.closed(), [id(1), id(2)]);
    // Also after a gap, in which anything may have been told.
    desk.change(3);
    desk.targets.on_gap();
    assert_eq!(desk.seen(), [(1, 2), (3, 2)]);
    assert_eq!(desk.probe.closed(), [id(1), id(2), id(3)]);
}

#[test]
fn an_account_that_is_changed_has_everything_closed() {
    let desk = Desk::new();
    desk.seen();
    desk.targets.on_change(Change::Account(account()));
    assert_eq!(desk.probe.closed(), [id(1), id(2)]);
    desk.seen();
    assert_eq!(desk.asked(), 2);
    desk.targets.on_change(Change::Account(AccountId::from_uuid(Uuid::from_u128(2))));
    desk.seen();
    assert_eq!(desk.asked(), 0, "another account is another matter");
}

#[test]
fn a_look_up_under_way_while_a_change_is_told_is_not_kept() {
    let desk = Desk::new();
    let asking = desk.targets.of(account(), &[]);
    let changing = async {
        desk.change(1);
        desk.targets.on_change(Change::Connection(account(), id(1)));
    };
    let (asked, ()) = block_on(futures::future::join(asking, changing));
    let target = asked.expect("targets").target(id(1)).expect("it opens").expect("it is there");
    assert_eq!(target.connection.generation, 1, "it was asked before");
    assert_eq!(desk.seen(), [(1, 2), (2, 1)]);
}

#[test]
fn callers_at_once_cost_one_look_up() {
    let desk = Desk::new();
    let all = block_on(join_all((0..20).map(|_| desk.targets.of(account(), &[]))));
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(desk.asked(), 1);
}

#[test]
fn a_connection_registered_elsewhere_is_found_by_its_id_at_once() {
    let desk = Desk::new();
    desk.seen();
    desk.add(3);
    assert_eq!(desk.seen(), [(1, 1), (2, 1)]);
    desk.later(1);
    let known = block_on(desk.targets.of(account(), &[id(3)])).expect("targets");
    assert!(known.target(id(3)).expect("it opens").is_some());
    assert_eq!(desk.asked(), 2);
}

#[test]
fn while_the_store_is_gone_a_copy_serves_a_minute() {
    let desk = Desk::new();
    desk.seen();
    desk.store.is_gone.store(true, Ordering::SeqCst);
    desk.later(60_000);
    assert_eq!(desk.seen(), [(1, 1), (2, 1)]);
    desk.later(1);
    assert!(block_on(desk.targets.of(account(), &[])).is_err());
    // But never one of which it was told that it is old.
    desk.store.is_gone.store(false, Ordering::SeqCst);
    desk.seen();
    desk.store.is_gone.store(true, Ordering::SeqCst);
    desk.targets.on_change(Change::Connection(account(), id(1)));
    assert!(block_on(desk.targets.of(account(), &[])).is_err());
}

#[test]
fn a_password_that_cannot_be_opened_fails_its_connection_alone() {
    let desk = Desk::new();
    let sample = sample_connection(3, account(), "sealed elsewhere");
    block_on(desk.store.insert(&sample, None, &sample_event(3, account()))).expect("insert");
    let known = block_on(desk.targets.of(account(), &[id(1), id(3)])).expect("targets");
    assert!(known.target(id(3)).is_err());
    assert!(known.target(id(1)).is_ok_and(|target| target.is_some()));
}
