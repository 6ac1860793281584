//! What searches found of indexes, counted: the evidence that advice rests upon.

mod recorder;

use std::time::Duration;

use altus4_kernel::{ConnectionId, PortResult, Timestamp};
use async_trait::async_trait;

pub use self::recorder::EvidenceRecorder;
use crate::Access;

/// How often the same columns of a table were searched in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The connection.
    pub connection_id: ConnectionId,
    /// The table.
    pub table: String,
    /// The columns, in the table's order.
    pub columns: Vec<String>,
    /// How searches got at their words.
    pub access: Access,
    /// How many searches there were.
    pub searches: u64,
    /// How long the database took for all of them.
    pub took: Duration,
    /// When the last one was.
    pub last_seen: Timestamp,
}

impl Tally {
    /// How many sets of columns of one table are counted apart; those beyond, searched least lately,
    /// are forgotten.
    pub const MAX_SETS: usize = 16;

    /// Whether it counts the same searches: columns in another order are the same.
    #[must_use]
    pub fn is_of_the_same(&self, other: &Self) -> bool {
        let same_columns = self.columns.len() == other.columns.len()
            && self.columns.iter().all(|column| other.columns.contains(column));
        self.connection_id == other.connection_id
            && self.table == other.table
            && self.access == other.access
            && same_columns
    }

    /// Adds `new` to the tallies of one table: to the one of the same searches, or as one more.
    pub fn add_to(kept: &mut Vec<Self>, new: Self) {
        if let Some(known) = kept.iter_mut().find(|known| known.is_of_the_same(&new)) {
            known.searches = known.searches.saturating_add(new.searches);
            known.took = known.took.saturating_add(new.took);
            known.last_seen = known.last_seen.max(new.last_seen);
            return;
        }
        kept.push(new);
        kept.sort_by_key(|tally| std::cmp::Reverse(tally.last_seen));
        kept.truncate(Self::MAX_SETS);
    }
}

/// Keeps tallies.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait EvidenceStore: Send + Sync {
    /// Adds these to what is kept ([`Tally::add_to`]), all of them or none; MUST hold also when calls
    /// come at once. Those of connections that are gone are passed over.
    async fn add(&self, tallies: &[Tally]) -> PortResult<()>;

    /// What is kept of a connection, in any order. Gone with the connection.
    async fn list(&self, connection_id: ConnectionId) -> PortResult<Vec<Tally>>;
}
