//! Planning: which tables of a database are searched, through which of their indexes, and what is
//! read of each row. Pure: a snapshot and a query in, plans out.

use std::sync::Arc;

use altus4_connections::{
    Column, ColumnKind, ColumnRef, Filter, FilterFault, FullTextKey, IndexRules, SchemaSnapshot, Table,
    TableKind,
};

use crate::{ReadColumn, Scope, SearchQuery, SortKey, question::Question};

/// How much of a text is read for ranking.
pub(crate) const RANK_CHARS: u32 = 4_096;
/// How much of a value is shown.
pub(crate) const SHOW_CHARS: u32 = 16_384;
/// The most tables of one database that one search goes through.
pub(crate) const MAX_TABLES: usize = 50;
/// A table without a fitting index is read whole up to this size.
const SCAN_ROWS: u64 = 10_000;
/// How much more a word in a title counts than one in a text.
const TITLE_WEIGHT: f64 = 3.0;
/// What titles are called.
const TITLES: &[&str] = &["title", "name", "subject", "headline", "heading", "label", "summary", "question"];

/// How one table is searched.
#[derive(Debug, Clone)]
pub(crate) struct TablePlan {
    pub(crate) table: Arc<Table>,
    /// Where words are looked for.
    pub(crate) scope: Scope,
    /// The columns that words count in, and how much they count.
    pub(crate) searched: Vec<(ColumnRef, f64)>,
    /// Columns that should be searched and can't be: no index covers them, and the table is too
    /// large to be read whole.
    pub(crate) unreached: Vec<ColumnRef>,
    /// What candidates are read with; the searched columns come first.
    pub(crate) read: Vec<ReadColumn>,
    /// The columns that are shown beside the primary key.
    pub(crate) shown: Vec<ColumnRef>,
    /// What rows have to hold beside.
    pub(crate) filter: Option<Filter>,
    /// For each column that the query sorts by, the table's, if it has it.
    pub(crate) sort: Vec<Option<(SortKey, ColumnKind)>>,
    /// The columns whose values are counted, and which of the query's each is.
    pub(crate) facets: Vec<(usize, ColumnRef)>,
}

impl TablePlan {
    /// Which words can be found through the indexes; every one where columns are read whole, or the
    /// indexes differ in it.
    pub(crate) fn rules(&self) -> Option<&IndexRules> {
        let (first, others) = self.scope.indexes.split_first()?;
        let alike = others.iter().all(|index| index.rules == first.rules);
        (alike && self.scope.unindexed.is_empty()).then_some(&*first.rules)
    }

    /// Whether words count in this column.
    pub(crate) fn is_searched(&self, column: &ColumnRef) -> bool {
        self.searched.iter().any(|(searched, _)| searched == column)
    }

    /// Whether what candidates are read with is all that is shown.
    pub(crate) fn reads_all_shown(&self) -> bool {
        self.shown.iter().all(|column| {
            self.table.primary_key.contains(column) || self.read.iter().any(|read| read.column == *column)
        })
    }

    /// What rows are read with for showing: also what is not shown itself, but marked.
    pub(crate) fn show(&self) -> Vec<ReadColumn> {
        let hidden = self.searched.iter().map(|(column, _)| column).filter(|c| !self.shown.contains(c));
        let columns = self.shown.iter().chain(hidden).filter(|c| !self.table.primary_key.contains(c));
        columns.map(|column| ReadColumn { column: column.clone(), max_chars: SHOW_CHARS }).collect()
    }

    /// The columns that rows are sorted by, as a server is asked to.
    pub(crate) fn sort_keys(&self) -> Vec<SortKey> {
        self.sort.iter().flatten().map(|(key, _)| key.clone()).collect()
    }
}

/// How one database is searched.
#[derive(Debug, Default)]
pub(crate) struct DatabasePlan {
    pub(crate) tables: Vec<TablePlan>,
    /// Tables too large to be read whole without an index that helps, and the columns that should
    /// have been searched.
    pub(crate) without_index: Vec<(String, Vec<ColumnRef>)>,
    /// How many tables were left out because there are too many.
    pub(crate) left_out: usize,
    /// Which of the names that the query gives exist here.
    pub(crate) known: KnownNames,
    /// For each table that the filter doesn't fit, why.
    pub(crate) misfits: Vec<Vec<FilterFault>>,
    /// Whether the filter fits some table.
    pub(crate) filter_fits: bool,
}

/// Names of a query that exist.
#[derive(Debug, Default)]
pub(crate) struct KnownNames {
    pub(crate) tables: Vec<String>,
    pub(crate) columns: Vec<String>,
    pub(crate) fields: Vec<String>,
    pub(crate) sorts: Vec<String>,
    pub(crate) facets: Vec<String>,
}

