//! The statements that read rows.

use std::sync::Arc;

use altus4_connections::{Column, Filter, Table, Test, Value};
use altus4_entities::{SelectRequest, Selection, SortBy, SortPart, TextSearch};
use altus4_search::{Expr, Matching, NaturalQuery, Scope};

use super::values::bound;
use crate::{
    error::Fault,
    index::{
        filter::{Rows, condition},
        matching,
        search::Search,
    },
    session::Session,
    sql::{Statement, column, quoted},
};

const NO_COLUMN: Fault = Fault::Request("a column of another table");

/// The rows that are meant: what stands after `FROM`, and conditions that all hold. The table is called
/// `b`.
pub(super) struct Meant<'a> {
    table: &'a Table,
    rows: Statement,
    score: Option<&'static str>,
}

impl<'a> Meant<'a> {
    /// `None` where there are none.
    pub(super) async fn of(session: &mut Session, selection: &'a Selection) -> Result<Option<Self>, Fault> {
        let table = &*selection.table;
        let all = || Statement::plain(format!("{} AS b WHERE 1", quoted(table.table.name())));
        let (mut rows, score) = match &selection.search {
            None => (all(), None),
            Some(TextSearch { text, index: Some(index), .. }) => {
                let NaturalQuery { words, phrases } = NaturalQuery::parse(text);
                let matching = Matching {
                    table: Arc::clone(&selection.table),
                    scope: Scope::index(index.clone()),
                    expr: Expr::any_word(words.into_iter().chain(phrases.into_iter().flatten())),
                    filter: None,
                };
                let Some(sources) = matching::sources(&matching) else { return Ok(None) };
                let search = Search::over(session, &matching, sources).await?;
                let score = search.score();
                (search.rows(), Some(score))
            }
            Some(TextSearch { text, columns, .. }) => {
                let text = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
                let holds = |name: &altus4_connections::ColumnRef| {
                    Filter::Is(name.clone(), Test::Ilike(format!("%{text}%")))
                };
                let mut rows = all();
                let any = Filter::Any(columns.iter().map(holds).collect());
                let any = condition(table, &any, &mut rows.binds);
                rows.text.extend([" AND ", any.as_str()]);
                (rows, None)
            }
        };
        if let Some(filter) = &selection.filter {
            let passes = condition(table, filter, &mut rows.binds);
            rows.text.extend([" AND ", passes.as_str()]);
        }
        Ok(Some(Self { table, rows, score }))
    }

    /// The statement that reads them; `None` where none comes after the one that is named.
    pub(super) fn select(self, request: &SelectRequest) -> Result<Option<Statement>, Fault> {
        let Self { table, rows: Statement { mut text, mut binds }, score } = self;
        let rows = Rows::called(table, "b");
        if let Some(after) = &request.after {
            let Some(beyond) = beyond(&rows, &request.order, after)? else { return Ok(None) };
            text.extend([" AND ", beyond.text.as_str()]);
            binds.extend(beyond.binds);
        }
        let order = order(&rows, &request.order, score)?;
        let mut text = format!("SELECT {} FROM {text}{order} LIMIT ?", selected(&rows, &request.read)?);
        binds.push(Value::Int(request.limit.into()));
        if request.offset > 0 {
            text += " OFFSET ?";
            binds.push(Value::Int(i64::try_from(request.offset).unwrap_or(i64::MAX)));
        }
        Ok(Some(Statement { text, binds }))
    }

    /// The statement that counts them.
    pub(super) fn count(self) -> Statement {
        let Statement { text, binds } = self.rows;
        Statement { text: format!("SELECT count(*) AS c0 FROM {text}"), binds }
    }
}

/// What stands after `SELECT`: expressions under plain names, so that the driver has no declared type and
/// no original name to read, which a hostile file may have spoilt.
pub(super) fn selected(rows: &Rows<'_>, read: &[altus4_connections::ColumnRef]) -> Result<String, Fault> {
    if read.is_empty() {
        return Ok("0 AS c0".to_owned());
    }
    let mut selected = Vec::with_capacity(read.len());
    for (at, column) in read.iter().enumerate() {
        rows.found(column).ok_or(NO_COLUMN)?;
        selected.push(format!("+{} AS c{at}", rows.column(column)));
    }
    Ok(selected.join(", "))
}

/// What stands after the conditions. Rows that nobody scored all have the same score. `NULL` comes first
/// ascending and last descending, as SQLite has it.
pub(super) fn order(rows: &Rows<'_>, order: &[SortPart], score: Option<&str>) -> Result<String, Fault> {
    let mut parts = Vec::with_capacity(order.len());
    for part in order {
        let by = match (&part.by, score) {
            (SortBy::Score, Some(score)) => score.to_owned(),
            (SortBy::Score, None) => continue,
            (SortBy::Column(column), _) => {
                rows.found(column).ok_or(NO_COLUMN)?;
                rows.column(column)
            }
        };
        parts.push(by + if part.descending { " DESC" } else { "" });
    }
    Ok(if parts.is_empty() { String::new() } else { format!(" ORDER BY {}", parts.join(", ")) })
}

