//! The HTTP edge: routes, credentials, bodies, the envelope, error codes and the OpenAPI document.
//!
//! Invariants:
//! - [`routes`] is the only table of routes; what is documented, allowed and answered follows it.
//! - A handler that needs a permission takes it as a [`Granted`](altus4_kernel::Granted) value, so
//!   it can't run where the check was forgotten.
//! - Every answer under `/api` is in the envelope and has a request id, failures included.
//! - No answer shows a cause, a password, a key or a token that its caller didn't just make.
//!
//! ```no_run
//! # use altus4_http::{HttpConfig, HttpServer, Services};
//! # async fn serve(services: Services) -> Result<(), Box<dyn std::error::Error>> {
//! let server = HttpServer::bind(HttpConfig::default(), services)?;
//! println!("listening on {}", server.local_addr());
//! server.run(std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```

mod app;
mod bill;
mod config;
mod context;
mod docs;
mod envelope;
mod error;
mod extract;
mod health;
mod middleware;
mod openapi;
mod routes;
mod schema;
mod server;
mod state;
mod v1;

#[cfg(test)]
mod tests;

pub use crate::config::HttpConfig;
pub use crate::extract::{NoNetwork, TrustedProxies};
pub use crate::health::HealthCheck;
pub use crate::routes::reserved_names;
pub use crate::schema::{SchemaVersions, StoreSchema};
pub use crate::server::{BindFault, HttpServer};
pub use crate::state::Services;
