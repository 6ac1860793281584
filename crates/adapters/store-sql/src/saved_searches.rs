//! Saved searches.

use altus4_kernel::{AccountId, PortResult, SavedSearchId};
use altus4_search::{SAVED_COUNT_CONSTRAINT, SavedSearch, SavedSearchRepository};
use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, prelude::TextUuid,
};

use crate::{
    accounts,
    entity::saved_search::{self, Column},
    error::Fault,
    pools::Pools,
};

/// Saved searches in SQL.
pub(crate) struct SqlSavedSearches {
    pools: Pools,
}

impl SqlSavedSearches {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }

    async fn try_insert(&self, saved: &SavedSearch, limit: u32) -> Result<(), Fault> {
        let transaction = self.pools.begin().await?;
        accounts::lock(saved.account_id, &transaction).await?;
        let row = saved_search::Model::from(saved);
        // First, so that a name that is taken is told before that there is no room.
        saved_search::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await?;
        let owned = saved_search::Entity::find().select_only().column(Column::Id);
        let count = owned.filter(owned_by(saved.account_id)).count(&transaction).await?;
        if count > limit.into() {
            return Err(Fault::Conflict(SAVED_COUNT_CONSTRAINT));
        }
        Ok(transaction.commit().await?)
    }
}

#[async_trait]
impl SavedSearchRepository for SqlSavedSearches {
    async fn insert(&self, saved: &SavedSearch, limit: u32) -> PortResult<()> {
        self.pools.transact("saved_searches.insert", || self.try_insert(saved, limit)).await
    }

    async fn list(&self, account: AccountId) -> PortResult<Vec<SavedSearch>> {
        let list = async {
            let query = saved_search::Entity::find().filter(owned_by(account));
            let query = query.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id);
            query.all(self.pools.reads()).await?.into_iter().map(SavedSearch::try_from).collect()
        };
        self.pools.call("saved_searches.list", list).await
    }

    async fn find(&self, account: AccountId, id: SavedSearchId) -> PortResult<Option<SavedSearch>> {
        let find = async {
            let query = saved_search::Entity::find().filter(is(account, id));
            query.one(self.pools.reads()).await?.map(SavedSearch::try_from).transpose()
        };
        self.pools.call("saved_searches.find", find).await
    }

    async fn update(&self, saved: &SavedSearch) -> PortResult<bool> {
        let update = || async {
            let row = saved_search::Model::from(saved);
            let change = saved_search::ActiveModel {
                name: Set(row.name),
                name_key: Set(row.name_key),
                request: Set(row.request),
                databases: Set(row.databases),
                updated_at: Set(row.updated_at),
                ..Default::default()
            };
            let update =
                saved_search::Entity::update_many().set(change).filter(is(saved.account_id, saved.id));
            Ok(update.exec(self.pools.writes()).await?.rows_affected > 0)
        };
        self.pools.transact("saved_searches.update", update).await
    }

    async fn remove(&self, account: AccountId, id: SavedSearchId) -> PortResult<bool> {
        let remove = || async {
            let delete = saved_search::Entity::delete_many().filter(is(account, id));
            Ok(delete.exec(self.pools.writes()).await?.rows_affected > 0)
        };
        self.pools.transact("saved_searches.remove", remove).await
    }
}

fn owned_by(account: AccountId) -> Condition {
    Condition::all().add(Column::AccountId.eq(TextUuid(account.as_uuid())))
}

fn is(account: AccountId, id: SavedSearchId) -> Condition {
    owned_by(account).add(Column::Id.eq(TextUuid(id.as_uuid())))
}
