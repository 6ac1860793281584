//! Planning: which tables of a database are searched, through which of their indexes, and what is
//! read of each row. Pure: a snapshot and a query in, plans out.

use std::sync::Arc;

use altus4_connections::{Column, ColumnKind, ColumnRef, SchemaSnapshot, Table, TableKind};

use crate::{CandidateSource, ReadColumn, SearchQuery};

/// How many rows of each table are ranked by their words; those beyond keep the server's order.
pub(crate) const RANK_DEPTH: u32 = 200;
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
    /// Where candidates come from; never empty.
    pub(crate) sources: Vec<CandidateSource>,
    /// The columns that words count in, and how much they count.
    pub(crate) searched: Vec<(ColumnRef, f64)>,
    /// What candidates are read with; the searched columns come first.
    pub(crate) read: Vec<ReadColumn>,
    /// The columns that are shown beside the primary key.
    pub(crate) shown: Vec<ColumnRef>,
    /// Whether a row counts only if a word is seen in a searched column: so when an index covers
    /// more columns than were asked for.
    pub(crate) must_be_seen: bool,
}

impl TablePlan {
    /// Whether what candidates are read with is all that is shown.
    pub(crate) fn reads_all_shown(&self) -> bool {
        self.shown.iter().all(|column| {
            self.table.primary_key.contains(column) || self.read.iter().any(|read| read.column == *column)
        })
    }

    /// What rows are read with for showing.
    pub(crate) fn show(&self) -> Vec<ReadColumn> {
        let shown = self.shown.iter().filter(|column| !self.table.primary_key.contains(column));
        shown.map(|column| ReadColumn { column: column.clone(), max_chars: SHOW_CHARS }).collect()
    }
}

/// How one database is searched.
#[derive(Debug, Default)]
pub(crate) struct DatabasePlan {
    pub(crate) tables: Vec<TablePlan>,
    /// Tables too large to be read whole, without an index that helps.
    pub(crate) without_index: Vec<String>,
    /// How many tables were left out because there are too many.
    pub(crate) left_out: usize,
    /// Which of the names that the query gives exist here.
    pub(crate) known: KnownNames,
}

/// Names of a query that exist.
#[derive(Debug, Default)]
pub(crate) struct KnownNames {
    pub(crate) tables: Vec<String>,
    pub(crate) columns: Vec<String>,
    pub(crate) fields: Vec<String>,
}

/// How this database is searched. `defaults` are the tables to search where the query names none.
pub(crate) fn plan(snapshot: &SchemaSnapshot, query: &SearchQuery, defaults: &[String]) -> DatabasePlan {
    let mut plan = DatabasePlan::default();
    let find_all = |names: &[String]| -> Vec<Arc<Table>> {
        names.iter().filter_map(|name| snapshot.table(name)).map(Arc::clone).collect()
    };
    plan.known.tables = query.tables.iter().filter(|name| snapshot.table(name).is_some()).cloned().collect();
    let tables = match (query.tables.as_slice(), defaults) {
        ([], []) => snapshot.tables().iter().filter(|t| t.kind == TableKind::Table).map(Arc::clone).collect(),
        ([], defaults) => find_all(defaults),
        (names, _) => find_all(names),
    };
    for table in tables {
        note_known(&mut plan.known.columns, &query.columns, &table);
        note_known(&mut plan.known.fields, &query.fields, &table);
        match plan_table(&table, query) {
            Planned::Table(table) if plan.tables.len() < MAX_TABLES => plan.tables.push(table),
            Planned::Table(_) => plan.left_out += 1,
            Planned::NoIndex => plan.without_index.push(table.table.name().to_owned()),
            Planned::NoText => {}
        }
    }
    plan
}

fn note_known(known: &mut Vec<String>, asked: &[String], table: &Table) {
    for name in asked {
        if table.column(name).is_some() && !known.contains(name) {
            known.push(name.clone());
        }
    }
}

enum Planned {
    Table(TablePlan),
    /// There is text, but no index helps and the table is large.
    NoIndex,
    /// There is nothing to look for words in.
    NoText,
}

fn plan_table(table: &Arc<Table>, query: &SearchQuery) -> Planned {
    let named = !query.columns.is_empty();
    let wanted: Vec<&Column> = if named {
        query.columns.iter().filter_map(|name| table.column(name)).filter(|column| column.is_text()).collect()
    } else {
        table.columns.iter().filter(|column| column.is_text()).collect()
    };
    if wanted.is_empty() {
        return Planned::NoText;
    }
    let wanted: Vec<ColumnRef> = wanted.into_iter().map(|column| column.column.clone()).collect();
    let (mut sources, covered) = cover(table, &wanted);
    let uncovered: Vec<_> = wanted.iter().filter(|column| !covered.contains(column)).cloned().collect();
    // Columns without an index are read whole only if they were asked for, or nothing else is there.
    let small = table.estimated_rows.is_some_and(|rows| rows <= SCAN_ROWS);
    let mut searched = covered.clone();
    if small && !uncovered.is_empty() && (named || sources.is_empty()) {
        searched.extend(uncovered.iter().cloned());
        sources.push(CandidateSource::Scan(uncovered));
    }
    if sources.is_empty() {
        return Planned::NoIndex;
    }
    let must_be_seen = named
        && sources.iter().any(|source| match source {
            CandidateSource::Index(index) => index.columns.iter().any(|column| !wanted.contains(column)),
            CandidateSource::Scan(_) => false,
        });
    let shown = shown_columns(table, query);
    let read = read_columns(table, &searched, &shown);
    let searched = searched.into_iter().map(|column| (column.clone(), weight(&column))).collect();
    Planned::Table(TablePlan { table: Arc::clone(table), sources, searched, read, shown, must_be_seen })
}

