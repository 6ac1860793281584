//! Databases that exist in memory alone, and a search service over them.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use altus4_connections::{
    ByEngine, ColumnKind, Connection, ConnectionName, ConnectionOptions, ConnectionService, ConnectionStatus,
    DatabaseName, DiscoveredColumn, DiscoveredIndex, DiscoveredTable, Endpoint, Engine, MockConnectionProbe,
    MockConnectionRepository, MockSchemaInspector, SearchDefaults, StoredConnection, Target, Value,
};
use altus4_kernel::{
    AccountId, ConnectionId, Credential, Granted, MockSecretCipher, Permission, PermissionSet, Plan,
    PortError, PortErrorKind, PortResult, Principal, Role, SealedSecret, SessionId, System, Uncounted,
    grants::Search,
    testkit::{FixedClock, InlineBackground, InstantTimer, SequentialIds},
    uuid::Uuid,
};
use altus4_search::{
    Candidate, CandidateRequest, Explained, Expr, Facet, FacetRequest, FullTextIndex, Matching, QueryText,
    Row, RowsRequest, Sample, SampleRequest, SearchAnswer, SearchError, SearchQuery, SearchService, Term,
    TermText, WalkRequest,
};
use async_trait::async_trait;
use futures::executor::block_on;

use crate::OWNER;

/// A database of `articles(id, title, body)` in memory, and how it behaves.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) id: u128,
    pub(crate) rows: Vec<(i64, String, String)>,
    pub(crate) failure: Option<PortErrorKind>,
    pub(crate) hangs: bool,
}

impl Database {
    pub(crate) fn new(id: u128, texts: &[(&str, &str)]) -> Self {
        let rows = (1..).zip(texts).map(|(key, (title, body))| (key, (*title).into(), (*body).into()));
        Self { id, rows: rows.collect(), failure: None, hangs: false }
    }

    pub(crate) fn failing(id: u128, kind: PortErrorKind) -> Self {
        Self { failure: Some(kind), ..Self::new(id, &[("router", "router")]) }
    }
}

/// Answers as a full-text index would: rows that hold any of the words, in the order of their keys.
#[derive(Default)]
pub(crate) struct FakeIndex {
    pub(crate) databases: Vec<Database>,
    pub(crate) candidate_calls: AtomicUsize,
    pub(crate) row_calls: AtomicUsize,
    /// How many calls fail with `Rejected` first.
    pub(crate) stale_calls: AtomicUsize,
    pub(crate) called: Mutex<HashSet<ConnectionId>>,
}

#[async_trait]
impl FullTextIndex for FakeIndex {
    async fn candidates(
        &self,
        target: &Target,
        request: &CandidateRequest,
        _deadline: Duration,
    ) -> PortResult<Vec<Candidate>> {
        self.candidate_calls.fetch_add(1, Ordering::Relaxed);
        self.called.lock().unwrap().insert(target.connection.id);
        let error = |kind| PortError::new(kind, System::DataSource, "fake.candidates");
        let stale = self.stale_calls.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        if stale.is_ok() {
            return Err(error(PortErrorKind::Rejected));
        }
        let database = self.databases.iter().find(|d| id(d.id) == target.connection.id).unwrap();
        if database.hangs {
            std::future::pending::<()>().await;
        }
        if let Some(kind) = database.failure {
            return Err(error(kind));
        }
        let matches = database.rows.iter().filter(|(_, title, body)| {
            let text = format!("{title} {body}").to_lowercase();
            words(&request.matching.expr).iter().any(|word| text.contains(word.as_str()))
        });
        let read = |row: &(i64, String, String)| {
            let value = |name: &str| Value::Text(if name == "title" { row.1.clone() } else { row.2.clone() });
            request.read.iter().map(|column| value(column.column.name())).collect()
        };
        let found = matches.take(request.limit as usize);
        Ok(found
            .map(|row| Candidate { key: vec![Value::Int(row.0)], score: 1.0, values: read(row) })
            .collect())
    }

    async fn rows(&self, target: &Target, request: &RowsRequest, _: Duration) -> PortResult<Vec<Row>> {
        self.row_calls.fetch_add(1, Ordering::Relaxed);
        let database = self.databases.iter().find(|d| id(d.id) == target.connection.id).unwrap();
        let wanted = database.rows.iter().filter(|row| request.keys.contains(&vec![Value::Int(row.0)]));
        Ok(wanted
            .map(|row| Row {
                key: vec![Value::Int(row.0)],
                values: vec![Value::Text(row.1.clone()), Value::Text(row.2.clone())],
            })
            .collect())
    }

    async fn walk(&self, _: &Target, _: &WalkRequest, _: Duration) -> PortResult<Vec<Row>> {
        Ok(Vec::new())
    }

    async fn count(&self, _: &Target, _: &Matching, _: u64, _: Duration) -> PortResult<u64> {
        Ok(0)
    }

    async fn facets(&self, _: &Target, _: &FacetRequest, _: Duration) -> PortResult<Vec<Facet>> {
        Ok(Vec::new())
    }

