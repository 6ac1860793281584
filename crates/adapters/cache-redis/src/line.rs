//! One connection that many calls use at the same time: what counts is asked there, so that no count
//! waits for a connection to be free.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use deadpool_redis::redis::{AsyncConnectionConfig, Client, RedisResult, aio::MultiplexedConnection};
use tokio::{runtime::Handle, sync::Mutex};

use crate::error::CallFault;

/// The connection, made at its first use and made anew once it is broken.
pub(crate) struct Line {
    client: Client,
    limit: Duration,
    /// Where the connection lives: the runtime of the caller may be one of many, and busy with a
    /// request while others wait for their answer from here.
    home: Handle,
    open: Mutex<Option<Open>>,
    made: AtomicU64,
}

/// A connection, and which one it is.
#[derive(Clone)]
pub(crate) struct Open {
    pub(crate) connection: MultiplexedConnection,
    number: u64,
}

impl Line {
    /// A line of this client, whose connection will live on the present runtime. Connecting takes
    /// `limit` at the most, and so does an answer.
    pub(crate) fn new(client: Client, limit: Duration) -> Self {
        let (home, made) = (Handle::current(), AtomicU64::new(0));
        Self { client, limit, home, open: Mutex::default(), made }
    }

    /// The connection; callers that come while it is made wait for the same one.
    pub(crate) async fn get(&self) -> Result<Open, CallFault> {
        let mut open = self.open.lock().await;
        if let Some(open) = &*open {
            return Ok(open.clone());
        }
        let connection = self.connect().await?;
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        Ok(open.insert(Open { connection, number }).clone())
    }

    /// Lets go of a connection that failed, unless that was done already.
    pub(crate) async fn give_up(&self, failed: &Open) {
        let mut open = self.open.lock().await;
        if open.as_ref().is_some_and(|open| open.number == failed.number) {
            *open = None;
        }
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let limits = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.limit))
            .set_response_timeout(Some(self.limit));
        let client = self.client.clone();
        let made = self
            .home
            .spawn(async move { client.get_multiplexed_async_connection_with_config(&limits).await });
        made.await.map_err(|_| std::io::Error::other("the runtime has ended"))?
    }
}
