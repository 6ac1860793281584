//! Pools of sessions: one for each connection, opened when it is first used, shrinking when idle,
//! and bounded in number.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use altus4_connections::{PoolUsage, Target};
use altus4_kernel::ConnectionId;
use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, QueueMode, RecycleError, RecycleResult};
use tokio::{runtime::Handle, time};

use crate::{
    breaker::{Breaker, Change},
    connect::{Dialer, Link, Route},
    error::Fault,
    session::Session,
};

/// How many calls may wait for each session that a pool may have. Those beyond would hardly get one
/// within their time, and each holds memory.
const WAITING_PER_SESSION: usize = 20;

/// The pools that are open.
pub(crate) struct Pools {
    dialer: Arc<Dialer>,
    open: Mutex<HashMap<ConnectionId, OpenPool>>,
    is_swept: AtomicBool,
}

struct OpenPool {
    pool: SessionPool,
    used: Instant,
}

/// The sessions to one target. Whoever holds it can go on using it after [`Pools`] has let it go.
#[derive(Clone)]
pub(crate) struct SessionPool {
    sessions: Pool<Opener>,
    /// The tables whose full-text indexes have to be told to give the best matches first; not known
    /// before the schema was read.
    unsorted: Arc<Mutex<Option<HashSet<String>>>>,
    /// How many may wait for a session.
    most_waiting: usize,
}

impl Pools {
    pub(crate) fn new(dialer: Arc<Dialer>) -> Self {
        Self { dialer, open: Mutex::default(), is_swept: AtomicBool::new(false) }
    }

    /// Who opens sessions.
    pub(crate) fn dialer(&self) -> &Arc<Dialer> {
        &self.dialer
    }

    /// The target's pool. One for an older state of the connection is let go; a target that is
    /// itself of an older state gets a pool that nobody else uses.
    pub(crate) fn get(&self, target: &Target) -> Result<SessionPool, Fault> {
        let mut open = self.lock();
        if let Some(kept) = open.get_mut(&target.connection.id) {
            if kept.pool.route().leads_to(target) {
                kept.used = Instant::now();
                return Ok(kept.pool.clone());
            }
            if kept.pool.route().is_newer_than(target) {
                return self.make(target);
            }
        }
        let pool = self.make(target)?;
        open.insert(target.connection.id, OpenPool { pool: pool.clone(), used: Instant::now() });
        if open.len() > self.dialer.config().max_pools {
            let oldest = open.iter().min_by_key(|(_, kept)| kept.used).map(|(id, _)| *id);
            oldest.and_then(|id| open.remove(&id));
        }
        Ok(pool)
    }

    /// A pool that nobody else uses.
    pub(crate) fn make(&self, target: &Target) -> Result<SessionPool, Fault> {
        let route = Arc::new(Route::to(target, self.dialer.config())?);
        let size = route.session_limit();
        let opener = Opener { dialer: Arc::clone(&self.dialer), route, breaker: Arc::default() };
        // Last in, first out: what isn't needed grows old and is swept out.
        let pool = Pool::builder(opener).max_size(size).queue_mode(QueueMode::Lifo).build();
        let sessions = pool.map_err(Fault::Pool)?;
        Ok(SessionPool { sessions, unsorted: Arc::default(), most_waiting: size * WAITING_PER_SESSION })
    }

    /// The target was called and did all that it should.
    pub(crate) fn note_well(&self, target: &Target) {
        let open = self.lock();
        let kept = open.get(&target.connection.id).filter(|kept| kept.pool.route().leads_to(target));
        if kept.is_some_and(|kept| kept.pool.sessions.manager().breaker.close()) {
            told_back(target.connection.id);
        }
    }

    /// Closes what is idle; whoever holds the pool may go on, and the last one leaves nothing open.
    pub(crate) fn close(&self, id: ConnectionId) {
        let kept = self.lock().remove(&id);
        if let Some(kept) = kept {
            kept.pool.forget_idle();
        }
    }

    /// What is open to a connection, one that is being opened included.
    pub(crate) fn usage(&self, id: ConnectionId) -> PoolUsage {
        let status = self.lock().get(&id).map(|kept| kept.pool.sessions.status());
        let count = |sessions: usize| u32::try_from(sessions).unwrap_or(u32::MAX);
        status.map_or_else(PoolUsage::default, |status| PoolUsage {
            active: count(status.size.saturating_sub(status.available)),
            idle: count(status.available.min(status.size)),
        })
    }

