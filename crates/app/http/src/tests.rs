//! The edge as a client sees it, over the real services and the domains' in-memory fakes.

mod accounts;
mod answer;
mod around;
mod bodies;
mod databases;
mod edge;
mod fakes;
mod generating;
mod indexes;
mod key_bounds;
mod keys;
mod limits;
mod listening;
mod logging;
mod rates;
mod retries;
mod routing;
mod saved;
mod searched;
mod searching;
mod usage;
mod vectors;
mod world;
