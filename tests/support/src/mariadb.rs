//! A MariaDB server for tests, and the `mariadb` client to prepare and to look at its databases.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::process::{ServerKind, ServerProcess, installed, socket};

const SERVER: ServerKind<'_> = ServerKind { name: "MariaDB", command, options: &[], is_ready };
const PACKAGE: &str = "mariadb-server";

/// First byte of the greeting that a server sends when it accepts work.
const PROTOCOL_VERSION: u8 = 10;

/// Fills the data folder and becomes the server. `exec` keeps the process id that the watchdog knows.
/// Only root may, and must, say whose process the server is to be. A server removes temporary tables
/// that it finds at its start, so none may share a folder for them, not even while initialising.
const INITIALISE_AND_SERVE: &str = r#"
install=$1; server=$2; folder=$3; shift 3
[ "$(id -u)" != 0 ] || as_root=--user=root
"$install" --no-defaults $as_root --datadir="$folder/data" --tmpdir="$folder" --skip-test-db \
    --auth-root-authentication-method=normal --skip-name-resolve --innodb-log-file-size=16M || exit
exec "$server" --no-defaults $as_root --datadir="$folder/data" --tmpdir="$folder" "$@"
"#;

/// A MariaDB server of the installed version, with its default settings but for durability and memory.
#[derive(Debug)]
pub struct MariaDb {
    process: ServerProcess,
    client: String,
    databases: AtomicU32,
}

impl MariaDb {
    /// The account that may do everything, over TCP.
    pub const USER: &str = "root";
    /// Its password.
    pub const PASSWORD: &str = "secret";

    /// The server that all tests of this process share, started on first use.
    pub fn shared() -> &'static MariaDb {
        static SHARED: OnceLock<MariaDb> = OnceLock::new();
        SHARED.get_or_init(MariaDb::start)
    }

    /// A server of its own, for a test that freezes or stops it or looks at server-wide state.
    ///
    /// # Panics
    /// When MariaDB is not installed or does not start.
    #[must_use]
    pub fn start() -> MariaDb {
        Self::start_with(&[])
    }

    /// The same with options of its own, such as `--ssl-cert=…`, which win over the usual ones.
    ///
    /// # Panics
    /// When MariaDB is not installed or does not start.
    #[must_use]
    pub fn start_with(options: &[&str]) -> MariaDb {
        let client = installed(&["mariadb"], SERVER.name, PACKAGE);
        let process = ServerProcess::start(&ServerKind { options, ..SERVER });
        MariaDb { process, client, databases: AtomicU32::new(0) }
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

    /// `mysql://USER:PASSWORD@127.0.0.1:PORT/database`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("mysql://{}:{}@127.0.0.1:{}/{database}", Self::USER, Self::PASSWORD, self.port())
    }

    /// Makes an empty utf8mb4 database that no other test knows, and returns its name.
    #[must_use]
    pub fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed) + 1);
        self.execute("", &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"));
        name
    }

    /// Runs a script of statements in a database (`""` for none).
    ///
    /// # Panics
    /// With the server's message, when a statement fails; those before it stay done.
    pub fn execute(&self, database: &str, sql: &str) {
        self.run(database, sql);
    }

    /// The rows of a script's statements, one a line, with tabs between the columns and no heading.
    /// A tab, a newline and a backslash in a value are written `\t`, `\n` and `\\`; NULL is `NULL`.
    ///
    /// # Panics
    /// With the server's message, when a statement fails.
    #[must_use]
    pub fn query(&self, database: &str, sql: &str) -> String {
        let mut rows = self.run(database, sql);
        rows.truncate(rows.trim_end_matches('\n').len());
        rows
    }

    /// Stops the server's process where it stands: connections stay open and unanswered.
    pub fn freeze(&self) {
        self.process.freeze();
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self) {
        self.process.thaw();
    }

    fn run(&self, database: &str, sql: &str) -> String {
        let output = Command::new(&self.client)
            .args(["--no-defaults", "--batch", "--skip-column-names", "--protocol=TCP", "--host=127.0.0.1"])
            .args(["--default-character-set=utf8mb4", "--max-allowed-packet=256M"])
            .arg(format!("--port={}", self.port()))
            .arg(format!("--user={}", Self::USER))
            .arg(format!("--password={}", Self::PASSWORD))
            .arg(format!("--database={database}"))
            .stdin(script(sql).expect("a script can be written to a temporary file"))
            .output()
            .expect("the mariadb client can be started");
        assert!(
            output.status.success(),
            "MariaDB refused the script: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        String::from_utf8(output.stdout).expect("the client writes UTF-8")
    }
}

/// A file rather than a pipe, so that a long script and a long answer cannot wait for each other.
fn script(sql: &str) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(sql.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

fn command(folder: &Path, port: u16) -> Vec<String> {
    let install = installed(&["mariadb-install-db"], SERVER.name, PACKAGE);
    // Debian keeps servers where the path of a plain user does not lead.
    let server = installed(&["mariadbd", "/usr/sbin/mariadbd"], SERVER.name, PACKAGE);
    let accounts = folder.join("accounts.sql");
    fs::write(&accounts, accounts_script()).expect("the temporary folder can be written to");
    let mut command =
        vec!["sh".to_owned(), "-c".to_owned(), INITIALISE_AND_SERVE.to_owned(), "sh".to_owned()];
    command.extend([install, server, folder.display().to_string()]);
    command.extend([
        format!("--port={port}"),
        format!("--socket={}", socket(folder).display()),
        format!("--pid-file={}", folder.join("mariadb.pid").display()),
        format!("--init-file={}", accounts.display()),
    ]);
    command.extend(SETTINGS.map(str::to_owned));
    command
}

const SETTINGS: [&str; 8] = [
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--skip-log-bin",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M",
    "--innodb-flush-log-at-trx-commit=0",
    // The kernel's limit on asynchronous requests is shared by all servers of a machine.
    "--innodb-use-native-aio=0",
];

/// Leaves one account, which may come from anywhere: with others, what a test sees would depend on
/// the address it comes from. The server wants each statement on a line of its own.
fn accounts_script() -> String {
    format!(
        "DELETE FROM mysql.global_priv WHERE User <> 'mariadb.sys';\n\
         FLUSH PRIVILEGES;\n\
         CREATE USER '{user}'@'%' IDENTIFIED BY '{password}';\n\
         GRANT ALL PRIVILEGES ON *.* TO '{user}'@'%' WITH GRANT OPTION;\n",
        user = MariaDb::USER,
        password = MariaDb::PASSWORD,
    )
}

fn is_ready(mut connection: UnixStream) -> io::Result<bool> {
    connection.set_read_timeout(Some(Duration::from_secs(1)))?;
    // Three bytes of length and the packet's number stand before the greeting.
    let mut greeting = [0; 5];
    connection.read_exact(&mut greeting)?;
    Ok(greeting[4] == PROTOCOL_VERSION)
}
