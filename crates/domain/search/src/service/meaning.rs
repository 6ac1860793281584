//! Searching by meaning: what is asked of models beside the databases, and how their answers get into
//! the list.

use std::{
    collections::{HashMap, HashSet},
    time::Instant,
};

use altus4_connections::{Target, Value};
use altus4_kernel::{AiPayer, PortResult};
use futures::{
    FutureExt, StreamExt,
    future::{join, join_all},
    stream,
};

use super::SearchService;
use crate::{
    Degraded, EmbeddingModel, SearchMode, SearchQuery, Suggestion, SuggestionKind, TextKind, Vector,
    embedded_text,
    failures::connection_failure,
    gather::{Beside, Gathered, GatheredTable, Near, Nearness, ask_beside, find_near},
    log::folded,
    meaning::{Asking, Lens, Lenses},
    plan::TablePlan,
    present::{self, Head, List, Place},
    question::Question,
};

/// Which part of a search's time may go by for meaning; the rest is for the rows of the page, so that
/// words answer in time whatever becomes of it.
const SHARE_OF_TIME: f64 = 0.8;
/// How many of the best rows by words are embedded, of tables that have no vectors.
const EMBEDDED: usize = 50;
/// How many tables are looked through at once.
const TABLES_AT_ONCE: usize = 8;
/// How many related queries are asked for.
const RELATED: usize = 5;
/// The longest that is told.
const RELATED_CHARS: usize = 100;

/// What models said before there were rows.
#[derive(Default)]
pub(super) struct Heard {
    lenses: Lenses,
    related: Vec<Suggestion>,
    /// Whether something that was asked for lacked AI.
    lacking: bool,
}

impl Heard {
    /// The related queries, and what the answer had to do without.
    pub(super) fn told(self) -> (Vec<Suggestion>, Vec<Degraded>) {
        (self.related, if self.lacking { vec![Degraded::Ai] } else { Vec::new() })
    }
}

/// Whether meaning counts at all.
fn is_by_meaning(query: &SearchQuery) -> bool {
    query.mode == SearchMode::Semantic && query.semantic_ratio > 0.0
}

impl SearchService {
    /// Who is asked for one search; `None` where there is nobody.
    pub(super) fn asking<'a>(
        &'a self,
        query: &SearchQuery,
        payer: &'a dyn AiPayer,
        started: Instant,
    ) -> Option<Asking<'a>> {
        let ports = self.meaning.as_ref()?;
        let outside = query.enable_ai != Some(false);
        let until = started + query.timeout.mul_f64(SHARE_OF_TIME);
        Some(Asking { ports, timer: &*self.timer, payer, outside, until })
    }

    /// Asks what can be asked before there are rows: what the query means, which tables have vectors,
    /// which queries are related.
    pub(super) async fn hear(
        &self,
        asking: Option<&Asking<'_>>,
        targets: &[Target],
        query: &SearchQuery,
    ) -> Heard {
        let Some(asking) = asking else {
            let lacking = is_by_meaning(query) && !targets.is_empty();
            return Heard { lacking, ..Heard::default() };
        };
        let lenses = async {
            if is_by_meaning(query) {
                asking.lenses(targets, query.text.as_str()).await
            } else {
                Lenses::default()
            }
        };
        let (lenses, related) = join(lenses, related(asking, query)).await;
        let lacking = lenses.lacking || related.is_none();
        Heard { lenses, related: related.unwrap_or_default(), lacking }
    }

    /// Everything that was gathered as one list, with what is near in meaning where that counts.
    pub(super) async fn list(
        &self,
        asking: Option<&Asking<'_>>,
        heard: &mut Heard,
        gathered: &mut [Gathered],
        (query, question): (&SearchQuery, &Question),
    ) -> List {
        let Some(asking) = asking.filter(|_| !heard.lenses.is_empty()) else {
            return present::list(gathered, query, question);
        };
        heard.lacking |= self.add_near(asking, &heard.lenses, gathered, (query, question)).await;
        if present::is_given_sorted(query) {
            return present::list(gathered, query, question);
        }
        let best = present::head(gathered, question);
        heard.lacking |= embed_best(asking, &heard.lenses, &best, gathered).await;
        present::whole(best.fused(gathered, query.semantic_ratio), gathered, query)
    }

    /// Adds the nearest rows of the tables that have vectors. Answers whether something was lacking.
    async fn add_near(
        &self,
        asking: &Asking<'_>,
        lenses: &Lenses,
        gathered: &mut [Gathered],
        (query, question): (&SearchQuery, &Question),
    ) -> bool {
        let mut looks = Vec::new();
        for (database, of) in gathered.iter().enumerate() {
            let index = self.indexes.get(of.target.connection.engine);
            let Some((lens, index)) = lenses.of(&of.target).zip(index) else { continue };
            for (table, found) in of.tables.iter().enumerate() {
                let Some(ready) = lens.vectors_of(&found.plan, query) else { continue };
                let look = async move {
                    let of_table = (&of.target, found);
                    let near = find_near(asking, lens, index.as_ref(), of_table, ready).await?;
                    let asked = (query, question);
                    let beside = ask_beside(asking, index.as_ref(), of_table, asked, &near.keys()).await?;
                    PortResult::Ok((near, beside))
                };
                let place = Place { database, table };
                looks.push(look.map(move |found| (place, lens.number, found)).boxed());
            }
        }
        let found: Vec<_> = stream::iter(looks).buffer_unordered(TABLES_AT_ONCE).collect().await;
        let mut lacking = false;
        for (place, model, found) in found {
            let Ok((near, beside)) = found else {
                lacking = true;
                continue;
            };
            lacking |= near.lacking;
            add(&mut gathered[place.database], place.table, (model, near, beside), query);
        }
        lacking
    }
}

