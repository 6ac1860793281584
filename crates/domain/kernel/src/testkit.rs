//! Fakes and contracts for tests: a settable clock, foreseeable ids, a timer that waits for no one,
//! an in-memory cache, and the suite that every [`Cache`](crate::Cache) has to pass.

mod block_on;
mod cache;
mod clock;
mod ids;

pub use self::{
    block_on::block_on,
    cache::{InMemoryCache, cache_contract},
    clock::{FixedClock, InstantTimer},
    ids::SequentialIds,
};
