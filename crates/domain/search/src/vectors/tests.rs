//! Building and following, on tables in memory.

mod sample;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use altus4_connections::{
    ByEngine, ColumnKind, ConnectionError, ConnectionRepository as _, ConnectionService, DiscoveredColumn,
    DiscoveredTable, SearchDefaults, StoredConnection, Value,
    testkit::{FakeProbe, FixedInspector, InMemoryConnections, sample_connection},
};
use altus4_kernel::{
    AccountId, AuditAction, ChangeFeed, ConnectionId, Credential, Granted, Origin, Permission, PermissionSet,
    Plan, PortError, PortErrorKind, PortResult, Principal, Role, SealedSecret, SecretCipher as _, SessionId,
    System,
    grants::{DatabaseRead, DatabaseWrite},
    secrecy::SecretString,
    testkit::{
        FakeSecretCipher, FixedClock, InMemoryAuditLog, InstantTimer, SequentialIds, block_on, sample_event,
    },
    uuid::Uuid,
};
use async_trait::async_trait;
use futures::{FutureExt, pin_mut};

use self::sample::{account, articles, reader, row, rows, writer};
use super::*;
use crate::{
    EmbedRequest, Embedded, Embedder, Embedders, EmbeddingModel, VectorCatalog, VectorIndex,
    testkit::{InMemoryEmbedder, InMemoryIndex, InMemoryVectorIndex, InMemoryVectorRecords},
};

const OWNER: u128 = 1;
const PLACE: Uuid = Uuid::from_u128(0xF0);

/// An embedder that gives up after so many calls.
struct Tired {
    inner: Arc<InMemoryEmbedder>,
    calls_left: AtomicUsize,
}

#[async_trait]
impl Embedder for Tired {
    fn model(&self) -> EmbeddingModel {
        self.inner.model()
    }

    async fn embed(&self, request: EmbedRequest, deadline: Duration) -> PortResult<Embedded> {
        let left = self.calls_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        if left.is_err() {
            return Err(PortError::new(PortErrorKind::RateLimited, System::Ai, "embedder.embed"));
        }
        self.inner.embed(request, deadline).await
    }
}

/// A service over one connection to a table of articles.
struct Desk {
    ports: VectorPorts,
    settings: VectorSettings,
    clock: FixedClock,
    connections: InMemoryConnections,
    index: Arc<InMemoryIndex>,
    vectors: InMemoryVectorIndex,
    records: InMemoryVectorRecords,
    audit: InMemoryAuditLog,
    catalog: KeptVectorCatalog,
    stored: StoredConnection,
}

impl Desk {
    fn new(embedders: Embedders) -> Self {
        let (clock, audit) = (FixedClock::default(), InMemoryAuditLog::default());
        let cipher = Arc::new(FakeSecretCipher::default());
        let connections = InMemoryConnections::default();
        connections.add_account(account(OWNER), Plan::Pro);
        let sample = sample_connection(7, account(OWNER), "main");
        let binding = sample.connection.password_binding();
        let password: SealedSecret = cipher.seal(&SecretString::from("secret"), &binding).unwrap();
        let stored = StoredConnection { password, ..sample };
        block_on(connections.insert(&stored, None, &sample_event(1, account(OWNER)))).unwrap();
        let (index, vectors) = (Arc::new(InMemoryIndex::default()), InMemoryVectorIndex::default());
        let records = InMemoryVectorRecords::with_audit_log(audit.clone());
        let ids = Arc::new(SequentialIds::default());
        let service = ConnectionService::new(
            Arc::new(connections.clone()),
            cipher,
            ByEngine::new(Some(Arc::new(FakeProbe::default())), None),
            ByEngine::new(Some(Arc::new(FixedInspector::new(vec![articles()]))), None),
            Arc::new(clock.clone()),
            ids.clone(),
        );
        let catalog = KeptVectorCatalog::new(Arc::new(records.clone()), Arc::new(clock.clone()), PLACE);
        let changes =
            ChangeFeed::new(vec![Arc::new(service.clone()) as _, Arc::new(catalog.clone()) as _], None);
        let ports = VectorPorts {
            connections: service,
            indexes: ByEngine::new(Some(index.clone()), None),
            vectors: Arc::new(vectors.clone()),
            place: PLACE,
            embedders,
            records: Arc::new(records.clone()),
            changes,
            clock: Arc::new(clock.clone()),
            ids,
            timer: Arc::new(InstantTimer::Never),
        };
        let settings = VectorSettings::default();
        let desk =
            Self { ports, settings, clock, connections, index, vectors, records, audit, catalog, stored };
        desk.put(rows(600));
        desk
    }

