//! Fakes and contracts for tests: searches in memory, added up naively, fakes of what else the service
//! asks, and the suite that every adapter of the reader has to pass.

mod contract;
mod fakes;
mod memory;
mod sample;

#[doc(hidden)]
pub use altus4_kernel::contract_tests;

pub use self::{
    contract::{AnalyticsSubject, analytics_contract, history_contract, recount_contract, system_contract},
    fakes::{KnownConsent, KnownIndexes, NothingPending},
    memory::InMemoryAnalytics,
    sample::{sample_account_id, sample_search},
};

#[cfg(test)]
mod tests {
    use super::InMemoryAnalytics;

    crate::analytics_contract!(block_on, InMemoryAnalytics::default());
}
