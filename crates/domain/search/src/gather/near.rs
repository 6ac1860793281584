//! The rows of a table that are near in meaning: which the index of vectors names, as they are now.
//!
//! The index only says where to look. Rows are read by their keys when they are asked for, with the
//! filter, so that what was deleted or filtered out is no match; and a row that says something else
//! than its vector was made of is judged by what it says now, or not at all.

use std::collections::{HashMap, HashSet};

use altus4_connections::{ColumnRef, Filter, Target, Test, Value};
use altus4_kernel::{PortError, PortErrorKind, PortResult, System};
use futures::future::join;

use super::{GatheredTable, Nearness, cells, remaining, sort_columns};
use crate::{
    Candidate, ContentHash, EMBEDDED_CHARS, FullTextIndex, ReadColumn, ReadyVectors, RowKey, RowsRequest,
    TextKind, Vector, VectorIndex, embedded_text,
    identity::key_bytes,
    meaning::{Asking, Lens},
    plan::TablePlan,
    sorting::Cell,
};

/// How many of the nearest rows of each table are looked at.
const NEAREST: usize = 200;
/// How many where a filter may leave out most of them.
const NEAREST_FILTERED: usize = 800;

/// What is near in a table.
#[derive(Debug, Default)]
pub(crate) struct Near {
    /// How near some of the rows are that words found, by their places among these.
    pub(crate) known: Vec<(usize, f64)>,
    /// Rows that words didn't find, the nearest first; each with its place where results are sorted.
    pub(crate) more: Vec<(Candidate, Vec<Cell>, f64)>,
    /// Whether there was no time to see what some row means now.
    pub(crate) lacking: bool,
}

/// A row that is near by what the index knows of it.
struct Lead {
    key: Vec<Value>,
    bytes: Vec<u8>,
    similarity: f64,
    /// Its place among those that words found.
    ranked: Option<usize>,
    content: Option<ContentHash>,
}

/// Finds what is near in a table.
pub(crate) async fn find_near(
    asking: &Asking<'_>,
    lens: &Lens,
    index: &dyn FullTextIndex,
    (target, table): (&Target, &GatheredTable),
    ready: &ReadyVectors,
) -> PortResult<Near> {
    const OPERATION: &str = "full_text_index.rows";
    let gone = || PortError::new(PortErrorKind::Rejected, System::DataSource, OPERATION);
    let Some(vectors) = &asking.ports.vectors else { return Ok(Near::default()) };
    let plan = &table.plan;
    let reading = Reading::of(plan, &ready.columns).ok_or_else(gone)?;
    let most = if plan.filter.is_some() { NEAREST_FILTERED } else { NEAREST };
    let mut leads = leads(asking, (vectors.as_ref(), most), lens, ready, table).await?;
    let farthest = leads.last().filter(|_| leads.len() == most).map_or(-1.0, |lead| lead.similarity);
    let keys: Vec<RowKey> = leads.iter().map(|lead| RowKey(lead.bytes.as_slice().into())).collect();
    let contents = asking.in_time("vector_index.contents", vectors.contents(ready.collection, &keys));
    // What words found was read a moment ago.
    let is_unread = |lead: &&Lead| lead.ranked.is_none() || !reading.is_in_candidates;
    let request = RowsRequest {
        table: plan.table.clone(),
        keys: leads.iter().filter(is_unread).map(|lead| lead.key.clone()).collect(),
        read: reading.read.clone(),
        filter: plan.filter.clone(),
    };
    let rows = async {
        if request.keys.is_empty() {
            return Ok(Vec::new());
        }
        let deadline = remaining(target, asking.until);
        asking.in_time(OPERATION, index.rows(target, &request, deadline)).await
    };
    let (contents, rows) = join(contents, rows).await;
    for (lead, content) in leads.iter_mut().zip(contents?) {
        lead.content = content;
    }
    let rows: HashMap<Vec<u8>, Vec<Value>> =
        rows?.into_iter().map(|row| (key_bytes(&row.key), row.values)).collect();
    Ok(judge(asking, lens, table, (leads, rows), &reading, farthest).await)
}

/// The nearest rows, by what the index knows of them.
async fn leads(
    asking: &Asking<'_>,
    (vectors, most): (&dyn VectorIndex, usize),
    lens: &Lens,
    ready: &ReadyVectors,
    table: &GatheredTable,
) -> PortResult<Vec<Lead>> {
    let nearest = vectors.nearest(ready.collection, &lens.query, most);
    let nearest = asking.in_time("vector_index.nearest", nearest).await?;
    let places: HashMap<Vec<u8>, usize> =
        table.ranked.iter().enumerate().map(|(at, row)| (key_bytes(&row.key), at)).collect();
    let lead = |near: crate::Near| {
        let bytes = near.key.0.to_vec();
        Some(Lead {
            key: near.key.values().filter(|key| key.len() == table.plan.table.primary_key.len())?,
            ranked: places.get(&bytes).copied(),
            bytes,
            similarity: f64::from(near.similarity),
            content: None,
        })
    };
    Ok(nearest.into_iter().filter_map(lead).collect())
}

