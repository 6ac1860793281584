//! From what was gathered to what is shown: one ranked list, the wanted page of it, and each hit
//! with its row, its snippet and its marks.

use std::collections::HashMap;

use altus4_connections::{ColumnRef, Value};

use crate::{
    Hit, SearchQuery, Tags,
    gather::{Gathered, GatheredTable},
    identity::{key_bytes, row_id},
    markup,
    plan::RANK_CHARS,
    rank::{self, RankedTable, RowWords},
    text::{Finder, Terms},
};

/// What is no longer than this is a title rather than a text.
const TITLE_BYTES: usize = 160;

/// Which table of which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) database: usize,
    pub(crate) table: usize,
}

/// A row of the page.
#[derive(Debug)]
pub(crate) struct Shown {
    place: Place,
    /// Its position among the ranked rows of its table, or among those beyond.
    row: usize,
    /// Whether it is one of those beyond.
    beyond: bool,
    score: f64,
}

/// The wanted part of the list, and how long the list is.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) page: Vec<Shown>,
    pub(crate) total: u64,
    pub(crate) exact: bool,
}

/// Rows that were read by their keys, for each table.
pub(crate) type ReadRows = HashMap<Place, HashMap<Vec<u8>, Vec<Value>>>;

/// Ranks everything that was gathered and takes the query's window of it.
pub(crate) fn ranked(gathered: &[Gathered], query: &SearchQuery, terms: &Terms) -> List {
    let mut places = Vec::new();
    let mut tables = Vec::new();
    // For each table, which of its candidates are ranked: those not seen may have to be passed over.
    let mut kept = Vec::new();
    let mut exact = true;
    let mut finder = terms.finder();
    for (database, of) in gathered.iter().enumerate() {
        for (table, found) in of.tables.iter().enumerate() {
            let (rows, which): (Vec<_>, Vec<_>) = count_rows(found, &mut finder).unzip();
            let population = if found.complete { found.plan.table.estimated_rows.unwrap_or(0) } else { 0 };
            let weights = found.plan.searched.iter().map(|(_, weight)| *weight).collect();
            exact &= found.complete && (found.beyond.is_empty() || !found.plan.must_be_seen);
            places.push(Place { database, table });
            kept.push(which);
            tables.push(RankedTable { weights, population, rows });
        }
    }
    let mut list: Vec<Shown> = rank::rank(&tables, terms.len())
        .into_iter()
        .map(|placed| Shown {
            place: places[placed.table],
            row: kept[placed.table][placed.row],
            beyond: false,
            score: placed.score,
        })
        .collect();
    append_beyond(&mut list, gathered);
    let complete_total = list.len() as u64;
    list.retain(|shown| shown.score >= query.min_score);
    // Below a minimum score nothing more can follow, so the count is exact then.
    let exact = exact || (list.len() as u64) < complete_total;
    let total = list.len() as u64;
    let page = list.into_iter().skip(query.window.offset() as usize).take(query.window.limit() as usize);
    List { page: page.collect(), total, exact }
}

fn count_rows<'a>(
    found: &'a GatheredTable,
    finder: &'a mut Finder<'_>,
) -> impl Iterator<Item = ((RowWords, f64), usize)> + 'a {
    let searched = found.plan.searched.len();
    found.ranked.iter().enumerate().filter_map(move |(row, candidate)| {
        let fields = candidate.values.iter().take(searched).map(Value::as_text);
        let counted = RowWords::count(fields, finder);
        let seen = !found.plan.must_be_seen || counted.matched_fields().next().is_some();
        seen.then_some(((counted, candidate.score), row))
    })
}

/// Rows beyond those that are ranked follow in the order of their servers, the tables taking turns.
fn append_beyond(list: &mut Vec<Shown>, gathered: &[Gathered]) {
    let mut tail: Vec<(usize, Place)> = Vec::new();
    for (database, of) in gathered.iter().enumerate() {
        for (table, found) in of.tables.iter().enumerate() {
            if !found.plan.must_be_seen {
                tail.extend((0..found.beyond.len()).map(|row| (row, Place { database, table })));
            }
        }
    }
    tail.sort_unstable();
    let mut above = list.last().map_or(1.0, |last| last.score);
    let step = above / (tail.len() as f64 + 1.0);
    for (row, place) in tail {
        above -= step;
        list.push(Shown { place, row, beyond: true, score: above });
    }
}

