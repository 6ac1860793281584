//! Rows that belong to other rows: those of all of them in one statement, and of each the first few.

use std::collections::HashMap;

use altus4_connections::{Column, ColumnKind, Value};
use altus4_entities::{Related, RelatedRequest};
use mysql_async::{Row as WireRow, Value as Wire};

use super::{
    super::{
        Query,
        filter::{Rows, from, operand},
        found,
        sql::Sql,
    },
    page,
    rows::Read,
};
use crate::error::Fault;

const FAR: &str = "`altus4 far`";
const BETWEEN: &str = "`altus4 between`";
const PARENTS: &str = "`altus4 parents`";

/// The statement, and what becomes of its rows.
#[derive(Debug)]
pub(crate) struct RelatedQuery {
    pub(crate) query: Query,
    read: Read,
    places: Places,
    per_parent: usize,
}

/// How a row tells to which parent it belongs.
#[derive(Debug)]
enum Places {
    /// By the parent's place itself.
    Told,
    /// By values that are found here. Several parents may be alike by the measure of the column.
    Found(Read, Labelled),
}

/// The statement; `None` where there can be no such row. Without window functions (`has_windows`), all
/// rows of each parent are read.
pub(crate) fn related(request: &RelatedRequest, has_windows: bool) -> Result<Option<RelatedQuery>, Fault> {
    let link = &request.link;
    if request.parents.is_empty() || request.per_parent == 0 {
        return Ok(None);
    }
    let near_table = link.through.as_ref().map_or(&link.to, |junction| &junction.table);
    let near_name = if link.through.is_some() { BETWEEN } else { FAR };
    let near = Rows::called(near_table, near_name);
    let columns: Option<Vec<&Column>> = link.on.iter().map(|(_, there)| found(near_table, there)).collect();
    let columns = columns.ok_or(Fault::Request("a link over a column of another table"))?;
    let names: Vec<_> = columns.iter().map(|column| near.name(&column.column)).collect();

    let far = Rows::called(&link.to, FAR);
    let read = Read::new(&far, &request.read)?;
    let order = page::order(&far, &request.order, false)?;
    let mut conditions: Vec<_> = request.filter.iter().map(|filter| far.pass(filter)).collect();
    let from = from(link, FAR, BETWEEN);

    let (from, labels, places) = if columns.iter().any(|column| column.is_text()) {
        let Some(parents) = parents(&columns, &names, &request.parents) else { return Ok(None) };
        let (table, on) = parents;
        let from = Sql::list(vec![table, Sql::plain(from)], " STRAIGHT_JOIN ");
        conditions.insert(0, Sql::plain(on));
        (from, vec![format!("{PARENTS}.`place`")], Places::Told)
    } else {
        let Some((condition, known)) = among(&columns, &names, &request.parents) else { return Ok(None) };
        conditions.insert(0, condition);
        let on: Vec<_> = link.on.iter().map(|(_, there)| there.clone()).collect();
        (Sql::plain(from), names, Places::Found(Read::new(&near, &on)?, known))
    };

    let conditions = Sql::list(conditions, " AND ").within("WHERE ", "");
    let cells = labels.iter().chain(read.names());
    let per_parent = usize::try_from(request.per_parent).unwrap_or(usize::MAX);
    let mut max_rows = request.parents.len().saturating_mul(per_parent);
    let statement = if request.parents.len() == 1 || !has_windows {
        let cells = cells.cloned().collect::<Vec<_>>().join(", ");
        let mut pieces = vec![Sql::plain(format!("SELECT {cells}")), from.within("FROM ", ""), conditions];
        pieces.extend((!order.is_empty()).then(|| Sql::plain(order)));
        if request.parents.len() == 1 {
            pieces.push(Sql::with("LIMIT ?", Wire::UInt(request.per_parent.into())));
        } else {
            max_rows = usize::MAX;
        }
        Sql::list(pieces, " ")
    } else {
        let (inner, outer): (Vec<_>, Vec<_>) = cells
            .enumerate()
            .map(|(at, cell)| (format!("{cell} AS `altus4 {at}`"), format!("`altus4 {at}`")))
            .unzip();
        let window =
            format!("ROW_NUMBER() OVER (PARTITION BY {} {order}) AS `altus4 number`", labels.join(", "));
        let before = format!("SELECT {} FROM (SELECT {}, {window} FROM ", outer.join(", "), inner.join(", "));
        let after = ") AS `altus4 related` WHERE `altus4 number` <= ? ORDER BY `altus4 number`";
        let rows = Sql::list(vec![from, conditions], " ").within(&before, "");
        Sql::list(vec![rows, Sql::with(after, Wire::UInt(request.per_parent.into()))], "")
    };
    let query = Query { sql: statement.text, values: statement.values, max_rows };
    Ok(Some(RelatedQuery { query, read, places, per_parent }))
}

