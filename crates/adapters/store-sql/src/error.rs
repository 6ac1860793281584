//! What the database's errors mean to those who call the store.

use altus4_connections::NAME_CONSTRAINT;
use altus4_entities::ENTITY_NAME_CONSTRAINT;
use altus4_kernel::{PortError, PortErrorKind, System};
use altus4_search::SAVED_NAME_CONSTRAINT;
use altus4_users::EMAIL_CONSTRAINT;
use sea_orm::{
    DbErr, RuntimeErr, SqlxError, SqlxMySqlError, SqlxSqliteError,
    sqlx::error::{DatabaseError, ErrorKind},
};

/// Why the store can't be used at all. `Display` is a sentence for the operator, which never shows
/// the password.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// The URL names no store.
    #[error("the store's URL is not usable: {reason}")]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// The SQLite file or its folder can't be made.
    #[error("the store's file {path} can't be made: {reason}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The database doesn't answer, or refuses.
    #[error("the store at {place} can't be reached: {reason}")]
    Unreachable {
        /// Host, port and database, or the file.
        place: String,
        /// What it said, or that it said nothing.
        reason: String,
    },
    /// A migration failed. What stood before it still stands, and so do the steps before it where
    /// the database can't take them back.
    #[error("the migration {name} failed on the store at {place}: {reason}")]
    Migration {
        /// The migration.
        name: String,
        /// Host, port and database, or the file.
        place: String,
        /// What the database said.
        reason: String,
    },
    /// A later version of the program has migrated the store.
    #[error(
        "the store at {place} belongs to a newer version of this program: it has the migrations {unknown}, \
         which this version does not know"
    )]
    Newer {
        /// Host, port and database, or the file.
        place: String,
        /// The migrations that aren't known here.
        unknown: String,
    },
    /// Another process holds the lock for migrations.
    #[error("the store at {place} is being migrated by another process, and was still after {waited_s} s")]
    Locked {
        /// Host, port and database, or the file.
        place: String,
        /// How long this process waited, in seconds.
        waited_s: u64,
    },
}

/// Why a call failed, before it is known which call it was.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The database said so.
    Db(DbErr),
    /// Something exists already, or a bound is reached.
    Conflict(&'static str),
    /// The account that the row belongs to doesn't exist, or isn't active.
    NoAccount,
    /// The connection that the row belongs to doesn't exist.
    NoConnection,
    /// A stored value doesn't have the form it was written in. Names the column.
    Corrupt(&'static str),
}

impl From<DbErr> for Fault {
    fn from(error: DbErr) -> Self {
        Self::Db(error)
    }
}

impl Fault {
    pub(crate) fn into_port_error(self, operation: &'static str) -> PortError {
        let error = |kind| PortError::new(kind, System::Store, operation);
        match self {
            Self::Db(db) => port_error(operation, db),
            Self::Conflict(constraint) => error(PortErrorKind::Conflict).with_constraint(constraint),
            Self::NoAccount => error(PortErrorKind::Rejected).with_source("no active account of this id"),
            Self::NoConnection => error(PortErrorKind::Rejected).with_source("no connection of this id"),
            Self::Corrupt(column) => error(PortErrorKind::Corrupt).with_source(format!("column {column}")),
        }
    }

    /// Whether a row is there already that was to be written.
    pub(crate) fn is_duplicate(&self) -> bool {
        matches!(self, Self::Db(error) if kind(error) == PortErrorKind::Conflict)
    }

    /// Whether the database took the whole transaction back for the sake of another, and asks for it
    /// to be tried again.
    pub(crate) fn is_deadlock(&self) -> bool {
        let Self::Db(error) = self else { return false };
        database_error(error).and_then(mysql_number) == Some(1213)
    }
}

/// The error of a port for an error of the database.
fn port_error(operation: &'static str, error: DbErr) -> PortError {
    let kind = kind(&error);
    let port_error = PortError::new(kind, System::Store, operation);
    match database_error(&error) {
        // These messages quote the value, which is a person's or a secret.
        Some(database) if matches!(kind, PortErrorKind::Conflict | PortErrorKind::Rejected) => {
            let code = database.code().unwrap_or_default();
            let port_error = port_error.with_source(format!("database error {code}"));
            match constraint(database.message()) {
                Some(constraint) if kind == PortErrorKind::Conflict => port_error.with_constraint(constraint),
                _ => port_error,
            }
        }
        _ => port_error.with_source(error),
    }
}

fn kind(error: &DbErr) -> PortErrorKind {
    if let Some(database) = database_error(error) {
        return database_kind(database);
    }
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => PortErrorKind::Unavailable,
        DbErr::Type(_) | DbErr::Json(_) | DbErr::TryIntoErr { .. } => PortErrorKind::Corrupt,
        DbErr::Exec(RuntimeErr::SqlxError(sqlx)) | DbErr::Query(RuntimeErr::SqlxError(sqlx)) => {
            match sqlx.as_ref() {
                SqlxError::ColumnDecode { .. } | SqlxError::Decode(_) => PortErrorKind::Corrupt,
                SqlxError::Io(_)
                | SqlxError::Tls(_)
                | SqlxError::Protocol(_)
                | SqlxError::PoolTimedOut
                | SqlxError::PoolClosed
                | SqlxError::WorkerCrashed => PortErrorKind::Unavailable,
                _ => PortErrorKind::Unexpected,
            }
        }
        _ => PortErrorKind::Unexpected,
    }
}

