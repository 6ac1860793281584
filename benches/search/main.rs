//! How much time the API adds to the statement it sends, on about 60,000 rows of real text (the
//! Debian package index) in a MariaDB of its own. Runs with `just bench`; needs apt and MariaDB.
//! With `--million` the table has a million; with `--rounds=N` and `--only=CLASS` fewer or more is timed.
//!
//! For words of every frequency it times, in turn and over one connection each:
//! - **plain**: the statement that everybody writes, `SELECT * … ORDER BY score DESC LIMIT 20`;
//! - **same**: the statement that the API sends for this search, sent directly;
//! - **API**: `POST /api/v1/search` over a connection that is kept, the answer taken in as bytes, which
//!   also ranks, counts and cuts snippets; beside it what it says itself of where the time went: for the
//!   statement, for ranking, for the hits, and in all, which is what a program pays that embeds the
//!   search; and how many statements the server was sent for one search.

#[path = "../harness/harness.rs"]
mod harness;
#[path = "../harness/raw.rs"]
mod raw;
mod words;

use std::time::{Duration, Instant};

use mysql_async::{Conn, Opts, Row, prelude::Queryable};
use serde_json::{Value, json};

use crate::{
    harness::{Outcome, Program, Service, is_wanted, millis, quantile},
    raw::RawClient,
};

/// How often each query is timed in each way, unless another number is wanted.
const ROUNDS: usize = 15;
/// How many times the index makes a million rows.
const MILLION_TIMES: usize = 16;
/// How long the service may take to learn the words of a table.
const LEARNING: Duration = Duration::from_secs(3);
const MATCH: &str = "MATCH(title, description) AGAINST(? IN NATURAL LANGUAGE MODE)";

#[tokio::main]
async fn main() -> Outcome<()> {
    if !is_wanted() {
        return Ok(());
    }
    let million = std::env::args().any(|argument| argument == "--million");
    let times = if million { MILLION_TIMES } else { 1 };
    let Service { server, database, texts, program } = Service::start(times).await?;
    // The first search after a start teaches the service the words of the table.
    program.search("network").await?;
    tokio::time::sleep(LEARNING).await;

    let mut raw = RawClient::connect(&program.process.api, &program.key)?;
    let mut direct = Conn::new(Opts::from_url(&server.url(&database))?).await?;
    let plain =
        format!("SELECT *, {MATCH} AS score FROM packages WHERE {MATCH} ORDER BY score DESC LIMIT 20");
    let same = format!(
        "SELECT id, LEFT(title, 4096), LEFT(description, 4096), LEFT(name, 4096), LEFT(section, 4096), \
         {MATCH} AS score FROM packages WHERE {MATCH} ORDER BY score DESC LIMIT 201"
    );
    let rounds = option("--rounds=").map_or(Ok(ROUNDS), |rounds| rounds.parse())?;
    let only = option("--only=");
    println!("medians in ms, {rounds} rounds of each query, one client, vocabulary warm, nothing cached");
    println!(
        "{:<12} {:>8} {:>8} {:>8} {:>11} {:>11} {:>10} {:>10} {:>10} {:>8} {:>8} {:>8} {:>10}",
        "words",
        "plain",
        "same",
        "API",
        "API-plain",
        "API-same",
        "API/plain",
        "own/plain",
        "statement",
        "ranking",
        "hits",
        "in all",
        "statements"
    );
    let mut all = Timings::default();
    let mut classes = words::classes(&texts, times);
    classes.retain(|(class, _)| only.as_ref().is_none_or(|only| only == class));
    for (class, queries) in classes {
        let mut timings = Timings::default();
        let before = executed(&mut direct).await?;
        for query in &queries {
            for round in 0..=rounds {
                let one = time_each(&mut direct, (&program, &mut raw), &plain, &same, query).await?;
                // The first round fills caches and prepares statements.
                if round > 0 {
                    timings.push(one);
                }
            }
        }
        let searches = 2 * queries.len() * (rounds + 1);
        // Two of each round are those beside, for two searches.
        let own = (executed(&mut direct).await? - before) as f64 / searches as f64 - 1.0;
        println!("{} {own:>10.2}", timings.row(class));
        all.extend(timings);
    }
    println!("{}", all.row("all"));
    Ok(())
}

