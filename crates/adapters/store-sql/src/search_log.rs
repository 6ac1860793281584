//! Searches that were made, what came of them, and which of an account's queries find something.

mod append;
mod interact;

use altus4_kernel::{AccountId, Page, PortResult, SearchId};
use altus4_search::{
    DayOfSearches, HistoryRequest, Interaction, PopularQuery, SearchLog, SearchRecord, Trends, TrendsRequest,
};
use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
    prelude::TextUuid,
    sea_query::{Expr, ExprTrait},
};

use crate::{
    analytics,
    entity::{popular_query, search, search_query, slowest_search},
    error::Fault,
    moment::Moment,
    pools::Pools,
};

/// How many rows one call of a purge removes at the most.
const PURGED_AT_ONCE: u64 = 1_000;
/// The greatest character: what begins with a text lies between it and the same with this after it.
const GREATEST: char = char::MAX;

/// The log of searches in SQL.
pub(crate) struct SqlSearchLog {
    pools: Pools,
}

#[derive(FromQueryResult)]
struct DayRow {
    day: i64,
    searches: i64,
    unique_queries: i64,
}

#[derive(FromQueryResult)]
struct PopularRow {
    query: String,
    searches: i64,
}

impl SqlSearchLog {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }

    async fn page(&self, account: AccountId, request: &HistoryRequest) -> Result<Page<SearchRecord>, Fault> {
        use search::Column;
        let mut wanted = Condition::all().add(Column::AccountId.eq(TextUuid(account.as_uuid())));
        if let Some(from) = request.from {
            wanted = wanted.add(Column::At.gte(Moment::from(from)));
        }
        if let Some(to) = request.to {
            wanted = wanted.add(Column::At.lt(Moment::from(to)));
        }
        let snapshot = self.pools.begin_snapshot().await?;
        let ids = search::Entity::find().select_only().column(Column::Id).filter(wanted.clone());
        let total = ids.count(&snapshot).await?;
        let rows = search::Entity::find()
            .filter(wanted)
            .order_by_desc(Column::At)
            .order_by_desc(Column::Id)
            .limit(u64::from(request.limit))
            .offset(u64::from(request.offset))
            .all(&snapshot)
            .await?;
        let items = rows.into_iter().map(SearchRecord::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, total })
    }

    async fn sum_up(&self, account: AccountId, request: &TrendsRequest) -> Result<Trends, Fault> {
        use search::Column;
        let mut wanted = Condition::all()
            .add(Column::AccountId.eq(TextUuid(account.as_uuid())))
            .add(Column::Day.gte(request.first_day))
            .add(Column::Day.lte(request.last_day));
        if let Some(environment) = request.environment {
            wanted = wanted.add(Column::Environment.eq(environment.as_str()));
        }
        let snapshot = self.pools.begin_snapshot().await?;
        let rows = search::Entity::find()
            .select_only()
            .column(Column::Day)
            .column_as(Expr::col(Column::Id).count(), "searches")
            .column_as(Expr::col(Column::Folded).count_distinct(), "unique_queries")
            .filter(wanted.clone())
            .group_by(Column::Day)
            .order_by_asc(Column::Day)
            .into_model::<DayRow>()
            .all(&snapshot)
            .await?;
        let number = |stored: i64| u64::try_from(stored).map_err(|_| Fault::Corrupt("searches"));
        let days = rows.into_iter().map(|row| {
            Ok(DayOfSearches {
                day: row.day,
                searches: number(row.searches)?,
                unique_queries: number(row.unique_queries)?,
            })
        });
        let days = days.collect::<Result<_, Fault>>()?;
        let top_query = search::Entity::find()
            .select_only()
            .column(Column::Folded)
            .filter(wanted)
            .group_by(Column::Folded)
            .order_by_desc(Expr::col(Column::Id).count())
            .order_by_asc(Column::Folded)
            .limit(1)
            .into_tuple::<String>()
            .one(&snapshot)
            .await?;
        Ok(Trends { days, top_query })
    }

    async fn beginning_with(
        &self,
        account: AccountId,
        prefix: &str,
        limit: u32,
    ) -> Result<Vec<PopularQuery>, Fault> {
        use popular_query::Column;
        let rows = popular_query::Entity::find()
            .select_only()
            .columns([Column::Query, Column::Searches])
            .filter(Column::AccountId.eq(TextUuid(account.as_uuid())))
            .filter(Column::Folded.gt(prefix))
            .filter(Column::Folded.lt(format!("{prefix}{GREATEST}")))
            .order_by_desc(Column::Searches)
            .order_by_asc(Column::Folded)
            .limit(u64::from(limit))
            .into_model::<PopularRow>()
            .all(self.pools.reads())
            .await?;
        let query = |row: PopularRow| {
            let searches = row.searches.try_into().map_err(|_| Fault::Corrupt("popular_queries.searches"))?;
            Ok(PopularQuery { query: row.query, searches })
        };
        rows.into_iter().map(query).collect()
    }

    /// Events go with their searches.
    async fn remove_before(&self, day: i64) -> Result<u64, Fault> {
        let transaction = self.pools.begin().await?;
        let old = search::Entity::find()
            .select_only()
            .column(search::Column::Id)
            .filter(search::Column::Day.lt(day))
            .order_by_asc(search::Column::Day)
            .limit(PURGED_AT_ONCE)
            .into_tuple::<TextUuid>()
            .all(&transaction)
            .await?;
        let mut purged = 0;
        if !old.is_empty() {
            let delete = search::Entity::delete_many().filter(search::Column::Id.is_in(old));
            purged += delete.exec(&transaction).await?.rows_affected;
        }
        let unused = popular_query::Entity::find()
            .select_only()
            .columns([popular_query::Column::AccountId, popular_query::Column::Folded])
            .filter(popular_query::Column::LastDay.lt(day))
            .limit(PURGED_AT_ONCE)
            .into_tuple::<(TextUuid, String)>()
            .all(&transaction)
            .await?;
        for (account, folded) in unused {
            let delete = popular_query::Entity::delete_many()
                .filter(popular_query::Column::AccountId.eq(account))
                .filter(popular_query::Column::Folded.eq(folded));
            purged += delete.exec(&transaction).await?.rows_affected;
        }
        transaction.commit().await?;
        Ok(purged)
    }
}

