//! Rows of `api_keys`.

use altus4_api_keys::{ApiKey, KeyDigest, KeyName, StoredDigest};
use altus4_kernel::{AccountId, ApiKeyId, Permission, PermissionSet};
use sea_orm::entity::prelude::*;

use super::account;
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
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
    #[sea_orm(belongs_to = "account::Entity", from = "Column::AccountId", to = "account::Column::Id")]
    Account,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn new(key: &ApiKey, stored: &StoredDigest) -> Self {
        let permissions: Vec<_> = key.permissions.iter().map(Permission::as_str).collect();
        Self {
            id: TextUuid(key.id.as_uuid()),
            account_id: TextUuid(key.account_id.as_uuid()),
            name: key.name.as_str().to_owned(),
            prefix: key.prefix.clone(),
            environment: key.environment.as_str().to_owned(),
            permissions: permissions.join(","),
            tier: key.tier.as_str().to_owned(),
            expires_at: key.expires_at.map(Into::into),
            revoked_at: key.revoked_at.map(Into::into),
            created_at: key.created_at.into(),
            updated_at: key.updated_at.into(),
            digest: stored.digest.0.to_vec(),
            digest_secret_id: stored.secret_id.clone(),
        }
    }

    /// What it is stored under.
    pub(crate) fn stored_digest(&self) -> Result<StoredDigest, Fault> {
        let digest = self.digest.as_slice().try_into().map_err(|_| Fault::Corrupt("api_keys.digest"))?;
        Ok(StoredDigest { secret_id: self.digest_secret_id.clone(), digest: KeyDigest(digest) })
    }
}

impl TryFrom<Model> for ApiKey {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
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
            expires_at: row.expires_at.map(Into::into),
            revoked_at: row.revoked_at.map(Into::into),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}
