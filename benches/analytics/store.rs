//! A store that a year of searches was loaded into, and the same in MariaDB.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    time::{Duration, Instant},
};

use altus4_kernel::AccountId;
use altus4_search::{SearchLog, SearchRecord};
use altus4_store_sql::{SqlStore, StoreConfig};
use altus4_test_support::MariaDb;
use futures::TryStreamExt;
use sqlx::{ConnectOptions, Row, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    searches::{Scene, Searches},
    times::{Outcome, millis},
};

/// How many searches are loaded at once,
const LOADED: usize = 4_000;
/// and how many are written at once by the program.
const WRITTEN: usize = 1_000;
/// How many of the last are written like that, and timed.
const TIMED: u64 = 100_000;
/// How long single searches are kept, in days.
const KEPT: i64 = 90;
/// How often a batch is tried that took too long, on a machine that others use too.
const ATTEMPTS: usize = 10;

/// Loads the searches into a SQLite store, through the code that the program writes them with, and
/// removes the single ones that are too old to be kept.
pub(crate) async fn load(file: &Path, scene: Scene) -> Outcome<()> {
    let (count, end) = (scene.count, scene.end);
    let url = format!("sqlite://{}", file.display());
    let store = SqlStore::connect(&StoreConfig { url: url.into(), max_connections: 2 }).await?;
    let log = store.search_log();
    let mut searches = Searches::new(scene);
    eprintln!("loading {count} searches …");
    let begun = Instant::now();
    let mut left = count.saturating_sub(TIMED);
    let bulk = left;
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(LOADED).min(LOADED);
        let batch: Vec<SearchRecord> = searches.by_ref().take(wanted).collect();
        append(&*log, &batch).await?;
        left -= wanted as u64;
        if (bulk - left).is_multiple_of(100 * LOADED as u64) {
            eprintln!("  {} after {:.0} s", bulk - left, begun.elapsed().as_secs_f64());
        }
    }
    if bulk > 0 {
        let took = begun.elapsed().as_secs_f64();
        println!("loaded with all sums   {:>9.0} searches/s, {bulk} in {took:.0} s", bulk as f64 / took);
    }
    let mut times = Vec::new();
    loop {
        let batch: Vec<SearchRecord> = searches.by_ref().take(WRITTEN).collect();
        if batch.is_empty() {
            break;
        }
        let begun = Instant::now();
        append(&*log, &batch).await?;
        times.push(begun.elapsed());
    }
    let all: Duration = times.iter().sum();
    let slowest = times.iter().max().copied().unwrap_or_default();
    println!(
        "written as it goes on  {:>9.0} searches/s, {WRITTEN} at a time: {:.0} ms each, the slowest {:.0} ms",
        times.len() as f64 * WRITTEN as f64 / all.as_secs_f64(),
        millis(all) / times.len() as f64,
        millis(slowest)
    );
    store.close().await;
    let begun = Instant::now();
    let mut connection = connect(file).await?;
    let day = altus4_search::day_of(end) - KEPT;
    sqlx::query("DELETE FROM searches WHERE day < ?").bind(day).execute(&mut connection).await?;
    sqlx::query("DELETE FROM popular_queries WHERE last_day < ?").bind(day).execute(&mut connection).await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
    println!("old searches removed   {:>9.0} s", begun.elapsed().as_secs_f64());
    println!("the file               {:>9.1} GiB", fs::metadata(file)?.len() as f64 / f64::from(1 << 30));
    Ok(())
}

/// Once, however often it is tried.
async fn append(log: &dyn SearchLog, batch: &[SearchRecord]) -> Outcome<()> {
    for _ in 1..ATTEMPTS {
        match log.append(batch).await {
            Ok(()) => return Ok(()),
            Err(error) => eprintln!("  once more: {error}"),
        }
    }
    Ok(log.append(batch).await?)
}

async fn connect(file: &Path) -> Outcome<SqliteConnection> {
    Ok(SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_mins(1)).connect().await?)
}

/// The accounts of a store, the one of this e-mail first.
pub(crate) async fn accounts(file: &Path, first: &str) -> Outcome<Vec<AccountId>> {
    let ids: Vec<String> = sqlx::query_scalar("SELECT id FROM accounts ORDER BY email <> ?, id")
        .bind(first)
        .fetch_all(&mut connect(file).await?)
        .await?;
    ids.iter().map(|id| Ok(id.parse::<AccountId>()?)).collect()
}

/// Copies every row of a SQLite store into a database of the same tables, as files that the server loads.
pub(crate) async fn copy(file: &Path, server: &MariaDb, database: &str) -> Outcome<()> {
    let begun = Instant::now();
    let mut connection = connect(file).await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'seaql_%'",
    )
    .fetch_all(&mut connection)
    .await?;
    let passed = server.folder().join("rows.tsv");
    for table in tables {
        let columns = columns(server, database, &table);
        let values: Vec<_> = columns.iter().map(Column::written).collect();
        let select = format!("SELECT {} FROM {table}", values.join(" || char(9) || "));
        let mut rows = sqlx::query(sqlx::AssertSqlSafe(select)).fetch(&mut connection);
        let mut lines = BufWriter::new(File::create(&passed)?);
        while let Some(row) = rows.try_next().await? {
            writeln!(lines, "{}", row.try_get::<&str, _>(0)?)?;
        }
        lines.flush()?;
        drop((lines, rows));
        let names: Vec<_> = columns.iter().map(Column::read).collect();
        let set: Vec<_> = columns.iter().filter_map(Column::set).collect();
        let set = if set.is_empty() { String::new() } else { format!("SET {}", set.join(", ")) };
        server.execute(
            database,
            &format!(
                "SET unique_checks = 0, foreign_key_checks = 0; LOAD DATA INFILE '{}' REPLACE INTO TABLE {table} \
                 CHARACTER SET utf8mb4 ({}) {set}",
                passed.display(),
                names.join(", ")
            ),
        );
    }
    fs::remove_file(&passed)?;
    println!("copied into MariaDB    {:>9.0} s", begun.elapsed().as_secs_f64());
    Ok(())
}

struct Column {
    name: String,
    is_bytes: bool,
}

fn columns(server: &MariaDb, database: &str, table: &str) -> Vec<Column> {
    let sql = format!(
        "SELECT column_name, data_type FROM information_schema.columns \
         WHERE table_schema = '{database}' AND table_name = '{table}' ORDER BY ordinal_position"
    );
    let column = |line: &str| {
        let (name, kind) = line.split_once('\t')?;
        let is_bytes = kind.contains("blob") || kind.contains("binary");
        Some(Column { name: name.to_owned(), is_bytes })
    };
    server.query("", &sql).lines().filter_map(column).collect()
}

impl Column {
    /// As a file has it.
    fn written(&self) -> String {
        let name = format!("\"{}\"", self.name);
        let text = if self.is_bytes {
            format!("hex({name})")
        } else {
            format!(
                "replace(replace(replace({name}, '\\', '\\\\'), char(9), '\\' || char(9)), char(10), '\\' || char(10))"
            )
        };
        format!("CASE WHEN {name} IS NULL THEN '\\N' ELSE {text} END")
    }

    /// What it is read into,
    fn read(&self) -> String {
        if self.is_bytes { format!("@{}", self.name) } else { format!("`{}`", self.name) }
    }

    /// and made of.
    fn set(&self) -> Option<String> {
        self.is_bytes.then(|| format!("`{0}` = UNHEX(@{0})", self.name))
    }
}
