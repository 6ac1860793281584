//! What can go wrong with entities and their records.

use altus4_connections::ConnectionError;
use altus4_kernel::PortError;

use crate::{
    ENTITY_LIMIT_CONSTRAINT, ENTITY_NAME_CONSTRAINT, EntityService, FieldFault, Operation, QueryFaults,
    RefusalKind,
};

/// A row that its database refused, in the entity's own names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRecord {
    /// The entity.
    pub entity: String,
    /// In which way.
    pub kind: RefusalKind,
    /// Which of several, from 0.
    pub row: Option<usize>,
    /// The fields that it is about, those that are offered.
    pub fields: Vec<String>,
}

/// The answers of [`EntityService`] other than success.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EntityError {
    /// The account has no such entity, whoever else may have it.
    #[error("there is no such entity")]
    NotFound(String),
    /// There is no such record.
    #[error("there is no such record")]
    NoSuchRecord {
        /// The entity.
        entity: String,
        /// The id that was asked for.
        id: String,
    },
    /// The account has an entity of this name.
    #[error("an entity of this name exists already")]
    NameTaken,
    /// The API itself has paths that begin with this name.
    #[error("the name '{0}' is the API's own")]
    NameReserved(String),
    /// The account has as many entities as it may.
    #[error("an account may have {0} entities")]
    TooMany(u32),
    /// Somebody else changed the entity at the same time.
    #[error("the entity was changed at the same time; read it again")]
    ChangedMeanwhile,
    /// A registration, or a record, that can't be taken; all that is wrong with it.
    #[error("the request can't be taken as it is")]
    Invalid(Vec<FieldFault>),
    /// A list that can't be given.
    #[error("the list can't be given as it was asked for")]
    InvalidQuery(QueryFaults),
    /// The entity doesn't allow this.
    #[error("the entity does not allow this")]
    NotOffered {
        /// What was tried.
        tried: Operation,
        /// What it allows.
        offered: Vec<Operation>,
    },
    /// The record isn't what the caller knew.
    #[error("the record is not what it was")]
    NotAsExpected,
    /// The database refused a record.
    #[error("the database refused the record")]
    Refused(RefusedRecord, #[source] Option<Box<PortError>>),
    /// The schema isn't what it was; what is missing, as a sentence.
    #[error("{0}")]
    SchemaChanged(String, #[source] Option<Box<PortError>>),
    /// The user of the connection may not write.
    #[error("the database's user may not do this")]
    NotPermitted(#[source] PortError),
    /// More than can be read at once.
    #[error("the records are too large to be read at once")]
    TooLarge,
    /// Other writers were in the way.
    #[error("other writers were in the way; try again")]
    Busy(#[source] PortError),
    /// The connection can't be used.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// A port failed.
    #[error(transparent)]
    Port(PortError),
}

impl From<PortError> for EntityError {
    fn from(error: PortError) -> Self {
        if error.is_conflict_on(ENTITY_NAME_CONSTRAINT) {
            Self::NameTaken
        } else if error.is_conflict_on(ENTITY_LIMIT_CONSTRAINT) {
            Self::TooMany(EntityService::MAX_ENTITIES)
        } else {
            Self::Port(error)
        }
    }
}
