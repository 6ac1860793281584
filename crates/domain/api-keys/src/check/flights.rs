//! Look-ups of one key at the same time are one.

use std::{
    collections::HashMap,
    error::Error,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use altus4_kernel::{PortError, PortResult, Timestamp};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};

use crate::{KeyDigest, KeyHolder};

type Found = Option<Arc<KeyHolder>>;
type Landed = Result<Found, Arc<PortError>>;
type Flying = BoxFuture<'static, Landed>;

/// Look-ups that are under way. One that nobody waits for any more ends there and then.
#[derive(Default)]
pub(super) struct Flights(Arc<Mutex<Sky>>);

#[derive(Default)]
struct Sky {
    by_digest: HashMap<KeyDigest, Flight>,
    begun: u64,
}

struct Flight {
    number: u64,
    epoch: u64,
    asked_at: Timestamp,
    look_up: WeakShared<Flying>,
}

impl Flights {
    /// The outcome of the look-up of this digest that is under way, if it was begun in this epoch and
    /// not before `oldest`; else that of a new one.
    pub(super) async fn join<F>(
        &self,
        digest: KeyDigest,
        epoch: u64,
        asked_at: Timestamp,
        oldest: Timestamp,
        look_up: impl FnOnce() -> F,
    ) -> PortResult<Found>
    where
        F: Future<Output = PortResult<Found>> + Send + 'static,
    {
        let shared = self.shared(digest, epoch, asked_at, oldest, look_up);
        shared.await.map_err(|error| again(&error))
    }

    fn shared<F>(
        &self,
        digest: KeyDigest,
        epoch: u64,
        asked_at: Timestamp,
        oldest: Timestamp,
        look_up: impl FnOnce() -> F,
    ) -> Shared<Flying>
    where
        F: Future<Output = PortResult<Found>> + Send + 'static,
    {
        let mut sky = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |flight: &&Flight| flight.epoch == epoch && flight.asked_at >= oldest;
        let under_way = sky.by_digest.get(&digest).filter(fits).and_then(|flight| flight.look_up.upgrade());
        if let Some(under_way) = under_way {
            return under_way;
        }
        sky.begun += 1;
        let number = sky.begun;
        let landing = Landing { sky: Arc::clone(&self.0), digest, number };
        let flying = look_up();
        let shared = async move {
            let _landing = landing;
            flying.await.map_err(Arc::new)
        }
        .boxed()
        .shared();
        if let Some(weak) = shared.downgrade() {
            sky.by_digest.insert(digest, Flight { number, epoch, asked_at, look_up: weak });
        }
        shared
    }
}

/// Takes a flight out of the sky when it has ended, one way or the other.
struct Landing {
    sky: Arc<Mutex<Sky>>,
    digest: KeyDigest,
    number: u64,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut sky = self.sky.lock().unwrap_or_else(PoisonError::into_inner);
        if sky.by_digest.get(&self.digest).is_some_and(|flight| flight.number == self.number) {
            sky.by_digest.remove(&self.digest);
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
