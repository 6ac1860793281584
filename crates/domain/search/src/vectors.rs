//! Vectors of tables that are kept beforehand: what is asked for, how far it is, and who builds them and
//! follows the rows they were made of.
//!
//! Nothing of a row goes to a provider outside unless its connection allows that at that moment.

mod build;
mod catalog;
mod draft;
mod embedding;
mod error;
mod follow;
mod ports;
mod record;
mod scene;
mod service;
mod worker;

#[cfg(any(test, feature = "mock"))]
pub use self::ports::MockVectorIndexRepository;
pub use self::{
    catalog::KeptVectorCatalog,
    draft::{NewVectorIndex, VectorFault, VectorSpec},
    error::VectorError,
    ports::{
        ClaimedVectors, VECTOR_LIMIT_CONSTRAINT, VECTOR_SAME_CONSTRAINT, VectorClaim, VectorIndexRepository,
    },
    record::{VectorCourse, VectorIndexRecord, VectorProgress, VectorState},
    service::{VectorPorts, VectorService, VectorSettings},
    worker::VectorWorker,
};

#[cfg(test)]
mod tests;
