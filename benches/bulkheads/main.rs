//! How much slower a search becomes while two hundred others wait for a database that hangs, on the
//! Debian package index in a MariaDB of its own; the one that hangs is another MariaDB, which is
//! stopped (SIGSTOP) for each round. Runs with `just bench-bulkheads`; needs apt and MariaDB.
//!
//! One client searches without a pause: in turns alone, and while the others wait.

#[path = "../harness/harness.rs"]
mod harness;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use altus4_test_support::MariaDb;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{Outcome, Program, Service, is_wanted, millis, quantile};

const ROUNDS: usize = 10;
const WAITING: usize = 200;
/// How long each search is measured: less than it takes until the hanging server is given up.
const SPAN: Duration = Duration::from_millis(1_800);
/// How long it takes until all wait.
const GATHERING: Duration = Duration::from_secs(1);
/// How much slower the median may become.
const BOUND: f64 = 1.2;
/// Words that a few hundred rows each hold.
const QUERIES: [&str; 4] = ["compiler", "keyboard", "encryption", "spreadsheet"];

#[tokio::main]
async fn main() -> Outcome<()> {
    if !is_wanted() {
        return Ok(());
    }
    let Service { server, database, texts, program } = Service::start(1).await?;
    let hanging = MariaDb::start();
    let crowd = Crowd::register(&program, &hanging).await?;
    println!(
        "{} rows of {database}, searched by one client; {WAITING} wait for another database",
        texts.len()
    );
    println!(
        "{:<6} {:>9} {:>9} {:>9} {:>9} {:>7}  answers",
        "round", "alone", "p99", "beside", "p99", "ratio"
    );
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let quiet = search_for(&program, SPAN).await?;
        hanging.freeze();
        let waiting = crowd.wait(&program);
        tokio::time::sleep(GATHERING).await;
        let busy = search_for(&program, SPAN).await?;
        let answers = waiting.await??;
        hanging.thaw();
        crowd.recover(&program).await?;
        println!("{}  {answers:?}", row(&round.to_string(), &quiet, &busy));
        alone.extend(quiet);
        beside.extend(busy);
    }
    println!("{}", row("all", &alone, &beside));
    println!("memory (RSS)          {:>7.1} MiB", program.process.resident_mib()?);
    let ratio = quantile(&beside, 0.5) / quantile(&alone, 0.5);
    let verdict = if ratio <= BOUND { "held" } else { "NOT held" };
    drop((program, server));
    println!("\nthe median becomes {ratio:.2} times as long; the bound of {BOUND} is {verdict}");
    Ok(())
}

/// Searches for so long; the times in milliseconds.
async fn search_for(program: &Program, span: Duration) -> Outcome<Vec<f64>> {
    let begun = Instant::now();
    let mut times = Vec::new();
    for query in QUERIES.iter().cycle() {
        if begun.elapsed() >= span {
            break;
        }
        let sent = Instant::now();
        program.search(query).await?;
        times.push(millis(sent.elapsed()));
    }
    Ok(times)
}

/// Those who search the database that hangs.
struct Crowd {
    token: String,
    connection: String,
}

impl Crowd {
    async fn register(program: &Program, hanging: &MariaDb) -> Outcome<Self> {
        let database = hanging.create_database();
        hanging.execute(
            &database,
            "CREATE TABLE t (id INT PRIMARY KEY, body TEXT, FULLTEXT (body)); INSERT INTO t VALUES (1, 'needle');",
        );
        let account =
            json!({ "email": "crowd@example.com", "password": "a benchmark's phrase", "name": "Crowd" });
        let mut crowd = Self { token: String::new(), connection: String::new() };
        let (_, registered) = post(crowd.request(program, "auth/register", &account)).await?;
        registered["data"]["token"].as_str().ok_or("no token")?.clone_into(&mut crowd.token);
        let connection = json!({
            "name": "Hanging", "host": "127.0.0.1", "port": hanging.port(), "database": database,
            "username": MariaDb::USER, "password": MariaDb::PASSWORD,
        });
        let (_, made) = post(crowd.request(program, "databases", &connection)).await?;
        made["data"]["id"].as_str().ok_or("no connection")?.clone_into(&mut crowd.connection);
        crowd.recover(program).await?;
        Ok(crowd)
    }

    /// All of them search, each for another word; how often which status came back.
    fn wait(&self, program: &Program) -> tokio::task::JoinHandle<Outcome<BTreeMap<u16, usize>>> {
        let mut searches = JoinSet::new();
        for number in 0..WAITING {
            searches.spawn(post(self.search(program, &format!("needle {number}"))));
        }
        tokio::spawn(async move {
            let mut answers = BTreeMap::new();
            while let Some(answer) = searches.join_next().await {
                *answers.entry(answer??.0).or_default() += 1;
            }
            Ok(answers)
        })
    }

    /// Has the server called whatever is known of it, and searches it.
    async fn recover(&self, program: &Program) -> Outcome<()> {
        post(self.request(program, &format!("databases/{}/test", self.connection), &json!({}))).await?;
        let (status, answer) = post(self.search(program, "needle")).await?;
        if status == 200 { Ok(()) } else { Err(answer.to_string().into()) }
    }

    fn search(&self, program: &Program, query: &str) -> reqwest::RequestBuilder {
        let body = json!({ "query": query, "databases": [self.connection], "timeoutMs": 6_000 });
        self.request(program, "search", &body)
    }

    fn request(&self, program: &Program, path: &str, body: &Value) -> reqwest::RequestBuilder {
        let request = program.process.client.post(format!("{}/{path}", program.process.api)).json(body);
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }
}

async fn post(request: reqwest::RequestBuilder) -> Outcome<(u16, Value)> {
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

fn row(name: &str, alone: &[f64], beside: &[f64]) -> String {
    let [quiet, busy] = [alone, beside].map(|times| [0.5, 0.99].map(|share| quantile(times, share)));
    format!(
        "{name:<6} {:>9.2} {:>9.2} {:>9.2} {:>9.2} {:>7.2}",
        quiet[0],
        quiet[1],
        busy[0],
        busy[1],
        busy[0] / quiet[0]
    )
}
