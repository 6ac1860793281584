//! Keeps what was done with results.

use std::collections::HashSet;

use altus4_analytics::LoggedSearch;
use altus4_kernel::{AccountId, SearchId};
use altus4_search::{Interaction, InteractionKind, SearchRecord};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    prelude::TextUuid, sea_query::OnConflict,
};

use crate::{
    analytics,
    entity::{search, search_event},
    error::Fault,
    pools::Pools,
    usage::{chunks, padded},
};

/// The searches among them that are not the account's; where there are any, nothing is kept.
pub(super) async fn interact(
    account: AccountId,
    interactions: &[Interaction],
    pools: &Pools,
) -> Result<Vec<SearchId>, Fault> {
    use search_event::Column;
    let transaction = pools.begin().await?;
    let mut ids: Vec<_> = interactions.iter().map(|event| TextUuid(event.search_id.as_uuid())).collect();
    ids.sort_unstable_by_key(|id| id.0);
    ids.dedup();
    let mut own = HashSet::new();
    for ids in padded(&ids) {
        let found = search::Entity::find()
            .select_only()
            .column(search::Column::Id)
            .filter(search::Column::AccountId.eq(TextUuid(account.as_uuid())))
            .filter(search::Column::Id.is_in(ids))
            .order_by_asc(search::Column::Id)
            .lock_exclusive()
            .into_tuple::<TextUuid>()
            .all(&transaction)
            .await?;
        own.extend(found.into_iter().map(|id| id.0));
    }
    let unknown = ids.iter().filter(|id| !own.contains(&id.0)).map(|id| SearchId::from_uuid(id.0));
    let unknown: Vec<_> = unknown.collect();
    if !unknown.is_empty() {
        return Ok(unknown);
    }
    let clicked = newly_clicked(interactions, &transaction).await?;
    for chunk in chunks(interactions) {
        let rows = chunk.iter().map(|event| search_event::Model::from(event).into_active_model());
        let key = [Column::SearchId, Column::ResultId, Column::Kind];
        search_event::Entity::insert_many(rows)
            .on_conflict(OnConflict::columns(key).do_nothing_on(key).to_owned())
            .exec_without_returning(&transaction)
            .await?;
    }
    analytics::clicked(&clicked, &transaction).await?;
    transaction.commit().await?;
    Ok(unknown)
}

/// The searches of these of which a result is opened for the first time.
async fn newly_clicked(
    interactions: &[Interaction],
    transaction: &DatabaseTransaction,
) -> Result<Vec<LoggedSearch>, Fault> {
    use search_event::Column;
    let clicks = interactions.iter().filter(|event| event.kind == InteractionKind::Click);
    let mut ids: Vec<_> = clicks.map(|event| TextUuid(event.search_id.as_uuid())).collect();
    ids.sort_unstable_by_key(|id| id.0);
    ids.dedup();
    let mut known = HashSet::new();
    for ids in padded(&ids) {
        let found = search_event::Entity::find()
            .select_only()
            .column(Column::SearchId)
            .filter(Column::SearchId.is_in(ids))
            .filter(Column::Kind.eq(InteractionKind::Click.as_str()))
            .into_tuple::<TextUuid>()
            .all(transaction)
            .await?;
        known.extend(found.into_iter().map(|id| id.0));
    }
    ids.retain(|id| !known.contains(&id.0));
    let mut searches = Vec::new();
    for ids in padded(&ids) {
        let found = search::Entity::find().filter(search::Column::Id.is_in(ids)).all(transaction).await?;
        for row in found {
            searches.push(analytics::logged(&SearchRecord::try_from(row)?));
        }
    }
    Ok(searches)
}
