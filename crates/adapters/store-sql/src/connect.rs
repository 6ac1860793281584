//! Where the store is and how it is reached: the way from a URL to pools.

mod file;

use std::{
    io,
    path::PathBuf,
    time::{Duration, Instant},
};

use sea_orm::{
    DatabaseConnection, SqlxError, SqlxMySqlConnector, SqlxSqliteConnector,
    sqlx::{
        ConnectOptions, Connection, Executor, MySqlConnection,
        mysql::{MySqlConnectOptions, MySqlPoolOptions},
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
    },
};
use secrecy::ExposeSecret;
use tokio::time::{sleep, timeout};

use crate::{
    StoreConfig, StoreFault,
    pools::{ACQUIRE_LIMIT, LOCK_LIMIT, Pools},
};

/// How long the first connection may take, also when the database is just starting.
const START_LIMIT: Duration = Duration::from_secs(5);
/// How long to wait before a database that is just starting is tried again.
const START_PAUSE: Duration = Duration::from_millis(100);
/// How long a connection may take to show that it still lives.
const PROOF_LIMIT: Duration = Duration::from_secs(1);
/// A connection that was idle this long is asked whether it still lives before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// How long a migration waits for others that migrate, and for readers that hold a table.
pub(crate) const MIGRATION_LOCK_LIMIT: Duration = Duration::from_mins(1);
/// More than there are different statements: a statement that is closed and prepared again costs a
/// stall of some 40 ms on MySQL, since sqlx 0.9 doesn't set `TCP_NODELAY`.
const STATEMENTS: usize = 1024;

/// A database, known by its URL.
pub(crate) enum Place {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    MySql(Box<MySqlConnectOptions>),
}

impl Place {
    pub(crate) fn parse(config: &StoreConfig) -> Result<Self, StoreFault> {
        let fault = |reason: &str| StoreFault::Url { reason: reason.to_owned() };
        let url = config.url.expose_secret();
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" => Err(fault("sqlite:// names no file")),
                ":memory:" => Err(fault("sqlite:// needs a file, since memory is not shared by connections")),
                path if path.contains('?') => Err(fault("sqlite:// takes no parameters")),
                path => Ok(Self::Sqlite(path.into())),
            };
        }
        if !url.starts_with("mysql://") && !url.starts_with("mariadb://") {
            return Err(fault("it begins with neither sqlite:// nor mysql://"));
        }
        let options: MySqlConnectOptions = url.parse().map_err(|error| match error {
            SqlxError::Configuration(cause) => fault(&cause.to_string()),
            _ => fault("it is malformed"),
        })?;
        if options.get_database().is_none() {
            return Err(fault("it names no database: mysql://user:password@host:port/database"));
        }
        // The session's own settings come with `prepare_session`.
        let options = options.pipes_as_concat(false).no_engine_substitution(false);
        let options = options.statement_cache_capacity(STATEMENTS).disable_statement_logging();
        Ok(Self::MySql(Box::new(options)))
    }

    /// The place in a sentence: never with a user or a password.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::MySql(options) => {
                let database = options.get_database().unwrap_or_default();
                format!("{}:{}/{database}", options.get_host(), options.get_port())
            }
        }
    }

    /// Reaches the database once, and gives pools that reach it when they need to.
    pub(crate) async fn connect(&self, max_connections: u32) -> Result<Pools, StoreFault> {
        let max_connections = max_connections.max(1);
        match self {
            Self::Sqlite(path) => {
                file::create(path)
                    .map_err(|error| StoreFault::File { path: self.name(), reason: error.to_string() })?;
                let options = sqlite_options(path, LOCK_LIMIT);
                self.reach_first(&options).await?;
                let pool = |max_connections, wait| {
                    let pool =
                        SqlitePoolOptions::new().max_connections(max_connections).acquire_timeout(wait);
                    let pool = pool.max_lifetime(None).test_before_acquire(false);
                    SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.connect_lazy_with(options.clone()))
                };
                // One connection that writes: writers queue here, in order, rather than at the file,
                // and leave the others to readers, who in WAL mode never wait for them.
                Ok(Pools::new(pool(max_connections, ACQUIRE_LIMIT), pool(1, LOCK_LIMIT)))
            }
            Self::MySql(options) => {
                self.reach_first(options.as_ref()).await?;
                let pool = MySqlPoolOptions::new()
                    .max_connections(max_connections)
                    .acquire_timeout(ACQUIRE_LIMIT)
                    .after_connect(|connection, _| Box::pin(prepare_session(connection)))
                    .test_before_acquire(false)
                    .before_acquire(|connection, about| {
                        Box::pin(async move {
                            if about.idle_for >= TRUSTED_IDLE {
                                prove_alive(connection).await?;
                            }
                            Ok(true)
                        })
                    })
                    // sqlx does the same afterwards without a limit: a connection whose host went
                    // away in the middle of a call would keep its place in the pool for minutes.
                    .after_release(|connection, _| {
                        Box::pin(async move { prove_alive(connection).await.map(|()| true) })
                    })
                    .connect_lazy_with(options.as_ref().clone());
                let pool = SqlxMySqlConnector::from_sqlx_mysql_pool(pool);
                Ok(Pools::new(pool.clone(), pool))
            }
        }
    }

    /// A single connection for migrations, to be closed afterwards: what they set must not stay
    /// behind in a pool.
    pub(crate) fn migration_connection(&self) -> DatabaseConnection {
        match self {
            Self::Sqlite(path) => {
                let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(START_LIMIT);
                let options = sqlite_options(path, MIGRATION_LOCK_LIMIT);
                SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.connect_lazy_with(options))
            }
            Self::MySql(options) => {
                let pool = MySqlPoolOptions::new()
                    .max_connections(1)
                    .acquire_timeout(START_LIMIT)
                    .after_connect(|connection, _| Box::pin(prepare_session(connection)));
                SqlxMySqlConnector::from_sqlx_mysql_pool(pool.connect_lazy_with(options.as_ref().clone()))
            }
        }
    }

    async fn reach_first<O: ConnectOptions<Connection: Sized>>(&self, options: &O) -> Result<(), StoreFault> {
        let fault = |reason: String| StoreFault::Unreachable { place: self.name(), reason };
        let begun = Instant::now();
        loop {
            let left = START_LIMIT.saturating_sub(begun.elapsed());
            match timeout(left, options.connect()).await {
                Ok(Ok(connection)) => {
                    // It has shown what it had to.
                    let _ = timeout(PROOF_LIMIT, connection.close()).await;
                    return Ok(());
                }
                Ok(Err(error)) if is_starting(&error) && left > START_PAUSE => sleep(START_PAUSE).await,
                Ok(Err(error)) => return Err(fault(reason(&error))),
                Err(_) => return Err(fault(format!("no answer in {} s", START_LIMIT.as_secs()))),
            }
        }
    }
}

