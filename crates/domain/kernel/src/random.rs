//! The port to randomness that secrets are made of.

use crate::PortResult;

/// A cryptographically secure source of random bytes.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait RandomSource: Send + Sync {
    /// Fills all of `bytes`. MUST never hand out bytes that can be foreseen or that repeat.
    ///
    /// Errors: `Unavailable` when the machine gives no randomness.
    fn fill(&self, bytes: &mut [u8]) -> PortResult<()>;
}
