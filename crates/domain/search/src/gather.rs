//! Gathering: the candidates of one database, from all its planned tables side by side.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_connections::{
    ColumnRef, ConnectionService, FilterFault, SchemaSnapshot, SearchEvidence, SearchLanguage, Target,
};
use altus4_kernel::PortErrorKind;
use futures::{StreamExt, stream};

use crate::{
    Failure, FullTextIndex, SearchQuery,
    evidence::note,
    failures::{connection_failure, plan_failures},
    plan::{self, DatabasePlan, KnownNames},
    question::Question,
    vocabulary::Vocabularies,
};

mod beside;
mod near;
mod table;

use self::table::{cells, gather_table, sort_columns};
pub(crate) use self::{
    beside::{Beside, ask_beside},
    near::{Near, find_near},
    table::{GatheredTable, Nearness, best_request, read_rows},
};

/// How many statements run at once against one database for one search.
pub(crate) const STATEMENTS_AT_ONCE: usize = 4;

/// Who is asked, for what, and until when.
pub(crate) struct Ask<'a> {
    pub(crate) index: &'a dyn FullTextIndex,
    pub(crate) target: &'a Target,
    pub(crate) query: &'a SearchQuery,
    pub(crate) question: &'a Question,
    pub(crate) vocabularies: &'a Vocabularies,
    pub(crate) until: Instant,
}

impl Ask<'_> {
    /// What is left of the time, and never more than the connection's own limit.
    pub(crate) fn remaining(&self) -> Duration {
        remaining(self.target, self.until)
    }
}

/// What a database gave.
pub(crate) struct Gathered {
    pub(crate) target: Target,
    pub(crate) tables: Vec<GatheredTable>,
    pub(crate) known: KnownNames,
    /// For each table that the filter doesn't fit, why.
    pub(crate) misfits: Vec<Vec<FilterFault>>,
    /// Whether the filter fits some table.
    pub(crate) filter_fits: bool,
    /// Tables that were not searched for want of an index, and their columns.
    pub(crate) without_index: Vec<(String, Vec<ColumnRef>)>,
    pub(crate) failures: Vec<Failure>,
    /// Whether the database could not be searched at all.
    pub(crate) failed: bool,
    /// How long it took to know the schema.
    pub(crate) schema_took: Duration,
    /// How long it took altogether.
    pub(crate) took: Duration,
}

impl Gathered {
    /// The language of its texts.
    pub(crate) fn language(&self) -> SearchLanguage {
        self.target.connection.search.language
    }

    /// A database that gave nothing, and why.
    pub(crate) fn nothing(target: Target, failure: Failure) -> Self {
        Self {
            target,
            tables: vec![],
            known: KnownNames::default(),
            misfits: vec![],
            filter_fits: false,
            without_index: vec![],
            failures: vec![failure],
            failed: true,
            schema_took: Duration::ZERO,
            took: Duration::ZERO,
        }
    }
}

/// Searches one database within the query's time limit. A schema that turns out stale is read anew,
/// once.
pub(crate) async fn gather(
    connections: &ConnectionService,
    evidence: Option<&dyn SearchEvidence>,
    index: &dyn FullTextIndex,
    target: Target,
    query: &SearchQuery,
    (question, vocabularies): (&Question, &Vocabularies),
) -> Gathered {
    let started = Instant::now();
    let until = started + query.timeout;
    let ask = Ask { index, target: &target, query, question, vocabularies, until };
    let mut refresh = false;
    let mut gathered = loop {
        let reading = Instant::now();
        let snapshot = match connections.read_schema(&target, refresh).await {
            Ok(snapshot) => snapshot,
            Err(error) => {
                let failure = connection_failure(&target, None, &error);
                break Gathered::nothing(target.clone(), failure);
            }
        };
        let schema_took = reading.elapsed();
        let (gathered, stale) = gather_planned(&ask, &snapshot, evidence).await;
        if !stale || refresh {
            break Gathered { schema_took, ..gathered };
        }
        refresh = true;
    };
    gathered.took = started.elapsed();
    gathered
}

/// Whether the second is true, the schema is stale: a table or column was gone.
async fn gather_planned(
    ask: &Ask<'_>,
    snapshot: &Arc<SchemaSnapshot>,
    evidence: Option<&dyn SearchEvidence>,
) -> (Gathered, bool) {
    let target = ask.target;
    let planned = plan::plan(snapshot, ask.query, ask.question, &target.connection.search.tables);
    let mut failures = plan_failures(target, &planned);
    let DatabasePlan { tables, known, without_index, misfits, filter_fits, .. } = planned;
    let asked = tables.len();
    let each = |table| gather_table(ask, table);
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
    for table in &mut gathered {
        if let Some(error) = table.facets_failed.take() {
            stale |= error.kind == PortErrorKind::Rejected;
            let name = table.plan.table.table.name().to_owned();
            failures.push(connection_failure(target, Some(name), &error.into()));
        }
    }
    if let Some(evidence) = evidence {
        note(evidence, target, &gathered, &without_index);
    }
    let gathered = Gathered {
        failed: asked > 0 && gathered.is_empty(),
        target: target.clone(),
        tables: gathered,
        known,
        misfits,
        filter_fits,
        without_index,
        failures,
        schema_took: Duration::ZERO,
        took: Duration::ZERO,
    };
    (gathered, stale)
}

/// What is left of the time, and never more than the connection's own limit.
pub(crate) fn remaining(target: &Target, until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now()).min(target.connection.options.timeout())
}
