//! Searches that are kept under a name, to be run again.

use std::{collections::HashSet, sync::Arc};

use altus4_connections::{ConnectionError, ConnectionService};
use altus4_kernel::{
    AccountId, Clock, ConnectionId, Granted, IdGenerator, PortError, PortResult, SavedSearchId, Timestamp,
    grants::Search, trimmed_name,
};
use async_trait::async_trait;

/// The constraint that a name which is taken conflicts on.
pub const SAVED_NAME_CONSTRAINT: &str = "saved_search.name";
/// The constraint that one search too many conflicts on.
pub const SAVED_COUNT_CONSTRAINT: &str = "saved_search.count";

/// What a saved search is called: 1–100 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSearchName(String);

impl SavedSearchName {
    /// The name in `text`, without white space around it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        trimmed_name(text, 1..=100).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without case: names that differ in nothing else are the same.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

/// What is run: the edge's own document, and the connections it names, of which this domain keeps
/// account. Without any, the search goes to all active ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedRequest {
    /// The request as the edge writes and reads it, but for its connections.
    pub document: String,
    /// The connections it names.
    pub databases: Vec<ConnectionId>,
}

/// A search that was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSearch {
    /// Its id.
    pub id: SavedSearchId,
    /// Whose it is.
    pub account_id: AccountId,
    /// Its name, unique in the account without case.
    pub name: SavedSearchName,
    /// What is run.
    pub request: SavedRequest,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Keeps saved searches.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SavedSearchRepository: Send + Sync {
    /// Keeps a new one. Errors: `Conflict` on [`SAVED_NAME_CONSTRAINT`], or on
    /// [`SAVED_COUNT_CONSTRAINT`] when the account has `limit` already, also when several are kept at
    /// once; `Rejected` when the account is gone or not active.
    async fn insert(&self, saved: &SavedSearch, limit: u32) -> PortResult<()>;

    /// All of an account, the oldest first (by time, then by id).
    async fn list(&self, account: AccountId) -> PortResult<Vec<SavedSearch>>;

    /// One of an account.
    async fn find(&self, account: AccountId, id: SavedSearchId) -> PortResult<Option<SavedSearch>>;

    /// Replaces name, request and time of change; `false` when the account has none of this id.
    /// Errors: `Conflict` on [`SAVED_NAME_CONSTRAINT`].
    async fn update(&self, saved: &SavedSearch) -> PortResult<bool>;

    /// Forgets one; `false` when the account has none of this id.
    async fn remove(&self, account: AccountId, id: SavedSearchId) -> PortResult<bool>;
}

/// The answers of [`SavedSearchService`] other than success.
#[derive(Debug, thiserror::Error)]
pub enum SavedSearchError {
    /// The account has none of this id, whoever else may have it.
    #[error("no such saved search")]
    NotFound(SavedSearchId),
    /// The account has one of this name.
    #[error("a saved search of this name exists already")]
    NameTaken,
    /// The account has as many as it may.
    #[error("an account may have {0} saved searches")]
    TooMany(u32),
    /// Every database that it named has been removed.
    #[error("the databases of this saved search have all been removed")]
    Broken(SavedSearchId),
    /// A database it names is not the account's, or a port of connections failed.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// A port failed.
    #[error(transparent)]
    Port(PortError),
}

impl From<PortError> for SavedSearchError {
    fn from(error: PortError) -> Self {
        if error.is_conflict_on(SAVED_NAME_CONSTRAINT) {
            Self::NameTaken
        } else if error.is_conflict_on(SAVED_COUNT_CONSTRAINT) {
            Self::TooMany(SavedSearchService::MAX_SEARCHES)
        } else {
            Self::Port(error)
        }
    }
}

/// A saved search as it stands: without the databases that have been removed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingSearch {
    /// The search; of its databases, those that are still there.
    pub saved: SavedSearch,
    /// Whether it named databases and none of them is left.
    pub broken: bool,
}

/// Saves searches.
///
/// A database that is removed is taken out when a search is read, not when the database goes: that
/// holds whichever way it went, and needs nobody to be told.
#[derive(Clone)]
pub struct SavedSearchService {
    searches: Arc<dyn SavedSearchRepository>,
    connections: ConnectionService,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

impl SavedSearchService {
    /// How many an account may have.
    pub const MAX_SEARCHES: u32 = 500;

