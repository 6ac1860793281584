//! A Redis server for tests: empty, in memory, without a password.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use crate::process::{ServerKind, ServerProcess, installed, socket};

const SERVER: ServerKind<'_> = ServerKind { name: "Redis", command, options: &[], is_ready };

/// A Redis server of the installed version that keeps nothing on disk.
#[derive(Debug)]
pub struct Redis {
    process: ServerProcess,
}

impl Redis {
    /// The server that all tests of this process share, started on first use.
    pub fn shared() -> &'static Redis {
        static SHARED: OnceLock<Redis> = OnceLock::new();
        SHARED.get_or_init(Redis::start)
    }

    /// A server of its own, for a test that freezes or stops it.
    ///
    /// # Panics
    /// When Redis is not installed or does not start.
    #[must_use]
    pub fn start() -> Redis {
        Redis { process: ServerProcess::start(&SERVER) }
    }

    /// The TCP port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.process.port()
    }

    /// The process id of the server.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The temporary folder that holds all of the server's files, its log `server.log` among them.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.process.folder()
    }

    /// `redis://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port())
    }

    /// Stops the server for good: open connections break, new ones are refused.
    pub fn stop(&mut self) {
        self.process.stop();
    }

    /// Starts an empty server at the same port, whether or not this one still runs.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        self.process.restart(&SERVER);
    }

    /// Stops the server's process where it stands: connections stay open and unanswered.
    pub fn freeze(&self) {
        self.process.freeze();
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self) {
        self.process.thaw();
    }
}

fn command(folder: &Path, port: u16) -> Vec<String> {
    let server = installed(&["redis-server", "/usr/sbin/redis-server"], SERVER.name, "redis-server");
    let settings = [
        ("--port", port.to_string()),
        ("--bind", "127.0.0.1".to_owned()),
        ("--unixsocket", socket(folder).display().to_string()),
        ("--dir", folder.display().to_string()),
        ("--save", String::new()),
        ("--appendonly", "no".to_owned()),
    ];
    let settings = settings.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
    [server].into_iter().chain(settings).collect()
}

fn is_ready(mut connection: UnixStream) -> io::Result<bool> {
    connection.set_read_timeout(Some(Duration::from_secs(1)))?;
    connection.write_all(b"PING\r\n")?;
    let mut answer = [0; 5];
    connection.read_exact(&mut answer)?;
    Ok(&answer == b"+PONG")
}
