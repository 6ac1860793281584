//! The way to a server: its address is checked, and the guard dials it.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use altus4_connections::{AddressGate, ConnectionOptions, DatabaseName, Endpoint, Host, Target, Tls};
use altus4_kernel::ConnectionId;
use mysql_async::{Conn, Error as Driver, OptsBuilder, prelude::Queryable};
use tokio::time::timeout;

use crate::{
    MySqlConfig, dialect,
    error::Fault,
    guard::{self, Entry, Guard, Limits, Patience, Refusal, TlsPlan},
};

/// How many prepared statements a session keeps. The server's bound on all of them is shared with
/// the owner's own programs.
const STATEMENTS_KEPT: usize = 16;

/// Opens sessions.
pub(crate) struct Dialer {
    gate: AddressGate,
    config: MySqlConfig,
}

/// How to get to one target.
pub(crate) struct Route {
    connection_id: ConnectionId,
    identity: Identity,
    host: Host,
    port: u16,
    entry: Entry,
    limits: Limits,
}

/// What a session is made of: targets that agree on it can share a pool.
#[derive(PartialEq)]
struct Identity {
    generation: u32,
    endpoint: Endpoint,
    database: DatabaseName,
    options: ConnectionOptions,
}

/// An open session.
pub(crate) struct Link {
    /// The driver's connection, to the guard.
    pub(crate) conn: Conn,
    /// The guard's, to the server.
    pub(crate) guard: Guard,
    /// Who it goes to.
    pub(crate) address: SocketAddr,
    /// Since when nobody has used it.
    pub(crate) idle_since: Instant,
}

impl Dialer {
    pub(crate) fn new(gate: AddressGate, config: MySqlConfig) -> Self {
        Self { gate, config }
    }

    pub(crate) fn config(&self) -> &MySqlConfig {
        &self.config
    }

    /// A session that only reads and whose statements have a time limit.
    pub(crate) async fn open(&self, route: &Route) -> Result<Link, Fault> {
        let mut link = self.dial(route).await?;
        let limit = route.identity.options.timeout();
        let set_up = set_up(&mut link.conn, limit, self.config.idle_timeout * 2);
        let outcome = timeout(self.config.connect_timeout, set_up).await.map_err(|_| Fault::Connect)?;
        outcome.map_err(|fault| link.explain(fault))?;
        Ok(link)
    }

    /// Ends the statement that another session is running, from a session of its own.
    pub(crate) async fn kill_statement(&self, route: &Route, thread: u32) -> Result<(), Fault> {
        let mut link = self.dial(route).await?;
        let kill = async {
            link.conn.query_drop(dialect::kill_statement(thread)).await?;
            link.conn.disconnect().await
        };
        timeout(self.config.connect_timeout, kill).await.map_err(|_| Fault::Connect)?.map_err(Fault::from)
    }

    /// Has the host checked, and the guard connect to the address that was admitted and log in.
    pub(crate) async fn dial(&self, route: &Route) -> Result<Link, Fault> {
        let address = self.gate.admit(&route.host, route.port).await.map_err(Fault::Gate)?;
        // No address, user or password: the driver knows the guard alone.
        let driver = OptsBuilder::default()
            .prefer_socket(false)
            .stmt_cache_size(STATEMENTS_KEPT)
            .max_allowed_packet(Some(self.config.max_packet_bytes))
            // Otherwise the driver would ask the server; here the pool keeps the time.
            .wait_timeout(Some(usize::MAX));
        let entered = Guard::enter(address, &route.entry, route.limits, driver);
        let (conn, guard) = timeout(self.config.connect_timeout, entered)
            .await
            .map_err(|_| Fault::Connect)?
            .map_err(|refusal| match refusal {
                Refusal::Server(error) => Fault::Driver(Driver::Server(error)),
                refusal => Fault::Refused(refusal),
            })?;
        Ok(Link { conn, guard, address, idle_since: Instant::now() })
    }
}

impl Link {
    /// A fault as the guard knows it: the driver saw no more than a socket that was closed.
    pub(crate) fn explain(&self, fault: Fault) -> Fault {
        let is_explained =
            matches!(fault, Fault::Driver(Driver::Server(_))) || fault.is_of_a_large_statement();
        match (fault, self.guard.ending()) {
            (Fault::Driver(_), Some(ending)) if !is_explained => Fault::Ended(ending),
            (fault, _) => fault,
        }
    }

    /// Whether it can still be used, as far as is known without asking.
    pub(crate) fn is_open(&self) -> bool {
        self.guard.ending().is_none()
    }
}

impl Route {
    /// The way to `target`.
    pub(crate) fn to(target: &Target, config: &MySqlConfig) -> Result<Self, Fault> {
        let identity = Identity::of(target);
        let Endpoint::Server { host, port, username, tls } = &target.connection.endpoint else {
            return Err(Fault::Request("this connection is a file, not a server"));
        };
        let tls = match tls {
            Tls::Disabled => None,
            Tls::Required { verify, ca, server_name } => {
                let name = server_name.as_deref().unwrap_or(host.as_str());
                Some(TlsPlan::new(name, *verify, ca.as_deref()).map_err(Fault::Refused)?)
            }
        };
        let entry = Entry {
            user: username.as_str().to_owned(),
            password: target.password.clone(),
            database: target.connection.database.as_str().to_owned(),
            tls,
        };
        let patience =
            Patience { answer: identity.options.timeout() + guard::GRACE, command: config.idle_timeout * 2 };
        let limits = Limits { packet: config.max_packet_bytes, answer: config.max_statement_bytes, patience };
        let connection_id = target.connection.id;
        Ok(Self { connection_id, identity, host: host.clone(), port: *port, entry, limits })
    }

    /// The same way for a statement that may take this long.
    pub(crate) fn patient(mut self, limit: Duration) -> Self {
        self.limits.patience.answer = limit + guard::GRACE;
        self
    }

    /// The connection it belongs to.
    pub(crate) fn connection_id(&self) -> ConnectionId {
        self.connection_id
    }

    /// Whether this is the way to `target` as it is now.
    pub(crate) fn leads_to(&self, target: &Target) -> bool {
        self.identity == Identity::of(target)
    }

    /// Whether `target` has been changed since.
    pub(crate) fn is_newer_than(&self, target: &Target) -> bool {
        self.identity.generation > target.connection.generation
    }

    /// The most sessions that may be open at once.
    pub(crate) fn session_limit(&self) -> usize {
        usize::try_from(self.identity.options.connection_limit()).unwrap_or(1)
    }
}

impl Identity {
    fn of(target: &Target) -> Self {
        let connection = &target.connection;
        Self {
            generation: connection.generation,
            endpoint: connection.endpoint.clone(),
            database: connection.database.clone(),
            options: connection.options,
        }
    }
}

async fn set_up(conn: &mut Conn, limit: Duration, idle: Duration) -> Result<(), Fault> {
    match conn.query_drop(dialect::session_set_up(limit, idle)).await {
        Err(Driver::Server(refused)) => {
            tracing::debug!(errno = refused.code, "datasource.mysql.session_set_up_in_steps");
            let (required, optional) = dialect::session_set_up_in_steps(limit);
            for statement in required {
                conn.query_drop(statement).await?;
            }
            for statement in optional {
                match conn.query_drop(statement).await {
                    Ok(()) | Err(Driver::Server(_)) => {}
                    Err(lost) => return Err(lost.into()),
                }
            }
            Ok(())
        }
        outcome => outcome.map_err(Fault::from),
    }
}
