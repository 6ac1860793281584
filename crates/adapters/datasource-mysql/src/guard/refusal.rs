//! Why no session begins.

use std::io;

use mysql_async::ServerError;

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// What answers is no MySQL server.
    #[error("no greeting of a MySQL server: {0}")]
    Greeting(&'static str),
    /// It greeted like a server and then said what no server says.
    #[error("the login broke the protocol: {0}")]
    Login(&'static str),
    /// The connection asks for TLS.
    #[error("the server offers no TLS")]
    NoTls,
    /// The server wants the password in a way that is never used.
    #[error("a way of logging in that is not used here")]
    Method,
    /// The server wants the password itself.
    #[error("the password would be sent over a connection that is not verified TLS")]
    Unverified,
    /// The server's own words.
    #[error(transparent)]
    Server(ServerError),
    /// The name that the certificate must be valid for.
    #[error("no host name")]
    Name,
    /// The certificates to trust.
    #[error("no certificates in PEM")]
    Roots,
    /// TLS can't be set up with these settings.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    /// The network, or TLS on it.
    #[error(transparent)]
    Network(#[from] io::Error),
    /// The socket between the guard and the driver.
    #[error("no socket between the guard and the driver")]
    Socket(#[source] io::Error),
    /// What the driver said to the guard's own greeting.
    #[error(transparent)]
    Driver(#[from] mysql_async::Error),
}
