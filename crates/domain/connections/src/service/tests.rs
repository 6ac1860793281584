//! What becomes of a connection that is changed, and who is called for that.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use altus4_kernel::{
    AuditFilter, AuditLog, Credential, Grant, PageRequest, Permission, PermissionSet, Plan, PortError,
    PortErrorKind, PortResult, Principal, Role, SessionId, System,
    secrecy::ExposeSecret,
    testkit::{FakeSecretCipher, FixedClock, InMemoryAuditLog, SequentialIds, block_on},
    uuid::Uuid,
};
use async_trait::async_trait;
use futures::future::join_all;

use super::*;
use crate::{
    ConnectionChange, ConnectionName, ConnectionStatus, Endpoint, HOST_CONSTRAINT, Host, NewConnection,
    OptionsChange, PoolUsage, ProbeReport, Tls, UserName,
    testkit::{FakeProbe, FixedInspector, InMemoryConnections, sample_connection},
};

/// Refuses the host `forbidden`, doesn't reach `gone`, and notes with which passwords it called.
#[derive(Default)]
struct Servers {
    passwords: Mutex<Vec<String>>,
    closed: AtomicUsize,
    plain: FakeProbe,
}

#[async_trait]
impl ConnectionProbe for Servers {
    async fn probe(&self, target: &Target, deadline: Duration) -> PortResult<ProbeReport> {
        assert!(deadline <= Duration::from_secs(5));
        let password = target.password.expose_secret().to_owned();
        self.passwords.lock().unwrap_or_else(PoisonError::into_inner).push(password);
        let Endpoint::Server { host, .. } = &target.connection.endpoint else {
            return self.plain.probe(target, deadline).await;
        };
        let refused = |kind| PortError::new(kind, System::DataSource, "probe");
        match host.as_str() {
            "forbidden" => Err(refused(PortErrorKind::NotPermitted).with_constraint(HOST_CONSTRAINT)),
            "gone" => Err(refused(PortErrorKind::Unavailable)),
            _ => self.plain.probe(target, deadline).await,
        }
    }

    fn usage(&self, id: ConnectionId) -> PoolUsage {
        self.plain.usage(id)
    }

    fn close(&self, _id: ConnectionId) {
        self.closed.fetch_add(1, Ordering::SeqCst);
    }
}

struct Desk {
    rows: InMemoryConnections,
    audit: InMemoryAuditLog,
    servers: Arc<Servers>,
    clock: FixedClock,
    cipher: Arc<FakeSecretCipher>,
    service: ConnectionService,
}

fn account() -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(1))
}

fn granted<G: Grant>(permission: Permission) -> Granted<G> {
    let credential = Credential::Session { id: SessionId::from_uuid(Uuid::nil()) };
    let permissions = PermissionSet::of(&[permission]);
    let caller =
        Principal { account_id: account(), role: Role::User, tier: Plan::Pro, permissions, credential };
    caller.require().expect("the permission")
}

fn write() -> Granted<DatabaseWrite> {
    granted(Permission::DatabaseWrite)
}

fn host(name: &str) -> ConnectionChange {
    ConnectionChange { host: Host::parse(name), ..ConnectionChange::default() }
}

fn name(name: &str) -> ConnectionChange {
    ConnectionChange { name: ConnectionName::parse(name), ..ConnectionChange::default() }
}

impl Desk {
    fn new() -> Self {
        let audit = InMemoryAuditLog::default();
        let rows = InMemoryConnections::with_audit_log(audit.clone());
        rows.add_account(account(), Plan::Pro);
        let (servers, clock) = (Arc::new(Servers::default()), FixedClock::default());
        let cipher = Arc::new(FakeSecretCipher::default());
        let service = ConnectionService::new(
            Arc::new(rows.clone()),
            cipher.clone(),
            ByEngine::new(Some(servers.clone()), None),
            ByEngine::new(Some(Arc::new(FixedInspector::default())), None),
            Arc::new(clock.clone()),
            Arc::new(SequentialIds::default()),
        );
        Self { rows, audit, servers, clock, cipher, service }
    }

