//! From what was gathered to what is shown: one ranked list, the wanted page of it, and each hit
//! with its row, its snippet and its marks.

mod fused;

use std::collections::{HashMap, HashSet};

use altus4_connections::{ColumnRef, Value};

use crate::{
    Hit, Ranking, SearchQuery, Tags, Vector, categories,
    gather::{Gathered, GatheredTable},
    identity::{key_bytes, row_id},
    markup,
    plan::RANK_CHARS,
    question::Question,
    rank::{self, Known, RankedTable, RowWords},
    sorting,
    terms::{Finder, Finders, Terms},
    text::words,
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
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    place: Place,
    /// Its position among the ranked rows of its table, or among those beyond.
    row: usize,
    /// Whether it is one of those beyond.
    beyond: bool,
    /// `None` where results are sorted: by its own words alone.
    score: Option<f64>,
    /// What its place rests upon, where meaning counted.
    ranking: Option<Ranking>,
}

impl Shown {
    pub(crate) fn score(&self) -> f64 {
        self.score.unwrap_or_default()
    }

    /// Which of its table's ranked rows it is; `None` where it isn't ranked.
    pub(crate) fn ranked_row(&self) -> Option<(Place, usize)> {
        (!self.beyond).then_some((self.place, self.row))
    }

    /// Its vector, where it is at hand.
    pub(crate) fn vector(&self, gathered: &[Gathered]) -> Option<Vector> {
        let nearness = self.table(gathered).nearness.as_ref().filter(|_| !self.beyond)?;
        nearness.vectors.get(self.row).cloned().flatten()
    }

    fn table<'a>(&self, gathered: &'a [Gathered]) -> &'a GatheredTable {
        &gathered[self.place.database].tables[self.place.table]
    }

    /// What tells its row from all others.
    pub(crate) fn id(&self, gathered: &[Gathered]) -> uuid::Uuid {
        let database = &gathered[self.place.database];
        let table = &database.tables[self.place.table].plan.table;
        let candidate = candidate(gathered, self);
        // A row without a key is told by what was read of it.
        let identity = if candidate.key.is_empty() { &candidate.values } else { &candidate.key };
        row_id(database.target.connection.id, table.table.name(), identity)
    }
}

/// As much of the list as is known, and how long the whole is.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) shown: Vec<Shown>,
    pub(crate) total: u64,
    pub(crate) exact: bool,
}

impl List {
    /// The part of it that is wanted.
    pub(crate) fn page(&self, window: crate::Window) -> &[Shown] {
        let end = window.end().min(self.shown.len());
        self.shown.get(window.offset() as usize..end).unwrap_or_default()
    }
}

/// Rows that were read by their keys, for each table.
pub(crate) type ReadRows = HashMap<Place, HashMap<Vec<u8>, Vec<Value>>>;

/// The rows that are ranked, before the list is made of them.
#[derive(Debug)]
pub(crate) struct Head {
    shown: Vec<Shown>,
    /// For each whether it was found by words.
    by_words: Vec<bool>,
    exact: bool,
}

/// Everything that was gathered as one list, in the order that the query asks for.
pub(crate) fn list(gathered: &[Gathered], query: &SearchQuery, question: &Question) -> List {
    if is_given_sorted(query) {
        return sorted(gathered, query.window.end());
    }
    whole(head(gathered, question), gathered, query)
}

/// Whether servers sort the rows, so that none is ranked.
pub(crate) fn is_given_sorted(query: &SearchQuery) -> bool {
    !query.sort.is_empty() && query.min_score <= 0.0
}

/// The whole list that begins with these rows.
pub(crate) fn whole(head: Head, gathered: &[Gathered], query: &SearchQuery) -> List {
    let mut list = ranked(head, gathered, query);
    if query.sort.is_empty() {
        return list;
    }
    list.shown.retain(|shown| !shown.beyond);
    list.shown.sort_by_key(|shown| {
        // Equal ones keep their order, which is that of relevance.
        gathered[shown.place.database].tables[shown.place.table].cells[shown.row].clone()
    });
    list
}

/// The rows as their servers sorted them, merged.
fn sorted(gathered: &[Gathered], end: usize) -> List {
    let tables: Vec<(Place, &GatheredTable)> = places(gathered).collect();
    let lists: Vec<_> = tables.iter().map(|(_, table)| table.cells.as_slice()).collect();
    let merged = sorting::merge(&lists, end);
    let shown = merged.into_iter().map(|(list, row)| Shown {
        place: tables[list].0,
        row,
        beyond: true,
        score: None,
        ranking: None,
    });
    let mut total = 0;
    let mut exact = true;
    for (_, table) in &tables {
        let (counted, all) = table.counted.unwrap_or((0, false));
        let seen = table.beyond.len() as u64;
        total += if table.complete { seen } else { counted.max(seen + 1) };
        exact &= table.complete || all;
    }
    List { shown: shown.collect(), total, exact }
}

fn places(gathered: &[Gathered]) -> impl Iterator<Item = (Place, &GatheredTable)> {
    let tables = |(database, of): (usize, _)| {
        let of: &Gathered = of;
        of.tables.iter().enumerate().map(move |(table, found)| (Place { database, table }, found))
    };
    gathered.iter().enumerate().flat_map(tables)
}

