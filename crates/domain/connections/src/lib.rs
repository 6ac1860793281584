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

mod advice;
mod catalog;
mod change;
mod connection;
mod draft;
mod error;
mod evidence;
mod filter;
mod gate;
mod index_rules;
mod indexing;
mod language;
mod link;
mod ports;
mod rotation;
mod schema;
mod service;
mod targets;
mod value;

#[cfg(any(test, feature = "testkit"))]
pub mod testkit;

pub use crate::advice::{
    Advice, AdviceKind, ConvertedColumn, Effect, Impact, Known, Locks, Remedy, Seen, advise,
};
pub use crate::catalog::SchemaCatalog;
pub use crate::change::{ConnectionChange, OptionsChange};
pub use crate::connection::{
    Connection, ConnectionName, ConnectionOptions, ConnectionStatus, Endpoint, Engine, SearchDefaults,
    Target, Tls,
};
pub use crate::draft::{DatabaseName, Host, NewConnection, UserName};
pub use crate::error::ConnectionError;
pub use crate::evidence::{EvidenceRecorder, EvidenceStore, Tally};
pub use crate::filter::{
    DateRange, Filter, FilterFault, FilterFaultKind, FilterField, FilterQuery, PATTERN_ESCAPE, Test, as_date,
    as_time, escaped_pattern, literal_pattern,
};
pub use crate::gate::{AddressGate, HostPolicy, HostRule, HostRuleFault};
pub use crate::index_rules::IndexRules;
pub use crate::indexing::{
    BuildProgress, Built, IndexBuilder, IndexDraft, IndexError, IndexJob, IndexJobRepository, IndexName,
    IndexPlan, IndexPorts, IndexService, IndexWorker, JOB_LIMIT_CONSTRAINT, JOB_TABLE_CONSTRAINT, JobFailure,
    JobLimits, JobState, ParserName, Progress, Recommendation, ServerFacts, ServerFamily,
};
pub use crate::language::SearchLanguage;
pub use crate::link::{ColumnPair, Junction, Link};
pub use crate::ports::{
    Access, ByEngine, ConnectionProbe, ConnectionRepository, HOST_CONSTRAINT, HostResolver, NAME_CONSTRAINT,
    PLAN_CONSTRAINT, PoolUsage, ProbeReport, SchemaInspector, SearchEvidence, Searched, StoredConnection,
};
pub use crate::rotation::password_rotation;
pub use crate::schema::{
    Column, ColumnKind, ColumnRef, DiscoveredColumn, DiscoveredIndex, DiscoveredTable, FullTextKey,
    Generated, Relation, SchemaSnapshot, Table, TableKind, TableRef,
};
pub use crate::service::{ConnectionService, CurrentStatus};
pub use crate::value::Value;

#[cfg(feature = "mock")]
pub use crate::ports::{
    MockConnectionProbe, MockConnectionRepository, MockHostResolver, MockSchemaInspector, MockSearchEvidence,
};
#[cfg(feature = "mock")]
pub use crate::{
    evidence::MockEvidenceStore,
    indexing::{MockIndexBuilder, MockIndexJobRepository},
};
