//! Removes old sums, a bounded number of rows at a time: nobody waits long for a lock then.

use altus4_analytics::month_of;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::scopes::GONE;
use crate::{
    entity::{search_label_sum, search_query, search_query_sum, search_scope, search_sum, slowest_search},
    error::Fault,
    moment::Moment,
    pools::Pools,
    usage::padded,
};

/// About how many rows of a table are removed at once.
const ROWS: u64 = 2_048;

/// Removes some of what is from before the month of this day, and of what accounts left.
pub(super) async fn purge(pools: &Pools, before_day: i64) -> Result<u64, Fault> {
    let month = month_of(before_day);
    let transaction = pools.begin().await?;
    let mut removed = left_behind(&transaction).await?;
    removed += oldest::<search_sum::Entity>(
        search_sum::Column::ScopeId,
        (search_sum::Column::Hour, 24 * month),
        &transaction,
    )
    .await?;
    removed += oldest::<search_label_sum::Entity>(
        search_label_sum::Column::ScopeId,
        (search_label_sum::Column::Day, month),
        &transaction,
    )
    .await?;
    removed += oldest::<search_query_sum::Entity>(
        search_query_sum::Column::QueryId,
        (search_query_sum::Column::Day, month),
        &transaction,
    )
    .await?;
    removed += oldest::<slowest_search::Entity>(
        slowest_search::Column::ScopeId,
        (slowest_search::Column::Day, month),
        &transaction,
    )
    .await?;
    removed += unused_queries(month, &transaction).await?;
    transaction.commit().await?;
    Ok(removed)
}

/// Some of the rows of a table from before a time, the oldest first, one value of `by` after the other.
async fn oldest<E: EntityTrait>(
    by: E::Column,
    (time, before): (E::Column, i64),
    transaction: &DatabaseTransaction,
) -> Result<u64, Fault> {
    let border = E::find()
        .select_only()
        .columns([time, by])
        .filter(time.lt(before))
        .order_by_asc(time)
        .order_by_asc(by)
        .offset(ROWS)
        .limit(1)
        .into_tuple::<(i64, i64)>()
        .one(transaction)
        .await?;
    let gone = match border {
        None => Condition::all().add(time.lt(before)),
        // With the other rows of the same time and value, which are few.
        Some((last, value)) => {
            Condition::any().add(time.lt(last)).add(Condition::all().add(time.eq(last)).add(by.lte(value)))
        }
    };
    Ok(E::delete_many().filter(gone).exec(transaction).await?.rows_affected)
}

/// Queries that no sums refer to any more.
async fn unused_queries(month: i64, transaction: &DatabaseTransaction) -> Result<u64, Fault> {
    use search_query::{Column, Entity};
    let Some(start) = month.checked_mul(86_400).and_then(altus4_kernel::Timestamp::from_unix_seconds) else {
        return Ok(0);
    };
    let old = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::LastAt.lt(Moment::from(start)))
        .limit(ROWS)
        .into_tuple::<i64>()
        .all(transaction)
        .await?;
    let mut removed = 0;
    for ids in padded(&old) {
        removed += Entity::delete_many().filter(Column::Id.is_in(ids)).exec(transaction).await?.rows_affected;
    }
    Ok(removed)
}

/// What accounts that are gone left: first their sums, at last their scopes.
async fn left_behind(transaction: &DatabaseTransaction) -> Result<u64, Fault> {
    use search_scope::{Column, Entity};
    let scope = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::AccountId.is_null())
        .filter(Column::Environment.eq(GONE))
        .order_by_asc(Column::Id)
        .limit(1)
        .into_tuple::<i64>()
        .one(transaction)
        .await?;
    let Some(scope) = scope else { return Ok(0) };
    let mut removed = 0;
    // Some queries at a time.
    let day = search_query_sum::Entity::find()
        .select_only()
        .columns([search_query_sum::Column::List, search_query_sum::Column::QueryId])
        .filter(search_query_sum::Column::ScopeId.eq(scope))
        .order_by_asc(search_query_sum::Column::List)
        .order_by_asc(search_query_sum::Column::QueryId)
        .limit(ROWS)
        .into_tuple::<(i16, i64)>()
        .all(transaction)
        .await?;
    if let Some((list, last)) = day.last() {
        let mut delete = search_query_sum::Entity::delete_many()
            .filter(search_query_sum::Column::ScopeId.eq(scope))
            .filter(search_query_sum::Column::List.eq(day[0].0));
        if *list == day[0].0 {
            delete = delete.filter(search_query_sum::Column::QueryId.lte(*last));
        }
        return Ok(delete.exec(transaction).await?.rows_affected);
    }
    removed += search_sum::Entity::delete_many()
        .filter(search_sum::Column::ScopeId.eq(scope))
        .exec(transaction)
        .await?
        .rows_affected;
    removed += Entity::delete_by_id(scope).exec(transaction).await?.rows_affected;
    Ok(removed)
}
