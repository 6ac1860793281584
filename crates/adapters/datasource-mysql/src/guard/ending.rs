//! How a guarded session ends.

/// Why nothing goes through any more. Both ends have been closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Ending {
    /// One of the two ends hung up.
    #[error("the connection was closed")]
    Closed,
    /// The server spoke without being asked, which is also how it says that it ends a session.
    #[error("the server spoke without being asked")]
    Unasked,
    /// The server said what no server says at this point.
    #[error("the server broke the protocol: {0}")]
    Protocol(&'static str),
    /// The answer has a packet or a sum beyond the bounds.
    #[error("the answer is too large")]
    TooLarge,
    /// The answer did not come to its end in time.
    #[error("the answer took too long")]
    Overdue,
    /// The driver asked for something that is not let through.
    #[error("the driver was not let through: {0}")]
    Driver(&'static str),
}
