//! Values as columns take them.

use altus4_connections::{Column, ColumnKind, ColumnRef, Table, Value};
use altus4_entities::Assigned;
use mysql_async::Value as Wire;

use super::super::{found, sql::Sql};
use crate::{column_type::is_geometry, error::Fault, value};

/// What a column of a new row gets. `DEFAULT` would be 0 for one that the server numbers, as 0 is a number
/// like others here.
pub(super) fn given(table: &Table, column: &ColumnRef, cell: &Assigned) -> Result<Sql, Fault> {
    let is_numbered = || found(table, column).is_some_and(|column| column.found.is_numbered);
    match cell {
        Assigned::Default if is_numbered() => Ok(Sql::with("?", Wire::NULL)),
        cell => assigned(table, column, cell),
    }
}

/// What a column gets.
pub(super) fn assigned(table: &Table, column: &ColumnRef, assigned: &Assigned) -> Result<Sql, Fault> {
    let column = found(table, column).ok_or(Fault::Request("a column of another table"))?;
    Ok(match assigned {
        Assigned::Default => Sql::plain("DEFAULT"),
        Assigned::Value(Value::Null) => Sql::with("?", Wire::NULL),
        Assigned::Value(value) => bound(column, value)?,
    })
}

fn bound(column: &Column, given: &Value) -> Result<Sql, Fault> {
    let wire = value::encode(given, &column.found).ok_or(Fault::Request("no value"))?;
    let is_bytes = column.found.kind == ColumnKind::Binary || is_geometry(&column.found.declared_type);
    // As text, bytes would have to be characters.
    Ok(if is_bytes { Sql::with("CAST(? AS BINARY)", wire) } else { Sql::with("?", wire) })
}

/// About how much of a packet a value takes.
pub(super) fn size(assigned: &Assigned) -> usize {
    const HEAD: usize = 16;
    match assigned {
        Assigned::Value(Value::Text(text) | Value::Json(text)) => HEAD + text.len(),
        Assigned::Value(Value::Bytes(bytes)) => HEAD + bytes.len(),
        _ => HEAD,
    }
}
