//! Who builds vectors and follows rows: each node takes over what nobody living has, some at once, one at
//! a time of each connection, with a sign of life from time to time.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};

use altus4_kernel::{ConnectionId, Timestamp, VectorIndexId, uuid::Uuid};
use futures::{
    FutureExt, StreamExt,
    channel::mpsc::UnboundedReceiver,
    future::{AbortHandle, Abortable},
    stream::FuturesUnordered,
};

use super::{ports::VectorClaim, scene::Work};
use crate::{ClaimedVectors, VectorIndexRecord, VectorPorts, VectorSettings};

/// How often a node says that it works on one; a few times in [`VectorIndexRecord::LEASE`].
const BEAT: Duration = Duration::from_secs(2);
/// How often it looks for work, if passes aren't more frequent.
const LOOK: Duration = Duration::from_secs(5);
/// How many a node works on at once, each of another connection.
const AT_ONCE: usize = 4;
/// How many it has at the most, with those that wait for their turn.
const MOST_HELD: usize = 64;

/// Does the work of one [`VectorService`](crate::VectorService).
pub struct VectorWorker {
    ports: VectorPorts,
    settings: VectorSettings,
    nudged: UnboundedReceiver<()>,
}

/// What this node has.
struct Hands<'a> {
    ports: &'a VectorPorts,
    node: Uuid,
    waiting: VecDeque<ClaimedVectors>,
    /// What ends the work on each.
    held: HashMap<VectorIndexId, Option<AbortHandle>>,
    busy: HashSet<ConnectionId>,
}

impl VectorWorker {
    pub(super) fn new(ports: VectorPorts, settings: VectorSettings, nudged: UnboundedReceiver<()>) -> Self {
        Self { ports, settings, nudged }
    }

    /// Works until it is dropped: what is under way is given up, and gone on with by whoever comes next.
    pub async fn run(self) {
        let Self { ports, settings, mut nudged } = self;
        let node = ports.ids.next_id();
        let mut hands = Hands {
            ports: &ports,
            node,
            waiting: VecDeque::new(),
            held: HashMap::new(),
            busy: HashSet::new(),
        };
        let every = settings.interval.min(LOOK);
        let mut running = FuturesUnordered::new();
        let mut beat = ports.timer.sleep(BEAT).fuse();
        hands.look().await;
        let mut look = ports.timer.sleep(every).fuse();
        loop {
            while running.len() < AT_ONCE
                && let Some(next) = hands.next()
            {
                let (id, connection) = (next.record.id, next.record.connection_id);
                let (abort, registration) = AbortHandle::new_pair();
                // What is left to do of a removed one is brought to its end.
                hands.held.insert(id, Some(abort).filter(|_| !next.is_removed));
                let doing = Abortable::new(work(&ports, settings, node, next), registration);
                running.push(doing.map(move |done| (id, connection, done.is_ok())));
            }
            futures::select! {
                () = nudged.select_next_some() => hands.look().await,
                (id, connection, is_done) = running.select_next_some() => {
                    hands.held.remove(&id);
                    hands.busy.remove(&connection);
                    if !is_done {
                        let _ = ports.records.rest(node, id, ports.clock.now()).await;
                    }
                }
                () = look => {
                    hands.look().await;
                    look = ports.timer.sleep(every).fuse();
                }
                () = beat => {
                    hands.beat().await;
                    beat = ports.timer.sleep(BEAT).fuse();
                }
            }
        }
    }
}

impl Hands<'_> {
    /// Takes over what is due. A store that can't be asked is asked again later.
    async fn look(&mut self) {
        let free = MOST_HELD.saturating_sub(self.held.len());
        let Ok(limit @ 1..) = u32::try_from(free) else { return };
        let now = self.ports.clock.now();
        let alive_since = now - VectorIndexRecord::LEASE;
        let place = self.ports.place;
        let claim = VectorClaim { node: self.node, place, now, alive_since, limit };
        let Ok(claimed) = self.ports.records.claim(claim).await else { return };
        for one in claimed {
            if self.held.insert(one.record.id, None).is_none() {
                self.waiting.push_back(one);
            }
        }
    }

    /// The first that waits and of whose connection nothing is under way.
    fn next(&mut self) -> Option<ClaimedVectors> {
        let is_free = |one: &ClaimedVectors| !self.busy.contains(&one.record.connection_id);
        let at = self.waiting.iter().position(is_free)?;
        let next = self.waiting.remove(at)?;
        self.busy.insert(next.record.connection_id);
        Some(next)
    }

    /// Gives a sign of life, and ends the work on what was removed, or taken over by others.
    async fn beat(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let ids: Vec<_> = self.held.keys().copied().collect();
        let Ok(ours) = self.ports.records.beat(self.node, &ids, self.ports.clock.now()).await else { return };
        for (id, abort) in &self.held {
            if let Some(abort) = abort.as_ref().filter(|_| !ours.contains(id)) {
                abort.abort();
            }
        }
    }
}

/// One pass over one, after which it rests until the next.
async fn work(ports: &VectorPorts, settings: VectorSettings, node: Uuid, claimed: ClaimedVectors) {
    let id = claimed.record.id;
    let due_at: Timestamp = if claimed.is_removed {
        if ports.vectors.drop_collection(id).await.is_ok() && ports.records.forget(node, id).await.is_ok() {
            return;
        }
        ports.clock.now() + settings.interval
    } else {
        Work { ports, settings, node, record: claimed.record }.run().await
    };
    // Not heard, it is as good as dead here, and taken over when the lease is over.
    let _ = ports.records.rest(node, id, due_at).await;
}
