//! What a batch of requests adds to the sums, and how that is added.

use std::collections::{BTreeMap, BTreeSet};

use altus4_analytics::TimeSketch;
use altus4_api_keys::UsageEvent;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, Iterable,
    PrimaryKeyToColumn, QueryFilter, prelude::TextUuid, sea_query::OnConflict,
};

use super::{
    chunks::{chunks, padded},
    span::Span,
};
use crate::{
    entity::{usage_call, usage_error, usage_hour, usage_request},
    error::Fault,
    moment::Moment,
};

/// The spans that sums are of: by their length and their first hour, with the keys that have any.
type Slots = BTreeMap<(Span, i64), BTreeSet<uuid::Uuid>>;

/// A key, how many hours, and the first of them.
type Cell = (uuid::Uuid, i16, i64);

/// The sums of a batch.
#[derive(Default)]
pub(super) struct Cells {
    slots: Slots,
    hours: BTreeMap<Cell, (usage_hour::Model, TimeSketch)>,
    /// By endpoint and tier.
    calls: BTreeMap<(Cell, String, String), usage_call::Model>,
    /// By code and status.
    errors: BTreeMap<(Cell, String, i32), (usage_error::Model, Failures)>,
}

/// Failures of a kind.
#[derive(Debug, Clone)]
pub(super) struct Failures {
    pub(super) count: i64,
    pub(super) last_seen: Moment,
    pub(super) sample_request_id: String,
}

impl Failures {
    /// Adds others. Of several at the same last moment, one is chosen whatever the order.
    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        if (other.last_seen, &other.sample_request_id) > (self.last_seen, &self.sample_request_id) {
            self.last_seen = other.last_seen;
            self.sample_request_id.clone_from(&other.sample_request_id);
        }
    }
}

impl From<&usage_error::Model> for Failures {
    fn from(row: &usage_error::Model) -> Self {
        let sample_request_id = row.sample_request_id.clone();
        Self { count: row.count, last_seen: row.last_seen, sample_request_id }
    }
}

impl Cells {
    pub(super) fn of(rows: &[&usage_request::Model]) -> Self {
        let mut cells = Self::default();
        for row in rows {
            for span in Span::ALL {
                cells.add(row, span);
            }
        }
        cells
    }

    fn add(&mut self, row: &usage_request::Model, span: Span) {
        let (key_id, hour, span_hours) = (row.key_id, span.start_of(row.hour), span.hours());
        let place = (key_id.0, span_hours, hour);
        self.slots.entry((span, hour)).or_default().insert(key_id.0);
        let failed = i64::from(row.status >= usage_request::FAILED_FROM);

        let (sums, latencies) = self.hours.entry(place).or_insert_with(|| {
            let (requests, failed, counted, response_time_us, spent_microcents) = (0, 0, 0, 0, 0);
            let latencies = Vec::new();
            let model = usage_hour::Model {
                key_id,
                span: span_hours,
                hour,
                requests,
                failed,
                counted,
                response_time_us,
                spent_microcents,
                latencies,
            };
            (model, TimeSketch::default())
        });
        sums.requests += 1;
        sums.failed += failed;
        sums.counted += i64::from(row.counted);
        sums.response_time_us = sums.response_time_us.saturating_add(row.response_time_us);
        sums.spent_microcents = sums.spent_microcents.saturating_add(row.spent_microcents);
        latencies.add(row.response_time_us.unsigned_abs());

        let call = (place, row.endpoint.clone(), row.tier.clone());
        let sums = self.calls.entry(call).or_insert_with(|| usage_call::Model {
            key_id,
            span: span_hours,
            hour,
            endpoint: row.endpoint.clone(),
            tier: row.tier.clone(),
            requests: 0,
            failed: 0,
            response_time_us: 0,
            spent_microcents: 0,
        });
        sums.requests += 1;
        sums.failed += failed;
        sums.response_time_us = sums.response_time_us.saturating_add(row.response_time_us);
        sums.spent_microcents = sums.spent_microcents.saturating_add(row.spent_microcents);

        if failed == 1 {
            let code = row.error_code.clone().unwrap_or_else(|| UsageEvent::UNKNOWN_FAILURE.to_owned());
            let failure = Failures { count: 1, last_seen: row.at, sample_request_id: row.request_id.clone() };
            self.errors
                .entry((place, code.clone(), row.status))
                .and_modify(|(_, failures)| failures.merge(&failure))
                .or_insert_with(|| {
                    let model = usage_error::Model {
                        key_id,
                        span: span_hours,
                        hour,
                        code,
                        status: row.status,
                        count: 0,
                        last_seen: row.at,
                        sample_request_id: String::new(),
                    };
                    (model, failure)
                });
        }
    }

