//! Usage: each request of a key, and sums of them.
//!
//! Sums are kept by the hour and by the day ([`Span`]), so that a view of a year adds up some hundred
//! rows. Whoever writes sums holds the rows of their keys, so that nobody else adds to them meanwhile:
//! they are read, added to in memory and written back.

mod append;
mod cells;
mod chunks;
mod pages;
mod purge;
mod span;

use std::collections::HashMap;

use altus4_analytics::TimeSketch;
use altus4_api_keys::{
    EndpointUsage, ErrorUsage, RequestFilter, TierUsage, UsageEvent, UsagePoint, UsageRange, UsageScope,
    UsageStore, UsageTotals, Used, hour_of, hours_of,
};
use altus4_kernel::{ApiKeyId, Page, PageRequest, Plan, PortResult, Timestamp};
use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    prelude::TextUuid,
    sea_query::{Expr, IntoColumnRef},
};

pub(crate) use self::{
    chunks::{chunks, padded},
    purge::purge_requests_of_deactivated,
};

pub(crate) use self::span::Span;
use self::span::parts;
use crate::{
    entity::{api_key, usage_call, usage_error, usage_hour, usage_request},
    error::Fault,
    pools::Pools,
};

/// Usage in SQL.
pub(crate) struct SqlUsageStore {
    pools: Pools,
}

/// The sums of some rows.
#[derive(FromQueryResult)]
struct SumsRow {
    requests: i64,
    failed: i64,
    response_time_us: i64,
    spent_microcents: i64,
}

#[derive(FromQueryResult)]
struct TotalsRow {
    #[sea_orm(nested)]
    sums: SumsRow,
    latencies: Vec<u8>,
}

#[derive(FromQueryResult)]
struct EndpointRow {
    endpoint: String,
    #[sea_orm(nested)]
    sums: SumsRow,
}

#[derive(FromQueryResult)]
struct TierRow {
    tier: String,
    #[sea_orm(nested)]
    sums: SumsRow,
}

#[derive(FromQueryResult)]
struct HourRow {
    hour: i64,
    #[sea_orm(nested)]
    sums: SumsRow,
}

#[derive(FromQueryResult)]
struct UsedRow {
    counted: i64,
    spent_microcents: i64,
}

impl SumsRow {
    fn add_to(&self, totals: &mut UsageTotals) -> Result<(), Fault> {
        let number = |stored: i64| u64::try_from(stored).map_err(|_| Fault::Corrupt("usage sums"));
        totals.requests += number(self.requests)?;
        totals.failed += number(self.failed)?;
        totals.response_time_us += number(self.response_time_us)?;
        totals.spent_microcents += number(self.spent_microcents)?;
        Ok(())
    }
}

