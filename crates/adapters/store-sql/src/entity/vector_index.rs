//! Rows of `vector_indexes`.

use altus4_kernel::{AccountId, ConnectionId, VectorIndexId};
use altus4_search::{RowKey, VectorCourse, VectorIndexRecord, VectorProgress, VectorSpec};
use sea_orm::{IntoActiveModel, NotSet, entity::prelude::*};

use super::document::{read, written};
use crate::{error::Fault, moment::Moment};

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "vector_indexes")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: TextUuid,
    pub(crate) account_id: TextUuid,
    pub(crate) connection_id: TextUuid,
    pub(crate) table_name: Vec<u8>,
    pub(crate) columns: String,
    pub(crate) key_columns: String,
    pub(crate) updated_column: Option<String>,
    pub(crate) place: Option<String>,
    pub(crate) state: String,
    pub(crate) embedded_by: Option<String>,
    pub(crate) rows_done: i64,
    pub(crate) rows_estimated: Option<i64>,
    pub(crate) rows_per_second: Option<f64>,
    pub(crate) tokens_used: i64,
    pub(crate) error: Option<String>,
    pub(crate) created_at: Moment,
    pub(crate) built_at: Option<Moment>,
    pub(crate) last_followed_at: Option<Moment>,
    pub(crate) walked_to: Option<Vec<u8>>,
    pub(crate) seen_until: Option<Vec<u8>>,
    pub(crate) fresh_until: Option<Vec<u8>>,
    pub(crate) passes: i64,
    pub(crate) failures: i64,
    pub(crate) is_removed: bool,
    pub(crate) due_at: Moment,
    pub(crate) claimed_by: Option<String>,
    pub(crate) heartbeat_at: Option<Moment>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Everything that whoever works on it may change; nothing of who that is.
    pub(crate) fn saved(self) -> ActiveModel {
        ActiveModel {
            id: NotSet,
            created_at: NotSet,
            is_removed: NotSet,
            due_at: NotSet,
            claimed_by: NotSet,
            heartbeat_at: NotSet,
            ..self.into_active_model().reset_all()
        }
    }

    /// The columns in an order of their own, which tells whether they are the same.
    pub(crate) fn sorted_columns(document: &str) -> Result<Vec<String>, Fault> {
        let mut columns: Vec<String> = read(document, "vector_indexes.columns")?;
        columns.sort();
        Ok(columns)
    }
}

fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn bytes(key: Option<&RowKey>) -> Option<Vec<u8>> {
    key.map(|key| key.0.to_vec())
}

/// One that is new: nobody works on it, and it is due at once.
impl TryFrom<&VectorIndexRecord> for Model {
    type Error = Fault;

    fn try_from(record: &VectorIndexRecord) -> Result<Self, Fault> {
        let VectorIndexRecord { spec, progress, course, .. } = record;
        Ok(Self {
            id: TextUuid(record.id.as_uuid()),
            account_id: TextUuid(record.account_id.as_uuid()),
            connection_id: TextUuid(record.connection_id.as_uuid()),
            table_name: spec.table.as_bytes().to_vec(),
            columns: written(&spec.columns)?,
            key_columns: written(&spec.key)?,
            updated_column: spec.updated_column.clone(),
            place: record.place.map(|place| place.to_string()),
            state: record.state.as_str().to_owned(),
            embedded_by: record.model.as_deref().map(str::to_owned),
            rows_done: stored(progress.rows_done),
            rows_estimated: progress.rows_estimated.map(stored),
            rows_per_second: progress.rows_per_second,
            tokens_used: stored(progress.tokens_used),
            error: record.error.clone(),
            created_at: record.created_at.into(),
            built_at: record.built_at.map(Into::into),
            last_followed_at: record.last_followed_at.map(Into::into),
            walked_to: bytes(course.cursor.as_ref()),
            seen_until: bytes(course.seen.as_ref()),
            fresh_until: bytes(course.fresh.as_ref()),
            passes: course.passes.into(),
            failures: course.failures.into(),
            is_removed: false,
            due_at: record.created_at.into(),
            claimed_by: None,
            heartbeat_at: None,
        })
    }
}

impl TryFrom<Model> for VectorIndexRecord {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let number = |number: i64| u64::try_from(number).map_err(|_| Fault::Corrupt("vector_indexes.rows"));
        let small = |number: i64| u32::try_from(number).map_err(|_| Fault::Corrupt("vector_indexes.passes"));
        let key = |bytes: Option<Vec<u8>>| bytes.map(|bytes| RowKey(bytes.into()));
        let table = String::from_utf8(row.table_name);
        Ok(Self {
            id: VectorIndexId::from_uuid(row.id.0),
            account_id: AccountId::from_uuid(row.account_id.0),
            connection_id: ConnectionId::from_uuid(row.connection_id.0),
            spec: VectorSpec {
                table: table.map_err(|_| Fault::Corrupt("vector_indexes.table_name"))?,
                columns: read(&row.columns, "vector_indexes.columns")?,
                key: read(&row.key_columns, "vector_indexes.key_columns")?,
                updated_column: row.updated_column,
            },
            place: row
                .place
                .map(|place| place.parse())
                .transpose()
                .map_err(|_| Fault::Corrupt("vector_indexes.place"))?,
            state: row.state.parse().map_err(|_| Fault::Corrupt("vector_indexes.state"))?,
            model: row.embedded_by.map(Into::into),
            progress: VectorProgress {
                rows_done: number(row.rows_done)?,
                rows_estimated: row.rows_estimated.map(number).transpose()?,
                rows_per_second: row.rows_per_second,
                tokens_used: number(row.tokens_used)?,
            },
            error: row.error,
            created_at: row.created_at.into(),
            built_at: row.built_at.map(Into::into),
            last_followed_at: row.last_followed_at.map(Into::into),
            course: VectorCourse {
                cursor: key(row.walked_to),
                seen: key(row.seen_until),
                fresh: key(row.fresh_until),
                passes: small(row.passes)?,
                failures: small(row.failures)?,
            },
        })
    }
}
