//! An account's single searches.

use altus4_analytics::{DayRange, Figures, HistoryFilter, LabelKind, LoggedSearch, Whose};
use altus4_kernel::{AccountId, Page, SearchId, Timestamp};
use altus4_search::SearchRecord;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
    prelude::TextUuid,
    sea_query::{Expr, ExprTrait, Func},
};

use super::{labels, reads, record::logged, scopes};
use crate::{
    entity::search::{Column, Entity, Model},
    error::Fault,
    moment::Moment,
};

/// What a failed search's `status` is.
const FAILED: &str = "failed";

fn matching(account: AccountId, filter: &HistoryFilter) -> Condition {
    let mut wanted = Condition::all()
        .add(Column::AccountId.eq(TextUuid(account.as_uuid())))
        .add(Column::Environment.is_in(scopes::names(filter.environments)));
    // By time, as the rows are ordered; a day is as good where there is no such moment.
    wanted = wanted
        .add_option(filter.range.start().map(|start| Column::At.gte(Moment::from(start))))
        .add_option(filter.range.end().map(|end| Column::At.lt(Moment::from(end))));
    wanted = wanted
        .add_option(filter.containing.as_deref().map(|part| has(Column::Folded, part)))
        .add_option(filter.mode.as_deref().map(|mode| Column::Mode.eq(mode)))
        .add_option(filter.database.map(|database| has(Column::Databases, &database.to_string())));
    let min_took = filter.min_took.map(|took| i64::try_from(took.as_micros()).unwrap_or(i64::MAX));
    wanted = wanted.add_option(min_took.map(|took_us| Column::TookUs.gte(took_us)));
    let nothing = || Condition::all().add(Column::Results.eq(0)).add(Column::Status.ne(FAILED));
    match filter.found_nothing {
        Some(true) => wanted.add(nothing()),
        Some(false) => wanted.add(nothing().not()),
        None => wanted,
    }
}

/// Whether a column has this text in it. `LIKE` would take some characters for more than they are.
fn has(column: Column, part: &str) -> Expr {
    Expr::from(Func::cust("INSTR").args([Expr::col(column), Expr::value(part)])).gt(0)
}

fn read(rows: Vec<Model>) -> Result<Vec<LoggedSearch>, Fault> {
    rows.into_iter().map(|row| Ok(logged(&SearchRecord::try_from(row)?))).collect()
}

/// A page of them, and how many there are.
pub(super) async fn page(
    account: AccountId,
    filter: &HistoryFilter,
    (offset, limit): (u32, u32),
    snapshot: &impl ConnectionTrait,
) -> Result<Page<LoggedSearch>, Fault> {
    let total = total(account, filter, snapshot).await?;
    let rows = Entity::find()
        .filter(matching(account, filter))
        .order_by_desc(Column::At)
        .order_by_desc(Column::Id)
        .limit(u64::from(limit))
        .offset(u64::from(offset))
        .all(snapshot)
        .await?;
    Ok(Page { items: read(rows)?, total })
}

/// Those after one, to be read to their end.
pub(super) async fn after(
    account: AccountId,
    filter: &HistoryFilter,
    after: Option<(Timestamp, SearchId)>,
    limit: u32,
    connection: &impl ConnectionTrait,
) -> Result<Vec<LoggedSearch>, Fault> {
    let mut wanted = matching(account, filter);
    if let Some((at, id)) = after {
        let (at, id) = (Moment::from(at), TextUuid(id.as_uuid()));
        let earlier = Condition::all().add(Column::At.eq(at)).add(Column::Id.lt(id));
        // The first bound is what an index is read by.
        wanted = wanted.add(Column::At.lte(at)).add(Condition::any().add(Column::At.lt(at)).add(earlier));
    }
    let rows = Entity::find()
        .filter(wanted)
        .order_by_desc(Column::At)
        .order_by_desc(Column::Id)
        .limit(u64::from(limit))
        .all(connection)
        .await?;
    read(rows)
}

/// How many there are. Where sums know it, they are asked: a quarter of a year of searches is much to
/// count. The oldest day of which there is any is counted: some of it may be gone already.
async fn total(
    account: AccountId,
    filter: &HistoryFilter,
    snapshot: &impl ConnectionTrait,
) -> Result<u64, Fault> {
    let in_sums = filter.containing.is_none()
        && filter.min_took.is_none()
        && (filter.mode.is_none() || filter.found_nothing.is_none());
    if !in_sums {
        return Ok(Entity::find().filter(matching(account, filter)).count(snapshot).await?);
    }
    let oldest = Entity::find()
        .select_only()
        .column(Column::Day)
        .filter(Column::AccountId.eq(TextUuid(account.as_uuid())))
        .order_by_asc(Column::Day)
        .limit(1)
        .into_tuple::<i64>()
        .one(snapshot)
        .await?;
    let Some(oldest) = oldest else { return Ok(0) };
    let mut total = 0;
    if filter.range.has(oldest) {
        let filter = HistoryFilter { range: DayRange::day(oldest), ..filter.clone() };
        total += Entity::find().filter(matching(account, &filter)).count(snapshot).await?;
    }
    let first = Ord::max(filter.range.first(), oldest + 1);
    let Some(range) = DayRange::new(first, filter.range.last()) else { return Ok(total) };
    let whose = filter.database.map_or(Whose::Account(account), |one| Whose::Database(account, one));
    let figures = Figures { whose, environments: filter.environments, range };
    if let Some(mode) = &filter.mode {
        let labels = labels::read(figures, LabelKind::Mode, snapshot).await?;
        let counted = labels.iter().filter(|label| label.label == *mode).map(|label| label.searches);
        return Ok(total + counted.sum::<u64>());
    }
    let (searches, misses) = reads::counts(figures, snapshot).await?;
    Ok(total
        + match filter.found_nothing {
            Some(true) => misses,
            Some(false) => searches.saturating_sub(misses),
            None => searches,
        })
}