    /// The service over these ports.
    #[must_use]
    pub fn new(
        searches: Arc<dyn SavedSearchRepository>,
        connections: ConnectionService,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
    ) -> Self {
        Self { searches, connections, clock, ids }
    }

    /// Saves a search.
    ///
    /// # Errors
    /// [`SavedSearchError::NameTaken`], [`SavedSearchError::TooMany`];
    /// [`SavedSearchError::Connection`] names a database that isn't the account's.
    pub async fn save(
        &self,
        granted: Granted<Search>,
        name: SavedSearchName,
        request: SavedRequest,
    ) -> Result<StandingSearch, SavedSearchError> {
        let account_id = granted.account_id();
        self.check(account_id, &request).await?;
        let now = self.clock.now();
        let id = SavedSearchId::from_uuid(self.ids.next_id());
        let saved = SavedSearch { id, account_id, name, request, created_at: now, updated_at: now };
        self.searches.insert(&saved, Self::MAX_SEARCHES).await?;
        Ok(StandingSearch { saved, broken: false })
    }

    /// All of the account's, the oldest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(&self, granted: Granted<Search>) -> Result<Vec<StandingSearch>, SavedSearchError> {
        let saved = self.searches.list(granted.account_id()).await?;
        let known = self.known(granted.account_id()).await?;
        Ok(saved.into_iter().map(|saved| standing(saved, &known)).collect())
    }

    /// One of the account's.
    ///
    /// # Errors
    /// [`SavedSearchError::NotFound`].
    pub async fn get(
        &self,
        granted: Granted<Search>,
        id: SavedSearchId,
    ) -> Result<StandingSearch, SavedSearchError> {
        let saved = self.searches.find(granted.account_id(), id).await?;
        let saved = saved.ok_or(SavedSearchError::NotFound(id))?;
        let known = self.known(granted.account_id()).await?;
        Ok(standing(saved, &known))
    }

    /// What to run.
    ///
    /// # Errors
    /// [`SavedSearchError::NotFound`], [`SavedSearchError::Broken`].
    pub async fn request(
        &self,
        granted: Granted<Search>,
        id: SavedSearchId,
    ) -> Result<SavedRequest, SavedSearchError> {
        let StandingSearch { saved, broken } = self.get(granted, id).await?;
        if broken { Err(SavedSearchError::Broken(id)) } else { Ok(saved.request) }
    }

    /// Replaces name and request.
    ///
    /// # Errors
    /// [`SavedSearchError::NotFound`], and those of [`SavedSearchService::save`].
    pub async fn replace(
        &self,
        granted: Granted<Search>,
        id: SavedSearchId,
        name: SavedSearchName,
        request: SavedRequest,
    ) -> Result<StandingSearch, SavedSearchError> {
        let account_id = granted.account_id();
        let saved = self.searches.find(account_id, id).await?.ok_or(SavedSearchError::NotFound(id))?;
        self.check(account_id, &request).await?;
        let saved = SavedSearch { name, request, updated_at: self.clock.now(), ..saved };
        if self.searches.update(&saved).await? {
            Ok(StandingSearch { saved, broken: false })
        } else {
            Err(SavedSearchError::NotFound(id))
        }
    }

    /// Forgets one.
    ///
    /// # Errors
    /// [`SavedSearchError::NotFound`].
    pub async fn remove(&self, granted: Granted<Search>, id: SavedSearchId) -> Result<(), SavedSearchError> {
        let removed = self.searches.remove(granted.account_id(), id).await?;
        if removed { Ok(()) } else { Err(SavedSearchError::NotFound(id)) }
    }

    async fn check(&self, account: AccountId, request: &SavedRequest) -> Result<(), SavedSearchError> {
        if request.databases.is_empty() {
            return Ok(());
        }
        let known = self.known(account).await?;
        match request.databases.iter().find(|id| !known.contains(id)) {
            Some(unknown) => Err(ConnectionError::NotFound(*unknown).into()),
            None => Ok(()),
        }
    }

    async fn known(&self, account: AccountId) -> Result<HashSet<ConnectionId>, SavedSearchError> {
        let connections = self.connections.list_of(account).await?;
        Ok(connections.into_iter().map(|connection| connection.id).collect())
    }
}

fn standing(mut saved: SavedSearch, known: &HashSet<ConnectionId>) -> StandingSearch {
    let named = !saved.request.databases.is_empty();
    saved.request.databases.retain(|id| known.contains(id));
    let broken = named && saved.request.databases.is_empty();
    StandingSearch { saved, broken }
}
