//! Answers about API keys; their bodies are in [`body`].

mod body;

use altus4_api_keys::{ApiKey, GracePeriod, KeyStatus, LegacyKeys, MintedKey, Tiers};
use altus4_kernel::{Page, Permission, Plan, Timestamp};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

pub(in crate::v1) use self::body::first_key;
pub(crate) use self::body::{ChangeKeyBody, KeyBody, KeysQuery, RegenerateBody, SetupBody};
pub(super) use self::body::{grace_period, key_change, keys_query, new_key};

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
    /// Whether its secret can be shown again.
    recoverable: bool,
    /// The networks that it may be used from; none: from anywhere.
    allowed_ips: Vec<String>,
    /// How many requests were made with it.
    usage_count: u64,
    #[schema(format = DateTime)]
    last_used: Option<String>,
    /// Where it was last used from.
    last_used_ip: Option<String>,
    /// When it stops working by itself.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    /// When it got its present secret, if that isn't its first.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    regenerated_at: Option<String>,
}

impl ApiKeyDto {
    pub(super) fn new(key: &ApiKey, tiers: &Tiers, now: Timestamp) -> Self {
        let status = key.status(now);
        Self {
            id: key.id.to_string(),
            name: key.name.as_str().to_owned(),
            key_prefix: key.prefix.clone(),
            environment: key.environment.as_str(),
            permissions: key.permissions.iter().map(Permission::as_str).collect(),
            rate_limit_tier: key.tier.as_str(),
            rate_limit: RateLimitDto::of(key.tier, tiers),
            status: status.as_str(),
            is_active: status == KeyStatus::Active,
            recoverable: key.recoverable,
            allowed_ips: key.allowed_ips.iter().map(|network| network.to_string()).collect(),
            usage_count: key.usage_count,
            last_used: shown(key.last_used),
            last_used_ip: key.last_used_ip.clone(),
            expires_at: shown(key.expires_at),
            created_at: key.created_at.to_string(),
            updated_at: key.updated_at.to_string(),
            regenerated_at: shown(key.regenerated_at),
        }
    }
}

fn shown(moment: Option<Timestamp>) -> Option<String> {
    moment.map(|moment| moment.to_string())
}

/// What a tier allows.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RateLimit)]
pub(crate) struct RateLimitDto {
    requests_per_hour: u32,
    /// Requests in ten seconds while the service is busy.
    burst_limit: u32,
}

impl RateLimitDto {
    fn of(tier: Plan, tiers: &Tiers) -> Self {
        let limits = tiers.of(tier);
        Self { requests_per_hour: limits.requests_per_hour, burst_limit: limits.burst }
    }
}

/// A key that was just made, or has a new secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MintedKey)]
pub(crate) struct MintedKeyDto {
    api_key: ApiKeyDto,
    /// The whole key. It is shown this once.
    #[schema(example = "altus4_sk_test_…")]
    secret_key: String,
    warning: String,
}

impl MintedKeyDto {
    pub(in crate::v1) fn new(minted: &MintedKey, tiers: &Tiers, now: Timestamp) -> Self {
        let warning = "This is the only time the full API key is shown. Store it securely.".to_owned();
        Self {
            api_key: ApiKeyDto::new(&minted.key, tiers, now),
            secret_key: minted.secret.text().expose_secret().to_owned(),
            warning,
        }
    }

    pub(super) fn regenerated(minted: &MintedKey, grace: GracePeriod, tiers: &Tiers, now: Timestamp) -> Self {
        let made = Self::new(minted, tiers, now);
        let (changed_at, grace) = (minted.key.regenerated_at.unwrap_or(now), grace.duration());
        let old = if grace.is_zero() {
            "The old one is invalid now: update your applications immediately.".to_owned()
        } else {
            format!("The old one works until {}: update your applications before.", changed_at + grace)
        };
        Self { warning: format!("{} {old}", made.warning), ..made }
    }
}

/// A key that was changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChangedKey)]
pub(crate) struct ChangedKeyDto {
    api_key: ApiKeyDto,
}

impl ChangedKeyDto {
    pub(super) fn new(key: &ApiKey, tiers: &Tiers, now: Timestamp) -> Self {
        Self { api_key: ApiKeyDto::new(key, tiers, now) }
    }
}

/// A page of the account's keys.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyPage)]
pub(crate) struct KeyPageDto {
    api_keys: Vec<ApiKeyDto>,
    /// How many there are in all.
    total: u64,
}

impl KeyPageDto {
    pub(super) fn new(page: &Page<ApiKey>, tiers: &Tiers, now: Timestamp) -> Self {
        let api_keys = page.items.iter().map(|key| ApiKeyDto::new(key, tiers, now)).collect();
        Self { api_keys, total: page.total }
    }
}

/// A key was taken back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RevokedKey)]
pub(crate) struct RevokedDto {
    message: &'static str,
    #[schema(format = DateTime)]
    revoked_at: String,
}

impl RevokedDto {
    pub(super) fn at(moment: Timestamp) -> Self {
        Self { message: "API key revoked successfully", revoked_at: moment.to_string() }
    }
}

/// The secret of a recoverable key.
#[derive(Serialize, ToSchema)]
#[schema(as = RevealedKey)]
pub(crate) struct RevealedKeyDto {
    #[schema(example = "altus4_sk_test_…")]
    pub(super) key: String,
}

/// How many of an account's keys are stored under an older scheme.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LegacyKeys)]
pub(crate) struct LegacyKeysDto {
    has_legacy_keys: bool,
    legacy_key_count: u64,
    /// Whether the account was told of them, and said so.
    notice_shown: bool,
}

impl From<LegacyKeys> for LegacyKeysDto {
    fn from(legacy: LegacyKeys) -> Self {
        let LegacyKeys { count, notice_shown } = legacy;
        Self { has_legacy_keys: count > 0, legacy_key_count: count, notice_shown }
    }
}

/// It is done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Status)]
pub(crate) struct StatusDto {
    /// Always `ok`.
    status: &'static str,
}

impl StatusDto {
    pub(super) const OK: Self = Self { status: "ok" };
}
