//! The statements that search and read rows, and the shape of their answers. Pure: requests in,
//! text and values out.

mod filter;
mod indexes;
mod matching;
mod pattern;
pub(crate) mod records;
mod sample;
mod select_list;
mod sql;
#[cfg(test)]
mod tests;
mod walk;

use altus4_connections::{Column, ColumnRef, Table, Value};
use altus4_search::{CandidateRequest, Matching, Order, RowsRequest};
use mysql_async::Value as Wire;

use self::{
    indexes::has_threshold,
    matching::{Found, Origin},
    select_list::{counted, select_list},
    sql::Sql,
};
pub(crate) use self::{
    sample::{Places, places, sample},
    select_list::Shape,
    walk::walk,
};
use crate::{
    dialect::{best_first, quote},
    error::Fault,
    value,
};

/// More keys than one statement takes; with 16 columns of a key there would be 16,384 values, of
/// which a statement has at most 65,535.
const MAX_KEYS: usize = 1_024;
/// How much of a text tells it from others where values are counted.
const FACET_CHARS: u32 = 256;

/// A statement, its values, and how many rows are to be expected at the most.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) sql: String,
    pub(crate) values: Vec<Wire>,
    pub(crate) max_rows: usize,
}

impl Query {
    /// A statement without values or rows.
    pub(crate) fn plain(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), values: Vec::new(), max_rows: 0 }
    }

    fn new(sql: Sql, max_rows: u64) -> Self {
        let max_rows = usize::try_from(max_rows).unwrap_or(usize::MAX);
        Self { sql: sql.text, values: sql.values, max_rows }
    }
}

/// The statement that finds candidates; `None` where nothing can match. `is_given_sorted` tells
/// whether the table's indexes give their matches best first by themselves.
pub(crate) fn candidates(request: &CandidateRequest, is_given_sorted: bool) -> Option<(Query, Shape)> {
    let table = &request.matching.table;
    let mut found = matching::found(&request.matching).filter(|_| request.limit > 0)?;
    let (selected, shape) = select_list(table, &request.read);
    let mut selected: Vec<_> = selected.into_iter().map(Sql::plain).collect();
    // In boolean mode, which is what is used with a threshold, they come in the table's order.
    let order = order(request, &found, is_given_sorted && !has_threshold(table));
    if let Some(score) = found.score.take() {
        selected.push(score.within("", &format!(" AS {SCORE}")));
    }
    if selected.is_empty() {
        selected.push(Sql::plain("0"));
    }
    let statement = select(Sql::list(selected, ", "), found, &order, request.limit.into());
    Some((Query::new(statement, request.limit.into()), shape))
}

/// The statement that counts the rows that match, up to `at_most`; `None` where nothing can match.
/// To count no further is what makes it cheaper than a search.
pub(crate) fn count(matching: &Matching, at_most: u64) -> Option<Query> {
    let found = matching::found(matching).filter(|_| at_most > 0)?;
    let rows = select(Sql::plain("1"), found, "", at_most);
    Some(Query::new(rows.within("SELECT COUNT(*) FROM (", ") AS `altus4 counted`"), 1))
}

/// The statement that counts the values of a column among the rows that match; `None` where nothing
/// can match.
pub(crate) fn facet(matching: &Matching, column: &ColumnRef, limit: u32) -> Option<(Query, Shape)> {
    let mut found = matching::found(matching).filter(|_| limit > 0)?;
    let (value, shape) = counted(&matching.table, column, FACET_CHARS);
    found.conditions.push(Sql::plain(format!("{} IS NOT NULL", quote(column.name()))));
    let order = "GROUP BY 1 ORDER BY 2 DESC, 1 ";
    let statement = select(Sql::plain(format!("{value}, COUNT(*)")), found, order, limit.into());
    Some((Query::new(statement, limit.into()), shape))
}

