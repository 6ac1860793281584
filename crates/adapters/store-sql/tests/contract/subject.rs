//! A migrated store with what tests do to it from outside.

use std::sync::Arc;

use altus4_analytics::AnalyticsReader;
use altus4_api_keys::{
    AnswerStore, AnswerTimes, ApiKeyRepository, Claim, KeyDigest, RetryKey, StoredAnswer, UsageStore,
    testkit::{ApiKeysSubject, UsageSubject},
};
use altus4_connections::{
    ConnectionRepository, EvidenceStore, IndexJobRepository,
    testkit::{ConnectionsSubject, EvidenceSubject, IndexJobsSubject, sample_connection},
};
use altus4_entities::{EntityRepository, testkit::EntitiesSubject};
use altus4_kernel::{
    AccountId, AuditEvent, AuditFilter, AuditLog, Page, PageRequest, Plan, PortResult, Role, Timestamp,
    testkit::sample_event, uuid::Uuid,
};
use altus4_search::{
    SavedSearchRepository, SearchLog, VectorIndexRepository,
    testkit::{SearchLogSubject, VectorRecordsSubject},
};
use altus4_store_sql::{SqlStore, StoreConfig};
use altus4_test_support::MariaDb;
use altus4_users::{
    AccountDirectory, SessionRepository, UserRepository,
    testkit::{UsersSubject, sample_account, sample_session},
};
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, Database};
use tempfile::TempDir;

/// A store, migrated and empty, and its repositories.
pub(crate) struct Subject {
    pub(crate) store: SqlStore,
    pub(crate) url: String,
    users: Arc<dyn UserRepository>,
    sessions: Arc<dyn SessionRepository>,
    directory: Arc<dyn AccountDirectory>,
    audit: Arc<dyn AuditLog>,
    keys: Arc<dyn ApiKeyRepository>,
    usage: Arc<dyn UsageStore>,
    answers: Arc<dyn AnswerStore>,
    connections: Arc<dyn ConnectionRepository>,
    entities: Arc<dyn EntityRepository>,
    evidence: Arc<dyn EvidenceStore>,
    index_jobs: Arc<dyn IndexJobRepository>,
    vectors: Arc<dyn VectorIndexRepository>,
    pub(crate) searches: Arc<dyn SearchLog>,
    saved: Arc<dyn SavedSearchRepository>,
    pub(crate) analytics: Arc<dyn AnalyticsReader>,
    folder: Option<TempDir>,
}

impl Subject {
    pub(crate) async fn at(url: String, folder: Option<TempDir>) -> Self {
        let store = store(&url).await;
        store.migrate().await.expect("migrate");
        Self {
            users: store.users(),
            sessions: store.sessions(),
            directory: store.account_directory(),
            audit: store.audit_log(),
            keys: store.api_keys(),
            usage: store.usage(),
            answers: store.answers(),
            connections: store.connections(),
            entities: store.entities(),
            evidence: store.search_evidence(),
            index_jobs: store.index_jobs(),
            vectors: store.vector_indexes(),
            searches: store.search_log(),
            saved: store.saved_searches(),
            analytics: store.analytics(),
            store,
            url,
            folder,
        }
    }

    /// A store in a file of its own.
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("store.db").display());
        Self::at(url, Some(folder)).await
    }

    /// A store in a database of its own on the shared server.
    pub(crate) async fn mariadb() -> Self {
        let server = MariaDb::shared();
        Self::at(server.url(&server.create_database()), None).await
    }

    /// Makes the accounts 1 and 2.
    pub(crate) async fn with_accounts(self) -> Self {
        for number in [1, 2] {
            let id = AccountId::from_uuid(Uuid::from_u128(number));
            add_account(&self, id, Role::User, Plan::Pro).await;
        }
        self
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.as_ref().expect("a store in a file").path()
    }

    /// Changes rows behind the store's back.
    pub(crate) async fn execute(&self, sql: &str) {
        execute(&self.url, sql).await;
    }
}

pub(crate) fn config(url: &str) -> StoreConfig {
    StoreConfig { url: url.into(), max_connections: 8 }
}