fn database_error(error: &DbErr) -> Option<&dyn DatabaseError> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(sqlx))
        | DbErr::Query(RuntimeErr::SqlxError(sqlx))
        | DbErr::Conn(RuntimeErr::SqlxError(sqlx)) => sqlx.as_database_error(),
        _ => None,
    }
}

/// Whether SQLite waited in vain for its file's lock.
pub(crate) fn is_locked(error: &DbErr) -> bool {
    kind(error) == PortErrorKind::Timeout
}

fn mysql_number(error: &dyn DatabaseError) -> Option<u16> {
    error.try_downcast_ref::<SqlxMySqlError>().map(SqlxMySqlError::number)
}

fn database_kind(error: &dyn DatabaseError) -> PortErrorKind {
    match error.kind() {
        ErrorKind::UniqueViolation => return PortErrorKind::Conflict,
        ErrorKind::ForeignKeyViolation | ErrorKind::NotNullViolation | ErrorKind::CheckViolation => {
            return PortErrorKind::Rejected;
        }
        _ => {}
    }
    if let Some(number) = mysql_number(error) {
        return match number {
            // A lock or the statement took too long.
            1205 | 1907 | 1969 | 3024 => PortErrorKind::Timeout,
            // Too many connections, shutting down, killed, read-only, still a deadlock after
            // several attempts.
            1040
            | 1053
            | 1077..=1079
            | 1129
            | 1158..=1161
            | 1203
            | 1213
            | 1226
            | 1290
            | 1317
            | 1792
            | 1836
            | 1927 => PortErrorKind::Unavailable,
            // A right is missing.
            1142 | 1143 | 1227 => PortErrorKind::NotPermitted,
            // A value out of range, too long, or in no known character set.
            1264 | 1292 | 1366 | 1406 => PortErrorKind::Rejected,
            _ => PortErrorKind::Unexpected,
        };
    }
    if error.try_downcast_ref::<SqlxSqliteError>().is_some() {
        // The low byte is the primary result code (sqlite.org/rescode.html).
        let code = error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
        return match code & 0xff {
            // BUSY, LOCKED.
            5 | 6 => PortErrorKind::Timeout,
            // PERM, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL.
            3 | 8 | 10 | 13 | 14 | 15 => PortErrorKind::Unavailable,
            // CORRUPT, NOTADB.
            11 | 26 => PortErrorKind::Corrupt,
            // TOOBIG, CONSTRAINT, MISMATCH.
            18..=20 => PortErrorKind::Rejected,
            _ => PortErrorKind::Unexpected,
        };
    }
    PortErrorKind::Unexpected
}

/// The unique thing that a message names. MySQL ends it with the index (`for key 'table.index'`,
/// MariaDB without the table), SQLite with the columns; before that MySQL quotes the value, which
/// may say anything.
fn constraint(message: &str) -> Option<&'static str> {
    const UNIQUE: [(&str, &str, &str); 4] = [
        ("accounts_active_email", "accounts.active_email", EMAIL_CONSTRAINT),
        ("connections_name", "connections.account_id, connections.name_key", NAME_CONSTRAINT),
        ("entities_name", "entities.account_id, entities.name", ENTITY_NAME_CONSTRAINT),
        ("saved_searches_name", "saved_searches.account_id, saved_searches.name_key", SAVED_NAME_CONSTRAINT),
    ];
    let named = message.trim_end_matches('\'').rsplit(['\'', ':']).next()?.trim();
    let index = named.rsplit('.').next()?;
    UNIQUE.iter().find(|(key, columns, _)| *key == index || *columns == named).map(|(.., name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_back_end_names_the_constraint_in_its_way() {
        for message in [
            "Duplicate entry 'ada@example.com' for key 'accounts.accounts_active_email'",
            "Duplicate entry 'ada@example.com' for key 'accounts_active_email'",
            "Duplicate entry 'x' for key 'connections_name'' for key 'accounts_active_email'",
            "UNIQUE constraint failed: accounts.active_email",
        ] {
            assert_eq!(constraint(message), Some(EMAIL_CONSTRAINT), "{message}");
        }
        for message in [
            "Duplicate entry 'a-main' for key 'connections.connections_name'",
            "UNIQUE constraint failed: connections.account_id, connections.name_key",
        ] {
            assert_eq!(constraint(message), Some(NAME_CONSTRAINT), "{message}");
        }
    }

    #[test]
    fn a_value_that_looks_like_a_constraint_is_none() {
        for message in [
            "Duplicate entry 'accounts_active_email' for key 'PRIMARY'",
            "Duplicate entry 'x' for key 'accounts_active_email'' for key 'sessions.PRIMARY'",
            "UNIQUE constraint failed: sessions.id",
            "",
            "'",
        ] {
            assert_eq!(constraint(message), None, "{message}");
        }
    }
}