    fn local() -> (Self, Arc<InMemoryEmbedder>) {
        let local = Arc::new(InMemoryEmbedder::default());
        (Self::new(Embedders { local: Some(local.clone()), external: None }), local)
    }

    fn id(&self) -> ConnectionId {
        self.stored.connection.id
    }

    fn service(&self) -> VectorService {
        VectorService::new(self.ports.clone(), self.settings).0
    }

    /// What is in the table from now on.
    fn put(&self, rows: Vec<Vec<Value>>) {
        self.index.add(self.id(), articles(), rows);
    }

    fn allow_external(&mut self, allowed: bool) {
        let before = self.stored.connection.clone();
        let mut after = before.clone();
        after.search = SearchDefaults { allow_external_ai: allowed, ..after.search };
        after.updated_at = after.updated_at + Duration::from_secs(1);
        let number = after.updated_at.unix_millis().unsigned_abs();
        let event = sample_event(number.into(), account(OWNER));
        assert!(block_on(self.connections.replace(&before, &after, None, &event)).unwrap());
        self.stored.connection = after;
        self.clock.advance(Duration::from_mins(2));
    }

    fn create(&self, columns: &[&str], updated: Option<&str>) -> Result<VectorIndexRecord, VectorError> {
        let new = NewVectorIndex {
            table: "articles".to_owned(),
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            key_column: None,
            updated_column: updated.map(str::to_owned),
        };
        let origin = Origin::local(Uuid::nil());
        block_on(self.service().create(writer(OWNER), self.id(), &new, &origin))
    }

    /// Lets a node do what is due, and moves the clock on to when more is.
    fn work(&self) {
        let (_service, worker) = VectorService::new(self.ports.clone(), self.settings);
        let run = worker.run();
        pin_mut!(run);
        assert!(run.now_or_never().is_none(), "it goes on");
        self.clock.advance(self.settings.interval);
    }

    fn record(&self, record: &VectorIndexRecord) -> VectorIndexRecord {
        block_on(self.service().get(reader(OWNER), self.id(), record.id)).unwrap()
    }

    fn size(&self, record: &VectorIndexRecord) -> u64 {
        block_on(self.vectors.size(record.id)).unwrap()
    }

    fn is_ready(&self) -> bool {
        !block_on(self.catalog.ready(self.id())).unwrap().is_empty()
    }
}

#[test]
fn a_table_is_built_and_then_searched() {
    let (desk, local) = Desk::local();
    let asked = desk.create(&["body", "title"], None).unwrap();
    assert_eq!((asked.state, asked.percent()), (VectorState::Building, Some(0)));
    assert_eq!(asked.spec.columns, ["title", "body"]);
    assert!(!desk.is_ready());
    desk.work();
    let built = desk.record(&asked);
    assert_eq!((built.state, built.percent(), built.error.clone()), (VectorState::Ready, Some(100), None));
    assert_eq!((built.progress.rows_done, desk.size(&asked)), (600, 600));
    assert_eq!(local.seen().len(), 600);
    assert_eq!(local.seen()[0], "A title\nbody number 1");
    let ready = block_on(desk.catalog.ready(desk.id())).unwrap();
    assert_eq!((ready[0].collection, &*ready[0].model), (asked.id, "memory"));
    assert_eq!(ready[0].columns, ["title", "body"]);
    assert_eq!(desk.audit.actions(), [AuditAction::VectorIndexCreated]);
}

