//! The program as a child process that cannot outlive the test process, whatever ends it.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(10);
/// More than the program may take for anything but serving.
const COMMAND_LIMIT: Duration = Duration::from_mins(1);

/// Waits on its standard input, a pipe whose other end only the test process has; when that closes,
/// even by SIGKILL, the program is asked to stop, after a while killed, and its folder removed.
///
/// The file `exit` holds the program's exit code, and says that its process id is no longer its own.
const WATCHDOG: &str = r#"
folder=$1; shift
(
    "$@" </dev/null >"$folder/stdout" 2>"$folder/stderr" &
    echo $! >"$folder/pid"; echo $!
    wait $!; echo $? >"$folder/exit.new"; mv "$folder/exit.new" "$folder/exit"
) &
cat >/dev/null
if [ ! -e "$folder/exit" ]; then
    kill -TERM "$(cat "$folder/pid")"
    waited=0
    while [ ! -e "$folder/exit" ] && [ $waited -lt 100 ]; do sleep 0.1; waited=$((waited + 1)); done
    [ -e "$folder/exit" ] || kill -KILL "$(cat "$folder/pid")"
fi
wait
rm -rf "$folder"
"#;

/// The program, running or ended, with a folder of its own that it was started in. Dropping it
/// stops it with SIGTERM and removes the folder.
#[derive(Debug)]
pub(crate) struct Program {
    watchdog: Child,
    folder: PathBuf,
    pid: u32,
}

/// What a run that has ended left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    /// Starts the program in a fresh folder, which has an empty folder `sources` in it, with these
    /// settings and no other environment.
    pub(crate) fn start(arguments: &[&str], settings: &[(String, String)]) -> Self {
        let folder = tempfile::Builder::new().prefix("altus4-test-app-").tempdir();
        let folder = folder.expect("a temporary folder can be made").keep();
        Self::start_in(folder, arguments, settings)
    }

    /// The same in a folder that is there; it is removed all the same.
    pub(crate) fn start_in(folder: PathBuf, arguments: &[&str], settings: &[(String, String)]) -> Self {
        fs::create_dir_all(folder.join("sources")).expect("the folder can be written to");
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(&folder)
            .arg(env!("CARGO_BIN_EXE_altus4"))
            .args(arguments)
            .current_dir(&folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_else(|| OsStr::new("/usr/bin:/bin").to_owned()))
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh can be started");
        let mut first_line = String::new();
        let stdout = watchdog.stdout.take().expect("its output is a pipe");
        BufReader::new(stdout).read_line(&mut first_line).expect("the watchdog tells the process id");
        let pid = first_line.trim().parse().expect("a process id is a number");
        Self { watchdog, folder, pid }
    }

    /// Runs the program to its end.
    pub(crate) fn run(arguments: &[&str], settings: &[(String, String)]) -> Ended {
        Self::start(arguments, settings).ended()
    }

    /// Runs the program to its end in a folder that is there, with this on its standard input.
    pub(crate) fn run_in(
        folder: &Path,
        arguments: &[&str],
        settings: &[(String, String)],
        input: &str,
    ) -> Ended {
        let mut program = Command::new(env!("CARGO_BIN_EXE_altus4"))
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let mut stdin = program.stdin.take().expect("its input is a pipe");
        // It may end without having read it.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = program.wait_with_output().expect("the program can be waited for");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().expect("the program ended by itself");
        Ended { code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Waits for the end, and says how it was.
    ///
    /// # Panics
    /// When the program goes on and on.
    pub(crate) fn ended(&self) -> Ended {
        let began = Instant::now();
        loop {
            if let Some(code) = self.exit_code() {
                return Ended { code, stdout: self.stdout(), stderr: self.stderr() };
            }
            assert!(began.elapsed() < COMMAND_LIMIT, "still running:\n{}{}", self.stdout(), self.stderr());
            thread::sleep(POLL);
        }
    }

    /// The exit code, once the program has ended.
    pub(crate) fn exit_code(&self) -> Option<i32> {
        let text = fs::read_to_string(self.folder.join("exit")).ok()?;
        Some(text.trim().parse().expect("an exit code is a number"))
    }

    /// Asks the program to stop, once.
    pub(crate) fn terminate(&self) {
        let status = Command::new("sh")
            .args(["-c", r#"kill -TERM "$1""#, "sh", &self.pid.to_string()])
            .status()
            .expect("sh can be started");
        assert!(status.success(), "process {} could not be sent SIGTERM", self.pid);
    }

    /// The folder that the program was started in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// What it wrote so far: its log, when it serves.
    pub(crate) fn stdout(&self) -> String {
        self.output("stdout")
    }

    /// What it complained about so far.
    pub(crate) fn stderr(&self) -> String {
        self.output("stderr")
    }

    fn output(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.join(name)).unwrap_or_default()).into_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        // An error would mean that the watchdog was waited for already.
        let _ = self.watchdog.wait();
    }
}

/// Settings from pairs.
pub(crate) fn settings(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
