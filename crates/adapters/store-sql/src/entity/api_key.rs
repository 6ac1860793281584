//! Rows of `api_keys`.

use altus4_api_keys::{AllowedIps, ApiKey, KeyDigest, KeyLimits, KeyName, StoredDigest, StoredSecret};
use altus4_kernel::{AccountId, ApiKeyId, Permission, PermissionSet};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::{account, document};
use crate::{error::Fault, moment::Moment};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: TextUuid,
    pub(crate) account_id: TextUuid,
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) environment: String,
    /// Names with commas between them.
    pub(crate) permissions: String,
    pub(crate) tier: String,
    pub(crate) expires_at: Option<Moment>,
    pub(crate) revoked_at: Option<Moment>,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
    /// Unique.
    pub(crate) digest: Vec<u8>,
    pub(crate) digest_secret_id: String,
    pub(crate) recoverable: bool,
    /// Of a recoverable key that isn't revoked.
    pub(crate) sealed_secret: Option<String>,
    /// CIDRs with commas between them.
    pub(crate) allowed_ips: Option<String>,
    pub(crate) limits: Option<String>,
    pub(crate) usage_count: i64,
    pub(crate) last_used: Option<Moment>,
    pub(crate) last_used_ip: Option<String>,
    pub(crate) regenerated_at: Option<Moment>,
    /// Unique.
    pub(crate) previous_digest: Option<Vec<u8>>,
    pub(crate) previous_digest_secret_id: Option<String>,
    pub(crate) previous_good_until: Option<Moment>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
    #[sea_orm(belongs_to = "account::Entity", from = "Column::AccountId", to = "account::Column::Id")]
    Account,
}

impl ActiveModelBehavior for ActiveModel {}

/// A key without what is stored of its secrets.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub(crate) struct KeyRow {
    id: TextUuid,
    account_id: TextUuid,
    name: String,
    prefix: String,
    environment: String,
    permissions: String,
    tier: String,
    expires_at: Option<Moment>,
    revoked_at: Option<Moment>,
    created_at: Moment,
    updated_at: Moment,
    recoverable: bool,
    allowed_ips: Option<String>,
    limits: Option<String>,
    usage_count: i64,
    last_used: Option<Moment>,
    last_used_ip: Option<String>,
    regenerated_at: Option<Moment>,
}

/// The document in `limits`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LimitsDocument {
    requests: Option<u64>,
    budget_microcents: Option<u64>,
    period: String,
    enabled: bool,
}

impl Model {
    pub(crate) fn new(key: &ApiKey, stored: &StoredSecret) -> Result<Self, Fault> {
        Ok(Self {
            id: TextUuid(key.id.as_uuid()),
            account_id: TextUuid(key.account_id.as_uuid()),
            name: key.name.as_str().to_owned(),
            prefix: key.prefix.clone(),
            environment: key.environment.as_str().to_owned(),
            permissions: permissions(key.permissions),
            tier: key.tier.as_str().to_owned(),
            expires_at: key.expires_at.map(Into::into),
            revoked_at: key.revoked_at.map(Into::into),
            created_at: key.created_at.into(),
            updated_at: key.updated_at.into(),
            digest: stored.digest.digest.0.to_vec(),
            digest_secret_id: stored.digest.secret_id.clone(),
            recoverable: key.recoverable,
            sealed_secret: stored.sealed.as_ref().map(|sealed| sealed.0.clone()),
            allowed_ips: networks(&key.allowed_ips),
            limits: key.limits.as_ref().map(limits).transpose()?,
            usage_count: i64::try_from(key.usage_count).unwrap_or(i64::MAX),
            last_used: key.last_used.map(Into::into),
            last_used_ip: key.last_used_ip.clone(),
            regenerated_at: key.regenerated_at.map(Into::into),
            previous_digest: None,
            previous_digest_secret_id: None,
            previous_good_until: None,
        })
    }
}

impl TryFrom<KeyRow> for ApiKey {
    type Error = Fault;

    fn try_from(row: KeyRow) -> Result<Self, Fault> {
        let names = row.permissions.split(',').filter(|name| !name.is_empty());
        let permissions: Result<PermissionSet, _> = names.map(str::parse::<Permission>).collect();
        Ok(Self {
            id: ApiKeyId::from_uuid(row.id.0),
            account_id: AccountId::from_uuid(row.account_id.0),
            name: KeyName::parse(&row.name).ok_or(Fault::Corrupt("api_keys.name"))?,
            prefix: row.prefix,
            environment: row.environment.parse().map_err(|_| Fault::Corrupt("api_keys.environment"))?,
            permissions: permissions.map_err(|_| Fault::Corrupt("api_keys.permissions"))?,
            tier: row.tier.parse().map_err(|_| Fault::Corrupt("api_keys.tier"))?,
            recoverable: row.recoverable,
            allowed_ips: allowed_ips(row.allowed_ips.as_deref())?,
            limits: row.limits.as_deref().map(read_limits).transpose()?,
            usage_count: row.usage_count.try_into().map_err(|_| Fault::Corrupt("api_keys.usage_count"))?,
            last_used: row.last_used.map(Into::into),
            last_used_ip: row.last_used_ip,
            expires_at: row.expires_at.map(Into::into),
            revoked_at: row.revoked_at.map(Into::into),
            regenerated_at: row.regenerated_at.map(Into::into),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}

/// A digest as it was stored.
pub(crate) fn stored_digest(digest: &[u8], secret_id: &str) -> Result<StoredDigest, Fault> {
    let digest = digest.try_into().map_err(|_| Fault::Corrupt("api_keys.digest"))?;
    Ok(StoredDigest { secret_id: secret_id.to_owned(), digest: KeyDigest(digest) })
}

/// Permissions as they are stored.
pub(crate) fn permissions(permissions: PermissionSet) -> String {
    permissions.iter().map(Permission::as_str).collect::<Vec<_>>().join(",")
}

/// Networks as they are stored.
pub(crate) fn networks(allowed: &AllowedIps) -> Option<String> {
    let networks: Vec<_> = allowed.iter().map(|network| network.to_string()).collect();
    (!networks.is_empty()).then(|| networks.join(","))
}

/// Limits as they are stored.
pub(crate) fn limits(limits: &KeyLimits) -> Result<String, Fault> {
    document::written(&LimitsDocument {
        requests: limits.requests,
        budget_microcents: limits.budget_microcents,
        period: limits.period.as_str().to_owned(),
        enabled: limits.enabled,
    })
}

fn read_limits(text: &str) -> Result<KeyLimits, Fault> {
    let read: LimitsDocument = document::read(text, "api_keys.limits")?;
    Ok(KeyLimits {
        requests: read.requests,
        budget_microcents: read.budget_microcents,
        period: read.period.parse().map_err(|_| Fault::Corrupt("api_keys.limits"))?,
        enabled: read.enabled,
    })
}

fn allowed_ips(text: Option<&str>) -> Result<AllowedIps, Fault> {
    let networks = text.into_iter().flat_map(|text| text.split(','));
    let networks: Option<Vec<_>> = networks.map(AllowedIps::parse_one).collect();
    networks.and_then(AllowedIps::new).ok_or(Fault::Corrupt("api_keys.allowed_ips"))
}