    /// Adds them to what is stored. The transaction holds the rows of all their keys.
    pub(super) async fn store(mut self, transaction: &DatabaseTransaction) -> Result<(), Fault> {
        for ((span, hour), keys) in std::mem::take(&mut self.slots) {
            let keys: Vec<_> = keys.into_iter().map(TextUuid).collect();
            for keys in padded(&keys) {
                self.add_stored(span, hour, keys, transaction).await?;
            }
        }
        let hours = self.hours.into_values().map(|(row, latencies)| {
            usage_hour::Model { latencies: latencies.to_bytes(), ..row }.into_active_model()
        });
        write(&hours.collect::<Vec<usage_hour::ActiveModel>>(), transaction).await?;
        let calls = self.calls.into_values().map(usage_call::Model::into_active_model);
        write(&calls.collect::<Vec<usage_call::ActiveModel>>(), transaction).await?;
        let errors = self.errors.into_values().map(|(row, failures)| {
            let Failures { count, last_seen, sample_request_id } = failures;
            usage_error::Model { count, last_seen, sample_request_id, ..row }.into_active_model()
        });
        write(&errors.collect::<Vec<usage_error::ActiveModel>>(), transaction).await
    }

    /// Adds what is stored of these keys in a span to those cells that were added to.
    async fn add_stored(
        &mut self,
        span: Span,
        hour: i64,
        keys: Vec<TextUuid>,
        transaction: &DatabaseTransaction,
    ) -> Result<(), Fault> {
        let span = span.hours();
        let stored = usage_hour::Entity::find()
            .filter(usage_hour::Column::KeyId.is_in(keys.clone()))
            .filter(usage_hour::Column::Span.eq(span))
            .filter(usage_hour::Column::Hour.eq(hour));
        for row in stored.all(transaction).await? {
            if let Some((sums, latencies)) = self.hours.get_mut(&(row.key_id.0, span, hour)) {
                sums.requests += row.requests;
                sums.failed += row.failed;
                sums.counted += row.counted;
                sums.response_time_us = sums.response_time_us.saturating_add(row.response_time_us);
                sums.spent_microcents = sums.spent_microcents.saturating_add(row.spent_microcents);
                let sketch = TimeSketch::from_bytes(&row.latencies);
                latencies.merge(&sketch.ok_or(Fault::Corrupt("usage_hours.latencies"))?);
            }
        }
        let stored = usage_call::Entity::find()
            .filter(usage_call::Column::KeyId.is_in(keys.clone()))
            .filter(usage_call::Column::Span.eq(span))
            .filter(usage_call::Column::Hour.eq(hour));
        for row in stored.all(transaction).await? {
            let call = ((row.key_id.0, span, hour), row.endpoint, row.tier);
            if let Some(sums) = self.calls.get_mut(&call) {
                sums.requests += row.requests;
                sums.failed += row.failed;
                sums.response_time_us = sums.response_time_us.saturating_add(row.response_time_us);
                sums.spent_microcents = sums.spent_microcents.saturating_add(row.spent_microcents);
            }
        }
        let stored = usage_error::Entity::find()
            .filter(usage_error::Column::KeyId.is_in(keys))
            .filter(usage_error::Column::Span.eq(span))
            .filter(usage_error::Column::Hour.eq(hour));
        for row in stored.all(transaction).await? {
            let known = Failures::from(&row);
            if let Some((_, failures)) =
                self.errors.get_mut(&((row.key_id.0, span, hour), row.code, row.status))
            {
                failures.merge(&known);
            }
        }
        Ok(())
    }
}

/// Writes rows in the place of those that have the same primary key.
async fn write<A>(rows: &[A], transaction: &DatabaseTransaction) -> Result<(), Fault>
where
    A: ActiveModelTrait + Clone + Send,
{
    type Column<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::Column;
    type Key<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::PrimaryKey;
    let is_sum = |column: &Column<A>| Key::<A>::from_column(*column).is_none();
    let replace = OnConflict::columns(Key::<A>::iter().map(PrimaryKeyToColumn::into_column))
        .update_columns(Column::<A>::iter().filter(is_sum))
        .to_owned();
    for chunk in chunks(rows) {
        let insert = A::Entity::insert_many(chunk.to_vec()).on_conflict(replace.clone());
        insert.exec_without_returning(transaction).await?;
    }
    Ok(())
}
