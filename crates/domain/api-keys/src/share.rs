//! A caller's fair share of a node: how much at once, and in how short a time, while others want
//! something too.

use std::{
    collections::{HashMap, hash_map::RandomState},
    fmt,
    hash::BuildHasher,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use altus4_kernel::{Plan, Timestamp};

use crate::{Subject, Tiers};

/// The time that a burst is measured over, in steps of a second.
const BURST_SECONDS: u8 = 10;
const SLOTS: usize = BURST_SECONDS as usize;
/// Callers that share one lock. A power of two.
const SHARDS: usize = 64;

/// Counts callers' requests on this node, those in flight and those of the last ten seconds. While
/// the node is busy, nobody gets more than the burst and the concurrency of their tier; while there
/// is room, nobody is held back. Clones share the counts.
#[derive(Clone)]
pub struct FairShare(Arc<Inner>);

struct Inner {
    tiers: Tiers,
    busy_at: usize,
    in_flight: AtomicUsize,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

/// The callers of one lock. Those without traffic are dropped.
#[derive(Default)]
struct Shard {
    callers: HashMap<Subject, Caller>,
    swept_at: i64,
}

#[derive(Default)]
struct Caller {
    in_flight: u32,
    /// How many requests began in each of the last seconds; that of `second` is at `second % 10`.
    begun: [u32; SLOTS],
    /// The newest second that is counted, since 1970.
    second: i64,
}

/// A request that has its share. It is in flight until this is dropped.
#[must_use = "the request is over when this is dropped"]
pub struct SharePass {
    share: FairShare,
    subject: Subject,
}

/// The node is busy, and the caller has its share of it already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the service is busy, and this caller has its share of it; try again in {} s", .retry_after.as_secs())]
pub struct ShareExceeded {
    /// When to try again: 1 to 10 seconds.
    pub retry_after: Duration,
}

impl FairShare {
    /// Nobody's traffic yet. The node is busy while `busy_at` requests are in flight; 0 means always.
    #[must_use]
    pub fn new(tiers: Tiers, busy_at: usize) -> Self {
        Self(Arc::new(Inner {
            tiers,
            busy_at,
            in_flight: AtomicUsize::new(0),
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        }))
    }

    /// Lets a caller's request in at `now`, and counts it.
    ///
    /// # Errors
    /// [`ShareExceeded`]; the request isn't counted.
    pub fn enter(&self, subject: Subject, tier: Plan, now: Timestamp) -> Result<SharePass, ShareExceeded> {
        let limits = self.0.tiers.of(tier);
        let second = now.unix_seconds();
        let mut shard = self.0.shard(subject);
        shard.sweep(second);
        let caller = shard.callers.entry(subject).or_default();
        caller.move_to(second);
        if self.0.in_flight.load(Ordering::Relaxed) >= self.0.busy_at {
            if caller.in_flight >= limits.concurrent {
                return Err(ShareExceeded { retry_after: Duration::from_secs(1) });
            }
            if let Some(retry_after) = caller.until_room(limits.burst) {
                return Err(ShareExceeded { retry_after });
            }
        }
        caller.begin();
        self.0.in_flight.fetch_add(1, Ordering::Relaxed);
        Ok(SharePass { share: self.clone(), subject })
    }

    /// How many requests of callers are in flight on this node.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.load(Ordering::Relaxed)
    }
}

impl Drop for SharePass {
    fn drop(&mut self) {
        let Inner { in_flight, .. } = &*self.share.0;
        in_flight.fetch_sub(1, Ordering::Relaxed);
        // It is there: who has requests in flight is not swept.
        if let Some(caller) = self.share.0.shard(self.subject).callers.get_mut(&self.subject) {
            caller.in_flight -= 1;
        }
    }
}

impl Inner {
    fn shard(&self, subject: Subject) -> MutexGuard<'_, Shard> {
        let hash = usize::try_from(self.hasher.hash_one(subject) % SHARDS as u64).unwrap_or(0);
        self.shards[hash].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    /// Drops who has had no traffic for long enough, at times.
    fn sweep(&mut self, second: i64) {
        if second.abs_diff(self.swept_at) < BURST_SECONDS.into() {
            return;
        }
        self.swept_at = second;
        self.callers.retain(|_, caller| {
            caller.move_to(second);
            caller.in_flight > 0 || caller.begun != [0; SLOTS]
        });
        self.callers.shrink_to(2 * self.callers.len());
    }
}

impl Caller {
    /// Forgets what began longer ago. A clock that is a moment behind counts as the newest one; one
    /// that was set back further begins anew.
    fn move_to(&mut self, second: i64) {
        let passed = second.saturating_sub(self.second);
        if passed.unsigned_abs() >= BURST_SECONDS.into() {
            self.begun = [0; SLOTS];
            self.second = second;
        }
        for newer in self.second.saturating_add(1)..=second {
            self.begun[slot(newer)] = 0;
            self.second = newer;
        }
    }

    fn begin(&mut self) {
        self.in_flight += 1;
        let begun = &mut self.begun[slot(self.second)];
        *begun = begun.saturating_add(1);
    }

    /// How long until there is room for one more under this burst, up to a second too long; `None`
    /// when there is now.
    fn until_room(&self, burst: u32) -> Option<Duration> {
        let mut left: u64 = self.begun.iter().copied().map(u64::from).sum();
        if left < burst.into() {
            return None;
        }
        // The oldest second is the next one's slot.
        let seconds = (1..=BURST_SECONDS.into()).find(|&seconds| {
            left -= u64::from(self.begun[slot(self.second.saturating_add_unsigned(seconds))]);
            left < burst.into()
        });
        Some(Duration::from_secs(seconds.unwrap_or(BURST_SECONDS.into())))
    }
}

fn slot(second: i64) -> usize {
    usize::try_from(second.rem_euclid(BURST_SECONDS.into())).unwrap_or(0)
}

/// How much is in flight, and nobody's name.
impl fmt::Debug for FairShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FairShare")
            .field("busy_at", &self.0.busy_at)
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SharePass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharePass").field("subject", &self.subject).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