pub(crate) async fn store(url: &str) -> SqlStore {
    SqlStore::connect(&config(url)).await.expect("connect")
}

pub(crate) async fn execute(url: &str, sql: &str) {
    let connection = Database::connect(url).await.expect("connect");
    connection.execute_unprepared(sql).await.expect(sql);
    connection.close().await.expect("close");
}

/// Deactivates an account and nothing that belongs to it.
pub(crate) async fn deactivate(subject: &Subject, id: AccountId) {
    let set = "deactivated_at = '2026-01-16 00:00:00.0', active_email = NULL";
    subject.execute(&format!("UPDATE accounts SET {set} WHERE id = '{id}'")).await;
}

/// The event that a test's account was made with: none that the contracts use.
fn added(id: AccountId) -> AuditEvent {
    sample_event(u128::MAX - id.as_uuid().as_u128(), id)
}

pub(crate) async fn add_account(subject: &Subject, id: AccountId, role: Role, plan: Plan) {
    let number = id.as_uuid().as_u128();
    let mut stored = sample_account(number, &format!("user{number}@example.com"));
    stored.account.role = role;
    stored.account.plan = plan;
    let session = sample_session(u8::try_from(number).expect("a byte"), id, stored.account.created_at);
    let event = added(id);
    subject.users.insert(&stored, &session, &event).await.expect("insert");
    // The contracts of what belongs to accounts begin with an empty log.
    subject.execute(&format!("DELETE FROM audit_events WHERE id = '{}'", event.id)).await;
}

impl UsersSubject for Subject {
    fn users(&self) -> &dyn UserRepository {
        self.users.as_ref()
    }

    fn sessions(&self) -> &dyn SessionRepository {
        self.sessions.as_ref()
    }

    fn directory(&self) -> &dyn AccountDirectory {
        self.directory.as_ref()
    }

    fn audit(&self) -> &dyn AuditLog {
        self.audit.as_ref()
    }
}

#[async_trait]
impl ApiKeysSubject for Subject {
    fn keys(&self) -> &dyn ApiKeyRepository {
        self.keys.as_ref()
    }

    fn audit(&self) -> &dyn AuditLog {
        self.audit.as_ref()
    }

    async fn add_account(&self, id: AccountId, role: Role, plan: Plan) {
        add_account(self, id, role, plan).await;
    }

    async fn deactivate(&self, id: AccountId) {
        deactivate(self, id).await;
    }
}

#[async_trait]
impl UsageSubject for Subject {
    fn usage(&self) -> &dyn UsageStore {
        self.usage.as_ref()
    }

    fn keys(&self) -> &dyn ApiKeyRepository {
        self.keys.as_ref()
    }

    async fn add_account(&self, id: AccountId) {
        add_account(self, id, Role::User, Plan::Enterprise).await;
    }
}

#[async_trait]
impl AnswerStore for Subject {
    async fn claim(
        &self,
        key: &RetryKey,
        fingerprint: KeyDigest,
        now: Timestamp,
        times: AnswerTimes,
    ) -> PortResult<Claim> {
        self.answers.claim(key, fingerprint, now, times).await
    }

    async fn keep(&self, key: &RetryKey, answer: &StoredAnswer) -> PortResult<()> {
        self.answers.keep(key, answer).await
    }

    async fn release(&self, key: &RetryKey) -> PortResult<()> {
        self.answers.release(key).await
    }

    async fn purge(&self, before: Timestamp) -> PortResult<u64> {
        self.answers.purge(before).await
    }
}

#[async_trait]
impl ConnectionsSubject for Subject {
    fn connections(&self) -> &dyn ConnectionRepository {
        self.connections.as_ref()
    }

    fn audit(&self) -> &dyn AuditLog {
        self.audit.as_ref()
    }

    async fn add_account(&self, id: AccountId, plan: Plan) {
        add_account(self, id, Role::User, plan).await;
    }

    async fn deactivate(&self, id: AccountId) {
        deactivate(self, id).await;
    }
}

/// The owner of all connections of the contracts of evidence and jobs.
fn owner() -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(1))
}

