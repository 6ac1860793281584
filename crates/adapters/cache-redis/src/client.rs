//! The connections to Redis, and the rules for calling it that every port here shares.

use std::{
    fmt,
    future::Future,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_kernel::{PortErrorKind, PortResult, secrecy::ExposeSecret};
use deadpool_redis::{
    Pool,
    redis::{Cmd, FromRedisValue},
};

use crate::{
    RedisCacheConfig, RedisFault,
    breaker::{Breaker, Change},
    connect,
    error::CallFault,
};

/// The first call may have to look a name up, and nobody waits for an answer yet.
const START_LIMIT: Duration = Duration::from_secs(2);
/// Redis refuses times that end beyond its calendar; nothing is kept for a century.
const MAX_TTL: Duration = Duration::from_hours(100 * 365 * 24);

/// A pool of connections behind one breaker. Clones share both.
#[derive(Clone)]
pub(crate) struct RedisClient {
    pool: Pool,
    address: Arc<str>,
    breaker: Arc<Breaker>,
    call_timeout: Duration,
}

impl RedisClient {
    /// Connects and pings once, for two seconds at the most.
    pub(crate) async fn connect(config: RedisCacheConfig) -> Result<Self, RedisFault> {
        let RedisCacheConfig { url, call_timeout, pool_size } = config;
        let size = NonZeroUsize::new(pool_size).unwrap_or(NonZeroUsize::MIN);
        let start_limit = call_timeout.max(START_LIMIT);
        // A pool of its own for the first ping: its connections may take longer.
        let (start_pool, address) = connect::pool(url.expose_secret(), start_limit, NonZeroUsize::MIN)?;
        let pong: Result<(), CallFault> = within(start_limit, run(&start_pool, &command("PING"))).await;
        pong.map_err(|fault| fault.into_start_fault(address.clone(), start_limit))?;
        let (pool, _) = connect::pool(url.expose_secret(), call_timeout, size)?;
        Ok(Self { pool, address: address.into(), breaker: Arc::default(), call_timeout })
    }

    /// The answer to a command, or a failure at once while the breaker is open.
    pub(crate) async fn ask<T: FromRedisValue>(
        &self,
        operation: &'static str,
        command: &Cmd,
    ) -> PortResult<T> {
        if self.breaker.admits(Instant::now()) {
            self.ask_anyway(operation, command).await
        } else {
            Err(CallFault::NotAsked.into_port_error(operation))
        }
    }

    /// The same, whether or not the breaker is open.
    pub(crate) async fn ask_anyway<T: FromRedisValue>(
        &self,
        operation: &'static str,
        command: &Cmd,
    ) -> PortResult<T> {
        let answer = within(self.call_timeout, run(&self.pool, command)).await;
        self.note(answer.as_ref().err());
        answer.map_err(|fault| fault.into_port_error(operation))
    }

    fn note(&self, fault: Option<&CallFault>) {
        let absent = |fault: &&CallFault| is_absence(fault.kind());
        match fault.filter(absent) {
            Some(fault) if self.breaker.note_failure(Instant::now()) == Change::Opened => {
                tracing::warn!(redis.address = %self.address, error = %fault, "cache.redis.lost");
            }
            None if self.breaker.note_success() == Change::Closed => {
                tracing::info!(redis.address = %self.address, "cache.redis.back");
            }
            _ => {}
        }
    }
}

/// Neither the URL nor anything that is kept.
impl fmt::Debug for RedisClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisClient").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Whether Redis wasn't there, rather than there and refusing.
pub(crate) fn is_absence(kind: PortErrorKind) -> bool {
    matches!(kind, PortErrorKind::Unavailable | PortErrorKind::Timeout)
}

pub(crate) fn command(name: &str) -> Cmd {
    Cmd::new().arg(name).to_owned()
}

/// A time as Redis takes it.
pub(crate) fn ttl_ms(ttl: Duration) -> u64 {
    u64::try_from(ttl.min(MAX_TTL).as_millis()).unwrap_or(u64::MAX)
}

async fn run<T: FromRedisValue>(pool: &Pool, command: &Cmd) -> Result<T, CallFault> {
    let mut connection = pool.get().await?;
    Ok(command.query_async(&mut connection).await?)
}

async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, CallFault>>,
) -> Result<T, CallFault> {
    tokio::time::timeout(limit, call).await.unwrap_or(Err(CallFault::Silent(limit)))
}
