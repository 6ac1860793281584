//! The statements of a transaction that writes.

use altus4_connections::{Column, ColumnRef, Filter, Table, Test, Value};
use altus4_entities::{Assigned, InsertRequest, ManyRequest, RowKey};
use mysql_async::Value as Wire;

use super::{
    super::{
        Query,
        filter::{Rows, operand},
        found,
        sql::{Sql, text},
    },
    assign::{assigned, given, size},
    rows::Read,
};
use crate::{dialect::quote, error::Fault};

/// How many rows one statement writes at the most.
const ROWS: usize = 500;
/// How many values it has at the most; servers take 65,535.
const VALUES: usize = 60_000;
/// About how large it gets, if a single row isn't larger.
const BYTES: usize = 1024 * 1024;

/// The statement that locks a row and reads it. Two rows may come, of a key that isn't one.
pub(crate) fn lock(table: &Table, key: &RowKey, read: &[ColumnRef]) -> Result<(Query, Read), Fault> {
    one(table, key, read, " FOR UPDATE")
}

/// The statement that reads a row again.
pub(crate) fn read_again(table: &Table, key: &RowKey, read: &[ColumnRef]) -> Result<(Query, Read), Fault> {
    one(table, key, read, "")
}

fn one(table: &Table, key: &RowKey, read: &[ColumnRef], end: &str) -> Result<(Query, Read), Fault> {
    let rows = Rows::of(table);
    let read = Read::new(&rows, read)?;
    let from = format!("SELECT {} FROM {} WHERE ", read.selected(), quote(table.table.name()));
    let condition = is(&rows, key).within(&from, &format!(" LIMIT 2{end}"));
    Ok((Query::new(condition, 2), read))
}

fn is(rows: &Rows<'_>, key: &RowKey) -> Sql {
    let equal = |(column, value): &(ColumnRef, Value)| Filter::Is(column.clone(), Test::Eq(value.clone()));
    rows.pass(&Filter::All(key.iter().map(equal).collect()))
}

/// The statement that locks the rows that pass, the first ones by their keys, and reads their keys.
pub(crate) fn lock_many(request: &ManyRequest) -> Result<(Query, Read), Fault> {
    let rows = Rows::of(&request.table);
    let read = Read::new(&rows, &request.key)?;
    let selected = read.selected();
    let before = format!("SELECT {selected} FROM {} WHERE ", quote(request.table.table.name()));
    let after = format!(" ORDER BY {selected} LIMIT ");
    let pieces = vec![
        rows.pass(&request.filter).within(&before, &after),
        Sql::with("? FOR UPDATE", Wire::UInt(request.limit.into())),
    ];
    Ok((Query::new(Sql::list(pieces, ""), request.limit.into()), read))
}

/// The statement that changes the row of a key.
pub(crate) fn update(table: &Table, key: &RowKey, set: &[(ColumnRef, Assigned)]) -> Result<Query, Fault> {
    changing(table, set, is(&Rows::of(table), key))
}

/// The statement that deletes the row of a key.
pub(crate) fn delete(table: &Table, key: &RowKey) -> Query {
    deleting(table, is(&Rows::of(table), key))
}

fn changing(table: &Table, set: &[(ColumnRef, Assigned)], condition: Sql) -> Result<Query, Fault> {
    let one = |(column, value): &(ColumnRef, Assigned)| {
        let name = quote(column.name());
        Ok(assigned(table, column, value)?.within(&format!("{name} = "), ""))
    };
    let set = Sql::list(set.iter().map(one).collect::<Result<_, Fault>>()?, ", ");
    let set = set.within(&format!("UPDATE {} SET ", quote(table.table.name())), "");
    Ok(Query::new(Sql::list(vec![set, condition], " WHERE "), 0))
}

fn deleting(table: &Table, condition: Sql) -> Query {
    let from = format!("DELETE FROM {} WHERE ", quote(table.table.name()));
    Query::new(condition.within(&from, ""), 0)
}

/// Keys in batches that one statement each can name.
pub(crate) fn key_batches(keys: &[Vec<Value>]) -> impl Iterator<Item = &[Vec<Value>]> {
    keys.chunks(ROWS)
}

/// The statement that changes (`Some`) or deletes the rows of these keys.
pub(crate) fn by_keys(
    table: &Table,
    key: &[ColumnRef],
    keys: &[Vec<Value>],
    set: Option<&[(ColumnRef, Assigned)]>,
) -> Result<Query, Fault> {
    let condition = among(&Rows::of(table), table, key, keys)?;
    match set {
        Some(set) => changing(table, set, condition),
        None => Ok(deleting(table, condition)),
    }
}

fn among(rows: &Rows<'_>, table: &Table, key: &[ColumnRef], keys: &[Vec<Value>]) -> Result<Sql, Fault> {
    let columns: Option<Vec<&Column>> = key.iter().map(|column| found(table, column)).collect();
    let columns = columns.ok_or(Fault::Request("a key of another table"))?;
    let names: Vec<_> = key.iter().map(|column| rows.name(column)).collect();
    let mut all = Vec::with_capacity(keys.len());
    for values in keys {
        let cells = values.iter().zip(&columns).map(|(value, column)| operand(column, value));
        let Some(cells) = cells.collect::<Option<Vec<_>>>() else { continue };
        let is_one = cells.len() == 1;
        let cells = Sql::list(cells, ", ");
        all.push(if is_one { cells } else { cells.within("(", ")") });
    }
    let name = if names.len() == 1 { names.concat() } else { format!("({})", names.join(", ")) };
    Ok(if all.is_empty() {
        Sql::plain("FALSE")
    } else {
        Sql::list(all, ", ").within(&format!("{name} IN ("), ")")
    })
}

