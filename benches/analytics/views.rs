//! The views, and how long they take.

use std::time::{Duration, Instant};

use crate::{
    process::Process,
    times::{Outcome, millis},
};

const ROUNDS: usize = 11;
/// What each view has to stay below, at the median.
const BOUND: Duration = Duration::from_millis(100);
const PERIODS: [&str; 6] = ["day", "week", "month", "3months", "6months", "year"];
/// What dashboards are made of.
const VIEWS: [&str; 12] = [
    "dashboard",
    "search-trends",
    "performance",
    "popular-queries",
    "popular-queries?page=50",
    "search-history",
    "search-history?zeroResults=true",
    "search-history?searchMode=semantic",
    "insights",
    "admin/system-overview",
    "admin/user-activity",
    "admin/performance-metrics",
];
/// What reads single searches for want of sums; without a bound.
const SCANS: [&str; 2] = ["search-history?query=number%2077", "search-history?minExecutionTime=30"];

/// Prints the median of each view, and tells whether those with a bound stay within it.
pub(crate) async fn time_all(program: &Process, token: &str) -> Outcome<bool> {
    println!("\nmedians of {ROUNDS} rounds in ms (and the slowest)");
    let heads = PERIODS.map(|period| format!("{period:>18}")).concat();
    println!("{:<36}{heads}", "");
    let mut is_fast = true;
    for (views, is_bound) in [(&VIEWS[..], true), (&SCANS[..], false)] {
        for view in views {
            let mut cells = Vec::new();
            for period in PERIODS {
                let (median, slowest) = time(program, token, view, period).await?;
                let mark = if is_bound && median >= BOUND { "!" } else { "" };
                is_fast &= mark.is_empty();
                let cell = format!("{:.1}{mark} ({:.1})", millis(median), millis(slowest));
                cells.push(format!("{cell:>18}"));
            }
            println!("{view:<36}{}", cells.concat());
        }
    }
    Ok(is_fast)
}

async fn time(program: &Process, token: &str, view: &str, period: &str) -> Outcome<(Duration, Duration)> {
    let mark = if view.contains('?') { '&' } else { '?' };
    let url = format!("{}/analytics/{view}{mark}period={period}", program.api);
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let answer = program.client.get(&url).bearer_auth(token).send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        times.push(begun.elapsed());
        if !status.is_success() {
            return Err(format!("{view}, {period}: {status}: {}", String::from_utf8_lossy(&body)).into());
        }
    }
    times.sort_unstable();
    Ok((times[ROUNDS / 2], times[ROUNDS - 1]))
}

/// Reads an export of all single searches to its end, and prints what it takes.
pub(crate) async fn export(program: &Process, token: &str) -> Outcome<()> {
    println!();
    for format in ["csv", "xlsx"] {
        let url = format!("{}/analytics/export?period=3months&environment=all&format={format}", program.api);
        let before = program.resident_mib()?;
        let (begun, mut most, mut bytes, mut lines) = (Instant::now(), before, 0, 0);
        let mut looked = Instant::now();
        let mut answer = program.client.get(&url).bearer_auth(token).send().await?.error_for_status()?;
        while let Some(part) = answer.chunk().await? {
            bytes += part.len();
            lines += part.split(|byte| *byte == b'\n').count() - 1;
            if looked.elapsed() > Duration::from_millis(20) {
                most = most.max(program.resident_mib()?);
                looked = Instant::now();
            }
        }
        let took = begun.elapsed().as_secs_f64();
        let rows = if format == "csv" { format!("{} rows, ", lines - 1) } else { String::new() };
        println!(
            "export as {format}: {rows}{:.0} MiB in {took:.1} s; memory {before:.0} MiB before, {most:.0} at the most",
            bytes as f64 / f64::from(1 << 20)
        );
    }
    Ok(())
}
