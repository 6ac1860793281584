//! The way to a server: the one place where sockets to users' databases are opened. A guard between
//! the driver and the network belongs here.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use altus4_connections::{AddressGate, ConnectionOptions, DatabaseName, Endpoint, Host, Target, Tls};
use altus4_kernel::{ConnectionId, secrecy::ExposeSecret};
use mysql_async::{Conn, Error as Driver, OptsBuilder, SslOpts, prelude::Queryable};
use tokio::time::timeout;

use crate::{MySqlConfig, dialect, error::Fault};

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
    /// Everything but the address. Holds the password, so it is never printed.
    options: OptsBuilder,
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
    /// The driver's connection.
    pub(crate) conn: Conn,
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
        let (mut conn, address) = self.dial(route).await?;
        let set_up = set_up(&mut conn, route.identity.options.timeout(), self.config.idle_timeout * 2);
        timeout(self.config.connect_timeout, set_up).await.map_err(|_| Fault::Connect)??;
        Ok(Link { conn, address, idle_since: Instant::now() })
    }

    /// Ends the statement that another session is running, from a session of its own.
    pub(crate) async fn kill_statement(&self, route: &Route, thread: u32) -> Result<(), Fault> {
        let (mut conn, _) = self.dial(route).await?;
        let kill = async {
            conn.query_drop(dialect::kill_statement(thread)).await?;
            conn.disconnect().await
        };
        timeout(self.config.connect_timeout, kill).await.map_err(|_| Fault::Connect)?.map_err(Fault::from)
    }

    /// Has the host checked, connects to the address that was admitted, and logs in.
    async fn dial(&self, route: &Route) -> Result<(Conn, SocketAddr), Fault> {
        let address = self.gate.admit(&route.host, route.port).await.map_err(Fault::Gate)?;
        // The name stays for TLS; the driver looks nothing up.
        let options = route.options.clone().resolved_ips(Some(vec![address.ip()])).tcp_port(address.port());
        let greeted = timeout(self.config.connect_timeout, Conn::new(options)).await;
        let conn = greeted.map_err(|_| Fault::Connect)?.map_err(Fault::in_greeting)?;
        Ok((conn, address))
    }
}

impl Route {
    /// The way to `target`.
    pub(crate) fn to(target: &Target, config: &MySqlConfig) -> Result<Self, Fault> {
        let identity = Identity::of(target);
        let Endpoint::Server { host, port, username, tls } = &target.connection.endpoint else {
            return Err(Fault::Request("this connection is a file, not a server"));
        };
        // Local files, compression, clear-text and old passwords are off unless they are asked for.
        let options = OptsBuilder::default()
            .ip_or_hostname(host.as_str())
            .user(Some(username.as_str()))
            .pass(Some(target.password.expose_secret()))
            .db_name(Some(target.connection.database.as_str()))
            .ssl_opts(tls_options(tls))
            .secure_auth(true)
            .enable_cleartext_plugin(false)
            .prefer_socket(false)
            .tcp_nodelay(true)
            .stmt_cache_size(STATEMENTS_KEPT)
            .max_allowed_packet(Some(config.max_packet_bytes))
            // Otherwise the driver would ask the server; here the pool keeps the time.
            .wait_timeout(Some(usize::MAX))
            .connect_attribute("program_name", "altus4");
        let connection_id = target.connection.id;
        Ok(Self { connection_id, identity, host: host.clone(), port: *port, options })
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

fn tls_options(tls: &Tls) -> Option<SslOpts> {
    let Tls::Required { verify, ca, server_name } = tls else { return None };
    let mut options = SslOpts::default().with_danger_tls_hostname_override(server_name.clone());
    if let Some(ca) = ca {
        options =
            options.with_root_certs(vec![ca.clone().into_bytes().into()]).with_disable_built_in_roots(true);
    }
    if !verify {
        options = options.with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true);
    }
    Some(options)
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
