//! What one table gives: its best rows or its first ones, how many there are, and its facets; all
//! side by side.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_connections::{Target, Value};
use altus4_kernel::{PortError, PortResult};
use futures::future::join3;

use super::{Ask, remaining};
use crate::{
    Candidate, CandidateRequest, Facet, FacetRequest, FullTextIndex, Matching, Order, ReadColumn,
    RowsRequest, Vector, Window, candidates, facets, identity::key_bytes, plan::TablePlan,
    question::Question, sorting::Cell, vocabulary::Vocabulary,
};

/// One more than can be walked to, so that it is known whether there are more.
const WALKED: u32 = Window::MAX_OFFSET + Window::MAX_LIMIT + 1;
/// Counting beside a sorted search stops here.
const COUNTED: u64 = 1_001;
/// How much of a text decides its place among others.
const SORT_CHARS: u32 = 256;

/// What a table gave.
#[derive(Debug)]
pub(crate) struct GatheredTable {
    pub(crate) plan: TablePlan,
    /// What is known of its words.
    pub(crate) vocabulary: Option<Arc<Vocabulary>>,
    /// The candidates that are ranked by their words, in the server's order.
    pub(crate) ranked: Vec<Candidate>,
    /// Those beyond, in the server's order, without values; gathered for deep pages alone. Where
    /// results are sorted, all there are.
    pub(crate) beyond: Vec<Candidate>,
    /// Where results are sorted: the place of each candidate.
    pub(crate) cells: Vec<Vec<Cell>>,
    /// Whether these are all the rows that match.
    pub(crate) complete: bool,
    /// How many rows match, where it was counted; whether that is all of them.
    pub(crate) counted: Option<(u64, bool)>,
    /// For each facet of the plan, what was counted.
    pub(crate) facets: Vec<Facet>,
    /// Why it was not.
    pub(crate) facets_failed: Option<PortError>,
    /// How long its rows took.
    pub(crate) took: Duration,
    /// How near its ranked rows are in meaning, where that is asked for and known.
    pub(crate) nearness: Option<Nearness>,
}

/// How near a table's ranked rows are in meaning.
#[derive(Debug)]
pub(crate) struct Nearness {
    /// Which of the search's models tells.
    pub(crate) model: usize,
    /// So many of the ranked rows were found by words; those that follow are there for their meaning.
    pub(crate) by_words: usize,
    /// For each ranked row, how near it is, where that is known.
    pub(crate) similarity: Vec<Option<f64>>,
    /// For each ranked row its vector, where it is at hand.
    pub(crate) vectors: Vec<Option<Vector>>,
}

impl Nearness {
    /// Nothing is known yet of so many rows, all of which words found.
    pub(crate) fn nothing(model: usize, rows: usize) -> Self {
        Self { model, by_words: rows, similarity: vec![None; rows], vectors: vec![None; rows] }
    }
}

impl GatheredTable {
    pub(super) fn new(plan: TablePlan, vocabulary: Option<Arc<Vocabulary>>) -> Self {
        Self {
            plan,
            vocabulary,
            ranked: Vec::new(),
            beyond: Vec::new(),
            cells: Vec::new(),
            complete: true,
            counted: None,
            facets: Vec::new(),
            facets_failed: None,
            took: Duration::ZERO,
            nearness: None,
        }
    }
}

/// Asks for everything that is wanted of a table. Counting may fail without harm; facets may, and it
/// is told.
pub(super) async fn gather_table(
    ask: &Ask<'_>,
    plan: TablePlan,
) -> Result<GatheredTable, (String, PortError)> {
    let name = plan.table.table.name().to_owned();
    let vocabulary = ask.vocabularies.known(ask.target, &plan);
    let matching = Matching {
        table: Arc::clone(&plan.table),
        scope: plan.scope.clone(),
        expr: ask.question.every(&plan, vocabulary.as_deref()),
        filter: plan.filter.clone(),
    };
    let columns: Vec<_> = plan.facets.iter().map(|(_, column)| column.clone()).collect();
    let in_order = !ask.query.sort.is_empty() && ask.query.min_score <= 0.0;
    let rows = async {
        let started = Instant::now();
        let found = if in_order {
            sorted(ask, plan, &matching).await
        } else {
            best(ask, plan, vocabulary, &matching).await
        };
        found.map(|found| GatheredTable { took: started.elapsed(), ..found })
    };
    let counted = async {
        let wanted = in_order.then(|| ask.index.count(ask.target, &matching, COUNTED, ask.remaining()));
        match wanted {
            Some(counting) => counting.await.ok(),
            None => None,
        }
    };
    let faceted = async {
        if columns.is_empty() {
            return Ok(Vec::new());
        }
        let request = FacetRequest { matching: matching.clone(), columns, limit: facets::ASKED };
        ask.index.facets(ask.target, &request, ask.remaining()).await
    };
    let (rows, counted, faceted) = join3(rows, counted, faceted).await;
    let mut table = rows.map_err(|error| (name, error))?;
    table.counted = counted.map(|count| (count, count < COUNTED));
    match faceted {
        Ok(facets) => table.facets = facets,
        Err(error) => table.facets_failed = Some(error),
    }
    Ok(table)
}

