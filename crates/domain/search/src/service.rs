//! The use case: a search, from the query to the ranked answer.

mod analyze;
mod learn;
mod meaning;
mod merged;
mod names;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_connections::{
    ByEngine, ConnectionError, ConnectionService, SearchEvidence, SearchLanguage, Target,
};
use altus4_kernel::{
    AiPayer, Background, ConnectionId, Granted, IdGenerator, SearchId, Timer, grants::Search,
};
use futures::{
    StreamExt,
    future::{Either, join, join_all, select},
    pin_mut, stream,
};

use self::names::{check_filter, check_names};
pub use self::{
    analyze::{DatabaseAnalysis, SearchAnalysis, TableAnalysis},
    merged::{Merged, MergedAnswer, MergedFault},
};
use crate::{
    DatabaseTiming, Degraded, Failure, FullTextIndex, Hit, MeaningPorts, Phrases, SearchAdvice,
    SearchAnalytics, SearchAnswer, SearchError, SearchQuery, Spelling, Suggestion, TotalCount,
    categories::{self, name_groups},
    facets,
    failures::{connection_failure, timed_out},
    gather::{Gathered, gather, read_rows},
    present::{self, List, Shown},
    question::Question,
    vocabulary::{Vocabularies, Vocabulary},
};

/// How many databases one search calls at once.
const DATABASES_AT_ONCE: usize = 8;

/// Searches.
#[derive(Clone)]
pub struct SearchService {
    connections: ConnectionService,
    indexes: ByEngine<dyn FullTextIndex>,
    timer: Arc<dyn Timer>,
    vocabularies: Vocabularies,
    ids: Arc<dyn IdGenerator>,
    evidence: Option<Arc<dyn SearchEvidence>>,
    meaning: Option<MeaningPorts>,
}

/// A search that has been run, before any of its rows is shown.
struct Run {
    query: SearchQuery,
    /// Where it went.
    searched: Vec<ConnectionId>,
    question: Question,
    gathered: Vec<Gathered>,
    list: List,
    suggestions: Vec<Suggestion>,
    /// What it had to do without.
    degraded: Vec<Degraded>,
    until: Instant,
    /// How long gathering took.
    search: Duration,
    /// How long ranking took.
    ranking: Duration,
}

impl SearchService {
    /// The service over these ports.
    #[must_use]
    pub fn new(
        connections: ConnectionService,
        indexes: ByEngine<dyn FullTextIndex>,
        timer: Arc<dyn Timer>,
        background: Arc<dyn Background>,
        ids: Arc<dyn IdGenerator>,
    ) -> Self {
        let vocabularies = Vocabularies::new(background);
        Self { connections, indexes, timer, vocabularies, ids, evidence: None, meaning: None }
    }

    /// How words are spelt in the databases that were searched lately.
    #[must_use]
    pub fn spelling(&self) -> Arc<dyn Spelling> {
        Arc::new(self.vocabularies.clone())
    }

    /// Titles of the databases that were searched lately.
    #[must_use]
    pub fn phrases(&self) -> Arc<dyn Phrases> {
        Arc::new(self.vocabularies.clone())
    }

    /// The same, telling how it got at the words of each table, so that there is evidence for advice
    /// on indexes.
    #[must_use]
    pub fn with_evidence(self, evidence: Arc<dyn SearchEvidence>) -> Self {
        Self { evidence: Some(evidence), ..self }
    }

    /// The same, with what tells meaning.
    #[must_use]
    pub fn with_meaning(self, ports: MeaningPorts) -> Self {
        Self { meaning: Some(ports), ..self }
    }

    /// Searches the databases that the query names, or all active ones of the account, side by
    /// side, and answers with one list. What has not answered at the query's time limit is left out
    /// and named. What a provider outside charges, `payer` pays; without that, and without meaning
    /// whenever it is slow or fails, words answer alone, and the answer says so.
    ///
    /// # Errors
    /// [`SearchError`]; never because one database of several failed.
    pub async fn search(
        &self,
        granted: Granted<Search>,
        query: SearchQuery,
        payer: &dyn AiPayer,
    ) -> Result<SearchAnswer, SearchError> {
        let mut run = self.run(granted, query, payer).await?;
        let showing = Instant::now();
        let mut failures = Vec::new();
        let hits = self.show(&run, run.list.page(run.query.window), &mut failures).await;
        let analytics = run.query.include_analytics.then(|| run.analytics(showing.elapsed()));
        let facets = run.facets();
        failures.extend(run.gathered.iter_mut().flat_map(|database| std::mem::take(&mut database.failures)));
        let complete = failures.is_empty();
        Ok(SearchAnswer {
            search_id: SearchId::from_uuid(self.ids.next_id()),
            total: TotalCount { count: run.list.total, exact: run.list.exact && complete },
            degraded: run.degraded,
            failures,
            facets,
            categories: categories::sum(&hits),
            suggestions: run.suggestions,
            analytics,
            hits,
        })
    }

