//! Scripts that Redis runs, each as one step that nothing else comes between.

use std::time::Duration;

use altus4_kernel::Timestamp;
use deadpool_redis::redis::{FromRedisValue, RedisError, ServerErrorKind, aio::MultiplexedConnection};

use crate::{
    client::{command, ttl_ms},
    error::CallFault,
};

/// A script about one key, with whole numbers for arguments.
pub(crate) struct Script {
    /// In Lua 5.1.
    pub(crate) source: &'static str,
    /// What Redis calls the source once it knows it (held by a test): its SHA-1.
    pub(crate) sha1: &'static str,
}

impl Script {
    /// Sends the source only to a Redis that doesn't know it yet, or any more.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
        key: &str,
        arguments: &[i64],
    ) -> Result<T, CallFault> {
        match self.call("EVALSHA", self.sha1, connection, key, arguments).await {
            Err(error) if is_unknown_script(&error) => {
                Ok(self.call("EVAL", self.source, connection, key, arguments).await?)
            }
            answer => Ok(answer?),
        }
    }

    async fn call<T: FromRedisValue>(
        &self,
        name: &str,
        script: &str,
        connection: &mut MultiplexedConnection,
        key: &str,
        arguments: &[i64],
    ) -> Result<T, RedisError> {
        command(name).arg(script).arg(1).arg(key).arg(arguments).query_async(connection).await
    }
}

/// A moment as scripts take it: in milliseconds since 1970, whole ones, which [`Timestamp`] is made of.
pub(crate) fn unix_millis(moment: Timestamp) -> i64 {
    moment.unix_seconds() * 1_000 + i64::from(moment.as_utc().millisecond())
}

/// A span as scripts take it.
pub(crate) fn millis(span: Duration) -> i64 {
    i64::try_from(ttl_ms(span)).unwrap_or(i64::MAX)
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ServerErrorKind::NoScript.into()
}
