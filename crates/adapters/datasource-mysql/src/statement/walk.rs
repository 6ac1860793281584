//! The next rows by the primary key.

use altus4_connections::{Column, ColumnKind, Value};
use altus4_search::WalkRequest;
use mysql_async::Value as Wire;

use super::{
    Query, Shape, filter, key_columns,
    select_list::select_list,
    sql::{Sql, text},
};
use crate::{column_type::is_geometry, dialect::quote, error::Fault, value};

/// The statement that reads the rows; `None` where there can be none.
pub(crate) fn walk(request: &WalkRequest) -> Result<Option<(Query, Shape)>, Fault> {
    let table = &request.table;
    let key = key_columns(table)?;
    let after = match &request.after {
        None => None,
        Some(after) if after.len() == key.len() => match beyond(&key, after) {
            Some(beyond) => Some(beyond),
            None => return Ok(None),
        },
        Some(_) => return Err(Fault::Request("a key of other columns than the table's")),
    };
    if request.limit == 0 {
        return Ok(None);
    }
    let (selected, shape) = select_list(table, &request.read);
    let filter = request.filter.as_ref().map(|wanted| filter::condition(table, wanted));
    let conditions: Vec<_> = after.into_iter().chain(filter).collect();
    let from = format!("SELECT {} FROM {}", selected.join(", "), quote(table.table.name()));
    let mut pieces = vec![Sql::plain(from)];
    if !conditions.is_empty() {
        pieces.push(Sql::list(conditions, " AND ").within("WHERE ", ""));
    }
    let order = key.iter().map(|column| sorted(column, &name(column))).collect::<Vec<_>>().join(", ");
    pieces.push(Sql::with(format!("ORDER BY {order} LIMIT ?"), Wire::UInt(request.limit.into())));
    Ok(Some((Query::new(Sql::list(pieces, " "), request.limit.into()), shape)))
}

/// What holds for the rows after this key: `(a > ? OR (a = ? AND b > ?))`, which servers read as
/// ranges of the index, as they don't `(a, b) > (?, ?)`. `None` where no row is after it.
fn beyond(key: &[&Column], after: &[Value]) -> Option<Sql> {
    let ((column, value), rest) = (key.first().zip(after.first())?, (&key[1..], &after[1..]));
    let name = sorted(column, &name(column));
    let bound = place(column, value)?;
    let greater = bound.clone().within(&format!("{name} > "), "");
    if rest.0.is_empty() {
        return Some(greater);
    }
    let same = bound.within(&format!("{name} = "), "");
    let both = Sql::list(vec![same, beyond(rest.0, rest.1)?], " AND ").within("(", ")");
    Some(Sql::join(vec![greater, both], " OR ", "FALSE"))
}

fn name(column: &Column) -> String {
    quote(column.column.name())
}

/// What rows are sorted by: the column of this name, in the order of its index. Values of an `ENUM` or
/// a `SET` sort by their numbers, but compare as text; so these are sorted as bytes, at the cost of a
/// sort. MySQL's documents and geometries, which no index holds, are sorted as they are written.
pub(super) fn sorted(column: &Column, name: &str) -> String {
    match column.found.kind {
        _ if is_enumeration(column) => format!("CAST(CONVERT({name} USING utf8mb4) AS BINARY)"),
        ColumnKind::Json => format!("CAST(CAST({name} AS CHAR) AS BINARY)"),
        _ if is_geometry(&column.found.declared_type) => format!("CAST({name} AS BINARY)"),
        _ => name.to_owned(),
    }
}

/// The value as it compares with [`sorted`]; `None` for what no key has.
pub(super) fn place(column: &Column, value: &Value) -> Option<Sql> {
    match value {
        Value::Text(words) if is_enumeration(column) => {
            Some(Sql::with("CAST(CONVERT(? USING utf8mb4) AS BINARY)", text(words)))
        }
        Value::Text(words) | Value::Json(words) if column.found.kind == ColumnKind::Json => {
            Some(Sql::with("CAST(CONVERT(? USING utf8mb4) AS BINARY)", text(words)))
        }
        // As text it would be compared as a float, which has fewer digits.
        Value::Text(number) if column.found.kind == ColumnKind::Decimal => {
            Some(Sql::with(format!("CAST(? AS {})", decimal(&column.found.declared_type)), text(number)))
        }
        Value::Bytes(bytes) => Some(Sql::with("CAST(? AS BINARY)", Wire::Bytes(bytes.clone()))),
        value => Some(Sql::with("?", value::encode(value, &column.found)?)),
    }
}

fn is_enumeration(column: &Column) -> bool {
    ["ENUM", "SET("].iter().any(|name| column.found.declared_type.starts_with(name))
}

/// The type `DECIMAL(p,s)` as declared, without what may follow.
fn decimal(declared: &str) -> &str {
    let end = declared.find(')').map_or(0, |end| end + 1);
    let digits = declared[..end].strip_prefix("DECIMAL(").and_then(|digits| digits.strip_suffix(')'));
    let is_plain = digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit() || b == b','));
    if is_plain { &declared[..end] } else { "DECIMAL(65,30)" }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use altus4_connections::{DiscoveredColumn, DiscoveredTable, SchemaSnapshot, Table};

    use super::*;

    fn table(kinds: &[(ColumnKind, &str)]) -> Arc<Table> {
        let column = |(at, (kind, declared)): (usize, &(ColumnKind, &str))| DiscoveredColumn {
            name: format!("k{at}"),
            kind: *kind,
            declared_type: (*declared).to_owned(),
            ..Default::default()
        };
        let columns: Vec<_> = kinds.iter().enumerate().map(column).collect();
        let primary_key = columns.iter().map(|column| column.name.clone()).collect();
        let found = DiscoveredTable { name: "t".into(), columns, primary_key, ..Default::default() };
        Arc::clone(&SchemaSnapshot::new(vec![found]).tables()[0])
    }

    fn sql(table: &Arc<Table>, after: Option<Vec<Value>>) -> String {
        let request =
            WalkRequest { table: Arc::clone(table), after, filter: None, read: Vec::new(), limit: 5 };
        walk(&request).expect("a table with a key").expect("a statement").0.sql
    }

    #[test]
    fn a_part_begins_where_the_last_one_ended() {
        let number = (ColumnKind::Integer, "BIGINT");
        assert_eq!(sql(&table(&[number]), None), "SELECT `k0` FROM `t` ORDER BY `k0` LIMIT ?");
        let three = table(&[number, number, number]);
        assert_eq!(
            sql(&three, Some(vec![Value::Int(1), Value::Int(2), Value::Int(3)])),
            "SELECT `k0`, `k1`, `k2` FROM `t` WHERE \
             (`k0` > ? OR (`k0` = ? AND (`k1` > ? OR (`k1` = ? AND `k2` > ?)))) \
             ORDER BY `k0`, `k1`, `k2` LIMIT ?"
        );
    }

    #[test]
    fn numbers_in_digits_are_compared_with_all_of_them() {
        let decimal = table(&[(ColumnKind::Decimal, "DECIMAL(20,5) UNSIGNED")]);
        let statement = sql(&decimal, Some(vec![Value::Text("1.5".into())]));
        assert!(statement.contains("`k0` > CAST(? AS DECIMAL(20,5))"), "{statement}");
        assert_eq!(super::decimal("DECIMAL(1); DROP"), "DECIMAL(1)");
        assert_eq!(super::decimal("DECIMAL(1, x)"), "DECIMAL(65,30)");
        assert_eq!(super::decimal("NUMBER"), "DECIMAL(65,30)");
    }
}
