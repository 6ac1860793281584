//! What all accounts do.

use altus4_analytics::{Activity, DayRange, DayVolume, Environments, day_of};
use altus4_kernel::{AccountId, Page, Timestamp};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, JoinType, QueryFilter,
    QueryOrder, QuerySelect, RelationTrait, Select,
    prelude::TextUuid,
    sea_query::{Expr, ExprTrait},
};
use std::collections::{BTreeMap, HashMap};

use super::{number, scopes};
use crate::{
    entity::{
        account, search_scope,
        search_sum::{Column, Entity, Relation},
    },
    error::Fault,
    moment::Moment,
    usage::{Span, padded, sum},
};

/// The days of all accounts, all databases of each in one.
fn days(environments: Environments, range: DayRange) -> Select<Entity> {
    Entity::find()
        .select_only()
        .join(JoinType::InnerJoin, Relation::Scope.def())
        .filter(search_scope::Column::AccountId.is_not_null())
        .filter(search_scope::Column::DatabaseId.eq(""))
        .filter(search_scope::Column::Environment.is_in(scopes::names(environments)))
        .filter(Column::Span.eq(Span::DAY.hours()))
        .filter(Column::Hour.gte(range.hours().start))
        .filter(Column::Hour.lt(range.hours().end))
}

/// The searches of each day, and how many accounts made them.
pub(super) async fn volume(
    environments: Environments,
    range: DayRange,
    connection: &impl ConnectionTrait,
) -> Result<Vec<DayVolume>, Fault> {
    let active = days(environments, range)
        .column(Column::Hour)
        .column_as(
            Expr::col((search_scope::Entity, search_scope::Column::AccountId)).count_distinct(),
            "active",
        )
        .group_by(Column::Hour)
        .into_tuple::<(i64, i64)>()
        .all(connection)
        .await?;
    let active: HashMap<_, _> = active.into_iter().collect();
    // Those of accounts that are gone count among everybody's.
    let everybody: Vec<_> = environments.each().iter().copied().map(scopes::system).collect();
    let rows = Entity::find()
        .select_only()
        .column(Column::Hour)
        .column_as(sum(Column::Searches), "searches")
        .filter(Column::ScopeId.is_in(everybody))
        .filter(Column::Span.eq(Span::DAY.hours()))
        .filter(Column::Hour.gte(range.hours().start))
        .filter(Column::Hour.lt(range.hours().end))
        .group_by(Column::Hour)
        .order_by_asc(Column::Hour)
        .into_tuple::<(i64, i64)>()
        .all(connection)
        .await?;
    let volume = |(hour, searches): (i64, i64)| {
        Ok(DayVolume {
            day: hour.div_euclid(24),
            searches: number(searches, "search_sums.searches")?,
            active: number(active.get(&hour).copied().unwrap_or(0), "search_sums")?,
        })
    };
    rows.into_iter().map(volume).collect()
}

/// How many accounts were made on each day.
pub(super) async fn new_accounts(
    range: DayRange,
    connection: &impl ConnectionTrait,
) -> Result<Vec<(i64, u64)>, Fault> {
    use account::Column;
    let (Some(start), Some(end)) = (range.start(), range.end()) else { return Ok(Vec::new()) };
    let made = account::Entity::find()
        .select_only()
        .column(Column::CreatedAt)
        .filter(Column::CreatedAt.gte(Moment::from(start)))
        .filter(Column::CreatedAt.lt(Moment::from(end)))
        .into_tuple::<Moment>()
        .all(connection)
        .await?;
    let mut days = BTreeMap::new();
    for moment in made {
        *days.entry(day_of(Timestamp::from(moment))).or_default() += 1;
    }
    Ok(days.into_iter().collect())
}

#[derive(FromQueryResult)]
struct ActiveRow {
    account_id: String,
    searches: i64,
    took_us: i64,
    last_at: Moment,
}

#[derive(FromQueryResult)]
struct AccountRow {
    id: TextUuid,
    email: String,
    name: String,
    role: String,
    last_active: Moment,
}

/// The accounts that searched, the most active first, and how many there are.
pub(super) async fn activity(
    environments: Environments,
    range: DayRange,
    (offset, limit): (u32, u32),
    snapshot: &DatabaseTransaction,
) -> Result<Page<Activity>, Fault> {
    use search_scope::Column as Scope;
    let account_id = || Expr::col((search_scope::Entity, Scope::AccountId));
    let total = days(environments, range)
        .column_as(account_id().count_distinct(), "accounts")
        .into_tuple::<i64>()
        .one(snapshot)
        .await?;
    let total = number(total.unwrap_or(0), "search_scopes")?;
    if limit == 0 {
        return Ok(Page { items: Vec::new(), total });
    }
    let searches = || Expr::col((Entity, Column::Searches)).sum();
    let rows = days(environments, range)
        .column_as(account_id(), "account_id")
        .column_as(searches().if_null(0).cast_as("SIGNED"), "searches")
        .column_as(sum(Column::TookUs), "took_us")
        .column_as(Column::LastAt.max(), "last_at")
        .group_by(Scope::AccountId)
        .order_by_desc(searches())
        .order_by_asc(Scope::AccountId)
        .limit(u64::from(limit))
        .offset(u64::from(offset))
        .into_model::<ActiveRow>()
        .all(snapshot)
        .await?;
    let mut accounts = HashMap::new();
    let ids = rows.iter().map(|row| row.account_id.parse::<AccountId>().map(|id| TextUuid(id.as_uuid())));
    let ids: Vec<_> =
        ids.collect::<Result<_, _>>().map_err(|_| Fault::Corrupt("search_scopes.account_id"))?;
    for ids in padded(&ids) {
        let found = account::Entity::find()
            .filter(account::Column::Id.is_in(ids))
            .into_model::<AccountRow>()
            .all(snapshot)
            .await?;
        accounts.extend(found.into_iter().map(|account| (account.id.0.to_string(), account)));
    }
    let told = |row: ActiveRow| {
        let account = accounts.remove(&row.account_id).ok_or(Fault::Corrupt("search_scopes.account_id"))?;
        Ok(Activity {
            id: AccountId::from_uuid(account.id.0),
            email: account.email,
            name: account.name,
            role: account.role.parse().map_err(|_| Fault::Corrupt("accounts.role"))?,
            searches: number(row.searches, "search_sums.searches")?,
            took_us: number(row.took_us, "search_sums.took_us")?,
            last_at: row.last_at.into(),
            last_active: account.last_active.into(),
        })
    };
    let items = rows.into_iter().map(told).collect::<Result<_, Fault>>()?;
    Ok(Page { items, total })
}
