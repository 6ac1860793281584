//! Pages of single requests. A page is found by the sums of the hours: from the newest on, hours are
//! skipped by their sums until the page begins, so that a page far back reads no more rows than the
//! first one.

use std::{
    cmp::Reverse,
    ops::{Range, RangeInclusive},
};

use altus4_api_keys::{RequestFilter, UsageEvent};
use altus4_kernel::{ApiKeyId, Page, PageRequest};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, prelude::TextUuid, sea_query::Expr,
};

use super::{span::Span, sum};
use crate::{
    entity::{usage_call, usage_hour, usage_request},
    error::Fault,
    pools::Pools,
};

/// How many requests of an hour are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
struct HourCount {
    hour: i64,
    requests: i64,
}

/// The rows of an hour that belong to a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cut {
    hour: i64,
    skip: u64,
    take: u64,
}

/// A page of the requests of a key in these hours, the newest first.
pub(super) async fn list(
    pools: &Pools,
    key: ApiKeyId,
    hours: Range<i64>,
    filter: &RequestFilter,
    page: PageRequest,
) -> Result<Page<UsageEvent>, Fault> {
    let key = TextUuid(key.as_uuid());
    // Sums and rows as of one moment.
    let transaction = pools.begin_snapshot().await?;
    let counts = counts(key, hours, filter, &transaction).await?;
    let (total, cuts) = cut(&counts, page);
    let mut items = Vec::new();
    for run in runs(&cuts, filter) {
        items.extend(read(key, &run, filter, &transaction).await?);
    }
    let items = items.into_iter().map(UsageEvent::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total })
}

/// How many of the wanted requests each hour has, the newest hour first.
async fn counts(
    key: TextUuid,
    hours: Range<i64>,
    filter: &RequestFilter,
    transaction: &DatabaseTransaction,
) -> Result<Vec<HourCount>, Fault> {
    let Some(oldest) = oldest_hour(key, &hours, transaction).await? else {
        return Ok(Vec::new());
    };
    let whole = oldest + 1..hours.end;
    let mut counts = if filter.tier.is_none() && filter.endpoint.is_none() {
        sums(key, whole, filter, transaction).await?
    } else {
        sums_of_calls(key, whole, filter, transaction).await?
    };
    // Some of the oldest hour may have been removed already: its rows are counted.
    let there = wanted(key, filter).add(usage_request::Column::Hour.eq(oldest));
    let query = usage_request::Entity::find().select_only().column(usage_request::Column::Id);
    let requests = query.filter(there).count(transaction).await?;
    let requests = i64::try_from(requests).unwrap_or(i64::MAX);
    counts.push(HourCount { hour: oldest, requests });
    counts.retain(|hour| hour.requests > 0);
    counts.sort_unstable_by_key(|hour| Reverse(hour.hour));
    Ok(counts)
}

/// The first of these hours that has any request left: purging begins with the oldest.
async fn oldest_hour(
    key: TextUuid,
    hours: &Range<i64>,
    transaction: &DatabaseTransaction,
) -> Result<Option<i64>, Fault> {
    use usage_request::Column;
    let oldest = usage_request::Entity::find()
        .select_only()
        .column(Column::Hour)
        .filter(Column::KeyId.eq(key))
        .filter(Column::Hour.gte(hours.start))
        .filter(Column::Hour.lt(hours.end))
        .order_by_asc(Column::Hour)
        .limit(1)
        .into_tuple::<i64>()
        .one(transaction)
        .await?;
    Ok(oldest)
}

async fn sums(
    key: TextUuid,
    hours: Range<i64>,
    filter: &RequestFilter,
    transaction: &DatabaseTransaction,
) -> Result<Vec<HourCount>, Fault> {
    use usage_hour::Column;
    let requests = wanted_of(filter, Expr::col(Column::Requests), Expr::col(Column::Failed));
    let query = usage_hour::Entity::find()
        .select_only()
        .column(Column::Hour)
        .column_as(requests, "requests")
        .filter(Column::KeyId.eq(key))
        .filter(Column::Span.eq(Span::HOUR.hours()))
        .filter(Column::Hour.gte(hours.start))
        .filter(Column::Hour.lt(hours.end));
    Ok(query.into_model::<HourCount>().all(transaction).await?)
}

async fn sums_of_calls(
    key: TextUuid,
    hours: Range<i64>,
    filter: &RequestFilter,
    transaction: &DatabaseTransaction,
) -> Result<Vec<HourCount>, Fault> {
    use usage_call::Column;
    let requests = wanted_of(filter, sum(Column::Requests), sum(Column::Failed));
    let mut query = usage_call::Entity::find()
        .select_only()
        .column(Column::Hour)
        .column_as(requests, "requests")
        .filter(Column::KeyId.eq(key))
        .filter(Column::Span.eq(Span::HOUR.hours()))
        .filter(Column::Hour.gte(hours.start))
        .filter(Column::Hour.lt(hours.end));
    if let Some(tier) = filter.tier {
        query = query.filter(Column::Tier.eq(tier.as_str()));
    }
    if let Some(endpoint) = &filter.endpoint {
        query = query.filter(Column::Endpoint.eq(endpoint.as_str()));
    }
    Ok(query.group_by(Column::Hour).into_model::<HourCount>().all(transaction).await?)
}

