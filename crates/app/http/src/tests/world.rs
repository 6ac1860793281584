//! A whole service in memory, and a client of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use actix_web::{
    body::MessageBody,
    http::{Method, StatusCode},
    test::{TestRequest, init_service},
    web::Data,
};
use altus4_analytics::testkit::AnalyticsSubject;
use altus4_api_keys::{
    AiPrices, AnswerTimes, ApiKeyPorts, ApiKeyService, FairShare, KeyCheck, Meter, MeterPorts, RequestFilter,
    SafeRetries, Tiers, TokenPrice, UsageEvent, UsagePorts, UsageRange, UsageRecorder, UsageService,
    UsageStore,
    testkit::{
        FakeKeyDigester, InMemoryAnswers, InMemoryApiKeys, InMemoryKeyCache, InMemoryQuotaCounter,
        InMemoryRateLimiter, InMemoryUsage,
    },
};
use altus4_connections::{
    ByEngine, EvidenceRecorder, IndexPorts, IndexService,
    testkit::{FakeProbe, InMemoryConnections, InMemoryEvidence, InMemoryIndexJobs},
};
use altus4_kernel::{
    AccountId, ApiKeyId, ChangeFeed, ChangeSubscriber, Clock, PageRequest, Plan, Role, TextGenerator,
    testkit::{
        FakeSecretCipher, FixedClock, InMemoryAuditLog, InlineBackground, InstantTimer, SequentialIds,
    },
};
use altus4_search::{
    ConnectionEpochs, FullTextIndex, SearchService,
    testkit::{InMemorySavedSearches, InMemorySearchLog},
};
use altus4_users::{
    AdministrationService, AttemptGuard, AttemptLimits, UserPorts, UserService, UserSettings,
    testkit::{FakePasswordHasher, FakeTokenIssuer, InMemoryAttemptLimiter, InMemoryUsers},
};
use serde_json::{Value, json};

pub(super) use super::{answer::Answer, fakes::Mood};
use super::{
    around::{Around, databases},
    entities::entities_of,
    fakes::{CountingRandom, FakeBuilder, FakeCheck, FakeIndex, FakeSchema, Listener},
    figures::Figures,
    vectors::vector_service,
};
use crate::{
    HttpConfig, Services,
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
    pub(super) listener: Arc<Listener>,
    pub(super) keys: InMemoryApiKeys,
    /// What was searched.
    pub(super) evidence: EvidenceRecorder,
    /// What was searched for, as analytics knows it: tests write it.
    pub(super) figures: Figures,
    connections: InMemoryConnections,
    searches: InMemorySearchLog,
    saved: InMemorySavedSearches,
    usage: InMemoryUsage,
    registered: AtomicU8,
}

/// What a service is made with.
pub(super) struct Scene {
    pub(super) config: HttpConfig,
    pub(super) probe: FakeProbe,
    pub(super) tiers: Tiers,
    /// From how many requests at the same time the node is busy.
    pub(super) busy_at: usize,
    /// How long answers of searches are given again.
    pub(super) answers_kept: Duration,
    /// What makes texts.
    pub(super) text_generator: Option<Arc<dyn TextGenerator>>,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            config: HttpConfig::default(),
            probe: FakeProbe::default(),
            tiers: Tiers::default(),
            busy_at: 256,
            answers_kept: Duration::ZERO,
            text_generator: None,
        }
    }
}

impl World {
    pub(super) fn new() -> Self {
        Self::of(Scene::default())
    }

    pub(super) fn with(config: HttpConfig, probe: FakeProbe) -> Self {
        Self::of(Scene { config, probe, ..Scene::default() })
    }

