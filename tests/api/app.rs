//! The service under test: the real program serving on a free port.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use altus4_test_support::{MariaDb, Redis, free_port};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::client::{Account, Answer, Caller, PASSWORD, fresh_email, text};
use crate::program::{Ended, Program};

/// Longer than any honest start of a debug build beside other tests.
const START_LIMIT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(10);
const START_ATTEMPTS: u32 = 3;

/// What signs tokens where the app stands on MariaDB and Redis, so that tests can sign others.
pub(crate) const JWT_SECRET_ID: &str = "test";
pub(crate) const JWT_SECRET: [u8; 32] = *b"jwt 0123456789abcdefghijklmnopqr";
const ENCRYPTION_KEY: [u8; 32] = *b"enc 0123456789abcdefghijklmnopqr";
const API_KEY_SECRET: [u8; 32] = *b"key 0123456789abcdefghijklmnopqr";

/// What an app stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The embedded defaults.
    Sqlite,
    /// A fresh database of the shared MariaDB, the shared Redis, and given secrets.
    MariaDbRedis,
}

/// A running service. Dropping it stops it and removes all that it made.
#[derive(Debug)]
pub(crate) struct TestApp {
    program: Program,
    settings: Vec<(String, String)>,
    port: u16,
}

impl TestApp {
    /// The app of this kind that all tests share which need none of their own.
    pub(crate) fn shared(kind: Kind) -> &'static TestApp {
        static SQLITE: OnceLock<TestApp> = OnceLock::new();
        static MARIADB_REDIS: OnceLock<TestApp> = OnceLock::new();
        match kind {
            Kind::Sqlite => SQLITE.get_or_init(Self::sqlite),
            Kind::MariaDbRedis => MARIADB_REDIS.get_or_init(Self::mariadb_redis),
        }
    }

    /// An app of its own on the embedded defaults.
    pub(crate) fn sqlite() -> Self {
        Self::start(&settings_of(Kind::Sqlite))
    }

    /// An app of its own on MariaDB and Redis.
    pub(crate) fn mariadb_redis() -> Self {
        Self::start(&settings_of(Kind::MariaDbRedis))
    }

    /// An app of its own of this kind, with further settings.
    pub(crate) fn with(kind: Kind, further: &[(&str, &str)]) -> Self {
        let mut settings = settings_of(kind);
        for (name, value) in further {
            settings.retain(|(known, _)| known != name);
            settings.push(((*name).to_owned(), (*value).to_owned()));
        }
        Self::start(&settings)
    }

    /// An app with exactly these settings, and a port.
    ///
    /// # Panics
    /// When it does not become ready; the message holds what it said.
    pub(crate) fn start(settings: &[(String, String)]) -> Self {
        for _ in 1..START_ATTEMPTS {
            match Self::try_start(settings) {
                Ok(app) => return app,
                // Another process took the port in between.
                Err(said) if said.contains("in use") => {}
                Err(said) => panic!("the program did not start: {said}"),
            }
        }
        Self::try_start(settings).unwrap_or_else(|said| panic!("the program did not start: {said}"))
    }

    fn try_start(settings: &[(String, String)]) -> Result<Self, String> {
        let app = Self::launch(settings);
        app.wait_until_ready()?;
        Ok(app)
    }

    /// Starts the program without waiting for it.
    pub(crate) fn launch(settings: &[(String, String)]) -> Self {
        let port = free_port();
        let mut settings = settings.to_vec();
        settings.push(("PORT".to_owned(), port.to_string()));
        Self { program: Program::start(&["serve"], &settings), settings, port }
    }

    /// Waits until the program says that it is ready.
    ///
    /// # Errors
    /// What it said before it ended, or when it took too long.
    pub(crate) fn wait_until_ready(&self) -> Result<(), String> {
        let began = Instant::now();
        while !self.is_ready() {
            let said = || format!("{}\n{}", self.program.stderr(), self.program.stdout());
            if let Some(code) = self.program.exit_code() {
                return Err(format!("exit code {code}: {}", said()));
            }
            if began.elapsed() > START_LIMIT {
                return Err(format!("not ready in time: {}", said()));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    fn is_ready(&self) -> bool {
        let ask = || {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            std::io::Result::Ok(answer.starts_with("HTTP/1.1 200"))
        };
        ask().unwrap_or(false)
    }

    /// The port it listens at.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The process.
    pub(crate) fn program(&self) -> &Program {
        &self.program
    }

    /// The directory that SQLite connections may open files of.
    pub(crate) fn sources(&self) -> PathBuf {
        self.program.folder().join("sources")
    }

    /// All it logged so far.
    pub(crate) fn log(&self) -> String {
        self.program.stdout()
    }

    /// Nobody in particular.
    pub(crate) fn anonymous(&self) -> Caller {
        Caller::anonymous(self.port)
    }

    /// A caller with this token or key.
    pub(crate) fn caller(&self, credential: &str) -> Caller {
        self.anonymous().with(credential)
    }

    /// Runs `altus4 admin` beside the service, with this on its standard input.
    pub(crate) fn admin(&self, arguments: &[&str], input: &str) -> Ended {
        let arguments: Vec<&str> = ["admin"].iter().chain(arguments).copied().collect();
        Program::run_in(self.program.folder(), &arguments, &self.settings, input)
    }

    /// The session of a fresh administrator, who has [`PASSWORD`].
    pub(crate) async fn administrator(&self) -> Caller {
        let email = fresh_email();
        let made = self.admin(&["create", &email], PASSWORD);
        assert_eq!(made.code, 0, "{}{}", made.stdout, made.stderr);
        let answer = self.login(&email, PASSWORD).await.is(200);
        self.caller(&text(&answer.data()["token"]))
    }

    /// Tries to log in.
    pub(crate) async fn login(&self, email: &str, password: &str) -> Answer {
        self.anonymous().post("/api/v1/auth/login", json!({ "email": email, "password": password })).await
    }

    /// Registers a fresh account.
    pub(crate) async fn account(&self) -> Account {
        Account::register(&self.anonymous()).await
    }

    /// The session of a fresh account.
    pub(crate) async fn session(&self) -> Caller {
        self.account().await.session
    }

    /// The key of a fresh account, with these permissions.
    pub(crate) async fn key(&self, permissions: &[&str]) -> Caller {
        let session = self.session().await;
        session.with(&session.set_up(permissions).await)
    }
}

/// The settings of an app of this kind but for its port.
pub(crate) fn settings_of(kind: Kind) -> Vec<(String, String)> {
    let mut settings = crate::program::settings(&[
        ("ALTUS4_SQLITE_SOURCES", "sources"),
        ("ALTUS4_TRUSTED_PROXIES", "127.0.0.1"),
        // Tests change rows and search again at once; the cache has its own.
        ("ALTUS4_SEARCH_CACHE_SECONDS", "0"),
    ]);
    if kind == Kind::MariaDbRedis {
        let server = MariaDb::shared();
        settings.push(("DATABASE_URL".to_owned(), server.url(&server.create_database())));
        settings.push(("REDIS_URL".to_owned(), Redis::shared().url()));
        settings.extend(secrets());
    }
    settings
}

/// The three secrets as settings.
pub(crate) fn secrets() -> [(String, String); 3] {
    let list = |name: &str, bytes: [u8; 32]| {
        (name.to_owned(), format!("{JWT_SECRET_ID}:{}", STANDARD.encode(bytes)))
    };
    [
        list("ALTUS4_JWT_SECRETS", JWT_SECRET),
        list("ALTUS4_ENCRYPTION_KEYS", ENCRYPTION_KEY),
        list("ALTUS4_API_KEY_SECRETS", API_KEY_SECRET),
    ]
}