impl KnownNames {
    fn note(&mut self, query: &SearchQuery, question: &Question, table: &Table) {
        let note = |known: &mut Vec<String>, asked: &mut dyn Iterator<Item = &str>| {
            for name in asked.filter(|name| table.column(name).is_some()) {
                if !known.iter().any(|known| known == name) {
                    known.push(name.to_owned());
                }
            }
        };
        let named = query.columns.iter().map(String::as_str);
        note(&mut self.columns, &mut named.chain(question.columns()));
        note(&mut self.fields, &mut query.fields.iter().map(String::as_str));
        note(&mut self.sorts, &mut query.sort.iter().map(|by| by.column.as_str()));
        note(&mut self.facets, &mut query.facets.iter().map(String::as_str));
    }
}

/// How this database is searched. `defaults` are the tables to search where the query names none.
pub(crate) fn plan(
    snapshot: &SchemaSnapshot,
    query: &SearchQuery,
    question: &Question,
    defaults: &[String],
) -> DatabasePlan {
    let mut plan = DatabasePlan::default();
    let find_all = |names: &[String]| -> Vec<Arc<Table>> {
        let mut found: Vec<Arc<Table>> = Vec::new();
        for table in names.iter().filter_map(|name| snapshot.table(name)) {
            // A table named twice is one table.
            if !found.iter().any(|known| known.table == table.table) {
                found.push(Arc::clone(table));
            }
        }
        found
    };
    plan.known.tables = query.tables.iter().filter(|name| snapshot.table(name).is_some()).cloned().collect();
    let tables = match (query.tables.as_slice(), defaults) {
        ([], []) => snapshot.tables().iter().filter(|t| t.kind == TableKind::Table).map(Arc::clone).collect(),
        ([], defaults) => find_all(defaults),
        (names, _) => find_all(names),
    };
    for table in tables {
        plan.known.note(query, question, &table);
        let filter = match filter(&table, query) {
            Fit::Rows(filter) => filter,
            Fit::NoRow => continue,
            Fit::Fault(faults) => {
                plan.misfits.push(faults);
                continue;
            }
        };
        plan.filter_fits = true;
        match plan_table(&table, query, question) {
            Planned::Table(table) if plan.tables.len() < MAX_TABLES => {
                plan.tables.push(TablePlan { filter, ..*table });
            }
            Planned::Table(_) => plan.left_out += 1,
            Planned::NoIndex(columns) => plan.without_index.push((table.table.name().to_owned(), columns)),
            Planned::NoText => {}
        }
    }
    plan
}

/// How a query's filter goes with a table.
enum Fit {
    /// These rows.
    Rows(Option<Filter>),
    /// None of its rows.
    NoRow,
    /// It names what the table doesn't have, or compares it with what it isn't.
    Fault(Vec<FilterFault>),
}

fn filter(table: &Table, query: &SearchQuery) -> Fit {
    let mut filters = Vec::new();
    if let Some(filter) = query.filter.as_ref().filter(|filter| !filter.is_empty()) {
        match filter.resolve(table) {
            Ok(filter) => filters.push(filter),
            Err(faults) => return Fit::Fault(faults),
        }
    }
    if let Some(range) = &query.date_range {
        match range.of(table) {
            Some(filter) => filters.push(filter),
            None => return Fit::NoRow,
        }
    }
    let only = if filters.len() > 1 { Some(Filter::All(filters)) } else { filters.pop() };
    Fit::Rows(only)
}

enum Planned {
    Table(Box<TablePlan>),
    /// There is text, but no index helps and the table is large.
    NoIndex(Vec<ColumnRef>),
    /// There is nothing to look for words in.
    NoText,
}

fn plan_table(table: &Arc<Table>, query: &SearchQuery, question: &Question) -> Planned {
    let named = !query.columns.is_empty();
    let is_named = |column: &Column| is_among(&query.columns, table, &column.column);
    let wanted: Vec<&Column> =
        table.columns.iter().filter(|column| column.is_text() && (!named || is_named(column))).collect();
    if wanted.is_empty() {
        return Planned::NoText;
    }
    let columns: Vec<ColumnRef> = wanted.iter().map(|column| column.column.clone()).collect();
    let (indexes, covered) = cover(table, &columns);
    // Columns beside the indexes are read whole only if they were asked for, since no index helps
    // then; whole texts that are passed over in a large table are told.
    let small = table.estimated_rows.is_some_and(|rows| rows <= SCAN_ROWS);
    let is_asked_for = |column: &Column| named || question.names(table, &column.column);
    let uncovered: Vec<ColumnRef> = wanted
        .into_iter()
        .filter(|column| !covered.contains(&column.column))
        .filter(|c| indexes.is_empty() || is_asked_for(c) || (!small && is_long(table, c)))
        .map(|column| column.column.clone())
        .collect();
    let (unindexed, unreached) = if small { (uncovered, Vec::new()) } else { (Vec::new(), uncovered) };
    if indexes.is_empty() && unindexed.is_empty() {
        return Planned::NoIndex(unreached);
    }
    let searched: Vec<ColumnRef> = covered.into_iter().chain(unindexed.iter().cloned()).collect();
    let shown = shown_columns(table, query);
    let read = read_columns(table, &searched, &shown);
    let searched = searched.into_iter().map(|column| (column.clone(), weight(&column))).collect();
    let sort = query.sort.iter().map(|by| {
        let column = table.column(&by.column)?;
        let key = SortKey { column: column.column.clone(), descending: by.descending };
        Some((key, column.found.kind))
    });
    let facet = |(at, name): (usize, &String)| Some((at, table.column(name)?.column.clone()));
    Planned::Table(Box::new(TablePlan {
        table: Arc::clone(table),
        scope: Scope { indexes, unindexed },
        searched,
        unreached,
        read,
        shown,
        filter: None,
        sort: sort.collect(),
        facets: query.facets.iter().enumerate().filter_map(facet).collect(),
    }))
}

