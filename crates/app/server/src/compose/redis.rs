//! Redis, and what nodes tell each other through it.

use std::{sync::Arc, time::Duration};

use altus4_cache_redis::{RedisCache, RedisCacheConfig, RedisChanges};
use altus4_kernel::{Change, ChangePublisher, PortResult, secrecy::SecretString};
use anyhow::{Context, Result};
use async_trait::async_trait;

/// How often a change is told again that could not be told.
const TELLINGS: u32 = 5;
/// How long to wait before.
const PAUSE: Duration = Duration::from_millis(200);

/// Reaches Redis.
///
/// # Errors
/// It can't be reached, with the place and the reason.
pub(crate) async fn connect_redis(url: &SecretString) -> Result<RedisCache> {
    RedisCache::connect(RedisCacheConfig::new(url.clone())).await.context("REDIS_URL")
}

/// Tells a change again if it could not be told. While Redis is there, other nodes take it as proof
/// that they have missed nothing, and keep their copies for a minute.
pub(crate) struct Insistent(Arc<dyn ChangePublisher>);

impl Insistent {
    pub(crate) fn over(redis: &RedisCache) -> Self {
        Self(Arc::new(RedisChanges::sharing(redis)))
    }
}

#[async_trait]
impl ChangePublisher for Insistent {
    async fn publish(&self, change: Change) -> PortResult<()> {
        let told = self.0.publish(change).await;
        if told.is_err() {
            let publisher = Arc::clone(&self.0);
            tokio::spawn(async move {
                for _ in 0..TELLINGS {
                    tokio::time::sleep(PAUSE).await;
                    if publisher.publish(change).await.is_ok() {
                        return;
                    }
                }
            });
        }
        told
    }
}
