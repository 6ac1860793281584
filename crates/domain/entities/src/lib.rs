//! Tables of users' databases as endpoints: which are offered ([`Entity`]), and their records.
//!
//! Invariants:
//! - A name from a request never reaches SQL: fields become [`ColumnRef`](altus4_connections::ColumnRef)s
//!   of a schema snapshot, or faults.
//! - What can't be read can't be filtered, sorted or searched by either, and is told apart from what
//!   isn't there by nothing.

mod cursor;
mod entity;
mod error;
mod field_type;
mod geometry;
mod known;
mod naming;
mod ports;
mod query;
mod record;
mod records;
mod refusal;
mod service;
mod shelf;
mod value_in;
mod value_out;
mod view;

#[cfg(any(test, feature = "testkit"))]
pub mod testkit;

pub use crate::entity::{
    Entity, EntityName, EntitySettings, Exposure, FieldCase, FieldRule, Operation, RelationKind,
    RelationRule, ThroughRule,
};
pub use crate::error::{EntityError, RefusedRecord};
pub use crate::field_type::{Digits, FieldType};
pub use crate::ports::{ENTITY_LIMIT_CONSTRAINT, ENTITY_NAME_CONSTRAINT, EntityRepository};
pub use crate::query::{Count, FieldFault, ListQuery, Paging, QueryFaults, ReadQuery, SortField};
pub use crate::record::{Cell, Expected, Record, Version, Versioned};
pub use crate::records::{
    Assigned, Counting, DeleteRequest, Holds, InsertRequest, ManyRequest, Precondition, Records,
    RecordsResult, Related, RelatedRequest, RowKey, RowValues, SelectRequest, Selection, SortBy, SortPart,
    TextSearch, UpdateRequest, Written,
};
pub use crate::refusal::{Missing, RecordsError, Refusal, RefusalKind};
pub use crate::service::{
    Created, Described, EntityPorts, EntityService, NewEntity, Put, RecordPage, Registered, RegistryChange,
    Standing,
};
pub use crate::shelf::Shelf;
pub use crate::value_in::from_json;
pub use crate::value_out::to_json;
pub use crate::view::{Drift, EntityView, Field, RelationView};

#[cfg(feature = "mock")]
pub use crate::{ports::MockEntityRepository, records::MockRecords};
