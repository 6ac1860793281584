//! The one place that knows every adapter: settings in, a service out. Read it from top to bottom.

mod ai;
mod analytics;
mod callers;
mod counters;
mod redis;
mod sealed;
mod searches;
mod vectors;

use std::{path::Path, sync::Arc, time::Duration};

use altus4_api_keys::{ApiKeyPorts, ApiKeyService};
use altus4_cache_memory::MemoryCache;
use altus4_cache_redis::ChangeListener;
use altus4_connections::{
    AddressGate, ByEngine, ConnectionService, EvidenceRecorder, HostPolicy, IndexPorts, IndexService,
};
use altus4_crypto::{
    AesGcmSecretCipher, Argon2Config, Argon2PasswordHasher, HmacKeyDigester, JwtConfig, JwtTokenIssuer,
    SystemRandomSource,
};
use altus4_datasource_mysql::{MySqlConfig, MySqlSource, SystemResolver};
use altus4_datasource_sqlite::{SqliteConfig, SqliteSource};
use altus4_entities::{EntityPorts, EntityService};
use altus4_http::{HealthCheck, HttpConfig, Services, reserved_names};
use altus4_kernel::{Cache, ChangeFeed, Clock, IdGenerator, RandomIds, RandomSource, SystemClock, Timer};
use altus4_search::{
    ConnectionEpochs, KeptVectorCatalog, SearchService, VectorPorts, VectorService, VectorSettings,
};
use altus4_store_sql::{SqlStore, StoreConfig};
use altus4_users::{
    AdministrationService, AttemptGuard, AttemptLimits, UserPorts, UserService, UserSettings,
};
use anyhow::{Context, Result};

use self::{
    ai::Ai, callers::Callers, counters::Counters, redis::Insistent, searches::Searches, vectors::Vectors,
};
pub(crate) use self::{
    ai::ai_client,
    redis::connect_redis,
    sealed::{SealedKind, SealedThings, sealed_things},
    vectors::reach_qdrant,
};
use crate::{
    chores::Chores,
    failure::one_line,
    health::{CacheHealth, StoreHealth},
    schema::StoreTables,
    secrets::Secrets,
    settings::{Mode, Settings},
    source_threads::SourceThreads,
    timer::{TokioBackground, TokioTimer},
};

/// The most sockets to the store, or readers of its file.
const STORE_CONNECTIONS: u32 = 16;
/// The `iss` and `aud` of access tokens.
const TOKEN_PARTY: &str = "altus4";
/// The searches of how many tables are counted between two flushes.
const COUNTED_TABLES: usize = 10_000;
/// How long everything together may take to close.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);

/// The service, and what has to be closed after it.
pub(crate) struct Application {
    pub(crate) services: Services,
    /// What is to be done beside answering.
    pub(crate) chores: Chores,
    pub(crate) open: Open,
}

/// What is open to the outside.
pub(crate) struct Open {
    /// Hears what other nodes change, until it is dropped.
    listener: Option<ChangeListener>,
    store: SqlStore,
    mysql: MySqlSource,
    sqlite: Option<SqliteSource>,
    vectors: Vectors,
    /// Where the driver runs.
    _threads: SourceThreads,
}