    /// Everything but the rows of the page.
    async fn run(
        &self,
        granted: Granted<Search>,
        query: SearchQuery,
        payer: &dyn AiPayer,
    ) -> Result<Run, SearchError> {
        let started = Instant::now();
        let until = started + query.timeout;
        let mut question = Question::of(&query)?;
        let targets = self.connections.searchable(granted, &query.databases).await?;
        question = question.to(&query, &targets)?;
        let searched = targets.iter().map(|target| target.connection.id).collect();
        let asking = self.asking(&query, payer, started);
        let hearing = self.hear(asking.as_ref(), &targets, &query);
        let gathering = self.gather_corrected(targets.clone(), &query, &mut question);
        let ((mut gathered, known), mut heard) = join(gathering, hearing).await;
        check_names(&query, &question, &gathered)?;
        check_filter(&gathered)?;
        if !gathered.is_empty() && gathered.iter().all(|database| database.failed) {
            return Err(SearchError::AllFailed(gathered.into_iter().flat_map(|g| g.failures).collect()));
        }
        let search = started.elapsed();
        let ranking = Instant::now();
        let list = self.list(asking.as_ref(), &mut heard, &mut gathered, (&query, &question)).await;
        let known: Vec<&Vocabulary> = known.iter().map(AsRef::as_ref).collect();
        let mut suggestions = question.suggestions(query.text.as_str(), &known, list.total == 0);
        let (related, degraded) = heard.told();
        suggestions.extend(related);
        let ranking = ranking.elapsed();
        Ok(Run { query, searched, question, gathered, list, suggestions, degraded, until, search, ranking })
    }

    /// Gathers for the words as they are held to be meant; and what is known of the tables' words.
    async fn gather_corrected(
        &self,
        targets: Vec<Target>,
        query: &SearchQuery,
        question: &mut Question,
    ) -> (Vec<Gathered>, Vec<Arc<Vocabulary>>) {
        let vocabularies = self.learn(&targets, query, question).await;
        let known: Vec<&Vocabulary> = vocabularies.iter().map(AsRef::as_ref).collect();
        question.join(&known);
        let is_certain = known.iter().all(|known| known.is_whole());
        question.correct(&known, |_| is_certain);
        let gathered = self.gather_all(targets.clone(), query, question).await;
        if is_certain || !question.terms().has_unknown(&known) {
            return (gathered, vocabularies);
        }
        // A word that was not among the rows read and is in none found is in none.
        let found = present::terms_found(&gathered, question.terms());
        if question.correct(&known, |term| !found.contains(&term)) {
            return (self.gather_all(targets, query, question).await, vocabularies);
        }
        (gathered, vocabularies)
    }

    async fn gather_all(
        &self,
        targets: Vec<Target>,
        query: &SearchQuery,
        question: &Question,
    ) -> Vec<Gathered> {
        // Words that no database could hold need no question.
        if question.is_empty() {
            return Vec::new();
        }
        let each = |target| self.gather_in_time(target, query, question);
        // In the order of the connections, so that the answer doesn't depend on who was quicker.
        stream::iter(targets).map(each).buffered(DATABASES_AT_ONCE).collect().await
    }

    /// The adapters keep the deadline themselves; this holds the line should one not.
    async fn gather_in_time(&self, target: Target, query: &SearchQuery, question: &Question) -> Gathered {
        let engine = target.connection.engine;
        let Some(index) = self.indexes.get(engine) else {
            let failure = connection_failure(&target, None, &ConnectionError::EngineUnavailable(engine));
            return Gathered::nothing(target, failure);
        };
        let evidence = self.evidence.as_deref();
        let known = (question, &self.vocabularies);
        let work = gather(&self.connections, evidence, index.as_ref(), target.clone(), query, known);
        let late = || Gathered::nothing(target.clone(), timed_out(&target));
        self.in_time(query.timeout, work, late).await
    }

