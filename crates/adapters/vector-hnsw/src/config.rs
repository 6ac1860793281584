//! Where vectors are kept, and from when on there is a graph of them.

use std::{path::PathBuf, time::Duration};

/// The settings of a [`HnswVectorIndex`](crate::HnswVectorIndex).
#[derive(Debug, Clone)]
pub struct HnswConfig {
    /// The folder that holds a folder for each collection. Made where it is missing, for its owner
    /// alone.
    pub folder: PathBuf,
    /// Up to how many rows a collection has no graph: each question is compared with every row.
    pub exact_up_to: usize,
    /// How many of the nearest are kept in sight while the graph is walked; more find more and take
    /// longer.
    pub breadth: usize,
    /// The longest that one call may take, opening a collection included.
    pub call_timeout: Duration,
    /// After how long without a question a collection is closed.
    pub idle_after: Duration,
}

impl HnswConfig {
    /// 20,000 rows: some thousandths of a second for 384 dimensions.
    pub const DEFAULT_EXACT_UP_TO: usize = 20_000;
    /// 128: meant to find more than nine and a half of the ten nearest of 100,000, which `just
    /// bench-vectors` tells; the tests hold it for 3,000.
    pub const DEFAULT_BREADTH: usize = 128;
    /// Ten seconds: a disk that is busy may take a while, and a large collection to open.
    pub const DEFAULT_CALL_TIMEOUT: Duration = Duration::from_secs(10);
    /// Ten minutes.
    pub const DEFAULT_IDLE_AFTER: Duration = Duration::from_mins(10);

    /// Vectors in this folder, with the defaults for everything else.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            exact_up_to: Self::DEFAULT_EXACT_UP_TO,
            breadth: Self::DEFAULT_BREADTH,
            call_timeout: Self::DEFAULT_CALL_TIMEOUT,
            idle_after: Self::DEFAULT_IDLE_AFTER,
        }
    }
}
