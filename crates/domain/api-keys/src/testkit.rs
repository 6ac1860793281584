//! Fakes and contracts for tests: keys in memory, a digester without cryptography, and the suites
//! that every adapter of these ports has to pass.

mod contract;
mod digester;
mod memory;
mod sample;

#[doc(hidden)]
pub use altus4_kernel::contract_tests;

pub use self::{
    contract::{ApiKeysSubject, api_keys_contract, digester_contract},
    digester::FakeKeyDigester,
    memory::InMemoryApiKeys,
    sample::{sample_digest, sample_key},
};

#[cfg(test)]
mod tests {
    use super::{FakeKeyDigester, InMemoryApiKeys};

    crate::api_keys_contract!(block_on, InMemoryApiKeys::default());
    crate::key_digester_contract!(block_on, FakeKeyDigester::new(&["2026", "2025"]));
}
