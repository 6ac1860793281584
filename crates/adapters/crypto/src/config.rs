//! What the adapters are made from.

use std::thread;

use altus4_kernel::secrecy::SecretSlice;

/// A secret of the server with a name, so that what was made with it can say so. Its memory is
/// overwritten when it is dropped.
#[derive(Debug, Clone)]
pub struct NamedKey {
    /// Its name: 1–32 of `A–Z`, `a–z`, `0–9`, `_` and `-`. Not secret: it stands in tokens and
    /// beside sealed secrets.
    pub id: String,
    /// The key itself, from a random source.
    pub bytes: SecretSlice<u8>,
}

/// The settings of an [`Argon2PasswordHasher`](crate::Argon2PasswordHasher).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Config {
    /// Memory of one hash, in KiB (argon2's `m`).
    pub memory_kib: u32,
    /// Passes over that memory (`t`).
    pub iterations: u32,
    /// Lanes (`p`). They are computed one after the other.
    pub parallelism: u32,
    /// How many hashes run at once. Each takes `memory_kib`, and a core that nobody else wants.
    pub max_concurrent: usize,
    /// How many more may wait for their turn.
    pub max_waiting: usize,
}

/// 19 MiB, two passes, one lane (the second of the settings that OWASP's password storage cheat
/// sheet gives for argon2id); as many at once as there are cores, and 200 waiting for each, which a
/// core hashes within some five seconds.
impl Default for Argon2Config {
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            memory_kib: 19 * 1024,
            iterations: 2,
            parallelism: 1,
            max_concurrent: cores,
            max_waiting: 200 * cores,
        }
    }
}

/// The settings of a [`JwtTokenIssuer`](crate::JwtTokenIssuer).
#[derive(Debug, Clone)]
pub struct JwtConfig {
    /// The signing keys, newest first, of at least 256 bits. The first signs; all are accepted.
    pub keys: Vec<NamedKey>,
    /// Who issues the tokens (`iss`).
    pub issuer: String,
    /// Whom they are for (`aud`).
    pub audience: String,
}
