//! Servers start, answer, and leave neither a process nor a folder behind, whatever ends their user.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use altus4_test_support::{MariaDb, Redis, free_port};

#[test]
fn mariadb_runs_scripts_and_gives_rows() {
    let server = MariaDb::shared();
    let database = server.create_database();
    server.execute(
        &database,
        "CREATE TABLE books (id INT PRIMARY KEY, title VARCHAR(50));
         INSERT INTO books VALUES (1, 'Tab\there'), (2, NULL), (3, 'Straße 🦉');",
    );
    let rows = server.query(&database, "SELECT id, title FROM books ORDER BY id");
    assert_eq!(rows, "1\tTab\\there\n2\tNULL\n3\tStraße 🦉");
}

#[test]
fn each_database_is_empty_utf8mb4_and_new() {
    let server = MariaDb::shared();
    let (first, second) = (server.create_database(), server.create_database());
    assert_ne!(first, second);
    assert_eq!(server.query(&first, "SHOW TABLES"), "");
    assert_eq!(server.query(&second, "SELECT @@character_set_database"), "utf8mb4");
}

#[test]
#[should_panic(expected = "No database selected")]
fn a_refused_statement_panics_with_the_servers_message() {
    MariaDb::shared().execute("", "CREATE TABLE homeless (id INT)");
}

#[test]
fn mariadb_has_one_account_and_it_needs_its_password() {
    let server = MariaDb::shared();
    let accounts = server.query(
        "mysql",
        "SELECT User, Host, Password <> '' FROM user WHERE is_role = 'N' AND User <> 'mariadb.sys'",
    );
    assert_eq!(accounts, "root\t%\t1");
    assert_eq!(server.url("books"), format!("mysql://root:secret@127.0.0.1:{}/books", server.port()));
}

#[test]
fn shared_is_one_server_and_start_is_another() {
    assert_eq!(Redis::shared().pid(), Redis::shared().pid());
    assert_ne!(Redis::shared().port(), Redis::start().port());
}

#[test]
fn a_dropped_server_leaves_nothing_behind() {
    let server = MariaDb::start();
    let (pid, port, folder) = (server.pid(), server.port(), server.folder().to_owned());
    assert!(is_running(pid));
    assert!(folder.join("data").is_dir());
    drop(server);
    assert!(!is_running(pid));
    assert!(!folder.exists());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn servers_of_a_killed_process_leave_nothing_behind() {
    let mut held = HeldServers::start();
    held.assert_there();
    // SIGKILL: nothing of the process gets to run.
    held.process.kill().expect("the process can be killed");
    held.process.wait().expect("the process can be waited for");
    held.assert_gone();
}

#[test]
fn servers_in_statics_leave_nothing_behind_when_the_process_ends() {
    let mut held = HeldServers::start();
    held.assert_there();
    drop(held.process.stdin.take());
    assert!(held.process.wait().expect("the process can be waited for").success());
    held.assert_gone();
}

#[test]
fn a_frozen_server_is_silent_until_thawed() {
    let redis = Redis::start();
    let mut connection = TcpStream::connect(("127.0.0.1", redis.port())).expect("Redis listens");
    connection.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout can be set");
    let mut answer = [0; 7];

    redis.freeze();
    connection.write_all(b"PING\r\n").expect("the kernel takes the bytes");
    assert!(connection.read_exact(&mut answer).is_err());

    redis.thaw();
    connection.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout can be set");
    connection.read_exact(&mut answer).expect("Redis answers again");
    assert_eq!(&answer, b"+PONG\r\n");
}

#[test]
fn a_frozen_server_can_be_stopped() {
    let mut redis = Redis::start();
    redis.freeze();
    redis.stop();
    assert!(!is_running(redis.pid()));
    assert!(TcpStream::connect(("127.0.0.1", redis.port())).is_err());
}

#[test]
fn free_ports_can_be_bound_and_differ() {
    let ports = [(); 50].map(|()| free_port());
    let listeners = ports.map(|port| TcpListener::bind(("127.0.0.1", port)));
    assert!(listeners.iter().all(Result::is_ok));
}

/// Servers that another process started.
struct HeldServers {
    process: Child,
    servers: Vec<(u32, PathBuf)>,
}

impl HeldServers {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_altus4-test-servers"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program of this package can be started");
        let output = BufReader::new(process.stdout.take().expect("its output is a pipe"));
        let servers = output.lines().take(2).map(|line| {
            let line = line.expect("the program writes UTF-8");
            let columns: Vec<&str> = line.split('\t').collect();
            (columns[1].parse().expect("a process id is a number"), PathBuf::from(columns[2]))
        });
        let servers: Vec<_> = servers.collect();
        assert_eq!(servers.len(), 2, "the program starts both servers");
        Self { process, servers }
    }

    fn assert_there(&self) {
        assert!(self.servers.iter().all(|(pid, folder)| is_running(*pid) && folder.is_dir()));
    }

    /// The clean-up is the watchdog's, which goes on for a moment after the process has ended.
    fn assert_gone(&self) {
        let began = Instant::now();
        while self.servers.iter().any(|(pid, folder)| is_running(*pid) || folder.exists()) {
            assert!(began.elapsed() < Duration::from_secs(20), "still there: {:?}", self.servers);
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for HeldServers {
    fn drop(&mut self) {
        // Errors would mean that the process has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is_running(pid: u32) -> bool {
    let signal_nothing = ["-c", r#"kill -0 "$1""#, "sh", &pid.to_string()];
    Command::new("sh")
        .args(signal_nothing)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
