//! Gathering: the candidates of one database, from all its planned tables side by side.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_connections::{ConnectionError, ConnectionService, SchemaSnapshot, Target, Value};
use altus4_kernel::{PortError, PortErrorKind};
use futures::{StreamExt, stream};

use crate::{
    Candidate, CandidateRequest, CandidateSource, Failure, FailureReason, FullTextIndex, SearchQuery,
    identity::key_bytes,
    plan::{self, DatabasePlan, KnownNames, RANK_DEPTH, TablePlan},
    text::Terms,
};

/// How many statements run at once against one database for one search.
const STATEMENTS_AT_ONCE: usize = 4;

/// What a table gave.
#[derive(Debug)]
pub(crate) struct GatheredTable {
    pub(crate) plan: TablePlan,
    /// The candidates that are ranked by their words, in the server's order.
    pub(crate) ranked: Vec<Candidate>,
    /// Those beyond, in the server's order, without values; gathered for deep pages alone.
    pub(crate) beyond: Vec<Candidate>,
    /// Whether these are all the rows that match.
    pub(crate) complete: bool,
}

/// What a database gave.
pub(crate) struct Gathered {
    pub(crate) target: Target,
    pub(crate) tables: Vec<GatheredTable>,
    pub(crate) known: KnownNames,
    pub(crate) failures: Vec<Failure>,
    /// Whether the database could not be searched at all.
    pub(crate) failed: bool,
}

impl Gathered {
    /// A database that gave nothing, and why.
    pub(crate) fn nothing(target: Target, failure: Failure) -> Self {
        Self { target, tables: vec![], known: KnownNames::default(), failures: vec![failure], failed: true }
    }
}

/// Searches one database within `timeout`. A schema that turns out stale is read anew, once.
pub(crate) async fn gather(
    connections: &ConnectionService,
    index: &dyn FullTextIndex,
    target: Target,
    query: &SearchQuery,
    terms: &Terms,
    timeout: Duration,
) -> Gathered {
    let until = Instant::now() + timeout;
    let mut refresh = false;
    loop {
        let snapshot = match connections.read_schema(&target, refresh).await {
            Ok(snapshot) => snapshot,
            Err(error) => {
                let failure = connection_failure(&target, None, &error);
                return Gathered::nothing(target, failure);
            }
        };
        let (gathered, stale) = gather_planned(index, &target, &snapshot, query, terms, until).await;
        if !stale || refresh {
            return gathered;
        }
        refresh = true;
    }
}

/// Whether the second is true, the schema is stale: a table or column was gone.
async fn gather_planned(
    index: &dyn FullTextIndex,
    target: &Target,
    snapshot: &Arc<SchemaSnapshot>,
    query: &SearchQuery,
    terms: &Terms,
    until: Instant,
) -> (Gathered, bool) {
    let planned = plan::plan(snapshot, query, &target.connection.search.tables);
    let mut failures = plan_failures(target, &planned);
    let DatabasePlan { tables, known, .. } = planned;
    let asked = tables.len();
    let deep = query.window.end() > RANK_DEPTH as usize;
    let each = |table| gather_table(index, target, table, terms, deep, until);
    let outcomes: Vec<_> =
        stream::iter(tables).map(each).buffer_unordered(STATEMENTS_AT_ONCE).collect().await;
    let mut gathered = Vec::with_capacity(asked);
    let mut stale = false;
    for outcome in outcomes {
        match outcome {
            Ok(table) => gathered.push(table),
            Err((table, error)) => {
                stale |= error.kind == PortErrorKind::Rejected;
                failures.push(connection_failure(target, Some(table), &error.into()));
            }
        }
    }
    // The order in which answers arrived must not decide ties.
    gathered.sort_by(|a, b| a.plan.table.table.cmp(&b.plan.table.table));
    let failed = asked > 0 && gathered.is_empty();
    (Gathered { target: target.clone(), tables: gathered, known, failures, failed }, stale)
}