/// The best rows with their words, and for deep pages the keys of those beyond.
async fn best(
    ask: &Ask<'_>,
    plan: TablePlan,
    vocabulary: Option<Arc<Vocabulary>>,
    matching: &Matching,
) -> PortResult<GatheredTable> {
    let depth = candidates::depth(ask.question.terms(), plan.searched.len());
    let head = best_request(ask.question, &plan, vocabulary.as_deref());
    let is_all = head.matching.expr == matching.expr;
    let own = plan.read.len();
    let mut table = GatheredTable::new(plan, vocabulary);
    let mut found = find(ask, &head).await?;
    table.complete = is_all && found.len() <= depth as usize;
    found.truncate(depth as usize);
    // Every list's best come before any list's others, so that these are wanted only by a page that
    // this list's best can't fill.
    let is_deep = ask.query.window.end() > found.len();
    if !table.complete && is_deep && !table.plan.table.primary_key.is_empty() {
        let seen: HashSet<_> = found.iter().map(|candidate| key_bytes(&candidate.key)).collect();
        let order = Order::Relevance;
        let all = CandidateRequest { matching: matching.clone(), order, read: Vec::new(), limit: WALKED };
        let all = find(ask, &all).await?;
        table.complete = all.len() < WALKED as usize;
        table.beyond = all.into_iter().filter(|row| !seen.contains(&key_bytes(&row.key))).collect();
    }
    if !ask.query.sort.is_empty() {
        table.cells = found.iter_mut().map(|row| cells(&table.plan, &row.values.split_off(own))).collect();
    }
    table.ranked = found;
    Ok(table)
}

/// What a table is asked for its best rows.
pub(crate) fn best_request(
    question: &Question,
    plan: &TablePlan,
    known: Option<&Vocabulary>,
) -> CandidateRequest {
    let mut read = plan.read.clone();
    // Rows that have to score so much and are sorted are ranked first and sorted here.
    read.extend(sort_columns(plan));
    let matching = Matching {
        table: Arc::clone(&plan.table),
        scope: plan.scope.clone(),
        expr: question.best(plan, known),
        filter: plan.filter.clone(),
    };
    let limit = candidates::depth(question.terms(), plan.searched.len()) + 1;
    CandidateRequest { matching, order: Order::Relevance, read, limit }
}

/// The first rows in the order asked for, each with its place.
async fn sorted(ask: &Ask<'_>, plan: TablePlan, matching: &Matching) -> PortResult<GatheredTable> {
    let mut read = sort_columns(&plan);
    let places = read.len();
    // A table without a key can't be read a second time, so that less of it is walked through.
    let most = if plan.table.primary_key.is_empty() {
        read.extend(plan.read.iter().cloned());
        candidates::depth(ask.question.terms(), plan.searched.len())
    } else {
        u32::try_from(ask.query.window.end()).unwrap_or(WALKED - 1)
    };
    let request = CandidateRequest {
        matching: matching.clone(),
        order: Order::By(plan.sort_keys()),
        read,
        limit: most + 1,
    };
    let mut found = find(ask, &request).await?;
    let mut table = GatheredTable::new(plan, None);
    table.complete = found.len() <= most as usize;
    found.truncate(most as usize);
    for row in &mut found {
        let own = row.values.split_off(places.min(row.values.len()));
        let place = std::mem::replace(&mut row.values, own);
        table.cells.push(cells(&table.plan, &place));
    }
    table.beyond = found;
    Ok(table)
}

pub(super) fn sort_columns(plan: &TablePlan) -> Vec<ReadColumn> {
    let column = |key: crate::SortKey| ReadColumn { column: key.column, max_chars: SORT_CHARS };
    plan.sort_keys().into_iter().map(column).collect()
}

/// A row's place by all columns that the query sorts by, from the values of those that it has.
pub(super) fn cells(plan: &TablePlan, values: &[Value]) -> Vec<Cell> {
    let mut values = values.iter();
    let cell = |sort: &Option<(crate::SortKey, altus4_connections::ColumnKind)>| match sort {
        Some((key, kind)) => Cell::of(values.next().unwrap_or(&Value::Null), *kind, key.descending),
        None => Cell::Missing,
    };
    plan.sort.iter().map(cell).collect()
}

async fn find(ask: &Ask<'_>, request: &CandidateRequest) -> PortResult<Vec<Candidate>> {
    ask.index.candidates(ask.target, request, ask.remaining()).await
}

/// The rows of a page by their keys, for those tables where they have to be read once more.
pub(crate) async fn read_rows(
    index: &dyn FullTextIndex,
    target: &Target,
    plan: &TablePlan,
    keys: Vec<Vec<Value>>,
    until: Instant,
) -> PortResult<HashMap<Vec<u8>, Vec<Value>>> {
    let request = RowsRequest { table: Arc::clone(&plan.table), keys, read: plan.show(), filter: None };
    let rows = index.rows(target, &request, remaining(target, until)).await?;
    Ok(rows.into_iter().map(|row| (key_bytes(&row.key), row.values)).collect())
}
