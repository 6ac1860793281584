//! Who does the jobs: those that were asked for on this node, some at once, with a sign of life from
//! time to time.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use altus4_kernel::{AccountId, Change, IndexJobId, PortResult};
use futures::{
    FutureExt, StreamExt,
    channel::mpsc::UnboundedReceiver,
    future::{AbortHandle, Abortable},
    stream::FuturesUnordered,
};

use crate::{BuildProgress, Built, IndexPlan, IndexPorts, JobFailure, Target};

/// How often a node says that it looks after a job; a few times in [`IndexJob::LEASE`](crate::IndexJob::LEASE).
const BEAT: Duration = Duration::from_secs(5);
/// How many indexes a node makes at once; most of the time it only waits for servers.
const AT_ONCE: usize = 16;
/// How often the end of a job is told to a store that doesn't hear.
const TELLINGS: u32 = 5;

/// A job to be done.
pub(super) struct Order {
    pub(super) job: IndexJobId,
    pub(super) account_id: AccountId,
    pub(super) target: Target,
    pub(super) plan: IndexPlan,
    pub(super) progress: Arc<BuildProgress>,
}

/// A job that is looked after.
struct Care {
    progress: Arc<BuildProgress>,
    /// Ends it, and its statement on the server.
    abort: AbortHandle,
}

/// Does the jobs of one [`IndexService`](crate::IndexService).
pub struct IndexWorker {
    ports: IndexPorts,
    orders: UnboundedReceiver<Order>,
}

impl IndexWorker {
    pub(super) fn new(ports: IndexPorts, orders: UnboundedReceiver<Order>) -> Self {
        Self { ports, orders }
    }

    /// Does jobs until it is dropped: then those under way are ended on their servers, and found to
    /// be interrupted a little later.
    pub async fn run(self) {
        let Self { ports, mut orders } = self;
        let mut waiting = VecDeque::new();
        let mut running = FuturesUnordered::new();
        let mut cared = HashMap::new();
        let mut beat = ports.timer.sleep(BEAT).fuse();
        loop {
            while running.len() < AT_ONCE
                && let Some(job) = waiting.pop_front()
            {
                running.push(job);
            }
            futures::select! {
                order = orders.select_next_some() => {
                    let (job, progress) = (order.job, Arc::clone(&order.progress));
                    let (abort, registration) = AbortHandle::new_pair();
                    cared.insert(job, Care { progress, abort });
                    waiting.push_back(Abortable::new(work(&ports, order), registration));
                }
                done = running.select_next_some() => {
                    if let Ok(job) = done {
                        cared.remove(&job);
                    }
                }
                () = beat => {
                    look_after(&ports, &mut cared).await;
                    beat = ports.timer.sleep(BEAT).fuse();
                }
            }
        }
    }
}

/// Gives a sign of life, and ends the jobs of connections that are gone. A store that doesn't hear is
/// told again at the next beat.
async fn look_after(ports: &IndexPorts, cared: &mut HashMap<IndexJobId, Care>) {
    if cared.is_empty() {
        return;
    }
    let jobs: Vec<_> = cared.iter().map(|(job, care)| (*job, care.progress.get())).collect();
    let Ok(known) = ports.jobs.beat(&jobs, ports.clock.now()).await else { return };
    cared.retain(|job, care| {
        let is_known = known.contains(job);
        if !is_known {
            care.abort.abort();
        }
        is_known
    });
}

async fn work(ports: &IndexPorts, order: Order) -> IndexJobId {
    // That it began is told with its end at the latest.
    let _ = ports.jobs.begin(order.job, ports.clock.now()).await;
    let failure = failure(ports, &order).await;
    if failure.is_none() {
        // Whoever hears of the success finds the index: every node forgets the schema it knew.
        let id = order.target.connection.id;
        ports.changes.announce(Change::Connection(order.account_id, id)).await;
        let _ = ports.connections.read_schema(&order.target, true).await;
    }
    for _ in 0..TELLINGS {
        let told: PortResult<()> = ports.jobs.finish(order.job, ports.clock.now(), failure.clone()).await;
        if told.is_ok() {
            break;
        }
        ports.timer.sleep(BEAT).await;
    }
    order.job
}

async fn failure(ports: &IndexPorts, order: &Order) -> Option<JobFailure> {
    let Some(builder) = ports.builders.get(order.target.connection.engine) else {
        return Some(JobFailure::of("nothing makes indexes in databases of this kind"));
    };
    match builder.build(&order.target, &order.plan, &order.progress).await {
        Ok(Built::Done) => None,
        Ok(Built::Refused(failure)) => Some(failure),
        Err(error) => {
            let detail = error.detail.unwrap_or_default();
            let message = if detail.message.is_empty() {
                "the server could not be reached, or went away".to_owned()
            } else {
                detail.message
            };
            Some(JobFailure { message, errno: detail.errno, said: None })
        }
    }
}
