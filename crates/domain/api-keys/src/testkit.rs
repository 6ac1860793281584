//! Fakes and contracts for tests: keys in memory, a digester without cryptography, and the suites
//! that every adapter of these ports has to pass.

mod contract;
mod digester;
mod memory;
mod quota_counter;
mod rate_limiter;
mod sample;

#[doc(hidden)]
pub use altus4_kernel::contract_tests;

pub use self::{
    contract::{
        ApiKeysSubject, UsageSubject, answer_store_contract, api_keys_contract, digester_contract,
        key_cache_contract, key_secrets_contract, key_settings_contract, quota_counter_contract,
        rate_limiter_contract, usage_requests_contract, usage_store_contract,
    },
    digester::FakeKeyDigester,
    memory::{InMemoryAnswers, InMemoryApiKeys, InMemoryKeyCache, InMemoryUsage},
    quota_counter::InMemoryQuotaCounter,
    rate_limiter::InMemoryRateLimiter,
    sample::{sample_digest, sample_key, sample_secret, sample_usage},
};

#[cfg(test)]
mod tests {
    use super::{
        FakeKeyDigester, InMemoryAnswers, InMemoryApiKeys, InMemoryKeyCache, InMemoryQuotaCounter,
        InMemoryRateLimiter, InMemoryUsage,
    };

    crate::api_keys_contract!(block_on, InMemoryApiKeys::default());
    crate::key_digester_contract!(block_on, FakeKeyDigester::new(&["2026", "2025"]));
    crate::key_cache_contract!(block_on, InMemoryKeyCache::default());
    crate::answer_store_contract!(block_on, InMemoryAnswers::default());
    crate::rate_limiter_contract!(block_on, InMemoryRateLimiter::default());
    crate::quota_counter_contract!(block_on, InMemoryQuotaCounter::default());
    crate::usage_store_contract!(block_on, InMemoryUsage::default());
}
