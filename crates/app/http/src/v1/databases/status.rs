//! Answers about how databases are.

use std::collections::BTreeMap;

use altus4_connections::{ConnectionError, ConnectionStatus, CurrentStatus};
use altus4_kernel::ConnectionId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;

/// Each connection's id, and whether its database answered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(as = ConnectionStatuses)]
pub(crate) struct StatusesDto(BTreeMap<String, bool>);

impl From<Vec<(ConnectionId, bool)>> for StatusesDto {
    fn from(statuses: Vec<(ConnectionId, bool)>) -> Self {
        Self(statuses.into_iter().map(|(id, answered)| (id.to_string(), answered)).collect())
    }
}

/// How a database is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionStatus)]
pub(crate) struct StatusDto {
    status: StatusDetailDto,
}

/// What was found when the database was called.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConnectionStatusDetail)]
struct StatusDetailDto {
    /// `connected` or `error`.
    overall: &'static str,
    #[schema(format = DateTime)]
    last_checked: String,
    /// How long it took to connect, log in and answer, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    connection: PoolDto,
    /// Why it didn't answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// What this node has open to a database.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConnectionPool)]
struct PoolDto {
    /// Sockets, or files, in use.
    active_connections: u32,
    /// Those kept open for the next use.
    idle_connections: u32,
    /// The most there may be.
    connection_limit: u32,
}

impl From<CurrentStatus> for StatusDto {
    fn from(current: CurrentStatus) -> Self {
        let CurrentStatus { connection, checked_at, outcome, usage } = current;
        let connection = PoolDto {
            active_connections: usage.active,
            idle_connections: usage.idle,
            connection_limit: connection.options.connection_limit(),
        };
        let (overall, latency, version, error) = match outcome {
            Ok(report) => {
                let latency = u64::try_from(report.response_time.as_millis()).unwrap_or(u64::MAX);
                (ConnectionStatus::Connected, Some(latency), Some(report.version), None)
            }
            Err(error) => (ConnectionStatus::Error, None, None, Some(shown(error))),
        };
        let last_checked = checked_at.to_string();
        let overall = overall.as_str();
        Self { status: StatusDetailDto { overall, last_checked, latency, version, connection, error } }
    }
}

/// What a test would say of it.
fn shown(error: ConnectionError) -> String {
    let error = ApiError::of_probe(error);
    let said = error.details().and_then(|details| details["error"].as_str()).map(ToOwned::to_owned);
    said.unwrap_or_else(|| error.to_string())
}
