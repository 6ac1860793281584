//! What the domain needs from outside: a repository, a cipher, a resolver, and for each engine
//! someone who calls servers and reads their schemas.

use std::{net::IpAddr, sync::Arc, time::Duration};

use altus4_kernel::{AccountId, AuditEvent, ConnectionId, Plan, PortResult, SealedSecret, Timestamp};
use async_trait::async_trait;

use crate::{Connection, ConnectionStatus, DiscoveredTable, Engine, Host, Target};

/// The unique thing that [`ConnectionRepository::insert`] and [`ConnectionRepository::replace`] conflict
/// on: the name within an account.
pub const NAME_CONSTRAINT: &str = "connection.name";
/// The bound that [`ConnectionRepository::insert`] conflicts on: the plan's number of connections.
pub const PLAN_CONSTRAINT: &str = "connection.plan_limit";
/// What a `NotPermitted` is named with when the [`HostPolicy`](crate::HostPolicy) was the reason.
pub const HOST_CONSTRAINT: &str = "connection.host_policy";

/// A connection as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredConnection {
    /// The connection.
    pub connection: Connection,
    /// Its sealed password.
    pub password: SealedSecret,
}

/// Keeps connections. Every method names the account, and finds nothing of any other.
///
/// A method that takes an [`AuditEvent`] MUST keep it in the same transaction as its change, so that
/// neither is there without the other, and MUST keep none where it changes nothing.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait ConnectionRepository: Send + Sync {
    /// Stores a connection, unless its account has `limit` of them already.
    ///
    /// Errors: `Conflict` on `connection.name` (compared without case) or on
    /// `connection.plan_limit`; both MUST hold also when calls come at once.
    async fn insert(
        &self,
        stored: &StoredConnection,
        limit: Option<u32>,
        event: &AuditEvent,
    ) -> PortResult<()>;

    /// All connections of an account, oldest first. One query.
    async fn list(&self, account_id: AccountId) -> PortResult<Vec<StoredConnection>>;

    /// One connection of an account.
    async fn find(&self, account_id: AccountId, id: ConnectionId) -> PortResult<Option<StoredConnection>>;

    /// Notes what was found when the server was called. Changes neither `updated_at` nor anything
    /// else; nothing happens when the connection is gone. `last_connected` stays when `None`.
    async fn note_status(
        &self,
        account_id: AccountId,
        id: ConnectionId,
        status: ConnectionStatus,
        last_connected: Option<Timestamp>,
    ) -> PortResult<()>;

    /// Stores `after`, which has the id and the account of `before`, in the place of `before`; and the
    /// password, if there is another one: otherwise what is sealed stays, whatever became of it
    /// meanwhile. `false`, and nothing is done, when `before` isn't there any more as it was: its
    /// `generation` or its `updated_at` is another, or it is gone.
    ///
    /// Errors: `Conflict` on `connection.name`, as [`ConnectionRepository::insert`].
    async fn replace(
        &self,
        before: &Connection,
        after: &Connection,
        password: Option<SealedSecret>,
        event: &AuditEvent,
    ) -> PortResult<bool>;

    /// Forgets a connection and its password. `false` when the account has no such connection.
    async fn remove(&self, account_id: AccountId, id: ConnectionId, event: &AuditEvent) -> PortResult<bool>;

    /// The plan of an active account.
    async fn plan_of(&self, account_id: AccountId) -> PortResult<Option<Plan>>;
}

/// Looks names up.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait HostResolver: Send + Sync {
    /// The addresses behind a name, in the resolver's order; empty when it has none.
    ///
    /// Errors: `Unavailable`, `Timeout` (of the system `DataSource`).
    async fn resolve(&self, host: &Host) -> PortResult<Vec<IpAddr>>;
}

/// What a server said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeReport {
    /// How long it took to connect, log in and answer.
    pub response_time: Duration,
    /// Its version, cut to 64 printable ASCII characters.
    pub version: String,
    /// Whether the user can only read.
    pub read_only: bool,
    /// What its owner should know: rights too wide, no TLS, settings that lose words.
    pub warnings: Vec<String>,
    /// What its owner should do first, if anything.
    pub suggestion: Option<String>,
}

/// What is open to a server from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoolUsage {
    /// Sockets, or files, in use.
    pub active: u32,
    /// Those kept open for the next use.
    pub idle: u32,
}

/// Calls a server. Errors of every method: `Unavailable` (refused, gone, not a database),
/// `NotPermitted` (login refused, or the host policy under [`HOST_CONSTRAINT`]), `Timeout`,
/// `Rejected` (unknown database) — all of the system `DataSource`, with what may be shown in
/// `detail`.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait ConnectionProbe: Send + Sync {
    /// Connects anew (not through a pool), logs in, asks a few questions, hangs up. Takes
    /// `deadline` at the most.
    async fn probe(&self, target: &Target, deadline: Duration) -> PortResult<ProbeReport>;

    /// What is open to a connection; nothing is opened for that.
    fn usage(&self, id: ConnectionId) -> PoolUsage;

    /// Lets go of what is open to a connection: what is idle is closed now, what is in use when its
    /// use is over; whoever is under way may end it. MUST NOT block. A connection that is used again
    /// is opened again.
    fn close(&self, id: ConnectionId);
}

/// Reads schemas. Errors as [`ConnectionProbe`].
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait SchemaInspector: Send + Sync {
    /// The tables and views of the target's database, system tables left out, by name. In a few
    /// queries whatever their number, and in `deadline` at the most. Names that could not be
    /// quoted safely (control characters, over 64 characters) are left out.
    async fn inspect(&self, target: &Target, deadline: Duration) -> PortResult<Vec<DiscoveredTable>>;
}

/// How a search got at the words of some columns of a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Access {
    /// Through full-text indexes that cover all of them.
    Indexed,
    /// By reading the table whole, for want of an index.
    Scanned,
    /// Not at all: there is no index, and the table is too large to be read whole.
    LeftOut,
}

/// What a search found of a table's indexes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Searched {
    /// The connection.
    pub connection_id: ConnectionId,
    /// The table.
    pub table: String,
    /// The columns it wanted to search, in the table's order.
    pub columns: Vec<String>,
    /// How it got at them.
    pub access: Access,
    /// How long the database took; zero where it wasn't asked.
    pub took: Duration,
}

/// Takes note of how searches got at their words, so that advice on indexes has evidence.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait SearchEvidence: Send + Sync {
    /// Notes one table of one search. On the path of every search: MUST NOT block, and MUST bound
    /// what it keeps.
    fn note(&self, searched: Searched);
}

/// One adapter for each engine that the installation offers.
pub struct ByEngine<P: ?Sized> {
    mysql: Option<Arc<P>>,
    sqlite: Option<Arc<P>>,
}

impl<P: ?Sized> ByEngine<P> {
    /// These adapters.
    #[must_use]
    pub fn new(mysql: Option<Arc<P>>, sqlite: Option<Arc<P>>) -> Self {
        Self { mysql, sqlite }
    }

    /// The adapter for `engine`, if the installation offers it.
    #[must_use]
    pub fn get(&self, engine: Engine) -> Option<&Arc<P>> {
        match engine {
            Engine::MySql => self.mysql.as_ref(),
            Engine::Sqlite => self.sqlite.as_ref(),
        }
    }
}

impl<P: ?Sized> Clone for ByEngine<P> {
    fn clone(&self) -> Self {
        Self { mysql: self.mysql.clone(), sqlite: self.sqlite.clone() }
    }
}
