//! The rules of the house (docs/ARCHITECTURE.md), held by a machine: what was not checked leaked.
//!
//! To change a rule, change its table here and the page in one commit.

mod edges;
mod files;
mod manifests;
mod owners;
mod workspace;
