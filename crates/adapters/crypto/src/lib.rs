//! Everything that needs cryptography, behind the ports of the domains: argon2id for passwords,
//! HS256 for access tokens, AES-256-GCM for the credentials of users' databases, HMAC-SHA-256 for
//! API keys. All of it is ring's, except argon2 itself.
//!
//! Invariants:
//! - Keys come from outside and are checked once, when an adapter is made ([`KeyFault`]): never
//!   empty, long enough, with ids that are told apart. Nothing is made up when one is missing.
//! - The first key of a list makes what is new; every key of the list is accepted. That is how keys
//!   are rotated.
//! - Neither `Debug` nor `Display` of anything here shows a key, a password, a hash or a token.
//! - No text from outside makes anything here panic.

mod config;
mod error;
mod key_digester;
mod key_ring;
mod password_hasher;
mod random_source;
mod secret_cipher;
mod token_issuer;

pub use crate::{
    config::{Argon2Config, JwtConfig, NamedKey},
    error::{HasherFault, KeyFault},
    key_digester::HmacKeyDigester,
    password_hasher::Argon2PasswordHasher,
    random_source::SystemRandomSource,
    secret_cipher::AesGcmSecretCipher,
    token_issuer::JwtTokenIssuer,
};
