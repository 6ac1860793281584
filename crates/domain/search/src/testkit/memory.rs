//! Fakes of the ports about what stands around a search.

mod cache;
mod log;
mod saved;

pub use self::{cache::InMemoryAnswerCache, log::InMemorySearchLog, saved::InMemorySavedSearches};