/// The keys of the page's rows that have to be read once more, by table.
pub(crate) fn missing_rows(gathered: &[Gathered], page: &[Shown]) -> Vec<(Place, Vec<Vec<Value>>)> {
    let mut missing: HashMap<Place, Vec<Vec<Value>>> = HashMap::new();
    for shown in page {
        let found = &gathered[shown.place.database].tables[shown.place.table];
        let candidate = candidate(gathered, shown);
        let cut = || candidate.values.iter().any(is_cut);
        let needed = shown.beyond || !found.plan.reads_all_shown() || cut();
        if needed && !candidate.key.is_empty() {
            missing.entry(shown.place).or_default().push(candidate.key.clone());
        }
    }
    let mut missing: Vec<_> = missing.into_iter().collect();
    missing.sort_unstable_by_key(|(place, _)| *place);
    missing
}

/// Whether a value is as long as was read at the most, so that there may be more of it.
fn is_cut(value: &Value) -> bool {
    let most = RANK_CHARS as usize;
    match value {
        Value::Text(text) | Value::Json(text) => text.len() >= most && text.chars().count() >= most,
        Value::Bytes(bytes) => bytes.len() >= most,
        _ => false,
    }
}

fn candidate<'a>(gathered: &'a [Gathered], shown: &Shown) -> &'a crate::Candidate {
    let found = &gathered[shown.place.database].tables[shown.place.table];
    if shown.beyond { &found.beyond[shown.row] } else { &found.ranked[shown.row] }
}

/// One row of the page as a hit; `None` when it was deleted since it was found, or could not be
/// read.
pub(crate) fn hit(
    gathered: &[Gathered],
    shown: &Shown,
    rows: &ReadRows,
    query: &SearchQuery,
    finder: &mut Finder<'_>,
) -> Option<Hit> {
    let database = &gathered[shown.place.database];
    let found = &database.tables[shown.place.table];
    let candidate = candidate(gathered, shown);
    let plan = &found.plan;
    let table = &plan.table;
    let read = rows.get(&shown.place).and_then(|rows| rows.get(&key_bytes(&candidate.key)));
    let was_needed = shown.beyond || !plan.reads_all_shown();
    if was_needed && read.is_none() && !candidate.key.is_empty() {
        return None;
    }
    let show = plan.show();
    let value = |column: &ColumnRef| -> Option<&Value> {
        let in_key = table.primary_key.iter().position(|key| key == column);
        let in_read = || show.iter().position(|c| c.column == *column).and_then(|at| read?.get(at));
        let in_candidate =
            || plan.read.iter().position(|c| c.column == *column).and_then(|at| candidate.values.get(at));
        in_key.and_then(|at| candidate.key.get(at)).or_else(in_read).or_else(in_candidate)
    };
    let visible = |column: &ColumnRef| table.primary_key.contains(column) || plan.shown.contains(column);
    let columns = table.columns.iter().map(|column| &column.column).filter(|column| visible(column));
    let data =
        columns.filter_map(|column| Some((column.name().to_owned(), value(column)?.clone()))).collect();
    let texts: Vec<(&ColumnRef, &str)> =
        plan.searched.iter().filter_map(|(column, _)| Some((column, value(column)?.as_text()?))).collect();
    let counted = RowWords::count(texts.iter().map(|(_, text)| Some(*text)), finder);
    let matched: Vec<usize> = counted.matched_fields().collect();
    let mut highlights = Vec::new();
    if let Some(tags) = &query.highlight {
        for (column, text) in matched.iter().map(|at| texts[*at]) {
            highlights.push((column.name().to_owned(), markup::highlight(text, finder, tags)));
        }
    }
    // A row without a key is told by what was read of it.
    let identity = if candidate.key.is_empty() { &candidate.values } else { &candidate.key };
    Some(Hit {
        id: row_id(database.target.connection.id, table.table.name(), identity),
        connection_id: database.target.connection.id,
        database: database.target.connection.database.as_str().to_owned(),
        table: table.table.name().to_owned(),
        score: shown.score,
        matched_columns: matched.iter().map(|at| texts[*at].0.name().to_owned()).collect(),
        data,
        snippet: best_snippet(&texts, finder, query.highlight.as_ref()),
        highlights,
    })
}

/// The passage with the most different words, from a text rather than from a title, since that is
/// shown anyway.
fn best_snippet(
    texts: &[(&ColumnRef, &str)],
    finder: &mut Finder<'_>,
    tags: Option<&Tags>,
) -> Option<String> {
    let usual = Tags::default();
    let tags = tags.unwrap_or(&usual);
    let passages = texts.iter().filter_map(|(_, text)| {
        let (passage, distinct) = markup::snippet(text, finder, tags)?;
        Some((text.len() > TITLE_BYTES, distinct, text.len(), passage))
    });
    passages.max_by_key(|(is_text, distinct, length, _)| (*is_text, *distinct, *length)).map(|found| found.3)
}
