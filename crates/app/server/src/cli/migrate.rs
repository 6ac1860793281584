//! `altus4 migrate`: the tables of the service's own database.

use std::fmt::Write;

use altus4_store_sql::MigrationStatus;

use crate::{cli::print, compose::open_store, failure::Failure, settings::Settings};

/// Prints which migrations were applied and which are pending. Makes nothing.
///
/// # Errors
/// The store can't be reached.
pub(crate) async fn status(settings: &Settings) -> Result<(), Failure> {
    if let Some(file) = settings.store.file().filter(|file| !file.exists()) {
        print(&format!("There is no store at {} yet; it is made at the first start.\n", file.display()));
        return Ok(());
    }
    let store = open_store(settings).await.map_err(Failure::Start)?;
    let status = store.migration_status().await;
    store.close().await;
    let status = status.map_err(|fault| Failure::Start(fault.into()))?;
    let known: Vec<_> =
        status.applied.iter().filter(|name| !status.unknown.contains(name)).cloned().collect();
    let mut text = String::new();
    for (names, state) in [(&known, "applied"), (&status.unknown, "unknown"), (&status.pending, "pending")] {
        for name in names {
            let _ = writeln!(text, "{state}  {name}");
        }
    }
    let _ = writeln!(text, "{}", summary(&status));
    print(&text);
    Ok(())
}

/// How far a store has been migrated, in a few words.
pub(crate) fn summary(status: &MigrationStatus) -> String {
    let MigrationStatus { applied, pending, unknown } = status;
    let mut text = format!("{} applied, {} pending", applied.len(), pending.len());
    if !unknown.is_empty() {
        let _ = write!(text, "; {} of a newer version, so this one can't use the store", unknown.len());
    }
    text
}

/// Applies what is pending.
///
/// # Errors
/// The store can't be reached, or a migration failed.
pub(crate) async fn up(settings: &Settings) -> Result<(), Failure> {
    let store = open_store(settings).await.map_err(Failure::Start)?;
    let applied = store.migrate().await;
    store.close().await;
    let applied = applied.map_err(|fault| Failure::Start(fault.into()))?;
    let mut text = String::new();
    for name in &applied {
        let _ = writeln!(text, "applied  {name}");
    }
    if applied.is_empty() {
        text.push_str("Nothing was pending.\n");
    }
    print(&text);
    Ok(())
}
