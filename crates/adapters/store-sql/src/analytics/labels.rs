//! The searches of days by mode and category.

use std::collections::BTreeMap;

use altus4_analytics::{Figures, LabelKind, LabelSums, LoggedSearch, day_of};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel,
    QueryFilter, QuerySelect, sea_query::OnConflict,
};

use super::{
    number,
    scopes::{self, Scopes},
    stored, upsert,
};
use crate::{
    entity::search_label_sum::{Column, Entity, Model},
    error::Fault,
    usage::{chunks, sum},
};

const TABLE: &str = "search_label_sums";
/// Longer names are cut.
const MAX_CHARS: usize = 255;

/// Adds searches to the sums of their days.
pub(super) async fn add(
    searches: &[LoggedSearch],
    scopes: &Scopes,
    transaction: &DatabaseTransaction,
) -> Result<(), Fault> {
    let mut sums: BTreeMap<(i64, LabelKind, i64, String), (u64, u64)> = BTreeMap::new();
    for search in searches {
        let mode = std::iter::once((LabelKind::Mode, &search.mode));
        let labels = mode.chain(search.categories.iter().map(|category| (LabelKind::Category, category)));
        let labels: Vec<_> =
            labels.map(|(kind, label)| (kind, label.chars().take(MAX_CHARS).collect::<String>())).collect();
        for scope in scopes.of_search(search)? {
            for (kind, label) in &labels {
                let (count, took_us) =
                    sums.entry((scope, *kind, day_of(search.at), label.clone())).or_default();
                *count += 1;
                *took_us = took_us.saturating_add(search.took_us());
            }
        }
    }
    let row =
        |((scope_id, kind, day, label), (count, took_us)): ((i64, LabelKind, i64, String), (u64, u64))| {
            Model {
                scope_id,
                kind: kind.as_str().to_owned(),
                day,
                label,
                searches: stored(count),
                took_us: stored(took_us),
            }
        };
    let rows: Vec<_> = sums.into_iter().map(row).collect();
    let mut known = OnConflict::columns([Column::ScopeId, Column::Kind, Column::Day, Column::Label]);
    upsert::add(&mut known, &[Column::Searches, Column::TookUs], (TABLE, transaction.get_database_backend()));
    for chunk in chunks(&rows) {
        let chunk = chunk.iter().map(|row| row.clone().into_active_model());
        Entity::insert_many(chunk).on_conflict(known.clone()).exec_without_returning(transaction).await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct LabelRow {
    label: String,
    searches: i64,
    took_us: i64,
}

/// The sums of each label, the most frequent first.
pub(super) async fn read(
    figures: Figures,
    kind: LabelKind,
    connection: &impl ConnectionTrait,
) -> Result<Vec<LabelSums>, Fault> {
    let rows = Entity::find()
        .select_only()
        .column(Column::Label)
        .column_as(sum(Column::Searches), "searches")
        .column_as(sum(Column::TookUs), "took_us")
        .filter(Column::ScopeId.is_in(scopes::wanted(figures, connection).await?))
        .filter(Column::Kind.eq(kind.as_str()))
        .filter(Column::Day.gte(figures.range.first()))
        .filter(Column::Day.lte(figures.range.last()))
        .group_by(Column::Label)
        .into_model::<LabelRow>()
        .all(connection)
        .await?;
    let label = |row: LabelRow| {
        Ok(LabelSums {
            searches: number(row.searches, "search_label_sums.searches")?,
            took_us: number(row.took_us, "search_label_sums.took_us")?,
            label: row.label,
        })
    };
    let mut labels = rows.into_iter().map(label).collect::<Result<Vec<_>, Fault>>()?;
    labels.sort_by(|a, b| b.searches.cmp(&a.searches).then_with(|| a.label.cmp(&b.label)));
    Ok(labels)
}
