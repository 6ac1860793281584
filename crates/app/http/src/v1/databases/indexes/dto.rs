//! Answers about indexes.

use altus4_connections::{ColumnRef, Effect, IndexJob, JobFailure, Locks, Recommendation, Seen};
use serde::Serialize;
use utoipa::ToSchema;

/// What should be changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recommendations)]
pub(crate) struct RecommendationsDto {
    /// What matters most first.
    recommendations: Vec<RecommendationDto>,
}

impl From<&[Recommendation]> for RecommendationsDto {
    fn from(recommendations: &[Recommendation]) -> Self {
        Self { recommendations: recommendations.iter().map(RecommendationDto::from).collect() }
    }
}

/// Something that should be changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recommendation)]
pub(crate) struct RecommendationDto {
    /// `missing_index`, `combined_index`, `exact_index`, `duplicate_index`, `unused_index`,
    /// `lost_words`, `storage_engine`, `collation` or `not_indexable`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Left out where it is the whole server.
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<String>,
    columns: Vec<String>,
    /// What is wrong.
    reason: String,
    /// `high`, `medium` or `low`.
    impact: &'static str,
    /// The statement that mends it, where one can.
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<String>,
    evidence: EvidenceDto,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<CostDto>,
}

impl From<&Recommendation> for RecommendationDto {
    fn from(recommendation: &Recommendation) -> Self {
        let advice = &recommendation.advice;
        Self {
            kind: advice.kind.as_str(),
            table: advice.table.as_ref().map(|table| table.name().to_owned()),
            columns: advice.columns.iter().map(ColumnRef::name).map(str::to_owned).collect(),
            reason: advice.reason.clone(),
            impact: advice.impact.as_str(),
            sql: recommendation.sql.clone(),
            evidence: advice.seen.into(),
            cost: advice.effect.map(CostDto::from),
        }
    }
}

/// The searches that a recommendation rests upon.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = IndexEvidence)]
pub(crate) struct EvidenceDto {
    searches: u64,
    /// How many of them read the whole table.
    scanned: u64,
    /// How many of them left it out, as it is too large to be read.
    left_out: u64,
    /// How long the database took for one, in milliseconds.
    average_ms: f64,
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    last_searched: Option<String>,
}

impl From<Seen> for EvidenceDto {
    fn from(seen: Seen) -> Self {
        Self {
            searches: seen.searches,
            scanned: seen.scanned,
            left_out: seen.left_out,
            average_ms: (seen.average().as_secs_f64() * 100_000.0).round() / 100.0,
            last_searched: seen.last_seen.map(|moment| moment.to_string()),
        }
    }
}

/// What the statement costs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = IndexCost)]
pub(crate) struct CostDto {
    /// What waits meanwhile: `nothing`, `writes` or `reads_and_writes`.
    locks: &'static str,
    /// Whether searches go on meanwhile.
    online: bool,
    /// Whether every row is written anew.
    rebuilds_table: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_seconds: Option<u64>,
}

impl From<Effect> for CostDto {
    fn from(effect: Effect) -> Self {
        Self {
            locks: effect.locks.as_str(),
            online: effect.locks != Locks::All,
            rebuilds_table: effect.rebuilds_table,
            estimated_rows: effect.rows,
            estimated_seconds: effect.duration.map(|duration| duration.as_secs()),
        }
    }
}

/// The making of an index.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = IndexJob)]
pub(crate) struct IndexJobDto {
    #[schema(format = Uuid)]
    id: String,
    /// The same.
    #[schema(format = Uuid)]
    job_id: String,
    /// `queued`, `running`, `succeeded` or `failed`.
    status: &'static str,
    table: String,
    columns: Vec<String>,
    index: String,
    sql: String,
    /// What the server is doing, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<String>,
    /// How much of it is done, from 0 to 1, where it says so.
    progress: Option<f64>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    started_at: Option<String>,
    #[schema(format = DateTime)]
    finished_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<JobErrorDto>,
}

impl From<&IndexJob> for IndexJobDto {
    fn from(job: &IndexJob) -> Self {
        Self {
            id: job.id.to_string(),
            job_id: job.id.to_string(),
            status: job.state.as_str(),
            table: job.table.clone(),
            columns: job.columns.clone(),
            index: job.index.clone(),
            sql: job.sql.clone(),
            phase: job.phase.clone(),
            progress: job.progress,
            created_at: job.created_at.to_string(),
            started_at: job.started_at.map(|moment| moment.to_string()),
            finished_at: job.finished_at.map(|moment| moment.to_string()),
            error: job.failure.as_ref().map(JobErrorDto::from),
        }
    }
}

/// Why an index was not made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = IndexJobError)]
pub(crate) struct JobErrorDto {
    message: String,
    /// The server's error number.
    #[serde(skip_serializing_if = "Option::is_none")]
    errno: Option<u16>,
    /// What the server said.
    #[serde(skip_serializing_if = "Option::is_none")]
    server_message: Option<String>,
}

impl From<&JobFailure> for JobErrorDto {
    fn from(failure: &JobFailure) -> Self {
        let JobFailure { message, errno, said } = failure.clone();
        Self { message, errno, server_message: said }
    }
}
