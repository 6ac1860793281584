//! What a statement costs.

use std::time::Duration;

use super::{Effect, Locks, Place};

/// How much of a table a server indexes in a second. Measured on MariaDB 10.11.19 on two shared
/// cores: 100,000 rows with 28.9 MB of text, 35 MB with all else, took 2.6 s, so 11 MB/s for text and
/// 13 for tables; less here, since larger tables don't stay in memory.
const INDEXED_BYTES_A_SECOND: u64 = 8_000_000;
/// How much of a table a server writes anew in a second. In the same measurement, the table's first
/// index took 0.3 s longer than its second, for the rows are written anew then: 35 MB in 0.3 s; less
/// here, for the same reason.
const REBUILT_BYTES_A_SECOND: u64 = 60_000_000;
/// A row of a table whose size isn't told.
const ROW_BYTES: u64 = 500;

impl Place<'_> {
    /// What adding a full-text index costs. `InnoDB` does it in place: the table's first one adds a
    /// hidden column, so that all rows are written anew; later ones leave the rows alone. Either way
    /// writing waits and reading goes on. Other engines copy the table.
    pub(super) fn cost_of_index(&self) -> Effect {
        let rebuilds_table = self.table.full_text.is_empty() || !self.table.is_online();
        self.cost(Locks::Writes, rebuilds_table, true)
    }

    /// What writing all rows anew costs, with the indexes that there are.
    pub(super) fn cost_of_copy(&self) -> Effect {
        self.cost(Locks::Writes, true, !self.table.full_text.is_empty())
    }

    /// What dropping an index costs: next to nothing.
    pub(super) fn cost_of_drop(&self) -> Effect {
        if self.table.is_online() {
            let duration = Some(Duration::from_secs(1));
            return Effect { locks: Locks::Nothing, rebuilds_table: false, rows: None, duration };
        }
        self.cost_of_copy()
    }

    fn cost(&self, locks: Locks, rebuilds_table: bool, indexes: bool) -> Effect {
        let rows = self.table.estimated_rows;
        let told = self.facts.data_bytes.get(self.table.table.name()).copied();
        let bytes = told.or_else(|| rows.map(|rows| rows.saturating_mul(ROW_BYTES)));
        let seconds = bytes.map(|bytes| {
            let rebuilding = if rebuilds_table { bytes.div_ceil(REBUILT_BYTES_A_SECOND) } else { 0 };
            let indexing = if indexes { bytes.div_ceil(INDEXED_BYTES_A_SECOND) } else { 0 };
            (rebuilding + indexing).max(1)
        });
        Effect { locks, rebuilds_table, rows, duration: seconds.map(Duration::from_secs) }
    }
}
