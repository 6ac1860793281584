//! A whole service in memory, and a client of it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_web::{
    body::MessageBody,
    http::{Method, StatusCode, header::HeaderMap},
    test::{TestRequest, init_service},
    web::{Bytes, Data},
};
use altus4_api_keys::{
    ApiKeyService,
    testkit::{FakeKeyDigester, InMemoryApiKeys},
};
use altus4_connections::{
    ByEngine, ColumnKind, ConnectionProbe, ConnectionService, DiscoveredColumn, DiscoveredIndex,
    DiscoveredTable, SchemaInspector, Target, Value as Cell,
    testkit::{FakeProbe, FakeSecretCipher, FixedInspector, InMemoryConnections},
};
use altus4_kernel::{
    AccountId, Plan, PortError, PortErrorKind, PortResult, RandomSource, Role, System,
    testkit::{FixedClock, InMemoryAuditLog, InstantTimer, SequentialIds},
};
use altus4_search::{Candidate, CandidateRequest, FullTextIndex, Row, RowsRequest, SearchService};
use altus4_users::{
    AdministrationService, AttemptGuard, AttemptLimits, UserPorts, UserService, UserSettings,
    testkit::{FakePasswordHasher, FakeTokenIssuer, InMemoryAttemptLimiter, InMemoryUsers},
};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::{
    HealthCheck, HttpConfig, Services,
    app::app,
    routes::{self, Route},
    state::State,
};

pub(super) const PASSWORD: &str = "correct horse battery";

/// One service of its own for each test.
pub(super) struct World {
    pub(super) state: Data<State>,
    pub(super) services: Services,
    pub(super) clock: FixedClock,
    pub(super) index: Arc<FakeIndex>,
    pub(super) health: Arc<FakeCheck>,
    pub(super) cache: Arc<FakeCheck>,
    keys: InMemoryApiKeys,
    connections: InMemoryConnections,
    registered: AtomicU8,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(HttpConfig::default(), FakeProbe::default())
    }

    pub(super) fn with(config: HttpConfig, probe: FakeProbe) -> Self {
        let (clock, ids) = (FixedClock::default(), Arc::new(SequentialIds::default()));
        let audit = InMemoryAuditLog::default();
        let users = InMemoryUsers::with_audit_log(audit.clone());
        let keys = InMemoryApiKeys::with_audit_log(audit.clone());
        let connections = InMemoryConnections::with_audit_log(audit.clone());
        let index = Arc::new(FakeIndex::default());
        let (health, cache) = (FakeCheck::new("store", true), FakeCheck::new("cache", false));
        let ports = UserPorts {
            users: Arc::new(users.clone()),
            sessions: Arc::new(users.clone()),
            audit: Arc::new(audit),
            passwords: Arc::new(FakePasswordHasher),
            tokens: Arc::new(FakeTokenIssuer::default()),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
        };
        let directory = Arc::new(users);
        let limiter = Arc::new(InMemoryAttemptLimiter::default());
        let attempts = AttemptGuard::new(limiter, Arc::new(clock.clone()), AttemptLimits::default());
        let administration = AdministrationService::new(ports.clone(), directory, UserSettings::default());
        let user_service = UserService::new(ports, UserSettings::default());
        let api_keys = ApiKeyService::new(
            Arc::new(keys.clone()),
            Arc::new(FakeKeyDigester::default()),
            Arc::new(CountingRandom::default()),
            Arc::new(clock.clone()),
            ids.clone(),
        );
        let probe: Arc<dyn ConnectionProbe> = Arc::new(probe);
        let inspector: Arc<dyn SchemaInspector> = Arc::new(FixedInspector::new(vec![articles()]));
        let connection_service = ConnectionService::new(
            Arc::new(connections.clone()),
            Arc::new(FakeSecretCipher::default()),
            ByEngine::new(Some(probe), None),
            ByEngine::new(Some(inspector), None),
            Arc::new(clock.clone()),
            ids.clone(),
        );
        let indexes: ByEngine<dyn FullTextIndex> = ByEngine::new(Some(index.clone()), None);
        let search = SearchService::new(
            connection_service.clone(),
            indexes,
            Arc::new(InstantTimer::Never),
            ids.clone(),
        );
        let services = Services {
            users: user_service,
            administration,
            attempts,
            api_keys,
            connections: connection_service,
            search,
            clock: Arc::new(clock.clone()),
            ids,
            health: vec![health.clone(), cache.clone()],
        };
        let state = Data::new(State::new(config, services.clone()));
        Self { state, services, clock, index, health, cache, keys, connections, registered: AtomicU8::new(0) }
    }

    /// Sends a request through the whole application.
    pub(super) async fn send(&self, request: TestRequest) -> Answer {
        self.send_to(routes::table(), request).await
    }

    /// The same over another table of routes.
    pub(super) async fn send_to(&self, table: Vec<Route>, request: TestRequest) -> Answer {
        let service = init_service(app(self.state.clone(), table)).await;
        let response = match actix_web::dev::Service::call(&service, request.to_request()).await {
            Ok(response) => response.map_into_boxed_body().into_parts().1,
            Err(error) => error.error_response(),
        };
        let (head, body) = response.into_parts();
        let body = actix_web::body::to_bytes(body.boxed()).await.unwrap_or_default();
        Answer { status: head.status(), headers: head.headers().clone(), body }
    }

    pub(super) async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(bearer(TestRequest::get().uri(path), token)).await
    }

    pub(super) async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        self.send(bearer(TestRequest::post().uri(path), token).set_json(body)).await
    }

    /// Registers an account, each from another address, and gives its access token.
    pub(super) async fn register(&self, name: &str) -> String {
        self.register_with(name, Plan::Enterprise).await
    }

    pub(super) async fn register_with(&self, name: &str, plan: Plan) -> String {
        let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD, "name": name });
        let peer = ([10, 0, 0, self.registered.fetch_add(1, Ordering::Relaxed)], 4711).into();
        let request = TestRequest::post().uri("/api/v1/auth/register").peer_addr(peer);
        let answer = self.send(request.set_json(body)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        let id: AccountId = answer.text("/data/user/id").parse().unwrap();
        self.keys.add_account(id, Role::User, plan);
        self.connections.add_account(id, plan);
        answer.text("/data/token")
    }

    /// An account's first key with these permissions.
    pub(super) async fn key(&self, token: &str, permissions: &[&str]) -> String {
        let answer =
            self.post(token, "/api/v1/management/setup", json!({ "permissions": permissions })).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.text("/data/secretKey")
    }

    /// Registers a database and gives its id.
    pub(super) async fn database(&self, token: &str, name: &str) -> String {
        let answer = self.post(token, "/api/v1/databases", database(name)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.text("/data/id")
    }
}

