//! Bodies and answers of setting up and of the health of systems.

use altus4_api_keys::{ApiKey, FirstKey, KeyName, KeyStatus, MintedKey};
use altus4_kernel::{Permission, PermissionSet, Plan, PortErrorKind, Timestamp};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    extract::Fields,
    health::{Finding, Overall},
};

/// What the first key shall be; every field may be left out.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `first_key` reads it")]
pub(crate) struct SetupBody {
    #[schema(min_length = 3, max_length = 255, default = "Initial API Key")]
    name: Option<String>,
    /// `live` or `test`.
    #[schema(default = "test", pattern = "^(live|test)$")]
    environment: Option<String>,
    /// What the key may do.
    #[schema(min_items = 1, default = json!(["search"]), example = json!(["search", "database:read"]))]
    permissions: Option<Vec<PermissionName>>,
    /// `free`, `pro` or `enterprise`, at most the account's plan.
    #[schema(default = "free", pattern = "^(free|pro|enterprise)$")]
    rate_limit_tier: Option<String>,
    /// Another name of `rateLimitTier`.
    #[schema(pattern = "^(free|pro|enterprise)$")]
    tier: Option<String>,
}

/// What a key may be allowed to do. `admin` includes the others.
#[derive(ToSchema)]
#[schema(as = Permission)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes a value; the domain's `Permission` reads it")]
pub(crate) enum PermissionName {
    Search,
    Analytics,
    #[serde(rename = "database:read")]
    DatabaseRead,
    #[serde(rename = "database:write")]
    DatabaseWrite,
    Read,
    Write,
    Delete,
    Admin,
}

/// Reads a [`SetupBody`].
pub(super) fn first_key(fields: &mut Fields) -> FirstKey {
    let plain = FirstKey::default();
    fields.also_called("rateLimitTier", "tier");
    let reason = "must have 3 to 255 characters and no control characters";
    let name = fields.parsed("name", reason, KeyName::parse);
    let environment = fields.choice("environment", "must be live or test");
    let most = Permission::ALL.len();
    let known = "must be search, analytics, database:read, database:write, read, write, delete or admin";
    let permissions = fields.list("permissions", most, known, |text| text.parse().ok());
    if permissions.as_ref().is_some_and(Vec::is_empty) {
        fields.fault("permissions", "must name at least one");
    }
    let tier = fields.choice("rateLimitTier", "must be free, pro or enterprise");
    FirstKey {
        name: name.unwrap_or(plain.name),
        environment: environment.unwrap_or(plain.environment),
        permissions: permissions.map_or(plain.permissions, PermissionSet::from_iter),
        tier: tier.unwrap_or(plain.tier),
    }
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MintedKey)]
pub(crate) struct MintedKeyDto {
    api_key: ApiKeyDto,
    /// The whole key. It is shown this once.
    #[schema(example = "altus4_sk_test_…")]
    secret_key: String,
    warning: &'static str,
}

impl MintedKeyDto {
    pub(super) fn new(minted: &MintedKey, now: Timestamp) -> Self {
        Self {
            api_key: ApiKeyDto::new(&minted.key, now),
            secret_key: minted.secret.text().expose_secret().to_owned(),
            warning: "This is the only time the full API key is shown. Store it securely.",
        }
    }
}

/// A key without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyDto {
    #[schema(format = Uuid)]
    id: String,
    name: String,
    /// The beginning of the key, to tell it from others.
    key_prefix: String,
    /// `live` or `test`.
    environment: &'static str,
    permissions: Vec<&'static str>,
    /// `free`, `pro` or `enterprise`.
    rate_limit_tier: &'static str,
    rate_limit: RateLimitDto,
    /// `active`, `expired` or `revoked`.
    status: &'static str,
    is_active: bool,
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl ApiKeyDto {
    fn new(key: &ApiKey, now: Timestamp) -> Self {
        let status = key.status(now);
        Self {
            id: key.id.to_string(),
            name: key.name.as_str().to_owned(),
            key_prefix: key.prefix.clone(),
            environment: key.environment.as_str(),
            permissions: key.permissions.iter().map(Permission::as_str).collect(),
            rate_limit_tier: key.tier.as_str(),
            rate_limit: RateLimitDto::of(key.tier),
            status: status.as_str(),
            is_active: status == KeyStatus::Active,
            expires_at: key.expires_at.map(|end| end.to_string()),
            created_at: key.created_at.to_string(),
            updated_at: key.updated_at.to_string(),
        }
    }
}

/// What a tier allows.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RateLimit)]
pub(crate) struct RateLimitDto {
    requests_per_hour: u32,
    /// Requests in ten seconds.
    burst_limit: u32,
}

impl RateLimitDto {
    fn of(tier: Plan) -> Self {
        let (requests_per_hour, burst_limit) = match tier {
            Plan::Free => (1_000, 50),
            Plan::Pro => (10_000, 200),
            Plan::Enterprise => (100_000, 500),
        };
        Self { requests_per_hour, burst_limit }
    }
}

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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::openapi::assert_documented;

    #[test]
    fn bodies_are_read_as_documented() {
        assert_documented("SetupBody", json!({}), first_key);
    }
}
