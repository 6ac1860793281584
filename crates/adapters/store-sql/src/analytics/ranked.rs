//! Frequent queries, found by the Threshold Algorithm over the ranked lists of months and days.

use std::collections::{BTreeMap, HashMap, HashSet};

use altus4_analytics::{
    DayRange, Entry, Figures, MAX_RANKED, Next, QueryDay, QueryList, QuerySums, Threshold, Unread, Whose,
    month_after, month_of,
};
use altus4_kernel::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, QueryFilter,
    QuerySelect, Select, Statement, Value, prelude::TextUuid,
};

use super::{
    number,
    queries::{DAY, MONTH, number_of},
    scopes,
};
use crate::{
    entity::{
        search_query,
        search_query_sum::{Column, Entity},
    },
    error::Fault,
    moment::Moment,
    usage::{chunks, padded, sum},
};

/// Days of sums that lie side by side: how long each is, the first and the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    span: i16,
    first: i64,
    last: i64,
}

/// What makes up a range: its whole months, and the days before and after them.
fn parts(range: DayRange) -> Vec<Part> {
    let first_month =
        if month_of(range.first()) == range.first() { range.first() } else { month_after(range.first()) };
    let end = month_of(range.last() + 1);
    let days = |first, last| Part { span: DAY, first, last };
    let parts = if first_month < end {
        let months = Part { span: MONTH, first: first_month, last: end - 1 };
        vec![months, days(range.first(), first_month - 1), days(end, range.last())]
    } else {
        vec![days(range.first(), range.last())]
    };
    parts.into_iter().filter(|part| part.first <= part.last).collect()
}

impl Part {
    /// The first days of its days or months.
    fn each(self) -> Vec<i64> {
        let mut days = Vec::new();
        let mut day = self.first;
        while day <= self.last {
            days.push(day);
            day = if self.span == MONTH { month_after(day) } else { day + 1 };
        }
        days
    }
}

/// A ranked list of queries.
#[derive(Debug, Clone, Copy)]
struct List {
    scope: i64,
    kind: i16,
    span: i16,
    day: i64,
}

/// What figures of queries are read from.
struct Source {
    scopes: Vec<i64>,
    list: i16,
    parts: Vec<Part>,
}

impl Source {
    async fn of(figures: Figures, list: QueryList, connection: &impl ConnectionTrait) -> Result<Self, Fault> {
        let scopes = match figures.whose {
            // Queries are nobody's but their accounts'.
            Whose::System => Vec::new(),
            _ => scopes::wanted(figures, connection).await?,
        };
        Ok(Self { scopes, list: number_of(list), parts: parts(figures.range) })
    }

    fn lists(&self) -> Vec<List> {
        let mut lists = Vec::new();
        for part in &self.parts {
            for day in part.each() {
                let list = |scope: &i64| List { scope: *scope, kind: self.list, span: part.span, day };
                lists.extend(self.scopes.iter().map(list));
            }
        }
        lists
    }

    /// The rows of some queries in one part.
    fn rows(&self, part: Part, queries: Vec<i64>) -> Select<Entity> {
        Entity::find()
            .filter(Column::ScopeId.is_in(self.scopes.iter().copied()))
            .filter(Column::List.eq(self.list))
            .filter(Column::QueryId.is_in(queries))
            .filter(Column::Span.eq(part.span))
            .filter(Column::Day.gte(part.first))
            .filter(Column::Day.lte(part.last))
    }
}

/// The most frequent queries.
pub(super) async fn top(
    figures: Figures,
    list: QueryList,
    (offset, limit): (u32, u32),
    snapshot: &DatabaseTransaction,
) -> Result<Vec<QuerySums>, Fault> {
    let source = Source::of(figures, list, snapshot).await?;
    let lists = source.lists();
    let end = offset.saturating_add(limit).min(MAX_RANKED) as usize;
    let mut search = Threshold::new(end, lists.len());
    loop {
        match search.advance() {
            Next::Read(unread, count) => {
                for (list, entries) in heads(&lists, &unread, count, snapshot).await? {
                    search.read(list, &entries);
                }
            }
            Next::Sum(queries) => search.sum(&counts(&source, &queries, snapshot).await?),
            Next::Done => break,
        }
    }
    let ranked: Vec<_> = search.finish().into_iter().skip(offset as usize).map(|entry| entry.key).collect();
    let mut sums = details(&source, &ranked, snapshot).await?;
    Ok(ranked.iter().filter_map(|query| sums.remove(query)).collect())
}