/// Puts every adapter behind its port. What can fail for reasons outside comes first, so that a
/// start that fails leaves nothing half made.
///
/// # Errors
/// What isn't there or can't be used, and where.
#[expect(
    clippy::too_many_lines,
    reason = "the one function that knows every adapter, read from top to bottom"
)]
pub(crate) async fn compose(settings: Settings) -> Result<Application> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn IdGenerator> = Arc::new(RandomIds);
    let timer: Arc<dyn Timer> = Arc::new(TokioTimer);
    let random: Arc<dyn RandomSource> = Arc::new(SystemRandomSource);

    let policy = host_policy(&settings);
    let (vectors, models) = (Vectors::of(&settings)?, settings.models_dir());
    // The cache is reached before the store is changed.
    let redis = match &settings.redis_url {
        Some(url) => Some(connect_redis(url).await?),
        None => None,
    };
    let cache: Arc<dyn Cache> = match &redis {
        Some(redis) => Arc::new(redis.clone()),
        None => Arc::new(MemoryCache::default()),
    };
    let counters = Counters::of(redis.as_ref());
    let attempts =
        AttemptGuard::new(Arc::clone(&counters.attempts), Arc::clone(&clock), AttemptLimits::default());

    // Our own tables, brought up to date under a lock: many nodes may start at once.
    let store = open_store(&settings).await?;
    store.migrate().await?;

    // Secrets, and what works with them.
    let secrets = Secrets::complete(settings.secrets, &settings.data_dir, random.as_ref())?;
    let passwords = Arc::new(Argon2PasswordHasher::new(Argon2Config::default())?);
    let issuer =
        JwtConfig { keys: secrets.jwt, issuer: TOKEN_PARTY.to_owned(), audience: TOKEN_PARTY.to_owned() };
    let tokens = Arc::new(JwtTokenIssuer::new(issuer, Arc::clone(&random))?);
    let cipher = Arc::new(AesGcmSecretCipher::new(secrets.encryption, Arc::clone(&random))?);
    let digester = Arc::new(HmacKeyDigester::new(secrets.api_keys)?);

    // Who tells what texts mean.
    let ai = Ai::of(settings.ai, models, &clock, &random)?;

    // Users' own databases.
    let gate = AddressGate::new(Arc::new(SystemResolver), policy);
    let threads = SourceThreads::start()?;
    let mysql = {
        let _entered = threads.enter();
        MySqlSource::new(MySqlConfig::default(), gate)
    };
    let own_file: Vec<_> = settings.store.file().map(Path::to_owned).into_iter().collect();
    let sqlite = settings.sqlite_sources.map(|root| {
        SqliteSource::new(SqliteConfig { root, private_files: own_file, ..SqliteConfig::default() })
    });

    // Vectors of their rows.
    let place = vectors.place(ids.as_ref()).context("the data directory")?;
    let catalog = KeptVectorCatalog::new(store.vector_indexes(), Arc::clone(&clock), place);

    // The domains over their ports.
    let ports = UserPorts {
        users: store.users(),
        sessions: store.sessions(),
        audit: store.audit_log(),
        passwords,
        tokens,
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
    };
    let accounts = UserSettings { default_plan: settings.default_plan, ..UserSettings::default() };
    let administration = AdministrationService::new(ports.clone(), store.account_directory(), accounts);
    let users = UserService::new(ports, accounts);

    // Callers: whom keys speak for, what all may do, and what was done with keys.
    let callers = Callers::of(&store, digester.clone(), counters, (settings.tiers, settings.busy_at), &clock);
    let retries = callers.retries(&store, digester.clone(), cipher.clone());
    let connections = ConnectionService::new(
        store.connections(),
        cipher.clone(),
        ByEngine::new(Some(Arc::new(mysql.clone())), sqlite.clone().map(|files| Arc::new(files) as _)),
        ByEngine::new(Some(Arc::new(mysql.clone())), sqlite.clone().map(|files| Arc::new(files) as _)),
        Arc::clone(&clock),
        Arc::clone(&ids),
    );
    // Their tables as entities.
    let entities = EntityService::new(
        EntityPorts {
            entities: store.entities(),
            records: ByEngine::new(
                Some(Arc::new(mysql.clone()) as _),
                sqlite.clone().map(|files| Arc::new(files) as _),
            ),
            connections: connections.clone(),
            cipher: cipher.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
        },
        reserved_names(),
    );
    let epochs = Arc::new(ConnectionEpochs::default());
    let (changes, listener) = callers.changes(
        redis.as_ref(),
        vec![
            Arc::new(connections.clone()),
            epochs.clone(),
            Arc::new(catalog.clone()),
            Arc::new(entities.clone()),
        ],
    );
    let connections = connections.announcing(changes.clone());
    let entities = entities.announcing(changes.clone());
    let api_keys = ApiKeyService::new(ApiKeyPorts {
        keys: store.api_keys(),
        audit: store.audit_log(),
        digester,
        cipher,
        random,
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        changes: changes.clone(),
    });

    let evidence = EvidenceRecorder::new(store.search_evidence(), Arc::clone(&clock), COUNTED_TABLES);
    let (index_service, index_worker) = IndexService::new(IndexPorts {
        connections: connections.clone(),
        builders: ByEngine::new(Some(Arc::new(mysql.clone())), None),
        jobs: store.index_jobs(),
        evidence: evidence.clone(),
        changes: changes.clone(),
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        timer: Arc::clone(&timer),
    });
    let indexes =
        ByEngine::new(Some(Arc::new(mysql.clone()) as _), sqlite.clone().map(|files| Arc::new(files) as _));
    let (vector_service, vector_worker) = VectorService::new(
        VectorPorts {
            connections: connections.clone(),
            indexes: indexes.clone(),
            vectors: vectors.index(),
            place,
            embedders: ai.embedders.clone(),
            records: store.vector_indexes(),
            changes: changes.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            timer: Arc::clone(&timer),
        },
        VectorSettings { interval: settings.vector_interval, ..VectorSettings::default() },
    );
    let search =
        SearchService::new(connections.clone(), indexes, timer, Arc::new(TokioBackground), Arc::clone(&ids))
            .with_evidence(Arc::new(evidence.clone()))
            .with_meaning(ai.meaning(catalog, vectors.index()));
    let kept = (epochs, settings.answers_kept);
    let searches = Searches::around(search.clone(), &connections, &store, kept, (&clock, &ids));

    let advice = (index_service.clone(), connections.clone());
    let words = ai.text_generator.as_ref();
    let analytics = analytics::analytics(&store, searches.recorder.clone(), advice, words, &clock);

    // What the health routes ask.
    let mut health: Vec<Arc<dyn HealthCheck>> =
        vec![Arc::new(StoreHealth(store.clone())), Arc::new(CacheHealth(cache))];
    health.extend(ai.health);
    health.extend(vectors.health());

    let chores = Chores {
        users: users.clone(),
        purge_after: settings.purge_after,
        usage: store.usage(),
        recorder: callers.recorder.clone(),
        searches: searches.recorder.clone(),
        history: searches.history.clone(),
        search_sums: store.analytics_keeper(),
        searches_kept: settings.searches_kept,
        search_sums_kept: settings.search_sums_kept,
        retries: retries.clone(),
        evidence,
        index_worker,
        vector_worker,
        clock: Arc::clone(&clock),
    };
    let services = Services {
        users,
        administration,
        attempts,
        api_keys,
        key_check: callers.key_check,
        meter: callers.meter,
        share: callers.share,
        tiers: settings.tiers,
        usage: callers.usage,
        recorder: callers.recorder,
        retries,
        changes,
        connections,
        indexes: index_service,
        entities,
        vectors: vector_service,
        analysis: search,
        search: searches.front,
        search_recorder: searches.recorder,
        history: searches.history,
        analytics,
        saved_searches: searches.saved,
        suggestions: searches.suggestions,
        text_generator: ai.text_generator,
        prices: Arc::new(settings.prices),
        clock,
        ids,
        health,
        schema: Arc::new(StoreTables(store.clone())),
    };
    let open = Open { listener, store, mysql, sqlite, vectors, _threads: threads };
    Ok(Application { services, chores, open })
}

