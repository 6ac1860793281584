//! The port [`VectorIndex`](altus4_search::VectorIndex) in a folder of this machine: vectors in memory,
//! found through a graph of neighbours (HNSW: Malkov, Yashunin, "Efficient and robust approximate
//! nearest neighbor search using Hierarchical Navigable Small World graphs", 2016), and on the disk in
//! a log that only grows.
//!
//! The log is the truth. A graph is a copy of what follows from it, written now and then, and made anew
//! where it is missing or doesn't fit. What the graph doesn't have yet is compared one by one, so that a
//! row is found as soon as it was put, and small collections need no graph at all.
//!
//! Invariants:
//! - What was acknowledged is on the disk. A call's entries are there together or not at all.
//! - A log whose end is torn loses what was never acknowledged, and nothing else; one that is damaged
//!   before its end is [`Corrupt`](altus4_kernel::PortErrorKind::Corrupt) and never shortened.
//! - Nothing that was read from the disk is believed before its checksum was compared.
//! - One thread of low priority, for all collections, makes the graphs; searching goes on meanwhile, and
//!   waits for no longer than it takes to set the links of one row.
//! - One folder belongs to one process at a time.
//! - A row takes about `2 · dimensions + 240` bytes of memory and its key, on the disk half of the 240. Rows
//!   that were replaced or removed are taken out once there are more of them than of the others.
//!   Collections that nobody asks for are closed.

mod chunks;
mod collection;
mod config;
mod error;
mod files;
mod frame;
mod graph;
mod index;
mod log;
mod numbers;
mod rows;
mod shelf;
mod snapshot;
mod worker;

pub use crate::{config::HnswConfig, error::HnswFault, index::HnswVectorIndex};
