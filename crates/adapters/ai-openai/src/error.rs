//! What a provider and the way to it say, in the terms of this program.

use std::{error::Error, time::Duration};

use altus4_kernel::{PortError, PortErrorKind, PublicDetail, System};

/// Why an [`OpenAiClient`](crate::OpenAiClient) could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenAiFault {
    /// The key can't stand in a header.
    #[error("the key of the AI provider has characters that no key has")]
    Key,
    /// No TLS can be spoken.
    #[error("TLS can't be set up for the AI provider")]
    Tls(#[from] altus4_outbound::TlsError),
    /// The HTTP client can't be made.
    #[error("the HTTP client for the AI provider can't be made")]
    Client(#[source] reqwest::Error),
}

/// Why a call failed. Nothing of what the provider wrote is in it but a code of letters.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The breaker is open.
    #[error("the provider failed lately and is not being asked")]
    NotAsked(PortErrorKind),
    /// The deadline came first.
    #[error("no answer in time")]
    Deadline,
    /// There was no answer.
    #[error("the provider can't be reached: {0}")]
    Unreachable(String),
    /// There was a part of an answer.
    #[error("the provider's answer broke off: {0}")]
    Broken(String),
    /// It answered with another status than success.
    #[error("the provider answered with status {status} ({})", .code.as_deref().unwrap_or("no code"))]
    Refused {
        /// The status.
        status: u16,
        /// The provider's code for it, if it is a word.
        code: Option<String>,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// An answer that makes no sense, and in what.
    #[error("the provider's answer makes no sense: {0}")]
    Nonsense(&'static str),
}

impl Fault {
    /// The innermost cause of a failure without an answer: what the system said, and no address.
    pub(crate) fn unreachable(error: &reqwest::Error) -> Self {
        Self::Unreachable(innermost(error))
    }

    /// The same where the answer had begun.
    pub(crate) fn broken(error: &reqwest::Error) -> Self {
        Self::Broken(innermost(error))
    }

    /// What a caller can do about it.
    pub(crate) fn kind(&self) -> PortErrorKind {
        match self {
            Self::NotAsked(kind) => *kind,
            Self::Deadline => PortErrorKind::Timeout,
            Self::Unreachable(_) | Self::Broken(_) => PortErrorKind::Unavailable,
            Self::Nonsense(_) => PortErrorKind::Corrupt,
            Self::Refused { status, .. } => match status {
                // No credit left is told as 402.
                401..=403 => PortErrorKind::NotPermitted,
                408 => PortErrorKind::Timeout,
                429 => PortErrorKind::RateLimited,
                500.. => PortErrorKind::Unavailable,
                _ => PortErrorKind::Rejected,
            },
        }
    }

    /// Whether the same call may do better in a moment. What began to be answered is not asked for
    /// again: it is paid for.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { status, .. } => matches!(status, 408 | 429 | 500..),
            Self::NotAsked(_) | Self::Deadline | Self::Broken(_) | Self::Nonsense(_) => false,
        }
    }

    /// How long the provider wants to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The same as the port's error.
    pub(crate) fn into_port_error(self, operation: &'static str) -> PortError {
        let error = PortError::new(self.kind(), System::Ai, operation);
        let detail = match &self {
            Self::Refused { status: 300..=399, .. } => Some("it redirects, which is not followed".to_owned()),
            Self::Refused { status, code: Some(code), .. } => {
                Some(format!("it refused the request with status {status} ({code})"))
            }
            Self::Refused { status, code: None, .. } => {
                Some(format!("it refused the request with status {status}"))
            }
            _ => None,
        };
        let error = match detail {
            Some(message) => error.with_detail(PublicDetail { message, ..PublicDetail::default() }),
            None => error,
        };
        error.with_source(self)
    }
}

fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    // Where there is no cause the error itself is left, which names the address.
    if cause.is::<reqwest::Error>() { "no reason was given".to_owned() } else { cause.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16) -> Fault {
        Fault::Refused { status, code: None, retry_after: None }
    }

    #[test]
    fn statuses_say_what_can_be_done() {
        use PortErrorKind::{NotPermitted, RateLimited, Rejected, Timeout, Unavailable};
        for (status, kind, may_pass) in [
            (302, Rejected, false),
            (400, Rejected, false),
            (401, NotPermitted, false),
            (403, NotPermitted, false),
            (404, Rejected, false),
            (408, Timeout, true),
            (413, Rejected, false),
            (422, Rejected, false),
            (429, RateLimited, true),
            (500, Unavailable, true),
            (503, Unavailable, true),
        ] {
            let fault = refused(status);
            assert_eq!((fault.kind(), fault.may_pass()), (kind, may_pass), "{status}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_words_of_this_program() {
        let error = refused(400).into_port_error("ai.generate");
        let detail = error.detail.expect("a detail").message;
        assert_eq!(detail, "it refused the request with status 400");
    }
}