/// The fewest indexes that reach as many of the wanted columns as can be reached, and the columns
/// they reach. Greedy: the index that adds most comes first; of equals the one with the fewest
/// columns that nobody asked for.
fn cover(table: &Table, wanted: &[ColumnRef]) -> (Vec<CandidateSource>, Vec<ColumnRef>) {
    let mut sources = Vec::new();
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
            return (sources, covered);
        };
        for column in index.columns.iter().filter(|column| wanted.contains(column)) {
            if !covered.contains(column) {
                covered.push(column.clone());
            }
        }
        sources.push(CandidateSource::Index(index.clone()));
    }
}

fn shown_columns(table: &Table, query: &SearchQuery) -> Vec<ColumnRef> {
    if query.fields.is_empty() {
        // Bytes and shapes are shown to those who ask for them by name.
        let plain = |column: &&Column| !matches!(column.found.kind, ColumnKind::Binary | ColumnKind::Other);
        table.columns.iter().filter(plain).map(|column| column.column.clone()).collect()
    } else {
        let asked = |column: &&Column| {
            query.fields.iter().any(|field| table.column(field).is_some_and(|c| c.column == column.column))
        };
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
    let name = column.name().to_ascii_lowercase();
    let title = TITLES.iter().any(|title| name == *title || name.ends_with(&format!("_{title}")));
    if title { TITLE_WEIGHT } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::QueryText;
    use altus4_connections::{DiscoveredColumn, DiscoveredIndex, DiscoveredTable};

    fn table(rows: u64, indexes: &[(&str, &[&str])]) -> SchemaSnapshot {
        let column = |name: &str, kind| DiscoveredColumn { name: name.into(), kind, ..Default::default() };
        let text = ColumnKind::Text { max_chars: None };
        SchemaSnapshot::new(vec![DiscoveredTable {
            name: "articles".into(),
            columns: vec![
                column("id", ColumnKind::Integer),
                column("title", ColumnKind::Text { max_chars: Some(255) }),
                column("body", text),
                column("notes", text),
                column("photo", ColumnKind::Binary),
            ],
            primary_key: vec!["id".into()],
            full_text_indexes: indexes
                .iter()
                .map(|(name, columns)| DiscoveredIndex {
                    name: (*name).into(),
                    columns: columns.iter().map(|c| (*c).into()).collect(),
                    parser: None,
                })
                .collect(),
            estimated_rows: Some(rows),
            ..Default::default()
        }])
    }

    fn query(columns: &[&str]) -> SearchQuery {
        let columns = columns.iter().map(|c| (*c).to_owned()).collect();
        SearchQuery { columns, ..SearchQuery::natural(QueryText::parse("x").unwrap()) }
    }

    fn sources(plan: &DatabasePlan) -> Vec<String> {
        let name = |source: &CandidateSource| match source {
            CandidateSource::Index(index) => index.index.name().to_owned(),
            CandidateSource::Scan(columns) => {
                format!("scan {}", columns.iter().map(ColumnRef::name).collect::<Vec<_>>().join("+"))
            }
        };
        plan.tables.iter().flat_map(|table| table.sources.iter().map(name)).collect()
    }

    #[test]
    fn the_widest_index_is_enough_where_it_covers_all_others() {
        let schema = table(1_000_000, &[("ft_title", &["title"]), ("ft_all", &["title", "body", "notes"])]);
        assert_eq!(sources(&plan(&schema, &query(&[]), &[])), ["ft_all"]);
        assert_eq!(sources(&plan(&schema, &query(&["title"]), &[])), ["ft_title"]);
    }

    #[test]
    fn indexes_side_by_side_are_all_used() {
        let schema = table(1_000_000, &[("ft_title", &["title"]), ("ft_body", &["body"])]);
        assert_eq!(sources(&plan(&schema, &query(&[]), &[])), ["ft_title", "ft_body"]);
    }

    #[test]
    fn an_index_over_more_than_was_asked_for_counts_only_what_is_seen() {
        let schema = table(1_000_000, &[("ft_all", &["title", "body"])]);
        let planned = plan(&schema, &query(&["title"]), &[]);
        assert!(planned.tables[0].must_be_seen);
        assert!(!plan(&schema, &query(&[]), &[]).tables[0].must_be_seen);
    }

    #[test]
    fn without_an_index_small_tables_are_read_and_large_ones_named() {
        assert_eq!(sources(&plan(&table(10, &[]), &query(&[]), &[])), ["scan title+body+notes"]);
        let large = plan(&table(1_000_000, &[]), &query(&[]), &[]);
        assert_eq!((large.tables.len(), large.without_index.len()), (0, 1));
    }

    #[test]
    fn titles_weigh_more_and_photos_are_not_shown_unless_named() {
        let schema = table(10, &[("ft_all", &["title", "body"])]);
        let planned = &plan(&schema, &query(&[]), &[]).tables[0];
        let weights: Vec<_> = planned.searched.iter().map(|(c, w)| (c.name(), *w)).collect();
        assert_eq!(weights, [("title", 3.0), ("body", 1.0)]);
        assert!(!planned.shown.iter().any(|column| column.name() == "photo"));
        let named = SearchQuery { fields: vec!["photo".into()], ..query(&[]) };
        assert_eq!(plan(&schema, &named, &[]).tables[0].shown[0].name(), "photo");
    }

    #[test]
    fn names_that_exist_are_told_from_those_that_do_not() {
        let schema = table(10, &[]);
        let asked =
            SearchQuery { tables: vec!["ARTICLES".into(), "nope".into()], ..query(&["body", "nope"]) };
        let known = plan(&schema, &asked, &[]).known;
        assert_eq!((known.tables, known.columns), (vec!["ARTICLES".to_owned()], vec!["body".to_owned()]));
    }
}
