//! The port that seals what has to be kept and read again: passwords of databases, recoverable keys,
//! answers that hold a secret.

use std::fmt;

use secrecy::SecretString;

use crate::PortResult;

/// A secret as it is stored: sealed, and bound to its place.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret(pub String);

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedSecret(…)")
    }
}

/// What the cipher knows of a master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyStanding {
    /// It seals what is new.
    Newest,
    /// It opens what was sealed before.
    Older,
    /// Nothing: what is sealed under it can't be opened here.
    Unknown,
}

/// A master key, by the name that sealed texts give it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MasterKey {
    /// What the cipher knows of it.
    pub standing: KeyStanding,
    /// Its id: at most 32 letters, digits, `-` and `_`.
    pub id: String,
}

/// Seals secrets and opens them (AES-256-GCM under a versioned master key).
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait SecretCipher: Send + Sync {
    /// The secret, sealed and bound to `binding`. Sealing twice gives different texts.
    fn seal(&self, secret: &SecretString, binding: &str) -> PortResult<SealedSecret>;

    /// The secret that was sealed.
    ///
    /// Errors: `Corrupt` when the text was changed, was bound to something else, or its master key
    /// is not known here. MUST never answer with an empty secret instead.
    fn open(&self, sealed: &SealedSecret, binding: &str) -> PortResult<SecretString>;

    /// The master key that a text says it was sealed under; `None` where it has no form that a
    /// sealed text has. What was just sealed MUST be under the newest.
    ///
    /// Nothing is opened, so a text that was changed may say anything.
    fn sealed_under(&self, sealed: &SealedSecret) -> Option<MasterKey>;
}
