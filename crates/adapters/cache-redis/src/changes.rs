//! Changes that nodes tell each other.

mod listener;
mod message;

use std::{error::Error, sync::Arc};

use altus4_kernel::{Change, ChangePublisher, ChangeSubscriber, Clock, PortResult};
use async_trait::async_trait;

pub use self::listener::ChangeListener;

use crate::{
    RedisCache,
    client::{RedisClient, command},
};

/// Where all nodes of an installation tell and listen.
const CHANNEL: &str = "altus4:changes";

/// A [`ChangePublisher`] over Redis, and how to listen to it. Clones share the connections.
#[derive(Debug, Clone)]
pub struct RedisChanges(RedisClient);

impl RedisChanges {
    /// Changes are told over the connections of this cache, and behind the same breaker.
    #[must_use]
    pub fn sharing(cache: &RedisCache) -> Self {
        Self(cache.client().clone())
    }

    /// Lets these subscribers hear what is told from now on, also what this node tells itself, until
    /// the listener is dropped. Needs a tokio runtime.
    ///
    /// Over a connection of its own, on which a ping follows every half a second: its answer proves
    /// that everything told before it was sent has been heard, and is passed on as a confirmation
    /// with the time of this clock. A connection that says nothing for a second is given up and made
    /// anew; each new one begins with a gap.
    #[must_use = "it listens until it is dropped"]
    pub fn listen(
        &self,
        subscribers: Vec<Arc<dyn ChangeSubscriber>>,
        clock: Arc<dyn Clock>,
    ) -> ChangeListener {
        ChangeListener::begin(self.0.clone(), subscribers, clock)
    }
}

#[async_trait]
impl ChangePublisher for RedisChanges {
    async fn publish(&self, change: Change) -> PortResult<()> {
        let mut publish = command("PUBLISH");
        publish.arg(CHANNEL).arg(message::write(change));
        // How many listened is of no interest.
        let told: PortResult<u64> = self.0.ask_patiently("changes.publish", &publish).await;
        told.map(drop).inspect_err(|error| {
            tracing::warn!(error = %error, cause = error.source(), "changes.redis.untold");
        })
    }
}
