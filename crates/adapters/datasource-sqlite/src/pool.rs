//! Open files: a few for each connection, opened when they are needed and closed when they are not.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use altus4_connections::{PoolUsage, Target};
use altus4_kernel::ConnectionId;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout_at,
};

use crate::{
    SqliteConfig,
    connect::{Brake, Purpose, connect},
    error::Fault,
    place::locate,
    session::Session,
};

/// The most files open for one connection: each takes a thread, and reading is bound by the disk.
const MAX_PER_CONNECTION: u32 = 4;
/// After this time a file is opened anew, so that one that was put in its place is seen.
const MAX_AGE: Duration = Duration::from_mins(5);

/// The open files of every connection.
pub(crate) struct Pools {
    config: Arc<SqliteConfig>,
    by_connection: Mutex<HashMap<ConnectionId, Arc<Pool>>>,
    /// How many files may be open at once over all connections.
    places: Arc<Semaphore>,
    sweeping: AtomicBool,
}

/// The open files of one connection, of one generation.
struct Pool {
    generation: u32,
    database: String,
    limit: usize,
    /// How many may be used at once.
    turns: Arc<Semaphore>,
    /// How many may be open at once: fewer than `turns` only while some are closing, or can't be
    /// closed since SQLite doesn't come back.
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Session>>,
    /// SQLite writes for one at a time.
    write_turn: Arc<Semaphore>,
    write_place: Arc<Semaphore>,
}

/// An open file for one call. Dropping it closes the file; [`Lease::give_back`] keeps it open.
pub(crate) struct Lease {
    pub(crate) session: Session,
    pool: Arc<Pool>,
    pools: Weak<Pools>,
    _turn: OwnedSemaphorePermit,
}