    fn register(&self, name: &str) -> Connection {
        let sample = sample_connection(1, account(), name).connection;
        let new = NewConnection {
            name: sample.name,
            engine: sample.engine,
            endpoint: sample.endpoint,
            database: sample.database,
            password: "first".into(),
            options: sample.options,
            search: sample.search,
            is_active: true,
        };
        block_on(self.service.register(write(), new, &Origin::default())).expect("register")
    }

    fn update(&self, id: ConnectionId, change: ConnectionChange) -> Result<Connection, ConnectionError> {
        block_on(self.service.update(write(), id, change, &Origin::default()))
    }

    fn stored(&self, id: ConnectionId) -> StoredConnection {
        block_on(self.rows.find(account(), id)).expect("find").expect("it is there")
    }

    /// With which passwords servers were called since the last time.
    fn called(&self) -> Vec<String> {
        std::mem::take(&mut *self.servers.passwords.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many pools were closed since the last time.
    fn closed(&self) -> usize {
        self.servers.closed.swap(0, Ordering::SeqCst)
    }

    fn actions(&self) -> Vec<AuditAction> {
        let kept = block_on(self.audit.list(&AuditFilter::default(), PageRequest::default()));
        kept.expect("list").items.iter().map(|event| event.action).collect()
    }
}

#[test]
fn a_change_is_called_once_stored_and_told() {
    let desk = Desk::new();
    let first = desk.register("main");
    let searched = || block_on(desk.service.searchable(granted(Permission::Search), &[])).expect("targets");
    assert_eq!(searched()[0].password.expose_secret(), "first");
    desk.called();
    desk.closed();
    desk.clock.advance(Duration::from_secs(1));

    let moved = desk.update(first.id, host("gone")).expect("update");
    assert_eq!((moved.status, moved.generation), (ConnectionStatus::Error, 2));
    assert_eq!(moved.last_connected, first.last_connected);
    assert_eq!(desk.stored(first.id).connection, moved);
    assert_eq!((desk.called(), desk.closed()), (vec!["first".to_owned()], 1));
    assert_eq!(searched()[0].connection, moved, "searches know at once");

    let change = ConnectionChange { password: Some("second".into()), ..host("db.example.com") };
    let again = desk.update(first.id, change).expect("update");
    assert_eq!((again.status, again.generation), (ConnectionStatus::Connected, 3));
    assert_eq!(again.last_connected, Some(desk.clock.now()));
    assert_eq!(desk.called(), ["second"]);
    assert_eq!(searched()[0].password.expose_secret(), "second");
    let updated = AuditAction::ConnectionUpdated;
    assert_eq!(desk.actions(), [updated, updated, AuditAction::ConnectionCreated]);
}

#[test]
fn what_changes_nothing_is_called_and_leaves_no_trace() {
    let desk = Desk::new();
    let first = desk.register("main");
    desk.closed();
    desk.clock.advance(Duration::from_secs(1));
    for change in [ConnectionChange::default(), host("DB.example.com"), name("main")] {
        let same = desk.update(first.id, change).expect("update");
        assert_eq!(same, Connection { last_connected: Some(desk.clock.now()), ..first.clone() });
    }
    assert_eq!(desk.stored(first.id).connection.last_connected, Some(desk.clock.now()));
    assert_eq!((desk.actions(), desk.closed()), (vec![AuditAction::ConnectionCreated], 0));
}

#[test]
fn what_is_refused_changes_nothing() {
    let desk = Desk::new();
    let first = desk.register("main");
    desk.register("other");
    let before = desk.stored(first.id);
    desk.closed();
    assert!(matches!(desk.update(first.id, host("forbidden")), Err(ConnectionError::HostNotAllowed)));
    assert!(matches!(desk.update(first.id, name("OTHER")), Err(ConnectionError::NameTaken)));
    let unknown = ConnectionId::from_uuid(Uuid::from_u128(999));
    assert!(matches!(desk.update(unknown, name("x")), Err(ConnectionError::NotFound(id)) if id == unknown));
    assert_eq!((desk.stored(first.id), desk.closed()), (before, 0));
    assert_eq!(desk.actions(), [AuditAction::ConnectionCreated; 2]);
}

#[test]
fn a_password_that_is_not_sent_stays_sealed_as_it_is() {
    let desk = Desk::new();
    let first = desk.register("main");
    // Sealed under a key that this node doesn't have.
    let elsewhere = FakeSecretCipher::with_keys(&["elsewhere"]);
    let sealed = elsewhere.seal(&"first".into(), &first.password_binding()).expect("seal");
    let event = altus4_kernel::testkit::sample_event(77, account());
    let next = Connection { updated_at: first.updated_at + Duration::from_millis(1), ..first.clone() };
    assert!(block_on(desk.rows.replace(&first, &next, Some(sealed.clone()), &event)).expect("replace"));

    let changed = desk.update(first.id, host("other.example.com")).expect("update");
    assert_eq!(changed.status, ConnectionStatus::Error, "it can't be called");
    assert_eq!(desk.stored(first.id).password, sealed);
    let change = ConnectionChange { password: Some("new".into()), ..ConnectionChange::default() };
    assert_eq!(desk.update(first.id, change).expect("update").status, ConnectionStatus::Connected);
    let stored = desk.stored(first.id);
    let opened = desk.cipher.open(&stored.password, &first.password_binding()).expect("open");
    assert_eq!(opened.expose_secret(), "new");
}

#[test]
fn changes_at_once_all_hold() {
    let desk = Desk::new();
    let id = desk.register("main").id;
    let plain = ConnectionChange::default;
    let changes = [
        name("other"),
        host("other.example.com"),
        ConnectionChange { port: Some(3307), ..plain() },
        ConnectionChange { username: UserName::parse("other"), ..plain() },
        ConnectionChange { is_active: Some(false), ..plain() },
        ConnectionChange { default_tables: Some(vec!["t".into()]), ..plain() },
        ConnectionChange { options: OptionsChange::new(Some(7), None).expect("in bounds"), ..plain() },
        ConnectionChange { password: Some("second".into()), ..plain() },
    ];
    let origin = Origin::default();
    let all = changes.map(|change| desk.service.update(write(), id, change, &origin));
    for outcome in block_on(join_all(all)) {
        outcome.expect("update");
    }
    let stored = desk.stored(id);
    let now = &stored.connection;
    let expected = Endpoint::Server {
        host: Host::parse("other.example.com").expect("a host"),
        port: 3307,
        username: UserName::parse("other").expect("a user"),
        tls: Tls::Disabled,
    };
    assert_eq!((now.name.as_str(), &now.endpoint, now.is_active), ("other", &expected, false));
    assert_eq!((now.options.connection_limit(), &*now.search.tables), (7, &["t".to_owned()][..]));
    assert_eq!(now.generation, 6);
    let opened = desk.cipher.open(&stored.password, &now.password_binding()).expect("open");
    assert_eq!(opened.expose_secret(), "second");
}

#[test]
fn the_status_of_all_is_told_and_noted_where_it_is_another() {
    let desk = Desk::new();
    let ids = ["a", "b", "c"].map(|name| desk.register(name).id);
    desk.update(ids[1], host("gone")).expect("update");
    desk.update(ids[2], ConnectionChange { is_active: Some(false), ..ConnectionChange::default() })
        .expect("update");
    block_on(desk.rows.note_status(account(), ids[0], ConnectionStatus::Error, None)).expect("note");
    let told = block_on(desk.service.statuses(granted(Permission::DatabaseRead))).expect("statuses");
    let told: std::collections::BTreeMap<_, _> =
        told.into_iter().map(|(id, up)| (id.as_uuid(), up)).collect();
    assert_eq!(
        told,
        [(ids[0], true), (ids[1], false), (ids[2], true)].map(|(id, up)| (id.as_uuid(), up)).into()
    );
    assert_eq!(desk.stored(ids[0]).connection.status, ConnectionStatus::Connected);
    let one = block_on(desk.service.status(granted(Permission::DatabaseRead), ids[1])).expect("status");
    assert!(one.outcome.is_err());
    assert_eq!(one.usage, PoolUsage { active: 1, idle: 2 });
}
