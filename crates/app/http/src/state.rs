//! What every handler can reach.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use actix_web::{http::StatusCode, web::Bytes};
use altus4_analytics::AnalyticsService;
use altus4_api_keys::{
    AiPrices, ApiKeyService, FairShare, KeyCheck, Meter, SafeRetries, Tiers, UsageRecorder, UsageService,
};
use altus4_connections::{ConnectionService, IndexService};
use altus4_entities::EntityService;
use altus4_kernel::{ChangeFeed, Clock, IdGenerator, TextGenerator};
use altus4_search::{
    CachedSearch, HistoryService, SavedSearchService, SearchRecorder, SearchService, SuggestionService,
    VectorService,
};
use altus4_users::{AdministrationService, AttemptGuard, UserService};

use crate::{
    config::HttpConfig,
    health::{HealthCheck, HealthMonitor},
    openapi,
    schema::StoreSchema,
};

/// The use cases that the routes offer, and what they need beside them.
#[derive(Clone)]
pub struct Services {
    /// Accounts and sessions.
    pub users: UserService,
    /// All accounts, for those who look after them.
    pub administration: AdministrationService,
    /// How often logins and the like may be tried.
    pub attempts: AttemptGuard,
    /// API keys, for those who manage them.
    pub api_keys: ApiKeyService,
    /// Whom a presented key speaks for.
    pub key_check: KeyCheck,
    /// What callers may do in an hour, and keys in a period.
    pub meter: Meter,
    /// What callers may do while this node is busy.
    pub share: FairShare,
    /// What each tier allows: the same that `meter` and `share` go by.
    pub tiers: Tiers,
    /// What was done with keys.
    pub usage: UsageService,
    /// Where that is written down.
    pub recorder: UsageRecorder,
    /// First answers, kept to be given again.
    pub retries: SafeRetries,
    /// Where changes of accounts are told. The same as that of `api_keys`.
    pub changes: ChangeFeed,
    /// Users' databases.
    pub connections: ConnectionService,
    /// Advice on their indexes, and making them.
    pub indexes: IndexService,
    /// Their tables as entities, and the records of these.
    pub entities: EntityService,
    /// Vectors of their tables.
    pub vectors: VectorService,
    /// How searches over them would be run.
    pub analysis: SearchService,
    /// Searches over them.
    pub search: CachedSearch,
    /// Where searches are written down.
    pub search_recorder: SearchRecorder,
    /// What was searched for.
    pub history: HistoryService,
    /// What was searched for, summed up.
    pub analytics: AnalyticsService,
    /// Searches that are kept under a name.
    pub saved_searches: SavedSearchService,
    /// What may be meant while somebody types.
    pub suggestions: SuggestionService,
    /// Texts that are made to order, where there is an AI provider.
    pub text_generator: Option<Arc<dyn TextGenerator>>,
    /// What calls of AI cost.
    pub prices: Arc<AiPrices>,
    /// The time shown in answers.
    pub clock: Arc<dyn Clock>,
    /// Makes request ids where a caller gives none.
    pub ids: Arc<dyn IdGenerator>,
    /// What `/health` asks.
    pub health: Vec<Arc<dyn HealthCheck>>,
    /// The tables of the service's own store.
    pub schema: Arc<dyn StoreSchema>,
}

/// How many requests this process has answered.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    answered: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

impl Counters {
    /// Counts an answer of this status.
    pub(crate) fn count(&self, status: StatusCode) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        if status.is_client_error() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        } else if status.is_server_error() {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// All answers; those of a status from 400 to 499; those from 500 on.
    pub(crate) fn read(&self) -> [u64; 3] {
        [&self.answered, &self.refused, &self.failed].map(|counter| counter.load(Ordering::Relaxed))
    }
}

/// One for the whole process, shared by its workers.
pub(crate) struct State {
    pub(crate) services: Services,
    pub(crate) config: HttpConfig,
    pub(crate) health: HealthMonitor,
    pub(crate) counters: Counters,
    /// The OpenAPI document as JSON.
    pub(crate) openapi: Bytes,
    started: Instant,
    stopping: AtomicBool,
}

impl State {
    pub(crate) fn new(config: HttpConfig, services: Services) -> Self {
        Self {
            health: HealthMonitor::new(&services.health),
            counters: Counters::default(),
            openapi: openapi::json(),
            started: Instant::now(),
            stopping: AtomicBool::new(false),
            services,
            config,
        }
    }

    /// How long the process has served, in milliseconds.
    pub(crate) fn uptime_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Notes that a stop has begun: not ready any more, and connections close after their answer.
    pub(crate) fn begin_stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}
