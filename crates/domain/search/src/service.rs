//! The use case: a search, from the query to the ranked answer.

use std::{sync::Arc, time::Instant};

use altus4_connections::{ByEngine, ConnectionError, ConnectionService, Target};
use altus4_kernel::{Granted, IdGenerator, SearchId, Timer, grants::Search};
use futures::{
    StreamExt,
    future::{Either, join_all, select},
    pin_mut, stream,
};

use crate::{
    Degraded, Failure, FailureReason, FullTextIndex, SearchAnswer, SearchError, SearchMode, SearchQuery,
    TotalCount,
    gather::{Gathered, connection_failure, gather},
    present::{self, Shown},
    text::Terms,
};

/// How many databases one search calls at once.
const DATABASES_AT_ONCE: usize = 8;

/// Searches.
#[derive(Clone)]
pub struct SearchService {
    connections: ConnectionService,
    indexes: ByEngine<dyn FullTextIndex>,
    timer: Arc<dyn Timer>,
    ids: Arc<dyn IdGenerator>,
}

impl SearchService {
    /// The service over these ports.
    #[must_use]
    pub fn new(
        connections: ConnectionService,
        indexes: ByEngine<dyn FullTextIndex>,
        timer: Arc<dyn Timer>,
        ids: Arc<dyn IdGenerator>,
    ) -> Self {
        Self { connections, indexes, timer, ids }
    }

    /// Searches the databases that the query names, or all active ones of the account, side by
    /// side, and answers with one ranked list. What has not answered at the query's time limit is
    /// left out and named.
    ///
    /// # Errors
    /// [`SearchError`]; never because one database of several failed.
    pub async fn search(
        &self,
        granted: Granted<Search>,
        query: SearchQuery,
    ) -> Result<SearchAnswer, SearchError> {
        let until = Instant::now() + query.timeout;
        let targets = self.connections.searchable(granted, &query.databases).await?;
        let terms = Terms::of(query.text.as_str());
        let gathered = self.gather_all(targets, &query, &terms).await;
        check_names(&query, &gathered)?;
        if !gathered.is_empty() && gathered.iter().all(|database| database.failed) {
            return Err(SearchError::AllFailed(gathered.into_iter().flat_map(|g| g.failures).collect()));
        }
        let list = present::ranked(&gathered, &query, &terms);
        let mut failures = Vec::new();
        let hits = self.show(&gathered, &list.page, &query, &terms, until, &mut failures).await;
        failures.extend(gathered.into_iter().flat_map(|database| database.failures));
        Ok(SearchAnswer {
            search_id: SearchId::from_uuid(self.ids.next_id()),
            hits,
            total: TotalCount { count: list.total, exact: list.exact && failures.is_empty() },
            degraded: if query.mode == SearchMode::Semantic { vec![Degraded::Ai] } else { vec![] },
            failures,
        })
    }

    async fn gather_all(&self, targets: Vec<Target>, query: &SearchQuery, terms: &Terms) -> Vec<Gathered> {
        // Words that no database could hold need no question.
        if terms.len() == 0 {
            return Vec::new();
        }
        let each = |target| self.gather_in_time(target, query, terms);
        // In the order of the connections, so that the answer doesn't depend on who was quicker.
        stream::iter(targets).map(each).buffered(DATABASES_AT_ONCE).collect().await
    }

    /// The adapters keep the deadline themselves; this holds the line should one not.
    async fn gather_in_time(&self, target: Target, query: &SearchQuery, terms: &Terms) -> Gathered {
        let engine = target.connection.engine;
        let Some(index) = self.indexes.get(engine) else {
            let failure = connection_failure(&target, None, &ConnectionError::EngineUnavailable(engine));
            return Gathered::nothing(target, failure);
        };
        let work = gather(&self.connections, index.as_ref(), target.clone(), query, terms, query.timeout);
        let limit = self.timer.sleep(query.timeout);
        pin_mut!(work, limit);
        match select(work, limit).await {
            Either::Left((gathered, _)) => gathered,
            Either::Right(_) => {
                let failure = Failure {
                    connection_id: target.connection.id,
                    table: None,
                    reason: FailureReason::Timeout,
                    message: "the database did not answer in time".to_owned(),
                };
                Gathered::nothing(target, failure)
            }
        }
    }

    /// The page's hits. Rows that have to be read once more are read with one statement for each
    /// table, all tables side by side; a table that fails now is left out and named.
    async fn show(
        &self,
        gathered: &[Gathered],
        page: &[Shown],
        query: &SearchQuery,
        terms: &Terms,
        until: Instant,
        failures: &mut Vec<Failure>,
    ) -> Vec<crate::Hit> {
        let reads = present::missing_rows(gathered, page).into_iter().filter_map(|(place, keys)| {
            let database = &gathered[place.database];
            let index = self.indexes.get(database.target.connection.engine)?;
            let plan = &database.tables[place.table].plan;
            Some(async move {
                (place, crate::gather::read_rows(index.as_ref(), &database.target, plan, keys, until).await)
            })
        });
        let mut rows = std::collections::HashMap::new();
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
        let mut finder = terms.finder();
        page.iter().filter_map(|shown| present::hit(gathered, shown, &rows, query, &mut finder)).collect()
    }
}

/// A name that exists nowhere is a mistake; where a database failed, nobody knows.
fn check_names(query: &SearchQuery, gathered: &[Gathered]) -> Result<(), SearchError> {
    if gathered.is_empty() || gathered.iter().any(|database| database.failed) {
        return Ok(());
    }
    let unknown = |asked: &[String], known: fn(&Gathered) -> &Vec<String>| -> Vec<String> {
        asked.iter().filter(|name| !gathered.iter().any(|g| known(g).contains(name))).cloned().collect()
    };
    let tables = unknown(&query.tables, |g| &g.known.tables);
    if !tables.is_empty() {
        return Err(SearchError::UnknownTables(tables));
    }
    let columns = unknown(&query.columns, |g| &g.known.columns);
    if !columns.is_empty() {
        return Err(SearchError::UnknownColumns(columns));
    }
    let fields = unknown(&query.fields, |g| &g.known.fields);
    if fields.is_empty() { Ok(()) } else { Err(SearchError::UnknownFields(fields)) }
}
