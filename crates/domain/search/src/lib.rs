//! Searching users' databases where they are: reading a query, planning it over the indexes there
//! are, gathering candidates from several databases at once, and ranking them in one list.
//!
//! Invariants:
//! - A search touches the databases of one account: the one its
//!   [`Granted`](altus4_kernel::Granted) permission names.
//! - One database that fails, hangs or lies costs its own results and no one else's.
//! - Nothing of a query reaches SQL but as bound words; names come from the schema snapshot.
//! - No text, whatever Unicode it is, is an error.

mod answer;
mod error;
mod gather;
mod identity;
mod markup;
mod plan;
mod ports;
mod present;
mod query;
mod rank;
mod service;
mod text;

pub use crate::answer::{Degraded, Failure, FailureReason, Hit, SearchAnswer, TotalCount};
pub use crate::error::SearchError;
pub use crate::ports::{
    Candidate, CandidateRequest, CandidateSource, FullTextIndex, ReadColumn, Row, RowsRequest,
};
pub use crate::query::{QueryText, SearchMode, SearchQuery, Tags, Window};
pub use crate::service::SearchService;

#[cfg(feature = "mock")]
pub use crate::ports::MockFullTextIndex;
