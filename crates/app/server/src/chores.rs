//! What is to be done beside answering: usage is written down each second, and once an hour what
//! nobody needs any more is removed for good.

mod flush;
mod purge;

use std::{sync::Arc, time::Duration};

use altus4_api_keys::{SafeRetries, UsageRecorder, UsageStore};
use altus4_kernel::Clock;
use altus4_users::UserService;

use self::{flush::Flush, purge::Purge};

/// What the chores are done with.
pub(crate) struct Chores {
    pub(crate) users: UserService,
    /// How long what is left of deactivated accounts is kept.
    pub(crate) purge_after: Duration,
    pub(crate) usage: Arc<dyn UsageStore>,
    pub(crate) recorder: UsageRecorder,
    pub(crate) retries: SafeRetries,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Chores that are being done.
pub(crate) struct Running {
    flush: Flush,
    purge: Purge,
}

impl Chores {
    /// Begins all of them, each in a task.
    pub(crate) fn start(self) -> Running {
        Running { flush: Flush::start(self.recorder.clone()), purge: Purge::start(self) }
    }
}

impl Running {
    /// Ends them, with all usage written down that can be.
    pub(crate) async fn finish(self) {
        drop(self.purge);
        self.flush.finish().await;
    }
}
