//! What is asked of rows that are near in meaning and that words didn't find: the servers sort them and
//! count their values as they do with those that words found.

use altus4_connections::{Target, Value};
use altus4_kernel::{PortError, PortResult};
use futures::future::join;

use super::{GatheredTable, near::with_keys, remaining, sort_columns, table::cells};
use crate::{
    CandidateRequest, Expr, Facet, FacetRequest, FullTextIndex, Matching, Order, SearchQuery, facets,
    meaning::Asking, present::is_given_sorted, question::Question,
};

/// What was found of them.
#[derive(Default)]
pub(crate) struct Beside {
    /// Where results are sorted: those that words don't find at all, as a table of their own.
    pub(crate) sorted: Option<GatheredTable>,
    /// For each facet of the plan, what was counted among them.
    pub(crate) facets: Vec<Facet>,
    /// Why it was not.
    pub(crate) facets_failed: Option<PortError>,
}

/// Asks for what is wanted of the rows with these keys. Those that words find after all are left out:
/// they are among the matches already.
pub(crate) async fn ask_beside(
    asking: &Asking<'_>,
    index: &dyn FullTextIndex,
    (target, table): (&Target, &GatheredTable),
    (query, question): (&SearchQuery, &Question),
    keys: &[Vec<Value>],
) -> PortResult<Beside> {
    let plan = &table.plan;
    let wants_order = is_given_sorted(query);
    if keys.is_empty() || (!wants_order && plan.facets.is_empty()) {
        return Ok(Beside::default());
    }
    let matching = Matching {
        table: plan.table.clone(),
        scope: plan.scope.clone(),
        expr: Expr::Not(Box::new(question.every(plan, table.vocabulary.as_deref()))),
        filter: Some(with_keys(plan, keys)),
    };
    let deadline = || remaining(target, asking.until);
    let sorted = async {
        if !wants_order {
            return Ok(None);
        }
        let request = CandidateRequest {
            matching: matching.clone(),
            order: Order::By(plan.sort_keys()),
            read: sort_columns(plan),
            limit: u32::try_from(keys.len()).unwrap_or(u32::MAX),
        };
        let mut found = index.candidates(target, &request, deadline()).await?;
        let mut sorted = GatheredTable::new(plan.clone(), None);
        sorted.cells = found.iter_mut().map(|row| cells(plan, &std::mem::take(&mut row.values))).collect();
        sorted.beyond = found;
        // What else is told of the table is told with the table itself.
        sorted.plan.facets.clear();
        sorted.plan.unreached.clear();
        sorted.plan.scope.unindexed.clear();
        Ok(Some(sorted))
    };
    let faceted = async {
        if plan.facets.is_empty() {
            return Ok(Vec::new());
        }
        let columns = plan.facets.iter().map(|(_, column)| column.clone()).collect();
        let request = FacetRequest { matching: matching.clone(), columns, limit: facets::ASKED };
        index.facets(target, &request, deadline()).await
    };
    let (sorted, faceted) = join(sorted, faceted).await;
    let (facets, facets_failed) = match faceted {
        Ok(facets) => (facets, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    Ok(Beside { sorted: sorted?, facets, facets_failed })
}
