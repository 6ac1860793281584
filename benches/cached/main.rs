//! How many searches a second are answered from the cache, over HTTP, to several clients that keep their
//! connections and share the machine with the program. What the clients cost is kept small: two threads
//! drive all connections, send prepared bytes and take the answers in unread. Each search is authorised by
//! its API key, counted and written down, as always. Beside the rate stands how much of a core's time the
//! program itself took for a search: what it could answer if the clients were elsewhere. Runs with
//! `just bench-cached`; needs nothing else installed.

#[path = "../harness/process.rs"]
mod process;
#[path = "../harness/raw.rs"]
mod raw;
#[path = "../harness/times.rs"]
mod times;

use std::{path::Path, thread, time::Instant};

use serde_json::{Value, json};
use sqlx::{ConnectOptions, Executor, sqlite::SqliteConnectOptions};

use crate::{
    process::Process,
    raw::RawClient,
    times::{Outcome, is_wanted, millis, quantile},
};

const CLIENTS: usize = 32;
/// Threads that drive them.
const DRIVERS: usize = 2;
const SEARCHES: usize = 5_000;
const SEARCH: &str = r#"{"query":"parcel"}"#;
const ROWS: u32 = 1_000;

#[tokio::main]
async fn main() -> Outcome<()> {
    if !is_wanted() {
        return Ok(());
    }
    let data = tempfile::tempdir()?;
    let sources = data.path().join("sources");
    std::fs::create_dir_all(&sources)?;
    fill(&sources.join("bench.db")).await?;
    let folder = sources.display().to_string();
    let tier = "requests=100000000,burst=100000000,concurrent=1000";
    let settings = [
        ("ALTUS4_SQLITE_SOURCES", folder.as_str()),
        ("ALTUS4_TIER_FREE", tier),
        ("ALTUS4_TIER_ENTERPRISE", tier),
        ("ALTUS4_SEARCH_CACHE_SECONDS", "3600"),
    ];
    let program = Process::launch(data.path(), &settings).await?;
    let key = account(&program).await?;

    let first = search(&program, &key).await?;
    assert_eq!(first["data"]["cached"], false);
    let (begun, before) = (Instant::now(), busy(&program)?);
    let drivers: Vec<_> = (0..DRIVERS).map(|_| drive(&program.api, &key)).collect();
    let mut times = Vec::new();
    for driver in drivers {
        times.extend(driver.join().map_err(|_| "a client broke")??);
    }
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    let own = (busy(&program)? - before) / times.len() as f64;
    println!("over HTTP, {CLIENTS} clients, twenty rows each: {rate:.0} searches a second");
    println!(
        "the program's own: {:.1} µs of a core a search, {:.0} a second on one core",
        own * 1e6,
        1.0 / own
    );
    println!("memory (RSS) {:.1} MiB", program.resident_mib()?);
    println!("p50 {:.2} ms, p99 {:.2} ms", quantile(&times, 0.5), quantile(&times, 0.99));
    Ok(())
}

/// How many seconds of a core the program has had.
fn busy(program: &Process) -> Outcome<f64> {
    // Linux counts in hundredths; user and system time are the 14th and 15th field, the 12th and 13th
    // behind the name.
    let stat = program.told("stat")?;
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11);
    Ok(fields.take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()? / 100.0)
}

/// Searches over its share of the connections; how long each search took, in milliseconds.
fn drive(api: &str, key: &str) -> thread::JoinHandle<Outcome<Vec<f64>>> {
    let (api, key) = (api.to_owned(), key.to_owned());
    thread::spawn(move || {
        let connect = |_| RawClient::connect(&api, &key);
        let mut clients = (0..CLIENTS / DRIVERS).map(connect).collect::<Result<Vec<_>, _>>()?;
        let mut times = Vec::with_capacity(clients.len() * SEARCHES);
        for _ in 0..SEARCHES {
            let begun = Instant::now();
            for client in &mut clients {
                client.send("search", SEARCH)?;
            }
            for client in &mut clients {
                client.receive()?;
                times.push(millis(begun.elapsed()));
            }
        }
        let again = clients[0].post("search", SEARCH)?;
        assert_eq!(serde_json::from_slice::<Value>(again)?["data"]["cached"], true);
        Ok(times)
    })
}

async fn fill(file: &Path) -> Outcome<()> {
    let mut file = SqliteConnectOptions::new().filename(file).create_if_missing(true).connect().await?;
    file.execute(
        "CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL);
         CREATE VIRTUAL TABLE articles_fts USING fts5 (title, body, content = 'articles', content_rowid = 'id');",
    )
    .await?;
    for id in 0..ROWS {
        let insert = sqlx::query("INSERT INTO articles VALUES (?, ?, ?)");
        let (title, body) = (format!("Parcel number {id}"), format!("A parcel that was lost on day {id}"));
        insert.bind(id).bind(title).bind(body).execute(&mut file).await?;
    }
    file.execute("INSERT INTO articles_fts (articles_fts) VALUES ('rebuild')").await?;
    Ok(())
}

/// A key of an account with the database.
async fn account(program: &Process) -> Outcome<String> {
    let post = |path: &str, token: &str, body: Value| {
        let request = program.client.post(format!("{}{path}", program.api)).json(&body);
        if token.is_empty() { request } else { request.bearer_auth(token) }
    };
    let register =
        json!({ "email": "bench@example.com", "password": "quiet-otter-7-lanterns", "name": "Bench" });
    let answer: Value = post("/auth/register", "", register).send().await?.error_for_status()?.json().await?;
    let token = answer["data"]["token"].as_str().unwrap_or_default().to_owned();
    let database = json!({ "name": "bench", "engine": "sqlite", "database": "bench.db" });
    post("/databases", &token, database).send().await?.error_for_status()?;
    let key: Value =
        post("/management/setup", &token, json!({})).send().await?.error_for_status()?.json().await?;
    Ok(key["data"]["secretKey"].as_str().unwrap_or_default().to_owned())
}

async fn search(program: &Process, key: &str) -> Outcome<Value> {
    let request = program.client.post(format!("{}/search", program.api)).bearer_auth(key);
    let answer = request.json(&json!({ "query": "parcel" })).send().await?.error_for_status()?;
    Ok(answer.json().await?)
}
