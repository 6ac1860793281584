//! Answers about vectors of tables.

use altus4_kernel::Timestamp;
use altus4_search::{VectorIndexRecord, VectorProgress};
use serde::Serialize;
use utoipa::ToSchema;

/// The vectors of a table.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VectorIndex)]
pub(crate) struct VectorIndexDto {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = Uuid)]
    database_id: String,
    table: String,
    /// In the order in which their text is embedded.
    columns: Vec<String>,
    /// The table's primary key, where it is one column.
    key_column: Option<String>,
    updated_column: Option<String>,
    /// `building`, `ready`, `paused` (nothing is done until something is switched on again) or `failed`
    /// (there can be no such vectors any more, unless the table changes).
    status: &'static str,
    /// The model that makes the embeddings. With another one they are made anew.
    model: Option<String>,
    progress: VectorProgressDto,
    /// How many tokens a provider counted for these vectors.
    tokens_used: u64,
    /// What holds it up.
    error: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    /// When every row had been seen; from then on it is searched.
    #[schema(format = DateTime)]
    built_at: Option<String>,
    /// When the changes were last looked at.
    #[schema(format = DateTime)]
    last_followed_at: Option<String>,
}

/// How far the building is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VectorProgress)]
pub(crate) struct VectorProgressDto {
    /// How many rows were seen; once it is built, how many have a vector.
    rows_done: u64,
    /// About how many there are.
    rows_estimated: Option<u64>,
    /// How much is built, by that estimate.
    percent: Option<u8>,
    /// How fast it was built.
    rows_per_second: Option<f64>,
}

impl From<&VectorIndexRecord> for VectorIndexDto {
    fn from(record: &VectorIndexRecord) -> Self {
        let spec = &record.spec;
        let VectorProgress { rows_done, rows_estimated, rows_per_second, tokens_used } = record.progress;
        Self {
            id: record.id.to_string(),
            database_id: record.connection_id.to_string(),
            table: spec.table.clone(),
            columns: spec.columns.clone(),
            key_column: spec.key.first().filter(|_| spec.key.len() == 1).cloned(),
            updated_column: spec.updated_column.clone(),
            status: record.state.as_str(),
            model: record.model.as_deref().map(str::to_owned),
            progress: VectorProgressDto {
                rows_done,
                rows_estimated,
                percent: record.percent(),
                rows_per_second: rows_per_second.map(|rate| (rate * 10.0).round() / 10.0),
            },
            tokens_used,
            error: record.error.clone(),
            created_at: record.created_at.to_string(),
            built_at: record.built_at.map(|moment| moment.to_string()),
            last_followed_at: record.last_followed_at.map(|moment| moment.to_string()),
        }
    }
}

/// That the vectors of a table are gone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VectorIndexRemoved)]
pub(crate) struct VectorIndexRemovedDto {
    message: &'static str,
    #[schema(format = DateTime)]
    removed_at: String,
}

impl VectorIndexRemovedDto {
    pub(super) fn at(now: Timestamp) -> Self {
        Self { message: "The vector index was removed", removed_at: now.to_string() }
    }
}
