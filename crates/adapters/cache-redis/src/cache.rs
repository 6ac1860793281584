//! The cache itself.

use std::{fmt, time::Duration};

use altus4_kernel::{Cache, PortResult};
use async_trait::async_trait;

use crate::{
    RedisCacheConfig, RedisFault,
    client::{RedisClient, command, ttl_ms},
};

const KEY_PREFIX: &str = "altus4:";
/// The shortest time that Redis knows.
const MIN_TTL: Duration = Duration::from_millis(1);

/// A [`Cache`] in Redis. Clones share the connections.
#[derive(Clone)]
pub struct RedisCache(RedisClient);

impl RedisCache {
    /// Connects and pings once, for two seconds at the most, so that a wrong URL or password is
    /// told at the start.
    ///
    /// # Errors
    /// [`RedisFault`], a sentence that names the address.
    pub async fn connect(config: RedisCacheConfig) -> Result<Self, RedisFault> {
        RedisClient::connect(config).await.map(Self)
    }

    /// For the other ports of this crate, which share the connections and the breaker.
    pub(crate) fn client(&self) -> &RedisClient {
        &self.0
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn get(&self, key: &str) -> PortResult<Option<Vec<u8>>> {
        self.0.ask("cache.get", command("GET").arg(prefixed(key))).await
    }

    async fn put(&self, key: &str, value: &[u8], ttl: Duration) -> PortResult<()> {
        if ttl < MIN_TTL {
            return self.remove(key).await;
        }
        self.0.ask("cache.put", command("SET").arg(prefixed(key)).arg(value).arg("PX").arg(ttl_ms(ttl))).await
    }

    async fn remove(&self, key: &str) -> PortResult<()> {
        self.0.ask("cache.remove", command("DEL").arg(prefixed(key))).await
    }

    /// Asks also while the breaker is open: a health check wants to know how things are now.
    async fn ping(&self) -> PortResult<()> {
        self.0.ask_anyway("cache.ping", &command("PING")).await
    }
}

/// Neither the URL nor anything that is cached.
impl fmt::Debug for RedisCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisCache").field(&self.0).finish()
    }
}

fn prefixed(key: &str) -> String {
    format!("{KEY_PREFIX}{key}")
}
