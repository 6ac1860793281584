//! A server process that cannot outlive the test process, whatever ends it.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any honest start, even beside a build on a small machine.
const START_LIMIT: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(20);
/// How often a start is tried again when another process took the port in between.
const START_ATTEMPTS: u32 = 3;
const LOG_LINES: usize = 40;

/// Holds the server as a grandchild and waits on its standard input, which is a pipe whose other end
/// only the test process has: it closes when that process ends, even by SIGKILL. No code of the
/// test process has to run for the clean-up to happen.
///
/// The first line of its output is the server's process id. The file `ended` says that the server
/// is gone already, so that its id, which may be another process's by then, is not signalled.
const WATCHDOG: &str = r#"
folder=$1; shift
(
    "$@" </dev/null >"$folder/server.log" 2>&1 &
    echo $! >"$folder/pid"; echo $!
    wait $!; : >"$folder/ended"
) &
cat >/dev/null
until [ -s "$folder/pid" ]; do sleep 0.1; done
[ -e "$folder/ended" ] || kill -KILL "$(cat "$folder/pid")"
wait
rm -rf "$folder" || { sleep 1; rm -rf "$folder"; }
"#;

/// A running server and its temporary folder; both are gone when this is dropped.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    watchdog: Child,
    folder: PathBuf,
    port: u16,
    pid: u32,
}

/// What makes one kind of server.
pub(crate) struct ServerKind<'a> {
    /// As people call it.
    pub(crate) name: &'static str,
    /// The command that becomes the server, given its folder and its port. It must make the server
    /// listen on the Unix socket [`socket`] too, and the process must not change its id.
    pub(crate) command: fn(&Path, u16) -> Vec<String>,
    /// What one server has beyond that, at the end of the command.
    pub(crate) options: &'a [&'a str],
    /// Whether the server behind the connection accepts work.
    pub(crate) is_ready: fn(UnixStream) -> io::Result<bool>,
}

/// The Unix socket in a server's folder. Readiness is asked there, because another test's server
/// could answer on the port.
pub(crate) fn socket(folder: &Path) -> PathBuf {
    folder.join("server.sock")
}

impl ServerProcess {
    /// Starts a server and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready; the message ends with the server's log.
    pub(crate) fn start(kind: &ServerKind<'_>) -> Self {
        let mut log = String::new();
        for _ in 0..START_ATTEMPTS {
            match Self::spawn(kind).wait_until_ready(kind) {
                Ok(server) => return server,
                Err(NotReady { reason, log: text }) => {
                    let port_was_taken = text.contains("Address already in use");
                    log = format!("{} {reason}. The end of its log:\n{text}", kind.name);
                    if !port_was_taken {
                        break;
                    }
                }
            }
        }
        panic!("{log}");
    }

    /// Kills the server, if it still runs, and starts an empty one of its kind on the same port.
    ///
    /// # Panics
    /// As [`ServerProcess::start`].
    pub(crate) fn restart(&mut self, kind: &ServerKind<'_>) {
        self.stop();
        match Self::spawn_at(kind, self.port).wait_until_ready(kind) {
            Ok(server) => *self = server,
            Err(NotReady { reason, log }) => panic!("{} {reason}. The end of its log:\n{log}", kind.name),
        }
    }

    fn spawn(kind: &ServerKind<'_>) -> Self {
        Self::spawn_at(kind, crate::free_port())
    }

    fn spawn_at(kind: &ServerKind<'_>, port: u16) -> Self {
        let prefix = format!("altus4-test-{}-", kind.name.to_lowercase());
        let folder =
            tempfile::Builder::new().prefix(&prefix).tempdir().expect("a temporary folder can be made");
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(folder.path())
            .args((kind.command)(folder.path(), port))
            .args(kind.options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Ctrl-C must end the test process only: the watchdog has work to do afterwards.
            .process_group(0)
            .spawn()
            .expect("sh can be started");
        // From here on the watchdog removes it.
        let folder = folder.keep();
        let mut first_line = String::new();
        let stdout = watchdog.stdout.take().expect("its output is a pipe");
        BufReader::new(stdout).read_line(&mut first_line).expect("the watchdog tells the process id");
        let pid = first_line.trim().parse().expect("a process id is a number");
        Self { watchdog, folder, port, pid }
    }

    fn wait_until_ready(self, kind: &ServerKind<'_>) -> Result<Self, NotReady> {
        let began = Instant::now();
        loop {
            if UnixStream::connect(socket(&self.folder)).and_then(kind.is_ready).unwrap_or(false) {
                return Ok(self);
            }
            if self.has_ended() {
                return Err(NotReady { reason: "ended at its start", log: self.end_of_log() });
            }
            if began.elapsed() > START_LIMIT {
                return Err(NotReady { reason: "was not ready in time", log: self.end_of_log() });
            }
            thread::sleep(POLL);
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stops every thread of the server where it stands; connections stay open and unanswered.
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("CONT");
    }

    /// Kills the server and removes its folder; does nothing the second time.
    pub(crate) fn stop(&mut self) {
        drop(self.watchdog.stdin.take());
        // An error would mean that the watchdog was waited for already.
        let _ = self.watchdog.wait();
    }

    fn signal(&self, name: &str) {
        let status = Command::new("sh")
            .args(["-c", r#"kill -s "$1" "$2""#, "sh", name, &self.pid.to_string()])
            .status()
            .expect("sh can be started");
        assert!(status.success(), "process {} could not be sent SIG{name}", self.pid);
    }

    fn has_ended(&self) -> bool {
        self.folder.join("ended").exists()
    }

    fn end_of_log(&self) -> String {
        let log = fs::read(self.folder.join("server.log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&log).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.stop();
    }
}

struct NotReady {
    reason: &'static str,
    log: String,
}

/// The first of `candidates` that can be started.
///
/// # Panics
/// With what to install, when there is none.
pub(crate) fn installed(candidates: &[&str], name: &str, package: &str) -> String {
    let is_installed = |candidate: &&&str| {
        Command::new(candidate)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok()
    };
    match candidates.iter().find(is_installed) {
        Some(found) => (*found).to_owned(),
        None => panic!("{name} is not installed: run ./scripts/test, or install the package {package}"),
    }
}
