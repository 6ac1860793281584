//! The handlers, by resource. Each reads its request, calls one use case and shapes the answer.

pub(crate) mod admin;
pub(crate) mod ai;
pub(crate) mod analytics;
mod audit;
pub(crate) mod auth;
pub(crate) mod databases;
pub(crate) mod entities;
pub(crate) mod keys;
pub(crate) mod management;
pub(crate) mod rate_limit;
pub(crate) mod records;
pub(crate) mod search;
pub(crate) mod system;
