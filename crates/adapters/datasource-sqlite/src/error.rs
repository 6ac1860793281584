//! What can go wrong with a file, and how that is told.

use std::io;

use altus4_connections::HOST_CONSTRAINT;
use altus4_entities::Refusal;
use altus4_kernel::{PortError, PortErrorKind, PublicDetail, System};

/// What went wrong. Its text is for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the path leads outside the directory for SQLite files")]
    Outside,
    #[error("there is no such file")]
    Missing,
    #[error("not a regular file")]
    NotAFile,
    #[error("the file is too short for a database")]
    TooShort,
    #[error("the file can't be read")]
    Unreadable(#[source] io::Error),
    #[error("the deadline has passed")]
    Late,
    #[error("the source is closing")]
    Closing,
    #[error("a full-text table of the file reads SQLite's own settings")]
    SelfReading,
    #[error("the full-text index is not what the schema says")]
    StaleIndex,
    #[error("the rows are too large")]
    TooLarge,
    #[error("{0}")]
    Request(&'static str),
    #[error("the row was refused")]
    Row(Refusal, #[source] Option<sqlx::Error>),
    #[error(transparent)]
    Sqlite(#[from] sqlx::Error),
}

impl Fault {
    /// This fault as the port's error: the one place where faults get their kinds and their words.
    pub(crate) fn at(self, operation: &'static str) -> PortError {
        use PortErrorKind::{NotPermitted, Rejected, Timeout, Unavailable};
        let (kind, message) = match &self {
            Self::Outside => (NotPermitted, "The path leads outside the directory for SQLite files."),
            Self::Missing => (Rejected, "There is no such file."),
            Self::NotAFile => (Rejected, "The path does not name a regular file."),
            Self::TooShort => (Rejected, NO_DATABASE),
            Self::Unreadable(_) => (Unavailable, "The file can't be read."),
            Self::Late => (Timeout, "The database did not answer in time."),
            Self::Closing => (Unavailable, "The service is closing its connections."),
            Self::SelfReading => (Rejected, "A full-text table in the file reads SQLite's own settings."),
            Self::StaleIndex => (Rejected, CHANGED),
            Self::TooLarge => (Rejected, "The rows of this answer are larger than this service takes."),
            Self::Request(_) => (Rejected, "No statement can be made of this."),
            Self::Row(..) => (Rejected, "SQLite refused the row."),
            Self::Sqlite(error) => told(error),
        };
        let errno = self.result_code().and_then(|code| u16::try_from(code).ok());
        let detail = PublicDetail { message: message.to_owned(), errno, sql_state: None };
        let error = PortError::new(kind, System::DataSource, operation).with_detail(detail);
        let outside = matches!(self, Self::Outside);
        let error = if outside { error.with_constraint(HOST_CONSTRAINT) } else { error };
        error.with_source(self)
    }

    /// What SQLite said.
    pub(crate) fn said(&self) -> Option<&str> {
        match self {
            Self::Sqlite(sqlx::Error::Database(error)) => Some(error.message()),
            _ => None,
        }
    }

    /// SQLite's extended result code, where it gave one.
    pub(crate) fn result_code(&self) -> Option<u32> {
        match self {
            Self::Sqlite(sqlx::Error::Database(error)) => error.code()?.parse().ok(),
            _ => None,
        }
    }

    /// Whether SQLite said no to this statement alone, so that another may still succeed.
    pub(crate) fn is_of_statement(&self) -> bool {
        const ERROR: u32 = 1;
        const BUSY: u32 = 5;
        const LOCKED: u32 = 6;
        const CORRUPT: u32 = 11;
        const TOO_BIG: u32 = 18;
        const CONSTRAINT: u32 = 19;
        const MISMATCH: u32 = 20;
        matches!(
            self.result_code().map(primary),
            Some(ERROR | BUSY | LOCKED | CORRUPT | TOO_BIG | CONSTRAINT | MISMATCH)
        )
    }
}

const CHANGED: &str =
    "SQLite refused the statement: a table, a column or an index has changed since the schema was read.";

/// The first byte is the kind of failure, the rest says more (sqlite.org/rescode.html).
pub(crate) fn primary(code: u32) -> u32 {
    code & 0xff
}

fn told(error: &sqlx::Error) -> (PortErrorKind, &'static str) {
    use PortErrorKind::{NotPermitted, Rejected, Timeout, Unavailable};
    const READONLY_ROLLBACK: u32 = 776;
    const SHORT_READ: u32 = 522;
    let code = match error {
        sqlx::Error::Database(error) => error.code().and_then(|code| code.parse::<u32>().ok()),
        _ => None,
    };
    match code {
        Some(SHORT_READ) => (Rejected, DAMAGED),
        Some(READONLY_ROLLBACK) => {
            (Unavailable, "Another program left a change half written; open the file with it once.")
        }
        Some(code) => match primary(code) {
            1 | 17 => (Rejected, CHANGED),
            3 | 23 => (NotPermitted, "SQLite may not read this file."),
            8 => (NotPermitted, "The file can only be read."),
            5 | 6 => (Unavailable, "Another program is writing to the file."),
            7 | 18 => (Rejected, "The statement needs more memory than it may have."),
            9 => (Timeout, "The database did not answer in time."),
            11 => (Rejected, DAMAGED),
            14 => (Unavailable, "SQLite can't open the file."),
            26 => (Rejected, NO_DATABASE),
            _ => (Unavailable, "SQLite failed to read the file."),
        },
        None => (Unavailable, "SQLite failed to read the file."),
    }
}

const NO_DATABASE: &str = "The file is not an SQLite database.";
const DAMAGED: &str = "The file is damaged; `PRAGMA integrity_check` says more.";

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;

    #[test]
    fn the_causes_words_are_kept_from_the_answer() {
        let error = Fault::Unreadable(io::Error::other("/srv/secret/path")).at("probe");
        assert_eq!(error.detail.as_ref().map(|d| d.message.as_str()), Some("The file can't be read."));
        assert!(!error.to_string().contains("secret"));
        assert!(error.source().and_then(Error::source).is_some_and(|s| s.to_string().contains("secret")));
    }

    #[test]
    fn a_path_outside_is_named_as_the_host_policy() {
        let error = Fault::Outside.at("probe");
        assert_eq!((error.kind, error.constraint), (PortErrorKind::NotPermitted, Some(HOST_CONSTRAINT)));
    }
}
