//! How a search would be run: how the query is read, and each server's own plan for what it would be
//! asked.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_connections::{ColumnRef, SchemaSnapshot, Target};
use altus4_kernel::{ConnectionId, Granted, PortError, PortErrorKind, grants::Analytics};
use futures::{StreamExt, stream};

use super::{DATABASES_AT_ONCE, SearchService, names::check_names};
use crate::{
    Explained, Failure, FullTextIndex, ParsedQuery, SearchError, SearchQuery,
    failures::{connection_failure, plan_failures, timed_out},
    gather::{Gathered, STATEMENTS_AT_ONCE, best_request, remaining},
    plan::{self, TablePlan},
    question::Question,
    vocabulary::Vocabulary,
};

/// How a search would be run.
#[derive(Debug, Clone)]
pub struct SearchAnalysis {
    /// How the query is read.
    pub parsed: ParsedQuery,
    /// Each database that could be asked, in the order of the connections.
    pub databases: Vec<DatabaseAnalysis>,
    /// What could not be searched.
    pub failures: Vec<Failure>,
}

/// How a search would go through one database.
#[derive(Debug, Clone)]
pub struct DatabaseAnalysis {
    /// The connection.
    pub connection_id: ConnectionId,
    /// Its tables, by name.
    pub tables: Vec<TableAnalysis>,
    /// Tables that would be left out for want of an index.
    pub left_out: Vec<String>,
}

/// How a search would go through one table.
#[derive(Debug, Clone)]
pub struct TableAnalysis {
    /// Its name.
    pub table: String,
    /// What the server says.
    pub explained: Explained,
    /// How long it took to hear that; never shorter than the statement itself.
    pub took: Duration,
    /// The columns that would be read whole, since no index covers them.
    pub scanned: Vec<String>,
}

impl SearchService {
    /// How this search would be run: planned as a search is, and each table's statement explained by
    /// its server, and run where the server measures so, all side by side within the query's time
    /// limit. Nothing of the query is run but as bound words.
    ///
    /// # Errors
    /// [`SearchError`] as of a search; never because one database of several failed.
    pub async fn analyze(
        &self,
        granted: Granted<Analytics>,
        query: SearchQuery,
    ) -> Result<SearchAnalysis, SearchError> {
        let mut question = Question::of(&query)?;
        let targets = self.connections.analysable(granted, &query.databases).await?;
        question = question.to(&query, &targets)?;
        let vocabularies = self.learn(&targets, &query, &question).await;
        let known: Vec<&Vocabulary> = vocabularies.iter().map(AsRef::as_ref).collect();
        question.join(&known);
        let is_certain = known.iter().all(|known| known.is_whole());
        question.correct(&known, |_| is_certain);
        let each = |target| self.explain_in_time(target, &query, &question);
        let explained: Vec<_> = stream::iter(targets).map(each).buffered(DATABASES_AT_ONCE).collect().await;
        let (gathered, tables): (Vec<Gathered>, Vec<_>) = explained.into_iter().unzip();
        check_names(&query, &question, &gathered)?;
        let all_failed = !gathered.is_empty() && gathered.iter().all(|database| database.failed);
        let (mut databases, mut failures) = (Vec::new(), Vec::new());
        for (database, tables) in gathered.into_iter().zip(tables) {
            failures.extend(database.failures);
            if !database.failed {
                let left_out = database.without_index.into_iter().map(|(table, _)| table).collect();
                let connection_id = database.target.connection.id;
                databases.push(DatabaseAnalysis { connection_id, tables, left_out });
            }
        }
        if all_failed {
            return Err(SearchError::AllFailed(failures));
        }
        Ok(SearchAnalysis {
            parsed: question.parsed(query.mode, query.text.as_str(), &known),
            databases,
            failures,
        })
    }

    /// The adapters keep the deadline themselves; this holds the line should one not.
    async fn explain_in_time(
        &self,
        target: Target,
        query: &SearchQuery,
        question: &Question,
    ) -> (Gathered, Vec<TableAnalysis>) {
        let work = self.explain(&target, query, question);
        let late = || (Gathered::nothing(target.clone(), timed_out(&target)), Vec::new());
        self.in_time(query.timeout, work, late).await
    }

    /// A schema that turns out stale is read anew, once.
    async fn explain(
        &self,
        target: &Target,
        query: &SearchQuery,
        question: &Question,
    ) -> (Gathered, Vec<TableAnalysis>) {
        let until = Instant::now() + query.timeout;
        let nothing =
            |error| (Gathered::nothing(target.clone(), connection_failure(target, None, &error)), Vec::new());
        let engine = target.connection.engine;
        let Some(index) = self.indexes.get(engine) else {
            return nothing(altus4_connections::ConnectionError::EngineUnavailable(engine));
        };
        let mut refresh = false;
        loop {
            let snapshot = match self.connections.read_schema(target, refresh).await {
                Ok(snapshot) => snapshot,
                Err(error) => return nothing(error),
            };
            let ask = (index, target, until);
            let (gathered, tables, stale) = self.explain_planned(ask, &snapshot, query, question).await;
            if !stale || refresh {
                return (gathered, tables);
            }
            refresh = true;
        }
    }

    /// Whether the third is true, the schema is stale: a table or column was gone.
    async fn explain_planned(
        &self,
        (index, target, until): (&Arc<dyn FullTextIndex>, &Target, Instant),
        snapshot: &SchemaSnapshot,
        query: &SearchQuery,
        question: &Question,
    ) -> (Gathered, Vec<TableAnalysis>, bool) {
        let planned = plan::plan(snapshot, query, question, &target.connection.search.tables);
        let mut failures = plan_failures(target, &planned);
        // Words that no database could hold need no question.
        let plans = if question.is_empty() { Vec::new() } else { planned.tables };
        let asked = plans.len();
        let each = |plan| self.explain_table(index, target, until, question, plan);
        let outcomes: Vec<_> =
            stream::iter(plans).map(each).buffer_unordered(STATEMENTS_AT_ONCE).collect().await;
        let (mut tables, mut stale) = (Vec::with_capacity(asked), false);
        for outcome in outcomes {
            match outcome {
                Ok(table) => tables.push(table),
                Err((table, error)) => {
                    stale |= error.kind == PortErrorKind::Rejected;
                    failures.push(connection_failure(target, Some(table), &error.into()));
                }
            }
        }
        tables.sort_by(|a: &TableAnalysis, b| a.table.cmp(&b.table));
        let gathered = Gathered {
            target: target.clone(),
            tables: Vec::new(),
            known: planned.known,
            misfits: planned.misfits,
            filter_fits: planned.filter_fits,
            without_index: planned.without_index,
            failures,
            failed: asked > 0 && tables.is_empty(),
            schema_took: Duration::ZERO,
            took: Duration::ZERO,
        };
        (gathered, tables, stale)
    }

    async fn explain_table(
        &self,
        index: &Arc<dyn FullTextIndex>,
        target: &Target,
        until: Instant,
        question: &Question,
        plan: TablePlan,
    ) -> Result<TableAnalysis, (String, PortError)> {
        let table = plan.table.table.name().to_owned();
        let vocabulary = self.vocabularies.known(target, &plan);
        let request = best_request(question, &plan, vocabulary.as_deref());
        let started = Instant::now();
        let explained = index.explain(target, &request, remaining(target, until)).await;
        let scanned = plan.scope.unindexed.iter().map(ColumnRef::name).map(str::to_owned).collect();
        match explained {
            Ok(explained) => Ok(TableAnalysis { table, explained, took: started.elapsed(), scanned }),
            Err(error) => Err((table, error)),
        }
    }
}