/// What each row says now decides.
async fn judge(
    asking: &Asking<'_>,
    lens: &Lens,
    table: &GatheredTable,
    (leads, mut rows): (Vec<Lead>, HashMap<Vec<u8>, Vec<Value>>),
    reading: &Reading,
    farthest: f64,
) -> Near {
    let mut near = Near::default();
    let mut changed: Vec<(Lead, Option<Vec<Value>>, String)> = Vec::new();
    for lead in leads {
        let read = rows.remove(&lead.bytes);
        let text = match (&read, lead.ranked) {
            (Some(values), _) => reading.text(lens, values),
            (None, Some(at)) if reading.is_in_candidates => reading.text(lens, &table.ranked[at].values),
            // It is gone, or filtered out.
            _ => continue,
        };
        if lead.content == Some(ContentHash::of(&lens.model, &text)) {
            let similarity = lead.similarity;
            near.add(table, lead, read, similarity);
        } else {
            changed.push((lead, read, text));
        }
    }
    let texts: Vec<String> = changed.iter().map(|(.., text)| text.clone()).collect();
    let vectors: Vec<Option<Vector>> =
        asking.embed(lens.embedder.as_ref(), &lens.model, TextKind::Row, texts).await;
    for ((lead, read, text), vector) in changed.into_iter().zip(vectors) {
        match vector {
            Some(vector) => {
                let similarity = f64::from(lens.query.similarity(&vector));
                // It may have left the neighbourhood.
                if lead.ranked.is_some() || similarity >= farthest {
                    near.add(table, lead, read, similarity);
                }
            }
            None => near.lacking |= !text.is_empty(),
        }
    }
    near.more.sort_by(|a, b| b.2.total_cmp(&a.2));
    near.more.truncate(NEAREST);
    near
}

impl Near {
    /// The keys of the rows that words didn't find.
    pub(crate) fn keys(&self) -> Vec<Vec<Value>> {
        self.more.iter().map(|(row, ..)| row.key.clone()).collect()
    }

    /// Puts what is near among a table's ranked rows. `sorted` tells whether these have places.
    pub(crate) fn add_to(self, table: &mut GatheredTable, model: usize, sorted: bool) {
        let mut nearness = Nearness::nothing(model, table.ranked.len());
        for (at, similarity) in self.known {
            nearness.similarity[at] = Some(similarity);
        }
        let here: HashSet<Vec<u8>> = self.more.iter().map(|(row, ..)| key_bytes(&row.key)).collect();
        table.beyond.retain(|row| !here.contains(&key_bytes(&row.key)));
        for (row, cells, similarity) in self.more {
            table.ranked.push(row);
            if sorted {
                table.cells.push(cells);
            }
            nearness.similarity.push(Some(similarity));
            nearness.vectors.push(None);
        }
        table.nearness = Some(nearness);
    }

    fn add(&mut self, table: &GatheredTable, lead: Lead, read: Option<Vec<Value>>, similarity: f64) {
        match (lead.ranked, read) {
            (Some(at), _) => self.known.push((at, similarity)),
            (None, Some(mut values)) => {
                let own = table.plan.read.len();
                let sorted = own + table.plan.sort_keys().len();
                values.truncate(sorted);
                let places = cells(&table.plan, &values.split_off(own.min(values.len())));
                self.more.push((Candidate { key: lead.key, score: 0.0, values }, places, similarity));
            }
            (None, None) => {}
        }
    }
}

/// What is read of rows to see what they say: what candidates are read with, then what they are sorted
/// by, then what is embedded where that is not among it.
struct Reading {
    read: Vec<ReadColumn>,
    /// Where the embedded columns are.
    embedded: Vec<usize>,
    /// Whether they are all among what candidates are read with.
    is_in_candidates: bool,
}

impl Reading {
    /// `None` where the table has no such column any more.
    fn of(plan: &TablePlan, columns: &[String]) -> Option<Self> {
        let mut read = plan.read.clone();
        read.extend(sort_columns(plan));
        let mut embedded = Vec::new();
        let mut is_in_candidates = true;
        for name in columns {
            let column: &ColumnRef = &plan.table.column(name)?.column;
            let has = |known: &ReadColumn| known.column == *column && known.max_chars == EMBEDDED_CHARS;
            let known = plan.read.iter().position(has);
            is_in_candidates &= known.is_some();
            embedded.push(known.unwrap_or(read.len()));
            if known.is_none() {
                read.push(ReadColumn { column: column.clone(), max_chars: EMBEDDED_CHARS });
            }
        }
        Some(Self { read, embedded, is_in_candidates })
    }

    fn text(&self, lens: &Lens, values: &[Value]) -> String {
        embedded_text(lens.model.max_chars, self.embedded.iter().filter_map(|at| values.get(*at)))
    }
}

/// The rows with these keys, and of them those that pass the table's own filter.
pub(super) fn with_keys(plan: &TablePlan, keys: &[Vec<Value>]) -> Filter {
    let of = match plan.table.primary_key.as_slice() {
        [column] => {
            let values = keys.iter().filter_map(|key| key.first().cloned()).collect();
            Filter::Is(column.clone(), Test::In(values))
        }
        columns => {
            let is =
                |(column, value): (&ColumnRef, &Value)| Filter::Is(column.clone(), Test::Eq(value.clone()));
            Filter::Any(
                keys.iter().map(|key| Filter::All(columns.iter().zip(key).map(is).collect())).collect(),
            )
        }
    };
    match &plan.filter {
        Some(filter) => Filter::All(vec![filter.clone(), of]),
        None => of,
    }
}
