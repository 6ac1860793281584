//! What was searched for, written down: for an account's own history and trends, for suggestions,
//! and to learn what came of it.

mod recorder;

use std::{str::FromStr, time::Duration};

use altus4_kernel::{
    AccountId, ApiKeyId, ConnectionId, Environment, Page, PortResult, SearchId, Timestamp, UnknownName,
    uuid::Uuid,
};
use async_trait::async_trait;

pub use self::recorder::SearchRecorder;
use crate::SearchMode;

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SearchStatus {
    /// Everything answered.
    Success,
    /// Something failed, and something answered.
    Partial,
    /// Everything failed.
    Failed,
}

impl SearchStatus {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Success, Self::Partial, Self::Failed];

    /// The name in answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for SearchStatus {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or(UnknownName)
    }
}

/// A search that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRecord {
    /// Its id. Unique: a search that is written twice counts once.
    pub id: SearchId,
    /// Whose it was.
    pub account_id: AccountId,
    /// With which key, if with one.
    pub api_key: Option<ApiKeyId>,
    /// In earnest or not.
    pub environment: Environment,
    /// What was typed.
    pub query: String,
    /// The same as [`folded`] has it.
    pub folded: String,
    /// How it was read.
    pub mode: SearchMode,
    /// The connections it went to.
    pub databases: Vec<ConnectionId>,
    /// What its results were about, the commonest first: [`MAX_CATEGORIES`] at the most. It is summed up
    /// when the search is kept, and not kept with it.
    pub categories: Vec<String>,
    /// How many rows matched, or at least matched.
    pub results: u64,
    /// How long it took. Kept in whole microseconds.
    pub took: Duration,
    /// Whether it was answered with another search's answer.
    pub cached: bool,
    /// How it ended.
    pub status: SearchStatus,
    /// When.
    pub at: Timestamp,
}

impl SearchRecord {
    /// Whether it is worth suggesting: somebody found something with it.
    #[must_use]
    pub fn is_successful(&self) -> bool {
        self.status != SearchStatus::Failed && self.results > 0
    }
}

/// The most categories that are noted of a search.
pub const MAX_CATEGORIES: usize = 10;

/// The most characters of a folded query: some grow when they lose their case.
pub const MAX_FOLDED_CHARS: usize = 512;

/// A query without case, and with single blanks between its words: two that differ in nothing else
/// are one.
#[must_use]
pub fn folded(query: &str) -> String {
    let mut folded = String::with_capacity(query.len());
    for word in query.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(&word.to_lowercase());
    }
    if let Some((end, _)) = folded.char_indices().nth(MAX_FOLDED_CHARS) {
        folded.truncate(end);
    }
    folded
}

/// Days as the log counts them: whole ones since 1970, in UTC.
#[must_use]
pub fn day_of(moment: Timestamp) -> i64 {
    moment.unix_seconds().div_euclid(86_400)
}

/// Which part of an account's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryRequest {
    /// Searches from then on.
    pub from: Option<Timestamp>,
    /// Searches before then.
    pub to: Option<Timestamp>,
    /// How many at the most.
    pub limit: u32,
    /// How many newer ones are passed over.
    pub offset: u32,
}

/// Which searches trends are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrendsRequest {
    /// The first day ([`day_of`]).
    pub first_day: i64,
    /// The last day.
    pub last_day: i64,
    /// Of this environment; `None`: of all.
    pub environment: Option<Environment>,
}

/// The searches of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayOfSearches {
    /// The day ([`day_of`]).
    pub day: i64,
    /// How many there were.
    pub searches: u64,
    /// How many of them were different ([`folded`]).
    pub unique_queries: u64,
}

/// How much was searched, day by day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trends {
    /// The days that have any searches, the oldest first.
    pub days: Vec<DayOfSearches>,
    /// What was searched for most often.
    pub top_query: Option<String>,
}

/// A query that found something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PopularQuery {
    /// As it was last typed.
    pub query: String,
    /// How often it found something.
    pub searches: u64,
}

/// What somebody did with a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InteractionKind {
    /// Opened it.
    Click,
    /// Got what they came for.
    Conversion,
}

impl InteractionKind {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Click, Self::Conversion];

    /// The name in requests and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Click => "click",
            Self::Conversion => "conversion",
        }
    }
}

impl FromStr for InteractionKind {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or(UnknownName)
    }
}

/// Something that was done with a result. The same thing done twice counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interaction {
    /// The search whose result it was.
    pub search_id: SearchId,
    /// The result ([`Hit::id`](crate::Hit::id)).
    pub result_id: Uuid,
    /// What was done.
    pub kind: InteractionKind,
    /// Where in the list it stood, from 1, if that is known.
    pub position: Option<u32>,
    /// When.
    pub at: Timestamp,
}

/// Keeps searches, and what came of them.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait SearchLog: Send + Sync {
    /// Keeps these searches (better some thousand at a time than more: an adapter has a time limit for
    /// a call), all or nothing, and counts those that [found something](SearchRecord::is_successful)
    /// among the popular ones. A search whose id is there already MUST change nothing; one of an
    /// account that is gone or deactivated is left out. Several nodes may write at once.
    async fn append(&self, searches: &[SearchRecord]) -> PortResult<()>;

    /// An account's searches, the newest first (by time, then by id), and how many there are in all.
    async fn history(&self, account: AccountId, request: &HistoryRequest) -> PortResult<Page<SearchRecord>>;

    /// How much an account searched.
    async fn trends(&self, account: AccountId, request: &TrendsRequest) -> PortResult<Trends>;

    /// The queries of an account that found something and begin with `prefix`, which is
    /// [folded], the most frequent first (by their text where they are as frequent), `limit` at the
    /// most. `prefix` itself is none of them.
    async fn popular(&self, account: AccountId, prefix: &str, limit: u32) -> PortResult<Vec<PopularQuery>>;

    /// Keeps what was done with results of an account's searches. Where some of the searches are not
    /// the account's, MUST keep nothing and answer with their ids, each once.
    async fn interact(&self, account: AccountId, interactions: &[Interaction]) -> PortResult<Vec<SearchId>>;

    /// Removes what is from before a day ([`day_of`]): searches with what was done with their results,
    /// and popular queries that found nothing since; a bounded number at a time. Tells how many rows
    /// went; 0 when nothing is left to remove.
    async fn purge(&self, before_day: i64) -> PortResult<u64>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_that_differ_in_case_and_white_space_are_one() {
        assert_eq!(folded("  Damaged\t PARCEL\n"), "damaged parcel");
        assert_eq!(folded("damaged parcel"), "damaged parcel");
        assert_ne!(folded("damaged-parcel"), folded("damaged parcel"));
    }

    #[test]
    fn a_folded_query_has_a_bound() {
        // It is three characters long in lower case.
        let grown = folded(&"İ".repeat(500));
        assert_eq!(grown.chars().count(), MAX_FOLDED_CHARS);
        assert_eq!(folded(&grown), grown);
    }

    #[test]
    fn names_and_what_they_name_match_one_to_one() {
        assert!(SearchStatus::ALL.iter().all(|status| status.as_str().parse() == Ok(*status)));
        assert!(InteractionKind::ALL.iter().all(|kind| kind.as_str().parse() == Ok(*kind)));
    }
}
