//! What is read of each row, whole.

use altus4_connections::{Column, ColumnKind, ColumnRef, Value};
use mysql_async::Row as WireRow;

use super::super::filter::Rows;
use crate::{error::Fault, value};

/// Columns that are read, and what their values are by the schema.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    names: Vec<String>,
    kinds: Vec<Kind>,
}

/// What a column's values are, where the wire doesn't tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A truth value where it is 0 or 1.
    Boolean,
    /// A number.
    Integer,
    /// A document, which MariaDB keeps as text.
    Json,
    /// What the wire says.
    Plain,
}

impl Read {
    /// These columns, each whole.
    pub(super) fn new(rows: &Rows<'_>, columns: &[ColumnRef]) -> Result<Self, Fault> {
        let mut read = Self { names: Vec::new(), kinds: Vec::new() };
        for column in columns {
            let found = rows.found(column).ok_or(Fault::Request("a column of another table"))?;
            read.names.push(rows.name(column));
            read.kinds.push(Kind::of(found));
        }
        Ok(read)
    }

    /// What stands after `SELECT`; never empty.
    pub(super) fn selected(&self) -> String {
        if self.names.is_empty() { "0".to_owned() } else { self.names.join(", ") }
    }

    /// The columns, as they stand in the statement.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// As many columns with numbers.
    pub(super) fn numbers(count: usize) -> Self {
        Self { names: Vec::new(), kinds: vec![Kind::Integer; count] }
    }

    /// The values of a row. What the server left out is `NULL`.
    pub(crate) fn values(&self, row: WireRow) -> Vec<Value> {
        let mut cells = cells(row);
        self.take(&mut cells)
    }

    /// The values of a row, and after them those that `rest` reads.
    pub(crate) fn values_then(&self, row: WireRow, rest: &Self) -> (Vec<Value>, Vec<Value>) {
        let mut cells = cells(row);
        (self.take(&mut cells), rest.take(&mut cells))
    }

    fn take(&self, cells: &mut impl Iterator<Item = Value>) -> Vec<Value> {
        self.kinds.iter().map(|kind| kind.shape(cells.next().unwrap_or_default())).collect()
    }
}

fn cells(row: WireRow) -> impl Iterator<Item = Value> {
    let columns = row.columns();
    let values = row.unwrap_raw().into_iter();
    values.enumerate().map(move |(at, value)| match (value, columns.get(at)) {
        (Some(value), Some(column)) => value::decode(value, column),
        _ => Value::Null,
    })
}

impl Kind {
    fn of(column: &Column) -> Self {
        match column.found.kind {
            ColumnKind::Boolean => Self::Boolean,
            ColumnKind::Integer => Self::Integer,
            ColumnKind::Json => Self::Json,
            _ => Self::Plain,
        }
    }

    /// A value that went through a temporary table has lost what the wire tells of its column.
    fn shape(self, value: Value) -> Value {
        match (self, value) {
            (Self::Boolean, Value::Int(number @ (0 | 1))) => Value::Bool(number == 1),
            (Self::Integer, Value::Bool(flag)) => Value::Int(flag.into()),
            (Self::Json, Value::Text(text)) => Value::Json(text),
            (_, value) => value,
        }
    }
}
