//! Writing rows, in one transaction.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_connections::{Column, ColumnRef, Table, Target, Value};
use altus4_entities::{
    Assigned, DeleteRequest, InsertRequest, ManyRequest, Refusal, RefusalKind, RowKey, RowValues,
    UpdateRequest, Written,
};
use tokio::time::sleep;

use super::{
    fault::refusal,
    read::{is, selected},
    values::{Read, bound},
};
use crate::{
    error::{Fault, primary},
    index::filter::{Rows, condition},
    pool::{Lease, Pools},
    sql::{Statement, quoted},
};

/// How long is waited before asking again for a lock that another program has.
const PAUSE: Duration = Duration::from_millis(20);
const NO_COLUMN: Fault = Fault::Request("a column of another table");

/// A transaction. Dropped before its end, it is taken back when the file is closed.
pub(super) struct Writing {
    lease: Lease,
    until: Instant,
}

impl Writing {
    /// Takes the file's one lock for writing.
    pub(super) async fn begin(pools: &Arc<Pools>, target: &Target, until: Instant) -> Result<Self, Fault> {
        let mut writing = Self { lease: pools.lease_to_write(target, until).await?, until };
        writing.in_turn("BEGIN IMMEDIATE").await?;
        Ok(writing)
    }

    /// Makes last what was done, or takes it back.
    pub(super) async fn end<T: Outcome>(mut self, outcome: Result<T, Fault>) -> Result<T, Fault> {
        match outcome {
            Ok(done) if done.is_change() => {
                self.in_turn("COMMIT").await?;
                Ok(done)
            }
            outcome => {
                // Closing the file does it as well.
                let _ = self.run(Statement::plain("ROLLBACK")).await;
                outcome
            }
        }
    }

    /// Runs a statement for which nobody else may be at the file: other programs that write, and at the
    /// end those that read.
    async fn in_turn(&mut self, statement: &str) -> Result<(), Fault> {
        const BUSY: u32 = 5;
        loop {
            match self.run(Statement::plain(statement)).await {
                Err(fault)
                    if fault.result_code().map(primary) == Some(BUSY)
                        && Instant::now() + PAUSE < self.until =>
                {
                    sleep(PAUSE).await;
                }
                outcome => return outcome.map(drop),
            }
        }
    }

    async fn run(&mut self, statement: Statement) -> Result<Vec<Vec<Value>>, Fault> {
        self.lease.session.fetch_all(statement).await
    }

    /// Makes rows, one by one.
    pub(super) async fn insert(&mut self, request: &InsertRequest) -> Result<Vec<Option<RowValues>>, Fault> {
        let mut made = Vec::with_capacity(request.rows.len());
        for (at, row) in request.rows.iter().enumerate() {
            let given: Vec<_> = request.columns.iter().cloned().zip(row.iter().cloned()).collect();
            let outcome = self.make(&request.table, &given, &request.key, &request.returning).await;
            made.push(outcome.map_err(|fault| match fault {
                Fault::Row(refusal, error) => Fault::Row(Refusal { row: Some(at), ..refusal }, error),
                fault => fault,
            })?);
        }
        Ok(made)
    }

    async fn make(
        &mut self,
        table: &Table,
        given: &[(ColumnRef, Assigned)],
        key: &[ColumnRef],
        returning: &[ColumnRef],
    ) -> Result<Option<RowValues>, Fault> {
        let name = quoted(table.table.name());
        let mut columns = Vec::new();
        let mut binds = Vec::new();
        for (column, assigned) in given {
            if let Assigned::Value(value) = assigned {
                binds.push(bound(found(table, column)?, value)?);
                columns.push(quoted(column.name()));
            }
        }
        let values = if columns.is_empty() {
            "DEFAULT VALUES".to_owned()
        } else {
            format!("({}) VALUES ({})", columns.join(", "), vec!["?"; columns.len()].join(", "))
        };
        let told = key.iter().enumerate();
        let told = told.map(|(at, column)| format!("+{name}.{} AS c{at}", quoted(column.name())));
        let told: Vec<_> = told.collect();
        let told = if told.is_empty() { "1 AS c0".to_owned() } else { told.join(", ") };
        let text = format!("INSERT INTO {name} {values} RETURNING {told}");
        let outcome = self.run(Statement { text, binds }).await;
        let rows = match outcome {
            Err(fault) => return Err(self.explained(fault, table, given).await),
            Ok(rows) => rows,
        };
        if key.is_empty() {
            return Ok(None);
        }
        let Some(values) = rows.into_iter().next() else { return Ok(None) };
        let key: RowKey = key.iter().cloned().zip(values).collect();
        self.read(table, &key, returning).await
    }