/// A column of an order, its name, its place and whether the greatest comes first.
struct Part<'a> {
    found: &'a Column,
    name: String,
    value: Value,
    descending: bool,
}

/// What holds for the rows after this one; `None` where there can be none.
fn beyond(rows: &Rows<'_>, order: &[SortPart], after: &[Value]) -> Result<Option<Statement>, Fault> {
    if order.len() != after.len() {
        return Err(Fault::Request("a place of other columns than the order's"));
    }
    let mut parts = Vec::with_capacity(order.len());
    for (part, value) in order.iter().zip(after) {
        let SortBy::Column(column) = &part.by else {
            return Err(Fault::Request("a place in an order by score"));
        };
        let found = rows.found(column).ok_or(NO_COLUMN)?;
        let value = bound(found, value)?;
        parts.push(Part { found, name: rows.column(column), value, descending: part.descending });
    }
    Ok(if is_plain(&parts) { Some(together(parts)) } else { one_by_one(&parts) })
}

/// Whether the columns can be compared together: all in one direction, and without a `NULL` that would
/// come later.
fn is_plain(parts: &[Part<'_>]) -> bool {
    let descending = parts.first().is_some_and(|part| part.descending);
    parts.iter().all(|part| {
        part.value != Value::Null
            && part.descending == descending
            && !(descending && part.found.found.nullable)
    })
}

/// `(a, b) > (?, ?)`, which SQLite reads as a range of an index.
fn together(parts: Vec<Part<'_>>) -> Statement {
    let sign = if parts.first().is_some_and(|part| part.descending) { "<" } else { ">" };
    let names = parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>().join(", ");
    let places = vec!["?"; parts.len()].join(", ");
    let text = match parts.len() {
        1 => format!("{names} {sign} ?"),
        _ => format!("({names}) {sign} ({places})"),
    };
    Statement { text, binds: parts.into_iter().map(|part| part.value).collect() }
}

/// `a >= ? AND (a > ? OR (a = ? AND b > ?))`: the first bound is for the index.
fn one_by_one(parts: &[Part<'_>]) -> Option<Statement> {
    let mut beyond: Option<Statement> = None;
    // From the last to the first: each is what follows among the rows that are alike up to it.
    for Part { found, name, value, descending } in parts.iter().rev() {
        let is_null = *value == Value::Null;
        let greater = match (descending, is_null) {
            (false, true) => Some(format!("{name} IS NOT NULL")),
            (true, true) => None,
            (false, false) => Some(format!("{name} > ?")),
            (true, false) if found.found.nullable => Some(format!("({name} < ? OR {name} IS NULL)")),
            (true, false) => Some(format!("{name} < ?")),
        };
        let same = if is_null { format!("{name} IS NULL") } else { format!("{name} = ?") };
        let own = || (!is_null).then(|| value.clone());
        let mut texts = Vec::new();
        let mut binds = Vec::new();
        if let Some(greater) = greater {
            texts.push(greater);
            binds.extend(own());
        }
        if let Some(rest) = beyond.take() {
            texts.push(format!("({same} AND {})", rest.text));
            binds.extend(own());
            binds.extend(rest.binds);
        }
        beyond = (!texts.is_empty()).then(|| Statement { text: format!("({})", texts.join(" OR ")), binds });
    }
    let beyond = beyond?;
    match parts.first() {
        Some(first) if first.value != Value::Null && !(first.descending && first.found.found.nullable) => {
            let sign = if first.descending { "<=" } else { ">=" };
            let text = format!("{} {sign} ? AND {}", first.name, beyond.text);
            Some(Statement { text, binds: [first.value.clone()].into_iter().chain(beyond.binds).collect() })
        }
        _ => Some(beyond),
    }
}

/// What ANALYZE found of a whole table; `None` where nobody ran it, or where not all rows are meant.
pub(super) async fn estimated(session: &mut Session, rows: &Selection) -> Result<Option<u64>, Fault> {
    if rows.filter.is_some() || rows.search.is_some() {
        return Ok(None);
    }
    let found = session.fetch_all(Statement {
        text: "SELECT max(CAST(a.stat AS INTEGER)) AS c0 FROM sqlite_stat1 AS a WHERE a.tbl = ?".to_owned(),
        binds: vec![Value::Text(rows.table.table.name().to_owned())],
    });
    match found.await {
        Ok(found) => Ok(match found.first().and_then(|row| row.first()) {
            Some(Value::Int(number)) => (*number).try_into().ok(),
            _ => None,
        }),
        // There is no such table before somebody did.
        Err(fault) if fault.is_of_statement() => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The condition that a row of the table called `b` has this key.
pub(super) fn is(
    table: &Table,
    key: &[(altus4_connections::ColumnRef, Value)],
    binds: &mut Vec<Value>,
) -> Result<String, Fault> {
    let mut conditions = Vec::with_capacity(key.len());
    for (name, value) in key {
        let found = table.columns.iter().find(|column| column.column == *name).ok_or(NO_COLUMN)?;
        conditions.push(format!("{} = ?", column(name.name())));
        binds.push(bound(found, value)?);
    }
    Ok(conditions.join(" AND "))
}
