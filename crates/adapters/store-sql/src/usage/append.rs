//! Keeps a batch of requests: each of them once, however often it is written.

use std::collections::{BTreeMap, HashSet};

use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
    prelude::TextUuid,
    sea_query::{CaseStatement, Expr, ExprTrait},
};
use uuid::Uuid;

use super::{
    cells::Cells,
    chunks::{chunks, padded},
};
use crate::{
    entity::{api_key, usage_request},
    error::Fault,
    moment::Moment,
    pools::Pools,
};

/// What is known of a key's use.
#[derive(FromQueryResult)]
struct UseRow {
    id: TextUuid,
    usage_count: i64,
    last_used: Option<Moment>,
    last_used_ip: Option<String>,
}

/// Keeps these requests in one transaction.
pub(super) async fn append(rows: &[usage_request::Model], pools: &Pools) -> Result<(), Fault> {
    let transaction = pools.begin().await?;
    let mut keys = lock_keys(rows, &transaction).await?;
    let mut known = known_requests(rows, &transaction).await?;
    let is_new = |row: &&usage_request::Model| keys.contains_key(&row.key_id.0) && known.insert(row.id.0);
    let fresh: Vec<_> = rows.iter().filter(is_new).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    for chunk in chunks(&fresh) {
        let chunk = chunk.iter().map(|row| (*row).clone().into_active_model());
        usage_request::Entity::insert_many(chunk).exec_without_returning(&transaction).await?;
    }
    Cells::of(&fresh).store(&transaction).await?;
    let used: HashSet<_> = fresh.iter().map(|row| row.key_id.0).collect();
    keys.retain(|id, _| used.contains(id));
    for row in fresh {
        if let Some(key) = keys.get_mut(&row.key_id.0) {
            key.usage_count += 1;
            if key.last_used.is_none_or(|last| last <= row.at) {
                key.last_used = Some(row.at);
                key.last_used_ip.clone_from(&row.ip);
            }
        }
    }
    note_use(&keys.into_values().collect::<Vec<_>>(), &transaction).await?;
    Ok(transaction.commit().await?)
}

/// The keys that are there, locked in the order of their ids: nobody else adds to their sums until the
/// transaction ends, and nobody removes them.
async fn lock_keys(
    rows: &[usage_request::Model],
    transaction: &DatabaseTransaction,
) -> Result<BTreeMap<Uuid, UseRow>, Fault> {
    use api_key::Column;
    let mut ids: Vec<_> = rows.iter().map(|row| row.key_id).collect();
    ids.sort_unstable_by_key(|id| id.0);
    ids.dedup();
    let mut keys = BTreeMap::new();
    for ids in padded(&ids) {
        let found = api_key::Entity::find()
            .select_only()
            .columns([Column::Id, Column::UsageCount, Column::LastUsed, Column::LastUsedIp])
            .filter(Column::Id.is_in(ids))
            .order_by_asc(Column::Id)
            .lock_exclusive()
            .into_model::<UseRow>()
            .all(transaction)
            .await?;
        keys.extend(found.into_iter().map(|key| (key.id.0, key)));
    }
    Ok(keys)
}

/// Those of these requests that are there already.
async fn known_requests(
    rows: &[usage_request::Model],
    transaction: &DatabaseTransaction,
) -> Result<HashSet<Uuid>, Fault> {
    use usage_request::Column;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut known = HashSet::new();
    for ids in padded(&ids) {
        let query = usage_request::Entity::find().select_only().column(Column::Id);
        let found = query.filter(Column::Id.is_in(ids)).into_tuple::<TextUuid>().all(transaction).await?;
        known.extend(found.into_iter().map(|id| id.0));
    }
    Ok(known)
}

/// Writes what is known of these keys' use, many keys in one statement.
async fn note_use(keys: &[UseRow], transaction: &DatabaseTransaction) -> Result<(), Fault> {
    use api_key::Column;
    for keys in chunks(keys) {
        let (mut count, mut at, mut ip) = (CaseStatement::new(), CaseStatement::new(), CaseStatement::new());
        for key in keys {
            let is_it = || Expr::col(Column::Id).eq(key.id);
            count = count.case(is_it(), Expr::value(key.usage_count));
            at = at.case(is_it(), Expr::value(key.last_used));
            ip = ip.case(is_it(), Expr::value(key.last_used_ip.clone()));
        }
        api_key::Entity::update_many()
            .col_expr(Column::UsageCount, count.into())
            .col_expr(Column::LastUsed, at.into())
            .col_expr(Column::LastUsedIp, ip.into())
            .filter(Column::Id.is_in(keys.iter().map(|key| key.id)))
            .exec(transaction)
            .await?;
    }
    Ok(())
}
