//! `altus4 keys rotate-encryption`: every kind of secret, batch by batch, until nothing is left.

use std::io::{self, IsTerminal, Write};

use altus4_kernel::{PortResult, Resealed, SealedPlace};
use anyhow::{Context, Result, anyhow, bail};

use super::{Census, RotateArgs, report, survey};
use crate::{
    cli::print,
    compose::{SealedKind, SealedThings},
};

/// How often a kind is gone through when somebody else changes secrets at the same time.
const PASSES: u32 = 5;

/// What was done with the secrets of a kind.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) name: &'static str,
    pub(super) owner: &'static str,
    pub(super) resealed: u64,
    pub(super) already_newest: u64,
    pub(super) unopened: Vec<SealedPlace>,
}

/// Seals anew what can be opened, and prints what was done and what is to be done next.
///
/// # Errors
/// A list of keys that can't be meant, a fault of the store, or something that can't be opened.
pub(super) async fn run(things: &SealedThings, args: &RotateArgs) -> Result<()> {
    let before = survey(things).await?;
    if let Some(refusal) = report::lone_key(&things.key_ids, &before) {
        bail!(refusal);
    }
    let mut tallies = Vec::new();
    for (kind, (_, census)) in things.kinds.iter().zip(&before) {
        let progress = Progress::of(kind.name, census);
        let tally = if args.dry_run {
            rehearsed(kind, args.batch, progress).await
        } else {
            resealed(kind, args.batch, progress).await
        };
        let broken_off = "broken off; what was sealed anew stays so, and another run goes on from there";
        tallies.push(tally.context(broken_off)?);
    }
    // What others sealed under an older key meanwhile is found here.
    let left = if args.dry_run { before } else { survey(things).await? };
    print(&report::summary(&things.key_ids, &tallies, &left, args.dry_run));
    match report::complaint(&tallies, &left, args.dry_run) {
        Some(complaint) => Err(anyhow!(complaint)),
        None => Ok(()),
    }
}

/// Goes through a kind until nobody has changed anything in between.
async fn resealed(kind: &SealedKind, batch: u32, mut progress: Progress) -> PortResult<Tally> {
    let run = async |after, limit| kind.rotation.reseal(after, limit).await;
    let mut found = pass_of(run, batch, &mut progress).await?;
    let mut done_before = 0;
    for _ in 1..PASSES {
        if found.overtaken == 0 {
            break;
        }
        done_before += found.resealed;
        found = pass_of(run, batch, &mut progress).await?;
    }
    progress.end();
    let last = tally(kind, found);
    Ok(Tally {
        resealed: last.resealed + done_before,
        // What the passes before sealed anew was new to the last one.
        already_newest: last.already_newest.saturating_sub(done_before),
        ..last
    })
}

async fn rehearsed(kind: &SealedKind, batch: u32, mut progress: Progress) -> PortResult<Tally> {
    let run = async |after, limit| kind.rotation.rehearse(after, limit).await;
    let found = pass_of(run, batch, &mut progress).await?;
    progress.end();
    Ok(tally(kind, found))
}

/// All batches, added up.
async fn pass_of(
    run: impl AsyncFn(Option<SealedPlace>, u32) -> PortResult<Resealed>,
    batch: u32,
    progress: &mut Progress,
) -> PortResult<Resealed> {
    let mut sum = Resealed::default();
    progress.begin();
    loop {
        let found = run(sum.last.take(), batch).await?;
        let seen = found.resealed + found.already_newest + found.overtaken;
        progress.advance(seen + u64::try_from(found.unopened.len()).unwrap_or(u64::MAX));
        sum.resealed += found.resealed;
        sum.already_newest += found.already_newest;
        sum.overtaken += found.overtaken;
        sum.unopened.extend(found.unopened);
        sum.last = found.last;
        if sum.last.is_none() {
            return Ok(sum);
        }
    }
}

fn tally(kind: &SealedKind, found: Resealed) -> Tally {
    let Resealed { resealed, already_newest, unopened, .. } = found;
    Tally { name: kind.name, owner: kind.owner, resealed, already_newest, unopened }
}

/// How far a pass has come, shown on a terminal.
struct Progress {
    name: &'static str,
    seen: u64,
    total: u64,
    is_shown: bool,
}

impl Progress {
    fn of(name: &'static str, census: &Census) -> Self {
        Self { name, seen: 0, total: census.values().sum(), is_shown: io::stderr().is_terminal() }
    }

    fn begin(&mut self) {
        self.seen = 0;
    }

    fn advance(&mut self, count: u64) {
        self.seen += count;
        // There may be more by now than there were.
        self.total = self.total.max(self.seen);
        self.show(&format!("\r\u{1b}[K{}: {} of {}", self.name, self.seen, self.total));
    }

    fn end(&self) {
        self.show("\r\u{1b}[K");
    }

    fn show(&self, text: &str) {
        if self.is_shown {
            let mut terminal = io::stderr().lock();
            // Nobody is there to see it.
            let _ = terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush());
        }
    }
}
