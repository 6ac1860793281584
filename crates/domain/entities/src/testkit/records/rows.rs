//! How rows in memory are read, compared and changed.

use std::{cmp::Ordering, collections::HashMap};

use altus4_connections::{ColumnKind, ColumnPair, ColumnRef, Filter, Link, Table, Value};

use super::Row;
use crate::{
    Assigned, ManyRequest, Missing, RecordsError, RecordsResult, Refusal, RefusalKind, RowKey, RowValues,
    Selection, SortBy, SortPart,
    testkit::contract::{compare, passes_here},
};

pub(super) fn of<'a>(tables: &'a HashMap<String, Vec<Row>>, table: &Table) -> RecordsResult<&'a [Row]> {
    let name = table.table.name();
    let gone = || RecordsError::SchemaChanged(Missing::Table(name.to_owned()), None);
    tables.get(name).map(Vec::as_slice).ok_or_else(gone)
}

pub(super) fn place(table: &Table, column: &ColumnRef) -> RecordsResult<usize> {
    let gone = || RecordsError::SchemaChanged(Missing::Column(column.name().to_owned()), None);
    table.columns.iter().position(|found| found.column == *column).ok_or_else(gone)
}

pub(super) fn value<'a>(table: &Table, row: &'a [Value], column: &ColumnRef) -> &'a Value {
    place(table, column).ok().and_then(|at| row.get(at)).unwrap_or(&Value::Null)
}

pub(super) fn read(table: &Table, row: &[Value], columns: &[ColumnRef]) -> RecordsResult<RowValues> {
    columns.iter().map(|column| Ok(row.get(place(table, column)?).cloned().unwrap_or_default())).collect()
}

pub(super) fn kind(table: &Table, column: &ColumnRef) -> ColumnKind {
    table.column(column.name()).map(|column| column.found.kind).unwrap_or_default()
}

pub(super) fn has_key(table: &Table, row: &[Value], key: &RowKey) -> bool {
    key.iter().all(|(column, wanted)| {
        compare(kind(table, column), value(table, row, column), wanted) == Some(Ordering::Equal)
    })
}

/// The rows of the far table that belong to a row with these values.
pub(super) fn ends<'a>(
    tables: &'a HashMap<String, Vec<Row>>,
    link: &Link,
    near: &[&Value],
) -> RecordsResult<Vec<&'a Row>> {
    let joined = |table: &Table, row: &Row, pairs: &[ColumnPair], near: &[&Value]| {
        pairs.iter().zip(near).all(|((_, far), near)| {
            compare(kind(table, far), value(table, row, far), near) == Some(Ordering::Equal)
        })
    };
    let Some(junction) = &link.through else {
        let rows = of(tables, &link.to)?.iter();
        return Ok(rows.filter(|row| joined(&link.to, row, &link.on, near)).collect());
    };
    let between = of(tables, &junction.table)?.iter();
    let between: Vec<_> = between.filter(|row| joined(&junction.table, row, &link.on, near)).collect();
    let rows = of(tables, &link.to)?.iter().filter(|row| {
        between.iter().any(|joins| {
            let near: Vec<&Value> =
                junction.far.iter().map(|(near, _)| value(&junction.table, joins, near)).collect();
            joined(&link.to, row, &junction.far, &near)
        })
    });
    Ok(rows.collect())
}

pub(super) fn passes(tables: &HashMap<String, Vec<Row>>, table: &Table, row: &Row, filter: &Filter) -> bool {
    match filter {
        Filter::All(all) => all.iter().all(|one| passes(tables, table, row, one)),
        Filter::Any(any) => any.iter().any(|one| passes(tables, table, row, one)),
        Filter::Not(inner) => !passes(tables, table, row, inner),
        Filter::Is(..) => passes_here(filter, table, &|column: &ColumnRef| value(table, row, column)),
        Filter::Related(link, inner) => {
            let near: Vec<&Value> = link.on.iter().map(|(near, _)| value(table, row, near)).collect();
            let ends = ends(tables, link, &near).unwrap_or_default();
            ends.into_iter().any(|row| passes(tables, &link.to, row, inner))
        }
    }
}

pub(super) fn is_meant(tables: &HashMap<String, Vec<Row>>, rows: &Selection, row: &Row) -> bool {
    let table = &rows.table;
    let is_found = rows.search.as_ref().is_none_or(|search| {
        let columns = search.index.as_ref().map_or(&search.columns, |index| &index.columns);
        let words = search.text.to_lowercase();
        columns.iter().any(|column| {
            let text = value(table, row, column).as_text().unwrap_or_default().to_lowercase();
            match search.index {
                Some(_) => words.split_whitespace().any(|word| text.contains(word)),
                None => text.contains(&words),
            }
        })
    });
    is_found && rows.filter.as_ref().is_none_or(|filter| passes(tables, table, row, filter))
}

