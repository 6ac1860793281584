//! The cases of the [`FullTextIndex`](crate::FullTextIndex) contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

mod bench;
mod finding;
mod listing;
mod walking;

pub use self::{finding::*, listing::*, walking::*};
