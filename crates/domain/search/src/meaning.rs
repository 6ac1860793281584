//! Meaning as numbers: what an embedding is, who makes them, and where they are found again.

mod asking;
mod embedders;
mod ports;
mod rows;
mod vector;

pub use self::{
    asking::MeaningPorts,
    embedders::Embedders,
    ports::{
        ContentHash, EmbedRequest, Embedded, Embedder, EmbeddingCache, EmbeddingModel, Near, QueryEnhancer,
        ReadyVectors, Related, RowKey, ScanPage, TextKind, Urgency, VectorCatalog, VectorEntry, VectorIndex,
    },
    rows::{EMBEDDED_CHARS, embedded_text},
    vector::Vector,
};

pub(crate) use self::asking::{Asking, Lens, Lenses};

#[cfg(any(test, feature = "mock"))]
pub use self::ports::{
    MockEmbedder, MockEmbeddingCache, MockQueryEnhancer, MockVectorCatalog, MockVectorIndex,
};
