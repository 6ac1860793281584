//! Questions about one thing at the same time are one.

use std::{
    collections::HashMap,
    error::Error,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};

use crate::{PortError, PortResult, Timestamp};

type Flying<V> = BoxFuture<'static, Result<V, Arc<PortError>>>;

/// Questions that are under way, by what they are about. One that nobody waits for any more ends
/// there and then.
pub struct Flights<K, V>(Arc<Mutex<Sky<K, V>>>);

struct Sky<K, V> {
    flights: HashMap<K, Flight<V>>,
    begun: u64,
}

struct Flight<V> {
    number: u64,
    epoch: u64,
    asked_at: Timestamp,
    question: WeakShared<Flying<V>>,
}

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Sky { flights: HashMap::new(), begun: 0 })))
    }
}

impl<K, V> Flights<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// The answer to the question about `key` that is under way, if it was begun in this
    /// [epoch](crate::Freshness::epoch) and not before `oldest`; else that to a new one.
    ///
    /// # Errors
    /// Those of the question.
    pub async fn join<F>(
        &self,
        key: K,
        epoch: u64,
        asked_at: Timestamp,
        oldest: Timestamp,
        question: impl FnOnce() -> F,
    ) -> PortResult<V>
    where
        F: Future<Output = PortResult<V>> + Send + 'static,
    {
        let shared = self.shared(key, epoch, asked_at, oldest, question);
        shared.await.map_err(|error| again(&error))
    }

    fn shared<F>(
        &self,
        key: K,
        epoch: u64,
        asked_at: Timestamp,
        oldest: Timestamp,
        question: impl FnOnce() -> F,
    ) -> Shared<Flying<V>>
    where
        F: Future<Output = PortResult<V>> + Send + 'static,
    {
        let mut sky = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |flight: &&Flight<V>| flight.epoch == epoch && flight.asked_at >= oldest;
        let under_way = sky.flights.get(&key).filter(fits).and_then(|flight| flight.question.upgrade());
        if let Some(under_way) = under_way {
            return under_way;
        }
        sky.begun += 1;
        let number = sky.begun;
        let landing = Landing { sky: Arc::clone(&self.0), key: key.clone(), number };
        let flying = question();
        let shared = async move {
            let _landing = landing;
            flying.await.map_err(Arc::new)
        }
        .boxed()
        .shared();
        if let Some(weak) = shared.downgrade() {
            sky.flights.insert(key, Flight { number, epoch, asked_at, question: weak });
        }
        shared
    }
}

impl<K, V> fmt::Debug for Flights<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").finish_non_exhaustive()
    }
}

/// Takes a flight out of the sky when it has ended, one way or the other.
struct Landing<K: Eq + Hash, V> {
    sky: Arc<Mutex<Sky<K, V>>>,
    key: K,
    number: u64,
}

impl<K: Eq + Hash, V> Drop for Landing<K, V> {
    fn drop(&mut self) {
        let mut sky = self.sky.lock().unwrap_or_else(PoisonError::into_inner);
        if sky.flights.get(&self.key).is_some_and(|flight| flight.number == self.number) {
            sky.flights.remove(&self.key);
        }
    }
}

/// The same error for one more of those who waited.
fn again(error: &Arc<PortError>) -> PortError {
    PortError::new(error.kind, error.system, error.operation).with_source(Same(Arc::clone(error)))
}

/// An error that several have. Shows the cause, since its own words are said already.
#[derive(Debug)]
struct Same(Arc<PortError>);

impl fmt::Display for Same {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.source() {
            Some(cause) => fmt::Display::fmt(cause, f),
            None => f.write_str("no cause is known"),
        }
    }
}

impl Error for Same {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source().and_then(Error::source)
    }
}
