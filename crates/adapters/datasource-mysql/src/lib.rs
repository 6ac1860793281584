//! Users' MySQL and MariaDB databases: calling them, reading their schemas, searching their
//! full-text indexes, reading and writing their rows.
//!
//! Invariants:
//! - Sockets are opened in `guard.rs` alone, to the address that the
//!   [`AddressGate`](altus4_connections::AddressGate) admitted.
//! - Nothing that a server sends reaches the driver but through the guard.
//! - A session only reads, and each of its statements has a time limit on the server; but for the one
//!   session that makes an index that its owner asked for (`index_builder.rs`), and for transactions
//!   that say that they write (`transaction.rs`).
//! - Values are bound, never written into a statement; names are quoted by one function, and come
//!   from the schema snapshot.
//! - A session is used again only when its last statement came to its end. At a deadline, or when
//!   the caller goes away, the statement is killed on the server and the session is closed.
//! - A server that can't be reached, or misbehaves, is left alone for a while, and only so many calls
//!   wait for one: see `breaker.rs` and `pool.rs`.
//! - What is held of an answer is bounded, whatever the server sends.
//!
//! What MySQL and MariaDB don't have in common is in `dialect.rs`.
//!
//! ```no_run
//! # use altus4_connections::{AddressGate, ConnectionProbe, HostPolicy, Target};
//! use altus4_datasource_mysql::{MySqlConfig, MySqlSource, SystemResolver};
//! # async fn example(target: Target) -> altus4_kernel::PortResult<()> {
//! let gate = AddressGate::new(std::sync::Arc::new(SystemResolver), HostPolicy::default());
//! let source = MySqlSource::new(MySqlConfig::default(), gate);
//! let report = source.probe(&target, std::time::Duration::from_secs(5)).await?;
//! println!("{} in {:?}", report.version, report.response_time);
//! # Ok(())
//! # }
//! ```

mod breaker;
mod column_type;
mod config;
mod connect;
mod connection_probe;
mod dialect;
mod error;
mod full_text_index;
mod grants;
mod guard;
mod index_builder;
mod index_rules;
mod plan;
mod pool;
mod records;
mod refusal;
mod resolver;
mod schema_inspector;
mod session;
mod source;
mod statement;
mod transaction;
mod value;

pub use crate::{config::MySqlConfig, resolver::SystemResolver, source::MySqlSource};
