//! Rows from all over a table.

use altus4_connections::{ColumnKind, ColumnRef, Table, Value};
use altus4_search::SampleRequest;

use super::{kind, search::key_of, selected};
use crate::sql::{Statement, column, quoted};

/// From how many places of the key rows are read.
const PLACES: u32 = 16;

/// Where the rows of a sample are, as far as the first statement tells.
#[derive(Clone, Copy)]
pub(super) enum Places {
    /// They are all the rows there are, or nothing tells where others are.
    Beginning,
    /// Between these keys.
    Between(i64, i64),
}

/// Asks for the first and the last key, and whether there are more rows than wanted; `None` where the
/// key isn't one whole number.
pub(super) fn places(request: &SampleRequest) -> Option<Statement> {
    let key = column(whole_key(&request.table)?.name());
    let table = quoted(request.table.table.name());
    // Apart, for each alone is a look at one end of the key.
    let text = format!(
        "SELECT (SELECT min({key}) FROM {table} AS b) AS c0, (SELECT max({key}) FROM {table} AS b) AS c1, \
         (SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT ?)) AS c2"
    );
    Some(Statement { text, binds: vec![Value::Int(i64::from(request.rows) + 1)] })
}

impl Places {
    /// What the answer says.
    pub(super) fn of(answer: Option<&Vec<Value>>, request: &SampleRequest) -> Self {
        match answer.map(Vec::as_slice) {
            Some([Value::Int(first), Value::Int(last), Value::Int(rows)])
                if *rows > i64::from(request.rows) && first <= last =>
            {
                Self::Between(*first, *last)
            }
            _ => Self::Beginning,
        }
    }
}

/// Reads the rows: one more than wanted from the beginning, to see whether there are more, or some
/// from each place. `None` where there is nothing to read.
pub(super) fn sample_statement(request: &SampleRequest, at: Places) -> Option<Statement> {
    if request.rows == 0 || request.read.is_empty() {
        return None;
    }
    let table = &request.table;
    let from =
        format!("SELECT 0 AS s{} FROM {} AS b", selected(table, &request.read), quoted(table.table.name()));
    let Some((key, (first, last))) = whole_key(table).zip(match at {
        Places::Between(first, last) => Some((i128::from(first), i128::from(last))),
        Places::Beginning => None,
    }) else {
        let key = key_of(table);
        let order = if key.is_empty() { key } else { format!(" ORDER BY {key}") };
        let binds = vec![Value::Int(i64::from(request.rows) + 1)];
        return Some(Statement { text: format!("{from}{order} LIMIT ?"), binds });
    };
    let places = PLACES.min(request.rows);
    let key = column(key.name());
    let part = format!("SELECT * FROM ({from} WHERE {key} BETWEEN ? AND ? ORDER BY {key} LIMIT ?)");
    let begin = |at: u32| first + (last - first + 1) * i128::from(at) / i128::from(places);
    let number = |number: i128| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let binds = (0..places).flat_map(|at| {
        let each = request.rows / places + u32::from(at < request.rows % places);
        [number(begin(at)), number(begin(at + 1) - 1), Value::Int(each.into())]
    });
    let binds = binds.collect();
    Some(Statement { text: vec![part; places as usize].join(" UNION ALL "), binds })
}

/// The column of a key that is one whole number.
fn whole_key(table: &Table) -> Option<&ColumnRef> {
    let [key] = table.primary_key.as_slice() else { return None };
    (kind(table, key) == ColumnKind::Integer).then_some(key)
}
