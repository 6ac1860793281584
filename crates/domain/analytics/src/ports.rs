//! What this domain needs of the outside: the sums that a store keeps, advice on indexes, and words.

use std::time::Duration;

use altus4_kernel::{
    AccountId, ConnectionId, Granted, Page, PortResult, Role, SearchId, Timestamp, grants::Analytics,
};
use async_trait::async_trait;

use crate::{DayRange, Environments, LoggedSearch, Sums};

/// Which searches figures are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Those of one account, or of all.
    pub whose: Whose,
    /// In earnest or not.
    pub environments: Environments,
    /// On these days.
    pub range: DayRange,
}

/// Whose searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    /// An account's.
    Account(AccountId),
    /// An account's that went to one database, whether to others besides or not.
    Database(AccountId, ConnectionId),
    /// Everybody's.
    System,
}

/// How finely sums are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// By the hour.
    Hour,
    /// By the day.
    Day,
}

/// The sums of an hour or a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumsPoint {
    /// Its first hour, in whole hours since 1970.
    pub hour: i64,
    /// Its sums.
    pub sums: Sums,
}

/// What searches are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LabelKind {
    /// How they were read.
    Mode,
    /// What their results were put in.
    Category,
}

impl LabelKind {
    /// The name in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Category => "category",
        }
    }
}

/// The searches of one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelSums {
    /// The label.
    pub label: String,
    /// How many there were.
    pub searches: u64,
    /// How long all took together, in microseconds.
    pub took_us: u64,
}

/// Which queries are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueryList {
    /// All.
    All,
    /// Those that were answered with nothing, by how often they were.
    Misses,
}

impl QueryList {
    /// Both.
    pub const EACH: [Self; 2] = [Self::All, Self::Misses];

    /// The name in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Misses => "misses",
        }
    }

    /// Whether a search is in it.
    #[must_use]
    pub fn has(self, search: &LoggedSearch) -> bool {
        self == Self::All || search.found_nothing()
    }
}

/// The sums of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuerySums {
    /// It, as [`LoggedSearch::folded`] has it.
    pub folded: String,
    /// It, as it was last typed.
    pub query: String,
    /// How often it was searched for (in the list that was asked for).
    pub searches: u64,
    /// How long all took together, in microseconds.
    pub took_us: u64,
    /// The rows that all matched.
    pub results: u64,
    /// How many of them had a result that was opened.
    pub clicked: u64,
    /// When it was last searched for.
    pub last_at: Timestamp,
}

/// How often a query was searched for on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryDay {
    /// It, folded.
    pub folded: String,
    /// The day.
    pub day: i64,
    /// How often.
    pub searches: u64,
}

/// A search that took long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowSearch {
    /// What was typed.
    pub query: String,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// How many rows matched.
    pub results: u64,
    /// When.
    pub at: Timestamp,
    /// Whose it was, by their e-mail; [`Whose::System`] alone tells it.
    pub email: Option<String>,
}

/// Which single searches are wanted: those that fit everything that is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryFilter {
    /// In earnest or not.
    pub environments: Environments,
    /// On these days.
    pub range: DayRange,
    /// Whose folded query has this in it, which is folded too.
    pub containing: Option<String>,
    /// That were read so.
    pub mode: Option<String>,
    /// That took at least so long.
    pub min_took: Option<Duration>,
    /// That were answered with nothing (see [`LoggedSearch::found_nothing`]), or that weren't.
    pub found_nothing: Option<bool>,
    /// That went to this database.
    pub database: Option<ConnectionId>,
}

/// A database that was searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchedDatabase {
    /// It.
    pub id: ConnectionId,
    /// How many searches went to it.
    pub searches: u64,
}

/// What went on in the whole system on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayVolume {
    /// The day.
    pub day: i64,
    /// How many searches there were.
    pub searches: u64,
    /// How many accounts made them.
    pub active: u64,
}

/// What an account did, as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// The account.
    pub id: AccountId,
    /// Its e-mail.
    pub email: String,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// How many searches it made.
    pub searches: u64,
    /// How long all took together, in microseconds.
    pub took_us: u64,
    /// When it made the last of them.
    pub last_at: Timestamp,
    /// When a session of it was last begun or refreshed.
    pub last_active: Timestamp,
}

/// The most queries of a range that are ranked; those beyond are no popular ones.
pub const MAX_RANKED: u32 = 1_000;
/// How many of the slowest searches of a day are kept.
pub const SLOWEST_PER_DAY: usize = 20;

