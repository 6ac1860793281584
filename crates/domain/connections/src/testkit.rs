//! Fakes and contracts for tests: connections in memory, a cipher without cryptography, servers
//! that answer what they were told, and the suites that adapters of these ports have to pass.

mod cipher;
mod contract;
mod memory;
mod sample;
mod servers;

#[doc(hidden)]
pub use altus4_kernel::contract_tests;

pub use self::{
    cipher::FakeSecretCipher,
    contract::{ConnectionsSubject, cipher_contract, connections_contract},
    memory::InMemoryConnections,
    sample::sample_connection,
    servers::{FakeProbe, FixedInspector, FixedResolver},
};

#[cfg(test)]
mod tests {
    use super::{FakeSecretCipher, InMemoryConnections};

    crate::connections_contract!(block_on, InMemoryConnections::default());
    crate::secret_cipher_contract!(block_on, FakeSecretCipher::default());
}
