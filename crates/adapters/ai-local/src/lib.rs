//! The port [`Embedder`](altus4_search::Embedder) on a small sentence model that runs in this process:
//! no account, no network, and no text that leaves it.
//!
//! Models are BERTs in the safetensors format, such as all-MiniLM-L6-v2, put below the data directory
//! by [`LocalModels`]. What runs them is pure Rust.
//!
//! Invariants:
//! - No file is used that isn't as it was installed: its hash is checked before each use.
//! - Models run on threads of their own, never on those that answer requests; what nobody waits for
//!   runs on one of the lowest priority, and never holds up what somebody does wait for by more than
//!   a few texts.
//! - The vector of a text is the same whatever it is embedded with.
//! - What waits is bounded, and of a text no more is kept than is read of it.

mod config;
mod embedder;
mod error;
mod lanes;
mod model;
mod store;
mod worker;

pub use crate::{
    config::LocalEmbedderConfig,
    embedder::{LocalEmbedder, Standing},
    error::ModelFault,
    store::{Downloaded, InstallOptions, InstalledModel, LocalModels, ModelFile},
};
