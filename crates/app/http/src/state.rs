//! What every handler can reach.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use actix_web::web::Bytes;
use altus4_api_keys::ApiKeyService;
use altus4_connections::ConnectionService;
use altus4_kernel::{Clock, IdGenerator};
use altus4_search::SearchService;
use altus4_users::{AdministrationService, AttemptGuard, UserService};

use crate::{
    config::HttpConfig,
    health::{HealthCheck, HealthMonitor},
    openapi,
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
    /// API keys.
    pub api_keys: ApiKeyService,
    /// Users' databases.
    pub connections: ConnectionService,
    /// Searches over them.
    pub search: SearchService,
    /// The time shown in answers.
    pub clock: Arc<dyn Clock>,
    /// Makes request ids where a caller gives none.
    pub ids: Arc<dyn IdGenerator>,
    /// What `/health` asks.
    pub health: Vec<Arc<dyn HealthCheck>>,
}

/// One for the whole process, shared by its workers.
pub(crate) struct State {
    pub(crate) services: Services,
    pub(crate) config: HttpConfig,
    pub(crate) health: HealthMonitor,
    /// The OpenAPI document as JSON.
    pub(crate) openapi: Bytes,
    started: Instant,
    stopping: AtomicBool,
}

impl State {
    pub(crate) fn new(config: HttpConfig, services: Services) -> Self {
        Self {
            health: HealthMonitor::new(&services.health),
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