/// How two rows stand in an order; `NULL` is the least.
pub(super) fn ordered(table: &Table, order: &[SortPart], one: &[Value], other: &[Value]) -> Ordering {
    let mut parts = order.iter().enumerate();
    let ordering = parts.try_for_each(|(at, part)| {
        let SortBy::Column(column) = &part.by else { return Ok(()) };
        let (one, other) = (&one[at], &other[at]);
        let ordering = compare(kind(table, column), one, other)
            .unwrap_or_else(|| (*one != Value::Null).cmp(&(*other != Value::Null)));
        match if part.descending { ordering.reverse() } else { ordering } {
            Ordering::Equal => Ok(()),
            other => Err(other),
        }
    });
    ordering.err().unwrap_or(Ordering::Equal)
}

pub(super) fn at_order(table: &Table, order: &[SortPart], row: &[Value]) -> Vec<Value> {
    let value = |part: &SortPart| match &part.by {
        SortBy::Column(column) => value(table, row, column).clone(),
        SortBy::Score => Value::Null,
    };
    order.iter().map(value).collect()
}

pub(super) fn sort(table: &Table, order: &[SortPart], rows: &mut [&Row]) {
    rows.sort_by(|one, other| {
        ordered(table, order, &at_order(table, order, one), &at_order(table, order, other))
    });
}

/// The row that is made of what columns were given.
pub(super) fn made(table: &Table, rows: &[Row], given: &[(ColumnRef, Assigned)]) -> RecordsResult<Row> {
    let mut row = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        let assigned = given.iter().find(|(given, _)| *given == column.column).map(|(_, assigned)| assigned);
        let at = row.len();
        let next = || {
            let numbers = rows.iter().filter_map(|row: &Row| match row.get(at) {
                Some(Value::Int(number)) => Some(*number),
                _ => None,
            });
            Value::Int(numbers.max().unwrap_or(0) + 1)
        };
        row.push(match assigned {
            Some(Assigned::Value(value)) => value.clone(),
            _ if column.found.is_numbered => next(),
            _ => Value::Null,
        });
        if row[at] == Value::Null && !column.found.nullable {
            return Err(refused(RefusalKind::NotNull, &[column.column.name()]));
        }
    }
    Ok(row)
}

pub(super) fn refused(kind: RefusalKind, columns: &[&str]) -> RecordsError {
    let columns = columns.iter().map(|name| (*name).to_owned()).collect();
    RecordsError::Refused(Refusal { kind, row: None, columns }, None)
}

pub(super) fn check_key(table: &Table, rows: &[Row], row: &[Value]) -> RecordsResult<()> {
    let key: RowKey =
        table.primary_key.iter().map(|column| (column.clone(), value(table, row, column).clone())).collect();
    if !key.is_empty() && rows.iter().any(|known| has_key(table, known, &key)) {
        let names: Vec<&str> = table.primary_key.iter().map(ColumnRef::name).collect();
        return Err(refused(RefusalKind::Unique, &names));
    }
    Ok(())
}

pub(super) fn change(table: &Table, row: &mut Row, set: &[(ColumnRef, Assigned)]) -> RecordsResult<()> {
    for (column, assigned) in set {
        let at = place(table, column)?;
        row[at] = match assigned {
            Assigned::Value(value) => value.clone(),
            Assigned::Default => Value::Null,
        };
        if row[at] == Value::Null && !table.columns[at].found.nullable {
            return Err(refused(RefusalKind::NotNull, &[column.name()]));
        }
    }
    Ok(())
}

/// The first rows by the key that pass.
pub(super) fn meant(tables: &HashMap<String, Vec<Row>>, request: &ManyRequest) -> RecordsResult<Vec<Row>> {
    let table = &request.table;
    let mut rows: Vec<&Row> =
        of(tables, table)?.iter().filter(|row| passes(tables, table, row, &request.filter)).collect();
    let by_key = |column: &ColumnRef| SortPart { by: SortBy::Column(column.clone()), descending: false };
    let order: Vec<_> = request.key.iter().map(by_key).collect();
    sort(table, &order, &mut rows);
    Ok(rows.into_iter().take(request.limit as usize).cloned().collect())
}
