//! What the cases have in common: a source, targets, requests, and looks at the server's sessions.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use altus4_connections::{
    AddressGate, Connection, ConnectionName, ConnectionOptions, ConnectionStatus, DatabaseName, Endpoint,
    Engine, Host, HostPolicy, SchemaInspector, SchemaSnapshot, SearchDefaults, Table, Target, Tls, UserName,
};
use altus4_datasource_mysql::{MySqlConfig, MySqlSource, SystemResolver};
use altus4_kernel::{AccountId, ConnectionId, Timestamp, secrecy::SecretString, uuid::Uuid};
use altus4_search::{
    Candidate, CandidateRequest, Expr, FullTextIndex, Matching, Order, ReadColumn, Row, RowsRequest, Scope,
};
use altus4_test_support::MariaDb;

pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A fresh database on a server, and a source that reaches it.
pub(crate) struct World {
    pub(crate) server: &'static MariaDb,
    pub(crate) database: String,
    pub(crate) source: MySqlSource,
    pub(crate) target: Target,
}

impl World {
    /// One with these tables, on the server that all cases share.
    pub(crate) fn new(script: &str) -> Self {
        Self::with_config(script, MySqlConfig::default())
    }

    pub(crate) fn with_config(script: &str, config: MySqlConfig) -> Self {
        Self::on_with_config(MariaDb::shared(), script, config)
    }

    /// One on a server of its own.
    pub(crate) fn on(server: &'static MariaDb, script: &str) -> Self {
        Self::on_with_config(server, script, MySqlConfig::default())
    }

    fn on_with_config(server: &'static MariaDb, script: &str, config: MySqlConfig) -> Self {
        let database = server.create_database();
        server.execute(&database, script);
        Self { source: source(config), target: target(server, &database), server, database }
    }

    pub(crate) async fn snapshot(&self) -> SchemaSnapshot {
        snapshot(&self.source, &self.target).await
    }

    pub(crate) async fn table(&self, name: &str) -> Arc<Table> {
        Arc::clone(self.snapshot().await.table(name).expect("a table of this name"))
    }

    pub(crate) async fn candidates(&self, request: &CandidateRequest) -> Vec<Candidate> {
        self.source.candidates(&self.target, request, DEADLINE).await.expect("candidates")
    }

    pub(crate) async fn rows(&self, request: &RowsRequest) -> Vec<Row> {
        self.source.rows(&self.target, request, DEADLINE).await.expect("rows")
    }

    /// The sessions that are open to the database, their ids in order.
    pub(crate) fn sessions(&self) -> Vec<String> {
        self.processes("")
    }

    /// The sessions that are running a statement.
    pub(crate) fn running(&self) -> Vec<String> {
        self.processes("AND COMMAND <> 'Sleep'")
    }

    fn processes(&self, condition: &str) -> Vec<String> {
        let database = &self.database;
        let sql = format!(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '{database}' {condition} ORDER BY ID"
        );
        self.server.query("", &sql).lines().map(str::to_owned).collect()
    }
}

/// A server whose global settings change what statements mean and when rows are seen.
pub(crate) fn odd_server() -> &'static MariaDb {
    static ODD: OnceLock<MariaDb> = OnceLock::new();
    ODD.get_or_init(|| {
        MariaDb::start_with(&[
            "--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT",
            "--autocommit=0",
            "--skip-character-set-client-handshake",
        ])
    })
}

pub(crate) fn source(config: MySqlConfig) -> MySqlSource {
    MySqlSource::new(config, AddressGate::new(Arc::new(SystemResolver), HostPolicy::default()))
}

pub(crate) async fn snapshot(source: &MySqlSource, target: &Target) -> SchemaSnapshot {
    SchemaSnapshot::new(source.inspect(target, DEADLINE).await.expect("a schema"))
}

/// The whole server's root, without TLS.
pub(crate) fn target(server: &MariaDb, database: &str) -> Target {
    user_target(server, database, MariaDb::USER, MariaDb::PASSWORD)
}

pub(crate) fn user_target(server: &MariaDb, database: &str, user: &str, password: &str) -> Target {
    static IDS: AtomicU64 = AtomicU64::new(1);
    let now = Timestamp::from_unix_seconds(1_768_471_800).expect("a moment");
    let connection = Connection {
        id: ConnectionId::from_uuid(Uuid::from_u128(IDS.fetch_add(1, Ordering::Relaxed).into())),
        account_id: AccountId::from_uuid(Uuid::nil()),
        name: ConnectionName::parse("test").expect("a name"),
        engine: Engine::MySql,
        endpoint: Endpoint::Server {
            host: Host::parse("127.0.0.1").expect("a host"),
            port: server.port(),
            username: UserName::parse(user).expect("a user"),
            tls: Tls::Disabled,
        },
        database: DatabaseName::parse(database).expect("a database"),
        options: ConnectionOptions::default(),
        search: SearchDefaults::default(),
        is_active: true,
        status: ConnectionStatus::Unknown,
        last_connected: None,
        generation: 1,
        created_at: now,
        updated_at: now,
    };
    Target { connection, password: SecretString::from(password) }
}

/// The same target at another place.
pub(crate) fn at(target: &Target, new_host: &str, new_port: u16, new_tls: Tls) -> Target {
    let mut target = target.clone();
    if let Endpoint::Server { host, port, tls, .. } = &mut target.connection.endpoint {
        *host = Host::parse(new_host).expect("a host");
        *port = new_port;
        *tls = new_tls;
    }
    target
}

pub(crate) fn options(connection_limit: u32, timeout_ms: u64) -> ConnectionOptions {
    ConnectionOptions::new(connection_limit, timeout_ms).expect("options within their bounds")
}

/// What to read: these columns, at most 1,000 characters of each.
pub(crate) fn read(table: &Table, columns: &[&str]) -> Vec<ReadColumn> {
    let column = |name: &&str| table.column(name).unwrap_or_else(|| panic!("a column {name}")).column.clone();
    columns.iter().map(|name| ReadColumn { column: column(name), max_chars: 1_000 }).collect()
}

/// A search through the table's first full-text index.
pub(crate) fn by_index(table: &Arc<Table>, words: &[&str], columns: &[&str]) -> CandidateRequest {
    let index = table.full_text.first().expect("a full-text index").clone();
    request(table, Scope::index(index), words, columns)
}

/// A search by reading these columns of the whole table.
pub(crate) fn by_scan(table: &Arc<Table>, words: &[&str], columns: &[&str]) -> CandidateRequest {
    let scanned = read(table, columns).into_iter().map(|read| read.column).collect();
    request(table, Scope::scan(scanned), words, columns)
}

fn request(table: &Arc<Table>, scope: Scope, words: &[&str], columns: &[&str]) -> CandidateRequest {
    CandidateRequest {
        matching: Matching {
            table: Arc::clone(table),
            scope,
            expr: Expr::any_word(words.iter().copied()),
            filter: None,
        },
        order: Order::Relevance,
        read: read(table, columns),
        limit: 200,
    }
}

/// Waits until `what` holds, for as long as the server may honestly take.
pub(crate) async fn eventually(claim: &str, what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_secs(10), "not so after 10 s: {claim}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
