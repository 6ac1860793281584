//! The edge as a client sees it, over the real services and the domains' in-memory fakes.

mod accounts;
mod analytics;
mod answer;
mod around;
mod bodies;
mod databases;
mod edge;
mod entities;
mod fakes;
mod figures;
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
