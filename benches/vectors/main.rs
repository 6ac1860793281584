//! How long it takes to find what is near among a hundred thousand rows, and how much of it is found.
//! Runs with `just bench-vectors`; needs nothing else installed. `--rows=20000` takes fewer.

#[path = "../harness/times.rs"]
mod times;

mod texts;

use std::{
    collections::HashSet,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use altus4_kernel::{VectorIndexId, uuid::Uuid};
use altus4_search::{ContentHash, RowKey, Vector, VectorEntry, VectorIndex};
use altus4_vector_hnsw::{HnswConfig, HnswVectorIndex};

use crate::times::{Outcome, is_wanted, millis, quantile};

const ROWS: usize = 100_000;
const QUERIES: usize = 200;
/// How often each query is timed.
const ROUNDS: usize = 5;
const BATCH: usize = 250;
const NEAREST: usize = 10;
/// How much of the true ten nearest has to be found, and how long an index may take to open.
const RECALL: f64 = 0.95;
const OPENED_WITHIN: Duration = Duration::from_secs(2);
const COLLECTION: VectorIndexId = VectorIndexId::from_uuid(Uuid::from_u128(1));

#[tokio::main]
async fn main() -> Outcome<ExitCode> {
    if !is_wanted() {
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = std::env::args().find_map(|argument| argument.strip_prefix("--rows=")?.parse().ok());
    let count = wanted.unwrap_or(ROWS);
    eprintln!("{count} rows of {} dimensions …", texts::DIMENSIONS);
    let mut vectors = texts::vectors(count + QUERIES);
    let queries: Arc<[Vector]> = vectors.split_off(count).into();
    let truth = truth(&vectors, &queries);
    let folder = tempfile::tempdir()?;
    let config = HnswConfig::new(folder.path());

    let before = resident_mib();
    let index = Arc::new(HnswVectorIndex::open(config.clone())?);
    let searching = Searching::begin(&index, &queries);
    let begun = Instant::now();
    for (number, some) in vectors.chunks(BATCH).enumerate() {
        index.put(COLLECTION, entries(number * BATCH, some)).await?;
    }
    let put = begun.elapsed();
    while index.unlinked(COLLECTION).await? > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let linked = begun.elapsed();
    let meanwhile = searching.end().await?;
    println!("rows put a second                 {:>9.0}", count as f64 / put.as_secs_f64());
    println!("rows in the graph a second        {:>9.0}", count as f64 / linked.as_secs_f64());
    println!("memory, MiB                       {:>9.0}", resident_mib() - before);
    tell("search meanwhile", &meanwhile);

    let (quiet, recall) = search(&index, &queries, &truth).await?;
    tell("search", &quiet);
    println!("recall@{NEAREST}                         {recall:>9.4}");
    index.close().await;

    let begun = Instant::now();
    let index = Arc::new(HnswVectorIndex::open(config.clone())?);
    let size = index.size(COLLECTION).await?;
    let opened = begun.elapsed();
    println!("opened, ms                        {:>9.0}", millis(opened));
    assert_eq!((size, index.unlinked(COLLECTION).await?), (count as u64, 0), "all of it was saved");
    println!("on the disk, MiB                  {:>9.0}", disk_mib(folder.path())?);
    index.close().await;

    let exact = Arc::new(HnswVectorIndex::open(HnswConfig { exact_up_to: usize::MAX, ..config })?);
    let (times, exact_recall) = search(&exact, &queries, &truth).await?;
    tell("each row compared", &times);
    println!("recall@{NEAREST} of that                 {exact_recall:>9.4}");
    exact.close().await;

    let held = recall >= RECALL && opened <= OPENED_WITHIN;
    println!("\nbounds: recall@{NEAREST} {RECALL}, opened within {} s: {held}", OPENED_WITHIN.as_secs());
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn key(number: usize) -> RowKey {
    RowKey(number.to_string().into_bytes().into())
}

fn entries(first: usize, vectors: &[Vector]) -> Vec<VectorEntry> {
    let entry = |(number, vector): (usize, &Vector)| VectorEntry {
        key: key(number),
        content: ContentHash::from_bytes((number as u128).to_le_bytes()),
        vector: vector.clone(),
    };
    (first..).zip(vectors).map(entry).collect()
}

/// The keys of the true nearest rows of each query.
fn truth(rows: &[Vector], queries: &[Vector]) -> Vec<HashSet<RowKey>> {
    let nearest = |query: &Vector| {
        let mut order: Vec<(f32, usize)> = rows.iter().map(|row| row.similarity(query)).zip(0..).collect();
        order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        order.truncate(NEAREST);
        order.into_iter().map(|(_, number)| key(number)).collect()
    };
    let share = queries.len().div_ceil(thread::available_parallelism().map_or(1, usize::from));
    thread::scope(|scope| {
        let parts: Vec<_> = queries
            .chunks(share)
            .map(|part| scope.spawn(move || part.iter().map(nearest).collect::<Vec<HashSet<RowKey>>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().expect("no panic")).collect()
    })
}

/// The time of each search, and how much of the truth was found.
async fn search(
    index: &HnswVectorIndex,
    queries: &[Vector],
    truth: &[HashSet<RowKey>],
) -> Outcome<(Vec<f64>, f64)> {
    let (mut times, mut found) = (Vec::new(), 0);
    for round in 0..=ROUNDS {
        for (query, truth) in queries.iter().zip(truth) {
            let begun = Instant::now();
            let near = index.nearest(COLLECTION, query, NEAREST).await?;
            // The first round opens it and warms it up.
            if round > 0 {
                times.push(millis(begun.elapsed()));
                found += near.iter().filter(|near| truth.contains(&near.key)).count();
            }
        }
    }
    Ok((times, found as f64 / (ROUNDS * queries.len() * NEAREST) as f64))
}

/// One client that searches until it is told to end.
struct Searching {
    is_over: Arc<AtomicBool>,
    times: tokio::task::JoinHandle<Outcome<Vec<f64>>>,
}

impl Searching {
    fn begin(index: &Arc<HnswVectorIndex>, queries: &Arc<[Vector]>) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, index, queries) = (Arc::clone(&is_over), Arc::clone(index), Arc::clone(queries));
        let times = tokio::spawn(async move {
            let mut times = Vec::new();
            for query in queries.iter().cycle() {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let begun = Instant::now();
                index.nearest(COLLECTION, query, NEAREST).await?;
                times.push(millis(begun.elapsed()));
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok(times)
        });
        Self { is_over, times }
    }

    async fn end(self) -> Outcome<Vec<f64>> {
        self.is_over.store(true, Ordering::Relaxed);
        self.times.await?
    }
}

fn tell(what: &str, times: &[f64]) {
    let (median, most) = (quantile(times, 0.5), quantile(times, 0.99));
    println!("{what:<26} p50, p99 ms {median:>9.2} {most:>9.2}");
}

/// What the process has in memory; 0 where the system doesn't tell.
fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or_default() / 1_024.0
}

fn disk_mib(folder: &std::path::Path) -> Outcome<f64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder.join(COLLECTION.to_string()))? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes as f64 / f64::from(1 << 20))
}
