//! API keys.

mod query;

use altus4_api_keys::{
    ApiKey, ApiKeyRepository, FIRST_KEY_CONSTRAINT, KeyChange, KeyFilter, KeyHolder, KeyLimits, KeyStatus,
    LegacyKeys, StoredDigest, StoredSecret,
};
use altus4_kernel::{
    AccountId, ApiKeyId, AuditEvent, Page, PageRequest, Plan, PortResult, SealedSecret, Timestamp,
};
use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, UpdateMany,
    prelude::TextUuid,
    sea_query::{Expr, UnionType},
};

use self::query::{HolderRow, has_status, holders, is, is_of, matching, padded, settings, update_at};
use crate::{
    accounts, audit,
    entity::{
        account,
        api_key::{self, Column, KeyRow},
    },
    error::Fault,
    moment::Moment,
    pools::Pools,
};

/// API keys in SQL.
pub(crate) struct SqlApiKeyRepository {
    pools: Pools,
}

impl SqlApiKeyRepository {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }

    async fn try_insert(
        &self,
        key: &ApiKey,
        secret: &StoredSecret,
        only_first: bool,
        event: &AuditEvent,
    ) -> Result<(), Fault> {
        let row = api_key::Model::new(key, secret)?;
        let transaction = self.pools.begin().await?;
        accounts::lock(key.account_id, &transaction).await?;
        if only_first {
            let known = api_key::Entity::find()
                .select_only()
                .column(Column::Id)
                .filter(is_of(key.account_id))
                .into_tuple::<TextUuid>()
                .one(&transaction)
                .await?;
            if known.is_some() {
                return Err(Fault::Conflict(FIRST_KEY_CONSTRAINT));
            }
        }
        api_key::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await?;
        audit::record(event, &transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Makes a change to a key that isn't revoked, and gives the key as it is then.
    async fn try_update(
        &self,
        account_id: AccountId,
        id: ApiKeyId,
        update: UpdateMany<api_key::Entity>,
        event: &AuditEvent,
    ) -> Result<Option<ApiKey>, Fault> {
        let transaction = self.pools.begin().await?;
        let update = update.filter(is(account_id, id)).filter(Column::RevokedAt.is_null());
        if update.exec(&transaction).await?.rows_affected == 0 {
            return Ok(None);
        }
        let query = api_key::Entity::find().filter(is(account_id, id));
        let changed = query.into_partial_model::<KeyRow>().one(&transaction).await?;
        audit::record(event, &transaction).await?;
        transaction.commit().await?;
        changed.map(ApiKey::try_from).transpose()
    }

    async fn try_revoke(
        &self,
        account_id: AccountId,
        id: ApiKeyId,
        at: Timestamp,
        event: &AuditEvent,
    ) -> Result<Option<Timestamp>, Fault> {
        let transaction = self.pools.begin().await?;
        let revoke = api_key::Entity::update_many()
            .col_expr(Column::RevokedAt, Expr::value(Moment::from(at)))
            .col_expr(Column::SealedSecret, Expr::value(None::<String>))
            .filter(is(account_id, id))
            .filter(Column::RevokedAt.is_null());
        if revoke.exec(&transaction).await?.rows_affected == 0 {
            let query = api_key::Entity::find().select_only().column(Column::RevokedAt);
            let query = query.filter(is(account_id, id)).into_tuple::<Option<Moment>>();
            return Ok(query.one(&transaction).await?.flatten().map(Into::into));
        }
        audit::record(event, &transaction).await?;
        transaction.commit().await?;
        Ok(Some(at))
    }

    async fn try_move_digest(
        &self,
        id: ApiKeyId,
        old: &StoredDigest,
        new: &StoredDigest,
    ) -> Result<(), Fault> {
        let transaction = self.pools.begin().await?;
        let places = [
            (Column::Digest, Column::DigestSecretId),
            (Column::PreviousDigest, Column::PreviousDigestSecretId),
        ];
        for (digest, secret_id) in places {
            api_key::Entity::update_many()
                .col_expr(digest, Expr::value(new.digest.0.to_vec()))
                .col_expr(secret_id, Expr::value(new.secret_id.as_str()))
                .filter(Column::Id.eq(TextUuid(id.as_uuid())))
                .filter(digest.eq(old.digest.0.to_vec()))
                .filter(secret_id.eq(old.secret_id.as_str()))
                .exec(&transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }
}

#[async_trait]
impl ApiKeyRepository for SqlApiKeyRepository {
    async fn insert_first(&self, key: &ApiKey, secret: &StoredSecret, event: &AuditEvent) -> PortResult<()> {
        self.pools.transact("api_keys.insert_first", || self.try_insert(key, secret, true, event)).await
    }

    async fn insert(&self, key: &ApiKey, secret: &StoredSecret, event: &AuditEvent) -> PortResult<()> {
        self.pools.transact("api_keys.insert", || self.try_insert(key, secret, false, event)).await
    }

    async fn find_by_digest(&self, digests: &[StoredDigest]) -> PortResult<Option<KeyHolder>> {
        let Some(padded) = padded(digests) else {
            return Ok(None);
        };
        let find = async {
            // Each half finds its rows in a unique index; an OR over both may read the whole table.
            let mut query = holders(Column::Digest.is_in(padded.clone()));
            QueryTrait::query(&mut query)
                .union(UnionType::All, holders(Column::PreviousDigest.is_in(padded)).into_query());
            for row in query.into_model::<HolderRow>().all(self.pools.reads()).await? {
                if let Some((found_under, good_until)) = row.found_under(digests)? {
                    return Ok(Some(KeyHolder {
                        role: account::role(&row.account.role)?,
                        plan: account::plan(&row.account.plan)?,
                        key: row.key.try_into()?,
                        found_under,
                        good_until: good_until.map(Into::into),
                    }));
                }
            }
            Ok(None)
        };
        self.pools.call("api_keys.find_by_digest", find).await
    }

    async fn find(&self, account_id: AccountId, id: ApiKeyId) -> PortResult<Option<ApiKey>> {
        let find = async {
            let query = api_key::Entity::find().filter(is(account_id, id));
            let row = query.into_partial_model::<KeyRow>().one(self.pools.reads()).await?;
            row.map(ApiKey::try_from).transpose()
        };
        self.pools.call("api_keys.find", find).await
    }

    async fn list(
        &self,
        account_id: AccountId,
        filter: KeyFilter,
        now: Timestamp,
        page: PageRequest,
    ) -> PortResult<Page<ApiKey>> {
        let list = async {
            let query =
                api_key::Entity::find().filter(is_of(account_id)).filter(matching(filter, now.into()));
            let total = query.clone().select_only().column(Column::Id).count(self.pools.reads()).await?;
            let rows = query
                .order_by_desc(Column::CreatedAt)
                .order_by_desc(Column::Id)
                .offset(page.offset())
                .limit(u64::from(page.limit()))
                .into_partial_model::<KeyRow>()
                .all(self.pools.reads())
                .await?;
            let items = rows.into_iter().map(ApiKey::try_from).collect::<Result<_, _>>()?;
            Ok(Page { items, total })
        };
        self.pools.call("api_keys.list", list).await
    }

    async fn change(
        &self,
        account_id: AccountId,
        id: ApiKeyId,
        change: &KeyChange,
        at: Timestamp,
        event: &AuditEvent,
    ) -> PortResult<Option<ApiKey>> {
        let change = || self.try_update(account_id, id, settings(change, at), event);
        self.pools.transact("api_keys.change", change).await
    }

    async fn set_limits(
        &self,
        account_id: AccountId,
        id: ApiKeyId,
        limits: Option<KeyLimits>,
        at: Timestamp,
        event: &AuditEvent,
    ) -> PortResult<Option<ApiKey>> {
        let set = || async {
            let limits = limits.as_ref().map(api_key::limits).transpose()?;
            let update = update_at(at).col_expr(Column::Limits, Expr::value(limits));
            self.try_update(account_id, id, update, event).await
        };
        self.pools.transact("api_keys.set_limits", set).await
    }

    async fn revoke(
        &self,
        account_id: AccountId,
        id: ApiKeyId,
        at: Timestamp,
        event: &AuditEvent,
    ) -> PortResult<Option<Timestamp>> {
        self.pools.transact("api_keys.revoke", || self.try_revoke(account_id, id, at, event)).await
    }

    async fn replace_secret(
        &self,
        account_id: AccountId,
        id: ApiKeyId,
        secret: &StoredSecret,
        good_until: Timestamp,
        at: Timestamp,
        event: &AuditEvent,
    ) -> PortResult<Option<ApiKey>> {
        let replace = || {
            let sealed = secret.sealed.as_ref().map(|sealed| sealed.0.as_str());
            // In this order: MySQL assigns from left to right, and would otherwise move the new one.
            let update = update_at(at)
                .col_expr(Column::PreviousDigest, Expr::col(Column::Digest))
                .col_expr(Column::PreviousDigestSecretId, Expr::col(Column::DigestSecretId))
                .col_expr(Column::PreviousGoodUntil, Expr::value(Moment::from(good_until)))
                .col_expr(Column::Digest, Expr::value(secret.digest.digest.0.to_vec()))
                .col_expr(Column::DigestSecretId, Expr::value(secret.digest.secret_id.as_str()))
                .col_expr(Column::Prefix, Expr::value(secret.prefix.as_str()))
                .col_expr(Column::SealedSecret, Expr::value(sealed))
                .col_expr(Column::RegeneratedAt, Expr::value(Moment::from(at)));
            self.try_update(account_id, id, update, event)
        };
        self.pools.transact("api_keys.replace_secret", replace).await
    }

    async fn move_digest(&self, id: ApiKeyId, old: &StoredDigest, new: &StoredDigest) -> PortResult<()> {
        self.pools.transact("api_keys.move_digest", || self.try_move_digest(id, old, new)).await
    }

    async fn sealed_secret(&self, account_id: AccountId, id: ApiKeyId) -> PortResult<Option<SealedSecret>> {
        let find = async {
            let query = api_key::Entity::find().select_only().column(Column::SealedSecret);
            let query = query.filter(is(account_id, id)).filter(Column::RevokedAt.is_null());
            let sealed = query.into_tuple::<Option<String>>().one(self.pools.reads()).await?;
            Ok(sealed.flatten().map(SealedSecret))
        };
        self.pools.call("api_keys.sealed_secret", find).await
    }

    async fn legacy_keys(
        &self,
        account_id: AccountId,
        newest_secret_id: &str,
        now: Timestamp,
    ) -> PortResult<LegacyKeys> {
        let count = async {
            let count = api_key::Entity::find()
                .select_only()
                .column(Column::Id)
                .filter(is_of(account_id))
                .filter(has_status(KeyStatus::Active, now.into()))
                .filter(Column::DigestSecretId.ne(newest_secret_id))
                .count(self.pools.reads())
                .await?;
            let query = account::Entity::find().select_only().column(account::Column::LegacyNoticeAt);
            let notice = query.filter(account::is_active(account_id)).into_tuple::<Option<Moment>>();
            let notice_shown = notice.one(self.pools.reads()).await?.flatten().is_some();
            Ok(LegacyKeys { count, notice_shown })
        };
        self.pools.call("api_keys.legacy_keys", count).await
    }

    async fn note_legacy_notice(&self, account_id: AccountId, at: Timestamp) -> PortResult<()> {
        let note = || async {
            account::Entity::update_many()
                .col_expr(account::Column::LegacyNoticeAt, Expr::value(Moment::from(at)))
                .filter(account::is_active(account_id))
                .exec(self.pools.writes())
                .await?;
            Ok(())
        };
        self.pools.transact("api_keys.note_legacy_notice", note).await
    }

    async fn plan_of(&self, account_id: AccountId) -> PortResult<Option<Plan>> {
        self.pools.call("api_keys.plan_of", accounts::plan_of(account_id, self.pools.reads())).await
    }
}
