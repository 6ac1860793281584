//! What Qdrant and the way to it say, in the terms of this program.

use std::{error::Error, time::Duration};

use altus4_kernel::{PortError, PortErrorKind, System};

/// Why a [`QdrantVectorIndex`](crate::QdrantVectorIndex) could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QdrantFault {
    /// The key can't stand in a header.
    #[error("the API key of Qdrant has characters that no key has")]
    Key,
    /// No TLS can be spoken.
    #[error("TLS can't be set up for Qdrant")]
    Tls(#[from] altus4_outbound::TlsError),
    /// The HTTP client can't be made.
    #[error("the HTTP client for Qdrant can't be made")]
    Client(#[source] reqwest::Error),
}

/// Why a call failed. Nothing of what Qdrant wrote is in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The time was over first.
    #[error("no answer within {} ms", .0.as_millis())]
    Silent(Duration),
    /// There was no whole answer.
    #[error("Qdrant can't be reached: {0}")]
    Unreachable(String),
    /// It has no such collection.
    #[error("Qdrant has no such collection")]
    Missing,
    /// It has one of this name already.
    #[error("Qdrant has a collection of this name")]
    Exists,
    /// It doesn't take the key, or wants one.
    #[error("Qdrant refused the API key (status {0})")]
    Key(u16),
    /// It answered with another status than success.
    #[error("Qdrant answered with status {0}")]
    Refused(u16),
    /// It took an operation and did not get round to it.
    #[error("Qdrant did not finish in its time")]
    Unfinished,
    /// An answer that makes no sense, and in what.
    #[error("Qdrant's answer makes no sense: {0}")]
    Nonsense(&'static str),
    /// A vector of a collection that has others.
    #[error("a vector of {given} dimensions, where there are those of {expected}")]
    Dimensions { expected: usize, given: usize },
    /// What a scan is to go on from was not given by one.
    #[error("no place to go on from")]
    Place,
}

impl Fault {
    /// The innermost cause of a failure without an answer: what the system said, and no address.
    pub(crate) fn unreachable(error: &reqwest::Error) -> Self {
        let mut cause: &dyn Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        // Where there is no cause the error itself is left, which names the address.
        let is_own = cause.is::<reqwest::Error>();
        Self::Unreachable(if is_own { "no reason was given".to_owned() } else { cause.to_string() })
    }

    /// What a caller can do about it.
    fn kind(&self) -> PortErrorKind {
        match self {
            Self::Silent(_) | Self::Unfinished | Self::Refused(408) => PortErrorKind::Timeout,
            // A key is for whoever runs the service to mend; a collection comes and goes.
            Self::Unreachable(_)
            | Self::Key(_)
            | Self::Missing
            | Self::Exists
            | Self::Refused(429 | 500..) => PortErrorKind::Unavailable,
            Self::Refused(_) | Self::Dimensions { .. } | Self::Place => PortErrorKind::Rejected,
            Self::Nonsense(_) => PortErrorKind::Corrupt,
        }
    }

    /// The same as the port's error.
    pub(crate) fn into_port_error(self, operation: &'static str) -> PortError {
        PortError::new(self.kind(), System::Store, operation).with_source(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_say_what_can_be_done() {
        use PortErrorKind::{Rejected, Timeout, Unavailable};
        for (status, kind) in [
            (302, Rejected),
            (400, Rejected),
            (408, Timeout),
            (422, Rejected),
            (429, Unavailable),
            (503, Unavailable),
        ] {
            assert_eq!(Fault::Refused(status).kind(), kind, "{status}");
        }
    }
}
