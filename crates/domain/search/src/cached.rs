//! The front of searching: answers that were given a moment ago are given again, and searches that are
//! the same at the same time are one.
//!
//! Whoever asks is authorised each time: an answer is found by the account and by the connections that
//! a search of it goes to now, as their owner has set them now.

mod key;
mod written;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_connections::ConnectionService;
use altus4_kernel::{
    Actor, AiPayer, ApiKeyId, Clock, ConnectionId, Environment, Flights, Granted, IdGenerator, SearchId,
    Timestamp, grants::Search,
};
use async_trait::async_trait;

pub use self::{key::ConnectionEpochs, written::Written};
use crate::{
    Merged, MergedAnswer, MergedFault, SearchAnswer, SearchError, SearchQuery, SearchRecord, SearchRecorder,
    SearchService, SearchStatus, Window,
    log::{MAX_CATEGORIES, folded},
};

/// An answer that is kept, and until when it may be given.
#[derive(Debug, Clone)]
pub struct CachedAnswer {
    /// The answer.
    pub answer: Arc<SearchAnswer>,
    /// The same as an edge has written it.
    pub written: Written,
    /// From then on it is too old.
    pub until: Timestamp,
}

impl CachedAnswer {
    /// An answer, not written by any edge yet.
    #[must_use]
    pub fn new(answer: Arc<SearchAnswer>, until: Timestamp) -> Self {
        let written = Written::at_most(answer.weight());
        Self { answer, written, until }
    }

    /// About how many bytes it takes in memory, once it was written.
    #[must_use]
    pub fn weight(&self) -> usize {
        2 * self.answer.weight()
    }
}

/// Keeps answers for a short while. Never waits, and may forget anything at any time.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait AnswerCache: Send + Sync {
    /// What is kept under this key; it may be too old.
    fn get(&self, key: &str) -> Option<CachedAnswer>;

    /// Keeps an answer under a key, about as long as `life`, in the place of what was there. How much
    /// is kept MUST be bounded by [`CachedAnswer::weight`].
    fn put(&self, key: String, answer: CachedAnswer, life: Duration);
}

/// Runs a search: [`SearchService`], or what stands in for it.
#[async_trait]
pub trait RunSearch: Send + Sync {
    /// As [`SearchService::search`].
    async fn run(
        &self,
        granted: Granted<Search>,
        query: SearchQuery,
        payer: &dyn AiPayer,
    ) -> Result<SearchAnswer, SearchError>;

    /// As [`SearchService::search_merged`].
    async fn run_merged(
        &self,
        granted: Granted<Search>,
        searches: Vec<Merged>,
        window: Window,
        payer: &dyn AiPayer,
    ) -> Result<MergedAnswer, MergedFault>;
}

#[async_trait]
impl RunSearch for SearchService {
    async fn run(
        &self,
        granted: Granted<Search>,
        query: SearchQuery,
        payer: &dyn AiPayer,
    ) -> Result<SearchAnswer, SearchError> {
        self.search(granted, query, payer).await
    }

    async fn run_merged(
        &self,
        granted: Granted<Search>,
        searches: Vec<Merged>,
        window: Window,
        payer: &dyn AiPayer,
    ) -> Result<MergedAnswer, MergedFault> {
        self.search_merged(granted, searches, window, payer).await
    }
}

/// What [`CachedSearch`] is made of.
pub struct CachedSearchPorts {
    /// What runs a search.
    pub service: Arc<dyn RunSearch>,
    /// Tells which databases a search goes to.
    pub connections: ConnectionService,
    /// Where answers are kept.
    pub cache: Arc<dyn AnswerCache>,
    /// Hears of changes: from then on nothing is given that was answered from a connection before it
    /// was changed.
    pub epochs: Arc<ConnectionEpochs>,
    /// Where searches are written down.
    pub recorder: SearchRecorder,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names each search.
    pub ids: Arc<dyn IdGenerator>,
}

/// A search's answer, for the one who asked.
#[derive(Debug, Clone)]
pub struct Served {
    /// Names this search, for events. No two have the same, whatever they were answered from.
    pub search_id: SearchId,
    /// The answer. Its own id is that of the search it was made for.
    pub answer: Arc<SearchAnswer>,
    /// The same as an edge has written it.
    pub written: Written,
    /// Whether it was made for another search, a moment ago or at the same time.
    pub cached: bool,
    /// How long this search took.
    pub took: Duration,
}

/// Searches through a cache. Clones share it.
#[derive(Clone)]
pub struct CachedSearch(Arc<Inner>);

struct Inner {
    ports: CachedSearchPorts,
    life: Duration,
    flights: Flights<String, Result<(Arc<SearchAnswer>, Written), SearchError>>,
}

/// An answer, and where it came from.
struct Found {
    answer: Arc<SearchAnswer>,
    written: Written,
    cached: bool,
}

impl CachedSearch {
    /// A front over these ports. Answers are given again for `life`. When that is zero, none is; but
    /// searches that are the same at the same time are one nevertheless.
    #[must_use]
    pub fn new(ports: CachedSearchPorts, life: Duration) -> Self {
        Self(Arc::new(Inner { ports, life, flights: Flights::default() }))
    }