/// What reads some of a list; `place` tells the rows of several apart.
fn head(place: usize) -> String {
    format!(
        "SELECT * FROM (SELECT {place} AS place, query_id, searches FROM search_query_sums \
         WHERE scope_id = ? AND list = ? AND span = ? AND day = ? \
         ORDER BY searches DESC, query_id DESC LIMIT ? OFFSET ?) AS head"
    )
}

#[derive(FromQueryResult)]
struct HeadRow {
    place: i64,
    query_id: i64,
    searches: i64,
}

/// What is next in some of the lists.
async fn heads(
    lists: &[List],
    unread: &[Unread],
    count: usize,
    snapshot: &DatabaseTransaction,
) -> Result<Vec<(usize, Vec<Entry>)>, Fault> {
    let mut heads: BTreeMap<usize, Vec<Entry>> =
        unread.iter().map(|unread| (unread.list, Vec::new())).collect();
    for chunk in chunks(unread) {
        let mut values: Vec<Value> = Vec::with_capacity(chunk.len() * 6);
        for Unread { list, passed } in chunk {
            let from = lists[*list];
            values.extend([Value::from(from.scope), from.kind.into(), from.span.into()]);
            values.extend([Value::from(from.day), (count as u64).into(), (*passed as u64).into()]);
        }
        let sql: Vec<_> = (0..chunk.len()).map(head).collect();
        let backend = snapshot.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql.join(" UNION ALL "), values);
        for row in HeadRow::find_by_statement(statement).all(snapshot).await? {
            let place = usize::try_from(row.place).ok().and_then(|place| chunk.get(place));
            let list = place.ok_or(Fault::Corrupt("search_query_sums"))?.list;
            let count = number(row.searches, "search_query_sums.searches")?;
            heads.entry(list).or_default().push(Entry { key: row.query_id, count });
        }
    }
    // What is put together may come in any order.
    for entries in heads.values_mut() {
        entries.sort_unstable_by(Entry::rank);
    }
    Ok(heads.into_iter().collect())
}

/// How often these queries were searched for in all.
async fn counts(
    source: &Source,
    queries: &[i64],
    snapshot: &DatabaseTransaction,
) -> Result<Vec<Entry>, Fault> {
    let mut counts: HashMap<i64, u64> = HashMap::new();
    for part in &source.parts {
        for queries in padded(queries) {
            let rows = source
                .rows(*part, queries)
                .select_only()
                .column(Column::QueryId)
                .column_as(sum(Column::Searches), "searches")
                .group_by(Column::QueryId)
                .into_tuple::<(i64, i64)>()
                .all(snapshot)
                .await?;
            for (query, searches) in rows {
                *counts.entry(query).or_default() += number(searches, "search_query_sums.searches")?;
            }
        }
    }
    Ok(counts.into_iter().map(|(key, count)| Entry { key, count }).collect())
}

#[derive(FromQueryResult)]
struct DetailRow {
    query_id: i64,
    searches: i64,
    took_us: i64,
    results: i64,
    clicked: i64,
    last_at: Moment,
}

/// All sums of these queries.
async fn details(
    source: &Source,
    queries: &[i64],
    connection: &impl ConnectionTrait,
) -> Result<HashMap<i64, QuerySums>, Fault> {
    let mut sums: HashMap<i64, QuerySums> = HashMap::new();
    let number = |stored| number(stored, "search_query_sums");
    for part in &source.parts {
        for queries in padded(queries) {
            let rows = source
                .rows(*part, queries)
                .select_only()
                .column(Column::QueryId)
                .column_as(sum(Column::Searches), "searches")
                .column_as(sum(Column::TookUs), "took_us")
                .column_as(sum(Column::Results), "results")
                .column_as(sum(Column::Clicked), "clicked")
                .column_as(Column::LastAt.max(), "last_at")
                .group_by(Column::QueryId)
                .into_model::<DetailRow>()
                .all(connection)
                .await?;
            for row in rows {
                let last_at = Timestamp::from(row.last_at);
                let known = sums.entry(row.query_id).or_insert_with(|| QuerySums {
                    folded: String::new(),
                    query: String::new(),
                    searches: 0,
                    took_us: 0,
                    results: 0,
                    clicked: 0,
                    last_at,
                });
                known.searches += number(row.searches)?;
                known.took_us = known.took_us.saturating_add(number(row.took_us)?);
                known.results = known.results.saturating_add(number(row.results)?);
                known.clicked += number(row.clicked)?;
                known.last_at = known.last_at.max(last_at);
            }
        }
    }
    for queries in padded(queries) {
        let rows = search_query::Entity::find()
            .select_only()
            .columns([search_query::Column::Id, search_query::Column::Folded, search_query::Column::Query])
            .filter(search_query::Column::Id.is_in(queries))
            .into_tuple::<(i64, String, String)>()
            .all(connection)
            .await?;
        for (id, folded, query) in rows {
            if let Some(sums) = sums.get_mut(&id) {
                (sums.folded, sums.query) = (folded, query);
            }
        }
    }
    Ok(sums)
}

