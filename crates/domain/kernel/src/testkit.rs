//! Fakes and contracts for tests: a settable clock, foreseeable ids, a timer that waits for no one,
//! an in-memory cache and audit log, and the suites that every [`Cache`](crate::Cache) and
//! [`AuditLog`](crate::AuditLog) has to pass.

mod audit;
mod block_on;
mod cache;
mod clock;
mod ids;

pub use self::{
    audit::{InMemoryAuditLog, audit_contract, sample_event},
    block_on::block_on,
    cache::{InMemoryCache, cache_contract},
    clock::{FixedClock, InstantTimer},
    ids::SequentialIds,
};
