//! Brings the store's tables up to date, one process at a time.

use altus4_migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement};

use crate::{SqlStore, StoreFault, connect::MIGRATION_LOCK_LIMIT, error::is_locked, pools::begin};

/// How far a store has been migrated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MigrationStatus {
    /// What was applied, oldest first.
    pub applied: Vec<String>,
    /// What is still to be applied, oldest first.
    pub pending: Vec<String>,
    /// Those of `applied` that this version of the program doesn't know: a newer one has been here.
    pub unknown: Vec<String>,
}

impl MigrationStatus {
    fn new(applied: Vec<String>) -> Self {
        let known = altus4_migrations::known();
        let pending = known.iter().filter(|name| !applied.contains(name)).cloned().collect();
        let unknown = applied.iter().filter(|name| !known.contains(name)).cloned().collect();
        Self { applied, pending, unknown }
    }
}

impl SqlStore {
    /// Applies what is still to be applied, and gives the names of that. Of several processes that
    /// call this at once, one does the work and the others wait for it, a minute at the most. On
    /// SQLite all of it happens or nothing; on MySQL, which can't take tables back, each step can be
    /// repeated, so that the next call goes on where a failed one stopped.
    ///
    /// # Errors
    /// [`StoreFault::Newer`], and nothing is changed; [`StoreFault::Migration`] names the one that
    /// failed; [`StoreFault::Locked`]; [`StoreFault::Unreachable`].
    pub async fn migrate(&self) -> Result<Vec<String>, StoreFault> {
        let connection = self.place.migration_connection();
        let outcome = self.migrate_over(&connection).await;
        // The lock goes with its connection.
        if let Err(error) = connection.close().await {
            tracing::warn!(%error, "store.close_failed");
        }
        outcome
    }

    /// What was applied and what wasn't. Changes nothing.
    ///
    /// # Errors
    /// [`StoreFault::Unreachable`].
    pub async fn migration_status(&self) -> Result<MigrationStatus, StoreFault> {
        let applied = altus4_migrations::applied(self.pools.reads()).await;
        applied.map(MigrationStatus::new).map_err(|error| self.unreachable(&error))
    }

    async fn migrate_over(&self, connection: &DatabaseConnection) -> Result<Vec<String>, StoreFault> {
        // It keeps to one connection, which is what holds MySQL's lock. On SQLite it is the lock.
        let transaction = begin(connection).await.map_err(|error| self.not_begun(&error))?;
        if connection.get_database_backend() == DbBackend::MySql {
            self.lock(&transaction).await?;
        }
        let applied = altus4_migrations::applied(&transaction).await;
        let status = applied.map(MigrationStatus::new).map_err(|error| self.unreachable(&error))?;
        if !status.unknown.is_empty() {
            let unknown = status.unknown.join(", ");
            return Err(StoreFault::Newer { place: self.place.name(), unknown });
        }
        for name in &status.pending {
            // One at a time, so that a failure can be told by its name.
            Migrator::up(&transaction, Some(1)).await.map_err(|error| self.failed(name, &error))?;
            tracing::info!(migration = name, "store.migrated");
        }
        transaction.commit().await.map_err(|error| self.unreachable(&error))?;
        Ok(status.pending)
    }

    /// Takes the lock of this database on its server, until the connection is closed. Galera knows no
    /// such locks: there, migrate with one node.
    async fn lock(&self, transaction: &DatabaseTransaction) -> Result<(), StoreFault> {
        // The name is the server's, not the database's, and may have 64 characters.
        let sql = format!(
            "SELECT GET_LOCK(CONCAT('altus4.', SHA2(DATABASE(), 224)), {})",
            MIGRATION_LOCK_LIMIT.as_secs()
        );
        let row = transaction.query_one_raw(Statement::from_string(DbBackend::MySql, sql)).await;
        let row = row.map_err(|error| self.unreachable(&error))?;
        let got = row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose();
        match got.map_err(|error| self.unreachable(&error))?.flatten() {
            Some(1) => Ok(()),
            _ => Err(self.locked()),
        }
    }

    fn not_begun(&self, error: &DbErr) -> StoreFault {
        if is_locked(error) { self.locked() } else { self.unreachable(error) }
    }

    fn locked(&self) -> StoreFault {
        StoreFault::Locked { place: self.place.name(), waited_s: MIGRATION_LOCK_LIMIT.as_secs() }
    }

    fn unreachable(&self, error: &DbErr) -> StoreFault {
        StoreFault::Unreachable { place: self.place.name(), reason: error.to_string() }
    }

    fn failed(&self, name: &str, error: &DbErr) -> StoreFault {
        let (name, place) = (name.to_owned(), self.place.name());
        StoreFault::Migration { name, place, reason: error.to_string() }
    }
}
