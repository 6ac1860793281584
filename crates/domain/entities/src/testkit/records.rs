//! Rows in memory.

mod rows;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use altus4_connections::{ColumnRef, DiscoveredTable, SchemaSnapshot, Target, Value};
use async_trait::async_trait;

use self::rows::{
    at_order, change, check_key, ends, has_key, is_meant, made, meant, of, ordered, passes, read, sort,
};
use crate::{
    Assigned, Counting, DeleteRequest, InsertRequest, ManyRequest, Records, RecordsError, RecordsResult,
    Refusal, Related, RelatedRequest, RowValues, SelectRequest, Selection, UpdateRequest, Written,
};

type Row = Vec<Value>;

/// Reads and writes rows by looking at each of them, in tables that were given to it. Of keys it knows the
/// primary ones; text compares by its characters. Columns that are numbered get the next number, and the
/// default of any other is `NULL`. Every row's score is 0.
#[derive(Debug, Default)]
pub struct InMemoryRecords {
    tables: Mutex<HashMap<String, Vec<Row>>>,
    statements: Mutex<usize>,
}

impl InMemoryRecords {
    /// These tables with their rows, which have a value for each column; and their schema.
    #[must_use]
    pub fn of(tables: Vec<(DiscoveredTable, Vec<Row>)>) -> (Self, Arc<SchemaSnapshot>) {
        let rows = tables.iter().map(|(table, rows)| (table.name.clone(), rows.clone())).collect();
        let snapshot = SchemaSnapshot::new(tables.into_iter().map(|(table, _)| table).collect());
        (Self { tables: Mutex::new(rows), statements: Mutex::default() }, Arc::new(snapshot))
    }