/// Tells the other nodes of changes, from beside them: for the command line, which works without
/// Redis too.
pub(crate) async fn other_nodes(settings: &Settings) -> ChangeFeed {
    let Some(url) = &settings.redis_url else { return ChangeFeed::default() };
    match connect_redis(url).await {
        Ok(redis) => ChangeFeed::new(Vec::new(), Some(Arc::new(Insistent::over(&redis)))),
        Err(error) => {
            tracing::warn!(error = one_line(&error), "changes.untold");
            ChangeFeed::default()
        }
    }
}

/// Which addresses connections may dial.
fn host_policy(settings: &Settings) -> HostPolicy {
    HostPolicy {
        public_only: settings.mode == Mode::Production,
        allow: settings.connect_allow.clone(),
        deny: settings.connect_deny.clone(),
    }
}

/// Opens the store; a file that isn't there is made.
///
/// # Errors
/// It can't be reached, with the place and the reason.
pub(crate) async fn open_store(settings: &Settings) -> Result<SqlStore> {
    let config = StoreConfig { url: settings.store.url().clone(), max_connections: STORE_CONNECTIONS };
    SqlStore::connect(&config).await.context(settings.store.decided_by())
}

/// What the settings say about serving HTTP.
pub(crate) fn http_config(settings: &Settings) -> HttpConfig {
    HttpConfig {
        host: settings.host.clone(),
        port: settings.port,
        development: settings.mode == Mode::Development,
        cors_origins: settings.cors_origins.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        ..HttpConfig::default()
    }
}

impl Open {
    /// Stops listening, and closes what is open to users' databases, then the vectors and the store.
    pub(crate) async fn close(self) {
        drop(self.listener);
        let closing = async {
            self.mysql.close_all().await;
            if let Some(sqlite) = &self.sqlite {
                sqlite.close_all().await;
            }
            self.vectors.close().await;
            self.store.close().await;
        };
        if tokio::time::timeout(CLOSE_DEADLINE, closing).await.is_err() {
            tracing::warn!("shutdown.close_timed_out");
        }
    }
}
