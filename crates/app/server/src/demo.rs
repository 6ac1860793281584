//! `altus4 demo`: the service on this machine alone, with something to search and everything
//! needed to try it. Reads no settings of the installation and leaves nothing behind.

mod account;
mod home;
mod sample;
mod welcome;

use std::{io, net::TcpListener, path::PathBuf};

use altus4_http::HttpServer;
use anyhow::{Context, Result, anyhow};

use self::home::Home;
use crate::{
    cli::{print, serve::until_stopped},
    compose::{Application, compose, http_config},
    failure::Failure,
    settings::{Environment, Settings},
    shutdown::Shutdown,
};

/// What can be said on the command line.
#[derive(Debug)]
pub(crate) struct Options {
    /// The port to listen at.
    pub(crate) port: Option<u16>,
    /// Where to keep the data.
    pub(crate) data_dir: Option<PathBuf>,
}

/// The only address that a demo listens at.
const HOST: &str = "127.0.0.1";
/// The first port that is tried.
const FIRST_PORT: u16 = 3000;
/// How many ports are tried.
const PORTS: u16 = 100;

/// Serves a demo until the process is asked to stop.
///
/// # Errors
/// Why it could not be made or served.
pub(crate) async fn run(options: Options) -> Result<(), Failure> {
    let shutdown = Shutdown::listen().map_err(|error| Failure::Start(error.into()))?;
    let home = Home::open(options.data_dir).map_err(Failure::Start)?;
    let (application, server) = tokio::select! {
        made = make(&home, options.port) => made?,
        () = shutdown.requested() => return Ok(()),
    };
    until_stopped(server, application, &shutdown).await
}

/// Everything up to the point where requests can come.
async fn make(home: &Home, port: Option<u16>) -> Result<(Application, HttpServer), Failure> {
    let port = match port {
        Some(port) => port,
        None => free_port().map_err(Failure::Start)?,
    };
    sample::build_once(&home.sample()).await.map_err(Failure::Start)?;
    let settings = Settings::read(&variables(home, port))?;
    let http = http_config(&settings);
    let application = Box::pin(compose(settings)).await.map_err(Failure::Start)?;
    let account = account::prepare(&application.services, home).await.map_err(Failure::Start)?;
    let server = HttpServer::bind(http, application.services.clone());
    let server = server.map_err(|fault| Failure::Start(fault.into()))?;
    print(&welcome::text(server.local_addr(), &account, home));
    Ok((application, server))
}

/// The settings of a demo: the embedded defaults, whatever the installation's are.
fn variables(home: &Home, port: u16) -> Environment {
    [
        ("ALTUS4_DATA_DIR".into(), home.dir().into()),
        ("ALTUS4_SQLITE_SOURCES".into(), home.sources().into()),
        ("HOST".into(), HOST.into()),
        ("PORT".into(), port.to_string().into()),
    ]
    .into_iter()
    .collect()
}

/// A port that nobody listens at just now.
fn free_port() -> Result<u16> {
    let mut ports = FIRST_PORT..FIRST_PORT + PORTS;
    let free = ports.find_map(|port| match TcpListener::bind((HOST, port)) {
        Ok(_) => Some(Ok(port)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => None,
        Err(error) => Some(Err(error)),
    });
    let last = FIRST_PORT + PORTS - 1;
    free.ok_or_else(|| anyhow!("no port from {FIRST_PORT} to {last} is free; choose one with --port"))?
        .with_context(|| format!("can't listen at {HOST}"))
}
