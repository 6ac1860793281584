//! Rows of `index_jobs`.

use altus4_connections::{IndexJob, JobFailure};
use altus4_kernel::{ConnectionId, IndexJobId};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::document::{read, written};
use crate::{error::Fault, moment::Moment};

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "index_jobs")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: TextUuid,
    pub(crate) connection_id: TextUuid,
    pub(crate) table_name: Vec<u8>,
    pub(crate) columns: String,
    pub(crate) index_name: String,
    pub(crate) statement: String,
    pub(crate) state: String,
    pub(crate) phase: Option<String>,
    pub(crate) progress: Option<f64>,
    pub(crate) created_at: Moment,
    pub(crate) started_at: Option<Moment>,
    pub(crate) finished_at: Option<Moment>,
    pub(crate) heartbeat_at: Moment,
    pub(crate) failure: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The document in `failure`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FailureDocument {
    message: String,
    errno: Option<u16>,
    said: Option<String>,
}

/// What `failure` holds.
pub(crate) fn failure_document(failure: &JobFailure) -> Result<String, Fault> {
    let JobFailure { message, errno, said } = failure.clone();
    written(&FailureDocument { message, errno, said })
}

impl TryFrom<&IndexJob> for Model {
    type Error = Fault;

    fn try_from(job: &IndexJob) -> Result<Self, Fault> {
        Ok(Self {
            id: TextUuid(job.id.as_uuid()),
            connection_id: TextUuid(job.connection_id.as_uuid()),
            table_name: job.table.as_bytes().to_vec(),
            columns: written(&job.columns)?,
            index_name: job.index.clone(),
            statement: job.sql.clone(),
            state: job.state.as_str().to_owned(),
            phase: job.phase.clone(),
            progress: job.progress,
            created_at: job.created_at.into(),
            started_at: job.started_at.map(Into::into),
            finished_at: job.finished_at.map(Into::into),
            heartbeat_at: job.heartbeat_at.into(),
            failure: job.failure.as_ref().map(failure_document).transpose()?,
        })
    }
}

impl TryFrom<Model> for IndexJob {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let failure = row.failure.as_deref().map(|document| {
            let FailureDocument { message, errno, said } = read(document, "index_jobs.failure")?;
            Ok::<_, Fault>(JobFailure { message, errno, said })
        });
        Ok(Self {
            id: IndexJobId::from_uuid(row.id.0),
            connection_id: ConnectionId::from_uuid(row.connection_id.0),
            table: String::from_utf8(row.table_name).map_err(|_| Fault::Corrupt("index_jobs.table_name"))?,
            columns: read(&row.columns, "index_jobs.columns")?,
            index: row.index_name,
            sql: row.statement,
            state: row.state.parse().map_err(|_| Fault::Corrupt("index_jobs.state"))?,
            phase: row.phase,
            progress: row.progress,
            created_at: row.created_at.into(),
            started_at: row.started_at.map(Into::into),
            finished_at: row.finished_at.map(Into::into),
            heartbeat_at: row.heartbeat_at.into(),
            failure: failure.transpose()?,
        })
    }
}