#[async_trait]
impl SearchLog for SqlSearchLog {
    async fn append(&self, searches: &[SearchRecord]) -> PortResult<()> {
        if searches.is_empty() {
            return Ok(());
        }
        self.pools.transact("searches.append", || append::append(searches, &self.pools)).await
    }

    async fn history(&self, account: AccountId, request: &HistoryRequest) -> PortResult<Page<SearchRecord>> {
        self.pools.call("searches.history", self.page(account, request)).await
    }

    async fn trends(&self, account: AccountId, request: &TrendsRequest) -> PortResult<Trends> {
        self.pools.call("searches.trends", self.sum_up(account, request)).await
    }

    async fn popular(&self, account: AccountId, prefix: &str, limit: u32) -> PortResult<Vec<PopularQuery>> {
        self.pools.call("searches.popular", self.beginning_with(account, prefix, limit)).await
    }

    async fn interact(&self, account: AccountId, interactions: &[Interaction]) -> PortResult<Vec<SearchId>> {
        if interactions.is_empty() {
            return Ok(Vec::new());
        }
        let interact = || interact::interact(account, interactions, &self.pools);
        self.pools.transact("searches.interact", interact).await
    }

    async fn purge(&self, before_day: i64) -> PortResult<u64> {
        self.pools.transact("searches.purge", || self.remove_before(before_day)).await
    }
}

/// Removes all that an account ever searched for: what it left, nobody needs.
pub(crate) async fn remove_all_of(id: AccountId, transaction: &DatabaseTransaction) -> Result<(), Fault> {
    let account = TextUuid(id.as_uuid());
    search::Entity::delete_many().filter(search::Column::AccountId.eq(account)).exec(transaction).await?;
    popular_query::Entity::delete_many()
        .filter(popular_query::Column::AccountId.eq(account))
        .exec(transaction)
        .await?;
    search_query::Entity::delete_many()
        .filter(search_query::Column::AccountId.eq(account))
        .exec(transaction)
        .await?;
    slowest_search::Entity::delete_many()
        .filter(slowest_search::Column::AccountId.eq(account))
        .exec(transaction)
        .await?;
    analytics::leave(id, transaction).await
}