    /// The row of a key.
    async fn read(
        &mut self,
        table: &Table,
        key: &RowKey,
        columns: &[ColumnRef],
    ) -> Result<Option<RowValues>, Fault> {
        let mut binds = Vec::new();
        let text = format!(
            "SELECT {} FROM {} AS b WHERE {} LIMIT 2",
            selected(&Rows::called(table, "b"), columns)?,
            quoted(table.table.name()),
            is(table, key, &mut binds)?
        );
        let mut rows = self.run(Statement { text, binds }).await?.into_iter();
        let row = rows.next();
        if rows.next().is_some() {
            return Err(Fault::Request("more than one row has this key"));
        }
        Ok(row.map(|row| Read::new(table, columns).values(row)))
    }

    /// Changes a row, or makes it.
    pub(super) async fn update(&mut self, request: &UpdateRequest) -> Result<Written, Fault> {
        let UpdateRequest { table, key, set, expected, otherwise_insert, returning } = request;
        let columns = expected.as_ref().map_or(&[][..], |expected| &expected.columns);
        let Some(before) = self.read(table, key, columns).await? else {
            let Some(row) = otherwise_insert.as_ref().filter(|_| expected.is_none()) else {
                return Ok(Written::Missing);
            };
            let columns: Vec<_> = key.iter().map(|(column, _)| column.clone()).collect();
            let made = self.make(table, row, &columns, returning).await?;
            return Ok(Written::Made(made.unwrap_or_default()));
        };
        if expected.as_ref().is_some_and(|expected| !(expected.holds)(&before)) {
            return Ok(Written::NotAsExpected);
        }
        if !set.is_empty() {
            let mut binds = Vec::new();
            let set_to = assignments(table, set, &mut binds)?;
            let text = format!(
                "UPDATE {} AS b SET {set_to} WHERE {}",
                quoted(table.table.name()),
                is(table, key, &mut binds)?
            );
            if let Err(fault) = self.run(Statement { text, binds }).await {
                return Err(self.explained(fault, table, set).await);
            }
        }
        let after = self.read(table, key, returning).await?;
        // A rule of the table's may have changed its key.
        Ok(Written::Done(after.unwrap_or_default()))
    }

    /// Deletes a row.
    pub(super) async fn delete(&mut self, request: &DeleteRequest) -> Result<Written, Fault> {
        let DeleteRequest { table, key, expected } = request;
        let columns = expected.as_ref().map_or(&[][..], |expected| &expected.columns);
        let Some(before) = self.read(table, key, columns).await? else { return Ok(Written::Missing) };
        if expected.as_ref().is_some_and(|expected| !(expected.holds)(&before)) {
            return Ok(Written::NotAsExpected);
        }
        self.remove(table, key).await?;
        Ok(Written::Done(Vec::new()))
    }

    async fn remove(&mut self, table: &Table, key: &RowKey) -> Result<(), Fault> {
        let mut binds = Vec::new();
        let condition = is(table, key, &mut binds)?;
        let text = format!("DELETE FROM {} AS b WHERE {condition}", quoted(table.table.name()));
        match self.run(Statement { text, binds }).await {
            Err(fault) => Err(self.explained(fault, table, &[]).await),
            Ok(_) => Ok(()),
        }
    }

    /// Changes (`Some`) or deletes the rows that pass.
    pub(super) async fn many(
        &mut self,
        request: &ManyRequest,
        set: Option<&[(ColumnRef, Assigned)]>,
    ) -> Result<u64, Fault> {
        let ManyRequest { table, filter, key, limit } = request;
        let rows = Rows::called(table, "b");
        let mut binds = Vec::new();
        let passes = condition(table, filter, &mut binds);
        let order = key.iter().map(|column| rows.column(column)).collect::<Vec<_>>().join(", ");
        let text = format!(
            "SELECT {} FROM {} AS b WHERE {passes} ORDER BY {order} LIMIT ?",
            selected(&rows, key)?,
            quoted(table.table.name())
        );
        binds.push(Value::Int((*limit).into()));
        let keys = self.run(Statement { text, binds }).await?;
        let count = u64::try_from(keys.len()).unwrap_or(u64::MAX);
        for values in keys {
            let key: RowKey = key.iter().cloned().zip(values).collect();
            match set {
                None => self.remove(table, &key).await?,
                Some([]) => {}
                Some(set) => {
                    let mut binds = Vec::new();
                    let set_to = assignments(table, set, &mut binds)?;
                    let condition = is(table, &key, &mut binds)?;
                    let name = quoted(table.table.name());
                    let text = format!("UPDATE {name} AS b SET {set_to} WHERE {condition}");
                    if let Err(fault) = self.run(Statement { text, binds }).await {
                        return Err(self.explained(fault, table, set).await);
                    }
                }
            }
        }
        Ok(count)
    }

