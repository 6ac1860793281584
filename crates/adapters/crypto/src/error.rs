//! Why an adapter could not be made, and how a port call fails.

use altus4_kernel::{PortError, PortErrorKind, System};

use crate::password_hasher::limits;

/// What is wrong with a list of keys. The sentence goes to whoever set the keys; it never contains
/// any part of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFault {
    /// There is no key.
    #[error("the list of keys is empty: at least one is needed")]
    Empty,
    /// An id has another form. It isn't repeated here, as it may be a key in the wrong place.
    #[error("the id of key number {number} is refused: an id has 1 to 32 letters, digits, '_' or '-'")]
    Id {
        /// Which key, from 1.
        number: usize,
    },
    /// Two keys have the same id.
    #[error("the id '{id}' belongs to more than one key")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// The key is too short.
    #[error("the key '{id}' has {bytes} bytes: at least {least} are needed")]
    TooShort {
        /// The key's id.
        id: String,
        /// How long it is.
        bytes: usize,
        /// How long it has to be.
        least: usize,
    },
    /// The cipher takes keys of one length only.
    #[error("the key '{id}' has {bytes} bytes: exactly {wanted} are needed")]
    WrongLength {
        /// The key's id.
        id: String,
        /// How long it is.
        bytes: usize,
        /// How long it has to be.
        wanted: usize,
    },
    /// The key repeats a few bytes.
    #[error("the key '{id}' is not random: it repeats the same few bytes")]
    NotRandom {
        /// The key's id.
        id: String,
    },
}

/// Why an [`Argon2PasswordHasher`](crate::Argon2PasswordHasher) could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HasherFault {
    /// Argon2 has no such settings, or they are out of all proportion.
    #[error(
        "argon2 is not run with {memory_kib} KiB, {iterations} iterations and {parallelism} lanes: it takes \
         8 KiB for each lane up to {} KiB in all, 1 to {} iterations and 1 to {} lanes",
        limits::MAX_MEMORY_KIB,
        limits::MAX_ITERATIONS,
        limits::MAX_LANES
    )]
    Settings {
        /// Memory, in KiB.
        memory_kib: u32,
        /// Passes.
        iterations: u32,
        /// Lanes.
        parallelism: u32,
    },
    /// No hash could ever run.
    #[error("at least one password hash has to be allowed at a time")]
    NoConcurrency,
    /// The hash that stands in for unknown accounts could not be made.
    #[error("the stand-in password hash could not be made")]
    StandIn(#[source] PortError),
}

/// An error of the system `Crypto`.
pub(crate) fn crypto(kind: PortErrorKind, operation: &'static str) -> PortError {
    PortError::new(kind, System::Crypto, operation)
}
