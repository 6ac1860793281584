//! Fakes and contracts for tests: accounts, sessions and counts of attempts in memory, a hasher and
//! an issuer without cryptography, and the suites that every adapter of these ports has to pass.

mod contract;
mod hasher;
mod limiter;
mod memory;
mod sample;
mod tokens;

#[doc(hidden)]
pub use altus4_kernel::contract_tests;

pub use self::{
    contract::{
        UsersSubject, directory_contract, hasher_contract, limiter_contract, sessions_contract,
        tokens_contract, users_contract,
    },
    hasher::FakePasswordHasher,
    limiter::InMemoryAttemptLimiter,
    memory::InMemoryUsers,
    sample::{sample_account, sample_session},
    tokens::FakeTokenIssuer,
};

#[cfg(test)]
mod tests {
    use super::{FakePasswordHasher, FakeTokenIssuer, InMemoryAttemptLimiter, InMemoryUsers};

    crate::users_contract!(block_on, InMemoryUsers::default());
    crate::password_hasher_contract!(block_on, FakePasswordHasher);
    crate::token_issuer_contract!(block_on, FakeTokenIssuer::default());
    crate::attempt_limiter_contract!(block_on, InMemoryAttemptLimiter::default());
}