/// How many queries there are, as far as they are ranked. The longest lists come first.
pub(super) async fn different(
    figures: Figures,
    list: QueryList,
    snapshot: &DatabaseTransaction,
) -> Result<u64, Fault> {
    let source = Source::of(figures, list, snapshot).await?;
    let lists = source.lists();
    let mut different = HashSet::new();
    for list in 0..lists.len() {
        let whole = [Unread { list, passed: 0 }];
        for (_, entries) in heads(&lists, &whole, MAX_RANKED as usize, snapshot).await? {
            different.extend(entries.into_iter().map(|entry| entry.key));
        }
        if different.len() >= MAX_RANKED as usize {
            return Ok(MAX_RANKED.into());
        }
    }
    Ok(different.len() as u64)
}

/// What queries of these texts go by.
async fn ids(
    figures: Figures,
    folded: &[String],
    connection: &impl ConnectionTrait,
) -> Result<HashMap<i64, String>, Fault> {
    use search_query::Column;
    let (Whose::Account(account) | Whose::Database(account, _)) = figures.whose else {
        return Ok(HashMap::new());
    };
    let mut ids = HashMap::new();
    for folded in padded(folded) {
        let rows = search_query::Entity::find()
            .select_only()
            .columns([Column::Id, Column::Folded])
            .filter(Column::AccountId.eq(TextUuid(account.as_uuid())))
            .filter(Column::Folded.is_in(folded))
            .into_tuple::<(i64, String)>()
            .all(connection)
            .await?;
        ids.extend(rows);
    }
    Ok(ids)
}

/// The sums of these queries.
pub(super) async fn named(
    figures: Figures,
    folded: &[String],
    connection: &impl ConnectionTrait,
) -> Result<Vec<QuerySums>, Fault> {
    let source = Source::of(figures, QueryList::All, connection).await?;
    let ids: Vec<_> = ids(figures, folded, connection).await?.into_keys().collect();
    Ok(details(&source, &ids, connection).await?.into_values().collect())
}

/// How often these queries were searched for on each day.
pub(super) async fn days(
    figures: Figures,
    folded: &[String],
    connection: &impl ConnectionTrait,
) -> Result<Vec<QueryDay>, Fault> {
    let source = Source::of(figures, QueryList::All, connection).await?;
    let names = ids(figures, folded, connection).await?;
    let ids: Vec<_> = names.keys().copied().collect();
    let whole = Part { span: DAY, first: figures.range.first(), last: figures.range.last() };
    let mut days = Vec::new();
    for ids in padded(&ids) {
        let rows = source
            .rows(whole, ids)
            .select_only()
            .columns([Column::QueryId, Column::Day])
            .column_as(sum(Column::Searches), "searches")
            .group_by(Column::QueryId)
            .group_by(Column::Day)
            .into_tuple::<(i64, i64, i64)>()
            .all(connection)
            .await?;
        for (query, day, searches) in rows {
            let searches = number(searches, "search_query_sums.searches")?;
            let folded = names.get(&query).cloned().unwrap_or_default();
            days.push(QueryDay { folded, day, searches });
        }
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use altus4_analytics::named_day;

    use super::*;

    #[test]
    fn parts_cover_every_day_once() {
        let start = named_day("2023-12-30").expect("a day");
        for first in start..start + 70 {
            for length in 1..100 {
                let range = DayRange::new(first, first + length - 1).expect("a range");
                let mut covered: Vec<i64> = Vec::new();
                for part in parts(range) {
                    for day in part.each() {
                        let end = if part.span == MONTH { month_after(day) } else { day + 1 };
                        covered.extend(day..end);
                    }
                }
                covered.sort_unstable();
                assert_eq!(covered, range.each().collect::<Vec<_>>());
            }
        }
    }
}