/// Makes the sample connection of this number, and its owner before the first.
async fn add_connection(subject: &Subject, number: u8) {
    if subject.connections.plan_of(owner()).await.expect("plan_of").is_none() {
        add_account(subject, owner(), Role::User, Plan::Enterprise).await;
    }
    let stored = sample_connection(number.into(), owner(), &format!("connection {number}"));
    let event = sample_event(9_000 + u128::from(number), owner());
    subject.connections.insert(&stored, None, &event).await.expect("insert");
}

async fn remove_connection(subject: &Subject, number: u8) {
    let id = sample_connection(number.into(), owner(), "any").connection.id;
    let event = sample_event(9_500 + u128::from(number), owner());
    assert!(subject.connections.remove(owner(), id, &event).await.expect("remove"));
}

#[async_trait]
impl EntitiesSubject for Subject {
    fn entities(&self) -> &dyn EntityRepository {
        self.entities.as_ref()
    }

    fn audit(&self) -> &dyn AuditLog {
        self.audit.as_ref()
    }

    async fn add_connection(&self, account: u8, connection: u8) {
        let id = AccountId::from_uuid(Uuid::from_u128(account.into()));
        if self.connections.plan_of(id).await.expect("plan_of").is_none() {
            add_account(self, id, Role::User, Plan::Enterprise).await;
        }
        let stored = sample_connection(connection.into(), id, &format!("connection {connection}"));
        let event = sample_event(7_000 + u128::from(connection), id);
        self.connections.insert(&stored, None, &event).await.expect("insert");
    }

    async fn remove_connection(&self, account: u8, connection: u8) {
        let id = AccountId::from_uuid(Uuid::from_u128(account.into()));
        let connection = sample_connection(connection.into(), id, "any").connection.id;
        let event = sample_event(7_500, id);
        assert!(self.connections.remove(id, connection, &event).await.expect("remove"));
    }

    async fn deactivate(&self, account: u8) {
        deactivate(self, AccountId::from_uuid(Uuid::from_u128(account.into()))).await;
    }
}

#[async_trait]
impl EvidenceSubject for Subject {
    fn evidence(&self) -> &dyn EvidenceStore {
        self.evidence.as_ref()
    }

    async fn add_connection(&self, number: u8) {
        add_connection(self, number).await;
    }

    async fn remove_connection(&self, number: u8) {
        remove_connection(self, number).await;
    }
}

#[async_trait]
impl IndexJobsSubject for Subject {
    fn jobs(&self) -> &dyn IndexJobRepository {
        self.index_jobs.as_ref()
    }

    fn audit(&self) -> &dyn AuditLog {
        self.audit.as_ref()
    }

    async fn add_connection(&self, number: u8) {
        add_connection(self, number).await;
    }

    async fn remove_connection(&self, number: u8) {
        remove_connection(self, number).await;
    }
}

#[async_trait]
impl VectorRecordsSubject for Subject {
    fn records(&self) -> &dyn VectorIndexRepository {
        self.vectors.as_ref()
    }

    fn audit(&self) -> &dyn AuditLog {
        self.audit.as_ref()
    }

    async fn add_connection(&self, number: u8) {
        add_connection(self, number).await;
    }

    async fn remove_connection(&self, number: u8) {
        remove_connection(self, number).await;
    }
}

#[async_trait]
impl SearchLogSubject for Subject {
    fn log(&self) -> &dyn SearchLog {
        self.searches.as_ref()
    }

    fn saved(&self) -> &dyn SavedSearchRepository {
        self.saved.as_ref()
    }

    async fn add_account(&self, id: AccountId) {
        add_account(self, id, Role::User, Plan::Pro).await;
    }

    async fn deactivate(&self, id: AccountId) {
        deactivate(self, id).await;
    }
}

#[async_trait]
impl AuditLog for Subject {
    async fn append(&self, event: &AuditEvent) -> PortResult<()> {
        self.audit.append(event).await
    }

    async fn list(&self, filter: &AuditFilter, page: PageRequest) -> PortResult<Page<AuditEvent>> {
        self.audit.list(filter, page).await
    }
}
