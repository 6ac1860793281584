//! How long the schema of a thousand tables with twenty columns each takes to be read, and in how
//! many queries, in a MariaDB of its own; beside what everybody writes first, which asks for each
//! table by itself. Runs with `just bench-schema`; needs MariaDB.

#[path = "../harness/times.rs"]
mod times;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_connections::{
    AddressGate, Connection, ConnectionName, ConnectionOptions, ConnectionStatus, DatabaseName, Endpoint,
    Engine, Host, HostPolicy, SchemaInspector, SearchDefaults, Target, Tls, UserName,
};
use altus4_datasource_mysql::{MySqlConfig, MySqlSource, SystemResolver};
use altus4_kernel::{AccountId, ConnectionId, Timestamp, secrecy::SecretString, uuid::Uuid};
use altus4_test_support::MariaDb;
use mysql_async::{Conn, Opts, Row, prelude::Queryable};

use crate::times::{Outcome, is_wanted, millis, quantile};

const TABLES: usize = 1_000;
const COLUMNS: usize = 20;
const ROUNDS: usize = 9;
/// The most that a reading may take.
const BOUND: Duration = Duration::from_secs(1);
const MAX_QUERIES: u64 = 4;
const DEADLINE: Duration = Duration::from_mins(1);

#[tokio::main]
async fn main() -> Outcome<()> {
    if !is_wanted() {
        return Ok(());
    }
    let server = MariaDb::start();
    let database = server.create_database();
    eprintln!("making {TABLES} tables …");
    server.execute(&database, &tables());
    let source = MySqlSource::new(
        MySqlConfig::default(),
        AddressGate::new(Arc::new(SystemResolver), HostPolicy::default()),
    );
    let target = target(&server, &database)?;
    let mut direct = Conn::new(Opts::from_url(&server.url(&database))?).await?;
    let (mut ours, mut one_by_one) = (Vec::new(), Vec::new());
    let (mut our_queries, mut their_queries) = (0, 0);
    let of_asking = {
        let before = questions(&server)?;
        questions(&server)? - before
    };
    for round in 0..=ROUNDS {
        let before = questions(&server)?;
        let began = Instant::now();
        let found = source.inspect(&target, DEADLINE).await?;
        let took = began.elapsed();
        let columns: usize = found.iter().map(|table| table.columns.len()).sum();
        if (found.len(), columns) != (TABLES, TABLES * COLUMNS) {
            return Err(format!("{} tables with {columns} columns were found", found.len()).into());
        }
        let between = questions(&server)?;
        let began = Instant::now();
        read_one_by_one(&mut direct).await?;
        let theirs = began.elapsed();
        let after = questions(&server)?;
        // The first round opens the session, fills caches and prepares statements.
        if round > 0 {
            ours.push(millis(took));
            one_by_one.push(millis(theirs));
            (our_queries, their_queries) = (between - before - of_asking, after - between - of_asking);
        }
    }
    println!("{TABLES} tables with {COLUMNS} columns, {ROUNDS} rounds");
    println!("{:<12} {:>8} {:>10} {:>10}", "", "queries", "median ms", "worst ms");
    for (name, queries, times) in [("ours", our_queries, &ours), ("one by one", their_queries, &one_by_one)] {
        println!("{name:<12} {queries:>8} {:>10.0} {:>10.0}", quantile(times, 0.5), quantile(times, 1.0));
    }
    let is_held = our_queries <= MAX_QUERIES && quantile(&ours, 0.5) < millis(BOUND);
    let verdict = if is_held { "held" } else { "NOT held" };
    println!("\nthe bound of {MAX_QUERIES} queries and {:.0} ms is {verdict}", millis(BOUND));
    direct.disconnect().await?;
    Ok(())
}

fn tables() -> String {
    let columns: Vec<_> = (2..COLUMNS)
        .map(|n| format!("c{n} VARCHAR(50) NOT NULL DEFAULT 'x' COMMENT 'what stands in column {n}'"))
        .collect();
    let columns = columns.join(", ");
    let table = |n| {
        // Every tenth has a full-text index, and every table but the first refers to the one before.
        let index = if n % 10 == 0 { ", FULLTEXT words (body)" } else { "" };
        let relation =
            if n > 0 { format!(", FOREIGN KEY (id) REFERENCES t{} (id)", n - 1) } else { String::new() };
        format!(
            "CREATE TABLE t{n} (id INT PRIMARY KEY, body TEXT, {columns}{index}{relation}) ENGINE = InnoDB;\n"
        )
    };
    (0..TABLES).map(table).collect()
}

/// Columns, indexes and foreign keys of each table by itself.
async fn read_one_by_one(conn: &mut Conn) -> Outcome<()> {
    let names: Vec<String> = conn.query("SHOW TABLES").await?;
    for name in names {
        let _: Vec<Row> = conn.query(format!("SHOW FULL COLUMNS FROM `{name}`")).await?;
        let _: Vec<Row> = conn.query(format!("SHOW INDEX FROM `{name}`")).await?;
        let _: Vec<Row> = conn.query(format!("SHOW CREATE TABLE `{name}`")).await?;
    }
    Ok(())
}

/// How many statements the server was sent.
fn questions(server: &MariaDb) -> Outcome<u64> {
    let row = server.query("", "SHOW GLOBAL STATUS LIKE 'Questions'");
    Ok(row.split('\t').nth(1).ok_or("no such number")?.parse()?)
}

fn target(server: &MariaDb, database: &str) -> Outcome<Target> {
    let now = Timestamp::from_unix_seconds(1_768_471_800).ok_or("no moment")?;
    let connection = Connection {
        id: ConnectionId::from_uuid(Uuid::from_u128(1)),
        account_id: AccountId::from_uuid(Uuid::nil()),
        name: ConnectionName::parse("bench").ok_or("no name")?,
        engine: Engine::MySql,
        endpoint: Endpoint::Server {
            host: Host::parse("127.0.0.1").ok_or("no host")?,
            port: server.port(),
            username: UserName::parse(MariaDb::USER).ok_or("no user")?,
            tls: Tls::Disabled,
        },
        database: DatabaseName::parse(database).ok_or("no database")?,
        options: ConnectionOptions::default(),
        search: SearchDefaults::default(),
        is_active: true,
        status: ConnectionStatus::Unknown,
        last_connected: None,
        generation: 1,
        created_at: now,
        updated_at: now,
    };
    Ok(Target { connection, password: SecretString::from(MariaDb::PASSWORD) })
}