    pub(crate) fn close_all(&self) {
        for (_, kept) in self.lock().drain() {
            kept.pool.sessions.close();
        }
    }

    /// Starts closing idle sessions from time to time, if that hasn't been started, until the pools
    /// are gone.
    pub(crate) fn start_sweeping(self: &Arc<Self>, runtime: &Handle) {
        if !self.is_swept.swap(true, Ordering::Relaxed) {
            runtime.spawn(sweep(Arc::downgrade(self), self.dialer.config().idle_timeout));
        }
    }

    fn close_idle(&self, idle: Duration) {
        for kept in self.lock().values() {
            kept.pool.sessions.retain(|link, _| link.idle_since.elapsed() < idle);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, OpenPool>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn told_back(connection_id: ConnectionId) {
    tracing::info!(%connection_id, "datasource.mysql.back");
}

async fn sweep(pools: Weak<Pools>, idle: Duration) {
    loop {
        time::sleep(idle / 4).await;
        let Some(pools) = pools.upgrade() else { return };
        pools.close_idle(idle);
    }
}

impl SessionPool {
    /// A session, waiting for one if all are in use; unless too many wait already, or the server is
    /// in quarantine.
    pub(crate) async fn session(&self) -> Result<Session, Fault> {
        let breaker = &self.sessions.manager().breaker;
        if let Some(known) = breaker.quarantine(Instant::now()) {
            return Err(Fault::Known(known));
        }
        if self.sessions.status().waiting >= self.most_waiting {
            return Err(Fault::Crowded);
        }
        let object = self.sessions.get().await.map_err(|error| match error {
            PoolError::Backend(fault) => fault,
            _ => Fault::Closed,
        })?;
        let opener = self.sessions.manager();
        let is_reused = Object::metrics(&object).recycle_count > 0;
        let (dialer, route) = (Arc::clone(&opener.dialer), Arc::clone(&opener.route));
        Ok(Session::new(object, dialer, route, Arc::clone(&opener.breaker), is_reused))
    }

    /// Closes the sessions that are not in use.
    pub(crate) fn forget_idle(&self) {
        self.sessions.retain(|_, _| false);
    }

    /// Notes what was seen when the schema was read.
    pub(crate) fn note_unsorted(&self, tables: HashSet<String>) {
        *self.unsorted.lock().unwrap_or_else(PoisonError::into_inner) = Some(tables);
    }

    /// Whether the table's full-text indexes are known to give the best matches first.
    pub(crate) fn is_given_sorted(&self, table: &str) -> bool {
        let unsorted = self.unsorted.lock().unwrap_or_else(PoisonError::into_inner);
        unsorted.as_ref().is_some_and(|unsorted| !unsorted.contains(table))
    }

    fn route(&self) -> &Route {
        &self.sessions.manager().route
    }
}

/// Opens sessions for one pool.
pub(crate) struct Opener {
    dialer: Arc<Dialer>,
    route: Arc<Route>,
    breaker: Arc<Breaker>,
}

impl Manager for Opener {
    type Type = Link;
    type Error = Fault;

    async fn create(&self) -> Result<Link, Fault> {
        let attempt = self.breaker.attempt(Instant::now()).map_err(Fault::Known)?;
        let outcome = self.dialer.open(&self.route).await;
        let connection_id = self.route.connection_id();
        match attempt.end(&outcome, Instant::now()) {
            Change::None => {}
            Change::Opened => tracing::warn!(%connection_id, "datasource.mysql.left_alone"),
            Change::Closed => told_back(connection_id),
        }
        outcome
    }

    /// Asks the server nothing, which would cost a round trip: a session that turns out to be gone
    /// is replaced when it is used.
    async fn recycle(&self, link: &mut Link, _: &Metrics) -> RecycleResult<Fault> {
        let is_fresh = link.idle_since.elapsed() < self.dialer.config().idle_timeout;
        if is_fresh && link.is_open() {
            Ok(())
        } else {
            Err(RecycleError::message("idle for too long, or gone"))
        }
    }
}
