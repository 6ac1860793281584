//! What the port to rows answers when it can't do what it was asked.

use altus4_kernel::{PortError, PortErrorKind, System};

/// Why a user's database refused a row. Names are as its schema spells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// In which way.
    pub kind: RefusalKind,
    /// Which of the rows of an insert, from 0.
    pub row: Option<usize>,
    /// The columns that it is about, as far as the server tells: those of the unique or foreign key,
    /// the one without a value, the one that can't hold its value.
    pub columns: Vec<String>,
}

/// In which way a row was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// Another row has these values already.
    Unique,
    /// There is no row that it refers to.
    Unreferenced,
    /// Another row refers to it.
    StillReferenced,
    /// A column has no value, and no default.
    NotNull,
    /// It breaks a rule of the table, or of a trigger.
    Check,
    /// A number or a date is outside of what the column holds.
    OutOfRange,
    /// A text or bytes are longer than the column.
    TooLong,
    /// The value is of no kind that the column takes.
    WrongKind,
}

/// What a table was thought to have, and hasn't any more, as the request spelled it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// The table itself.
    Table(String),
    /// A column; the server may not tell of which table.
    Column(String),
    /// An index.
    Index(String),
    /// Something that the server doesn't name.
    Unnamed,
}

/// The answers of [`Records`](crate::Records) other than success.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RecordsError {
    /// The database refused a row; nothing was written.
    #[error("the database refused the row")]
    Refused(Refusal, #[source] Option<Box<PortError>>),
    /// The schema isn't what it was.
    #[error("the table is not as it was")]
    SchemaChanged(Missing, #[source] Option<Box<PortError>>),
    /// The user of the connection may read and not write, or the table can't be written at all.
    #[error("the database's user may not do this")]
    NotPermitted(#[source] PortError),
    /// More than can be held in memory at once.
    #[error("the rows are too large to be read at once")]
    TooLarge,
    /// Two transactions were in each other's way too often; trying again may help.
    #[error("other writers were in the way")]
    Busy(#[source] PortError),
    /// Anything else: `Unavailable`, `Timeout`, `NotPermitted` for a login that was refused, `Rejected`.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl RecordsError {
    /// A fault of this program, such as a request that no statement can be made of.
    #[must_use]
    pub fn unexpected(operation: &'static str, reason: &'static str) -> Self {
        Self::Port(
            PortError::new(PortErrorKind::Unexpected, System::DataSource, operation).with_source(reason),
        )
    }
}
