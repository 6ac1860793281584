//! The front of searching: answers that were given a moment ago are given again, and searches that are
//! the same at the same time are one.
//!
//! Whoever asks is authorised each time: an answer is found by the account and by the connections that
//! a search of it goes to now, as their owner has set them now.

mod flights;
mod key;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_connections::ConnectionService;
use altus4_kernel::{
    Actor, AiPayer, ApiKeyId, Clock, ConnectionId, Granted, IdGenerator, SearchId, Timestamp, grants::Search,
};
use async_trait::async_trait;

use self::flights::Flights;
pub use self::key::ConnectionEpochs;
use crate::{
    Environment, Merged, MergedFault, SearchAnswer, SearchError, SearchQuery, SearchRecord, SearchRecorder,
    SearchService, SearchStatus, Window, log::folded,
};

/// An answer that is kept, and until when it may be given.
#[derive(Debug, Clone)]
pub struct CachedAnswer {
    /// The answer.
    pub answer: Arc<SearchAnswer>,
    /// From then on it is too old.
    pub until: Timestamp,
}

/// Keeps answers for a short while. Never waits, and may forget anything at any time.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait AnswerCache: Send + Sync {
    /// What is kept under this key; it may be too old.
    fn get(&self, key: &str) -> Option<CachedAnswer>;

    /// Keeps an answer under a key, about as long as `life`, in the place of what was there. How much
    /// is kept MUST be bounded by [`SearchAnswer::weight`].
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
    ) -> Result<SearchAnswer, MergedFault>;
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
    ) -> Result<SearchAnswer, MergedFault> {
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
    flights: Flights<String, Result<Arc<SearchAnswer>, SearchError>>,
}

/// An answer, and where it came from.
struct Found {
    answer: Arc<SearchAnswer>,
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
                results: found.map_or(0, |found| found.answer.total.count),
                took,
                cached: found.is_some_and(|found| found.cached),
                status,
                at: self.0.ports.clock.now(),
            });
        }
        let Found { answer, cached } = outcome?;
        Ok(Served { search_id, answer, cached, took })
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
        if let Some(status) = status(outcome.as_ref().map_err(|fault| &*fault.error)) {
            for query in asked {
                let targets = ports.connections.searchable(granted, &query.databases).await;
                let databases = targets.unwrap_or_default();
                ports.recorder.record(SearchRecord {
                    id: new_id(),
                    account_id: granted.account_id(),
                    api_key: key_of(granted),
                    environment,
                    folded: folded(query.text.as_str()),
                    query: query.text.as_str().to_owned(),
                    mode: query.mode,
                    databases: databases.iter().map(|target| target.connection.id).collect(),
                    results: outcome.as_ref().map_or(0, |answer| answer.total.count),
                    took,
                    cached: false,
                    status,
                    at: ports.clock.now(),
                });
            }
        }
        Ok(Served { search_id: new_id(), answer: Arc::new(outcome?), cached: false, took })
    }

    /// `databases` become those that the search goes to.
    async fn find(
        &self,
        granted: Granted<Search>,
        query: SearchQuery,
        payer: Arc<dyn AiPayer>,
        databases: &mut Vec<ConnectionId>,
    ) -> Result<Found, SearchError> {
        let Inner { ports, life, flights } = &*self.0;
        let targets = ports.connections.searchable(granted, &query.databases).await?;
        databases.extend(targets.iter().map(|target| target.connection.id));
        let key = ports.epochs.key(granted.account_id(), &targets, &query);
        if let Some(kept) = ports.cache.get(&key)
            && ports.clock.now() < kept.until
        {
            return Ok(Found { answer: kept.answer, cached: true });
        }
        let run = || {
            let (front, key, life) = (Arc::clone(&self.0), key.clone(), *life);
            async move {
                let answer = Arc::new(front.ports.service.run(granted, query, &*payer).await?);
                let is_whole = answer.failures.is_empty() && answer.degraded.is_empty();
                if is_whole && !life.is_zero() {
                    // Counted from the end: what a slow database took is not taken off.
                    let until = front.ports.clock.now() + life;
                    front.ports.cache.put(key, CachedAnswer { answer: Arc::clone(&answer), until }, life);
                }
                Ok(answer)
            }
        };
        let joined = flights.join(key.clone(), run).await;
        Ok(Found { answer: joined.outcome?, cached: joined.was_under_way })
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

/// The key that asks, if it is one.
fn key_of(granted: Granted<Search>) -> Option<ApiKeyId> {
    match granted.actor() {
        Actor::ApiKey { key, .. } => Some(key),
        Actor::Account(_) | Actor::Anonymous | Actor::Operator => None,
    }
}

#[cfg(test)]
mod tests;
