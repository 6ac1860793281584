//! Rows from all over a table.

use altus4_connections::{ColumnKind, ColumnRef, Table, Value};
use altus4_search::SampleRequest;
use mysql_async::{Row as WireRow, Value as Wire};

use super::{Query, Shape, found, names, select_list::select_list, sql::Sql};
use crate::{dialect::quote, value};

/// From how many places of the key rows are read.
const PLACES: u32 = 16;

/// Where the rows of a sample are, as far as the first statement tells.
pub(crate) enum Places {
    /// They are all the rows there are, or nothing tells where others are.
    Beginning,
    /// Between these keys.
    Between(i128, i128),
}

/// The statement that asks for the first and the last key, and whether there are more rows than
/// wanted; `None` where the key isn't one whole number.
pub(crate) fn places(request: &SampleRequest) -> Option<Query> {
    let key = quote(whole_key(&request.table)?.name());
    let table = quote(request.table.table.name());
    let sql = format!(
        "SELECT MIN({key}), MAX({key}), \
         (SELECT COUNT(*) FROM (SELECT 1 FROM {table} LIMIT ?) AS `altus4 counted`) FROM {table}"
    );
    Some(Query::new(Sql::with(sql, Wire::UInt(u64::from(request.rows) + 1)), 1))
}

impl Places {
    /// What the answer says.
    pub(crate) fn of(answer: Option<WireRow>, request: &SampleRequest) -> Self {
        let Some(row) = answer else { return Self::Beginning };
        let columns = row.columns();
        let cells = row.unwrap_raw().into_iter().zip(columns.iter());
        let whole = |(cell, column): (Option<Wire>, _)| match value::decode(cell?, column) {
            Value::Int(number) => Some(i128::from(number)),
            Value::UInt(number) => Some(i128::from(number)),
            Value::Bool(number) => Some(i128::from(number)),
            _ => None,
        };
        match cells.map(whole).collect::<Vec<_>>().as_slice() {
            [Some(first), Some(last), Some(rows)] if *rows > i128::from(request.rows) && first <= last => {
                Self::Between(*first, *last)
            }
            _ => Self::Beginning,
        }
    }
}

/// The statement that reads the rows: one more than wanted from the beginning, to see whether there
/// are more, or some from each place. `None` where there is nothing to read.
pub(crate) fn sample(request: &SampleRequest, at: &Places) -> Option<(Query, Shape)> {
    let table = &request.table;
    let (mut selected, shape) = select_list(table, &request.read);
    if request.rows == 0 || request.read.is_empty() {
        return None;
    }
    if selected.is_empty() {
        selected.push("0".to_owned());
    }
    let selected = selected.join(", ");
    let from = quote(table.table.name());
    if let (Places::Between(first, last), Some(key)) = (at, whole_key(table)) {
        let key = quote(key.name());
        let places = PLACES.min(request.rows);
        let each = |at: u32| request.rows / places + u32::from(at < request.rows % places);
        let text =
            format!("(SELECT {selected} FROM {from} WHERE {key} BETWEEN ? AND ? ORDER BY {key} LIMIT ?)");
        let begin = |at: u32| first + (last - first + 1) * i128::from(at) / i128::from(places);
        let part = |at| Sql {
            text: text.clone(),
            values: vec![number(begin(at)), number(begin(at + 1) - 1), Wire::UInt(each(at).into())],
        };
        let sql = Sql::list((0..places).map(part).collect(), " UNION ALL ");
        return Some((Query::new(sql, request.rows.into()), shape));
    }
    let key = names(&table.primary_key);
    let order = if key.is_empty() { key } else { format!(" ORDER BY {key}") };
    let rows = u64::from(request.rows) + 1;
    let sql = Sql::with(format!("SELECT {selected} FROM {from}{order} LIMIT ?"), Wire::UInt(rows));
    Some((Query::new(sql, rows), shape))
}

/// A number of a key's column, which holds no others.
fn number(number: i128) -> Wire {
    i64::try_from(number).map_or_else(|_| Wire::UInt(u64::try_from(number).unwrap_or(u64::MAX)), Wire::Int)
}

/// The column of a key that is one whole number.
fn whole_key(table: &Table) -> Option<&ColumnRef> {
    let [key] = table.primary_key.as_slice() else { return None };
    let column = found(table, key)?;
    let is_number =
        column.found.kind == ColumnKind::Integer && !column.found.declared_type.starts_with("BIT");
    is_number.then_some(key)
}
