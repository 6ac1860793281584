//! A registered database.

use std::{fmt, str::FromStr, time::Duration};

use altus4_kernel::{AccountId, ConnectionId, Timestamp, UnknownName, secrecy::SecretString, trimmed_name};

use crate::{DatabaseName, Host, SearchLanguage, UserName};

/// What kind of server a connection goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Engine {
    /// MySQL, MariaDB, and what speaks their protocol.
    MySql,
    /// A SQLite file below the directory that the operator named.
    Sqlite,
}

impl Engine {
    /// The name in requests, answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MySql => "mysql",
            Self::Sqlite => "sqlite",
        }
    }
}

/// Takes `mariadb` for MySQL too.
impl FromStr for Engine {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "mysql" | "mariadb" => Ok(Self::MySql),
            "sqlite" => Ok(Self::Sqlite),
            _ => Err(UnknownName),
        }
    }
}

/// What its owner calls a connection: 1–100 characters, trimmed, without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionName(String);

impl ConnectionName {
    /// The name in `text`; `None` when it is empty, too long or has control characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        trimmed_name(text, 1..=100).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without case: two names of one account may not agree in it. At most 255 characters.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

/// Whether and how the way to the server is encrypted. There is no "preferred": either it is and
/// the certificate is checked as said, or there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Tls {
    /// Plain text.
    #[default]
    Disabled,
    /// TLS, or no connection.
    Required {
        /// Refuse a certificate that isn't valid for the name. `false` hides from eavesdroppers
        /// only.
        verify: bool,
        /// Certificates to trust instead of the public ones, PEM.
        ca: Option<String>,
        /// The name that the certificate must be valid for, where it isn't the host's.
        server_name: Option<String>,
    },
}

/// Where a server is and who is calling it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Over the network.
    Server {
        /// Its name or address.
        host: Host,
        /// Its port.
        port: u16,
        /// The user.
        username: UserName,
        /// Encryption.
        tls: Tls,
    },
    /// A file below the operator's directory; the path is the connection's `database`.
    File,
}

/// How a connection is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionOptions {
    connection_limit: u32,
    timeout: Duration,
}

impl ConnectionOptions {
    /// The most sockets to one server.
    pub const CONNECTION_LIMITS: std::ops::RangeInclusive<u32> = 1..=50;
    /// The bounds of a statement's time limit, in milliseconds.
    pub const TIMEOUTS_MS: std::ops::RangeInclusive<u64> = 1_000..=120_000;

    /// At most `connection_limit` sockets (1–50), and at most `timeout_ms` (1,000–120,000) for a
    /// statement; `None` outside these bounds.
    #[must_use]
    pub fn new(connection_limit: u32, timeout_ms: u64) -> Option<Self> {
        let fits =
            Self::CONNECTION_LIMITS.contains(&connection_limit) && Self::TIMEOUTS_MS.contains(&timeout_ms);
        fits.then(|| Self { connection_limit, timeout: Duration::from_millis(timeout_ms) })
    }

    /// The most sockets open to the server at once.
    #[must_use]
    pub fn connection_limit(self) -> u32 {
        self.connection_limit
    }

    /// The most time that one statement may take.
    #[must_use]
    pub fn timeout(self) -> Duration {
        self.timeout
    }
}

/// Ten sockets, 60 seconds.
impl Default for ConnectionOptions {
    fn default() -> Self {
        Self { connection_limit: 10, timeout: Duration::from_mins(1) }
    }
}

/// What a search uses where it doesn't say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchDefaults {
    /// The tables searched when a search names none; empty: every table with text columns.
    pub tables: Vec<String>,
    /// Whether text of its rows, as far as it is searched, may be sent to an AI provider outside.
    pub allow_external_ai: bool,
    /// The language of its texts.
    pub language: SearchLanguage,
}

/// What was found when the server was last called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionStatus {
    /// Not called yet.
    Unknown,
    /// It answered.
    Connected,
    /// It did not, or refused.
    Error,
}

impl ConnectionStatus {
    /// The name in answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Connected => "connected",
            Self::Error => "error",
        }
    }
}

impl FromStr for ConnectionStatus {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        [Self::Unknown, Self::Connected, Self::Error]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(UnknownName)
    }
}

/// A registered database, without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Whose it is.
    pub account_id: AccountId,
    /// What its owner calls it, unique in the account.
    pub name: ConnectionName,
    /// What kind of server.
    pub engine: Engine,
    /// Where it is.
    pub endpoint: Endpoint,
    /// The database (schema) searched; for SQLite the file's path below the operator's directory.
    pub database: DatabaseName,
    /// How it is used.
    pub options: ConnectionOptions,
    /// What searches use where they don't say.
    pub search: SearchDefaults,
    /// Whether searches that name no database include it.
    pub is_active: bool,
    /// What was found when it was last called.
    pub status: ConnectionStatus,
    /// When it last answered.
    pub last_connected: Option<Timestamp>,
    /// Rises whenever host, user, password or TLS change: pools and caches of an older generation
    /// are stale.
    pub generation: u32,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When its settings were last changed.
    pub updated_at: Timestamp,
}

impl Connection {
    /// What the connection's sealed password is bound to.
    #[must_use]
    pub fn password_binding(&self) -> String {
        password_binding(self.account_id, self.id)
    }
}

/// What the sealed password of this connection of this account is bound to.
pub(crate) fn password_binding(account_id: AccountId, id: impl fmt::Display) -> String {
    format!("altus4|connection|{account_id}|{id}|password")
}

/// A connection with its password opened: what an adapter needs to dial. Short-lived.
#[derive(Clone)]
pub struct Target {
    /// The connection.
    pub connection: Connection,
    /// Its password.
    pub password: SecretString,
}

impl Target {
    /// Tells pools and caches apart: two targets with the same key reach the same server in the
    /// same way.
    #[must_use]
    pub fn pool_key(&self) -> (ConnectionId, u32) {
        (self.connection.id, self.connection.generation)
    }
}

/// Names the connection alone.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.connection.id)
    }
}
