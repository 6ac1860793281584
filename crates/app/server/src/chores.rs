//! What is to be done beside answering: usage and searches are written down each second, evidence
//! every few seconds, indexes are made, vectors built and followed, and once an hour what nobody needs any more is removed for
//! good.

mod evidence;
mod flush;
mod following;
mod indexing;
mod purge;

use std::{sync::Arc, time::Duration};

use altus4_analytics::AnalyticsKeeper;
use altus4_api_keys::{SafeRetries, UsageRecorder, UsageStore};
use altus4_connections::{EvidenceRecorder, IndexWorker};
use altus4_kernel::Clock;
use altus4_search::{HistoryService, SearchRecorder, VectorWorker};
use altus4_users::UserService;

use self::{
    evidence::EvidenceFlush,
    flush::Flush,
    following::Following,
    indexing::Indexing,
    purge::{Purge, Purged},
};

/// What the chores are done with.
pub(crate) struct Chores {
    pub(crate) users: UserService,
    /// How long what is left of deactivated accounts is kept.
    pub(crate) purge_after: Duration,
    pub(crate) usage: Arc<dyn UsageStore>,
    pub(crate) recorder: UsageRecorder,
    pub(crate) searches: SearchRecorder,
    pub(crate) history: HistoryService,
    pub(crate) search_sums: Arc<dyn AnalyticsKeeper>,
    /// How long single searches are kept,
    pub(crate) searches_kept: Duration,
    /// and how long their sums.
    pub(crate) search_sums_kept: Duration,
    pub(crate) retries: SafeRetries,
    pub(crate) evidence: EvidenceRecorder,
    pub(crate) index_worker: IndexWorker,
    pub(crate) vector_worker: VectorWorker,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Chores that are being done.
pub(crate) struct Running {
    usage: Flush<UsageRecorder>,
    searches: Flush<SearchRecorder>,
    evidence: EvidenceFlush,
    indexing: Indexing,
    following: Following,
    purge: Purge,
}

impl Chores {
    /// Begins all of them, each in a task.
    pub(crate) fn start(self) -> Running {
        let Self {
            users,
            purge_after,
            usage,
            recorder,
            searches,
            history,
            search_sums,
            searches_kept,
            search_sums_kept,
            retries,
            evidence,
            index_worker,
            vector_worker,
            clock,
        } = self;
        Running {
            usage: Flush::start(recorder),
            searches: Flush::start(searches),
            evidence: EvidenceFlush::start(evidence),
            indexing: Indexing::start(index_worker),
            following: Following::start(vector_worker),
            purge: Purge::start(Purged {
                users,
                purge_after,
                usage,
                history,
                search_sums,
                searches_kept,
                search_sums_kept,
                retries,
                clock,
            }),
        }
    }
}

impl Running {
    /// Ends them, with everything written down that can be. Indexes that are being made are given up.
    pub(crate) async fn finish(self) {
        drop(self.purge);
        drop(self.indexing);
        drop(self.following);
        tokio::join!(self.usage.finish(), self.searches.finish(), self.evidence.finish());
    }
}