/// The limit is bound, which makes for fewer different statements to prepare, and for none that is
/// not prepared: their answers come with their types.
fn select(selected: Sql, found: Found, order: &str, limit: u64) -> Sql {
    let mut pieces = vec![selected.within("SELECT ", ""), found.from.within("FROM ", "")];
    if !found.conditions.is_empty() {
        pieces.push(Sql::list(found.conditions, " AND ").within("WHERE ", ""));
    }
    pieces.push(Sql::with(format!("{order}LIMIT ?"), Wire::UInt(limit)));
    Sql::list(pieces, " ")
}

/// The order that is asked for, as it stands in the statement.
fn order(request: &CandidateRequest, found: &Found, is_given_sorted: bool) -> String {
    let key = names(&request.matching.table.primary_key);
    let score = found.score.is_some().then(|| format!("{SCORE} DESC"));
    let columns: Vec<_> = match &request.order {
        // No second key: MySQL would sort all matches instead of taking the best from the index.
        Order::Relevance if found.origin == Origin::Index => {
            return format!("{} ", best_first(SCORE, is_given_sorted));
        }
        Order::Relevance => Vec::new(),
        Order::By(keys) => {
            let direction = |descending| if descending { " DESC" } else { "" };
            keys.iter().map(|key| quote(key.column.name()) + direction(key.descending)).collect()
        }
    };
    let all: Vec<_> = columns.into_iter().chain(score).chain((!key.is_empty()).then_some(key)).collect();
    if all.is_empty() { String::new() } else { format!("ORDER BY {} ", all.join(", ")) }
}

/// The statement that reads rows by their keys; `None` where no row can have one of them.
pub(crate) fn rows(request: &RowsRequest) -> Result<Option<(Query, Shape)>, Fault> {
    let table = &request.table;
    if request.keys.len() > MAX_KEYS {
        return Err(Fault::Request("more rows than can be read at once"));
    }
    let columns = key_columns(table)?;
    let encode = |key: &Vec<Value>| -> Option<Vec<Wire>> {
        let pairs = key.iter().zip(&columns);
        let encoded =
            pairs.map(|(value, column)| value::encode(value, &column.found)).collect::<Option<Vec<_>>>();
        encoded.filter(|_| key.len() == columns.len())
    };
    let mut keys: Vec<_> = request.keys.iter().filter_map(encode).collect();
    let Some(last) = keys.last().cloned() else { return Ok(None) };
    let max_rows = keys.len();
    // The last key again and again, so that there are few different statements to prepare.
    keys.resize(keys.len().next_power_of_two(), last);
    let (selected, shape) = select_list(table, &request.read);
    let places = |count: usize| vec!["?"; count].join(", ");
    let (key, place) = match columns.len() {
        1 => (names(&table.primary_key), "?".to_owned()),
        several => (format!("({})", names(&table.primary_key)), format!("({})", places(several))),
    };
    let mut sql = format!(
        "SELECT {} FROM {} WHERE {key} IN ({})",
        selected.join(", "),
        quote(table.table.name()),
        vec![place; keys.len()].join(", ")
    );
    let mut values: Vec<Wire> = keys.into_iter().flatten().collect();
    if let Some(filter) = &request.filter {
        let condition = filter::condition(table, filter);
        sql += " AND ";
        sql += &condition.text;
        values.extend(condition.values);
    }
    Ok(Some((Query { sql, values, max_rows }, shape)))
}

/// Distinct enough that no column is called so: two of a name in a select list can't be ordered by.
const SCORE: &str = "`altus4 score`";

fn names(columns: &[ColumnRef]) -> String {
    columns.iter().map(|column| quote(column.name())).collect::<Vec<_>>().join(", ")
}

/// The columns of the primary key.
fn key_columns(table: &Table) -> Result<Vec<&Column>, Fault> {
    let columns: Option<Vec<_>> = table.primary_key.iter().map(|column| found(table, column)).collect();
    columns
        .filter(|columns| !columns.is_empty())
        .ok_or(Fault::Request("rows of a table without a primary key can't be read by their keys"))
}

fn found<'a>(table: &'a Table, column: &ColumnRef) -> Option<&'a Column> {
    table.columns.iter().find(|found| found.column == *column)
}
