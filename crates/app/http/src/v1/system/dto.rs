//! Answers about health.

use altus4_kernel::{Credential, Permission, Principal, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::health::Overall;

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Health)]
pub(crate) struct HealthDto {
    /// `healthy`, `degraded` or `unhealthy`.
    status: &'static str,
    version: &'static str,
    #[schema(format = DateTime)]
    timestamp: String,
    /// How long the process has served, in milliseconds.
    uptime: u64,
    /// There, and `true`, when a good credential was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    authenticated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_info: Option<KeyInfoDto>,
}

impl HealthDto {
    pub(super) fn new(overall: Overall, now: Timestamp, uptime: u64, caller: Option<&Principal>) -> Self {
        Self {
            status: overall.as_str(),
            version: env!("CARGO_PKG_VERSION"),
            timestamp: now.to_string(),
            uptime,
            authenticated: caller.map(|_| true),
            key_info: caller.map(KeyInfoDto::new),
        }
    }
}

/// What the credential that was shown is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyInfo)]
pub(crate) struct KeyInfoDto {
    /// A key's tier.
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<&'static str>,
    permissions: Vec<&'static str>,
}

impl KeyInfoDto {
    fn new(principal: &Principal) -> Self {
        let tier = match principal.credential {
            Credential::ApiKey { .. } => Some(principal.tier.as_str()),
            Credential::Session { .. } => None,
        };
        Self { tier, permissions: principal.permissions.iter().map(Permission::as_str).collect() }
    }
}

/// What an orchestrator is told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Probe)]
pub(crate) struct ProbeDto {
    pub(super) status: &'static str,
}
