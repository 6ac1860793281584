//! The edge as a client sees it, over the real services and the domains' in-memory fakes.

mod accounts;
mod bodies;
mod databases;
mod edge;
mod limits;
mod listening;
mod logging;
mod routing;
mod searching;
mod world;
