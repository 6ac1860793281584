//! How long the views of usage take with a million requests of one key, and how fast requests are
//! written. Runs with `just bench-usage`, on a SQLite file of its own, or on the empty store of a URL
//! that is given as its argument.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use altus4_api_keys::{
    RequestFilter, UsageDays, UsageEvent, UsageScope, UsageStore,
    testkit::{sample_key, sample_secret, sample_usage},
};
use altus4_kernel::{
    ApiKeyId, Clock, PageRequest, Plan, PortResult, Timestamp,
    testkit::{FixedClock, sample_event},
};
use altus4_store_sql::{SqlStore, StoreConfig};
use altus4_users::testkit::{sample_account, sample_session};

const REQUESTS: u64 = 1_000_000;
/// As long as single requests are kept.
const DAYS: u64 = 90;
const ENDPOINTS: u64 = 16;
/// As many as a busy second brings.
const BATCH: usize = 2_000;
const ROUNDS: usize = 11;
/// What each view has to stay below, at the median.
const BOUND: Duration = Duration::from_millis(100);

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<ExitCode> {
    // `cargo test --all-targets` runs benchmarks too, without this.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(ExitCode::SUCCESS);
    }
    let folder = tempfile::tempdir()?;
    let file = format!("sqlite://{}", folder.path().join("usage.db").display());
    let url = std::env::args().find(|argument| argument.contains("://")).unwrap_or(file);
    let store = SqlStore::connect(&StoreConfig { url: url.into(), max_connections: 4 }).await?;
    store.migrate().await?;
    let now = FixedClock::default().now();
    let key = add_key(&store).await?;
    load(store.usage().as_ref(), key, now).await?;
    let is_fast = time_views(store.usage().as_ref(), key, now).await?;
    store.close().await;
    Ok(if is_fast { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn add_key(store: &SqlStore) -> Outcome<ApiKeyId> {
    let stored = sample_account(1, "usage@example.com");
    let id = stored.account.id;
    let session = sample_session(1, id, stored.account.created_at);
    store.users().insert(&stored, &session, &sample_event(1, id)).await?;
    let key = sample_key(1, id);
    store.api_keys().insert(&key, &sample_secret(1), &sample_event(2, id)).await?;
    Ok(key.id)
}

/// Every tenth request comes in the hour before last, as many as the largest tier allows, the others are
/// spread over all days; one in twenty fails, and one in a thousand is of an endpoint that is hardly used.
fn event(number: u64, key: ApiKeyId, now: Timestamp) -> UsageEvent {
    // Numbers in order that look like chance (SplitMix64; Steele, Lea and Flood, 2014).
    let chance = |bound: u64, salt: u64| {
        let mixed = (8 * number + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    };
    let back = if number.is_multiple_of(10) {
        3_600 + chance(3_600, 1)
    } else {
        DAYS * 86_400 * (REQUESTS - number) / REQUESTS
    };
    let status = [429, 404, 500].get(usize::try_from(chance(60, 2)).unwrap_or(0)).copied().unwrap_or(200);
    let is_rare = number.is_multiple_of(1_000);
    UsageEvent {
        endpoint: if is_rare { "/api/v1/rare".into() } else { format!("/api/v1/{}", chance(ENDPOINTS, 3)) },
        status,
        error_code: (status != 200).then(|| format!("CODE_{status}")),
        response_time_us: 500 + chance(1 << (4 + chance(16, 4)), 5),
        tier: if chance(10, 6) == 0 { Plan::Pro } else { Plan::Free },
        ip: Some(format!("192.0.2.{}", chance(256, 7))),
        request_id: format!("00000000-0000-7000-8000-{number:012x}"),
        ..sample_usage(u128::from(number) << 64 | u128::from(number), key, now - Duration::from_secs(back))
    }
}

async fn load(usage: &dyn UsageStore, key: ApiKeyId, now: Timestamp) -> Outcome<()> {
    eprintln!("writing {REQUESTS} requests, {BATCH} at a time …");
    let mut batch = Vec::with_capacity(BATCH);
    let (mut spent, mut slowest) = (Duration::ZERO, Duration::ZERO);
    for number in 0..REQUESTS {
        batch.push(event(number, key, now));
        if batch.len() == BATCH || number + 1 == REQUESTS {
            let begun = Instant::now();
            usage.append(&batch).await?;
            let took = begun.elapsed();
            (spent, slowest) = (spent + took, slowest.max(took));
            batch.clear();
        }
    }
    println!("requests written      {:>10.0} /s", REQUESTS as f64 / spent.as_secs_f64());
    println!("slowest batch         {:>10.1} ms\n", millis(slowest));
    Ok(())
}

/// Prints the median of each view, and tells whether all stay within the bound.
async fn time_views(usage: &dyn UsageStore, key: ApiKeyId, now: Timestamp) -> Outcome<bool> {
    println!("medians of {ROUNDS} rounds in ms, and the slowest");
    let scope = UsageScope::Key(key);
    let mut is_fast = true;
    for days in [1, 7, 30, 90, 365] {
        let range = UsageDays::new(days).ok_or("days")?.range(now);
        is_fast &= time(&format!("totals, {days} days"), || usage.totals(scope, range)).await?;
        is_fast &= time(&format!("endpoints, {days} days"), || usage.endpoints(scope, range, 100)).await?;
        is_fast &= time(&format!("by tier, {days} days"), || usage.tiers(scope, range)).await?;
        is_fast &= time(&format!("errors, {days} days"), || usage.errors(scope, range)).await?;
        is_fast &= time(&format!("time series, {days} days"), || usage.hours(scope, range)).await?;
    }
    let range = UsageDays::new(365).ok_or("days")?.range(now);
    let any = RequestFilter::default();
    let failed = RequestFilter { failed: Some(true), ..any.clone() };
    let rare = RequestFilter { endpoint: Some("/api/v1/rare".into()), ..any.clone() };
    let all = RequestFilter { failed: Some(true), tier: Some(Plan::Pro), endpoint: Some("/api/v1/1".into()) };
    for (what, filter) in
        [("requests", any), ("failed", failed), ("rare endpoint", rare), ("all filters", all)]
    {
        let first = PageRequest::new(1, 100).ok_or("page")?;
        let total = usage.requests(key, range, &filter, first).await?.total;
        let last = u32::try_from(total.div_ceil(100).max(1))?;
        for (place, number) in [("first", 1), ("middle", last.div_ceil(2)), ("last", last)] {
            let page = PageRequest::new(number, 100).ok_or("page")?;
            let name = format!("{what} ({total}), {place} page");
            is_fast &= time(&name, || usage.requests(key, range, &filter, page)).await?;
        }
    }
    // In the middle of the hour that has a tenth of all.
    let page = PageRequest::new(500, 100).ok_or("page")?;
    let any = RequestFilter::default();
    is_fast &= time("within the fullest hour", || usage.requests(key, range, &any, page)).await?;
    is_fast &= time("used since a month", || usage.used_since(key, range.end - 31 * DAY)).await?;
    Ok(is_fast)
}

const DAY: Duration = Duration::from_hours(24);

async fn time<T, F>(what: &str, view: impl Fn() -> F) -> Outcome<bool>
where
    F: Future<Output = PortResult<T>>,
{
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        view().await?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let (median, slowest) = (times[ROUNDS / 2], times[ROUNDS - 1]);
    let is_fast = median < BOUND;
    let mark = if is_fast { "" } else { "   over the bound" };
    println!("{what:<40} {:>8.2} {:>8.2}{mark}", millis(median), millis(slowest));
    Ok(is_fast)
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}
