//! Calls to the database: each has a time limit, and each error is told in the words of ports.

use std::time::Duration;

use altus4_kernel::{PortError, PortErrorKind, PortResult, System};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::time::timeout;

use crate::error::Fault;

/// How long a call may take, waiting for a connection and trying again included.
const CALL_LIMIT: Duration = Duration::from_secs(5);
/// How long a call waits for a connection.
pub(crate) const ACQUIRE_LIMIT: Duration = Duration::from_secs(1);
/// How long a statement waits for another's lock.
pub(crate) const LOCK_LIMIT: Duration = Duration::from_secs(3);
/// How often a transaction is tried that the database takes back because of a deadlock.
const ATTEMPTS: u32 = 5;

/// The connections of a running store: one pool, or on SQLite one for readers and one for the writer.
#[derive(Clone)]
pub(crate) struct Pools {
    reads: DatabaseConnection,
    writes: DatabaseConnection,
}

impl Pools {
    pub(crate) fn new(reads: DatabaseConnection, writes: DatabaseConnection) -> Self {
        Self { reads, writes }
    }

    /// For single statements that change nothing.
    pub(crate) fn reads(&self) -> &DatabaseConnection {
        &self.reads
    }

    /// For single statements that write.
    pub(crate) fn writes(&self) -> &DatabaseConnection {
        &self.writes
    }

    /// A transaction that writes. On SQLite it takes the lock at once: one that began by reading
    /// could not wait for another writer later, and would fail. Dropped, it is taken back.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        begin(&self.writes).await
    }

    /// A transaction that only reads, and sees everything as it was at one moment.
    pub(crate) async fn begin_snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        let isolation_level = match self.reads.get_database_backend() {
            DbBackend::MySql => Some(IsolationLevel::RepeatableRead),
            // SQLite knows no other.
            _ => None,
        };
        let options = TransactionOptions { isolation_level, ..Default::default() };
        self.reads.begin_with_options(options).await
    }

    /// Runs the work of one port call.
    pub(crate) async fn call<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, Fault>> + Send,
    ) -> PortResult<T> {
        match timeout(CALL_LIMIT, work).await {
            Ok(outcome) => outcome.map_err(|fault| fault.into_port_error(operation)),
            Err(_) => Err(PortError::new(PortErrorKind::Timeout, System::Store, operation)),
        }
    }

    /// Runs the transaction of one port call, anew when the database took it back.
    pub(crate) async fn transact<T, F>(
        &self,
        operation: &'static str,
        transaction: impl Fn() -> F + Send + Sync,
    ) -> PortResult<T>
    where
        F: Future<Output = Result<T, Fault>> + Send,
    {
        let tried = async {
            for _ in 1..ATTEMPTS {
                match transaction().await {
                    Err(fault) if fault.is_deadlock() => tracing::debug!(operation, "store.deadlock"),
                    outcome => return outcome,
                }
            }
            transaction().await
        };
        self.call(operation, tried).await
    }

    pub(crate) async fn ping(&self) -> PortResult<()> {
        let work = async { Ok(self.reads.execute_unprepared("SELECT 1").await.map(drop)?) };
        self.call("store.ping", work).await
    }

    pub(crate) async fn close(&self) {
        for pool in [&self.reads, &self.writes] {
            if let Err(error) = pool.close_by_ref().await {
                tracing::warn!(%error, "store.close_failed");
            }
        }
    }
}

/// See [`Pools::begin`].
pub(crate) async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
    connection.begin_with_options(TransactionOptions { sqlite_transaction_mode, ..Default::default() }).await
}
