//! Fakes of the ports about what stands around a search.

mod cache;
mod embedder;
mod embeddings;
mod log;
mod records;
mod saved;
mod vectors;

pub use self::{
    cache::InMemoryAnswerCache, embedder::InMemoryEmbedder, embeddings::InMemoryEmbeddingCache,
    log::InMemorySearchLog, records::InMemoryVectorRecords, saved::InMemorySavedSearches,
    vectors::InMemoryVectorIndex,
};
