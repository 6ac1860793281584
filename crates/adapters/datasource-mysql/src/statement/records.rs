//! The statements that read and write records, and the shape of their answers.

mod assign;
mod page;
mod related;
mod rows;
mod write;

pub(crate) use self::{
    related::related,
    rows::Read,
    write::{
        GivenKey, by_keys, by_keys_again, delete, given_keys, index_columns, insert, key_batches, lock,
        lock_many, numbering, read_again, update,
    },
};

use altus4_connections::Filter;
use altus4_entities::{SelectRequest, Selection, SortBy, TextSearch};
use altus4_search::{Expr, Matching, NaturalQuery, Scope};
use mysql_async::Value as Wire;

use super::{
    Query, SCORE,
    filter::Rows,
    indexes::has_threshold,
    matching::{self, Found, Origin},
    sql::{Sql, text},
};
use crate::{
    dialect::{EXPLAIN_ONLY, best_first, quote},
    error::Fault,
};

/// The statement that reads rows; `None` where there can be none. `is_given_sorted` tells whether the
/// table's full-text indexes give their matches best first by themselves.
pub(crate) fn select(request: &SelectRequest, is_given_sorted: bool) -> Result<Option<(Query, Read)>, Fault> {
    let Some(mut meant) = meant(&request.rows).filter(|_| request.limit > 0) else { return Ok(None) };
    let rows = Rows::of(&request.rows.table);
    let read = Read::new(&rows, &request.read)?;
    if let Some(after) = &request.after {
        match page::beyond(&rows, &request.order, after)? {
            Some(beyond) => meant.conditions.push(beyond),
            None => return Ok(None),
        }
    }
    let mut selected = vec![Sql::plain(read.selected())];
    let by_score = |part: &altus4_entities::SortPart| part.by == SortBy::Score;
    let score = meant.score.take().filter(|_| request.order.iter().any(by_score));
    let order = match request.order.as_slice() {
        // No second key: MySQL would sort all matches instead of taking the best from the index.
        [part] if part.descending && score.is_some() && meant.origin == Origin::Index => {
            best_first(SCORE, is_given_sorted && !has_threshold(&request.rows.table))
        }
        order => page::order(&rows, order, score.is_some())?,
    };
    if let Some(score) = score {
        selected.push(score.within("", &format!(" AS {SCORE}")));
    }
    let mut pieces = vec![
        Sql::list(selected, ", ").within("SELECT ", ""),
        meant.from.within("FROM ", ""),
        holding(meant.conditions),
        Sql::plain(order),
        Sql::with("LIMIT ?", Wire::UInt(request.limit.into())),
    ];
    if request.offset > 0 {
        pieces.push(Sql::with("OFFSET ?", Wire::UInt(request.offset)));
    }
    pieces.retain(|piece| !piece.text.is_empty());
    Ok(Some((Query::new(Sql::list(pieces, " "), request.limit.into()), read)))
}

/// The statement that counts rows; `None` where there are none.
pub(crate) fn count(rows: &Selection) -> Option<Query> {
    Some(Query::new(all(rows, "SELECT COUNT(*)")?, 1))
}

/// The statement that tells how many rows a table has about; its only value may be `NULL`.
pub(crate) fn rows_of_table(rows: &Selection) -> Option<Query> {
    let is_whole = rows.filter.is_none() && rows.search.is_none();
    let sql = "SELECT TABLE_ROWS FROM information_schema.TABLES \
               WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?";
    is_whole.then(|| Query::new(Sql::with(sql, text(rows.table.table.name())), 1))
}

/// The statement that tells how the rows would be read, without reading them.
pub(crate) fn explain(rows: &Selection) -> Option<Query> {
    Some(Query::new(all(rows, &format!("{EXPLAIN_ONLY}SELECT 1"))?, 1))
}

fn all(rows: &Selection, selected: &str) -> Option<Sql> {
    let meant = meant(rows)?;
    let pieces = [meant.from.within(&format!("{selected} FROM "), ""), holding(meant.conditions)];
    Some(Sql::list(pieces.into_iter().filter(|piece| !piece.text.is_empty()).collect(), " "))
}

fn holding(conditions: Vec<Sql>) -> Sql {
    if conditions.is_empty() { Sql::plain("") } else { Sql::list(conditions, " AND ").within("WHERE ", "") }
}

/// Which rows are meant; `None` where none can be.
fn meant(selection: &Selection) -> Option<Found> {
    let rows = Rows::of(&selection.table);
    let mut found = match &selection.search {
        None => Found {
            from: Sql::plain(quote(selection.table.table.name())),
            conditions: Vec::new(),
            score: None,
            origin: Origin::Table,
        },
        Some(search) => searched(selection, search, &rows)?,
    };
    if let Some(filter) = &selection.filter {
        let condition = rows.pass(filter);
        found.conditions.push(match found.origin {
            Origin::Table => condition,
            // So that no other index seems better: it would give the rows in another order.
            _ => condition.within("(", ") IS TRUE"),
        });
    }
    Some(found)
}

fn searched(selection: &Selection, search: &TextSearch, rows: &Rows<'_>) -> Option<Found> {
    if let Some(index) = &search.index {
        let NaturalQuery { words, phrases } = NaturalQuery::parse(&search.text);
        return matching::found(&Matching {
            table: selection.table.clone(),
            scope: Scope::index(index.clone()),
            expr: Expr::any_word(words.into_iter().chain(phrases.into_iter().flatten())),
            filter: None,
        });
    }
    let like = format!("%{}%", search.text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
    let holds = |column: &altus4_connections::ColumnRef| {
        Filter::Is(column.clone(), altus4_connections::Test::Ilike(like.clone()))
    };
    let any = Filter::Any(search.columns.iter().map(holds).collect());
    Some(Found {
        from: Sql::plain(quote(selection.table.table.name())),
        conditions: vec![rows.pass(&any)],
        score: None,
        origin: Origin::Table,
    })
}
