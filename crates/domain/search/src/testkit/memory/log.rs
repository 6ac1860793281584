//! Searches in memory, counted anew for every question.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::{AccountId, Page, PortResult, SearchId};
use async_trait::async_trait;

use super::InMemorySavedSearches;
use crate::{
    DayOfSearches, HistoryRequest, Interaction, PopularQuery, SavedSearchRepository, SearchLog, SearchRecord,
    Trends, TrendsRequest, log::day_of, testkit::SearchLogSubject,
};

/// A log of searches. It writes for the accounts it was told of. Clones share the searches.
#[derive(Debug, Clone, Default)]
pub struct InMemorySearchLog {
    rows: Arc<Mutex<Rows>>,
    saved: InMemorySavedSearches,
}

#[derive(Debug, Default)]
struct Rows {
    accounts: HashSet<AccountId>,
    searches: Vec<SearchRecord>,
    interactions: Vec<Interaction>,
}

impl Rows {
    fn of(&self, account: AccountId) -> impl Iterator<Item = &SearchRecord> {
        self.searches.iter().filter(move |search| search.account_id == account)
    }
}

impl InMemorySearchLog {
    /// Makes an account known.
    pub fn add_account(&self, id: AccountId) {
        self.rows().accounts.insert(id);
    }

    /// What was done with results so far.
    #[must_use]
    pub fn interactions(&self) -> Vec<Interaction> {
        self.rows().interactions.clone()
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SearchLog for InMemorySearchLog {
    async fn append(&self, searches: &[SearchRecord]) -> PortResult<()> {
        let mut rows = self.rows();
        for search in searches {
            let is_known = rows.searches.iter().any(|known| known.id == search.id);
            if rows.accounts.contains(&search.account_id) && !is_known {
                rows.searches.push(search.clone());
            }
        }
        Ok(())
    }

    async fn history(&self, account: AccountId, request: &HistoryRequest) -> PortResult<Page<SearchRecord>> {
        let rows = self.rows();
        let is_meant = |search: &&SearchRecord| {
            request.from.is_none_or(|from| search.at >= from) && request.to.is_none_or(|to| search.at < to)
        };
        let mut found: Vec<_> = rows.of(account).filter(is_meant).cloned().collect();
        found.sort_by_key(|search| Reverse((search.at, search.id)));
        let total = found.len() as u64;
        let items = found.into_iter().skip(request.offset as usize).take(request.limit as usize).collect();
        Ok(Page { items, total })
    }

    async fn trends(&self, account: AccountId, request: &TrendsRequest) -> PortResult<Trends> {
        let rows = self.rows();
        let is_meant = |search: &&SearchRecord| {
            (request.first_day..=request.last_day).contains(&day_of(search.at))
                && request.environment.is_none_or(|wanted| search.environment == wanted)
        };
        let mut by_day = BTreeMap::<i64, (u64, BTreeSet<&str>)>::new();
        let mut by_query = BTreeMap::<&str, u64>::new();
        for search in rows.of(account).filter(is_meant) {
            let (searches, queries) = by_day.entry(day_of(search.at)).or_default();
            *searches += 1;
            queries.insert(&search.folded);
            *by_query.entry(&search.folded).or_default() += 1;
        }
        let day = |(day, (searches, queries)): (i64, (u64, BTreeSet<&str>))| DayOfSearches {
            day,
            searches,
            unique_queries: queries.len() as u64,
        };
        let top = by_query.into_iter().min_by_key(|(query, searches)| (Reverse(*searches), *query));
        Ok(Trends {
            days: by_day.into_iter().map(day).collect(),
            top_query: top.map(|(query, _)| query.to_owned()),
        })
    }

    async fn popular(&self, account: AccountId, prefix: &str, limit: u32) -> PortResult<Vec<PopularQuery>> {
        let rows = self.rows();
        let mut found = BTreeMap::<&str, PopularQuery>::new();
        for search in rows.of(account).filter(|search| search.is_successful()) {
            if search.folded.starts_with(prefix) && search.folded != prefix {
                let popular = found
                    .entry(&search.folded)
                    .or_insert_with(|| PopularQuery { query: String::new(), searches: 0 });
                popular.query.clone_from(&search.query);
                popular.searches += 1;
            }
        }
        let mut found: Vec<_> = found.into_values().collect();
        // The sort keeps those that are as frequent in the order of their text.
        found.sort_by_key(|query| Reverse(query.searches));
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn interact(&self, account: AccountId, interactions: &[Interaction]) -> PortResult<Vec<SearchId>> {
        let mut rows = self.rows();
        let own: HashSet<_> = rows.of(account).map(|search| search.id).collect();
        let asked: BTreeSet<_> = interactions.iter().map(|event| event.search_id).collect();
        let unknown: Vec<_> = asked.into_iter().filter(|id| !own.contains(id)).collect();
        if unknown.is_empty() {
            for event in interactions {
                let same = |known: &Interaction| {
                    (known.search_id, known.result_id, known.kind)
                        == (event.search_id, event.result_id, event.kind)
                };
                if !rows.interactions.iter().any(same) {
                    rows.interactions.push(*event);
                }
            }
        }
        Ok(unknown)
    }

    async fn purge(&self, before_day: i64) -> PortResult<u64> {
        let mut rows = self.rows();
        let before = rows.searches.len() + rows.interactions.len();
        rows.searches.retain(|search| day_of(search.at) >= before_day);
        let left: HashSet<_> = rows.searches.iter().map(|search| search.id).collect();
        rows.interactions.retain(|event| left.contains(&event.search_id));
        // A popular query is gone with its last search; it counts as a row of its own.
        let gone = before - rows.searches.len() - rows.interactions.len();
        Ok(gone as u64)
    }
}

#[async_trait]
impl SearchLogSubject for InMemorySearchLog {
    fn log(&self) -> &dyn SearchLog {
        self
    }

    fn saved(&self) -> &dyn SavedSearchRepository {
        &self.saved
    }

    async fn add_account(&self, id: AccountId) {
        Self::add_account(self, id);
        self.saved.add_account(id);
    }

    async fn deactivate(&self, id: AccountId) {
        self.rows().accounts.remove(&id);
        self.saved.deactivate(id);
    }
}
