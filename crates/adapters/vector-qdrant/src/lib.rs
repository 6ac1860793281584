//! The port [`VectorIndex`](altus4_search::VectorIndex) in Qdrant, over its REST API: for those who
//! outgrow one machine, or have several nodes.
//!
//! A collection is one of Qdrant's, named `altus4_<id>`; a row is a point, whose id follows from its key
//! (a `UUIDv5`), with the key and the content's hash beside it.
//!
//! Invariants:
//! - No call takes longer than [`QdrantConfig::call_timeout`]; nothing is sent twice but to a collection
//!   that was dropped under it.
//! - No answer is held in memory beyond a bound, and none is believed that makes no sense.
//! - What was sent goes to the address of the settings and nowhere else: no redirect is followed, no
//!   proxy used. No text that this crate makes contains the API key.

mod client;
mod config;
mod error;
mod index;
mod points;

pub use crate::{
    config::{QdrantConfig, QdrantUrl, QdrantUrlFault},
    error::QdrantFault,
    index::QdrantVectorIndex,
};