    #[expect(clippy::too_many_lines, reason = "every part of a service once, read from top to bottom")]
    pub(super) fn of(scene: Scene) -> Self {
        let (clock, ids) = (FixedClock::default(), Arc::new(SequentialIds::default()));
        let shared_clock: Arc<dyn Clock> = Arc::new(clock.clone());
        let audit = InMemoryAuditLog::default();
        let users = InMemoryUsers::with_audit_log(audit.clone());
        let keys = InMemoryApiKeys::with_audit_log(audit.clone());
        let connections = InMemoryConnections::with_audit_log(audit.clone());
        let usage = InMemoryUsage::of_keys(keys.clone());
        let index = Arc::new(FakeIndex::default());
        let listener = Arc::new(Listener::default());
        let (health, cache) = (FakeCheck::new("store", true), FakeCheck::new("cache", false));
        let ports = UserPorts {
            users: Arc::new(users.clone()),
            sessions: Arc::new(users.clone()),
            audit: Arc::new(audit.clone()),
            passwords: Arc::new(FakePasswordHasher),
            tokens: Arc::new(FakeTokenIssuer::default()),
            clock: Arc::clone(&shared_clock),
            ids: ids.clone(),
        };
        let limiter = Arc::new(InMemoryAttemptLimiter::default());
        let settings = UserSettings::default();
        let digester = Arc::new(FakeKeyDigester::default());
        let cipher = Arc::new(FakeSecretCipher::default());
        let key_check = KeyCheck::new(
            Arc::new(keys.clone()),
            digester.clone(),
            Arc::new(InMemoryKeyCache::default()),
            Arc::clone(&shared_clock),
        );
        let recorder = UsageRecorder::new(Arc::new(usage.clone()), 1_000);
        let measures = MeterPorts {
            limiter: Arc::new(InMemoryRateLimiter::default()),
            quotas: Arc::new(InMemoryQuotaCounter::default()),
            usage: Arc::new(usage.clone()),
            recorder: recorder.clone(),
            clock: Arc::clone(&shared_clock),
        };
        let meter = Meter::new(measures, scene.tiers);
        let connection_service = databases(&connections, scene.probe, cipher.clone(), &shared_clock, &ids);
        let entities = entities_of(&connection_service, cipher.clone(), &shared_clock, &ids);
        let epochs = Arc::new(ConnectionEpochs::default());
        let copies: [Arc<dyn ChangeSubscriber>; 3] =
            [Arc::new(key_check.clone()), Arc::new(meter.clone()), Arc::new(connection_service.clone())];
        let changes = ChangeFeed::new([&copies[..], &[epochs.clone(), listener.clone()]].concat(), None);
        let connection_service = connection_service.announcing(changes.clone());
        let key_ports = ApiKeyPorts {
            keys: Arc::new(keys.clone()),
            audit: Arc::new(audit),
            digester: digester.clone(),
            cipher: cipher.clone(),
            random: Arc::new(CountingRandom::default()),
            clock: Arc::clone(&shared_clock),
            ids: ids.clone(),
            changes: changes.clone(),
        };
        let views = UsagePorts {
            keys: Arc::new(keys.clone()),
            usage: Arc::new(usage.clone()),
            clock: Arc::clone(&shared_clock),
        };
        let indexes: ByEngine<dyn FullTextIndex> = ByEngine::new(Some(index.clone()), None);
        let timer = Arc::new(InstantTimer::Never);
        let kept = Arc::new(InMemoryEvidence::default());
        let evidence = EvidenceRecorder::new(kept, Arc::clone(&shared_clock), 100);
        // Nobody does the jobs: they stay queued.
        let (index_service, _) = IndexService::new(IndexPorts {
            connections: connection_service.clone(),
            builders: ByEngine::new(Some(Arc::new(FakeBuilder)), None),
            jobs: Arc::new(InMemoryIndexJobs::default()),
            evidence: evidence.clone(),
            changes: changes.clone(),
            clock: Arc::clone(&shared_clock),
            ids: ids.clone(),
            timer: timer.clone(),
        });
        let vectors = vector_service(&connection_service, &indexes, &changes, (&shared_clock, &ids));
        let answers = Arc::new(InMemoryAnswers::default());
        let background = Arc::new(InlineBackground);
        let analysis =
            SearchService::new(connection_service.clone(), indexes, timer, background, ids.clone());
        let around = Around::new(
            analysis.clone(),
            &connection_service,
            (epochs, scene.answers_kept),
            (&shared_clock, ids.clone()),
        );
        let figures = Figures::default();
        let services = Services {
            administration: AdministrationService::new(ports.clone(), Arc::new(users), settings),
            users: UserService::new(ports, settings),
            attempts: AttemptGuard::new(limiter, Arc::clone(&shared_clock), AttemptLimits::default()),
            api_keys: ApiKeyService::new(key_ports),
            key_check,
            meter,
            share: FairShare::new(scene.tiers, scene.busy_at),
            tiers: scene.tiers,
            usage: UsageService::new(views),
            recorder,
            retries: SafeRetries::new(
                answers,
                digester,
                cipher,
                Arc::clone(&shared_clock),
                AnswerTimes::default(),
            ),
            changes,
            entities,
            analysis,
            search: around.front,
            search_recorder: around.recorder,
            history: around.history,
            analytics: figures.service(scene.text_generator.as_ref(), &shared_clock),
            saved_searches: around.saved_searches,
            suggestions: around.suggestions,
            connections: connection_service,
            indexes: index_service,
            text_generator: scene.text_generator,
            prices: Arc::new(prices()),
            vectors,
            clock: shared_clock,
            ids,
            health: vec![health.clone(), cache.clone()],
            schema: Arc::new(FakeSchema),
        };
        let state = Data::new(State::new(scene.config, services.clone()));
        let registered = AtomicU8::new(0);
        Self {
            state,
            services,
            clock,
            index,
            health,
            cache,
            listener,
            keys,
            evidence,
            figures,
            connections,
            searches: around.searches,
            saved: around.saved,
            usage,
            registered,
        }
    }

