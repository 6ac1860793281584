//! Removes old usage, a bounded number of rows at a time: nobody waits long for a lock then.

use altus4_kernel::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select, prelude::TextUuid,
};

use super::chunks::padded;
use crate::{
    entity::{account, api_key, usage_call, usage_error, usage_hour, usage_request},
    error::Fault,
    moment::Moment,
    pools::Pools,
};

/// How many rows of a table are removed at once.
const ROWS: u64 = 4_096;

/// Removes some of the requests of the hours before the one, and of the sums before the other.
pub(super) async fn purge(pools: &Pools, requests_before: i64, sums_before: i64) -> Result<u64, Fault> {
    let transaction = pools.begin().await?;
    let old = usage_request::Entity::find()
        .filter(usage_request::Column::Hour.lt(requests_before))
        .order_by_asc(usage_request::Column::Hour);
    let mut removed = remove_requests(old, &transaction).await?;
    removed += remove_sums::<usage_hour::Entity>(
        (usage_hour::Column::Hour, usage_hour::Column::KeyId),
        sums_before,
        &transaction,
    )
    .await?;
    removed += remove_sums::<usage_call::Entity>(
        (usage_call::Column::Hour, usage_call::Column::KeyId),
        sums_before,
        &transaction,
    )
    .await?;
    removed += remove_sums::<usage_error::Entity>(
        (usage_error::Column::Hour, usage_error::Column::KeyId),
        sums_before,
        &transaction,
    )
    .await?;
    transaction.commit().await?;
    Ok(removed)
}

/// Removes some of the requests of accounts that were deactivated before this, which are about to go:
/// a million rows that went with their account would be one long transaction.
pub(crate) async fn purge_requests_of_deactivated(pools: &Pools, before: Timestamp) -> Result<u64, Fault> {
    let gone = account::Entity::find()
        .select_only()
        .column(account::Column::Id)
        .filter(account::Column::DeactivatedAt.lt(Moment::from(before)));
    let keys = api_key::Entity::find()
        .select_only()
        .column(api_key::Column::Id)
        .filter(api_key::Column::AccountId.in_subquery(gone.into_query()));
    let old =
        usage_request::Entity::find().filter(usage_request::Column::KeyId.in_subquery(keys.into_query()));
    let transaction = pools.begin().await?;
    let removed = remove_requests(old, &transaction).await?;
    transaction.commit().await?;
    Ok(removed)
}

async fn remove_requests(
    old: Select<usage_request::Entity>,
    transaction: &DatabaseTransaction,
) -> Result<u64, Fault> {
    use usage_request::Column;
    let query = old.select_only().column(Column::Id).limit(ROWS);
    let ids = query.into_tuple::<TextUuid>().all(transaction).await?;
    let mut removed = 0;
    for ids in padded(&ids) {
        let delete = usage_request::Entity::delete_many().filter(Column::Id.is_in(ids));
        removed += delete.exec(transaction).await?.rows_affected;
    }
    Ok(removed)
}

async fn remove_sums<E: EntityTrait>(
    (hour, key_id): (E::Column, E::Column),
    before: i64,
    transaction: &DatabaseTransaction,
) -> Result<u64, Fault> {
    let border = E::find()
        .select_only()
        .columns([hour, key_id])
        .filter(hour.lt(before))
        .order_by_asc(hour)
        .order_by_asc(key_id)
        .offset(ROWS)
        .limit(1)
        .into_tuple::<(i64, TextUuid)>()
        .one(transaction)
        .await?;
    let gone = match border {
        None => Condition::all().add(hour.lt(before)),
        // With its key's other rows of that hour, which are few.
        Some((last, key)) => {
            Condition::any().add(hour.lt(last)).add(Condition::all().add(hour.eq(last)).add(key_id.lte(key)))
        }
    };
    Ok(E::delete_many().filter(gone).exec(transaction).await?.rows_affected)
}
