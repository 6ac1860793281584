//! What every request goes through on its way in, and every answer on its way out.

mod cors;
mod course;
mod edge;
mod failure;
mod panics;
mod rate;
mod rewrite;
mod usage;

pub(crate) use self::{
    cors::cors,
    course::carry_out,
    edge::edge,
    panics::catch_panics,
    rewrite::{aliases, rewrite},
};
