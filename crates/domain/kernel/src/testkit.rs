//! Fakes and contracts for tests: a settable clock, foreseeable ids, a timer that waits for no one,
//! a cipher without cryptography, an in-memory cache and audit log, and the suites that every
//! [`Cache`](crate::Cache), [`SecretCipher`](crate::SecretCipher), [`AuditLog`](crate::AuditLog) and
//! [`SealedSecrets`](crate::SealedSecrets) has to pass.

mod audit;
mod background;
mod block_on;
mod cache;
mod cipher;
mod clock;
mod ids;
mod secrets;

pub use self::{
    audit::{InMemoryAuditLog, audit_contract, sample_event},
    background::InlineBackground,
    block_on::block_on,
    cache::{InMemoryCache, cache_contract},
    cipher::{FakeSecretCipher, cipher_contract},
    clock::{FixedClock, InstantTimer},
    ids::SequentialIds,
    secrets::{InMemorySecrets, SealedSecretsSubject, sealed_secrets_contract},
};
