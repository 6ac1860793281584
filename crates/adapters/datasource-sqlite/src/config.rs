//! Where files may lie, and how much may be open at once.

use std::{path::PathBuf, time::Duration};

/// The settings of a [`SqliteSource`](crate::SqliteSource).
#[derive(Debug, Clone)]
pub struct SqliteConfig {
    /// The directory below which files are opened. Whoever may write into it decides what is read.
    /// A file in WAL mode is read only if its `-wal` and `-shm` are there or can be made beside it, as
    /// SQLite asks of every reader.
    pub root: PathBuf,
    /// Files that are never opened, though they lie below `root`: the service's own store.
    pub private_files: Vec<PathBuf>,
    /// The most files open at once, over all connections. Each takes a thread.
    pub max_open: usize,
    /// How long an open file may go unused before it is closed.
    pub idle_after: Duration,
    /// The most memory that SQLite may hold, in bytes. SQLite knows one such limit for the whole
    /// process, and it can only be lowered.
    pub heap_limit_bytes: u64,
}

/// No directory yet; 64 files, one minute, 256 MiB.
impl Default for SqliteConfig {
    fn default() -> Self {
        Self {
            root: PathBuf::new(),
            private_files: Vec::new(),
            max_open: 64,
            idle_after: Duration::from_mins(1),
            heap_limit_bytes: 256 * 1024 * 1024,
        }
    }
}