fn add(
    database: &mut Gathered,
    table: usize,
    (model, near, beside): (usize, Near, Beside),
    query: &SearchQuery,
) {
    let found = &mut database.tables[table];
    for (counted, more) in found.facets.iter_mut().zip(beside.facets) {
        counted.extend(more);
    }
    if let Some(error) = beside.facets_failed {
        let name = found.plan.table.table.name().to_owned();
        database.failures.push(connection_failure(&database.target, Some(name), &error.into()));
    }
    let found = &mut database.tables[table];
    if present::is_given_sorted(query) {
        database.tables.extend(beside.sorted);
    } else {
        near.add_to(found, model, !query.sort.is_empty());
    }
}

/// Rows that one model is to embed.
struct Wanted<'a> {
    lens: &'a Lens,
    rows: Vec<(Place, usize)>,
    texts: Vec<String>,
}

/// Embeds the best rows by words of the tables that have no vectors. Answers whether something was
/// lacking.
async fn embed_best(asking: &Asking<'_>, lenses: &Lenses, head: &Head, gathered: &mut [Gathered]) -> bool {
    let mut of_lens: HashMap<usize, Wanted<'_>> = HashMap::new();
    let mut taken = 0;
    for (place, row) in head.rows().filter_map(|(shown, _)| shown.ranked_row()) {
        let database = &gathered[place.database];
        let table = &database.tables[place.table];
        // What the nearest of a table with vectors are is known.
        let Some(lens) = lenses.of(&database.target).filter(|_| table.nearness.is_none()) else { continue };
        if taken == EMBEDDED {
            break;
        }
        taken += 1;
        let wanted = || Wanted { lens, rows: Vec::new(), texts: Vec::new() };
        let wanted = of_lens.entry(lens.number).or_insert_with(wanted);
        wanted.rows.push((place, row));
        wanted.texts.push(text(&lens.model, &table.plan, &table.ranked[row].values));
    }
    let asked = of_lens.into_values().map(|Wanted { lens, rows, texts }| async move {
        let has_text: Vec<bool> = texts.iter().map(|text| !text.is_empty()).collect();
        let vectors = asking.embed(lens.embedder.as_ref(), &lens.model, TextKind::Row, texts).await;
        (lens, rows, has_text, vectors)
    });
    let mut lacking = false;
    for (lens, rows, has_text, vectors) in join_all(asked).await {
        for (((place, row), has_text), vector) in rows.into_iter().zip(has_text).zip(vectors) {
            lacking |= has_text && vector.is_none();
            if let Some(vector) = vector {
                gathered[place.database].tables[place.table].is_near(lens, row, vector);
            }
        }
    }
    // Of the rows farther down it isn't known either.
    for database in gathered {
        let Some(lens) = lenses.of(&database.target) else { continue };
        for table in database.tables.iter_mut().filter(|table| table.nearness.is_none()) {
            table.nearness = Some(Nearness::nothing(lens.number, table.ranked.len()));
        }
    }
    lacking
}

impl GatheredTable {
    /// Notes how near one of its rows is.
    fn is_near(&mut self, lens: &Lens, row: usize, vector: Vector) {
        let rows = self.ranked.len();
        let nearness = self.nearness.get_or_insert_with(|| Nearness::nothing(lens.number, rows));
        nearness.similarity[row] = Some(f64::from(lens.query.similarity(&vector)));
        nearness.vectors[row] = Some(vector);
    }
}

/// What a row's searched columns say, titles first: models read the beginning of a text.
fn text(model: &EmbeddingModel, plan: &TablePlan, values: &[Value]) -> String {
    let mut columns: Vec<(f64, &Value)> =
        plan.searched.iter().zip(values).map(|((_, weight), value)| (*weight, value)).collect();
    columns.sort_by(|a, b| b.0.total_cmp(&a.0));
    embedded_text(model.glance_chars, columns.into_iter().map(|(_, value)| value))
}

/// Queries near to this one, if they are asked for and somebody can think of some; `None` where that
/// fails. What comes from outside is text, and no more.
async fn related(asking: &Asking<'_>, query: &SearchQuery) -> Option<Vec<Suggestion>> {
    let wanted = query.enable_ai == Some(true) && query.mode != SearchMode::Boolean;
    let Some(enhancer) = asking.ports.enhancer.as_ref().filter(|_| wanted) else { return Some(Vec::new()) };
    let typed = query.text.as_str();
    let related = asking.related(enhancer.as_ref(), typed, RELATED).await.ok()?;
    let mut seen = HashSet::from([folded(typed)]);
    let is_text = |text: &String| {
        (1..=RELATED_CHARS).contains(&text.chars().count())
            && !text.chars().any(char::is_control)
            && !text.trim().is_empty()
    };
    let told = related.into_iter().filter(is_text).filter(|text| seen.insert(folded(text))).take(RELATED);
    let suggestion = |(place, text): (usize, String)| Suggestion {
        text,
        score: 0.9 / (1.0 + 0.1 * place as f64),
        kind: SuggestionKind::Semantic,
    };
    Some(told.enumerate().map(suggestion).collect())
}
