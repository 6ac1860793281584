//! The service's own tables, in a SQLite file or on MySQL or MariaDB: one set of entities and
//! migrations, one code for all of them.
//!
//! Invariants:
//! - A call is over after five seconds, whatever the database does.
//! - Readers never wait for writers: SQLite runs in WAL mode with a pool for each of the two, and
//!   MySQL reads without locks.
//! - An audit event is written in the transaction of the change that it is about.
//! - No statement's text depends on input: values are bound.
//!
//! ```no_run
//! # async fn example() -> Result<(), altus4_store_sql::StoreFault> {
//! use altus4_store_sql::{SqlStore, StoreConfig};
//! let config = StoreConfig { url: "sqlite://data/altus4.db".into(), max_connections: 10 };
//! let store = SqlStore::connect(&config).await?;
//! store.migrate().await?;
//! let users = store.users();
//! # Ok(())
//! # }
//! ```

mod accounts;
mod analytics;
mod answers;
mod api_keys;
mod audit;
mod config;
mod connect;
mod connections;
mod directory;
mod entities;
mod entity;
mod error;
mod index_jobs;
mod migrate;
mod moment;
mod pools;
mod saved_searches;
mod sealed;
mod search_evidence;
mod search_log;
mod sessions;
mod usage;
mod users;
mod vector_indexes;

use std::sync::Arc;

use altus4_analytics::{AnalyticsKeeper, AnalyticsReader};
use altus4_api_keys::{AnswerStore, ApiKeyRepository, UsageStore};
use altus4_connections::{ConnectionRepository, EvidenceStore, IndexJobRepository};
use altus4_entities::EntityRepository;
use altus4_kernel::{AuditLog, PortResult, SealedSecrets};
use altus4_search::{SavedSearchRepository, SearchLog, VectorIndexRepository};
use altus4_users::{AccountDirectory, SessionRepository, UserRepository};

pub use crate::config::StoreConfig;
pub use crate::error::StoreFault;
pub use crate::migrate::MigrationStatus;

use crate::{
    connect::Place,
    pools::Pools,
    sealed::{SqlSealedAnswers, SqlSealedSecrets},
};

/// The store. Clones share its connections.
#[derive(Clone)]
pub struct SqlStore {
    place: Arc<Place>,
    pools: Pools,
}

impl SqlStore {
    /// Finds the store and connects to it once; a SQLite file that isn't there is made, and its
    /// folder too. The tables are not touched: see [`SqlStore::migrate`].
    ///
    /// # Errors
    /// [`StoreFault`] says what is wrong with the URL, or why the store can't be reached in five
    /// seconds.
    pub async fn connect(config: &StoreConfig) -> Result<Self, StoreFault> {
        let place = Place::parse(config)?;
        let pools = place.connect(config.max_connections).await?;
        Ok(Self { place: Arc::new(place), pools })
    }

    /// Accounts.
    #[must_use]
    pub fn users(&self) -> Arc<dyn UserRepository> {
        Arc::new(users::SqlUserRepository::new(self.pools.clone()))
    }

    /// Sessions.
    #[must_use]
    pub fn sessions(&self) -> Arc<dyn SessionRepository> {
        Arc::new(sessions::SqlSessionRepository::new(self.pools.clone()))
    }

    /// Accounts as administrators see them.
    #[must_use]
    pub fn account_directory(&self) -> Arc<dyn AccountDirectory> {
        Arc::new(directory::SqlAccountDirectory::new(self.pools.clone()))
    }

    /// The audit log.
    #[must_use]
    pub fn audit_log(&self) -> Arc<dyn AuditLog> {
        Arc::new(audit::SqlAuditLog::new(self.pools.clone()))
    }

    /// API keys.
    #[must_use]
    pub fn api_keys(&self) -> Arc<dyn ApiKeyRepository> {
        Arc::new(api_keys::SqlApiKeyRepository::new(self.pools.clone()))
    }

    /// What was done with keys.
    #[must_use]
    pub fn usage(&self) -> Arc<dyn UsageStore> {
        Arc::new(usage::SqlUsageStore::new(self.pools.clone()))
    }

    /// First answers to requests that may be sent again.
    #[must_use]
    pub fn answers(&self) -> Arc<dyn AnswerStore> {
        Arc::new(answers::SqlAnswerStore::new(self.pools.clone()))
    }

    /// Registered databases.
    #[must_use]
    pub fn connections(&self) -> Arc<dyn ConnectionRepository> {
        Arc::new(connections::SqlConnectionRepository::new(self.pools.clone()))
    }

    /// Tables of registered databases that have generated endpoints.
    #[must_use]
    pub fn entities(&self) -> Arc<dyn EntityRepository> {
        Arc::new(entities::SqlEntityRepository::new(self.pools.clone()))
    }

    /// What was searched in registered databases.
    #[must_use]
    pub fn search_evidence(&self) -> Arc<dyn EvidenceStore> {
        Arc::new(search_evidence::SqlEvidenceStore::new(self.pools.clone()))
    }

    /// The making of indexes in registered databases.
    #[must_use]
    pub fn index_jobs(&self) -> Arc<dyn IndexJobRepository> {
        Arc::new(index_jobs::SqlIndexJobRepository::new(self.pools.clone()))
    }

    /// Vectors of tables in registered databases.
    #[must_use]
    pub fn vector_indexes(&self) -> Arc<dyn VectorIndexRepository> {
        Arc::new(vector_indexes::SqlVectorIndexes::new(self.pools.clone()))
    }

    /// Searches that were made.
    #[must_use]
    pub fn search_log(&self) -> Arc<dyn SearchLog> {
        Arc::new(search_log::SqlSearchLog::new(self.pools.clone()))
    }

    /// What was searched for, summed up.
    #[must_use]
    pub fn analytics(&self) -> Arc<dyn AnalyticsReader> {
        Arc::new(analytics::SqlAnalytics::new(self.pools.clone()))
    }

    /// The sums of searches, to be kept for as long as they are wanted.
    #[must_use]
    pub fn analytics_keeper(&self) -> Arc<dyn AnalyticsKeeper> {
        Arc::new(analytics::SqlAnalytics::new(self.pools.clone()))
    }

    /// Searches that are kept under a name.
    #[must_use]
    pub fn saved_searches(&self) -> Arc<dyn SavedSearchRepository> {
        Arc::new(saved_searches::SqlSavedSearches::new(self.pools.clone()))
    }

    /// The passwords of registered databases as they are sealed, those of all accounts.
    #[must_use]
    pub fn sealed_passwords(&self) -> Arc<dyn SealedSecrets> {
        Arc::new(SqlSealedSecrets::passwords(self.pools.clone()))
    }

    /// The secrets of recoverable API keys as they are sealed, those of all accounts.
    #[must_use]
    pub fn sealed_key_secrets(&self) -> Arc<dyn SealedSecrets> {
        Arc::new(SqlSealedSecrets::key_secrets(self.pools.clone()))
    }

    /// The bodies of kept answers as they are sealed, those of all accounts.
    #[must_use]
    pub fn sealed_answers(&self) -> Arc<dyn SealedSecrets> {
        Arc::new(SqlSealedAnswers::new(self.pools.clone()))
    }

    /// Whether the store answers, for health checks.
    ///
    /// # Errors
    /// `Unavailable` or `Timeout`.
    pub async fn ping(&self) -> PortResult<()> {
        self.pools.ping().await
    }

    /// Closes every connection, after the calls that are under way. Later calls are `Unavailable`.
    pub async fn close(&self) {
        self.pools.close().await;
    }
}