/// What stands behind this on the command line.
fn option(name: &str) -> Option<String> {
    std::env::args().find_map(|argument| argument.strip_prefix(name).map(str::to_owned))
}

async fn time_each(
    direct: &mut Conn,
    (program, raw): (&Program, &mut RawClient),
    plain: &str,
    same: &str,
    query: &str,
) -> Outcome<([Duration; 3], [f64; 4])> {
    let begun = Instant::now();
    let _: Vec<Row> = direct.exec(plain, (query, query)).await?;
    let plain = begun.elapsed();
    let begun = Instant::now();
    let _: Vec<Row> = direct.exec(same, (query, query)).await?;
    let same = begun.elapsed();
    let body = search(query, false).to_string();
    let begun = Instant::now();
    raw.post("search", &body)?;
    let api = begun.elapsed();
    // Apart, since what is told costs something too.
    let answer = program.search_for(&search(query, true)).await?;
    Ok(([plain, same, api], told(&answer["timing"])))
}

/// Over title and description, as the statements beside it.
fn search(query: &str, tells: bool) -> Value {
    json!({ "query": query, "columns": ["title", "description"], "limit": 20, "includeAnalytics": tells })
}

/// What the program says of its statement, its ranking, its hits and the whole, in milliseconds.
fn told(timing: &Value) -> [f64; 4] {
    let statement = &timing["databases"][0]["tables"][0]["time"];
    [statement, &timing["ranking"], &timing["rows"], &timing["total"]]
        .map(|time| time.as_f64().unwrap_or(f64::NAN))
}

/// How many prepared statements the server has executed.
async fn executed(direct: &mut Conn) -> Outcome<u64> {
    let row: Option<(String, String)> =
        direct.query_first("SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'").await?;
    Ok(row.map(|(_, count)| count.parse()).transpose()?.unwrap_or_default())
}

#[derive(Default)]
struct Timings {
    plain: Vec<f64>,
    same: Vec<f64>,
    api: Vec<f64>,
    told: [Vec<f64>; 4],
}

impl Timings {
    fn push(&mut self, ([plain, same, api], told): ([Duration; 3], [f64; 4])) {
        self.plain.push(millis(plain));
        self.same.push(millis(same));
        self.api.push(millis(api));
        for (all, one) in self.told.iter_mut().zip(told) {
            all.push(one);
        }
    }

    fn extend(&mut self, other: Self) {
        self.plain.extend(other.plain);
        self.same.extend(other.same);
        self.api.extend(other.api);
        for (all, others) in self.told.iter_mut().zip(other.told) {
            all.extend(others);
        }
    }

    fn row(&self, class: &str) -> String {
        let (plain, same, api) = (median(&self.plain), median(&self.same), median(&self.api));
        // Pair by pair, so that a drift of the machine's speed falls out.
        let over_plain = median(&differences(&self.api, &self.plain));
        let over_same = median(&differences(&self.api, &self.same));
        let ratio = |of: &[f64]| {
            median(&of.iter().zip(&self.plain).map(|(of, plain)| of / plain).collect::<Vec<_>>())
        };
        let (of_api, of_own) = (ratio(&self.api), ratio(&self.told[3]));
        let [statement, ranking, hits, in_all] = self.told.each_ref().map(|told| median(told));
        format!(
            "{class:<12} {plain:>8.2} {same:>8.2} {api:>8.2} {over_plain:>+11.2} {over_same:>+11.2} {of_api:>9.2}× {of_own:>9.2}× \
             {statement:>10.2} {ranking:>8.2} {hits:>8.2} {in_all:>8.2}"
        )
    }
}

fn differences(of: &[f64], from: &[f64]) -> Vec<f64> {
    of.iter().zip(from).map(|(a, b)| a - b).collect()
}

fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}
