//! What is read of each row, and the shape of the answer.

use altus4_connections::{ColumnKind, ColumnRef, Table, Value};
use altus4_search::{Candidate, ReadColumn, Row};
use mysql_async::Row as WireRow;

use super::found;
use crate::{
    column_type,
    dialect::{as_well_known_text, cut, quote},
    value,
};

/// What the columns of an answer are: the primary key, what was to be read, and from an index the
/// score.
#[derive(Debug)]
pub(crate) struct Shape {
    keys: usize,
    cells: Vec<Cell>,
}

/// A column that was to be read.
#[derive(Debug)]
struct Cell {
    max_chars: usize,
    is_json: bool,
}

impl Shape {
    /// A row of an answer to [`candidates`](super::candidates).
    pub(crate) fn candidate(&self, row: WireRow) -> Candidate {
        let (key, values, rest) = self.parts(row);
        let score = match rest {
            Some(Value::Float(score)) => score,
            Some(Value::Int(score)) => score as f64,
            _ => 0.0,
        };
        Candidate { key, score, values }
    }

    /// A row of an answer to [`rows`](super::rows).
    pub(crate) fn row(&self, row: WireRow) -> Row {
        let (key, values, _) = self.parts(row);
        Row { key, values }
    }

    /// A row of an answer to [`facet`](super::facet): a value and how many rows have it.
    pub(crate) fn counted(&self, row: WireRow) -> Option<(Value, u64)> {
        let (_, values, count) = self.parts(row);
        let value = values.into_iter().next()?;
        Some((value, whole(&count?)?)).filter(|(value, _)| *value != Value::Null)
    }

    /// The key, what was read, and the value after that. What the server left out is `NULL`.
    fn parts(&self, row: WireRow) -> (Vec<Value>, Vec<Value>, Option<Value>) {
        let columns = row.columns();
        let mut cells = row
            .unwrap_raw()
            .into_iter()
            .zip(columns.iter())
            .map(|(value, column)| value.map_or(Value::Null, |value| value::decode(value, column)));
        let mut next = || cells.next().unwrap_or_default();
        let key = (0..self.keys).map(|_| next()).collect();
        let values = self.cells.iter().map(|cell| cell.fit(next())).collect();
        (key, values, cells.next())
    }
}

/// A number of rows.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Int(number) => (*number).try_into().ok(),
        Value::UInt(number) => Some(*number),
        _ => None,
    }
}

impl Cell {
    /// Bounds what the server was asked to bound. A document that was cut is text, no document.
    fn fit(&self, value: Value) -> Value {
        match value {
            Value::Text(text) | Value::Json(text)
                if self.is_json && text.chars().nth(self.max_chars).is_none() =>
            {
                Value::Json(text)
            }
            value => value::cut(value, self.max_chars),
        }
    }
}

/// The primary key and what is to be read, texts and bytes cut by the server where they could be
/// longer than wanted.
pub(super) fn select_list(table: &Table, read: &[ReadColumn]) -> (Vec<String>, Shape) {
    let mut selected: Vec<_> = table.primary_key.iter().map(|column| quote(column.name())).collect();
    let (columns, cells): (Vec<_>, Vec<_>) = read.iter().map(|wanted| cell(table, wanted)).unzip();
    selected.extend(columns);
    (selected, Shape { keys: table.primary_key.len(), cells })
}

/// A column, and after it a number.
pub(super) fn counted(table: &Table, column: &ColumnRef, max_chars: u32) -> (String, Shape) {
    let (selected, cell) = cell(table, &ReadColumn { column: column.clone(), max_chars });
    (selected, Shape { keys: 0, cells: vec![cell] })
}

fn cell(table: &Table, wanted: &ReadColumn) -> (String, Cell) {
    let max = u64::from(wanted.max_chars);
    let name = quote(wanted.column.name());
    let column = found(table, &wanted.column);
    let kind = column.map_or(ColumnKind::Text { max_chars: None }, |column| column.found.kind);
    let is_geometry = column.is_some_and(|column| column_type::is_geometry(&column.found.declared_type));
    let selected = match kind {
        ColumnKind::Text { max_chars: Some(declared) } if declared <= max => name,
        ColumnKind::Text { .. } | ColumnKind::Binary => cut(&name, max),
        // One more, to see whether it was cut.
        ColumnKind::Json => cut(&name, max + 1),
        _ if is_geometry => cut(&as_well_known_text(&name), max),
        _ => name,
    };
    let max_chars = usize::try_from(wanted.max_chars).unwrap_or(usize::MAX);
    (selected, Cell { max_chars, is_json: kind == ColumnKind::Json })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_was_cut_is_text() {
        let cell = Cell { max_chars: 4, is_json: true };
        assert_eq!(cell.fit(Value::Text("[12]".into())), Value::Json("[12]".into()));
        assert_eq!(cell.fit(Value::Text("[123]".into())), Value::Text("[123".into()));
        assert_eq!(cell.fit(Value::Null), Value::Null);
    }
}