    /// What was written down of a key's requests, the newest first.
    pub(super) async fn events(&self, key: &str) -> Vec<UsageEvent> {
        self.services.recorder.flush().await.unwrap();
        let now = self.clock.now();
        let range = UsageRange { start: now - Duration::from_hours(24), end: now + Duration::from_hours(1) };
        let (key, filter): (ApiKeyId, _) = (key.parse().unwrap(), RequestFilter::default());
        let page = PageRequest::new(1, PageRequest::MAX_LIMIT).unwrap();
        self.usage.requests(key, range, &filter, page).await.unwrap().items
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

    pub(super) async fn put(&self, token: &str, path: &str, body: Value) -> Answer {
        self.send(bearer(TestRequest::put().uri(path), token).set_json(body)).await
    }

    pub(super) async fn delete(&self, token: &str, path: &str) -> Answer {
        self.send(bearer(TestRequest::delete().uri(path), token)).await
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
        self.searches.add_account(id);
        self.figures.searches.add_account(id).await;
        self.saved.add_account(id);
        answer.text("/data/token")
    }

    /// A further session of an account: its access token.
    pub(super) async fn login(&self, name: &str) -> String {
        let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
        let answer = self.post("", "/api/v1/auth/login", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.text("/data/token")
    }

    /// An account's first key with these permissions.
    pub(super) async fn key(&self, token: &str, permissions: &[&str]) -> String {
        let answer =
            self.post(token, "/api/v1/management/setup", json!({ "permissions": permissions })).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.text("/data/secretKey")
    }

    /// A key that is made as `body` says, with its id.
    pub(super) async fn make_key(&self, token: &str, body: Value) -> (String, String) {
        let answer = self.post(token, "/api/v1/keys", body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        (answer.text("/data/secretKey"), answer.text("/data/apiKey/id"))
    }

    /// Registers a database and gives its id.
    pub(super) async fn database(&self, token: &str, name: &str) -> String {
        let answer = self.post(token, "/api/v1/databases", database(name)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.text("/data/id")
    }
}

/// A token that is read costs 15 millionths of a cent, one that is written 60.
fn prices() -> AiPrices {
    let price = TokenPrice { input: 15_000_000, output: 60_000_000 };
    AiPrices::new([("chat-model".to_owned(), price)])
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
