//! The vectors of a table, as far as they are.

use std::{str::FromStr, sync::Arc, time::Duration};

use altus4_kernel::{AccountId, ConnectionId, Timestamp, UnknownName, VectorIndexId, uuid::Uuid};

use crate::{RowKey, VectorSpec};

/// How it stands with the vectors of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VectorState {
    /// Not every row has been seen yet.
    Building,
    /// Every row has, and changes are followed.
    Ready,
    /// Nothing is done until something is switched on again.
    Paused,
    /// There can be no such vectors any more.
    Failed,
}

impl VectorState {
    /// The name in answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Ready => "ready",
            Self::Paused => "paused",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for VectorState {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let all = [Self::Building, Self::Ready, Self::Paused, Self::Failed];
        all.into_iter().find(|state| state.as_str() == text).ok_or(UnknownName)
    }
}

/// How far the building is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VectorProgress {
    /// How many rows were seen; once it is built, how many have a vector.
    pub rows_done: u64,
    /// About how many rows there are, where the server says.
    pub rows_estimated: Option<u64>,
    /// How many rows a second were seen while it was built, with everything that was waited for.
    pub rows_per_second: Option<f64>,
    /// How many tokens a provider counted for these vectors.
    pub tokens_used: u64,
}

/// What whoever goes on with the work has to know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VectorCourse {
    /// The last row that was seen while building.
    pub cursor: Option<RowKey>,
    /// The greatest value of the column that moves before the last pass began, as a key of one column:
    /// what was changed later has that or more.
    pub seen: Option<RowKey>,
    /// The same before the pass that comes next.
    pub fresh: Option<RowKey>,
    /// How many passes there were since every row was looked at.
    pub passes: u32,
    /// How many attempts in a row failed.
    pub failures: u32,
}

/// The vectors of a table of a connection.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorIndexRecord {
    /// Its id, and that of the collection that keeps the vectors.
    pub id: VectorIndexId,
    /// Whose connection it is.
    pub account_id: AccountId,
    /// The connection.
    pub connection_id: ConnectionId,
    /// What is embedded.
    pub spec: VectorSpec,
    /// Where its vectors are kept, once somebody began: a machine's own folder, or what several share.
    pub place: Option<Uuid>,
    /// How it stands.
    pub state: VectorState,
    /// The [`EmbeddingModel::id`](crate::EmbeddingModel::id) that makes them, once one does.
    pub model: Option<Arc<str>>,
    /// How far it is.
    pub progress: VectorProgress,
    /// What holds it up.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When every row had been seen; from then on it is searched.
    pub built_at: Option<Timestamp>,
    /// When a pass over the changes last came to its end.
    pub last_followed_at: Option<Timestamp>,
    /// Where the work goes on.
    pub course: VectorCourse,
}

impl VectorIndexRecord {
    /// How long after its last sign of life a node counts as dead.
    pub const LEASE: Duration = Duration::from_secs(10);

    /// How much of it is built, in percent; `None` where nobody knows how many rows there are.
    #[must_use]
    pub fn percent(&self) -> Option<u8> {
        if self.built_at.is_some() {
            return Some(100);
        }
        let all = self.progress.rows_estimated.filter(|rows| *rows > 0)?;
        // An estimate may be too low.
        let share = (u128::from(self.progress.rows_done) * 100 / u128::from(all)).min(99);
        u8::try_from(share).ok()
    }

    /// Begins anew: nothing has been seen, and no vectors are there.
    pub(super) fn start_over(&mut self, model: Option<Arc<str>>, key: Vec<String>) {
        self.model = model;
        self.spec.key = key;
        self.state = VectorState::Building;
        self.progress =
            VectorProgress { tokens_used: self.progress.tokens_used, ..VectorProgress::default() };
        self.built_at = None;
        self.last_followed_at = None;
        self.course = VectorCourse { failures: self.course.failures, ..VectorCourse::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::sample_vectors;

    #[test]
    fn the_share_is_that_of_an_estimate_until_it_is_built() {
        let mut record = sample_vectors(1, 1);
        assert_eq!(record.percent(), None);
        record.progress = VectorProgress { rows_done: 50, rows_estimated: Some(200), ..Default::default() };
        assert_eq!(record.percent(), Some(25));
        record.progress.rows_done = 900;
        assert_eq!(record.percent(), Some(99));
        record.built_at = Some(record.created_at);
        assert_eq!(record.percent(), Some(100));
    }
}
