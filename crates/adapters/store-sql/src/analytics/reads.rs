//! The sums of hours and days, as they are read.

use std::collections::{BTreeMap, HashMap};

use altus4_analytics::{
    DayRange, Environments, Figures, Grain, SearchedDatabase, Sums, SumsPoint, TimeSketch,
};
use altus4_kernel::{AccountId, ConnectionId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{number, scopes};
use crate::{
    entity::search_sum::{Column, Entity, Model},
    error::Fault,
    usage::{Span, sum},
};

/// The sums of each hour or day that has any, the oldest first.
pub(super) async fn sums(
    figures: Figures,
    grain: Grain,
    connection: &impl ConnectionTrait,
) -> Result<Vec<SumsPoint>, Fault> {
    let span = match grain {
        Grain::Hour => Span::HOUR,
        Grain::Day => Span::DAY,
    };
    let rows = Entity::find()
        .filter(Column::ScopeId.is_in(scopes::wanted(figures, connection).await?))
        .filter(Column::Span.eq(span.hours()))
        .filter(Column::Hour.gte(figures.range.hours().start))
        .filter(Column::Hour.lt(figures.range.hours().end))
        .order_by_asc(Column::Hour)
        .all(connection)
        .await?;
    let mut points: Vec<SumsPoint> = Vec::with_capacity(rows.len());
    for row in rows {
        let (hour, sums) = (row.hour, read(&row)?);
        match points.last_mut().filter(|last| last.hour == hour) {
            Some(last) => last.sums.merge(&sums),
            None => points.push(SumsPoint { hour, sums }),
        }
    }
    Ok(points)
}

fn read(row: &Model) -> Result<Sums, Fault> {
    let number = |stored| number(stored, "search_sums");
    Ok(Sums {
        searches: number(row.searches)?,
        failed: number(row.failed)?,
        partial: number(row.partial)?,
        misses: number(row.misses)?,
        cached: number(row.cached)?,
        results: number(row.results)?,
        took_us: number(row.took_us)?,
        longest_us: number(row.longest_us)?,
        clicked: number(row.clicked)?,
        times: TimeSketch::from_bytes(&row.times).ok_or(Fault::Corrupt("search_sums.times"))?,
    })
}

/// How many searches there were, and how many of them were answered with nothing.
pub(super) async fn counts(figures: Figures, connection: &impl ConnectionTrait) -> Result<(u64, u64), Fault> {
    let row = Entity::find()
        .select_only()
        .column_as(sum(Column::Searches), "searches")
        .column_as(sum(Column::Misses), "misses")
        .filter(Column::ScopeId.is_in(scopes::wanted(figures, connection).await?))
        .filter(Column::Span.eq(Span::DAY.hours()))
        .filter(Column::Hour.gte(figures.range.hours().start))
        .filter(Column::Hour.lt(figures.range.hours().end))
        .into_tuple::<(i64, i64)>()
        .one(connection)
        .await?;
    let (searches, misses) = row.unwrap_or_default();
    Ok((number(searches, "search_sums.searches")?, number(misses, "search_sums.misses")?))
}

/// An account's databases that were searched, the most searched first.
pub(super) async fn databases(
    account: AccountId,
    environments: Environments,
    range: DayRange,
    connection: &impl ConnectionTrait,
) -> Result<Vec<SearchedDatabase>, Fault> {
    let scopes: HashMap<_, _> =
        scopes::of_databases(account, environments, connection).await?.into_iter().collect();
    let rows = Entity::find()
        .select_only()
        .column(Column::ScopeId)
        .column_as(sum(Column::Searches), "searches")
        .filter(Column::ScopeId.is_in(scopes.keys().copied()))
        .filter(Column::Span.eq(Span::DAY.hours()))
        .filter(Column::Hour.gte(range.hours().start))
        .filter(Column::Hour.lt(range.hours().end))
        .group_by(Column::ScopeId)
        .into_tuple::<(i64, i64)>()
        .all(connection)
        .await?;
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (scope, searches) in rows {
        if let Some(database) = scopes.get(&scope) {
            *counts.entry(database).or_default() += number(searches, "search_sums.searches")?;
        }
    }
    let searched = |(database, searches): (&str, u64)| {
        let id = database.parse::<ConnectionId>().map_err(|_| Fault::Corrupt("search_scopes.database_id"))?;
        Ok(SearchedDatabase { id, searches })
    };
    let mut found = counts.into_iter().map(searched).collect::<Result<Vec<_>, Fault>>()?;
    found.sort_by_key(|database| std::cmp::Reverse(database.searches));
    Ok(found)
}
