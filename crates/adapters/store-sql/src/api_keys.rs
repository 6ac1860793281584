//! API keys.

use altus4_api_keys::{ApiKey, ApiKeyRepository, FIRST_KEY_CONSTRAINT, KeyHolder, StoredDigest};
use altus4_kernel::{AccountId, AuditEvent, Plan, PortResult};
use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, DerivePartialModel, EntityTrait, IntoActiveModel, JoinType, QueryFilter, QuerySelect,
    RelationTrait, prelude::TextUuid,
};

use crate::{
    accounts, audit,
    entity::{
        account,
        api_key::{self, Column},
    },
    error::Fault,
    pools::Pools,
};

/// API keys in SQL.
pub(crate) struct SqlApiKeyRepository {
    pools: Pools,
}

#[derive(DerivePartialModel)]
#[sea_orm(entity = "api_key::Entity")]
struct HolderRow {
    #[sea_orm(nested)]
    key: api_key::Model,
    #[sea_orm(nested)]
    account: GradeRow,
}

#[derive(DerivePartialModel)]
#[sea_orm(entity = "account::Entity")]
struct GradeRow {
    role: String,
    plan: String,
}

impl SqlApiKeyRepository {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }

    async fn try_insert_first(
        &self,
        key: &ApiKey,
        digest: &StoredDigest,
        event: &AuditEvent,
    ) -> Result<(), Fault> {
        let transaction = self.pools.begin().await?;
        accounts::lock(key.account_id, &transaction).await?;
        let known = api_key::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::AccountId.eq(TextUuid(key.account_id.as_uuid())))
            .into_tuple::<TextUuid>()
            .one(&transaction)
            .await?;
        if known.is_some() {
            return Err(Fault::Conflict(FIRST_KEY_CONSTRAINT));
        }
        let row = api_key::Model::new(key, digest).into_active_model();
        api_key::Entity::insert(row).exec_without_returning(&transaction).await?;
        audit::record(event, &transaction).await?;
        Ok(transaction.commit().await?)
    }
}

#[async_trait]
impl ApiKeyRepository for SqlApiKeyRepository {
    async fn insert_first(&self, key: &ApiKey, digest: &StoredDigest, event: &AuditEvent) -> PortResult<()> {
        self.pools.transact("api_keys.insert_first", || self.try_insert_first(key, digest, event)).await
    }

    async fn find_by_digest(&self, digests: &[StoredDigest]) -> PortResult<Option<KeyHolder>> {
        let Some(padded) = padded(digests) else {
            return Ok(None);
        };
        let find = async {
            let rows = api_key::Entity::find()
                .join(JoinType::InnerJoin, api_key::Relation::Account.def())
                .filter(Column::Digest.is_in(padded))
                .filter(account::Column::DeactivatedAt.is_null())
                .into_partial_model::<HolderRow>()
                .all(self.pools.reads())
                .await?;
            for row in rows {
                if digests.contains(&row.key.stored_digest()?) {
                    let role = account::role(&row.account.role)?;
                    let plan = account::plan(&row.account.plan)?;
                    return Ok(Some(KeyHolder { key: row.key.try_into()?, role, plan }));
                }
            }
            Ok(None)
        };
        self.pools.call("api_keys.find_by_digest", find).await
    }

    async fn plan_of(&self, account_id: AccountId) -> PortResult<Option<Plan>> {
        self.pools.call("api_keys.plan_of", accounts::plan_of(account_id, self.pools.reads())).await
    }
}

/// The digests, the last one repeated until there are 4, 8, 12 …: lists of any length would each be
/// a statement of its own, to be prepared and kept. `None` where there are none.
fn padded(digests: &[StoredDigest]) -> Option<Vec<Vec<u8>>> {
    let last = digests.last()?;
    let repeated = digests.iter().chain(std::iter::repeat(last)).map(|stored| stored.digest.0.to_vec());
    Some(repeated.take(digests.len().next_multiple_of(4)).collect())
}
