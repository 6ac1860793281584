//! `altus4 keys`: the encryption keys, and what is sealed under each.

mod report;
mod rotate;

use std::collections::BTreeMap;

use altus4_kernel::{MasterKey, PortResult, SealedPlace};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use crate::{
    cli::print,
    compose::{SealedKind, SealedThings, sealed_things},
    failure::Failure,
    settings::Settings,
};

/// How many secrets are read at a time where nothing is written.
const SURVEY_BATCH: u32 = 100;

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysStep {
    /// Seal anew what lies under an older encryption key, while the service runs.
    ///
    /// The new key comes first: `ALTUS4_ENCRYPTION_KEYS=new:…,old:…`. Restart every node of the service
    /// with this list, then run this with it. It may be broken off and run again at any time. When it
    /// says so, take the older key out and restart every node once more. More is in
    /// docs/OPERATIONS.md, also on several nodes that are restarted one after the other.
    RotateEncryption(RotateArgs),
    /// Show how many secrets are sealed under which encryption key.
    Status,
}

#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// How many secrets are read at a time. Each is written by itself.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    batch: u32,
    /// Open what would be sealed anew, count it, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Does it, and says so.
///
/// # Errors
/// Why it could not be done; or that something can't be opened.
pub(crate) async fn run(step: KeysStep, settings: Settings) -> Result<(), Failure> {
    let things = sealed_things(settings).await.map_err(Failure::Start)?;
    let done = match step {
        KeysStep::RotateEncryption(args) => rotate::run(&things, &args).await,
        KeysStep::Status => status(&things).await,
    };
    things.close().await;
    done.map_err(Failure::Start)
}

async fn status(things: &SealedThings) -> Result<()> {
    let found = survey(things).await?;
    print(&report::status(&things.key_ids, &found));
    Ok(())
}

/// How many secrets of a kind lie under which key; under `None` those of a form that no key has.
pub(super) type Census = BTreeMap<Option<MasterKey>, u64>;

/// How many of what lie under which key.
async fn survey(things: &SealedThings) -> Result<Vec<(&'static str, Census)>> {
    let mut found = Vec::new();
    for kind in &things.kinds {
        found.push((kind.name, census(kind).await.context("can't read what is sealed")?));
    }
    Ok(found)
}

async fn census(kind: &SealedKind) -> PortResult<Census> {
    let mut sum = Census::new();
    let mut after: Option<SealedPlace> = None;
    loop {
        let batch = kind.rotation.survey(after, SURVEY_BATCH).await?;
        for (key, count) in batch.under {
            *sum.entry(key).or_default() += count;
        }
        after = batch.last;
        if after.is_none() {
            return Ok(sum);
        }
    }
}
