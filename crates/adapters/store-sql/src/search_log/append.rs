//! Keeps a batch of searches: each of them once, however often it is written.

use std::collections::{BTreeMap, HashSet};

use altus4_search::{SearchRecord, day_of};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
    prelude::TextUuid,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use crate::{
    analytics,
    entity::{account, popular_query, search},
    error::Fault,
    pools::Pools,
    usage::{chunks, padded},
};

/// Keeps these searches in one transaction.
pub(super) async fn append(searches: &[SearchRecord], pools: &Pools) -> Result<(), Fault> {
    match attempt(searches, Known::None, pools).await {
        Err(fault) if fault.is_duplicate() => attempt(searches, Known::Some, pools).await,
        outcome => outcome,
    }
}

/// Whether some of a batch may be there already, since it is written again whose outcome was not heard of.
/// That is rare: it is found out by trying.
#[derive(Clone, Copy)]
enum Known {
    None,
    Some,
}

async fn attempt(searches: &[SearchRecord], known: Known, pools: &Pools) -> Result<(), Fault> {
    let transaction = pools.begin().await?;
    let accounts = lock_accounts(searches, &transaction).await?;
    let mut known = match known {
        Known::None => HashSet::new(),
        Known::Some => known_searches(searches, &transaction).await?,
    };
    let is_new = |search: &&SearchRecord| {
        accounts.contains(&search.account_id.as_uuid()) && known.insert(search.id.as_uuid())
    };
    let fresh: Vec<_> = searches.iter().filter(is_new).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    for chunk in chunks(&fresh) {
        let rows = chunk.iter().map(|search| search::Model::from(*search).into_active_model());
        search::Entity::insert_many(rows).exec_without_returning(&transaction).await?;
    }
    count(&fresh, &transaction).await?;
    let logged: Vec<_> = fresh.iter().map(|search| analytics::logged(search)).collect();
    analytics::record(&logged, &transaction).await?;
    Ok(transaction.commit().await?)
}

/// The active ones among the accounts, locked in the order of their ids: nobody removes them until the
/// transaction ends.
async fn lock_accounts(
    searches: &[SearchRecord],
    transaction: &DatabaseTransaction,
) -> Result<HashSet<Uuid>, Fault> {
    use account::Column;
    let mut ids: Vec<_> = searches.iter().map(|search| TextUuid(search.account_id.as_uuid())).collect();
    ids.sort_unstable_by_key(|id| id.0);
    ids.dedup();
    let mut active = HashSet::new();
    for ids in padded(&ids) {
        let found = account::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Id.is_in(ids))
            .filter(Column::DeactivatedAt.is_null())
            .order_by_asc(Column::Id)
            .lock_exclusive()
            .into_tuple::<TextUuid>()
            .all(transaction)
            .await?;
        active.extend(found.into_iter().map(|id| id.0));
    }
    Ok(active)
}

/// Those of these searches that are there already.
async fn known_searches(
    searches: &[SearchRecord],
    transaction: &DatabaseTransaction,
) -> Result<HashSet<Uuid>, Fault> {
    use search::Column;
    let ids: Vec<_> = searches.iter().map(|search| TextUuid(search.id.as_uuid())).collect();
    let mut known = HashSet::new();
    for ids in padded(&ids) {
        let query = search::Entity::find().select_only().column(Column::Id);
        let found = query.filter(Column::Id.is_in(ids)).into_tuple::<TextUuid>().all(transaction).await?;
        known.extend(found.into_iter().map(|id| id.0));
    }
    Ok(known)
}

/// Counts those that found something.
async fn count(searches: &[&SearchRecord], transaction: &DatabaseTransaction) -> Result<(), Fault> {
    use popular_query::Column;
    let mut queries = BTreeMap::<(Uuid, &str), popular_query::Model>::new();
    for search in searches.iter().filter(|search| search.is_successful()) {
        let account = search.account_id.as_uuid();
        let row = queries.entry((account, &search.folded)).or_insert_with(|| popular_query::Model {
            account_id: TextUuid(account),
            folded: search.folded.clone(),
            query: String::new(),
            searches: 0,
            last_day: i64::MIN,
        });
        row.query.clone_from(&search.query);
        row.searches += 1;
        row.last_day = row.last_day.max(day_of(search.at));
    }
    let queries: Vec<_> = queries.into_values().collect();
    for chunk in chunks(&queries) {
        let rows = chunk.iter().map(|row| row.clone().into_active_model());
        let mut known = OnConflict::columns([Column::AccountId, Column::Folded]);
        known.update_columns([Column::Query, Column::LastDay]);
        // What the row has, and what was to be inserted, as each back end spells it.
        known.value(
            Column::Searches,
            match transaction.get_database_backend() {
                DbBackend::MySql => Expr::cust("searches + VALUES(searches)"),
                _ => Expr::cust("popular_queries.searches + excluded.searches"),
            },
        );
        popular_query::Entity::insert_many(rows)
            .on_conflict(known)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}
