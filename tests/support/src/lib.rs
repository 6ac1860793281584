//! Real servers for tests: [`MariaDb`] and [`Redis`] on free loopback ports, each in a temporary folder.
//!
//! A server is stopped and its folder removed when its value is dropped, and also when the test
//! process ends in any other way (a static is never dropped; a process may be killed).
//!
//! [`rogue`] has servers of another kind, [`provider`] an AI provider, and [`sentence_model`] a model that
//! makes vectors of texts.
//!
//! A server that is not installed, or that does not start, fails the test with a message: a test is
//! never skipped.
//!
//! ```no_run
//! use altus4_test_support::MariaDb;
//! let server = MariaDb::shared();
//! let database = server.create_database();
//! server.execute(&database, "CREATE TABLE books (id INT PRIMARY KEY); INSERT INTO books VALUES (1), (2)");
//! assert_eq!(server.query(&database, "SELECT count(*) FROM books"), "2");
//! ```

mod mariadb;
mod process;
pub mod provider;
mod redis;
pub mod rogue;
mod sentence_model;

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use crate::mariadb::MariaDb;
pub use crate::redis::Redis;
pub use crate::sentence_model::sentence_model;

/// A TCP port on 127.0.0.1 that nobody listened on a moment ago, never the same twice in a process.
///
/// Nothing keeps it free: whoever binds it should be able to try another one.
#[must_use]
pub fn free_port() -> u16 {
    // Below the ports that systems give to outgoing connections, one of which could take it.
    const PORTS: Range<u16> = 20_000..32_000;
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    // Processes that run at the same time begin far from each other.
    let begin = std::process::id() as usize * 101 % PORTS.len();
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    loop {
        let candidate = PORTS.cycle().nth(begin + ASKED.fetch_add(1, Ordering::Relaxed));
        if let Some(port) = candidate.filter(is_free) {
            return port;
        }
    }
}
