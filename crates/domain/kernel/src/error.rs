//! What a port answers when it can't do what it was asked: one shape for every adapter.

use std::{error::Error, fmt, sync::Arc};

/// The result of a port call.
pub type PortResult<T> = Result<T, PortError>;

/// What went wrong, in the terms a service can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PortErrorKind {
    /// A unique value exists already; [`PortError::constraint`] names which.
    Conflict,
    /// The system understood and refused: wrong password, missing right, forbidden target.
    NotPermitted,
    /// The system can't be reached, or went away during the call. Trying again may help.
    Unavailable,
    /// No answer within the time limit. The work has been cancelled where that is possible.
    Timeout,
    /// The system asks to be called less often.
    RateLimited,
    /// The system refused the request itself: a missing table, a value out of range.
    Rejected,
    /// Stored data doesn't have the form it was written in: a broken seal, an unknown version.
    Corrupt,
    /// Anything that should not happen; a fault of this program until shown otherwise.
    Unexpected,
}

/// Which outside system a port call went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum System {
    /// The service's own database.
    Store,
    /// A user's database.
    DataSource,
    /// The cache, in process or in Redis.
    Cache,
    /// An AI provider or the local model.
    Ai,
    /// Hashing, signing, sealing.
    Crypto,
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Store => "store",
            Self::DataSource => "data source",
            Self::Cache => "cache",
            Self::Ai => "AI provider",
            Self::Crypto => "crypto",
        })
    }
}

/// The error of every port. `Display` says what failed and where in words of this program alone;
/// the cause is behind [`Error::source`] and belongs in the log, never in an answer. Clones share the
/// cause, so that all who wait for one call can be told why it failed.
#[derive(Debug, Clone)]
pub struct PortError {
    /// What a caller can do about it.
    pub kind: PortErrorKind,
    /// Where it happened.
    pub system: System,
    /// Which operation failed, as `port.method`.
    pub operation: &'static str,
    /// For [`PortErrorKind::Conflict`]: the name of the unique thing, such as `account.email`.
    pub constraint: Option<&'static str>,
    /// A sentence that is safe to show to the owner of the call, such as a MySQL server's own
    /// error number. Never SQL, a path, a host that was not given by that caller, or a secret.
    pub detail: Option<PublicDetail>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// The part of a cause that may be shown to whoever made the call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublicDetail {
    /// A sentence in this program's words.
    pub message: String,
    /// The server's error number, where it gave one.
    pub errno: Option<u16>,
    /// The server's SQLSTATE, where it gave one.
    pub sql_state: Option<String>,
}

impl PortError {
    /// An error without a cause.
    #[must_use]
    pub fn new(kind: PortErrorKind, system: System, operation: &'static str) -> Self {
        Self { kind, system, operation, constraint: None, detail: None, source: None }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into().into());
        self
    }

    /// The same error, naming the unique thing that exists already.
    #[must_use]
    pub fn with_constraint(mut self, constraint: &'static str) -> Self {
        self.constraint = Some(constraint);
        self
    }

    /// The same error with a part that may be shown.
    #[must_use]
    pub fn with_detail(mut self, detail: PublicDetail) -> Self {
        self.detail = Some(detail);
        self
    }

    /// Whether this is a conflict on the named unique thing.
    #[must_use]
    pub fn is_conflict_on(&self, constraint: &str) -> bool {
        self.kind == PortErrorKind::Conflict && self.constraint == Some(constraint)
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            PortErrorKind::Conflict => "conflict",
            PortErrorKind::NotPermitted => "not permitted",
            PortErrorKind::Unavailable => "unavailable",
            PortErrorKind::Timeout => "timed out",
            PortErrorKind::RateLimited => "rate limited",
            PortErrorKind::Rejected => "rejected",
            PortErrorKind::Corrupt => "corrupt data",
            PortErrorKind::Unexpected => "unexpected failure",
        };
        write!(f, "{}: {what} in {}", self.system, self.operation)
    }
}

impl Error for PortError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|s| s as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_never_prints_the_source() {
        let error = PortError::new(PortErrorKind::Unavailable, System::Store, "accounts.find")
            .with_source("password=hunter2");
        assert_eq!(error.to_string(), "store: unavailable in accounts.find");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("password=hunter2"));
    }
}
