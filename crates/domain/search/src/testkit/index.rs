//! A full-text index over rows in memory.

use std::{
    cmp::{Ordering, Reverse},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use altus4_connections::{ColumnKind, ColumnRef, DiscoveredTable, SchemaSnapshot, Table, Target, Value};
use altus4_kernel::{ConnectionId, PortError, PortErrorKind, PortResult, System};
use async_trait::async_trait;

use super::{
    conditions::{compare, passes},
    reading::{occurrences, reads},
};
use crate::{
    Candidate, CandidateRequest, Explained, Expr, Facet, FacetRequest, FullTextIndex, Matching, Order,
    ReadColumn, Row, RowsRequest, Sample, SampleRequest, WalkRequest,
};

/// Finds rows by looking at each of them, in tables that were given to it. Its score is how often
/// the words that are wanted occur; 0 where no index is in the scope.
#[derive(Debug, Default)]
pub struct InMemoryIndex(Mutex<Vec<Stored>>);

#[derive(Debug, Clone)]
struct Stored {
    connection: ConnectionId,
    table: Arc<Table>,
    rows: Arc<Vec<Vec<Value>>>,
}

impl InMemoryIndex {
    /// Adds a table to a connection's database, in place of one of its name. Rows have a value for
    /// each column, in the table's order.
    pub fn add(&self, connection: ConnectionId, table: DiscoveredTable, rows: Vec<Vec<Value>>) -> Arc<Table> {
        let schema = SchemaSnapshot::new(vec![table]);
        let table = Arc::clone(&schema.tables()[0]);
        let stored = Stored { connection, table: Arc::clone(&table), rows: Arc::new(rows) };
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tables.retain(|other| (other.connection, &other.table.table) != (connection, &table.table));
        tables.push(stored);
        table
    }

    fn stored(&self, target: &Target, table: &Table, operation: &'static str) -> PortResult<Stored> {
        let tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = tables
            .iter()
            .find(|stored| stored.connection == target.connection.id && stored.table.table == table.table);
        found.cloned().ok_or_else(|| PortError::new(PortErrorKind::Rejected, System::DataSource, operation))
    }

    fn matching(
        &self,
        target: &Target,
        matching: &Matching,
        operation: &'static str,
    ) -> PortResult<(Stored, Vec<usize>)> {
        let stored = self.stored(target, &matching.table, operation)?;
        let matches = (0..stored.rows.len()).filter(|row| stored.matches(*row, matching)).collect();
        Ok((stored, matches))
    }
}

impl Stored {
    fn value(&self, row: usize, column: &ColumnRef) -> &Value {
        let at = self.table.columns.iter().position(|found| found.column == *column);
        at.and_then(|at| self.rows[row].get(at)).unwrap_or(&Value::Null)
    }

    fn matches(&self, row: usize, matching: &Matching) -> bool {
        let value = |column: &ColumnRef| self.value(row, column);
        reads(&matching.expr, &matching.scope.columns(), &value)
            && matching.filter.as_ref().is_none_or(|filter| passes(filter, &self.table, &value))
    }

    fn key(&self, row: usize) -> Vec<Value> {
        self.table.primary_key.iter().map(|column| self.value(row, column).clone()).collect()
    }

    fn read(&self, row: usize, columns: &[ReadColumn]) -> Vec<Value> {
        columns.iter().map(|read| cut(self.value(row, &read.column).clone(), read.max_chars)).collect()
    }

    fn score(&self, row: usize, matching: &Matching) -> f64 {
        if matching.scope.indexes.is_empty() {
            return 0.0;
        }
        let columns = matching.scope.columns();
        wanted(&matching.expr, &|expr| {
            let Expr::Term(term) = expr else { return 0 };
            let named = term.columns.iter().collect::<Vec<_>>();
            let columns = if named.is_empty() { &columns } else { &named };
            columns.iter().map(|column| occurrences(&term.text, self.value(row, column))).sum()
        }) as f64
    }

    fn compare_keys(&self, one: usize, other: usize) -> Ordering {
        let columns = self.table.primary_key.iter();
        let keys = columns.map(|column| self.compare(column, one, other));
        // Without a key, rows stay as they are.
        keys.fold(Ordering::Equal, Ordering::then).then(one.cmp(&other))
    }

    /// How the row's key stands to another.
    fn compare_key_to(&self, row: usize, key: &[Value]) -> Ordering {
        let parts = self.table.primary_key.iter().zip(key);
        let parts = parts.map(|(column, other)| {
            let kind = self.table.column(column.name()).map(|column| column.found.kind).unwrap_or_default();
            compare(kind, self.value(row, column), other).unwrap_or(Ordering::Equal)
        });
        parts.fold(Ordering::Equal, Ordering::then)
    }

    /// `NULL` comes first.
    fn compare(&self, column: &ColumnRef, one: usize, other: usize) -> Ordering {
        let kind = self.table.column(column.name()).map_or(ColumnKind::Other, |column| column.found.kind);
        let (one, other) = (self.value(one, column), self.value(other, column));
        compare(kind, one, other).unwrap_or_else(|| (*one != Value::Null).cmp(&(*other != Value::Null)))
    }
}

/// The sum over the terms that no `NOT` excludes.
fn wanted(expr: &Expr, count: &dyn Fn(&Expr) -> usize) -> usize {
    match expr {
        Expr::All(exprs) | Expr::Any(exprs) | Expr::AtLeast(_, exprs) => {
            exprs.iter().map(|expr| wanted(expr, count)).sum()
        }
        Expr::Not(_) => 0,
        Expr::Term(_) => count(expr),
    }
}

fn cut(value: Value, max: u32) -> Value {
    let max = max as usize;
    match value {
        Value::Text(text) => Value::Text(text.chars().take(max).collect()),
        Value::Json(text) if text.chars().count() > max => Value::Text(text.chars().take(max).collect()),
        Value::Bytes(mut bytes) => {
            bytes.truncate(max);
            Value::Bytes(bytes)
        }
        other => other,
    }
}

#[async_trait]
impl FullTextIndex for InMemoryIndex {
    async fn candidates(
        &self,
        target: &Target,
        request: &CandidateRequest,
        _deadline: Duration,
    ) -> PortResult<Vec<Candidate>> {
        let matching = &request.matching;
        let (stored, mut rows) = self.matching(target, matching, "full_text_index.candidates")?;
        let score = |row: usize| stored.score(row, matching);
        let by_relevance = |one: usize, other: usize| {
            score(other).total_cmp(&score(one)).then_with(|| stored.compare_keys(one, other))
        };
        rows.sort_by(|one, other| match &request.order {
            Order::Relevance => by_relevance(*one, *other),
            Order::By(keys) => {
                let ordering = keys.iter().fold(Ordering::Equal, |ordering, key| {
                    let next = stored.compare(&key.column, *one, *other);
                    ordering.then(if key.descending { next.reverse() } else { next })
                });
                ordering.then_with(|| by_relevance(*one, *other))
            }
        });
        rows.truncate(request.limit as usize);
        let candidate = |row: usize| Candidate {
            key: stored.key(row),
            score: score(row),
            values: stored.read(row, &request.read),
        };
        Ok(rows.into_iter().map(candidate).collect())
    }

    async fn rows(
        &self,
        target: &Target,
        request: &RowsRequest,
        _deadline: Duration,
    ) -> PortResult<Vec<Row>> {
        let stored = self.stored(target, &request.table, "full_text_index.rows")?;
        let found = (0..stored.rows.len()).filter(|row| {
            let value = |column: &ColumnRef| stored.value(*row, column);
            request.keys.contains(&stored.key(*row))
                && request.filter.as_ref().is_none_or(|filter| passes(filter, &stored.table, &value))
        });
        Ok(found.map(|row| Row { key: stored.key(row), values: stored.read(row, &request.read) }).collect())
    }

    async fn walk(
        &self,
        target: &Target,
        request: &WalkRequest,
        _deadline: Duration,
    ) -> PortResult<Vec<Row>> {
        let stored = self.stored(target, &request.table, "full_text_index.walk")?;
        let is_next = |row: &usize| {
            let is_after = request.after.as_ref().is_none_or(|key| stored.compare_key_to(*row, key).is_gt());
            let value = |column: &ColumnRef| stored.value(*row, column);
            is_after && request.filter.as_ref().is_none_or(|filter| passes(filter, &stored.table, &value))
        };
        let mut rows: Vec<_> = (0..stored.rows.len()).filter(is_next).collect();
        rows.sort_by(|one, other| stored.compare_keys(*one, *other));
        rows.truncate(request.limit as usize);
        let row = |row: usize| Row { key: stored.key(row), values: stored.read(row, &request.read) };
        Ok(rows.into_iter().map(row).collect())
    }

    async fn count(
        &self,
        target: &Target,
        matching: &Matching,
        at_most: u64,
        _deadline: Duration,
    ) -> PortResult<u64> {
        let (_, rows) = self.matching(target, matching, "full_text_index.count")?;
        Ok((rows.len() as u64).min(at_most))
    }

    async fn facets(
        &self,
        target: &Target,
        request: &FacetRequest,
        _deadline: Duration,
    ) -> PortResult<Vec<Facet>> {
        const MAX_CHARS: u32 = 256;
        let (stored, rows) = self.matching(target, &request.matching, "full_text_index.facets")?;
        let facet = |column: &ColumnRef| {
            let mut counts: Facet = Vec::new();
            for row in &rows {
                let value = cut(stored.value(*row, column).clone(), MAX_CHARS);
                match counts.iter_mut().find(|(known, _)| *known == value) {
                    _ if value == Value::Null => {}
                    Some((_, count)) => *count += 1,
                    None => counts.push((value, 1)),
                }
            }
            // Those that are as common stay in the order in which they were met.
            counts.sort_by_key(|(_, count)| Reverse(*count));
            counts.truncate(request.limit as usize);
            counts
        };
        Ok(request.columns.iter().map(facet).collect())
    }

    async fn sample(
        &self,
        target: &Target,
        request: &SampleRequest,
        _deadline: Duration,
    ) -> PortResult<Sample> {
        let stored = self.stored(target, &request.table, "full_text_index.sample")?;
        let (all, wanted) = (stored.rows.len(), request.rows as usize);
        let whole = all <= wanted;
        let places: Vec<usize> =
            if whole { (0..all).collect() } else { (0..wanted).map(|at| at * all / wanted).collect() };
        Ok(Sample { rows: places.into_iter().map(|row| stored.read(row, &request.read)).collect(), whole })
    }

    async fn explain(
        &self,
        target: &Target,
        request: &CandidateRequest,
        _deadline: Duration,
    ) -> PortResult<Explained> {
        let stored = self.stored(target, &request.matching.table, "full_text_index.explain")?;
        let rows = stored.rows.len() as u64;
        Ok(Explained {
            sql: "SELECT … FROM memory WHERE ?".to_owned(),
            plan: "every row is looked at".to_owned(),
            index: request.matching.scope.indexes.first().map(|index| index.index.name().to_owned()),
            rows_estimated: Some(rows),
            rows_examined: Some(rows),
            time: Some(Duration::ZERO),
        })
    }
}
