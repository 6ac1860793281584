//! Opening a file: for reading alone, unless rows are to be written, with everything switched off that a
//! hostile file could use.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::OwnedSemaphorePermit;

use crate::{SqliteConfig, error::Fault, holds};

/// After how many of its steps SQLite asks whether to go on: some tens of microseconds.
const STEPS: i32 = 1_000;
/// How long SQLite waits for another program's lock; it asks nobody meanwhile.
const LOCK_WAIT: Duration = Duration::from_millis(250);

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Reading it.
    Read,
    /// Writing rows, of which foreign keys hold.
    Write,
}

/// Opens the file. `places` are given back when its thread closes it again, which is later than the
/// connection is dropped if SQLite is still busy.
pub(crate) async fn connect(
    file: &Path,
    config: &SqliteConfig,
    purpose: Purpose,
    brake: Arc<Brake>,
    places: [OwnedSemaphorePermit; 2],
) -> Result<SqliteConnection, Fault> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .read_only(purpose == Purpose::Read)
        .create_if_missing(false)
        .busy_timeout(LOCK_WAIT)
        .statement_cache_capacity(32)
        .row_buffer_size(8)
        .command_buffer_size(8)
        .thread_name(|_| "altus4-sqlite".to_owned())
        .foreign_keys(true)
        .pragma("query_only", if purpose == Purpose::Read { "ON" } else { "OFF" })
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        // A file that shrinks under a memory map ends the process (SIGBUS).
        .pragma("mmap_size", "0")
        // A sort that would fill the disk meets the heap limit instead.
        .pragma("temp_store", "MEMORY")
        .pragma("hard_heap_limit", config.heap_limit_bytes.to_string())
        .collation(holds::COLLATION, holds::compare)
        .disable_statement_logging();
    let mut connection = options.connect().await?;
    connection.lock_handle().await?.set_progress_handler(STEPS, move || {
        let _held = &places;
        brake.is_off()
    });
    Ok(connection)
}

/// Stops the statements of one connection, from any thread.
#[derive(Debug)]
pub(crate) struct Brake {
    made_at: Instant,
    /// In microseconds after `made_at`.
    stop_at: AtomicU64,
}

impl Brake {
    /// A brake that stops everything at `until`.
    pub(crate) fn new(until: Instant) -> Self {
        let brake = Self { made_at: Instant::now(), stop_at: AtomicU64::new(0) };
        brake.release(until);
        brake
    }

    /// Lets statements run until then.
    pub(crate) fn release(&self, until: Instant) {
        let left = until.saturating_duration_since(self.made_at);
        self.stop_at.store(u64::try_from(left.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Stops the statement that is running.
    pub(crate) fn stop(&self) {
        self.stop_at.store(0, Ordering::Relaxed);
    }

    fn is_off(&self) -> bool {
        self.made_at.elapsed().as_micros() < u128::from(self.stop_at.load(Ordering::Relaxed))
    }
}
