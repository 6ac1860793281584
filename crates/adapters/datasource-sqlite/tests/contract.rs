//! The contract of the SQLite adapter, on real files.

#[path = "contract/agreed.rs"]
mod agreed;
#[path = "contract/files.rs"]
mod files;
#[path = "contract/hostile.rs"]
mod hostile;
#[path = "contract/pools.rs"]
mod pools;
#[path = "contract/records.rs"]
mod records;
#[path = "contract/schema.rs"]
mod schema;
#[path = "contract/search.rs"]
mod search;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use altus4_connections::{
    Connection, ConnectionName, ConnectionOptions, ConnectionStatus, DatabaseName, Endpoint, Engine,
    SchemaInspector, SchemaSnapshot, SearchDefaults, Table, Target, Value,
};
use altus4_datasource_sqlite::{SqliteConfig, SqliteSource};
use altus4_kernel::{AccountId, Clock, ConnectionId, PortError, SystemClock, uuid::Uuid};
use altus4_search::{Candidate, CandidateRequest, Expr, FullTextIndex, Matching, Order, ReadColumn, Scope};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

/// Long enough for anything that is meant to succeed.
const LONG: Duration = Duration::from_secs(20);

/// A directory with files, and a source over it.
struct Lab {
    dir: TempDir,
    source: SqliteSource,
}

impl Lab {
    fn new() -> Self {
        Self::with(SqliteConfig::default())
    }

    /// A lab with these settings, but for its directory.
    fn with(config: SqliteConfig) -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let root = dir.path().join("data");
        std::fs::create_dir(&root).expect("a directory for files");
        let source = SqliteSource::new(SqliteConfig { root, ..config });
        Self { dir, source }
    }

    /// A lab with one file, `main.db`, made by this script.
    async fn of(script: &str) -> Self {
        let lab = Self::new();
        lab.build("main.db", script).await;
        lab
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("data").join(name)
    }

    /// Runs a script in a file, which is made if need be.
    async fn build(&self, name: &str, script: &str) {
        build(&self.path(name), script).await;
    }

    async fn snapshot(&self, target: &Target) -> SchemaSnapshot {
        let found = self.source.inspect(target, LONG).await.expect("a schema");
        SchemaSnapshot::new(found)
    }

    async fn table(&self, target: &Target, name: &str) -> Arc<Table> {
        self.snapshot(target).await.table(name).map_or_else(|| panic!("no table {name}"), Arc::clone)
    }

    /// What a search of the table's first index finds, every column being read.
    async fn search(&self, target: &Target, table: &str, words: &[&str]) -> Vec<Candidate> {
        let table = self.table(target, table).await;
        let index = table.full_text.first().expect("an index").clone();
        let request = request(&table, Scope::index(index), words);
        self.source.candidates(target, &request, LONG).await.expect("candidates")
    }

    /// What reading the whole table finds, in its text columns, every column being read.
    async fn scan(&self, target: &Target, table: &str, words: &[&str]) -> Vec<Candidate> {
        let request = scan_request(&self.table(target, table).await, words);
        self.source.candidates(target, &request, LONG).await.expect("candidates")
    }
}

async fn build(path: &Path, script: &str) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.expect("a new file");
    sqlx::raw_sql(AssertSqlSafe(script.to_owned())).execute(&mut connection).await.expect(script);
    connection.close().await.expect("a closed file");
}

/// A target for the file of this path, as a connection of its own.
fn target(database: &str) -> Target {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = Uuid::from_u128(NEXT.fetch_add(1, Ordering::Relaxed).into());
    let now = SystemClock.now();
    Target {
        connection: Connection {
            id: ConnectionId::from_uuid(id),
            account_id: AccountId::from_uuid(Uuid::from_u128(7)),
            name: ConnectionName::parse("files").expect("a name"),
            engine: Engine::Sqlite,
            endpoint: Endpoint::File,
            database: DatabaseName::parse(database).expect("a path"),
            options: ConnectionOptions::default(),
            search: SearchDefaults::default(),
            is_active: true,
            status: ConnectionStatus::Unknown,
            last_connected: None,
            generation: 1,
            created_at: now,
            updated_at: now,
        },
        password: String::new().into(),
    }
}

fn main_db() -> Target {
    target("main.db")
}

fn request(table: &Arc<Table>, scope: Scope, words: &[&str]) -> CandidateRequest {
    CandidateRequest {
        matching: Matching {
            table: Arc::clone(table),
            scope,
            expr: Expr::any_word(words.iter().copied()),
            filter: None,
        },
        order: Order::Relevance,
        read: every_column(table),
        limit: 100,
    }
}

fn scan_request(table: &Arc<Table>, words: &[&str]) -> CandidateRequest {
    let columns = table.columns.iter().map(|column| column.column.clone()).collect();
    request(table, Scope::scan(columns), words)
}

fn every_column(table: &Table) -> Vec<ReadColumn> {
    let read =
        |column: &altus4_connections::Column| ReadColumn { column: column.column.clone(), max_chars: 1_000 };
    table.columns.iter().map(read).collect()
}

fn keys(candidates: &[Candidate]) -> Vec<Vec<Value>> {
    candidates.iter().map(|candidate| candidate.key.clone()).collect()
}

fn int_keys(numbers: &[i64]) -> Vec<Vec<Value>> {
    numbers.iter().map(|number| vec![Value::Int(*number)]).collect()
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// What may be shown of an error.
fn message(error: &PortError) -> &str {
    error.detail.as_ref().map_or("", |detail| detail.message.as_str())
}
