//! Full-text indexes that the service makes for a database's owner: what is asked for, the job that
//! does it, and who does it.

mod draft;
mod error;
mod job;
mod ports;
mod service;
mod worker;

#[cfg(any(test, feature = "mock"))]
pub use self::ports::{MockIndexBuilder, MockIndexJobRepository};
pub use self::{
    draft::{IndexDraft, IndexName, IndexPlan, ParserName},
    error::IndexError,
    job::{IndexJob, JobFailure, JobState},
    ports::{
        BuildProgress, Built, IndexBuilder, IndexJobRepository, JOB_LIMIT_CONSTRAINT, JOB_TABLE_CONSTRAINT,
        JobLimits, Progress, ServerFacts, ServerFamily,
    },
    service::{IndexPorts, IndexService, Recommendation},
    worker::IndexWorker,
};

#[cfg(test)]
mod tests;