fn sqlite_options(path: &PathBuf, lock_limit: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // Safe in WAL mode: a power cut may lose the last commits, never the file.
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(lock_limit)
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging()
}

/// Makes every server behave alike, however it is set up: strict about values, brief about locks
/// (in seconds), and with messages that `error.rs` can read. Read committed: a transaction that waited
/// for a row sees what the one before it did.
async fn prepare_session(connection: &mut MySqlConnection) -> Result<(), SqlxError> {
    // As the text has them.
    const { assert!(LOCK_LIMIT.as_secs() == 3 && MIGRATION_LOCK_LIMIT.as_secs() == 60) };
    connection
        .execute(
            "SET SESSION sql_mode = 'TRADITIONAL', lc_messages = 'en_US', \
             innodb_lock_wait_timeout = 3, lock_wait_timeout = 60",
        )
        .await?;
    connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
    Ok(())
}

async fn prove_alive(connection: &mut MySqlConnection) -> Result<(), SqlxError> {
    let silent = || SqlxError::Io(io::Error::new(io::ErrorKind::TimedOut, "the store does not answer"));
    timeout(PROOF_LIMIT, connection.ping()).await.map_err(|_| silent())?
}

/// Whether the database may be there in a moment: nobody listens yet, or another process is setting
/// the file to WAL mode, for which SQLite doesn't wait.
fn is_starting(error: &SqlxError) -> bool {
    match error {
        SqlxError::Io(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        SqlxError::Database(error) => error.code().is_some_and(|code| code == "5" || code == "261"),
        _ => false,
    }
}

fn reason(error: &SqlxError) -> String {
    match error {
        SqlxError::Io(error) => error.to_string(),
        SqlxError::Database(error) => error.message().to_owned(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Place, StoreFault> {
        Place::parse(&StoreConfig { url: url.into(), max_connections: 1 })
    }

    #[test]
    fn a_place_is_named_without_its_password() {
        for (url, name) in [
            ("sqlite://data/altus4.db", "data/altus4.db"),
            ("sqlite:///var/lib/altus4.db", "/var/lib/altus4.db"),
            ("sqlite:altus4.db", "altus4.db"),
            (
                "mysql://root:hunter2@db.example.com:3307/altus4?ssl-mode=REQUIRED",
                "db.example.com:3307/altus4",
            ),
            ("mariadb://root:hunter2@db/altus4", "db:3306/altus4"),
        ] {
            assert_eq!(parse(url).map(|place| place.name()).ok().as_deref(), Some(name), "{url}");
        }
    }

    #[test]
    fn an_unusable_url_is_refused_with_a_sentence_without_its_password() {
        for url in [
            "",
            "root:hunter2@db/altus4",
            "postgres://root:hunter2@db/altus4",
            "sqlite://",
            "sqlite://:memory:",
            "sqlite::memory:",
            "sqlite://hunter2.db?mode=memory",
            "mysql://root:hunter2@db",
            "mysql://root:hunter2@db/",
            "mysql://root:hunter2@db:port/altus4",
            "mysql://root:hunter2@/altus4",
            "mysql://root:hunter2@db/altus4?ssl-mode=sometimes",
        ] {
            let fault = parse(url).map(|place| place.name()).expect_err(url).to_string();
            assert!(fault.starts_with("the store's URL is not usable: "), "{url}: {fault}");
            assert!(!fault.contains("hunter2"), "{url}: {fault}");
        }
    }
}