/// Ranks everything that was gathered by its words.
pub(crate) fn head(gathered: &[Gathered], question: &Question) -> Head {
    let mut of_place = Vec::new();
    let mut worded = Vec::new();
    let mut tables = Vec::new();
    let mut exact = true;
    let mut finders = question.terms().finders();
    for (place, found) in places(gathered) {
        let finder = finders.for_language(gathered[place.database].language());
        let rows = count_rows(found, question, finder);
        let by_words = found.nearness.as_ref().map_or(rows.len(), |nearness| nearness.by_words);
        let holds = |(row, (counted, _)): (usize, &(RowWords, f64))| {
            row < by_words || counted.matched_fields().next().is_some()
        };
        worded.push(rows.iter().enumerate().map(holds).collect::<Vec<bool>>());
        let population = if found.complete { found.plan.table.estimated_rows.unwrap_or(0) } else { 0 };
        let weights = found.plan.searched.iter().map(|(_, weight)| *weight).collect();
        let known = found.vocabulary.as_ref().map(|known| Known {
            rows: known.rows() as f64,
            holding: question.terms().iter().map(|term| term.rows(known)).collect(),
            lengths: known.lengths().to_vec(),
        });
        exact &= found.complete;
        of_place.push(place);
        tables.push(RankedTable { weights, population, known, rows });
    }
    let placed = rank::rank(&tables, question.weights());
    let shown = placed.iter().map(|placed| Shown {
        place: of_place[placed.table],
        row: placed.row,
        beyond: false,
        score: Some(placed.score),
        ranking: None,
    });
    Head {
        shown: shown.collect(),
        by_words: placed.iter().map(|placed| worded[placed.table][placed.row]).collect(),
        exact,
    }
}

/// The ranked rows, then those beyond; without those that score too little.
fn ranked(head: Head, gathered: &[Gathered], query: &SearchQuery) -> List {
    let Head { mut shown, exact, .. } = head;
    append_beyond(&mut shown, gathered);
    let known = shown.len();
    shown.retain(|shown| shown.score() >= query.min_score);
    // Below a minimum score nothing more can follow, so the count is exact then.
    let exact = exact || shown.len() < known;
    List { total: shown.len() as u64, shown, exact }
}

/// Which terms some candidate holds.
pub(crate) fn terms_found(gathered: &[Gathered], terms: &Terms) -> HashSet<usize> {
    let mut finders = terms.finders();
    let rows = places(gathered).flat_map(|(place, table)| table.ranked.iter().map(move |row| (place, row)));
    let mut found = HashSet::new();
    for (place, text) in rows.flat_map(|(place, row)| row.values.iter().map(move |value| (place, value))) {
        let Some(text) = text.as_text() else { continue };
        let finder = finders.for_language(gathered[place.database].language());
        found.extend(words(text).filter_map(|span| finder.find(&text[span.start..span.end])));
        if found.len() == terms.len() {
            break;
        }
    }
    found
}

fn count_rows(found: &GatheredTable, question: &Question, finder: &mut Finder<'_>) -> Vec<(RowWords, f64)> {
    let searched = &found.plan.searched;
    let count = |candidate: &crate::Candidate| {
        let fields = candidate.values.iter().take(searched.len()).map(Value::as_text);
        let mut counted = RowWords::count(fields, finder);
        question.sift(&mut counted, searched.iter().map(|(column, _)| column));
        (counted, candidate.score)
    };
    found.ranked.iter().map(count).collect()
}

/// Rows beyond those that are ranked follow in the order of their servers, the tables taking turns.
fn append_beyond(list: &mut Vec<Shown>, gathered: &[Gathered]) {
    let rows = |(place, found): (Place, &GatheredTable)| (0..found.beyond.len()).map(move |row| (row, place));
    let mut tail: Vec<(usize, Place)> = places(gathered).flat_map(rows).collect();
    tail.sort_unstable();
    let mut above = list.last().map_or(1.0, Shown::score);
    let step = above / (tail.len() as f64 + 1.0);
    // Where meaning counted, nothing is known of these.
    let ranking = list.last().and_then(|last| last.ranking).map(|_| Ranking::default());
    for (row, place) in tail {
        above -= step;
        list.push(Shown { place, row, beyond: true, score: Some(above), ranking });
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
    question: &Question,
    finders: &mut Finders<'_>,
) -> Option<Hit> {
    let database = &gathered[shown.place.database];
    let finder = finders.for_language(database.language());
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
    let data: Vec<_> =
        columns.filter_map(|column| Some((column.name().to_owned(), value(column)?.clone()))).collect();
    let texts: Vec<(&ColumnRef, f64, &str)> = plan
        .searched
        .iter()
        .filter_map(|(column, weight)| Some((column, *weight, value(column)?.as_text()?)))
        .collect();
    let mut counted = RowWords::count(texts.iter().map(|(_, _, text)| Some(*text)), finder);
    question.sift(&mut counted, texts.iter().map(|(column, ..)| *column));
    let matched: Vec<(&ColumnRef, &str)> =
        counted.matched_fields().map(|at| (texts[at].0, texts[at].2)).collect();
    let alone = || {
        let fields: Vec<f64> = texts.iter().map(|(_, weight, _)| *weight).collect();
        rank::alone(&counted, &fields, question.weights())
    };
    let mut highlights = Vec::new();
    if let Some(tags) = &query.highlight {
        for (column, text) in &matched {
            highlights.push((column.name().to_owned(), markup::highlight(text, finder, tags)));
        }
    }
    Some(Hit {
        id: shown.id(gathered),
        connection_id: database.target.connection.id,
        database: database.target.connection.database.as_str().to_owned(),
        table: table.table.name().to_owned(),
        score: shown.score.unwrap_or_else(alone),
        matched_columns: matched.iter().map(|(column, _)| column.name().to_owned()).collect(),
        categories: categories::of_row(table, &data),
        data,
        snippet: best_snippet(&matched, finder, query.highlight.as_ref()),
        highlights,
        ranking: shown.ranking,
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