/// Reads what was searched for. Counts are exact; percentiles within 1 %
/// ([`TimeSketch`](crate::TimeSketch)). What was written before a call is in its answer. Nothing of one
/// account MUST be in another's figures; an account that doesn't exist has none.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AnalyticsReader: Send + Sync {
    /// The sums of each hour or day that has any, the oldest first.
    async fn sums(&self, figures: Figures, grain: Grain) -> PortResult<Vec<SumsPoint>>;

    /// The sums of each label, the most frequent first, by their names where they are as frequent.
    async fn labels(&self, figures: Figures, kind: LabelKind) -> PortResult<Vec<LabelSums>>;

    /// The most frequent queries, `offset` passed over and `limit` at the most, of the first
    /// [`MAX_RANKED`]. Where some are as frequent, their order is any, and the same for each call until
    /// more is written.
    async fn top_queries(
        &self,
        figures: Figures,
        list: QueryList,
        offset: u32,
        limit: u32,
    ) -> PortResult<Vec<QuerySums>>;

    /// How many of these there are: [`MAX_RANKED`] at the most.
    async fn different_queries(&self, figures: Figures, list: QueryList) -> PortResult<u64>;

    /// The sums of these queries (folded), in any order; of those that were searched for.
    async fn queries(&self, figures: Figures, folded: &[String]) -> PortResult<Vec<QuerySums>>;

    /// How often each of these queries (folded) was searched for on each day that it was, in any order.
    async fn query_days(&self, figures: Figures, folded: &[String]) -> PortResult<Vec<QueryDay>>;

    /// The slowest searches, the slowest first. Of each day the [`SLOWEST_PER_DAY`] slowest are known.
    async fn slowest(&self, figures: Figures, limit: u32) -> PortResult<Vec<SlowSearch>>;

    /// An account's databases that were searched, the most searched first.
    async fn databases(
        &self,
        account: AccountId,
        environments: Environments,
        range: DayRange,
    ) -> PortResult<Vec<SearchedDatabase>>;

    /// An account's single searches, the newest first (by time, then by id), and how many there are in
    /// all. They are kept for less long than sums.
    async fn history(
        &self,
        account: AccountId,
        filter: &HistoryFilter,
        offset: u32,
        limit: u32,
    ) -> PortResult<Page<LoggedSearch>>;

    /// The same from the one after this on: a list that is read to its end is read in one order,
    /// whatever is written meanwhile.
    async fn history_after(
        &self,
        account: AccountId,
        filter: &HistoryFilter,
        after: Option<(Timestamp, SearchId)>,
        limit: u32,
    ) -> PortResult<Vec<LoggedSearch>>;

    /// The searches of all accounts on each day that has any, the oldest first.
    async fn volume(&self, environments: Environments, range: DayRange) -> PortResult<Vec<DayVolume>>;

    /// How many accounts were made on each day on which some were, the oldest first.
    async fn new_accounts(&self, range: DayRange) -> PortResult<Vec<(i64, u64)>>;

    /// The accounts that searched, the most active first (by their ids where they are as active), and
    /// how many there are.
    async fn activity(
        &self,
        environments: Environments,
        range: DayRange,
        offset: u32,
        limit: u32,
    ) -> PortResult<Page<Activity>>;
}

/// Keeps sums for as long as they are wanted.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AnalyticsKeeper: Send + Sync {
    /// Removes sums of the months before the one of this day, and what is left of accounts that are
    /// gone; a bounded number at a time. Tells how many rows went; 0 when nothing is left to remove.
    async fn purge(&self, before_day: i64) -> PortResult<u64>;
}

/// An index that a database lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingIndex {
    /// The database.
    pub database: ConnectionId,
    /// What its owner calls it.
    pub database_name: String,
    /// The table.
    pub table: String,
    /// The columns that it would be over.
    pub columns: Vec<String>,
    /// The statement that makes it, where it is known.
    pub sql: Option<String>,
    /// Why, in a sentence or two.
    pub reason: String,
    /// Whether searches miss rows or take long for the want of it.
    pub is_urgent: bool,
    /// How many searches went to the table without it, as far as they were counted.
    pub searches: u64,
}

/// Knows which indexes databases lack.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait IndexAdvisor: Send + Sync {
    /// The indexes that these databases of the account lack, what matters most first. A database that
    /// can't be read in time lacks none that are known of.
    async fn missing(&self, granted: Granted<Analytics>, databases: &[ConnectionId]) -> Vec<MissingIndex>;
}

/// Knows what may leave the house.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Consent: Send + Sync {
    /// Whether all of these databases are the account's, are there, and let a provider of AI outside see
    /// what is searched for in them.
    async fn allows(&self, granted: Granted<Analytics>, databases: &[ConnectionId]) -> PortResult<bool>;
}

/// Writes what is still on its way to the store, so that whoever asks sees what they did last.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PendingSearches: Send + Sync {
    /// Returns when all that was searched for before is written.
    async fn settle(&self) -> PortResult<()>;
}
