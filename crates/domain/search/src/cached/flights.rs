//! Searches that are the same at the same time are one.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};

type Flying<V> = BoxFuture<'static, V>;

/// Runs that are under way. All who wait for one carry it: it goes on when the one who began it goes
/// away, and ends there and then when nobody waits any more.
pub(super) struct Flights<K, V>(Arc<Mutex<Sky<K, V>>>);

/// What came of a run.
pub(super) struct Joined<V> {
    pub(super) outcome: V,
    /// Whether somebody else had begun it.
    pub(super) was_under_way: bool,
}

struct Sky<K, V> {
    by_key: HashMap<K, Flight<V>>,
    begun: u64,
}

struct Flight<V> {
    number: u64,
    run: WeakShared<Flying<V>>,
}

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Sky { by_key: HashMap::new(), begun: 0 })))
    }
}

impl<K, V> Flights<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// The outcome of the run under this key that is under way, or else of a new one.
    pub(super) async fn join<F>(&self, key: K, run: impl FnOnce() -> F) -> Joined<V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let (shared, was_under_way) = self.shared(key, run);
        Joined { outcome: shared.await, was_under_way }
    }

    fn shared<F>(&self, key: K, run: impl FnOnce() -> F) -> (Shared<Flying<V>>, bool)
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut sky = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = sky.by_key.get(&key).and_then(|flight| flight.run.upgrade()) {
            return (under_way, true);
        }
        sky.begun += 1;
        let number = sky.begun;
        let landing = Landing { sky: Arc::clone(&self.0), key: key.clone(), number };
        let flying = run();
        let shared = async move {
            let _landing = landing;
            flying.await
        }
        .boxed()
        .shared();
        if let Some(weak) = shared.downgrade() {
            sky.by_key.insert(key, Flight { number, run: weak });
        }
        (shared, false)
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
        if sky.by_key.get(&self.key).is_some_and(|flight| flight.number == self.number) {
            sky.by_key.remove(&self.key);
        }
    }
}