impl SqlUsageStore {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }

    async fn sum(&self, scope: UsageScope, range: UsageRange) -> Result<UsageTotals, Fault> {
        use usage_hour::Column;
        let (mut totals, mut latencies) = (UsageTotals::default(), TimeSketch::default());
        for (span, hours) in parts(hours_of(range)) {
            let rows = usage_hour::Entity::find()
                .select_only()
                .columns([Column::Requests, Column::Failed, Column::ResponseTimeUs])
                .columns([Column::SpentMicrocents, Column::Latencies])
                .filter(belongs_to(Column::KeyId, scope))
                .filter(Column::Span.eq(span.hours()))
                .filter(Column::Hour.gte(hours.start))
                .filter(Column::Hour.lt(hours.end))
                .into_model::<TotalsRow>()
                .all(self.pools.reads())
                .await?;
            for row in rows {
                row.sums.add_to(&mut totals)?;
                let sketch = TimeSketch::from_bytes(&row.latencies);
                latencies.merge(&sketch.ok_or(Fault::Corrupt("usage_hours.latencies"))?);
            }
        }
        totals.p95_us = latencies.quantile(0.95);
        Ok(totals)
    }

    /// The sums of calls in a range for each value of a column.
    async fn sum_calls<R: FromQueryResult + Send + Sync>(
        &self,
        by: usage_call::Column,
        scope: UsageScope,
        range: UsageRange,
        mut each: impl FnMut(R) -> Result<(), Fault> + Send,
    ) -> Result<(), Fault> {
        use usage_call::Column;
        for (span, hours) in parts(hours_of(range)) {
            let rows = usage_call::Entity::find()
                .select_only()
                .column(by)
                .column_as(sum(Column::Requests), "requests")
                .column_as(sum(Column::Failed), "failed")
                .column_as(sum(Column::ResponseTimeUs), "response_time_us")
                .column_as(sum(Column::SpentMicrocents), "spent_microcents")
                .filter(belongs_to(Column::KeyId, scope))
                .filter(Column::Span.eq(span.hours()))
                .filter(Column::Hour.gte(hours.start))
                .filter(Column::Hour.lt(hours.end))
                .group_by(by)
                .into_model::<R>()
                .all(self.pools.reads())
                .await?;
            rows.into_iter().try_for_each(&mut each)?;
        }
        Ok(())
    }

    async fn sum_errors(&self, scope: UsageScope, range: UsageRange) -> Result<Vec<ErrorUsage>, Fault> {
        use usage_error::Column;
        let mut kinds: HashMap<(String, i32), cells::Failures> = HashMap::new();
        for (span, hours) in parts(hours_of(range)) {
            let rows = usage_error::Entity::find()
                .filter(belongs_to(Column::KeyId, scope))
                .filter(Column::Span.eq(span.hours()))
                .filter(Column::Hour.gte(hours.start))
                .filter(Column::Hour.lt(hours.end))
                .all(self.pools.reads())
                .await?;
            for row in rows {
                let failures = cells::Failures::from(&row);
                kinds
                    .entry((row.code, row.status))
                    .and_modify(|known| known.merge(&failures))
                    .or_insert(failures);
            }
        }
        let errors = kinds.into_iter().map(|((code, status), failures)| {
            Ok(ErrorUsage {
                code,
                status: status.try_into().map_err(|_| Fault::Corrupt("usage_errors.status"))?,
                count: failures.count.try_into().map_err(|_| Fault::Corrupt("usage_errors.count"))?,
                last_seen: failures.last_seen.into(),
                sample_request_id: failures.sample_request_id,
            })
        });
        let mut errors = errors.collect::<Result<Vec<_>, Fault>>()?;
        errors.sort_by(|a, b| {
            b.count.cmp(&a.count).then_with(|| a.code.cmp(&b.code)).then(a.status.cmp(&b.status))
        });
        Ok(errors)
    }

    async fn sum_hours(&self, scope: UsageScope, range: UsageRange) -> Result<Vec<UsagePoint>, Fault> {
        use usage_hour::Column;
        let hours = hours_of(range);
        let rows = usage_hour::Entity::find()
            .select_only()
            .column(Column::Hour)
            .column_as(sum(Column::Requests), "requests")
            .column_as(sum(Column::Failed), "failed")
            .column_as(sum(Column::ResponseTimeUs), "response_time_us")
            .column_as(sum(Column::SpentMicrocents), "spent_microcents")
            .filter(belongs_to(Column::KeyId, scope))
            .filter(Column::Span.eq(Span::HOUR.hours()))
            .filter(Column::Hour.gte(hours.start))
            .filter(Column::Hour.lt(hours.end))
            .group_by(Column::Hour)
            .order_by_asc(Column::Hour)
            .into_model::<HourRow>()
            .all(self.pools.reads())
            .await?;
        let points = rows.into_iter().map(|row| {
            let mut totals = UsageTotals::default();
            row.sums.add_to(&mut totals)?;
            let start = row.hour.checked_mul(3_600).and_then(Timestamp::from_unix_seconds);
            Ok(UsagePoint { start: start.ok_or(Fault::Corrupt("usage_hours.hour"))?, totals })
        });
        points.collect()
    }
}

#[async_trait]
impl UsageStore for SqlUsageStore {
    async fn append(&self, events: &[UsageEvent]) -> PortResult<()> {
        if events.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = events.iter().map(usage_request::Model::from).collect();
        self.pools.transact("usage.append", || append::append(&rows, &self.pools)).await
    }

    async fn used_since(&self, key: ApiKeyId, since: Timestamp) -> PortResult<Used> {
        use usage_hour::Column;
        let sum_up = async {
            let row = usage_hour::Entity::find()
                .select_only()
                .column_as(sum(Column::Counted), "counted")
                .column_as(sum(Column::SpentMicrocents), "spent_microcents")
                .filter(belongs_to(Column::KeyId, key.into()))
                .filter(Column::Span.eq(Span::HOUR.hours()))
                .filter(Column::Hour.gte(hour_of(since)))
                .into_model::<UsedRow>()
                .one(self.pools.reads())
                .await?;
            let Some(row) = row else { return Ok(Used::default()) };
            let number = |stored: i64| u64::try_from(stored).map_err(|_| Fault::Corrupt("usage sums"));
            Ok(Used { requests: number(row.counted)?, spent_microcents: number(row.spent_microcents)? })
        };
        self.pools.call("usage.used_since", sum_up).await
    }