#[test]
fn what_is_changed_is_embedded_and_nothing_else() {
    let (desk, local) = Desk::local();
    let asked = desk.create(&["body"], None).unwrap();
    desk.work();
    let mut changed = rows(600);
    changed[4] = row(5, "another body", 1);
    changed[5] = row(6, "", 1);
    changed.remove(0);
    changed.push(row(601, "a new one", 1));
    changed.push(row(602, "a new one", 1));
    desk.put(changed);
    desk.work();
    assert_eq!(local.seen()[600..], ["another body", "a new one"]);
    let followed = desk.record(&asked);
    assert_eq!((followed.progress.rows_done, desk.size(&asked)), (600, 600));
    assert!(followed.last_followed_at > followed.built_at);
    desk.put(rows(3));
    desk.work();
    assert_eq!(desk.size(&asked), 3);
    desk.work();
    assert_eq!(local.seen()[602..], ["body number 1"]);
}

#[test]
fn by_the_column_that_moves_only_later_rows_are_read_but_for_a_pass_now_and_then() {
    let (desk, local) = Desk::local();
    let asked = desk.create(&["body"], Some("version")).unwrap();
    for _ in 0..3 {
        desk.work();
    }
    let mut changed = rows(600);
    changed[4] = row(5, "moved", 2);
    changed[5] = row(6, "not moved", 0);
    changed.remove(9);
    desk.put(changed);
    desk.work();
    assert_eq!(local.seen()[600..], ["moved"]);
    assert_eq!(desk.size(&asked), 599);
    for _ in 0..20 {
        desk.work();
    }
    assert_eq!(local.seen()[601..], ["not moved"]);
}

#[test]
fn what_was_interrupted_is_gone_on_with() {
    let inner = Arc::new(InMemoryEmbedder::default());
    let tired = Arc::new(Tired { inner: inner.clone(), calls_left: AtomicUsize::new(6) });
    let desk = Desk::new(Embedders { local: Some(tired.clone()), external: None });
    let asked = desk.create(&["body"], None).unwrap();
    desk.work();
    let halted = desk.record(&asked);
    assert_eq!((halted.state, halted.progress.rows_done), (VectorState::Building, 256));
    assert_eq!(halted.error.as_deref(), Some("The provider of embeddings asks to be called less often"));
    assert!(!desk.is_ready());
    tired.calls_left.store(100, Ordering::Relaxed);
    desk.work();
    assert_eq!(inner.seen().len(), 384, "it waits longer after a failure");
    desk.work();
    assert_eq!(desk.record(&asked).state, VectorState::Ready);
    assert_eq!((inner.seen().len(), desk.size(&asked)), (600, 600), "nothing is embedded twice");
}

#[test]
fn rows_are_sent_outside_only_while_that_is_allowed() {
    let (local, outside) = (Arc::new(InMemoryEmbedder::default()), Arc::new(InMemoryEmbedder::external()));
    let mut desk = Desk::new(Embedders { local: Some(local.clone()), external: Some(outside.clone()) });
    let asked = desk.create(&["body"], None).unwrap();
    desk.work();
    assert_eq!((local.seen().len(), outside.seen().len()), (600, 0));
    desk.allow_external(true);
    desk.work();
    let anew = desk.record(&asked);
    assert_eq!((anew.state, anew.model.as_deref()), (VectorState::Building, Some("outside")));
    assert!(!desk.is_ready());
    desk.work();
    let rebuilt = desk.record(&asked);
    assert_eq!((rebuilt.state, rebuilt.progress.tokens_used), (VectorState::Ready, 1_800));
    assert_eq!((local.seen().len(), outside.seen().len()), (600, 600));
    desk.allow_external(false);
    desk.put(rows(610));
    desk.work();
    desk.work();
    assert_eq!(desk.record(&asked).model.as_deref(), Some("memory"));
    assert_eq!((local.seen().len(), outside.seen().len()), (1_210, 600));
}

