//! Which searches are the same.

use std::{
    collections::HashMap,
    fmt::Write,
    sync::{PoisonError, RwLock},
};

use altus4_connections::Target;
use altus4_kernel::{AccountId, Change, ChangeSubscriber, ConnectionId};

use crate::SearchQuery;

/// Of how many connections it is remembered how often they were changed.
const MOST_REMEMBERED: usize = 100_000;

/// How often connections were changed. A key has the number of the moment at which its search began,
/// so that what is still under way when a change is told is never found later.
///
/// It has to hear of changes ([`ChangeSubscriber`]).
#[derive(Debug, Default)]
pub struct ConnectionEpochs(RwLock<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    all: u64,
    of: HashMap<ConnectionId, u64>,
}

impl ConnectionEpochs {
    /// Nothing that was answered from this connection is found any more.
    fn begin(&self, id: ConnectionId) {
        let mut numbers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if numbers.of.len() >= MOST_REMEMBERED && !numbers.of.contains_key(&id) {
            numbers.begin_all();
        } else {
            *numbers.of.entry(id).or_default() += 1;
        }
    }

    /// What a search of these databases is found by now.
    ///
    /// Of the connections, everything is in it that changes what they answer: which they are, where
    /// they lead, their settings. Of the query, every field is: it is written out as it is, so that a
    /// field that is added later can't be forgotten here. Which databases it names is to be left out.
    pub(super) fn key(&self, account: AccountId, targets: &[Target], query: &SearchQuery) -> String {
        let numbers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut key = format!("{account} {}", numbers.all);
        for target in targets {
            let connection = &target.connection;
            let number = numbers.of.get(&connection.id).copied().unwrap_or_default();
            // Writing to a text can't fail.
            let _ = write!(
                key,
                " {} {number} {} {}",
                connection.id, connection.generation, connection.updated_at
            );
        }
        let _ = write!(key, " {query:?}");
        key
    }
}

impl ChangeSubscriber for ConnectionEpochs {
    fn on_change(&self, change: Change) {
        if let Change::Connection(_, id) = change {
            self.begin(id);
        }
    }

    fn on_gap(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).begin_all();
    }
}

impl Numbers {
    fn begin_all(&mut self) {
        self.all += 1;
        self.of.clear();
    }
}
