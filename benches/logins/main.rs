//! How much slower a search becomes while a thousand log in at once on the same node, on the Debian
//! package index in a MariaDB of its own. Runs with `just bench-logins`; needs apt and MariaDB.
//!
//! One client searches without a pause, on a thread of its own. In turns it is left alone, and a
//! thousand logins are fired at the same moment, each from an address of its own; it is timed until
//! the last of them is answered. One in ten has the right password, the others name nobody: that
//! costs the same.

#[path = "../harness/harness.rs"]
mod harness;

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::{runtime, sync::Barrier, task::JoinSet};

use crate::harness::{Outcome, Program, Service, is_wanted, millis, quantile};

/// How often a thousand log in; each account does so once in a round, and ten times a minute at most.
const ROUNDS: usize = 5;
const LOGINS: usize = 1_000;
/// How many of them have an account.
const ACCOUNTS: usize = 100;
/// How long the search is left alone before each round.
const ALONE: Duration = Duration::from_secs(4);
/// How much slower the median may become.
const BOUND: f64 = 1.2;
const PASSWORD: &str = "a benchmark's phrase";
/// Words that a few hundred rows each hold.
const QUERIES: [&str; 4] = ["compiler", "keyboard", "encryption", "spreadsheet"];

#[tokio::main]
async fn main() -> Outcome<()> {
    if !is_wanted() {
        return Ok(());
    }
    let Service { server, database, texts, program } = Service::start(1).await?;
    let program = Arc::new(program);
    let crowd = Crowd::new(&program.process.api)?;
    crowd.register().await?;
    println!("{} rows of {database}, searched by one client; {LOGINS} logins at once", texts.len());
    println!(
        "{:<7} {:>9} {:>9} {:>9} {:>9} {:>7} {:>9}  answers",
        "round", "alone", "p99", "beside", "p99", "ratio", "all in s"
    );
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let mut answers = BTreeMap::new();
    for round in 1..=ROUNDS {
        let quiet = search_while(&program, tokio::time::sleep(ALONE)).await?.0;
        let begun = Instant::now();
        let (busy, answered) = search_while(&program, crowd.log_in()).await?;
        let took = begun.elapsed().as_secs_f64();
        let answered = answered?;
        println!("{} {took:>9.1}  {}", row(&round.to_string(), &quiet, &busy), told(&answered));
        for (status, count) in answered {
            *answers.entry(status).or_default() += count;
        }
        alone.extend(quiet);
        beside.extend(busy);
    }
    println!("{} {:>9}  {}", row("all", &alone, &beside), "", told(&answers));
    println!("memory (RSS)          {:>7.1} MiB", program.process.resident_mib()?);
    let ratio = quantile(&beside, 0.5) / quantile(&alone, 0.5);
    let verdict = if ratio <= BOUND { "held" } else { "NOT held" };
    drop((program, server));
    println!("\nthe median becomes {ratio:.2} times as long; the bound of {BOUND} is {verdict}");
    Ok(())
}

/// Searches from a thread of its own until `other` is over; the times in milliseconds, and what came
/// of the other.
async fn search_while<T>(program: &Arc<Program>, other: impl Future<Output = T>) -> Outcome<(Vec<f64>, T)> {
    let over = Arc::new(AtomicBool::new(false));
    let searching = thread::spawn({
        let (program, over) = (Arc::clone(program), Arc::clone(&over));
        move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut times = Vec::new();
                for query in QUERIES.iter().cycle() {
                    let begun = Instant::now();
                    program.search(query).await?;
                    times.push(millis(begun.elapsed()));
                    if over.load(Ordering::Acquire) {
                        break;
                    }
                }
                Outcome::Ok(times)
            })
        }
    });
    let came = other.await;
    over.store(true, Ordering::Release);
    let times = tokio::task::spawn_blocking(move || searching.join()).await?;
    Ok((times.map_err(|_| "the searching thread gave up")??, came))
}

/// Those who log in.
struct Crowd {
    client: Client,
    api: String,
    addresses: AtomicU32,
}

impl Crowd {
    fn new(api: &str) -> Outcome<Self> {
        // Nothing here speaks TLS; reqwest asks for its cryptography all the same, which may be there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().tcp_nodelay(true).gzip(false).build()?;
        Ok(Self { client, api: api.to_owned(), addresses: AtomicU32::new(0) })
    }

    /// Makes the accounts.
    async fn register(&self) -> Outcome<()> {
        for number in 0..ACCOUNTS {
            let body = json!({ "email": email(number), "password": PASSWORD, "name": "Bench" });
            self.post("auth/register", &body).send().await?.error_for_status()?;
        }
        Ok(())
    }

    /// Logs in a thousand times at once; how often which status came back.
    async fn log_in(&self) -> Outcome<BTreeMap<u16, usize>> {
        let start = Arc::new(Barrier::new(LOGINS));
        let mut logins = JoinSet::new();
        for number in 0..LOGINS {
            // Whoever has no account is another each time, so that no e-mail is over its limit.
            let stranger = self.addresses.load(Ordering::Relaxed) as usize + ACCOUNTS;
            let number = if number < ACCOUNTS { number } else { stranger };
            let request = self.post("auth/login", &json!({ "email": email(number), "password": PASSWORD }));
            let start = Arc::clone(&start);
            logins.spawn(async move {
                start.wait().await;
                request.send().await.map(|answer| answer.status().as_u16())
            });
        }
        let mut answers = BTreeMap::new();
        while let Some(status) = logins.join_next().await {
            *answers.entry(status??).or_default() += 1;
        }
        Ok(answers)
    }

    /// A request from an address that nobody had before.
    fn post(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        let number = self.addresses.fetch_add(1, Ordering::Relaxed);
        let address = Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 1).to_bits() + number);
        let request = self.client.post(format!("{}/{path}", self.api));
        request.header("X-Forwarded-For", address.to_string()).json(body)
    }
}

fn email(number: usize) -> String {
    format!("crowd.{number}@example.com")
}

fn row(name: &str, alone: &[f64], beside: &[f64]) -> String {
    let [quiet, busy] = [alone, beside].map(|times| [0.5, 0.99].map(|share| quantile(times, share)));
    format!(
        "{name:<7} {:>9.2} {:>9.2} {:>9.2} {:>9.2} {:>7.2}",
        quiet[0],
        quiet[1],
        busy[0],
        busy[1],
        busy[0] / quiet[0]
    )
}

fn told(answers: &BTreeMap<u16, usize>) -> String {
    let told: Vec<_> = answers.iter().map(|(status, count)| format!("{status}: {count}")).collect();
    told.join(", ")
}
