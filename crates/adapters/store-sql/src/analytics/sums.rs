//! The sums of hours and days, as they are written.

use std::collections::BTreeMap;

use altus4_analytics::{LoggedSearch, Sums, TimeSketch, hour_of};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use super::{
    scopes::Scopes,
    stored,
    upsert::{add as add_columns, keep_greatest},
};
use crate::{
    entity::search_sum::{Column, Entity, Model},
    error::Fault,
    moment::Moment,
    usage::{Span, chunks, padded},
};

const TABLE: &str = "search_sums";
/// What is added up.
const COUNTS: [Column; 8] = [
    Column::Searches,
    Column::Failed,
    Column::Partial,
    Column::Misses,
    Column::Cached,
    Column::Results,
    Column::TookUs,
    Column::Clicked,
];

/// How many hours from which on, and whose.
type Key = (i16, i64, i64);

/// Adds searches to the sums of their hours and days.
pub(super) async fn add(
    searches: &[LoggedSearch],
    scopes: &Scopes,
    transaction: &DatabaseTransaction,
) -> Result<(), Fault> {
    let mut cells: BTreeMap<Key, (Sums, Moment)> = BTreeMap::new();
    for search in searches {
        let at = Moment::from(search.at);
        for scope in scopes.of_search(search)? {
            for span in Span::ALL {
                let key = (span.hours(), span.start_of(hour_of(search.at)), scope);
                let (sums, last_at) = cells.entry(key).or_insert_with(|| (Sums::default(), at));
                sums.add(search);
                *last_at = Ord::max(*last_at, at);
            }
        }
    }
    add_known_times(&mut cells, transaction).await?;
    let rows: Vec<_> = cells.into_iter().map(|(key, (sums, last_at))| row(key, &sums, last_at)).collect();
    let place = (TABLE, transaction.get_database_backend());
    let mut known = OnConflict::columns([Column::ScopeId, Column::Span, Column::Hour]);
    known.update_column(Column::Times);
    add_columns(&mut known, &COUNTS, place);
    keep_greatest(&mut known, &[Column::LongestUs, Column::LastAt], place);
    for chunk in chunks(&rows) {
        let chunk = chunk.iter().map(|row| row.clone().into_active_model());
        Entity::insert_many(chunk).on_conflict(known.clone()).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// Sketches are no sums that a database could add up: what is there is read, and written back with more.
async fn add_known_times(
    cells: &mut BTreeMap<Key, (Sums, Moment)>,
    transaction: &DatabaseTransaction,
) -> Result<(), Fault> {
    let mut slots: BTreeMap<(i16, i64), Vec<i64>> = BTreeMap::new();
    for (span, hour, scope) in cells.keys() {
        slots.entry((*span, *hour)).or_default().push(*scope);
    }
    for ((span, hour), scopes) in slots {
        for scopes in padded(&scopes) {
            let rows = Entity::find()
                .select_only()
                .columns([Column::ScopeId, Column::Times])
                .filter(Column::ScopeId.is_in(scopes))
                .filter(Column::Span.eq(span))
                .filter(Column::Hour.eq(hour))
                .order_by_asc(Column::ScopeId)
                .lock_exclusive()
                .into_tuple::<(i64, Vec<u8>)>()
                .all(transaction)
                .await?;
            for (scope, times) in rows {
                let times = TimeSketch::from_bytes(&times).ok_or(Fault::Corrupt("search_sums.times"))?;
                if let Some((sums, _)) = cells.get_mut(&(span, hour, scope)) {
                    sums.times.merge(&times);
                }
            }
        }
    }
    Ok(())
}

fn row((span, hour, scope_id): Key, sums: &Sums, last_at: Moment) -> Model {
    Model {
        scope_id,
        span,
        hour,
        searches: stored(sums.searches),
        failed: stored(sums.failed),
        partial: stored(sums.partial),
        misses: stored(sums.misses),
        cached: stored(sums.cached),
        results: stored(sums.results),
        took_us: stored(sums.took_us),
        longest_us: stored(sums.longest_us),
        clicked: stored(sums.clicked),
        last_at,
        times: sums.times.to_bytes(),
    }
}

/// Counts searches that were clicked.
pub(super) async fn click(
    searches: &[LoggedSearch],
    scopes: &Scopes,
    transaction: &DatabaseTransaction,
) -> Result<(), Fault> {
    let mut counts: BTreeMap<Key, i64> = BTreeMap::new();
    for search in searches {
        for scope in scopes.of_search(search)? {
            for span in Span::ALL {
                *counts.entry((span.hours(), span.start_of(hour_of(search.at)), scope)).or_default() += 1;
            }
        }
    }
    for ((span, hour, scope), count) in counts {
        Entity::update_many()
            .col_expr(Column::Clicked, Expr::col(Column::Clicked).add(count))
            .filter(Column::ScopeId.eq(scope))
            .filter(Column::Span.eq(span))
            .filter(Column::Hour.eq(hour))
            .exec(transaction)
            .await?;
    }
    Ok(())
}
