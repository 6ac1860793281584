//! Why a model can't be used, and what callers of the port are told.

use std::{io, path::PathBuf};

use altus4_kernel::{PortError, PortErrorKind, System};
use thiserror::Error;

/// Why a model can't be used or installed.
#[derive(Debug, Error)]
pub enum ModelFault {
    /// A file or folder can't be read or written.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What should be a model isn't one, or is broken.
    #[error("not a model: {0}")]
    NotAModel(String),
    /// It is a model of a kind that doesn't run here.
    #[error(
        "a model of this kind doesn't run here: {0} (what does: a BERT as sentence-transformers saves it, with model.safetensors, config.json and tokenizer.json, pooled by the mean or by its first token)"
    )]
    Unsupported(String),
    /// A file isn't what it should be.
    #[error("{what} has the SHA-256 {found}, and it should be {expected}")]
    Mismatch {
        /// The file.
        what: String,
        /// The hash it should have.
        expected: String,
        /// The hash it has.
        found: String,
    },
    /// It came from elsewhere, and nobody said what its hash should be.
    #[error(
        "what was downloaded has the SHA-256 {found}; if that is what it should be, say so with --sha256 {found}"
    )]
    HashWanted {
        /// The hash it has.
        found: String,
    },
    /// It can't be downloaded.
    #[error("can't download it: {0}")]
    Download(String),
    /// Another process installs or removes a model just now.
    #[error("another installation is going on")]
    Busy,
    /// It isn't a name for a model.
    #[error(
        "a model's name has 1 to 100 of the characters A-Z, a-z, 0-9, '-', '_' and '.', the first no '.'"
    )]
    BadName,
    /// More than is taken.
    #[error("{what} has more than {most} bytes")]
    TooLarge {
        /// What.
        what: String,
        /// How many are taken.
        most: u64,
    },
}

impl ModelFault {
    /// What the system said about a file.
    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}

/// An error of [`Embedder::embed`](altus4_search::Embedder::embed).
pub(crate) fn embed_error(kind: PortErrorKind) -> PortError {
    PortError::new(kind, System::Ai, "embedder.embed")
}
