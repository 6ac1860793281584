//! Entities for tests: a repository and rows in memory, and the suite that adapters of rows have to pass.

mod contract;
mod memory;
mod records;
mod sample;

#[doc(hidden)]
pub use altus4_kernel::contract_tests;

pub use self::{
    contract::{EntitiesSubject, RecordsSubject, entities_contract, records_contract},
    memory::InMemoryEntities,
    records::InMemoryRecords,
    sample::sample_entity,
};