    /// The fault with what can be found out about it: SQLite doesn't say which foreign key has failed.
    async fn explained(&mut self, fault: Fault, table: &Table, given: &[(ColumnRef, Assigned)]) -> Fault {
        let Some(mut refusal) = refusal(&fault, table) else { return fault };
        if refusal.kind == RefusalKind::Unreferenced {
            match self.unreferenced(table, given).await {
                Some(columns) => refusal.columns = columns,
                None => refusal.kind = RefusalKind::StillReferenced,
            }
        }
        match fault {
            Fault::Sqlite(error) => Fault::Row(refusal, Some(error)),
            Fault::Row(_, error) => Fault::Row(refusal, error),
            fault => fault,
        }
    }

    /// The columns of the first foreign key that refers to no row with these values.
    async fn unreferenced(&mut self, table: &Table, given: &[(ColumnRef, Assigned)]) -> Option<Vec<String>> {
        let value = |name: &str| {
            given.iter().find(|(column, _)| column.name() == name).and_then(|(_, assigned)| match assigned {
                Assigned::Value(value) if *value != Value::Null => Some(value.clone()),
                _ => None,
            })
        };
        for relation in &table.relations {
            let of_key: Vec<_> =
                table.relations.iter().filter(|other| other.constraint == relation.constraint).collect();
            let values: Option<Vec<_>> = of_key.iter().map(|part| value(&part.column)).collect();
            let Some(binds) = values else { continue };
            let conditions = of_key.iter().map(|part| format!("p.{} = ?", quoted(&part.references_column)));
            let text = format!(
                "SELECT 1 AS c0 FROM {} AS p WHERE {} LIMIT 1",
                quoted(&relation.references_table),
                conditions.collect::<Vec<_>>().join(" AND ")
            );
            if self.run(Statement { text, binds }).await.is_ok_and(|rows| rows.is_empty()) {
                return Some(of_key.iter().map(|part| part.column.clone()).collect());
            }
        }
        None
    }
}

/// What is or isn't to last.
pub(super) trait Outcome {
    /// Whether anything was changed.
    fn is_change(&self) -> bool;
}

impl Outcome for Vec<Option<RowValues>> {
    fn is_change(&self) -> bool {
        true
    }
}

impl Outcome for u64 {
    fn is_change(&self) -> bool {
        *self > 0
    }
}

impl Outcome for Written {
    fn is_change(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Made(_))
    }
}

fn found<'a>(table: &'a Table, name: &ColumnRef) -> Result<&'a Column, Fault> {
    table.columns.iter().find(|column| column.column == *name).ok_or(NO_COLUMN)
}

/// What stands after `SET`. Values are appended in the order of their places.
fn assignments(
    table: &Table,
    set: &[(ColumnRef, Assigned)],
    binds: &mut Vec<Value>,
) -> Result<String, Fault> {
    let mut parts = Vec::with_capacity(set.len());
    for (column, assigned) in set {
        let found = found(table, column)?;
        let value = match assigned {
            Assigned::Value(value) => {
                binds.push(bound(found, value)?);
                "?"
            }
            Assigned::Default => default(found)?,
        };
        parts.push(format!("{} = {value}", quoted(column.name())));
    }
    Ok(parts.join(", "))
}

/// The column's default, which SQLite has no word for in a change. Only plain ones: a number, a text, a
/// word for the present moment. The text of the file's own schema is run as nothing else.
fn default(column: &Column) -> Result<&str, Fault> {
    const WORDS: [&str; 6] = ["NULL", "TRUE", "FALSE", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"];
    let Some(written) = column.found.default.as_deref().map(str::trim) else { return Ok("NULL") };
    let is_number = written.parse::<f64>().is_ok_and(f64::is_finite)
        && written.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let inner = written.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let is_text = inner.is_some_and(|inner| !inner.replace("''", "").contains('\''));
    let is_word = WORDS.iter().any(|word| written.eq_ignore_ascii_case(word));
    if is_number || is_text || is_word {
        Ok(written)
    } else {
        Err(Fault::Request("this column's default can't be set by itself"))
    }
}

#[cfg(test)]
mod tests {
    use altus4_connections::{DiscoveredColumn, DiscoveredTable, SchemaSnapshot};

    use super::*;

    #[test]
    fn only_plain_defaults_are_written_into_a_statement() {
        let default_of = |written: Option<&str>| {
            let column = DiscoveredColumn {
                name: "a".into(),
                default: written.map(str::to_owned),
                ..Default::default()
            };
            let table = DiscoveredTable { name: "t".into(), columns: vec![column], ..Default::default() };
            let snapshot = SchemaSnapshot::new(vec![table]);
            default(&snapshot.tables()[0].columns[0]).map(str::to_owned).ok()
        };
        for written in ["0", "-1.5", "1e3", "'a''b'", "''", "current_timestamp", "NULL"] {
            assert_eq!(default_of(Some(written)).as_deref(), Some(written));
        }
        assert_eq!(default_of(None).as_deref(), Some("NULL"));
        for written in ["random()", "'a' || x", "'a'', x = 'b'", "1, x = 2", "'", "nan", "(1)"] {
            assert_eq!(default_of(Some(written)), None, "{written}");
        }
    }
}