    /// How often it was asked for rows so far.
    #[must_use]
    pub fn statements(&self) -> usize {
        *self.statements.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a table, as its owner would drop it.
    pub fn drop_table(&self, name: &str) {
        self.rows().remove(name);
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<String, Vec<Row>>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked(&self) {
        *self.statements.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }
}

#[async_trait]
impl Records for InMemoryRecords {
    async fn select(
        &self,
        _target: &Target,
        request: &SelectRequest,
        _deadline: Duration,
    ) -> RecordsResult<Vec<RowValues>> {
        self.asked();
        let tables = self.rows();
        let table = &request.rows.table;
        let is_after = |row: &&Row| {
            request.after.as_ref().is_none_or(|after| {
                ordered(table, &request.order, &at_order(table, &request.order, row), after).is_gt()
            })
        };
        let mut rows: Vec<&Row> = of(&tables, table)?
            .iter()
            .filter(|row| is_meant(&tables, &request.rows, row))
            .filter(is_after)
            .collect();
        sort(table, &request.order, &mut rows);
        let offset = usize::try_from(request.offset).unwrap_or(usize::MAX);
        let rows = rows.into_iter().skip(offset).take(request.limit as usize);
        rows.map(|row| read(table, row, &request.read)).collect()
    }

    async fn count(
        &self,
        _target: &Target,
        rows: &Selection,
        _counting: Counting,
        _deadline: Duration,
    ) -> RecordsResult<u64> {
        self.asked();
        let tables = self.rows();
        Ok(of(&tables, &rows.table)?.iter().filter(|row| is_meant(&tables, rows, row)).count() as u64)
    }

    async fn related(
        &self,
        _target: &Target,
        request: &RelatedRequest,
        _deadline: Duration,
    ) -> RecordsResult<Vec<Related>> {
        self.asked();
        let tables = self.rows();
        let table = &request.link.to;
        let mut related = Vec::new();
        for (parent, key) in request.parents.iter().enumerate() {
            let mut rows = ends(&tables, &request.link, &key.iter().collect::<Vec<_>>())?;
            rows.retain(|row| request.filter.as_ref().is_none_or(|f| passes(&tables, table, row, f)));
            sort(table, &request.order, &mut rows);
            for row in rows.into_iter().take(request.per_parent as usize) {
                related.push(Related { parent, values: read(table, row, &request.read)? });
            }
        }
        Ok(related)
    }

    async fn insert(
        &self,
        _target: &Target,
        request: &InsertRequest,
        _deadline: Duration,
    ) -> RecordsResult<Vec<Option<RowValues>>> {
        let mut tables = self.rows();
        let table = &request.table;
        let mut rows = of(&tables, table)?.to_vec();
        let mut read_again = Vec::new();
        for (at, given) in request.rows.iter().enumerate() {
            let given: Vec<_> = request.columns.iter().cloned().zip(given.iter().cloned()).collect();
            let row = made(table, &rows, &given).and_then(|row| check_key(table, &rows, &row).map(|()| row));
            let row = row.map_err(|error| match error {
                RecordsError::Refused(refusal, source) => {
                    RecordsError::Refused(Refusal { row: Some(at), ..refusal }, source)
                }
                other => other,
            })?;
            read_again.push(Some(read(table, &row, &request.returning)?));
            rows.push(row);
        }
        tables.insert(table.table.name().to_owned(), rows);
        Ok(read_again)
    }

    async fn update(
        &self,
        _target: &Target,
        request: &UpdateRequest,
        _deadline: Duration,
    ) -> RecordsResult<Written> {
        let mut tables = self.rows();
        let table = &request.table;
        let mut rows = of(&tables, table)?.to_vec();
        let written = match rows.iter().position(|row| has_key(table, row, &request.key)) {
            Some(at) => {
                if let Some(expected) = &request.expected
                    && !(expected.holds)(&read(table, &rows[at], &expected.columns)?)
                {
                    return Ok(Written::NotAsExpected);
                }
                change(table, &mut rows[at], &request.set)?;
                Written::Done(read(table, &rows[at], &request.returning)?)
            }
            None => match &request.otherwise_insert {
                Some(given) if request.expected.is_none() => {
                    let row = made(table, &rows, given)?;
                    let values = read(table, &row, &request.returning)?;
                    rows.push(row);
                    Written::Made(values)
                }
                _ => return Ok(Written::Missing),
            },
        };
        tables.insert(table.table.name().to_owned(), rows);
        Ok(written)
    }

    async fn delete(
        &self,
        _target: &Target,
        request: &DeleteRequest,
        _deadline: Duration,
    ) -> RecordsResult<Written> {
        let mut tables = self.rows();
        let table = &request.table;
        let mut rows = of(&tables, table)?.to_vec();
        let Some(at) = rows.iter().position(|row| has_key(table, row, &request.key)) else {
            return Ok(Written::Missing);
        };
        if let Some(expected) = &request.expected
            && !(expected.holds)(&read(table, &rows[at], &expected.columns)?)
        {
            return Ok(Written::NotAsExpected);
        }
        rows.remove(at);
        tables.insert(table.table.name().to_owned(), rows);
        Ok(Written::Done(Vec::new()))
    }

    async fn update_many(
        &self,
        _target: &Target,
        request: &ManyRequest,
        set: &[(ColumnRef, Assigned)],
        _deadline: Duration,
    ) -> RecordsResult<u64> {
        let mut tables = self.rows();
        let table = &request.table;
        let mut rows = of(&tables, table)?.to_vec();
        let meant = meant(&tables, request)?;
        for row in rows.iter_mut().filter(|row| meant.contains(row)) {
            change(table, row, set)?;
        }
        tables.insert(table.table.name().to_owned(), rows);
        Ok(meant.len() as u64)
    }

    async fn delete_many(
        &self,
        _target: &Target,
        request: &ManyRequest,
        _deadline: Duration,
    ) -> RecordsResult<u64> {
        let mut tables = self.rows();
        let table = &request.table;
        let mut rows = of(&tables, table)?.to_vec();
        let meant = meant(&tables, request)?;
        rows.retain(|row| !meant.contains(row));
        tables.insert(table.table.name().to_owned(), rows);
        Ok(meant.len() as u64)
    }
}