    async fn sample(&self, _: &Target, _: &SampleRequest, _: Duration) -> PortResult<Sample> {
        Ok(Sample::default())
    }

    async fn explain(&self, _: &Target, _: &CandidateRequest, _: Duration) -> PortResult<Explained> {
        Ok(Explained::default())
    }
}

/// The words of an expression that asks for any of them.
pub(crate) fn words(expr: &Expr) -> Vec<String> {
    let Expr::Any(terms) = expr else { panic!("{expr:?}") };
    let word = |term: &Expr| match term {
        Expr::Term(Term { text: TermText::Word(word), .. }) => word.clone(),
        other => panic!("{other:?}"),
    };
    terms.iter().map(word).collect()
}

pub(crate) fn id(n: u128) -> ConnectionId {
    ConnectionId::from_uuid(Uuid::from_u128(n))
}

pub(crate) fn account(n: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(n))
}

pub(crate) fn stored(n: u128, owner: u128) -> StoredConnection {
    let clock = FixedClock::default();
    let now = altus4_kernel::Clock::now(&clock);
    let connection = Connection {
        id: id(n),
        account_id: account(owner),
        name: ConnectionName::parse("shop").unwrap(),
        engine: Engine::MySql,
        endpoint: Endpoint::File,
        database: DatabaseName::parse("shop").unwrap(),
        options: ConnectionOptions::default(),
        search: SearchDefaults::default(),
        is_active: true,
        status: ConnectionStatus::Connected,
        last_connected: None,
        generation: 1,
        created_at: now,
        updated_at: now,
    };
    StoredConnection { connection, password: SealedSecret("sealed".into()) }
}

pub(crate) fn schema() -> Vec<DiscoveredTable> {
    let column = |name: &str, kind| DiscoveredColumn { name: name.into(), kind, ..Default::default() };
    let text = ColumnKind::Text { max_chars: Some(500) };
    vec![DiscoveredTable {
        name: "articles".into(),
        columns: vec![column("id", ColumnKind::Integer), column("title", text), column("body", text)],
        primary_key: vec!["id".into()],
        full_text_indexes: vec![DiscoveredIndex {
            name: "ft".into(),
            columns: vec!["title".into(), "body".into()],
            ..Default::default()
        }],
        estimated_rows: Some(1_000_000),
        ..Default::default()
    }]
}

pub(crate) struct Bench {
    pub(crate) service: SearchService,
    pub(crate) index: Arc<FakeIndex>,
    pub(crate) inspections: Arc<AtomicUsize>,
}

/// A service in which each database is a connection of its owner.
pub(crate) fn bench(databases: Vec<Database>, timer: InstantTimer, stale_calls: usize) -> Bench {
    let ids: Vec<u128> = databases.iter().map(|database| database.id).collect();
    let mut repository = MockConnectionRepository::new();
    repository.expect_list().returning(move |owner| {
        let own = if owner == account(OWNER) { ids.as_slice() } else { &[] };
        Ok(own.iter().map(|id| stored(*id, OWNER)).collect())
    });
    let mut cipher = MockSecretCipher::new();
    cipher.expect_open().returning(|_, _| Ok("password".into()));
    let inspections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&inspections);
    let mut inspector = MockSchemaInspector::new();
    inspector.expect_inspect().returning(move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(schema())
    });
    let index = Arc::new(FakeIndex { databases, stale_calls: stale_calls.into(), ..FakeIndex::default() });
    let connections = ConnectionService::new(
        Arc::new(repository),
        Arc::new(cipher),
        ByEngine::new(Some(Arc::new(MockConnectionProbe::new())), None),
        ByEngine::new(Some(Arc::new(inspector)), None),
        Arc::new(FixedClock::default()),
        Arc::new(SequentialIds::default()),
    );
    let indexes = ByEngine::new(Some(Arc::clone(&index) as Arc<dyn FullTextIndex>), None);
    let service = SearchService::new(
        connections,
        indexes,
        Arc::new(timer),
        Arc::new(InlineBackground),
        Arc::new(SequentialIds::default()),
    );
    Bench { service, index, inspections }
}

pub(crate) fn over(databases: Vec<Database>) -> Bench {
    bench(databases, InstantTimer::Never, 0)
}

pub(crate) fn granted(owner: u128) -> Granted<Search> {
    let credential = Credential::Session { id: SessionId::from_uuid(Uuid::nil()) };
    let permissions = PermissionSet::of(&[Permission::Search]);
    Principal { account_id: account(owner), role: Role::User, tier: Plan::Free, permissions, credential }
        .require()
        .unwrap()
}

pub(crate) fn query(text: &str) -> SearchQuery {
    SearchQuery::natural(QueryText::parse(text).unwrap())
}

impl Bench {
    pub(crate) fn search(&self, query: SearchQuery) -> Result<SearchAnswer, SearchError> {
        block_on(self.service.search(granted(OWNER), query, &Uncounted))
    }
}
