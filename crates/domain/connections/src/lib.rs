//! Users' own databases: what is known of them, how their credentials are kept, where the service
//! may dial, and what their schemas look like.
//!
//! Invariants:
//! - A password is sealed before it reaches a repository, bound to the row it belongs to
//!   ([`SecretCipher`](altus4_kernel::SecretCipher)), and opened only into a [`Target`] that goes straight to an adapter.
//! - An address is dialled only if the [`HostPolicy`] let it through after the name was resolved
//!   ([`AddressGate`]).
//! - SQL identifiers ([`TableRef`], [`ColumnRef`]) come out of a [`SchemaSnapshot`] and from
//!   nowhere else, so a name that a request made up can't reach a statement.

mod catalog;
mod connection;
mod draft;
mod error;
mod gate;
mod ports;
mod rotation;
mod schema;
mod service;
mod value;

#[cfg(any(test, feature = "testkit"))]
pub mod testkit;

pub use crate::catalog::SchemaCatalog;
pub use crate::connection::{
    Connection, ConnectionName, ConnectionOptions, ConnectionStatus, Endpoint, Engine, SearchDefaults,
    Target, Tls,
};
pub use crate::draft::{DatabaseName, Host, NewConnection, UserName};
pub use crate::error::ConnectionError;
pub use crate::gate::{AddressGate, HostPolicy, HostRule, HostRuleFault};
pub use crate::ports::{
    ByEngine, ConnectionProbe, ConnectionRepository, HOST_CONSTRAINT, HostResolver, NAME_CONSTRAINT,
    PLAN_CONSTRAINT, ProbeReport, SchemaInspector, StoredConnection,
};
pub use crate::rotation::password_rotation;
pub use crate::schema::{
    Column, ColumnKind, ColumnRef, DiscoveredColumn, DiscoveredIndex, DiscoveredTable, FullTextKey, Relation,
    SchemaSnapshot, Table, TableKind, TableRef,
};
pub use crate::service::ConnectionService;
pub use crate::value::Value;

#[cfg(feature = "mock")]
pub use crate::ports::{
    MockConnectionProbe, MockConnectionRepository, MockHostResolver, MockSchemaInspector,
};