/// Whether one of these names means this column of the table.
pub(crate) fn is_among(names: &[String], table: &Table, column: &ColumnRef) -> bool {
    names.iter().any(|name| table.column(name).is_some_and(|named| named.column == *column))
}

/// Whether a column is declared for whole texts rather than for a name or a code. A column without a
/// length says so where columns have lengths, which is where tables have engines; in SQLite it says
/// nothing.
fn is_long(table: &Table, column: &Column) -> bool {
    const LONG_CHARS: u64 = 1_000;
    match column.found.kind {
        ColumnKind::Text { max_chars: Some(chars) } => chars > LONG_CHARS,
        ColumnKind::Text { max_chars: None } => table.engine.is_some(),
        _ => false,
    }
}

/// The fewest indexes that reach as many of the wanted columns as can be reached, and the columns
/// they reach. Greedy: the index that adds most comes first; of equals the one with the fewest
/// columns that nobody asked for.
fn cover(table: &Table, wanted: &[ColumnRef]) -> (Vec<FullTextKey>, Vec<ColumnRef>) {
    let mut indexes = Vec::new();
    let mut covered: Vec<ColumnRef> = Vec::new();
    loop {
        let gain = |columns: &[ColumnRef]| {
            columns.iter().filter(|column| wanted.contains(column) && !covered.contains(column)).count()
        };
        let extra = |columns: &[ColumnRef]| columns.iter().filter(|column| !wanted.contains(column)).count();
        let best = table
            .full_text
            .iter()
            .rev()
            .max_by_key(|index| (gain(&index.columns), std::cmp::Reverse(extra(&index.columns))));
        let Some(index) = best.filter(|index| gain(&index.columns) > 0) else {
            return (indexes, covered);
        };
        for column in index.columns.iter().filter(|column| wanted.contains(column)) {
            if !covered.contains(column) {
                covered.push(column.clone());
            }
        }
        indexes.push(index.clone());
    }
}

fn shown_columns(table: &Table, query: &SearchQuery) -> Vec<ColumnRef> {
    if query.fields.is_empty() {
        // Bytes and shapes are shown to those who ask for them by name.
        let plain = |column: &&Column| !matches!(column.found.kind, ColumnKind::Binary | ColumnKind::Other);
        table.columns.iter().filter(plain).map(|column| column.column.clone()).collect()
    } else {
        let asked = |column: &&Column| is_among(&query.fields, table, &column.column);
        table.columns.iter().filter(asked).map(|column| column.column.clone()).collect()
    }
}

/// The searched columns; and with them all that is shown, if that is little, since it saves a round
/// trip for the rows of the page.
fn read_columns(table: &Table, searched: &[ColumnRef], shown: &[ColumnRef]) -> Vec<ReadColumn> {
    const FEW: usize = 16;
    const SHORT_CHARS: u64 = 512;
    let mut read: Vec<_> =
        searched.iter().map(|column| ReadColumn { column: column.clone(), max_chars: RANK_CHARS }).collect();
    let rest: Vec<&Column> = table
        .columns
        .iter()
        .filter(|column| shown.contains(&column.column) && !searched.contains(&column.column))
        .filter(|column| !table.primary_key.contains(&column.column))
        .collect();
    let short = |column: &&Column| match column.found.kind {
        ColumnKind::Text { max_chars } => max_chars.is_some_and(|chars| chars <= SHORT_CHARS),
        ColumnKind::Json | ColumnKind::Binary | ColumnKind::Other => false,
        _ => true,
    };
    // A table without a key can't be read a second time.
    if table.primary_key.is_empty() || (rest.len() <= FEW && rest.iter().all(short)) {
        let all = rest.iter().map(|c| ReadColumn { column: c.column.clone(), max_chars: RANK_CHARS });
        read.extend(all);
    }
    read
}

fn weight(column: &ColumnRef) -> f64 {
    if is_title(column) { TITLE_WEIGHT } else { 1.0 }
}

/// Whether a column is called what titles are called.
pub(crate) fn is_title(column: &ColumnRef) -> bool {
    let name = column.name().to_ascii_lowercase();
    TITLES.iter().any(|title| name == *title || name.ends_with(&format!("_{title}")))
}

#[cfg(test)]
mod tests;
