//! Answers about the health of systems, counters, and how far an account has come.

use altus4_api_keys::LegacyKeys;
use altus4_kernel::{AccountId, PortErrorKind, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    health::{Finding, Overall},
    schema::SchemaVersions,
    state::State,
};

/// How the service and what it depends on are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SystemsHealth)]
pub(crate) struct SystemsDto {
    /// `healthy`, `degraded` or `unhealthy`.
    status: &'static str,
    #[schema(format = DateTime)]
    timestamp: String,
    version: &'static str,
    /// How long the process has served, in milliseconds.
    uptime: u64,
    authentication_methods: [&'static str; 2],
    services: Vec<ServiceDto>,
}

impl SystemsDto {
    pub(super) fn new(findings: &[Finding], now: Timestamp, uptime: u64) -> Self {
        Self {
            status: Overall::of(findings).as_str(),
            timestamp: now.to_string(),
            version: env!("CARGO_PKG_VERSION"),
            uptime,
            authentication_methods: ["jwt", "api_key"],
            services: findings.iter().map(ServiceDto::new).collect(),
        }
    }
}

/// How one system is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SystemHealth)]
pub(crate) struct ServiceDto {
    name: &'static str,
    /// `healthy`, `degraded` (the service does without it) or `unhealthy`.
    status: &'static str,
    /// How long it took to answer when last asked, in milliseconds.
    response_time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
}

impl ServiceDto {
    fn new(finding: &Finding) -> Self {
        let status = Overall::of(std::slice::from_ref(finding)).as_str();
        let message = finding.fault.map(|kind| match kind {
            PortErrorKind::Timeout => "did not answer in time",
            _ => "is not available",
        });
        let response_time = u64::try_from(finding.response_time.as_millis()).unwrap_or(u64::MAX);
        Self { name: finding.name, status, response_time, message }
    }
}

/// How much a node has answered since its start.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Metrics)]
pub(crate) struct MetricsDto {
    #[schema(format = DateTime)]
    timestamp: String,
    /// How long the process has served, in milliseconds.
    uptime: u64,
    requests: RequestCountsDto,
    /// Requests of keys on their way to the store.
    usage: QueueCountsDto,
    /// Searches on their way to the store.
    searches: QueueCountsDto,
    /// `healthy`, or `degraded`: the service does without it.
    cache: &'static str,
}

/// Requests by how they ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RequestCounts)]
pub(crate) struct RequestCountsDto {
    /// All that were answered.
    total: u64,
    /// Those with a status from 400 to 499.
    refused: u64,
    /// Those with a status from 500 on.
    failed: u64,
    /// Those of callers that are under way.
    in_flight: usize,
}

/// What is on its way to the store.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QueueCounts)]
pub(crate) struct QueueCountsDto {
    /// How many are still to be written down.
    pending: usize,
    /// How many were not, since the start, because too many waited.
    dropped: u64,
}

impl MetricsDto {
    pub(super) fn new(state: &State, findings: &[Finding]) -> Self {
        let [total, refused, failed] = state.counters.read();
        let services = &state.services;
        let cache: Vec<_> = findings.iter().copied().filter(|finding| finding.name == "cache").collect();
        Self {
            timestamp: services.clock.now().to_string(),
            uptime: state.uptime_ms(),
            requests: RequestCountsDto { total, refused, failed, in_flight: services.share.in_flight() },
            usage: QueueCountsDto {
                pending: services.recorder.pending(),
                dropped: services.recorder.dropped(),
            },
            searches: QueueCountsDto {
                pending: services.search_recorder.pending(),
                dropped: services.search_recorder.dropped(),
            },
            cache: Overall::of(&cache).as_str(),
        }
    }
}

/// How far an account has come with its API keys.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MigrationStatus)]
pub(crate) struct MigrationDto {
    #[schema(format = Uuid)]
    user_id: String,
    /// Whether it has a key, and none that is stored under an older scheme.
    has_migrated: bool,
    recommended_action: &'static str,
    /// Where to read on.
    documentation: &'static str,
    legacy_key_count: u64,
    /// For administrators: the tables of the service's own store.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<SchemaDto>,
}

/// Migrations of the service's own store.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Schema)]
pub(crate) struct SchemaDto {
    applied: Vec<String>,
    pending: Vec<String>,
}

impl MigrationDto {
    pub(super) fn new(
        account_id: AccountId,
        keys: u64,
        legacy: LegacyKeys,
        schema: Option<SchemaVersions>,
    ) -> Self {
        let recommended_action = match (keys, legacy.count) {
            (0, _) => "Make an API key: POST /api/v1/management/setup for the first, /api/v1/keys for others",
            (_, 0) => "None",
            _ => "Use or regenerate each legacy key once; it is stored under the present scheme then",
        };
        Self {
            user_id: account_id.to_string(),
            has_migrated: keys > 0 && legacy.count == 0,
            recommended_action,
            documentation: "/docs#/keys",
            legacy_key_count: legacy.count,
            schema: schema.map(|SchemaVersions { applied, pending }| SchemaDto { applied, pending }),
        }
    }
}
