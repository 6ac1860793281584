//! The order of rows, and those that come after one of them.

use altus4_connections::{Column, Value};
use altus4_entities::{SortBy, SortPart};

use super::super::{
    SCORE,
    filter::Rows,
    sql::Sql,
    walk::{place, sorted},
};
use crate::error::Fault;

const NO_COLUMN: Fault = Fault::Request("a column of another table");

/// What stands after the conditions. Rows that nobody scored all have the same score, which sorts
/// nothing. `NULL` comes first ascending and last descending, on either server.
pub(super) fn order(rows: &Rows<'_>, order: &[SortPart], has_score: bool) -> Result<String, Fault> {
    let mut parts = Vec::with_capacity(order.len());
    for part in order {
        let by = match &part.by {
            SortBy::Score if has_score => SCORE.to_owned(),
            SortBy::Score => continue,
            SortBy::Column(column) => {
                let found = rows.found(column).ok_or(NO_COLUMN)?;
                sorted(found, &rows.name(column))
            }
        };
        parts.push(by + if part.descending { " DESC" } else { "" });
    }
    Ok(if parts.is_empty() { String::new() } else { format!("ORDER BY {}", parts.join(", ")) })
}

/// What holds for the rows after this one: `(a > ? OR (a = ? AND b > ?))`, which servers read as ranges
/// of the index, as they don't `(a, b) > (?, ?)`. `None` where no row is after it.
pub(super) fn beyond(rows: &Rows<'_>, order: &[SortPart], after: &[Value]) -> Result<Option<Sql>, Fault> {
    if order.len() != after.len() {
        return Err(Fault::Request("a place of other columns than the order's"));
    }
    let mut beyond: Option<Sql> = None;
    // From the last to the first: each is what follows among the rows that are alike up to it.
    for (part, value) in order.iter().zip(after).rev() {
        let SortBy::Column(column) = &part.by else {
            return Err(Fault::Request("a place in an order by score"));
        };
        let found = rows.found(column).ok_or(NO_COLUMN)?;
        let one = Part { found, name: sorted(found, &rows.name(column)), descending: part.descending };
        let Some((greater, same)) = one.held_against(value) else { return Ok(None) };
        let rest = beyond.map(|rest| Sql::list(vec![same, rest], " AND ").within("(", ")"));
        let either: Vec<_> = greater.into_iter().chain(rest).collect();
        beyond = (!either.is_empty()).then(|| Sql::join(either, " OR ", "FALSE"));
    }
    Ok(beyond)
}

struct Part<'a> {
    found: &'a Column,
    name: String,
    descending: bool,
}

impl Part<'_> {
    /// What holds for what comes after the value, if anything does, and for the same. `None` for a
    /// value that the column can't have.
    fn held_against(&self, value: &Value) -> Option<(Option<Sql>, Sql)> {
        let Self { found, name, descending } = self;
        if *value == Value::Null {
            let greater = (!descending).then(|| Sql::plain(format!("{name} IS NOT NULL")));
            return Some((greater, Sql::plain(format!("{name} IS NULL"))));
        }
        let place = place(found, value)?;
        let same = place.clone().within(&format!("{name} = "), "");
        let greater = if !descending {
            place.within(&format!("{name} > "), "")
        } else if found.found.nullable {
            place.within(&format!("({name} < "), &format!(" OR {name} IS NULL)"))
        } else {
            place.within(&format!("{name} < "), "")
        };
        Some((Some(greater), same))
    }
}
