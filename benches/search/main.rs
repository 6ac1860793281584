//! How much time the API adds to the statement it sends, on about 60,000 rows of real text (the
//! Debian package index) in a MariaDB of its own. Runs with `just bench`; needs apt and MariaDB.
//!
//! For words of every frequency it times, in turn and over one connection each:
//! - **plain**: the statement that everybody writes, `SELECT * … ORDER BY score DESC LIMIT 20`;
//! - **same**: the statement that the API sends for this search, sent directly;
//! - **API**: `POST /api/v1/search`, which also ranks, counts and cuts snippets.

#[path = "../harness/harness.rs"]
mod harness;
mod words;

use std::time::{Duration, Instant};

use mysql_async::{Conn, Opts, Row, prelude::Queryable};

use crate::harness::{Outcome, Program, Service, is_wanted, millis, quantile};

/// How often each query is timed in each way.
const ROUNDS: usize = 15;
const MATCH: &str = "MATCH(title, description) AGAINST(? IN NATURAL LANGUAGE MODE)";

#[tokio::main]
async fn main() -> Outcome<()> {
    if !is_wanted() {
        return Ok(());
    }
    let Service { server, database, texts, program } = Service::start().await?;

    let mut direct = Conn::new(Opts::from_url(&server.url(&database))?).await?;
    let plain =
        format!("SELECT *, {MATCH} AS score FROM packages WHERE {MATCH} ORDER BY score DESC LIMIT 20");
    let same = format!(
        "SELECT id, LEFT(title, 4096), LEFT(description, 4096), LEFT(name, 4096), LEFT(section, 4096), \
         {MATCH} AS score FROM packages WHERE {MATCH} ORDER BY score DESC LIMIT 201"
    );
    println!("medians in ms, {ROUNDS} rounds of each query, one client");
    println!(
        "{:<12} {:>8} {:>8} {:>8} {:>11} {:>11}",
        "words", "plain", "same", "API", "API-plain", "API-same"
    );
    let mut all = Timings::default();
    for (class, queries) in words::classes(&texts) {
        let mut timings = Timings::default();
        for query in &queries {
            for round in 0..=ROUNDS {
                let one = time_each(&mut direct, &program, &plain, &same, query).await?;
                // The first round fills caches and prepares statements.
                if round > 0 {
                    timings.push(one);
                }
            }
        }
        println!("{}", timings.row(class));
        all.extend(timings);
    }
    println!("{}", all.row("all"));
    let before = executed(&mut direct).await?;
    program.search("network manager").await?;
    let after = executed(&mut direct).await?;
    println!("\nstatements of one search: {}", after - before);
    Ok(())
}

async fn time_each(
    direct: &mut Conn,
    program: &Program,
    plain: &str,
    same: &str,
    query: &str,
) -> Outcome<[Duration; 3]> {
    let begun = Instant::now();
    let _: Vec<Row> = direct.exec(plain, (query, query)).await?;
    let plain = begun.elapsed();
    let begun = Instant::now();
    let _: Vec<Row> = direct.exec(same, (query, query)).await?;
    let same = begun.elapsed();
    let begun = Instant::now();
    program.search(query).await?;
    Ok([plain, same, begun.elapsed()])
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
}

impl Timings {
    fn push(&mut self, [plain, same, api]: [Duration; 3]) {
        self.plain.push(millis(plain));
        self.same.push(millis(same));
        self.api.push(millis(api));
    }

    fn extend(&mut self, other: Self) {
        self.plain.extend(other.plain);
        self.same.extend(other.same);
        self.api.extend(other.api);
    }

    fn row(&self, class: &str) -> String {
        let (plain, same, api) = (median(&self.plain), median(&self.same), median(&self.api));
        // Pair by pair, so that a drift of the machine's speed falls out.
        let over_plain = median(&differences(&self.api, &self.plain));
        let over_same = median(&differences(&self.api, &self.same));
        format!("{class:<12} {plain:>8.2} {same:>8.2} {api:>8.2} {over_plain:>+11.2} {over_same:>+11.2}")
    }
}

fn differences(of: &[f64], from: &[f64]) -> Vec<f64> {
    of.iter().zip(from).map(|(a, b)| a - b).collect()
}

fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}