impl Pools {
    pub(crate) fn new(config: SqliteConfig) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(config.max_open.clamp(1, Semaphore::MAX_PERMITS)));
        let config = Arc::new(config);
        Arc::new(Self { config, by_connection: Mutex::default(), places, sweeping: AtomicBool::new(false) })
    }

    /// The target's file, open, for statements that end at `until`.
    pub(crate) async fn lease(self: &Arc<Self>, target: &Target, until: Instant) -> Result<Lease, Fault> {
        self.lease_from(self.pool(target), until).await
    }

    /// The same, opened anew and for this call alone.
    pub(crate) async fn lease_anew(
        self: &Arc<Self>,
        target: &Target,
        until: Instant,
    ) -> Result<Lease, Fault> {
        self.lease_from(Arc::new(Pool::new(target)), until).await
    }

    /// The target's file, opened anew to write rows, when nobody else here does.
    pub(crate) async fn lease_to_write(
        self: &Arc<Self>,
        target: &Target,
        until: Instant,
    ) -> Result<Lease, Fault> {
        let pool = self.pool(target);
        let leased = async {
            let turn = Arc::clone(&pool.write_turn).acquire_owned().await.map_err(|_| Fault::Closing)?;
            let mut session = self.open(&pool, Purpose::Write, until).await?;
            session.begin(until);
            Ok::<_, Fault>((session, turn))
        };
        let (session, turn) = timeout_at(until.into(), leased).await.map_err(|_| Fault::Late)??;
        Ok(Lease { session, pool, pools: Weak::new(), _turn: turn })
    }

    /// Closes what is open to a connection. What is in use is closed after its use.
    pub(crate) fn close(&self, id: ConnectionId) {
        lock(&self.by_connection).remove(&id);
    }

    /// What is open to a connection.
    pub(crate) fn usage(&self, id: ConnectionId) -> PoolUsage {
        let pool = lock(&self.by_connection).get(&id).cloned();
        pool.map_or_else(PoolUsage::default, |pool| {
            let count = |files: usize| u32::try_from(files).unwrap_or(u32::MAX);
            let active = pool.limit.saturating_sub(pool.turns.available_permits());
            PoolUsage { active: count(active), idle: count(lock(&pool.idle).len()) }
        })
    }

    /// Closes everything, and waits until it is closed, but not longer than `patience`.
    pub(crate) async fn close_all(&self, patience: Duration) {
        lock(&self.by_connection).clear();
        let all = u32::try_from(self.config.max_open.max(1)).unwrap_or(u32::MAX);
        let closed = tokio::time::timeout(patience, self.places.acquire_many(all)).await;
        if closed.is_err() {
            tracing::warn!(waited_ms = patience.as_millis(), "sqlite.close.unfinished");
        }
    }

    async fn lease_from(self: &Arc<Self>, pool: Arc<Pool>, until: Instant) -> Result<Lease, Fault> {
        let leased = async {
            let turn = Arc::clone(&pool.turns).acquire_owned().await.map_err(|_| Fault::Closing)?;
            let idle = lock(&pool.idle).pop().filter(|session| session.is_reusable(MAX_AGE));
            let mut session = match idle {
                Some(session) => session,
                None => self.open(&pool, Purpose::Read, until).await?,
            };
            session.begin(until);
            Ok::<_, Fault>((session, turn))
        };
        let (session, turn) = timeout_at(until.into(), leased).await.map_err(|_| Fault::Late)??;
        Ok(Lease { session, pool, pools: Arc::downgrade(self), _turn: turn })
    }

    async fn open(&self, pool: &Pool, purpose: Purpose, until: Instant) -> Result<Session, Fault> {
        let places = if purpose == Purpose::Read { &pool.places } else { &pool.write_place };
        let place = Arc::clone(places).acquire_owned().await.map_err(|_| Fault::Closing)?;
        let place_of_all = self.place().await?;
        let (config, database) = (Arc::clone(&self.config), pool.database.clone());
        let file = tokio::task::spawn_blocking(move || locate(&config, &database));
        let file = file.await.map_err(|_| Fault::Closing)??;
        let brake = Arc::new(Brake::new(until));
        let connection =
            connect(&file, &self.config, purpose, Arc::clone(&brake), [place, place_of_all]).await?;
        Ok(Session::new(connection, brake, until))
    }

    /// A place among all that may be open: if there is none left, files that nobody uses make way.
    async fn place(&self) -> Result<OwnedSemaphorePermit, Fault> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(place);
        }
        self.sweep(Duration::ZERO);
        Arc::clone(&self.places).acquire_owned().await.map_err(|_| Fault::Closing)
    }

    /// The target's pool. One of an older generation, or of another file, makes way for it.
    fn pool(&self, target: &Target) -> Arc<Pool> {
        let (id, generation) = target.pool_key();
        let mut pools = lock(&self.by_connection);
        match pools.get(&id) {
            Some(pool) if pool.is_for(target) => Arc::clone(pool),
            // A call that began before the connection was changed: it gets its own and leaves none.
            Some(newer) if newer.generation > generation => Arc::new(Pool::new(target)),
            _ => {
                let pool = Arc::new(Pool::new(target));
                pools.insert(id, Arc::clone(&pool));
                pool
            }
        }
    }

    /// Closes files that were not used for so long. Answers how many are still open and unused.
    fn sweep(&self, unused_for: Duration) -> usize {
        let mut closing = Vec::new();
        let mut left = 0;
        lock(&self.by_connection).retain(|_, pool| {
            let mut idle = lock(&pool.idle);
            closing.extend(idle.extract_if(.., |session| session.is_idle_for(unused_for)));
            left += idle.len();
            !idle.is_empty() || Arc::strong_count(pool) > 1
        });
        left
    }

    /// Sees to it that unused files are closed in time, for as long as there are any.
    fn keep_sweeping(self: &Arc<Self>) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.sweeping.swap(true, Ordering::AcqRel) {
            return;
        }
        let idle_after = self.config.idle_after;
        let pause = (idle_after / 2).max(Duration::from_millis(10));
        let pools = Arc::downgrade(self);
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                let Some(pools) = pools.upgrade() else { return };
                // A file that comes back from now on starts a sweeper of its own.
                pools.sweeping.store(false, Ordering::Release);
                if pools.sweep(idle_after) == 0 || pools.sweeping.swap(true, Ordering::AcqRel) {
                    return;
                }
            }
        });
    }
}

impl Pool {
    fn new(target: &Target) -> Self {
        let limit = target.connection.options.connection_limit().clamp(1, MAX_PER_CONNECTION) as usize;
        Self {
            generation: target.connection.generation,
            database: target.connection.database.as_str().to_owned(),
            limit,
            turns: Arc::new(Semaphore::new(limit)),
            places: Arc::new(Semaphore::new(limit)),
            idle: Mutex::default(),
            write_turn: Arc::new(Semaphore::new(1)),
            write_place: Arc::new(Semaphore::new(1)),
        }
    }

    fn is_for(&self, target: &Target) -> bool {
        self.generation == target.connection.generation
            && self.database == target.connection.database.as_str()
    }
}

impl Lease {
    /// Keeps the file open for the next call, unless it is better closed.
    pub(crate) fn give_back(self) {
        let Self { mut session, pool, pools, .. } = self;
        if session.is_reusable(MAX_AGE) {
            session.rest();
            lock(&pool.idle).push(session);
            if let Some(pools) = pools.upgrade() {
                pools.keep_sweeping();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