#[test]
fn without_a_model_nothing_is_begun_and_what_was_begun_waits() {
    let outside = Arc::new(InMemoryEmbedder::external());
    let mut desk = Desk::new(Embedders { local: None, external: Some(outside.clone()) });
    assert!(matches!(desk.create(&["body"], None), Err(VectorError::NoModel)));
    desk.allow_external(true);
    let asked = desk.create(&["body"], None).unwrap();
    desk.allow_external(false);
    desk.work();
    let paused = desk.record(&asked);
    assert_eq!((paused.state, outside.seen().len()), (VectorState::Paused, 0));
    assert!(paused.error.is_some_and(|why| why.starts_with("No model makes embeddings")));
    desk.allow_external(true);
    desk.work();
    assert_eq!(desk.record(&asked).state, VectorState::Ready);
}

#[test]
fn what_is_removed_is_forgotten_with_its_vectors() {
    let (desk, _) = Desk::local();
    let [first, second] = [&["body"], &["title"]].map(|columns| desk.create(columns, None).unwrap());
    desk.work();
    assert_eq!((desk.size(&first), desk.size(&second)), (600, 600));
    let origin = Origin::local(Uuid::nil());
    block_on(desk.service().remove(writer(OWNER), desk.id(), first.id, &origin)).unwrap();
    assert_eq!(block_on(desk.catalog.ready(desk.id())).unwrap().len(), 1);
    let again = block_on(desk.service().remove(writer(OWNER), desk.id(), first.id, &origin));
    assert!(matches!(again, Err(VectorError::NoSuchIndex(id)) if id == first.id));
    desk.work();
    assert_eq!((desk.size(&first), desk.size(&second)), (0, 600));
    desk.records.lose(desk.id());
    desk.work();
    assert_eq!(desk.size(&second), 0);
}

#[test]
fn what_there_cannot_be_is_refused() {
    let (desk, _) = Desk::local();
    let unfit = desk.create(&["id", "nothing"], Some("body")).expect_err("unfit");
    assert!(matches!(unfit, VectorError::Unfit(faults) if faults.len() == 3));
    desk.create(&["body", "title"], None).unwrap();
    assert!(matches!(desk.create(&["title", "body"], Some("version")), Err(VectorError::Exists)));
    let foreign = block_on(desk.service().list(reader(2), desk.id())).expect_err("another account");
    assert!(matches!(foreign, VectorError::Connection(ConnectionError::NotFound(_))));
    let foreign = block_on(desk.service().require(writer(2), desk.id())).expect_err("another account");
    assert!(matches!(foreign, VectorError::Connection(ConnectionError::NotFound(_))));
}

#[test]
fn a_table_has_an_end_or_is_given_up() {
    let (mut desk, local) = Desk::local();
    desk.settings.max_rows = 300;
    let asked = desk.create(&["body"], None).unwrap();
    desk.work();
    let failed = desk.record(&asked);
    assert_eq!((failed.state, local.seen().len()), (VectorState::Failed, 512));
    assert_eq!(failed.error.as_deref(), Some("The table has more than 300 rows"));
}

#[test]
fn what_is_kept_elsewhere_is_neither_searched_nor_gone_on_with() {
    let (desk, local) = Desk::local();
    let asked = desk.create(&["body"], None).unwrap();
    desk.work();
    let elsewhere = Uuid::from_u128(0xF1);
    let catalog = KeptVectorCatalog::new(desk.ports.records.clone(), desk.ports.clock.clone(), elsewhere);
    assert!(block_on(catalog.ready(desk.id())).unwrap().is_empty());
    desk.put(rows(700));
    let other = Desk { ports: VectorPorts { place: elsewhere, ..desk.ports.clone() }, ..desk };
    other.work();
    assert_eq!((other.record(&asked).progress.rows_done, local.seen().len()), (600, 600));
}
