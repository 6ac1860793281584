//! `altus4 check`: whether the service would start, told a line each, with nothing made or changed.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_crypto::SystemRandomSource;
use altus4_kernel::{Clock, RandomSource, SystemClock};
use anyhow::{Context, Result, anyhow};

use crate::{
    cli::{begin_logging, migrate::summary, print},
    compose::{ai_client, connect_redis, open_store, reach_qdrant},
    failure::{Failure, one_line},
    settings::{Environment, ProviderSettings, Settings},
    telemetry::LogOutput,
};

/// How long an AI provider may take to be found.
const PROBE_DEADLINE: Duration = Duration::from_secs(10);

/// Prints what was found.
///
/// # Errors
/// The settings are wrong, or something that is needed isn't there.
pub(crate) async fn run(environment: &Environment) -> Result<(), Failure> {
    let settings = Settings::read(environment)?;
    begin_logging(&settings.log, LogOutput::Stderr)?;
    let mut ready = true;
    let mut tell = |what: &str, found: Result<String>| {
        let (verdict, text) = match &found {
            Ok(text) => ("ok", text.clone()),
            Err(error) => ("FAILED", one_line(error)),
        };
        ready &= found.is_ok();
        print(&format!("{what:<15}{verdict:<8}{text}\n"));
    };

    tell("settings", Ok(format!("{} mode", settings.mode.as_str())));
    for notice in &settings.notices {
        print(&format!("{:<15}{:<8}{notice}\n", "", "note"));
    }
    if settings.uses_data_dir() {
        tell("data directory", directory(&settings.data_dir).context("ALTUS4_DATA_DIR"));
    }
    let (store, migrations) = store(&settings).await;
    tell("store", store);
    if let Some(migrations) = migrations {
        tell("migrations", migrations);
    }
    if let Some(url) = &settings.redis_url {
        let begun = Instant::now();
        let reached = connect_redis(url).await.map(|_| answered(begun));
        tell("redis", reached);
    }
    if let Some(provider) = &settings.ai {
        tell("ai provider", ask(provider).await);
    }
    if let Some(qdrant) = &settings.qdrant {
        let begun = Instant::now();
        tell("qdrant", reach_qdrant(qdrant).await.map(|()| answered(begun)));
    }
    if ready { Ok(()) } else { Err(Failure::Told) }
}

/// Whether the directory can be written to, or made.
fn directory(dir: &Path) -> Result<String> {
    let is_there = |dir: &&Path| dir.is_dir();
    let present = dir.ancestors().find(is_there).unwrap_or(Path::new("."));
    // A file without a name where the system has such, and removed at once elsewhere.
    tempfile::tempfile_in(present).with_context(|| format!("{} can't be written to", present.display()))?;
    let verb = if present == dir { "written to" } else { "made" };
    Ok(format!("{} can be {verb}", dir.display()))
}

/// Whether the store answers, and which migrations it has.
async fn store(settings: &Settings) -> (Result<String>, Option<Result<String>>) {
    if let Some(file) = settings.store.file().filter(|file| !file.exists()) {
        let dir = file.parent().unwrap_or(file);
        let found = directory(dir).map(|_| format!("{} is made at the first start", settings.store));
        return (found.context(settings.store.decided_by()), None);
    }
    let begun = Instant::now();
    let store = match open_store(settings).await {
        Ok(store) => store,
        Err(error) => return (Err(error), None),
    };
    let reached = store.ping().await.map(|()| format!("{} {}", settings.store, answered(begun)));
    let migrations = match store.migration_status().await {
        Ok(status) if status.unknown.is_empty() => Ok(summary(&status)),
        Ok(status) => Err(anyhow!(summary(&status))),
        Err(fault) => Err(fault.into()),
    };
    store.close().await;
    (reached.map_err(Into::into), Some(migrations))
}

/// Whether the provider is there and takes the key; nothing that costs is asked of it.
async fn ask(provider: &ProviderSettings) -> Result<String> {
    let (clock, random): (Arc<dyn Clock>, Arc<dyn RandomSource>) =
        (Arc::new(SystemClock), Arc::new(SystemRandomSource));
    let begun = Instant::now();
    let reached = ai_client(provider, &clock, &random)?.probe(PROBE_DEADLINE).await;
    let place = &provider.base_url;
    reached.map(|()| format!("{place} {}", answered(begun))).with_context(|| place.to_string())
}

fn answered(begun: Instant) -> String {
    format!("answered within {} ms", begun.elapsed().as_millis() + 1)
}
