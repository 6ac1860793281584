//! The guard: everything that a user's server sends comes through here, and the driver gets to see
//! what is left of it.
//!
//! A server that nobody knows anything of can make a driver abort the process with one packet, or
//! hold gigabytes. So the guard dials, agrees on TLS and logs in by itself, and the driver talks to
//! the guard over a socket of ours. What is said after the login goes through a state machine,
//! [`Police`], that knows what may come next and how much of it; see `docs/adr/0005`.
//!
//! | bound | |
//! | --- | --- |
//! | greeting | 1 KiB |
//! | each other packet of the login | 4 KiB, three of them at the most |
//! | a packet afterwards | `max_packet_bytes`, never 16 MiB |
//! | a column, an acknowledgement, an error | 8 KiB |
//! | columns | 4,096, of 256 KiB together, and 64 bytes for each parameter |
//! | the answer to a statement | `max_statement_bytes`, with heads |
//! | held by the guard | 40 KiB a session |
//! | from a command to the end of its answer | the connection's time limit and [`GRACE`] |
//! | between two commands | twice the time that a session may lie idle |

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use altus4_kernel::secrecy::SecretString;
use mysql_async::{Conn, OptsBuilder};
use tokio::net::TcpStream;

pub(crate) use self::{ending::Ending, pump::Patience, refusal::Refusal, tls::TlsPlan};
use self::{police::Police, pump::Pump};

mod answer;
mod bytes;
#[cfg(test)]
mod cost;
mod ending;
mod greeting;
mod handshake;
mod local;
mod login;
mod packets;
mod police;
mod pump;
mod refusal;
mod stream;
mod tls;
#[cfg(test)]
mod trials;

/// How much longer than the server itself is waited for the end of a statement, so that the server's
/// own word on it arrives.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

/// Who logs in, and how the way there is protected.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) user: String,
    pub(crate) password: SecretString,
    pub(crate) database: String,
    pub(crate) tls: Option<TlsPlan>,
}

/// What a session may send and how long it may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) packet: usize,
    /// The answer to a command.
    pub(crate) answer: usize,
    pub(crate) patience: Patience,
}

/// The hand that is kept on a session's guard.
#[derive(Debug)]
pub(crate) struct Guard {
    ending: Arc<OnceLock<Ending>>,
}

impl Guard {
    /// Dials an address that may be dialled, logs in, and has the driver talk through the guard. The
    /// caller keeps the time.
    pub(crate) async fn enter(
        address: SocketAddr,
        entry: &Entry,
        limits: Limits,
        driver: OptsBuilder,
    ) -> Result<(Conn, Self), Refusal> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (server, greeting) = handshake::log_in(stream, entry, limits.packet).await?;
        let (conn, driver) = local::attach(driver, &greeting).await?;
        let police = Police::new(greeting.has_eof(), limits.packet, limits.answer);
        let pump = Pump::new(server, driver, police, limits.patience);
        let ending = pump.ending();
        // It ends by itself when either end is closed.
        tokio::spawn(pump.run());
        Ok((conn, Self { ending }))
    }

    /// Why nothing goes through any more; `None` while something does.
    pub(crate) fn ending(&self) -> Option<Ending> {
        self.ending.get().copied()
    }
}
