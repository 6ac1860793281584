//! Several searches in one list.

use std::collections::HashSet;

use altus4_kernel::{AiPayer, ConnectionId, Granted, SearchId, grants::Search};
use futures::future::join_all;

use super::{Run, SearchService};
use crate::{
    Failure, Hit, SearchAnswer, SearchError, SearchQuery, TotalCount, Window, categories, present::Shown,
    rank::step_below,
};

/// A search whose results are merged with others', and how much they count beside those.
#[derive(Debug, Clone)]
pub struct Merged {
    /// The search. Its own window and order are not looked at; nor are its facets and analytics.
    pub query: SearchQuery,
    /// Over 0; only how it compares to the others' counts.
    pub weight: f64,
}

/// What several merged searches gave.
#[derive(Debug, Clone)]
pub struct MergedAnswer {
    /// The merged list.
    pub answer: SearchAnswer,
    /// For each search, the databases that it went to.
    pub searched: Vec<Vec<ConnectionId>>,
}

/// One of several merged searches can't be run.
#[derive(Debug, thiserror::Error)]
#[error("query {place}: {error}")]
pub struct MergedFault {
    /// Which, counted from 0.
    pub place: usize,
    /// Why.
    pub error: Box<SearchError>,
    /// Where every search failed: for each, the databases that it went to.
    pub searched: Vec<Vec<ConnectionId>>,
}

impl SearchService {
    /// Runs several searches side by side and answers with the wanted part of one list: every row
    /// that some of them finds, once, where its best search places it. The score of a row is its
    /// share of all that its query asks for, so that it can be held against another's; weights are
    /// taken relative to the greatest.
    ///
    /// # Errors
    /// The first query that is at fault. A search all of whose databases fail costs its own results,
    /// unless that goes for every search.
    pub async fn search_merged(
        &self,
        granted: Granted<Search>,
        searches: Vec<Merged>,
        window: Window,
        payer: &dyn AiPayer,
    ) -> Result<MergedAnswer, MergedFault> {
        let greatest = searches.iter().map(|merged| merged.weight).fold(f64::MIN_POSITIVE, f64::max);
        let weights: Vec<f64> = searches.iter().map(|merged| (merged.weight / greatest).max(0.0)).collect();
        let each = searches.into_iter().map(|merged| {
            let asked = merged.query;
            let query = SearchQuery {
                window,
                sort: Vec::new(),
                facets: Vec::new(),
                include_analytics: false,
                ..asked
            };
            self.run(granted, query, payer)
        });
        let mut runs = Vec::new();
        let mut failures: Vec<Failure> = Vec::new();
        let outcomes = join_all(each).await;
        let asked = outcomes.len();
        let mut failed = Vec::new();
        let mut gone_to = Vec::with_capacity(asked);
        for (place, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(run) => {
                    gone_to.push(run.searched.clone());
                    runs.push((run, weights[place]));
                }
                Err(SearchError::AllFailed(of_search)) => {
                    // Each of its databases has failed.
                    let mut databases: Vec<_> =
                        of_search.iter().map(|failure| failure.connection_id).collect();
                    databases.dedup();
                    gone_to.push(databases);
                    failed.extend(of_search);
                }
                Err(error) => return Err(MergedFault { place, error: Box::new(error), searched: gone_to }),
            }
        }
        if asked > 0 && runs.is_empty() {
            return Err(MergedFault {
                place: 0,
                error: Box::new(SearchError::AllFailed(failed)),
                searched: gone_to,
            });
        }
        failures.extend(failed);
        let list = merge(&runs);
        let end = window.end().min(list.len());
        let page = list.get(window.offset() as usize..end).unwrap_or_default();
        let hits = self.show_merged(&runs, page, &mut failures).await;
        failures.extend(
            runs.iter_mut()
                .flat_map(|(run, _)| &mut run.gathered)
                .flat_map(|database| std::mem::take(&mut database.failures)),
        );
        let mut told = HashSet::new();
        failures.retain(|failure| {
            told.insert((failure.connection_id, failure.table.clone(), failure.message.clone()))
        });
        let exact = failures.is_empty() && runs.iter().all(|(run, _)| run.list.exact);
        let mut degraded: Vec<_> = runs.iter().flat_map(|(run, _)| run.degraded.clone()).collect();
        degraded.dedup();
        let answer = SearchAnswer {
            search_id: SearchId::from_uuid(self.ids.next_id()),
            categories: categories::sum(&hits),
            hits,
            total: TotalCount { count: list.len() as u64, exact },
            degraded,
            failures,
            facets: Vec::new(),
            suggestions: Vec::new(),
            analytics: None,
        };
        Ok(MergedAnswer { answer, searched: gone_to })
    }

    /// The page's hits, in its order: each search's own rows are shown together.
    async fn show_merged(
        &self,
        runs: &[(Run, f64)],
        page: &[Placed],
        failures: &mut Vec<Failure>,
    ) -> Vec<Hit> {
        let mut hits: Vec<(usize, Hit)> = Vec::with_capacity(page.len());
        for (at, (run, _)) in runs.iter().enumerate() {
            let own: Vec<(usize, &Placed)> =
                page.iter().enumerate().filter(|(_, placed)| placed.run == at).collect();
            let shown: Vec<Shown> = own.iter().map(|(_, placed)| run.list.shown[placed.row]).collect();
            for hit in self.show(run, &shown, failures).await {
                let place = own.iter().find(|(_, placed)| placed.id == hit.id);
                if let Some((place, placed)) = place {
                    hits.push((*place, Hit { score: placed.score, ..hit }));
                }
            }
        }
        hits.sort_by_key(|(place, _)| *place);
        hits.into_iter().map(|(_, hit)| hit).collect()
    }
}

/// A row of the merged list.
struct Placed {
    id: uuid::Uuid,
    run: usize,
    row: usize,
    score: f64,
}

/// Every row once, best first; of equals that of the earlier search.
fn merge(runs: &[(Run, f64)]) -> Vec<Placed> {
    let each = |(run, (of, weight)): (usize, &(Run, f64))| -> Vec<Placed> {
        let placed = |(row, shown): (usize, &Shown)| Placed {
            id: shown.id(&of.gathered),
            run,
            row,
            score: shown.score() * weight,
        };
        of.list.shown.iter().enumerate().map(placed).collect()
    };
    let mut list: Vec<Placed> = runs.iter().enumerate().flat_map(each).collect();
    list.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut seen = HashSet::new();
    list.retain(|placed| seen.insert(placed.id));
    let mut above = 1.0 + 1e-6;
    for placed in &mut list {
        // Rows far down may stand closer than scores have decimals.
        let stepped = step_below(placed.score, above);
        placed.score = if stepped > 0.0 { stepped } else { above / 2.0 };
        above = placed.score;
    }
    list
}