    async fn totals(&self, scope: UsageScope, range: UsageRange) -> PortResult<UsageTotals> {
        self.pools.call("usage.totals", self.sum(scope, range)).await
    }

    async fn endpoints(
        &self,
        scope: UsageScope,
        range: UsageRange,
        limit: u32,
    ) -> PortResult<Vec<EndpointUsage>> {
        let sum_up = async {
            let mut sums: HashMap<String, UsageTotals> = HashMap::new();
            let add = |row: EndpointRow| row.sums.add_to(sums.entry(row.endpoint).or_default());
            self.sum_calls(usage_call::Column::Endpoint, scope, range, add).await?;
            let each = sums.into_iter().map(|(endpoint, totals)| EndpointUsage { endpoint, totals });
            let mut endpoints: Vec<_> = each.collect();
            endpoints.sort_by(|a, b| {
                b.totals.requests.cmp(&a.totals.requests).then_with(|| a.endpoint.cmp(&b.endpoint))
            });
            endpoints.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            Ok(endpoints)
        };
        self.pools.call("usage.endpoints", sum_up).await
    }

    async fn tiers(&self, scope: UsageScope, range: UsageRange) -> PortResult<Vec<TierUsage>> {
        let sum_up = async {
            let mut sums: HashMap<String, UsageTotals> = HashMap::new();
            let add = |row: TierRow| row.sums.add_to(sums.entry(row.tier).or_default());
            self.sum_calls(usage_call::Column::Tier, scope, range, add).await?;
            let each = sums.into_iter().map(|(tier, totals)| {
                let tier: Plan = tier.parse().map_err(|_| Fault::Corrupt("usage_calls.tier"))?;
                Ok(TierUsage { tier, totals })
            });
            let mut tiers = each.collect::<Result<Vec<_>, Fault>>()?;
            tiers.sort_by_key(|usage| usage.tier);
            Ok(tiers)
        };
        self.pools.call("usage.tiers", sum_up).await
    }

    async fn errors(&self, scope: UsageScope, range: UsageRange) -> PortResult<Vec<ErrorUsage>> {
        self.pools.call("usage.errors", self.sum_errors(scope, range)).await
    }

    async fn hours(&self, scope: UsageScope, range: UsageRange) -> PortResult<Vec<UsagePoint>> {
        self.pools.call("usage.hours", self.sum_hours(scope, range)).await
    }

    async fn requests(
        &self,
        key: ApiKeyId,
        range: UsageRange,
        filter: &RequestFilter,
        page: PageRequest,
    ) -> PortResult<Page<UsageEvent>> {
        let list = pages::list(&self.pools, key, hours_of(range), filter, page);
        self.pools.call("usage.requests", list).await
    }

    async fn purge(&self, requests_before: Timestamp, sums_before: Timestamp) -> PortResult<u64> {
        // Sums are never gone before what they are the sums of: pages are found by them.
        let requests_before = hour_of(requests_before);
        let sums_before = Span::DAY.start_of(hour_of(sums_before).min(requests_before));
        let purge = || purge::purge(&self.pools, requests_before, sums_before);
        self.pools.transact("usage.purge", purge).await
    }
}

/// The rows of a key, or of all keys of an account.
fn belongs_to<C: ColumnTrait>(key_id: C, scope: UsageScope) -> Condition {
    Condition::all().add(match scope {
        UsageScope::Key(key) => key_id.eq(TextUuid(key.as_uuid())),
        UsageScope::Account(account) => {
            let keys = api_key::Entity::find().select_only().column(api_key::Column::Id);
            let keys = keys.filter(api_key::Column::AccountId.eq(TextUuid(account.as_uuid())));
            key_id.in_subquery(keys.into_query())
        }
    })
}

/// The sum of a column as a whole number (on MySQL it would be a decimal one); 0 of no rows.
pub(crate) fn sum(column: impl ColumnTrait + IntoColumnRef) -> Expr {
    use sea_orm::sea_query::ExprTrait;
    Expr::col(column).sum().if_null(0).cast_as("SIGNED")
}
