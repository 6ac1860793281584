//! What Redis and its client say, in the terms of this program.

use std::{error::Error, time::Duration};

use altus4_kernel::{PortError, PortErrorKind, System};
use deadpool_redis::{
    PoolError,
    redis::{ErrorKind, RedisError, ServerErrorKind},
};

/// Why a [`RedisCache`](crate::RedisCache) could not be made. `Display` is a sentence for whoever
/// runs the service; it never contains the password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedisFault {
    /// The URL has another form.
    #[error("the Redis URL cannot be read: it has the form redis://[user][:password]@host[:port][/database]")]
    Url,
    /// The URL asks for TLS, which this client is built without.
    #[error("the Redis URL asks for TLS (rediss://), which is not supported: use redis://")]
    Tls,
    /// Nobody listens there, or the name has no address.
    #[error("Redis at {address} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port, or the socket's path.
        address: String,
        /// What the system said.
        reason: String,
    },
    /// Something listens there and says nothing.
    #[error("Redis at {address} did not answer within {} ms", .limit.as_millis())]
    Silent {
        /// Host and port, or the socket's path.
        address: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The user name or the password is wrong, or missing.
    #[error("Redis at {address} refused the login: check the user name and the password in its URL")]
    Login {
        /// Host and port, or the socket's path.
        address: String,
    },
    /// It answered, and refused: a database number that it doesn't have, or it is no Redis.
    #[error("Redis at {address} answered with a refusal: {reason}")]
    Refused {
        /// Host and port, or the socket's path.
        address: String,
        /// What it said.
        reason: String,
    },
}

/// Why a single call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallFault {
    /// The breaker is open.
    #[error("Redis did not answer lately and is not being asked")]
    NotAsked,
    /// No answer in time.
    #[error("no answer within {} ms", .0.as_millis())]
    Silent(Duration),
    /// The pool gave no connection. Only without a runtime, or once closed.
    #[error("the connection pool gave no connection: {0}")]
    Pool(String),
    /// Redis or its client refused.
    #[error(transparent)]
    Redis(#[from] RedisError),
}

impl From<PoolError> for CallFault {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::Redis(error),
            other => Self::Pool(other.to_string()),
        }
    }
}

impl CallFault {
    /// The connection was cut, before this call or under it.
    pub(crate) fn is_broken_connection(&self) -> bool {
        matches!(self, Self::Redis(error) if error.is_io_error() && !error.is_timeout())
    }

    /// What a caller can do about it.
    pub(crate) fn kind(&self) -> PortErrorKind {
        match self {
            Self::NotAsked => PortErrorKind::Unavailable,
            Self::Silent(_) => PortErrorKind::Timeout,
            Self::Pool(_) => PortErrorKind::Unexpected,
            Self::Redis(error) if error.is_timeout() => PortErrorKind::Timeout,
            Self::Redis(error) if is_login_fault(error) => PortErrorKind::NotPermitted,
            Self::Redis(error) => match error.kind() {
                ErrorKind::Io
                | ErrorKind::Server(
                    ServerErrorKind::BusyLoading
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::TryAgain,
                ) => PortErrorKind::Unavailable,
                // MISCONF, OOM, READONLY, WRONGTYPE …: it is there and doesn't do this.
                ErrorKind::Server(_) | ErrorKind::Extension => PortErrorKind::Rejected,
                _ => PortErrorKind::Unexpected,
            },
        }
    }

    /// The same as the port's error.
    pub(crate) fn into_port_error(self, operation: &'static str) -> PortError {
        PortError::new(self.kind(), System::Cache, operation).with_source(self)
    }

    /// The same as a fault of the start, which had this limit.
    pub(crate) fn into_start_fault(self, address: String, limit: Duration) -> RedisFault {
        match self {
            // Whichever came first, the limit here or the client's own.
            Self::Silent(_) => RedisFault::Silent { address, limit },
            Self::Redis(error) if error.is_timeout() => RedisFault::Silent { address, limit },
            Self::Redis(error) if is_login_fault(&error) => RedisFault::Login { address },
            Self::Redis(error) if error.is_io_error() => {
                RedisFault::Unreachable { address, reason: innermost(&error) }
            }
            other => RedisFault::Refused { address, reason: other.to_string() },
        }
    }
}

fn is_login_fault(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"))
}

fn innermost(error: &RedisError) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_gone_redis_is_unavailable_and_a_slow_one_a_timeout() {
        for (cause, kind) in [
            (io::ErrorKind::ConnectionRefused, PortErrorKind::Unavailable),
            (io::ErrorKind::ConnectionReset, PortErrorKind::Unavailable),
            (io::ErrorKind::BrokenPipe, PortErrorKind::Unavailable),
            (io::ErrorKind::UnexpectedEof, PortErrorKind::Unavailable),
            (io::ErrorKind::TimedOut, PortErrorKind::Timeout),
        ] {
            assert_eq!(CallFault::Redis(io::Error::from(cause).into()).kind(), kind, "{cause:?}");
        }
        let loading = RedisError::from((ErrorKind::Server(ServerErrorKind::BusyLoading), "loading"));
        assert_eq!(CallFault::Redis(loading).kind(), PortErrorKind::Unavailable);
    }

    #[test]
    fn a_refusal_is_told_from_an_absence() {
        let read_only = RedisError::from((ErrorKind::Server(ServerErrorKind::ReadOnly), "read-only"));
        assert_eq!(CallFault::Redis(read_only).kind(), PortErrorKind::Rejected);
        let login = RedisError::from((ErrorKind::AuthenticationFailed, "no"));
        assert_eq!(CallFault::Redis(login).kind(), PortErrorKind::NotPermitted);
    }
}