    /// What the work gives, or what is to be said when it takes too long.
    async fn in_time<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = T>,
        late: impl FnOnce() -> T,
    ) -> T {
        let limit = self.timer.sleep(limit);
        pin_mut!(work, limit);
        match select(work, limit).await {
            Either::Left((done, _)) => done,
            Either::Right(_) => late(),
        }
    }

    /// The page's hits. Rows that have to be read once more are read with one statement for each
    /// table, all tables side by side; a table that fails now is left out and named.
    async fn show(&self, run: &Run, page: &[Shown], failures: &mut Vec<Failure>) -> Vec<Hit> {
        let gathered = &run.gathered;
        let reads =
            present::missing_rows(gathered, page).into_iter().filter_map(|(place, keys)| {
                let database = &gathered[place.database];
                let index = self.indexes.get(database.target.connection.engine)?;
                let plan = &database.tables[place.table].plan;
                Some(async move {
                    (place, read_rows(index.as_ref(), &database.target, plan, keys, run.until).await)
                })
            });
        let mut rows = HashMap::new();
        for (place, outcome) in join_all(reads).await {
            match outcome {
                Ok(read) => {
                    rows.insert(place, read);
                }
                Err(error) => {
                    let database = &gathered[place.database];
                    let table = database.tables[place.table].plan.table.table.name().to_owned();
                    failures.push(connection_failure(&database.target, Some(table), &error.into()));
                }
            }
        }
        let mut finders = run.question.terms().finders();
        let hit = |shown: &Shown| {
            let hit = present::hit(gathered, shown, &rows, &run.query, &run.question, &mut finders)?;
            Some((hit, shown.vector(gathered)))
        };
        let mut hits: Vec<_> = page.iter().filter_map(hit).collect();
        let language = |connection| {
            let of = gathered.iter().find(|database| database.target.connection.id == connection);
            of.map_or_else(SearchLanguage::default, Gathered::language)
        };
        name_groups(&mut hits, &mut finders, language);
        hits.into_iter().map(|(hit, _)| hit).collect()
    }
}

impl Run {
    /// What was counted, in the order of the query.
    fn facets(&mut self) -> Vec<(String, Vec<(String, u64)>)> {
        let mut counted: Vec<Vec<crate::Facet>> = vec![Vec::new(); self.query.facets.len()];
        for table in self.gathered.iter_mut().flat_map(|database| &mut database.tables) {
            for ((at, _), facet) in table.plan.facets.iter().zip(std::mem::take(&mut table.facets)) {
                counted[*at].push(facet);
            }
        }
        let named = self.query.facets.iter().cloned();
        named.zip(counted.into_iter().map(|tables| facets::merge(tables.into_iter()))).collect()
    }

    fn analytics(&self, rows: Duration) -> SearchAnalytics {
        let timing = |database: &Gathered| DatabaseTiming {
            connection_id: database.target.connection.id,
            total: database.took,
            schema: database.schema_took,
            tables: database
                .tables
                .iter()
                .map(|table| (table.plan.table.table.name().to_owned(), table.took))
                .collect(),
        };
        SearchAnalytics {
            databases: self.gathered.iter().map(timing).collect(),
            search: self.search,
            ranking: self.ranking,
            rows,
            advice: self.gathered.iter().flat_map(advice).collect(),
        }
    }
}

/// The tables whose words were got at without an index, or not at all.
fn advice(database: &Gathered) -> Vec<SearchAdvice> {
    let connection_id = database.target.connection.id;
    let names = |columns: &[altus4_connections::ColumnRef]| -> Vec<String> {
        columns.iter().map(|column| column.name().to_owned()).collect()
    };
    let mut advice = Vec::new();
    for (table, columns) in &database.without_index {
        advice.push(SearchAdvice {
            connection_id,
            table: table.clone(),
            columns: names(columns),
            left_out: true,
        });
    }
    for plan in database.tables.iter().map(|table| &table.plan) {
        for (columns, left_out) in [(&plan.unreached, true), (&plan.scope.unindexed, false)] {
            if !columns.is_empty() {
                let table = plan.table.table.name().to_owned();
                advice.push(SearchAdvice { connection_id, table, columns: names(columns), left_out });
            }
        }
    }
    advice
}