/// What is known of a new row's key before the server says it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum GivenKey {
    /// All of it.
    Whole(Vec<Value>),
    /// All but the column at this place, which the server numbers.
    Numbered(usize, Vec<Value>),
    /// Too little.
    Unknown,
}

/// What is known of the keys of new rows.
pub(crate) fn given_keys(request: &InsertRequest) -> Vec<GivenKey> {
    let places: Vec<_> =
        request.key.iter().map(|key| request.columns.iter().position(|column| column == key)).collect();
    let is_numbered =
        |column: &ColumnRef| found(&request.table, column).is_some_and(|column| column.found.is_numbered);
    let of_row = |row: &Vec<Assigned>| {
        let mut values = Vec::with_capacity(places.len());
        let mut numbered = None;
        for (at, (place, column)) in places.iter().zip(&request.key).enumerate() {
            match place.and_then(|place| row.get(place)) {
                Some(Assigned::Value(value)) if *value != Value::Null => values.push(value.clone()),
                _ if is_numbered(column) => {
                    numbered = Some(at);
                    values.push(Value::Null);
                }
                _ => return GivenKey::Unknown,
            }
        }
        match numbered {
            Some(at) => GivenKey::Numbered(at, values),
            None => GivenKey::Whole(values),
        }
    };
    request.rows.iter().map(of_row).collect()
}

/// The statement that makes rows of the request from `first` on, and how many it makes: as many as fit,
/// but none after one whose key the server numbers otherwise (`alike` says whether two may go
/// together). MariaDB tells their keys, MySQL doesn't.
pub(crate) fn insert(
    request: &InsertRequest,
    first: usize,
    most: usize,
    alike: &dyn Fn(usize, usize) -> bool,
) -> Result<(Query, usize), Fault> {
    let table = &request.table;
    // Named always: in `() VALUES ()` MariaDB doesn't number the row.
    let numbered = table.columns.iter().find(|column| column.found.is_numbered);
    let numbered = numbered.map(|column| &column.column).filter(|name| !request.columns.contains(name));
    let mut rows = Vec::new();
    let (mut bytes, mut values) = (0, 0);
    for (at, row) in request.rows.iter().enumerate().skip(first).take(most.min(ROWS)) {
        bytes += row.iter().map(size).sum::<usize>();
        values += row.len();
        let is_full = bytes > BYTES || values > VALUES || !alike(first, at);
        if is_full && !rows.is_empty() {
            break;
        }
        let cells = request.columns.iter().zip(row).map(|(column, cell)| given(table, column, cell));
        let mut cells = cells.collect::<Result<Vec<_>, Fault>>()?;
        cells.extend(numbered.map(|_| Sql::with("?", Wire::NULL)));
        rows.push(Sql::list(cells, ", ").within("(", ")"));
    }
    let count = rows.len();
    let names = |columns: Vec<&ColumnRef>| {
        columns.into_iter().map(|column| quote(column.name())).collect::<Vec<_>>().join(", ")
    };
    let given = names(request.columns.iter().chain(numbered).collect());
    let before = format!("INSERT INTO {} ({given}) VALUES ", quote(table.table.name()));
    let after = match request.key.as_slice() {
        [] => String::new(),
        key => format!(" /*M! RETURNING {} */", names(key.iter().collect())),
    };
    let max_rows = u64::try_from(count).unwrap_or(u64::MAX);
    Ok((Query::new(Sql::list(rows, ", ").within(&before, &after), max_rows), count))
}

impl Read {
    /// How the keys that an insert tells are read.
    pub(crate) fn keys(request: &InsertRequest) -> Result<Self, Fault> {
        Self::new(&Rows::of(&request.table), &request.key)
    }
}

/// The statement that reads rows again by their keys, and before them their keys.
pub(crate) fn by_keys_again(
    request: &InsertRequest,
    keys: &[Vec<Value>],
) -> Result<(Query, Read, Read), Fault> {
    let rows = Rows::of(&request.table);
    let (key, read) = (Read::new(&rows, &request.key)?, Read::new(&rows, &request.returning)?);
    let columns = key.names().iter().chain(read.names()).cloned().collect::<Vec<_>>().join(", ");
    let from = format!("SELECT {columns} FROM {} WHERE ", quote(request.table.table.name()));
    let condition = among(&rows, &request.table, &request.key, keys)?.within(&from, "");
    // Keys that aren't ones find more rows than there are keys.
    let max_rows = u64::try_from(keys.len().saturating_mul(2)).unwrap_or(u64::MAX);
    Ok((Query::new(condition, max_rows), key, read))
}

/// The statement that tells by how much the numbers of rows differ that are made together.
pub(crate) fn numbering() -> Query {
    Query { max_rows: 1, ..Query::plain("SELECT @@SESSION.auto_increment_increment") }
}

/// The statement that tells the columns of an index.
pub(crate) fn index_columns(table: &str, index: &str) -> Query {
    const MOST: u64 = 64;
    let sql = "SELECT COLUMN_NAME FROM information_schema.STATISTICS \
               WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME IS NOT NULL AND TABLE_NAME = ?";
    let of_index = Sql::with("AND INDEX_NAME = ? ORDER BY SEQ_IN_INDEX LIMIT 64", text(index));
    Query::new(Sql::list(vec![Sql::with(sql, text(table)), of_index], " "), MOST)
}
