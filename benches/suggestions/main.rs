//! How long suggestions take on the embedded store, for an account that has found something with a
//! hundred thousand different queries. Runs with `just bench-suggestions`; needs nothing else
//! installed.

#[path = "../harness/times.rs"]
mod times;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use altus4_kernel::{AccountId, testkit::sample_event};
use altus4_search::{SearchLog, testkit::sample_record};
use altus4_store_sql::{SqlStore, StoreConfig};
use altus4_users::testkit::{sample_account, sample_session};

use crate::times::{Outcome, is_wanted, millis, quantile};

const QUERIES: u32 = 100_000;
const BATCH: usize = 2_000;
const ROUNDS: u32 = 40;
/// What 99 of 100 have to stay below.
const BOUND: Duration = Duration::from_millis(10);

/// Beginnings of queries: a word or two of these, with a number.
const WORDS: [&str; 26] = [
    "address",
    "backup",
    "contract",
    "delivery",
    "export",
    "filter",
    "gateway",
    "harbour",
    "invoice",
    "joint",
    "keyboard",
    "letter",
    "migration",
    "network",
    "order",
    "parcel",
    "query",
    "refund",
    "shipment",
    "ticket",
    "upload",
    "voucher",
    "warranty",
    "xml",
    "yield",
    "zone",
];

#[tokio::main]
async fn main() -> Outcome<ExitCode> {
    if !is_wanted() {
        return Ok(ExitCode::SUCCESS);
    }
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("suggestions.db").display());
    let store = SqlStore::connect(&StoreConfig { url: url.into(), max_connections: 4 }).await?;
    store.migrate().await?;
    let stored = sample_account(1, "suggestions@example.com");
    let account = stored.account.id;
    let session = sample_session(1, account, stored.account.created_at);
    store.users().insert(&stored, &session, &sample_event(1, account)).await?;
    let log = store.search_log();
    fill(log.as_ref(), account).await?;

    println!("{QUERIES} queries of one account; milliseconds");
    println!("{:<34} {:>8} {:>8}", "what was typed", "p50", "p99");
    let mut is_fast = true;
    for letters in [1, 2, 3, 8] {
        let mut taken = Vec::new();
        for _ in 0..ROUNDS {
            for word in WORDS {
                let typed: String = word.chars().take(letters).collect();
                let begun = Instant::now();
                log.popular(account, &typed, 5).await?;
                taken.push(millis(begun.elapsed()));
            }
        }
        let (half, most) = (quantile(&taken, 0.5), quantile(&taken, 0.99));
        is_fast &= most < millis(BOUND);
        println!("{:<34} {half:>8.2} {most:>8.2}", format!("{letters} letters"));
    }
    store.close().await;
    Ok(if is_fast { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn fill(log: &dyn SearchLog, account: AccountId) -> Outcome<()> {
    let begun = Instant::now();
    let word = |number: u32| WORDS[number as usize % WORDS.len()];
    let searches: Vec<_> = (1..=QUERIES)
        .map(|number| {
            let query = format!("{} {} {number}", word(number), word(number / 26));
            sample_record(number, account, &query)
        })
        .collect();
    for batch in searches.chunks(BATCH) {
        log.append(batch).await?;
    }
    let rate = f64::from(QUERIES) / begun.elapsed().as_secs_f64();
    println!("written                {rate:>10.0} searches a second\n");
    Ok(())
}
