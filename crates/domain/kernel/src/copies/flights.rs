//! What is asked for at the same time is done once.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};

type Flying<V> = BoxFuture<'static, V>;

/// Runs that are under way, by what they are about; with each goes a mark that tells later callers
/// whether it will do for them. All who wait for one carry it: it goes on when the one who began it
/// goes away, and ends there and then when nobody waits any more.
pub struct Flights<K, V, M = ()>(Arc<Mutex<Sky<K, V, M>>>);

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Joined<V> {
    /// What it gave.
    pub outcome: V,
    /// Whether somebody else had begun it.
    pub was_under_way: bool,
}

struct Sky<K, V, M> {
    by_key: HashMap<K, Flight<V, M>>,
    begun: u64,
}

struct Flight<V, M> {
    number: u64,
    mark: M,
    run: WeakShared<Flying<V>>,
}

impl<K, V, M> Default for Flights<K, V, M> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Sky { by_key: HashMap::new(), begun: 0 })))
    }
}

impl<K, V, M> Flights<K, V, M>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
    M: Send + 'static,
{
    /// The outcome of the run about `key` that is under way, if its mark `fits`; else that of a new
    /// one, which has this mark.
    pub async fn join<F>(
        &self,
        key: K,
        mark: M,
        fits: impl FnOnce(&M) -> bool,
        run: impl FnOnce() -> F,
    ) -> Joined<V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let (shared, was_under_way) = self.shared(key, mark, fits, run);
        Joined { outcome: shared.await, was_under_way }
    }

    fn shared<F>(
        &self,
        key: K,
        mark: M,
        fits: impl FnOnce(&M) -> bool,
        run: impl FnOnce() -> F,
    ) -> (Shared<Flying<V>>, bool)
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut sky = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = sky.by_key.get(&key).filter(|flight| fits(&flight.mark));
        if let Some(under_way) = known.and_then(|flight| flight.run.upgrade()) {
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
            sky.by_key.insert(key, Flight { number, mark, run: weak });
        }
        (shared, false)
    }
}

impl<K, V, M> fmt::Debug for Flights<K, V, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").finish_non_exhaustive()
    }
}

/// Takes a flight out of the sky when it has ended, one way or the other.
struct Landing<K: Eq + Hash, V, M> {
    sky: Arc<Mutex<Sky<K, V, M>>>,
    key: K,
    number: u64,
}

impl<K: Eq + Hash, V, M> Drop for Landing<K, V, M> {
    fn drop(&mut self) {
        let mut sky = self.sky.lock().unwrap_or_else(PoisonError::into_inner);
        if sky.by_key.get(&self.key).is_some_and(|flight| flight.number == self.number) {
            sky.by_key.remove(&self.key);
        }
    }
}
