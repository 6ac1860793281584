//! The sums of queries, as they are written.

use std::collections::{BTreeMap, HashMap};

use altus4_analytics::{LoggedSearch, QueryList, day_of, month_of};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect,
    prelude::TextUuid,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use uuid::Uuid;

use super::{
    scopes::Scopes,
    stored,
    upsert::{self, keep_greatest, keep_latest},
};
use crate::{
    entity::{
        search_query,
        search_query_sum::{Column, Entity, Model},
    },
    error::Fault,
    moment::Moment,
    usage::{chunks, padded},
};

const TABLE: &str = "search_query_sums";
/// The sums of a day,
pub(super) const DAY: i16 = 1;
/// and of a month.
pub(super) const MONTH: i16 = 31;

/// As it is stored.
pub(super) fn number_of(list: QueryList) -> i16 {
    match list {
        QueryList::All => 0,
        QueryList::Misses => 1,
    }
}

/// Whose, in which list, which query, and of which days.
type Key = (i64, i16, i64, i16, i64);

/// All sums that a search belongs to.
fn keys(search: &LoggedSearch, query: i64, scopes: &Scopes) -> Result<Vec<Key>, Fault> {
    let day = day_of(search.at);
    let mut keys = Vec::new();
    for scope in scopes.of_account(search)? {
        for list in QueryList::EACH.into_iter().filter(|list| list.has(search)) {
            keys.push((scope, number_of(list), query, DAY, day));
            keys.push((scope, number_of(list), query, MONTH, month_of(day)));
        }
    }
    Ok(keys)
}

/// Adds searches to the sums of their queries' days and months.
pub(super) async fn add(
    searches: &[LoggedSearch],
    scopes: &Scopes,
    transaction: &DatabaseTransaction,
) -> Result<(), Fault> {
    let queries = Queries::named(searches, transaction).await?;
    let mut rows: BTreeMap<Key, Model> = BTreeMap::new();
    for search in searches {
        let at = Moment::from(search.at);
        for key in keys(search, queries.id(search)?, scopes)? {
            let (scope_id, list, query_id, span, day) = key;
            let (searches, took_us, results, clicked) = (0, 0, 0, 0);
            let row = rows.entry(key).or_insert_with(|| Model {
                scope_id,
                list,
                query_id,
                span,
                day,
                searches,
                took_us,
                results,
                clicked,
                last_at: at,
            });
            row.searches += 1;
            row.took_us = row.took_us.saturating_add(stored(search.took_us()));
            row.results = row.results.saturating_add(stored(search.results));
            row.last_at = Ord::max(row.last_at, at);
        }
    }
    let rows: Vec<_> = rows.into_values().collect();
    let place = (TABLE, transaction.get_database_backend());
    let mut known =
        OnConflict::columns([Column::ScopeId, Column::List, Column::QueryId, Column::Span, Column::Day]);
    upsert::add(&mut known, &[Column::Searches, Column::TookUs, Column::Results], place);
    keep_greatest(&mut known, &[Column::LastAt], place);
    for chunk in chunks(&rows) {
        let chunk = chunk.iter().map(|row| row.clone().into_active_model());
        Entity::insert_many(chunk).on_conflict(known.clone()).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// Counts searches that were clicked.
pub(super) async fn click(
    searches: &[LoggedSearch],
    scopes: &Scopes,
    transaction: &DatabaseTransaction,
) -> Result<(), Fault> {
    let queries = Queries::find(searches, transaction).await?;
    let mut counts: BTreeMap<Key, i64> = BTreeMap::new();
    for search in searches {
        for key in keys(search, queries.id(search)?, scopes)? {
            *counts.entry(key).or_default() += 1;
        }
    }
    for ((scope, list, query, span, day), count) in counts {
        Entity::update_many()
            .col_expr(Column::Clicked, Expr::col(Column::Clicked).add(count))
            .filter(Column::ScopeId.eq(scope))
            .filter(Column::List.eq(list))
            .filter(Column::QueryId.eq(query))
            .filter(Column::Span.eq(span))
            .filter(Column::Day.eq(day))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

/// What queries go by in sums.
struct Queries(HashMap<(Uuid, String), i64>);

impl Queries {
    /// Those of these searches, with what was typed last.
    async fn named(searches: &[LoggedSearch], transaction: &DatabaseTransaction) -> Result<Self, Fault> {
        use search_query::Column;
        let mut latest: BTreeMap<(Uuid, &str), &LoggedSearch> = BTreeMap::new();
        for search in searches {
            let known = latest.entry((search.account_id.as_uuid(), &search.folded)).or_insert(search);
            if (search.at, search.id.as_uuid()) > (known.at, known.id.as_uuid()) {
                *known = search;
            }
        }
        let rows: Vec<_> = latest.into_values().collect();
        let place = ("search_queries", transaction.get_database_backend());
        let mut known = OnConflict::columns([Column::AccountId, Column::Folded]);
        // MySQL changes one column after the other: the query goes by the time that was there.
        keep_latest(&mut known, Column::Query, Column::LastAt, place);
        keep_greatest(&mut known, &[Column::LastAt], place);
        for chunk in chunks(&rows) {
            let chunk = chunk.iter().map(|search| search_query::ActiveModel {
                id: NotSet,
                account_id: Set(TextUuid(search.account_id.as_uuid())),
                folded: Set(search.folded.clone()),
                query: Set(search.query.clone()),
                last_at: Set(search.at.into()),
            });
            let insert = search_query::Entity::insert_many(chunk).on_conflict(known.clone());
            insert.exec_without_returning(transaction).await?;
        }
        Self::find(searches, transaction).await
    }

    async fn find(searches: &[LoggedSearch], transaction: &DatabaseTransaction) -> Result<Self, Fault> {
        use search_query::Column;
        let mut accounts: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
        for search in searches {
            accounts.entry(search.account_id.as_uuid()).or_default().push(search.folded.clone());
        }
        let mut ids = HashMap::new();
        for (account, mut folded) in accounts {
            folded.sort_unstable();
            folded.dedup();
            for folded in padded(&folded) {
                let rows = search_query::Entity::find()
                    .select_only()
                    .columns([Column::Id, Column::Folded])
                    .filter(Column::AccountId.eq(TextUuid(account)))
                    .filter(Column::Folded.is_in(folded))
                    .into_tuple::<(i64, String)>()
                    .all(transaction)
                    .await?;
                ids.extend(rows.into_iter().map(|(id, folded)| ((account, folded), id)));
            }
        }
        Ok(Self(ids))
    }

    fn id(&self, search: &LoggedSearch) -> Result<i64, Fault> {
        let key = (search.account_id.as_uuid(), search.folded.clone());
        self.0.get(&key).copied().ok_or(Fault::Corrupt("search_queries"))
    }
}
