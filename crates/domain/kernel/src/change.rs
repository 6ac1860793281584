//! What one part of the service changed and others keep a copy of: told here at once, and to every
//! other node through a port.
//!
//! A copy is only ever a shortcut. Its holder drops it on news of a change, and uses it for a short
//! while only unless it is [confirmed](ChangeSubscriber::on_confirmed) that no news was missed.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use crate::{AccountId, ApiKeyId, ConnectionId, PortResult, Timestamp};

/// Something of which copies may be kept was changed, or is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// An account: its role, its plan, or whether it is active.
    Account(AccountId),
    /// An API key: its secret, its rights, its limits, or that it was taken back.
    ApiKey(ApiKeyId),
    /// A registered database of this account.
    Connection(AccountId, ConnectionId),
    /// Which entities this account has, or what they are.
    Entities(AccountId),
}

/// Carries changes to the other nodes of an installation.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ChangePublisher: Send + Sync {
    /// Tells every other node that listens now. They need not have heard it when this returns.
    ///
    /// Errors: `Unavailable` or `Timeout` when it can't be told; whoever listens finds out by itself
    /// then, as nothing is confirmed any more.
    async fn publish(&self, change: Change) -> PortResult<()>;
}

/// Keeps copies, and wants to know when they are old. Its methods are called from any thread and
/// must not block.
pub trait ChangeSubscriber: Send + Sync {
    /// Something was changed, here or elsewhere.
    fn on_change(&self, change: Change);

    /// Changes may have been missed: every copy is suspect.
    fn on_gap(&self) {}

    /// Every change that any node told before `at` has been heard.
    fn on_confirmed(&self, at: Timestamp) {
        let _ = at;
    }
}

/// Where changes are told: to the subscribers of this process at once, to other nodes through the
/// publisher, where there is one. Clones tell the same ones.
#[derive(Clone, Default)]
pub struct ChangeFeed {
    subscribers: Vec<Arc<dyn ChangeSubscriber>>,
    publisher: Option<Arc<dyn ChangePublisher>>,
}

impl ChangeFeed {
    /// A feed to these subscribers, and to other nodes.
    #[must_use]
    pub fn new(
        subscribers: Vec<Arc<dyn ChangeSubscriber>>,
        publisher: Option<Arc<dyn ChangePublisher>>,
    ) -> Self {
        Self { subscribers, publisher }
    }

    /// Tells a change that is in the store by now. When this returns, no subscriber of this process
    /// has a copy from before it. That other nodes can't be told is no failure: the publisher logs it,
    /// and their copies are good for a short while only.
    pub async fn announce(&self, change: Change) {
        for subscriber in &self.subscribers {
            subscriber.on_change(change);
        }
        if let Some(publisher) = &self.publisher {
            // Logged where it failed.
            let _ = publisher.publish(change).await;
        }
    }
}

impl fmt::Debug for ChangeFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeFeed")
            .field("subscribers", &self.subscribers.len())
            .field("other_nodes", &self.publisher.is_some())
            .finish()
    }
}
