//! The connections to Redis, and the rules for calling it that every port here shares.

use std::{
    error::Error,
    fmt,
    future::Future,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_kernel::{PortErrorKind, PortResult, secrecy::ExposeSecret};
use deadpool_redis::{
    Pool,
    redis::{Client, Cmd, FromRedisValue, aio::MultiplexedConnection},
};

use crate::{
    RedisCacheConfig, RedisFault,
    breaker::{Breaker, Change},
    connect,
    error::CallFault,
    line::Line,
    script::Script,
};

/// The first call may have to look a name up, and nobody waits for an answer yet.
const START_LIMIT: Duration = Duration::from_secs(2);
/// Redis refuses times that end beyond its calendar; nothing is kept for a century.
const MAX_TTL: Duration = Duration::from_hours(100 * 365 * 24);

/// A pool of connections, and one that all counts share, behind one breaker. Clones share all of it.
#[derive(Clone)]
pub(crate) struct RedisClient {
    pool: Pool,
    counts: Arc<Line>,
    /// For connections that are no part of the pool.
    single: Client,
    address: Arc<str>,
    breaker: Arc<Breaker>,
    call_timeout: Duration,
    count_timeout: Duration,
}

impl RedisClient {
    /// Connects and pings once, for two seconds at the most.
    pub(crate) async fn connect(config: RedisCacheConfig) -> Result<Self, RedisFault> {
        let RedisCacheConfig { url, call_timeout, count_timeout, pool_size } = config;
        let size = NonZeroUsize::new(pool_size).unwrap_or(NonZeroUsize::MIN);
        let start_limit = call_timeout.max(START_LIMIT);
        // A pool of its own for the first ping: its connections may take longer.
        let (start_pool, address) = connect::pool(url.expose_secret(), start_limit, NonZeroUsize::MIN)?;
        let pong: Result<(), CallFault> = within(start_limit, run(&start_pool, &command("PING"))).await;
        pong.map_err(|fault| fault.into_start_fault(address.clone(), start_limit))?;
        let (pool, _) = connect::pool(url.expose_secret(), call_timeout, size)?;
        let single = connect::client(url.expose_secret())?;
        Ok(Self {
            pool,
            counts: Arc::new(Line::new(single.clone(), count_timeout)),
            single,
            address: address.into(),
            breaker: Arc::default(),
            call_timeout,
            count_timeout,
        })
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

    /// As [`RedisClient::ask`], over the connection that all counts share, with more patience.
    pub(crate) async fn ask_patiently<T: FromRedisValue>(
        &self,
        operation: &'static str,
        command: &Cmd,
    ) -> PortResult<T> {
        self.on_line(operation, |mut line| async move { Ok(command.query_async(&mut line).await?) }).await
    }

    /// The answer of a script about one key, as [`RedisClient::ask_patiently`].
    ///
    /// Who counts goes on with another counter and says nothing, so that Redis refuses is told here;
    /// that it is gone is told by the breaker.
    pub(crate) async fn run_script<T: FromRedisValue>(
        &self,
        operation: &'static str,
        script: &Script,
        key: &str,
        arguments: &[i64],
    ) -> PortResult<T> {
        let run = |mut line| async move { script.run(&mut line, key, arguments).await };
        let answer = self.on_line(operation, run).await;
        answer.inspect_err(|error| {
            if !is_absence(error.kind) {
                tracing::warn!(error = %error, cause = error.source(), "counts.redis.refused");
            }
        })
    }

    /// Makes a call over the shared connection; once more over a new one, if the old one turns out to be
    /// broken. Were the first to have arrived all the same, one would be counted that wasn't made.
    async fn on_line<T, C: Future<Output = Result<T, CallFault>>>(
        &self,
        operation: &'static str,
        call: impl Fn(MultiplexedConnection) -> C,
    ) -> PortResult<T> {
        if !self.breaker.admits(Instant::now()) {
            return Err(CallFault::NotAsked.into_port_error(operation));
        }
        let mut used = None;
        let calls = async {
            let line = used.insert(self.counts.get().await?);
            match call(line.connection.clone()).await {
                Err(fault) if fault.is_broken_connection() => {
                    self.counts.give_up(line).await;
                    let line = used.insert(self.counts.get().await?);
                    call(line.connection.clone()).await
                }
                answer => answer,
            }
        };
        let answer = within(self.count_timeout, calls).await;
        if let Some(line) = used.filter(|_| answer.as_ref().is_err_and(|fault| is_absence(fault.kind()))) {
            self.counts.give_up(&line).await;
        }
        self.note(answer.as_ref().err());
        answer.map_err(|fault| fault.into_port_error(operation))
    }

    /// Makes connections of one's own.
    pub(crate) fn single(&self) -> &Client {
        &self.single
    }

    /// Host and port, or the socket's path.
    pub(crate) fn address(&self) -> &str {
        &self.address
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