    /// Searches, or answers with what the same search was answered; and writes the search down.
    ///
    /// An answer that lacks something (a database that failed, an AI that wasn't there) is given to
    /// all who asked at the same time, and not kept; nor is an error. What a provider of AI charges,
    /// the first of those who asked at the same time pays.
    ///
    /// # Errors
    /// Those of [`SearchService::search`].
    pub async fn search(
        &self,
        granted: Granted<Search>,
        environment: Environment,
        query: SearchQuery,
        payer: Arc<dyn AiPayer>,
    ) -> Result<Served, SearchError> {
        let begun = Instant::now();
        let (text, mode) = (query.text.as_str().to_owned(), query.mode);
        let mut databases = Vec::new();
        let outcome = self.find(granted, query, payer, &mut databases).await;
        let (search_id, took) = (SearchId::from_uuid(self.0.ports.ids.next_id()), begun.elapsed());
        if let Some(status) = status(outcome.as_ref().map(|found| &*found.answer)) {
            let found = outcome.as_ref().ok();
            self.0.ports.recorder.record(SearchRecord {
                id: search_id,
                account_id: granted.account_id(),
                api_key: key_of(granted),
                environment,
                folded: folded(&text),
                query: text,
                mode,
                databases,
                categories: found.map(|found| categories_of(&found.answer)).unwrap_or_default(),
                results: found.map_or(0, |found| found.answer.total.count),
                took,
                cached: found.is_some_and(|found| found.cached),
                status,
                at: self.0.ports.clock.now(),
            });
        }
        let Found { answer, written, cached } = outcome?;
        Ok(Served { search_id, answer, written, cached, took })
    }

    /// Runs several searches for one list, and writes each of them down, with the length of the whole
    /// list. The list is not kept.
    ///
    /// # Errors
    /// Those of [`SearchService::search_merged`].
    pub async fn search_merged(
        &self,
        granted: Granted<Search>,
        environment: Environment,
        searches: Vec<Merged>,
        window: Window,
        payer: &dyn AiPayer,
    ) -> Result<Served, MergedFault> {
        let begun = Instant::now();
        let Inner { ports, .. } = &*self.0;
        let asked: Vec<_> = searches.iter().map(|merged| merged.query.clone()).collect();
        let outcome = ports.service.run_merged(granted, searches, window, payer).await;
        let took = begun.elapsed();
        let new_id = || SearchId::from_uuid(ports.ids.next_id());
        let status = status(outcome.as_ref().map(|merged| &merged.answer).map_err(|fault| &*fault.error));
        if let Some(status) = status {
            let gone_to = outcome.as_ref().map_or_else(|fault| &fault.searched, |merged| &merged.searched);
            for (query, databases) in asked.into_iter().zip(gone_to) {
                ports.recorder.record(SearchRecord {
                    id: new_id(),
                    account_id: granted.account_id(),
                    api_key: key_of(granted),
                    environment,
                    folded: folded(query.text.as_str()),
                    query: query.text.as_str().to_owned(),
                    mode: query.mode,
                    databases: databases.clone(),
                    categories: outcome
                        .as_ref()
                        .map(|merged| categories_of(&merged.answer))
                        .unwrap_or_default(),
                    results: outcome.as_ref().map_or(0, |merged| merged.answer.total.count),
                    took,
                    cached: false,
                    status,
                    at: ports.clock.now(),
                });
            }
        }
        let answer = Arc::new(outcome?.answer);
        Ok(Served { search_id: new_id(), answer, written: Written::at_most(0), cached: false, took })
    }

    /// `databases` become those that the search goes to.
    async fn find(
        &self,
        granted: Granted<Search>,
        mut query: SearchQuery,
        payer: Arc<dyn AiPayer>,
        databases: &mut Vec<ConnectionId>,
    ) -> Result<Found, SearchError> {
        let Inner { ports, life, flights } = &*self.0;
        let targets = ports.connections.searchable(granted, &query.databases).await?;
        databases.extend(targets.iter().map(|target| target.connection.id));
        // Which databases it names is told by where it goes.
        let named = std::mem::take(&mut query.databases);
        let key = ports.epochs.key(granted.account_id(), &targets, &query);
        query.databases = named;
        if let Some(kept) = ports.cache.get(&key)
            && ports.clock.now() < kept.until
        {
            return Ok(Found { answer: kept.answer, written: kept.written, cached: true });
        }
        let run = || {
            let (front, key, life) = (Arc::clone(&self.0), key.clone(), *life);
            async move {
                let answer = Arc::new(front.ports.service.run(granted, query, &*payer).await?);
                let is_whole = answer.failures.is_empty() && answer.degraded.is_empty();
                // Counted from the end: what a slow database took is not taken off.
                let kept = CachedAnswer::new(Arc::clone(&answer), front.ports.clock.now() + life);
                let written = kept.written.clone();
                if is_whole && !life.is_zero() {
                    front.ports.cache.put(key, kept, life);
                }
                Ok((answer, written))
            }
        };
        let joined = flights.join(key.clone(), (), |()| true, run).await;
        let (answer, written) = joined.outcome?;
        Ok(Found { answer, written, cached: joined.was_under_way })
    }
}

/// How a search ended; `None` where it was none, but a mistake of the caller or a fault of our own
/// before any database was asked.
fn status(outcome: Result<&SearchAnswer, &SearchError>) -> Option<SearchStatus> {
    match outcome {
        Ok(answer) if answer.failures.is_empty() => Some(SearchStatus::Success),
        Ok(_) => Some(SearchStatus::Partial),
        Err(SearchError::AllFailed(_)) => Some(SearchStatus::Failed),
        Err(_) => None,
    }
}

/// What is noted of what the results are about.
fn categories_of(answer: &SearchAnswer) -> Vec<String> {
    answer.categories.iter().take(MAX_CATEGORIES).map(|category| category.name.clone()).collect()
}

/// The key that asks, if it is one.
fn key_of(granted: Granted<Search>) -> Option<ApiKeyId> {
    match granted.actor() {
        Actor::ApiKey { key, .. } => Some(key),
        Actor::Account(_) | Actor::Anonymous | Actor::Operator => None,
    }
}

#[cfg(test)]
mod tests;
