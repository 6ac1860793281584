//! What goes wrong between here and a user's server, and what is said of it.

use altus4_kernel::{PortError, PortErrorKind, PublicDetail, System};
use mysql_async::{DriverError, Error as Driver, IoError, ServerError};
use tokio::{runtime::TryCurrentError, task::JoinError};

use crate::{
    breaker::Blame,
    guard::{Ending, Refusal},
    refusal::Said,
};

/// Everything that can stop a call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The host may not be dialled, or has no address.
    #[error(transparent)]
    Gate(PortError),
    /// What went wrong before, and isn't tried again yet.
    #[error(transparent)]
    Known(Known),
    /// As many calls as are let wait for a session wait already.
    #[error("too many calls wait for a session")]
    Crowded,
    /// Connecting took too long.
    #[error("no session within the time limit")]
    Connect,
    /// The call's deadline.
    #[error("the deadline passed")]
    Deadline,
    /// Why the guard opened no session.
    #[error(transparent)]
    Refused(Refusal),
    /// How the guard ended the session.
    #[error(transparent)]
    Ended(Ending),
    /// What the driver or the server said.
    #[error(transparent)]
    Driver(#[from] Driver),
    /// An answer beyond the bounds.
    #[error("the answer is larger than {0} bytes, or has more rows than were asked for")]
    TooLarge(usize),
    /// The pool was closed meanwhile.
    #[error("the pool is closed")]
    Closed,
    /// The driver panicked, or its runtime is going down.
    #[error(transparent)]
    Task(JoinError),
    /// There is no runtime to work on.
    #[error(transparent)]
    NoRuntime(TryCurrentError),
    /// The pool can't be made so.
    #[error(transparent)]
    Pool(deadpool::managed::BuildError),
    /// A request that no statement can be written for.
    #[error("{0}")]
    Request(&'static str),
    /// What the server said of a row, with what was found out about it.
    #[error("the row was refused")]
    Row(Box<Said>, #[source] Driver),
}

impl Fault {
    /// Whether the session is gone, and a new one might do better.
    pub(crate) fn is_lost_session(&self) -> bool {
        match self {
            Self::Driver(error) if is_large_statement(error) => false,
            Self::Ended(Ending::Closed | Ending::Unasked)
            | Self::Driver(Driver::Io(_) | Driver::Driver(DriverError::ConnectionClosed)) => true,
            Self::Driver(Driver::Server(error)) => {
                matches!(error.code, 1_053 | 1_079 | 1_080 | 1_927 | 4_031)
            }
            _ => false,
        }
    }

    /// Whether the server ended the statement itself and waits for the next.
    pub(crate) fn is_answer(&self) -> bool {
        matches!(self, Self::Driver(Driver::Server(_))) && !self.is_lost_session()
    }

    /// Whether the server doesn't know a setting that was asked for, or the way of asking.
    pub(crate) fn is_unknown_setting(&self) -> bool {
        matches!(self, Self::Driver(Driver::Server(error)) if matches!(error.code, 1_064 | 1_105 | 1_193 | 1_235))
    }

    /// The number that the server gave its error.
    pub(crate) fn number(&self) -> Option<u16> {
        self.server_error().map(|error| error.code)
    }

    /// What the server said.
    pub(crate) fn server_error(&self) -> Option<&ServerError> {
        match self {
            Self::Driver(Driver::Server(error)) | Self::Row(_, Driver::Server(error)) => Some(error),
            _ => None,
        }
    }

    /// Whether a server that does so is worth no further word.
    pub(crate) fn is_of_a_rogue(&self) -> bool {
        matches!(self, Self::Ended(Ending::Protocol(_)))
    }

    /// Whether the driver sent nothing, as it would have been too much.
    pub(crate) fn is_of_a_large_statement(&self) -> bool {
        matches!(self, Self::Driver(error) if is_large_statement(error))
    }

    /// What it says of the server, when it happened on the way to a session or in one.
    pub(crate) fn blame(&self) -> Blame {
        match self {
            Self::Gate(error) if error.kind != PortErrorKind::NotPermitted => Blame::Unreachable,
            Self::Ended(Ending::Protocol(_)) | Self::Refused(Refusal::Login(_)) => Blame::Rogue,
            Self::Driver(Driver::Server(error)) => match error.code {
                1_045 | 1_698 => Blame::Login,
                1_040 | 1_203 | 1_226 => Blame::Full,
                _ => Blame::Unreachable,
            },
            Self::Connect | Self::Deadline | Self::Driver(_) | Self::Ended(_) => Blame::Unreachable,
            Self::Refused(refusal) => match refusal {
                Refusal::Name
                | Refusal::Roots
                | Refusal::Tls(_)
                | Refusal::Socket(_)
                | Refusal::Driver(_) => Blame::None,
                _ => Blame::Unreachable,
            },
            _ => Blame::None,
        }
    }

    /// What can be told of it again.
    pub(crate) fn known(&self) -> Known {
        let (kind, message) = self.meaning();
        let (errno, sql_state) = self.numbers();
        Known { kind, message, errno, sql_state }
    }

    /// The number and the state that the server gave it.
    fn numbers(&self) -> (Option<u16>, Option<String>) {
        match self {
            Self::Known(known) => (known.errno, known.sql_state.clone()),
            Self::Driver(Driver::Server(error)) | Self::Row(_, Driver::Server(error)) => {
                (Some(error.code), is_sql_state(&error.state).then(|| error.state.clone()))
            }
            _ => (None, None),
        }
    }

    fn meaning(&self) -> (PortErrorKind, &'static str) {
        use PortErrorKind::{Rejected, Timeout, Unavailable, Unexpected};
        match self {
            Self::Known(known) => (known.kind, known.message),
            Self::Crowded => (Unavailable, "too many searches are waiting for this database already"),
            Self::TooLarge(_) | Self::Ended(Ending::TooLarge) => (Rejected, TOO_LARGE),
            Self::Deadline | Self::Ended(Ending::Overdue) => (Timeout, "the database did not answer in time"),
            Self::Ended(Ending::Protocol(_)) => (Unavailable, ROGUE),
            Self::Refused(refusal) => refusal_meaning(refusal),
            Self::Request(what) => (Rejected, what),
            Self::Driver(Driver::Server(error)) | Self::Row(_, Driver::Server(error)) => {
                server_meaning(error)
            }
            Self::Row(..) => (Rejected, "the server refused the row"),
            Self::Driver(error) if is_large_statement(error) => (Rejected, LARGE_STATEMENT),
            Self::Closed => (Unavailable, "the connection was closed on this side"),
            Self::NoRuntime(_) | Self::Pool(_) | Self::Ended(Ending::Driver(_)) => (Unexpected, OURS),
            Self::Driver(_) | Self::Ended(_) | Self::Gate(_) | Self::Connect | Self::Task(_) => {
                (Unavailable, UNREACHABLE)
            }
        }
    }
}

/// A fault that happened before, as it is told again.
#[derive(Debug, Clone, thiserror::Error)]
#[error("not tried again yet since: {message}")]
pub(crate) struct Known {
    kind: PortErrorKind,
    message: &'static str,
    errno: Option<u16>,
    sql_state: Option<String>,
}

impl Known {
    #[cfg(test)]
    pub(crate) fn kind(&self) -> PortErrorKind {
        self.kind
    }
}

/// The same for a closed port, a silent one and one where something else answers, so that nobody
/// scans a network through this service.
const UNREACHABLE: &str = "no MySQL or MariaDB server could be reached there, or it went away";
const OURS: &str = "the service could not make this call";
const METHOD: &str = "the server asks for a way of logging in that this service does not use";
const ROGUE: &str = "what answers there does not keep to the MySQL protocol, so the connection was closed";
const LARGE_STATEMENT: &str = "this is more than can be asked for in one statement";
const TOO_LARGE: &str = "the rows of this answer are larger than this service takes";

/// The one place where what went wrong is turned into a port's error. The server's own words stay
/// behind as its source.
pub(crate) fn port_error(operation: &'static str, fault: Fault) -> PortError {
    let (kind, message) = fault.meaning();
    let mut detail = PublicDetail { message: message.to_owned(), ..PublicDetail::default() };
    match fault {
        // A host that the policy forbids is told by its constraint.
        Fault::Gate(error) if error.kind == kind => error.with_detail(detail),
        Fault::Gate(error) => error,
        fault => {
            (detail.errno, detail.sql_state) = fault.numbers();
            PortError::new(kind, System::DataSource, operation).with_detail(detail).with_source(fault)
        }
    }
}

/// The text comes from the server, which is trusted with nothing.
fn is_sql_state(text: &str) -> bool {
    text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The driver hides this error's type; its text is held by a test of the contract.
fn is_large_statement(error: &Driver) -> bool {
    match error {
        Driver::Io(IoError::Io(error)) => {
            error.get_ref().is_some_and(|inner| inner.to_string().contains("max_allowed_packet"))
        }
        Driver::Driver(DriverError::PacketTooLarge) => true,
        _ => false,
    }
}

/// TLS errors of a handshake are inside an input/output error.
fn refusal_meaning(refusal: &Refusal) -> (PortErrorKind, &'static str) {
    use PortErrorKind::{NotPermitted, Rejected, Unavailable, Unexpected};
    match refusal {
        Refusal::Server(error) => server_meaning(error),
        Refusal::Greeting(_) => (Unavailable, UNREACHABLE),
        Refusal::Login(_) => (Unavailable, ROGUE),
        Refusal::NoTls => (Unavailable, "the server offers no TLS, which this connection asks for"),
        Refusal::Method => (NotPermitted, METHOD),
        Refusal::Unverified => (
            NotPermitted,
            "the server asks for the password itself, which is sent over TLS with a verified certificate alone",
        ),
        Refusal::Name => (Rejected, "the name that the certificate must be valid for is no host name"),
        Refusal::Roots => (Rejected, "the certificates to trust can't be read as PEM, or there are none"),
        Refusal::Tls(_) | Refusal::Socket(_) | Refusal::Driver(_) => (Unexpected, OURS),
        Refusal::Network(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(rustls::Error::InvalidCertificate(_)) => {
                (Unavailable, "the server's certificate is not valid for its name, or not trusted")
            }
            Some(_) => (Unavailable, "TLS could not be agreed on with the server"),
            None => (Unavailable, UNREACHABLE),
        },
    }
}

/// By the numbers that MySQL and MariaDB share, then by the class of the SQLSTATE.
fn server_meaning(error: &ServerError) -> (PortErrorKind, &'static str) {
    use PortErrorKind::{NotPermitted, Rejected, Timeout, Unavailable};
    match error.code {
        1_045 | 1_698 => (NotPermitted, "the server refused this user name or password"),
        1_044 => (NotPermitted, "this user has no rights in this database"),
        1_142 | 1_143 | 1_227 | 1_345 | 1_370 => (NotPermitted, "this user has no right to do this"),
        1_036 | 1_288 | 1_290 | 1_348 | 1_471 | 1_792 | 1_836 => (NotPermitted, "this can only be read"),
        1_020 | 1_213 => (Unavailable, "other writers were in the way"),
        1_129 | 1_130 => (NotPermitted, "the server takes no connections from this service's address"),
        1_251 | 1_275 | 1_524 => (NotPermitted, METHOD),
        1_820 | 1_862 => (NotPermitted, "this user's password has expired"),
        3_118 | 4_151 => (NotPermitted, "this user is locked"),
        3_159 => (NotPermitted, "the server takes encrypted connections only"),
        1_049 => (Rejected, "the server has no database of this name"),
        1_146 | 1_356 => (Rejected, "a table or view is gone or broken since the schema was read"),
        1_054 => (Rejected, "a column is gone since the schema was read"),
        1_191 => (Rejected, "there is no full-text index over exactly these columns any more"),
        188 => (Rejected, "more rows match these words than the server's full-text search can hold"),
        1_104 => (Rejected, "the server refuses to read so many rows (max_join_size)"),
        1_028 | 1_205 | 1_317 | 1_969 | 3_024 => {
            (Timeout, "the statement ran into its time limit and was ended")
        }
        1_040 | 1_203 | 1_226 => (Unavailable, "the server has no connection left for this user"),
        1_461 => (Unavailable, "the server has no room for prepared statements"),
        1_037 | 1_038 | 1_041 | 1_053 | 1_077 | 1_079 | 1_080 | 1_615 | 1_927 | 4_031 => {
            (Unavailable, "the server is overloaded, shutting down, or ended the session")
        }
        _ if error.state.starts_with("08") => (Unavailable, UNREACHABLE),
        _ if error.state.starts_with("28") => (NotPermitted, "the server refused this user"),
        _ if error.state == "70100" => (Timeout, "the statement was ended before it was done"),
        _ => (Rejected, "the server refused the statement"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_server(code: u16, state: &str) -> PortError {
        let message = "Access denied for user 'alice'@'10.0.0.7'".to_owned();
        let error = ServerError { code, message, state: state.to_owned() };
        port_error("test", Fault::Driver(Driver::Server(error)))
    }

    #[test]
    fn errors_of_the_server_say_what_a_caller_can_do() {
        for (code, state, kind) in [
            (1_045, "28000", PortErrorKind::NotPermitted),
            (1_044, "42000", PortErrorKind::NotPermitted),
            (1_698, "28000", PortErrorKind::NotPermitted),
            (1_049, "42000", PortErrorKind::Rejected),
            (1_146, "42S02", PortErrorKind::Rejected),
            (1_054, "42S22", PortErrorKind::Rejected),
            (1_191, "HY000", PortErrorKind::Rejected),
            (1_969, "70100", PortErrorKind::Timeout),
            (3_024, "HY000", PortErrorKind::Timeout),
            (1_317, "70100", PortErrorKind::Timeout),
            (1_040, "08004", PortErrorKind::Unavailable),
            (9_999, "08S01", PortErrorKind::Unavailable),
            (9_999, "HY000", PortErrorKind::Rejected),
        ] {
            assert_eq!(from_server(code, state).kind, kind, "{code}");
        }
    }

    #[test]
    fn the_server_s_own_words_are_not_shown() {
        let detail = from_server(1_045, "28000").detail.unwrap_or_default();
        assert_eq!((detail.errno, detail.sql_state.as_deref()), (Some(1_045), Some("28000")));
        assert!(!detail.message.contains("alice"));
        let odd = from_server(1_045, "<b>ab").detail.unwrap_or_default();
        assert_eq!(odd.sql_state, None);
    }
}