/// How many are wanted of so many requests, of which so many failed.
fn wanted_of(filter: &RequestFilter, requests: Expr, failed: Expr) -> Expr {
    use sea_orm::sea_query::ExprTrait;
    match filter.failed {
        None => requests,
        Some(true) => failed,
        Some(false) => requests.sub(failed),
    }
}

/// How many requests there are, and where those of the page are.
fn cut(counts: &[HourCount], page: PageRequest) -> (u64, Vec<Cut>) {
    let (mut total, mut cuts) = (0u64, Vec::new());
    let (start, end) = (page.offset(), page.offset() + u64::from(page.limit()));
    for count in counts {
        let (first, here) = (total, u64::try_from(count.requests).unwrap_or_default());
        total += here;
        let skip = start.saturating_sub(first).min(here);
        let take = end.saturating_sub(first).min(here) - skip;
        if take > 0 {
            cuts.push(Cut { hour: count.hour, skip, take });
        }
    }
    (total, cuts)
}

/// Rows that one statement can read: of these hours, whole ones but for the first.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    hours: RangeInclusive<i64>,
    skip: u64,
    take: u64,
}

/// The fewest statements that read no row in vain. All requests of a stretch of hours are read in one
/// go; where only some are wanted, hours that have none are passed over. A list of hours would be one
/// statement too, but SQLite then reads every hour rather than look for those in the list.
fn runs(cuts: &[Cut], filter: &RequestFilter) -> Vec<Run> {
    let all_wanted = *filter == RequestFilter::default();
    let mut runs: Vec<Run> = Vec::new();
    for cut in cuts {
        match runs.last_mut() {
            Some(run) if all_wanted => {
                run.hours = cut.hour..=*run.hours.end();
                run.take += cut.take;
            }
            _ => runs.push(Run { hours: cut.hour..=cut.hour, skip: cut.skip, take: cut.take }),
        }
    }
    runs
}

async fn read(
    key: TextUuid,
    run: &Run,
    filter: &RequestFilter,
    transaction: &DatabaseTransaction,
) -> Result<Vec<usage_request::Model>, Fault> {
    use usage_request::Column;
    let hours = if run.hours.start() == run.hours.end() {
        Column::Hour.eq(*run.hours.start())
    } else {
        Column::Hour.between(*run.hours.start(), *run.hours.end())
    };
    let rows = usage_request::Entity::find()
        .filter(wanted(key, filter).add(hours))
        .order_by_desc(Column::Hour)
        .order_by_desc(Column::At)
        .order_by_desc(Column::Id)
        .offset(run.skip)
        .limit(run.take)
        .all(transaction)
        .await?;
    Ok(rows)
}

fn wanted(key: TextUuid, filter: &RequestFilter) -> Condition {
    use usage_request::Column;
    let mut all = Condition::all().add(Column::KeyId.eq(key));
    all = match filter.failed {
        None => all,
        Some(true) => all.add(Column::Status.gte(usage_request::FAILED_FROM)),
        Some(false) => all.add(Column::Status.lt(usage_request::FAILED_FROM)),
    };
    if let Some(tier) = filter.tier {
        all = all.add(Column::Tier.eq(tier.as_str()));
    }
    if let Some(endpoint) = &filter.endpoint {
        all = all.add(Column::Endpoint.eq(endpoint.as_str()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_cut_out_of_the_hours_without_gap_or_overlap() {
        let counts = [(9, 3), (8, 1), (5, 4), (1, 2)].map(|(hour, requests)| HourCount { hour, requests });
        let all: Vec<_> =
            counts.iter().flat_map(|count| (0..count.requests).map(|n| (count.hour, n))).collect();
        for limit in 1..=11u32 {
            let mut seen = Vec::new();
            for number in 1..=12 {
                let (total, cuts) = cut(&counts, PageRequest::new(number, limit).expect("a page"));
                assert_eq!(total, 10);
                assert!(cuts.iter().skip(1).all(|cut| cut.skip == 0));
                for Cut { hour, skip, take } in cuts {
                    seen.extend((skip..skip + take).map(|n| (hour, i64::try_from(n).expect("small"))));
                }
            }
            let wanted = all.iter().copied().take(12 * limit as usize).collect::<Vec<_>>();
            assert_eq!(seen, wanted, "pages of {limit}");
        }
    }

    #[test]
    fn hours_are_read_in_one_go_unless_rows_are_left_out() {
        let cuts = [(9, 5, 2), (8, 0, 1), (5, 0, 4)].map(|(hour, skip, take)| Cut { hour, skip, take });
        let all = RequestFilter::default();
        assert_eq!(runs(&cuts, &all), [Run { hours: 5..=9, skip: 5, take: 7 }]);
        assert_eq!(runs(&[], &all), []);
        let some = RequestFilter { failed: Some(true), ..all };
        let each = cuts.map(|Cut { hour, skip, take }| Run { hours: hour..=hour, skip, take });
        assert_eq!(runs(&cuts, &some), each);
    }
}
