//! What disks and files say, in the terms of this program.

use std::{io, path::PathBuf, time::Duration};

use altus4_kernel::{PortError, PortErrorKind, System};

/// Why a folder of vectors could not be opened. `Display` is a sentence for whoever runs the service.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HnswFault {
    /// The folder can't be made, read or written.
    #[error("the folder of vectors {} cannot be used: {reason}", .folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// Another process has it.
    #[error("the folder of vectors {} is in use by another process", .folder.display())]
    InUse {
        /// Which.
        folder: PathBuf,
    },
}

/// Why a single call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The disk or the file system.
    #[error("{doing}: {reason}")]
    Disk {
        /// What was tried.
        doing: &'static str,
        reason: io::Error,
    },
    /// What is on the disk was not written like this.
    #[error("{0}")]
    Corrupt(&'static str),
    /// A vector of a collection that has others.
    #[error("a vector of {given} dimensions, where there are those of {expected}")]
    Dimensions { expected: usize, given: usize },
    /// More than is taken in one call.
    #[error("more than fits into one call")]
    TooMuch,
    /// What a scan is to go on from was not given by one.
    #[error("no place to go on from")]
    Place,
    /// The collection was dropped meanwhile, or a write failed in such a way that what is in the file can
    /// only be known by reading it again.
    #[error("the collection has to be opened again")]
    Spent,
    /// The folder can't be had.
    #[error(transparent)]
    Folder(#[from] HnswFault),
    /// The folder was closed.
    #[error("the folder of vectors is closed")]
    Closed,
    /// No answer in time.
    #[error("no answer within {} ms", .0.as_millis())]
    Silent(Duration),
    /// The work came to a sudden end.
    #[error("the work was not finished: {0}")]
    Ended(String),
}

impl Fault {
    /// For `map_err`: a failure of the disk while this was done.
    pub(crate) fn disk(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |reason| Self::Disk { doing, reason }
    }

    /// What a caller can do about it.
    fn kind(&self) -> PortErrorKind {
        match self {
            Self::Disk { .. } | Self::Spent | Self::Folder(_) | Self::Closed => PortErrorKind::Unavailable,
            Self::Corrupt(_) => PortErrorKind::Corrupt,
            Self::Dimensions { .. } | Self::TooMuch | Self::Place => PortErrorKind::Rejected,
            Self::Silent(_) => PortErrorKind::Timeout,
            Self::Ended(_) => PortErrorKind::Unexpected,
        }
    }

    /// The same as the port's error.
    pub(crate) fn into_port_error(self, operation: &'static str) -> PortError {
        PortError::new(self.kind(), System::Store, operation).with_source(self)
    }
}
