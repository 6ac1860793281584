//! What every request goes through on its way in, and every answer on its way out.

mod cors;
mod edge;
mod panics;
mod rewrite;

pub(crate) use self::{cors::cors, edge::edge, panics::catch_panics, rewrite::rewrite};