/// The parents as a table of their own, and how its rows are compared with the columns of these names:
/// for texts, of which the server alone knows which are alike.
fn parents(columns: &[&Column], names: &[String], parents: &[Vec<Value>]) -> Option<(Sql, String)> {
    let mut rows = Vec::with_capacity(parents.len());
    for (place, values) in parents.iter().enumerate() {
        let cells = values.iter().zip(columns).map(|(value, column)| operand(column, value));
        // What no row can have is left out.
        let Some(cells) = cells.collect::<Option<Vec<_>>>() else { continue };
        let is_first = rows.is_empty();
        let cells = cells.into_iter().enumerate().map(|(at, cell)| {
            cell.within("", &if is_first { format!(" AS `value {at}`") } else { String::new() })
        });
        let number = if is_first { format!("{place} AS `place`") } else { place.to_string() };
        let cells = [Sql::plain(number)].into_iter().chain(cells).collect();
        rows.push(Sql::list(cells, ", ").within("SELECT ", ""));
    }
    let on = columns.iter().zip(names).enumerate().map(|(at, (column, name))| {
        let value = format!("{PARENTS}.`value {at}`");
        match collation(column) {
            Some((characters, collation)) => {
                format!("{name} = CONVERT({value} USING {characters}) COLLATE {collation}")
            }
            None => format!("{name} = {value}"),
        }
    });
    let on = on.collect::<Vec<_>>().join(" AND ");
    let table = Sql::list(rows, " UNION ALL ").within("(", &format!(") AS {PARENTS}"));
    (table.text.len() > PARENTS.len() + 6).then_some((table, on))
}

/// The character set and the collation of a column, if they have plain names.
fn collation(column: &Column) -> Option<(&str, &str)> {
    let collation = column.found.collation.as_deref()?;
    let is_plain = collation.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let characters = collation.split('_').next()?;
    (is_plain && !characters.is_empty()).then_some((characters, collation))
}

/// Which parents have these values in the columns that a link goes by.
type Labelled = HashMap<Vec<String>, Vec<usize>>;

/// The condition that a row belongs to one of the parents, and where each is found by its values.
fn among(columns: &[&Column], names: &[String], parents: &[Vec<Value>]) -> Option<(Sql, Labelled)> {
    let mut known = Labelled::new();
    let mut wanted = Vec::with_capacity(parents.len());
    for (place, values) in parents.iter().enumerate() {
        let cells = values.iter().zip(columns).map(|(value, column)| operand(column, value));
        let Some(cells) = cells.collect::<Option<Vec<_>>>() else { continue };
        let places = known.entry(label(values, columns)).or_default();
        if places.is_empty() {
            wanted.push(match cells.len() {
                1 => Sql::list(cells, ""),
                _ => Sql::list(cells, ", ").within("(", ")"),
            });
        }
        places.push(place);
    }
    // The last again and again, so that there are few different statements to prepare.
    let last = wanted.last()?.clone();
    wanted.resize(wanted.len().next_power_of_two(), last);
    let name = if names.len() == 1 { names.concat() } else { format!("({})", names.join(", ")) };
    Some((Sql::list(wanted, ", ").within(&format!("{name} IN ("), ")"), known))
}

/// The values in a form in which the same are the same, whatever types the two columns have.
fn label(values: &[Value], columns: &[&Column]) -> Vec<String> {
    let one = |(value, column): (&Value, &&Column)| match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => u8::from(*flag).to_string(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Text(text) if column.found.kind == ColumnKind::Temporal => text.replace('T', " "),
        Value::Text(text) if column.found.kind == ColumnKind::Decimal => match text.split_once('.') {
            Some((whole, fraction)) => match fraction.trim_end_matches('0') {
                "" => whole.to_owned(),
                fraction => format!("{whole}.{fraction}"),
            },
            None => text.clone(),
        },
        Value::Text(text) | Value::Json(text) => text.clone(),
        Value::Bytes(bytes) => format!("{bytes:?}"),
    };
    values.iter().zip(columns).map(one).collect()
}

impl RelatedQuery {
    /// The rows of the answer, with their parents.
    pub(crate) fn related(&self, request: &RelatedRequest, rows: Vec<WireRow>) -> Vec<Related> {
        let near = request.link.through.as_ref().map_or(&request.link.to, |junction| &junction.table);
        let columns: Vec<_> = request.link.on.iter().filter_map(|(_, there)| found(near, there)).collect();
        let mut counted = vec![0; request.parents.len()];
        let mut related = Vec::with_capacity(rows.len());
        for row in rows {
            let (parents, values) = match &self.places {
                Places::Told => {
                    let (mut cells, rest) = Read::numbers(1).values_then(row, &self.read);
                    let place = match cells.pop() {
                        Some(Value::Int(place)) => usize::try_from(place).ok(),
                        _ => None,
                    };
                    (place.into_iter().collect(), rest)
                }
                Places::Found(label_of, known) => {
                    let (cells, rest) = label_of.values_then(row, &self.read);
                    (known.get(&label(&cells, &columns)).cloned().unwrap_or_default(), rest)
                }
            };
            for parent in parents {
                let Some(count) = counted.get_mut(parent).filter(|count| **count < self.per_parent) else {
                    continue;
                };
                *count += 1;
                related.push(Related { parent, values: values.clone() });
            }
        }
        related
    }
}
