//! API keys: how they are made, what is stored of them, and who a presented one speaks for.
//!
//! Invariants:
//! - A secret is shown once, by whoever made it. What is stored is an HMAC-SHA-256 of it under a
//!   server secret ([`KeyDigest`]), so a copy of the store lets nobody in.
//! - A text that is no key (wrong form, wrong checksum) is refused without a look-up.
//! - A key's tier never exceeds its account's plan, also when the plan shrinks later.

mod error;
mod key;
mod ports;
mod secret;
mod service;

#[cfg(any(test, feature = "testkit"))]
pub mod testkit;

pub use crate::error::ApiKeyError;
pub use crate::key::{ApiKey, Environment, KeyName, KeyStatus};
pub use crate::ports::{
    ApiKeyRepository, FIRST_KEY_CONSTRAINT, KeyDigest, KeyDigester, KeyHolder, StoredDigest,
};
pub use crate::secret::{KEY_PREFIX_CHARS, KeySecret};
pub use crate::service::{ApiKeyService, FirstKey, MintedKey};

#[cfg(feature = "mock")]
pub use crate::ports::{MockApiKeyRepository, MockKeyDigester};
