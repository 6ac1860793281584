//! The handlers, by resource. Each reads its request, calls one use case and shapes the answer.

pub(crate) mod admin;
mod audit;
pub(crate) mod auth;
pub(crate) mod databases;
pub(crate) mod management;
pub(crate) mod search;
pub(crate) mod system;
