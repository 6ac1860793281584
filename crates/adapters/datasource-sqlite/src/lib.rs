//! SQLite files as users' databases: [`SqliteSource`] probes them, reads their schemas, searches them
//! through FTS5, and reads and writes their rows. A file is not trusted, and neither is the path that
//! names it.
//!
//! Invariants:
//! - Only regular files below the operator's directory are opened, whatever links lie on the way, and
//!   nothing tells whether a file outside it exists.
//! - A file is opened for reading alone, but to write rows that its owner sent, and never created; its own
//!   SQL (views, generated columns, triggers) may call harmless functions alone, and no extension is ever
//!   loaded.
//! - A statement ends at its deadline and when its future is dropped. A thread that can't be ended
//!   (one endless call inside SQLite) keeps its place among the few that its connection may have, so
//!   it is never followed by more of its kind.
//! - What SQLite holds in memory is bounded ([`SqliteConfig::heap_limit_bytes`]), and so is an answer.

mod config;
mod connect;
mod definition;
mod error;
mod holds;
mod index;
mod inspect;
mod kind;
mod place;
mod pool;
mod probe;
mod records;
mod session;
mod sql;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub use crate::config::SqliteConfig;
use crate::pool::Pools;

/// SQLite files below one directory. A clone is the same source.
#[derive(Clone)]
pub struct SqliteSource {
    pools: Arc<Pools>,
}

impl SqliteSource {
    /// How long [`SqliteSource::close_all`] waits for statements that are still running.
    const CLOSING: Duration = Duration::from_secs(2);

    /// A source with these settings. Opens nothing yet.
    #[must_use]
    pub fn new(config: SqliteConfig) -> Self {
        Self { pools: Pools::new(config) }
    }

    /// Closes every file, and waits (two seconds at the most) until that is done.
    pub async fn close_all(&self) {
        self.pools.close_all(Self::CLOSING).await;
    }
}

/// The moment at which a call that may take `deadline` from now has to end.
fn until(deadline: Duration) -> Instant {
    const DAY: Duration = Duration::from_hours(24);
    Instant::now() + deadline.min(DAY)
}