async fn gather_table(
    index: &dyn FullTextIndex,
    target: &Target,
    plan: TablePlan,
    terms: &Terms,
    deep: bool,
    until: Instant,
) -> Result<GatheredTable, (String, PortError)> {
    let mut seen = HashSet::new();
    let mut ranked = Vec::new();
    let mut beyond = Vec::new();
    let mut complete = true;
    for source in &plan.sources {
        let shallow = request(&plan, source, terms, RANK_DEPTH + 1);
        let found = ask(index, target, &shallow, until).await.map_err(|e| (name(&plan), e))?;
        let cut = found.len() > RANK_DEPTH as usize;
        let mut whole = !cut;
        let depth = found.into_iter().take(RANK_DEPTH as usize);
        ranked.extend(depth.filter(|candidate| is_new(&mut seen, &plan, candidate)));
        if cut && deep && !plan.table.primary_key.is_empty() {
            // One more than can be walked to, so that it is known whether there are more.
            let limit = crate::Window::MAX_OFFSET + crate::Window::MAX_LIMIT + 1;
            let deeper = CandidateRequest { read: vec![], ..request(&plan, source, terms, limit) };
            let found = ask(index, target, &deeper, until).await.map_err(|e| (name(&plan), e))?;
            whole = found.len() < limit as usize;
            beyond.extend(found.into_iter().filter(|candidate| is_new(&mut seen, &plan, candidate)));
        }
        complete &= whole;
    }
    Ok(GatheredTable { plan, ranked, beyond, complete })
}

fn name(plan: &TablePlan) -> String {
    plan.table.table.name().to_owned()
}

fn is_new(seen: &mut HashSet<Vec<u8>>, plan: &TablePlan, candidate: &Candidate) -> bool {
    // Rows of a table without a key can't be told apart, so none is taken for another.
    plan.table.primary_key.is_empty() || seen.insert(key_bytes(&candidate.key))
}

fn request(plan: &TablePlan, source: &CandidateSource, terms: &Terms, limit: u32) -> CandidateRequest {
    CandidateRequest {
        table: Arc::clone(&plan.table),
        source: source.clone(),
        words: terms.typed().to_vec(),
        read: plan.read.clone(),
        limit,
    }
}

async fn ask(
    index: &dyn FullTextIndex,
    target: &Target,
    request: &CandidateRequest,
    until: Instant,
) -> Result<Vec<Candidate>, PortError> {
    index.candidates(target, request, remaining(target, until)).await
}

/// What is left of the time, and never more than the connection's own limit.
pub(crate) fn remaining(target: &Target, until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now()).min(target.connection.options.timeout())
}

fn plan_failures(target: &Target, plan: &DatabasePlan) -> Vec<Failure> {
    const NAMED: usize = 5;
    let mut failures = Vec::new();
    if !plan.without_index.is_empty() {
        let names = plan.without_index.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = plan.without_index.len().saturating_sub(NAMED);
        let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
        failures.push(Failure {
            connection_id: target.connection.id,
            table: plan.without_index.first().filter(|_| plan.without_index.len() == 1).cloned(),
            reason: FailureReason::NoIndex,
            message: format!(
                "not searched, for want of a FULLTEXT index over its text columns: {names}{and_more}. \
                 ALTER TABLE … ADD FULLTEXT (…) makes it searchable"
            ),
        });
    }
    if plan.left_out > 0 {
        failures.push(Failure {
            connection_id: target.connection.id,
            table: None,
            reason: FailureReason::TooManyTables,
            message: format!(
                "one search goes through {} tables of a database; {} more were left out: name the tables \
                 to search, or set the connection's defaultSearchTables",
                plan::MAX_TABLES,
                plan.left_out
            ),
        });
    }
    failures
}

/// Why a database, or one table of it, gave nothing, in words that may be shown to its owner.
pub(crate) fn connection_failure(target: &Target, table: Option<String>, error: &ConnectionError) -> Failure {
    let told = |port: &PortError| port.detail.as_ref().map(|detail| detail.message.clone());
    let (reason, message) = match error {
        ConnectionError::HostNotAllowed | ConnectionError::EngineUnavailable(_) => {
            (FailureReason::NotAllowed, error.to_string())
        }
        ConnectionError::DataSource(port) if port.kind == PortErrorKind::Timeout => {
            (FailureReason::Timeout, "the database did not answer in time".to_owned())
        }
        ConnectionError::DataSource(port) => (
            FailureReason::ConnectionFailed,
            told(port).unwrap_or_else(|| "the database can't be reached or refused".to_owned()),
        ),
        _ => (FailureReason::ConnectionFailed, "the database can't be searched at the moment".to_owned()),
    };
    Failure { connection_id: target.connection.id, table, reason, message }
}

/// The rows of a page by their keys, for those tables where they have to be read once more.
pub(crate) async fn read_rows(
    index: &dyn FullTextIndex,
    target: &Target,
    plan: &TablePlan,
    keys: Vec<Vec<Value>>,
    until: Instant,
) -> Result<HashMap<Vec<u8>, Vec<Value>>, PortError> {
    let request = crate::RowsRequest { table: Arc::clone(&plan.table), keys, read: plan.show() };
    let rows = index.rows(target, &request, remaining(target, until)).await?;
    Ok(rows.into_iter().map(|row| (key_bytes(&row.key), row.values)).collect())
}