pub(super) fn bearer(request: TestRequest, token: &str) -> TestRequest {
    if token.is_empty() {
        request
    } else {
        request.insert_header(("Authorization", format!("Bearer {token}")))
    }
}

pub(super) fn request(method: &Method, path: &str) -> TestRequest {
    TestRequest::default().method(method.clone()).uri(path)
}

/// The body of a connection.
pub(super) fn database(name: &str) -> Value {
    json!({
        "name": name, "host": "db.example.com", "database": "helpdesk", "username": "reader",
        "password": "hunter2-of-the-database",
    })
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The text at a JSON pointer, empty where there is none.
    pub(super) fn text(&self, pointer: &str) -> String {
        self.json().pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    pub(super) fn code(&self) -> String {
        self.text("/error/code")
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The fields at fault.
    pub(super) fn fields(&self) -> Vec<String> {
        let errors = self.json()["error"]["details"]["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().filter_map(|error| error["field"].as_str().map(ToOwned::to_owned)).collect()
    }

    /// Holds for every answer under `/api`.
    #[track_caller]
    pub(super) fn assert_enveloped(&self) {
        let json = self.json();
        assert_eq!(json["success"], self.status.is_success(), "{self:?}");
        let meta = &json["meta"];
        assert!(meta["timestamp"].is_string() && meta["version"].is_string(), "{self:?}");
        assert!(meta["executionTime"].is_u64(), "{self:?}");
        assert_eq!(meta["requestId"], self.header("x-request-id"), "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert_eq!(self.header("referrer-policy"), "no-referrer");
        assert!(self.header("content-security-policy").contains("default-src 'none'"));
        assert!(self.header("content-type").starts_with("application/json"));
    }
}

/// Bytes 0, 1, 2 … that never repeat.
#[derive(Default)]
struct CountingRandom(AtomicU64);

impl RandomSource for CountingRandom {
    fn fill(&self, bytes: &mut [u8]) -> PortResult<()> {
        bytes.fill(0);
        let next = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        bytes.iter_mut().zip(next).for_each(|(byte, value)| *byte = value);
        Ok(())
    }
}

/// A system that is well, gone, or silent.
pub(super) struct FakeCheck {
    name: &'static str,
    essential: bool,
    fault: AtomicU8,
}

impl FakeCheck {
    fn new(name: &'static str, essential: bool) -> Arc<Self> {
        Arc::new(Self { name, essential, fault: AtomicU8::new(0) })
    }

    pub(super) fn lose(&self) {
        self.fault.store(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl HealthCheck for FakeCheck {
    fn name(&self) -> &'static str {
        self.name
    }

    fn essential(&self) -> bool {
        self.essential
    }

    async fn check(&self) -> PortResult<()> {
        match self.fault.load(Ordering::Relaxed) {
            0 => Ok(()),
            _ => Err(PortError::new(PortErrorKind::Unavailable, System::Store, "store.ping")),
        }
    }
}

/// A full-text index over three articles, which may fail, or panic.
#[derive(Default)]
pub(super) struct FakeIndex(Mutex<Mood>);

#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Mood {
    #[default]
    Well,
    Failing(PortErrorKind),
    Panicking,
    Slow(Duration),
}

impl FakeIndex {
    pub(super) fn become_(&self, mood: Mood) {
        *self.0.lock().unwrap() = mood;
    }
}

#[async_trait]
impl FullTextIndex for FakeIndex {
    async fn candidates(
        &self,
        _: &Target,
        request: &CandidateRequest,
        _: Duration,
    ) -> PortResult<Vec<Candidate>> {
        let mood = *self.0.lock().unwrap();
        match mood {
            Mood::Well => {}
            Mood::Failing(kind) => return Err(PortError::new(kind, System::DataSource, "index.candidates")),
            Mood::Panicking => panic!("the index gave up"),
            Mood::Slow(time) => tokio::time::sleep(time).await,
        }
        let rows = (1..=3).map(|id| Candidate {
            key: vec![Cell::Int(id)],
            score: 1.0 / f64::from(i32::try_from(id).unwrap()),
            values: request.read.iter().map(|read| cell(id, read.column.name())).collect(),
        });
        Ok(rows.collect())
    }

    async fn rows(&self, _: &Target, request: &RowsRequest, _: Duration) -> PortResult<Vec<Row>> {
        let rows = request.keys.iter().map(|key| {
            let Some(Cell::Int(id)) = key.first() else { panic!("another key") };
            let values = request.read.iter().map(|read| cell(*id, read.column.name())).collect();
            Row { key: key.clone(), values }
        });
        Ok(rows.collect())
    }
}

fn cell(id: i64, column: &str) -> Cell {
    match column {
        "id" => Cell::Int(id),
        "title" => Cell::Text(format!("Parcel number {id}")),
        "body" => Cell::Text("A <b>parcel</b> that was damaged".to_owned()),
        "weight" => Cell::Int(i64::MAX),
        "tags" => Cell::Json(r#"["a", 1.50]"#.to_owned()),
        _ => Cell::Null,
    }
}

fn articles() -> DiscoveredTable {
    let column = |name: &str, declared: &str, kind| DiscoveredColumn {
        name: name.to_owned(),
        declared_type: declared.to_owned(),
        kind,
        ..DiscoveredColumn::default()
    };
    let text = ColumnKind::Text { max_chars: Some(255) };
    DiscoveredTable {
        name: "articles".to_owned(),
        columns: vec![
            column("id", "BIGINT", ColumnKind::Integer),
            column("title", "VARCHAR(255)", text),
            column("body", "TEXT", text),
            column("weight", "BIGINT", ColumnKind::Integer),
            column("tags", "JSON", ColumnKind::Json),
        ],
        primary_key: vec!["id".to_owned()],
        full_text_indexes: vec![DiscoveredIndex {
            name: "ft".to_owned(),
            columns: vec!["title".to_owned(), "body".to_owned()],
            parser: None,
        }],
        estimated_rows: Some(3),
        ..DiscoveredTable::default()
    }
}
