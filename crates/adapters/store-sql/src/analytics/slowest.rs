//! The slowest searches of each day.

use std::{cmp::Reverse, collections::BTreeMap};

use altus4_analytics::{Figures, LoggedSearch, SLOWEST_PER_DAY, SlowSearch, Whose, day_of};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, prelude::TextUuid, sea_query::OnConflict,
};

use super::{
    number,
    scopes::{self, Scopes},
    stored,
};
use crate::{
    entity::{
        account,
        slowest_search::{Column, Entity, Model},
    },
    error::Fault,
    usage::{chunks, padded},
};

/// More than are kept of any day, with what one batch adds.
const MOST: u64 = 1_000_000;

/// Keeps the slowest of these and of those that are kept.
pub(super) async fn add(
    searches: &[LoggedSearch],
    scopes: &Scopes,
    transaction: &DatabaseTransaction,
) -> Result<(), Fault> {
    let mut days: BTreeMap<(i64, i64), Vec<&LoggedSearch>> = BTreeMap::new();
    for search in searches {
        for scope in scopes.of_search(search)? {
            days.entry((scope, day_of(search.at))).or_default().push(search);
        }
    }
    let mut rows = Vec::new();
    for ((scope_id, day), searches) in &mut days {
        searches.sort_unstable_by_key(|search| Reverse((search.took, search.id.as_uuid())));
        searches.truncate(SLOWEST_PER_DAY);
        rows.extend(searches.iter().map(|search| Model {
            scope_id: *scope_id,
            day: *day,
            search_id: TextUuid(search.id.as_uuid()),
            account_id: TextUuid(search.account_id.as_uuid()),
            query: search.query.clone(),
            took_us: stored(search.took_us()),
            results: stored(search.results),
            at: search.at.into(),
        }));
    }
    let key = [Column::ScopeId, Column::Day, Column::SearchId];
    for chunk in chunks(&rows) {
        let chunk = chunk.iter().map(|row| row.clone().into_active_model());
        let known = OnConflict::columns(key).do_nothing_on(key).to_owned();
        Entity::insert_many(chunk).on_conflict(known).exec_without_returning(transaction).await?;
    }
    for (scope, day) in days.into_keys() {
        trim(scope, day, transaction).await?;
    }
    Ok(())
}

async fn trim(scope: i64, day: i64, transaction: &DatabaseTransaction) -> Result<(), Fault> {
    let of_day = || Entity::find().filter(Column::ScopeId.eq(scope)).filter(Column::Day.eq(day));
    let rest = of_day()
        .select_only()
        .column(Column::SearchId)
        .order_by_desc(Column::TookUs)
        .order_by_desc(Column::SearchId)
        .offset(SLOWEST_PER_DAY as u64)
        .limit(MOST)
        .into_tuple::<TextUuid>()
        .all(transaction)
        .await?;
    for ids in padded(&rest) {
        Entity::delete_many()
            .filter(Column::ScopeId.eq(scope))
            .filter(Column::Day.eq(day))
            .filter(Column::SearchId.is_in(ids))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

/// The slowest, the slowest first; with e-mails where they are everybody's.
pub(super) async fn read(
    figures: Figures,
    limit: u32,
    connection: &impl ConnectionTrait,
) -> Result<Vec<SlowSearch>, Fault> {
    let rows = Entity::find()
        .filter(Column::ScopeId.is_in(scopes::wanted(figures, connection).await?))
        .filter(Column::Day.gte(figures.range.first()))
        .filter(Column::Day.lte(figures.range.last()))
        .order_by_desc(Column::TookUs)
        .order_by_desc(Column::SearchId)
        .limit(u64::from(limit))
        .all(connection)
        .await?;
    let mut emails = BTreeMap::new();
    if figures.whose == Whose::System {
        let accounts: Vec<_> = rows.iter().map(|row| row.account_id).collect();
        for accounts in padded(&accounts) {
            let found = account::Entity::find()
                .select_only()
                .columns([account::Column::Id, account::Column::Email])
                .filter(account::Column::Id.is_in(accounts))
                .into_tuple::<(TextUuid, String)>()
                .all(connection)
                .await?;
            emails.extend(found.into_iter().map(|(id, email)| (id.0, email)));
        }
    }
    let told = |row: Model| {
        Ok(SlowSearch {
            query: row.query,
            took_us: number(row.took_us, "slowest_searches.took_us")?,
            results: number(row.results, "slowest_searches.results")?,
            at: row.at.into(),
            email: emails.get(&row.account_id.0).cloned(),
        })
    };
    rows.into_iter().map(told).collect()
}
