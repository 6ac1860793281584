//! How long the views of analytics take over a year of ten million searches, over HTTP, on SQLite and on
//! MariaDB; how fast sums are made; how much memory an export takes. Runs with `just bench-analytics`;
//! needs MariaDB, some gigabytes in the folder for temporary files, and half an hour. A number among the
//! arguments is how many searches there are; `sqlite` leaves MariaDB out.

#[path = "../harness/process.rs"]
mod process;
mod searches;
mod store;
#[expect(dead_code, reason = "others need more of it")]
#[path = "../harness/times.rs"]
mod times;
mod views;

use std::{
    io::Write,
    path::Path,
    process::{Command, ExitCode, Stdio},
};

use altus4_kernel::{Clock, ConnectionId, SystemClock};
use altus4_test_support::MariaDb;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Executor, sqlite::SqliteConnectOptions};

use crate::{
    process::Process,
    searches::Scene,
    times::{Outcome, is_wanted, millis},
};

const SEARCHES: u64 = 10_000_000;
const ACCOUNTS: usize = 50;
const DATABASES: usize = 3;
const ADMIN: &str = "bench@example.com";
const PASSWORD: &str = "quiet-otter-7-lanterns";

#[tokio::main]
async fn main() -> Outcome<ExitCode> {
    if !is_wanted() {
        return Ok(ExitCode::SUCCESS);
    }
    let count = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(SEARCHES);
    let data = tempfile::tempdir()?;
    let sources = data.path().join("sources");
    std::fs::create_dir_all(&sources)?;
    let sources_setting = sources.display().to_string();
    let mut settings = vec![
        ("ALTUS4_SQLITE_SOURCES", sources_setting.as_str()),
        ("ALTUS4_TRUSTED_PROXIES", "127.0.0.1"),
        ("ALTUS4_TIER_ENTERPRISE", "requests=100000000,burst=100000000,concurrent=1000"),
    ];
    let file = data.path().join("altus4.db");

    let program = Process::launch(data.path(), &settings).await?;
    let databases = people(&program, data.path(), &settings, &sources).await?;
    drop(program);
    let accounts = store::accounts(&file, ADMIN).await?;
    let end = SystemClock.now();
    store::load(&file, Scene { count, accounts, databases, end }).await?;

    let program = Process::launch(data.path(), &settings).await?;
    let mut is_fast = measure("SQLite", &program).await?;
    drop(program);
    if !std::env::args().any(|argument| argument == "sqlite") {
        let server = MariaDb::start_with(&["--innodb-buffer-pool-size=4G", "--innodb-log-file-size=1G"]);
        let database = server.create_database();
        let url = server.url(&database);
        settings.push(("DATABASE_URL", &url));
        // Makes the tables.
        drop(Process::launch(data.path(), &settings).await?);
        store::copy(&file, &server, &database).await?;
        std::fs::remove_file(&file)?;
        let program = Process::launch(data.path(), &settings).await?;
        is_fast &= measure("MariaDB", &program).await?;
    }
    Ok(if is_fast { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Times everything, and tells whether all views stay within the bound.
async fn measure(name: &str, program: &Process) -> Outcome<bool> {
    println!("\n{name}: from the start to ready in {:.0} ms", millis(program.started_in));
    let token = log_in(program).await?;
    let is_fast = views::time_all(program, &token).await?;
    let token = log_in(program).await?;
    views::export(program, &token).await?;
    Ok(is_fast)
}

async fn post(program: &Process, path: &str, body: &Value, (token, from): (&str, usize)) -> Outcome<Value> {
    let request = program.client.post(format!("{}{path}", program.api)).json(body);
    let request = request.header("x-forwarded-for", format!("10.0.0.{from}"));
    let request = if token.is_empty() { request } else { request.bearer_auth(token) };
    let mut answer: Value = request.send().await?.error_for_status()?.json().await?;
    Ok(answer["data"].take())
}

async fn log_in(program: &Process) -> Outcome<String> {
    let answer =
        post(program, "/auth/login", &json!({ "email": ADMIN, "password": PASSWORD }), ("", 1)).await?;
    Ok(answer["token"].as_str().unwrap_or_default().to_owned())
}

/// An administrator with some databases, and other accounts; answers the databases.
async fn people(
    program: &Process,
    data: &Path,
    settings: &[(&str, &str)],
    sources: &Path,
) -> Outcome<Vec<ConnectionId>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_altus4"))
        .args(["admin", "create", ADMIN])
        .env_clear()
        .env("ALTUS4_DATA_DIR", data)
        .envs(settings.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut input = command.stdin.take().ok_or("no standard input")?;
    input.write_all(PASSWORD.as_bytes())?;
    drop(input);
    if !command.wait()?.success() {
        return Err("the administrator could not be made".into());
    }
    for number in 2..=ACCOUNTS {
        let body =
            json!({ "email": format!("user{number}@example.com"), "password": PASSWORD, "name": "User" });
        post(program, "/auth/register", &body, ("", number)).await?;
    }
    let token = log_in(program).await?;
    let mut databases = Vec::new();
    for number in 0..DATABASES {
        let name = format!("shop{number}.db");
        let options = SqliteConnectOptions::new().filename(sources.join(&name)).create_if_missing(true);
        // Without an index over its text: there is something to advise.
        let table = "CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL);
             INSERT INTO articles VALUES (1, 'Parcel', 'A parcel that was lost')";
        options.connect().await?.execute(table).await?;
        let body = json!({ "name": name, "engine": "sqlite", "database": name });
        let made = post(program, "/databases", &body, (&token, 1)).await?;
        databases.push(made["id"].as_str().unwrap_or_default().parse()?);
    }
    Ok(databases)
}
