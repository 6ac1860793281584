//! What is searched for, checked part by part so that all faults can be told at once.

use std::{str::FromStr, time::Duration};

use altus4_connections::{DateRange, FilterQuery};
use altus4_kernel::{ConnectionId, UnknownName};

/// What was typed: 1–500 characters, not white space alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryText(String);

impl QueryText {
    /// The most characters.
    pub const MAX_CHARS: usize = 500;

    /// The query in `text`; `None` when it is empty, white space alone, or too long.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.trim().is_empty() && text.chars().count() <= Self::MAX_CHARS;
        fits.then(|| Self(text.to_owned()))
    }

    /// What was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How the query is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SearchMode {
    /// Words as a person types them; any of them matches.
    #[default]
    Natural,
    /// Words with operators between them; see [`BooleanQuery`](crate::BooleanQuery).
    Boolean,
    /// By meaning; by words, and saying so, where no AI is there to tell the meaning.
    Semantic,
}

impl SearchMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Natural, Self::Boolean, Self::Semantic];

    /// The name in requests and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Natural => "natural",
            Self::Boolean => "boolean",
            Self::Semantic => "semantic",
        }
    }
}

impl FromStr for SearchMode {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(UnknownName)
    }
}

/// How many of the words have to be there, in [`SearchMode::Natural`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WordMatching {
    /// One will do.
    #[default]
    Any,
    /// Every one.
    All,
    /// More than half.
    Most,
}

impl WordMatching {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Any, Self::All, Self::Most];

    /// The name in requests.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::All => "all",
            Self::Most => "most",
        }
    }

    /// How many of `words` words have to be there; at least one.
    #[must_use]
    pub fn least(self, words: usize) -> usize {
        match self {
            Self::Any => 1,
            Self::All => words.max(1),
            Self::Most => words / 2 + 1,
        }
    }
}

impl FromStr for WordMatching {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|matching| matching.as_str() == text).ok_or(UnknownName)
    }
}

/// A column to sort by, by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SortBy {
    /// The column.
    pub column: String,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl SortBy {
    /// What `price:asc`, `price:desc` or `price` says; `-price` is descending too. `None` without a
    /// column, or with another word after the colon.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (column, descending) = match text.rsplit_once(':') {
            Some((column, "asc")) => (column, false),
            Some((column, "desc")) => (column, true),
            Some(_) => return None,
            None => text.strip_prefix('-').map_or((text, false), |column| (column, true)),
        };
        let is_name = !column.trim().is_empty() && !column.chars().any(char::is_control);
        is_name.then(|| Self { column: column.to_owned(), descending })
    }
}

/// Which part of the ranked list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    limit: u32,
    offset: u32,
}

impl Window {
    /// The most results of one answer.
    pub const MAX_LIMIT: u32 = 100;
    /// The farthest that a list can be walked.
    pub const MAX_OFFSET: u32 = 10_000;

    /// `limit` (1–100) results after the first `offset` (0–10,000); `None` outside these bounds.
    #[must_use]
    pub fn new(limit: u32, offset: u32) -> Option<Self> {
        let fits = (1..=Self::MAX_LIMIT).contains(&limit) && offset <= Self::MAX_OFFSET;
        fits.then_some(Self { limit, offset })
    }

    /// How many results are wanted.
    #[must_use]
    pub fn limit(self) -> u32 {
        self.limit
    }

    /// How many come before them.
    #[must_use]
    pub fn offset(self) -> u32 {
        self.offset
    }

    /// The position after the last result wanted.
    #[must_use]
    pub fn end(self) -> usize {
        (self.limit + self.offset) as usize
    }
}

/// The first twenty.
impl Default for Window {
    fn default() -> Self {
        Self { limit: 20, offset: 0 }
    }
}

/// What stands before and after a marked word. Given by the caller, so it is not escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags {
    /// Before.
    pub pre: String,
    /// After.
    pub post: String,
}

/// `<mark>` and `</mark>`.
impl Default for Tags {
    fn default() -> Self {
        Self { pre: "<mark>".to_owned(), post: "</mark>".to_owned() }
    }
}

/// A search. One that exists is within its bounds; whether its names exist, the databases tell.
#[derive(Debug, Clone)]
pub struct SearchQuery {
    /// What was typed.
    pub text: QueryText,
    /// How it is read.
    pub mode: SearchMode,
    /// The connections searched, at most [`SearchQuery::MAX_DATABASES`]; empty: all active ones.
    pub databases: Vec<ConnectionId>,
    /// The tables searched; empty: each connection's defaults, else every table with text.
    pub tables: Vec<String>,
    /// The columns searched; empty: every text column.
    pub columns: Vec<String>,
    /// The columns that come back beside the primary key; empty: all.
    pub fields: Vec<String>,
    /// How many of the words have to be there, in [`SearchMode::Natural`].
    pub matching: WordMatching,
    /// Whether words that are a typing error away count too; never in [`SearchMode::Boolean`].
    pub typo_tolerance: bool,
    /// What rows have to hold beside; applied in the database, before ranking.
    pub filter: Option<FilterQuery>,
    /// When rows have to have come to be; tables that don't say have none.
    pub date_range: Option<DateRange>,
    /// In which order results come, at most [`SearchQuery::MAX_SORTS`] columns; empty: by relevance,
    /// which also breaks ties.
    pub sort: Vec<SortBy>,
    /// The columns whose values are counted among the matches, at most [`SearchQuery::MAX_FACETS`].
    pub facets: Vec<String>,
    /// Which part of the list is wanted.
    pub window: Window,
    /// Results that score below are dropped; 0–1.
    pub min_score: f64,
    /// The weight of meaning against words in [`SearchMode::Semantic`]; 0–1.
    pub semantic_ratio: f64,
    /// Whether providers outside may be asked: `Some(false)` keeps all that meaning needs in this
    /// process; only `Some(true)` asks for related queries.
    pub enable_ai: Option<bool>,
    /// Tell trends, advice and timings with the answer.
    pub include_analytics: bool,
    /// Mark matches in the columns they occur in.
    pub highlight: Option<Tags>,
    /// What hasn't answered by then is left out and named.
    pub timeout: Duration,
}

impl SearchQuery {
    /// The most connections that one search may name.
    pub const MAX_DATABASES: usize = 10;
    /// The most tables, columns or fields that one search may name.
    pub const MAX_NAMES: usize = 50;
    /// The most columns that one search may sort by.
    pub const MAX_SORTS: usize = 5;
    /// The most columns whose values one search may count.
    pub const MAX_FACETS: usize = 10;
    /// The weight of meaning where none is given.
    pub const DEFAULT_SEMANTIC_RATIO: f64 = 0.5;
    /// The time limit where none is given.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

    /// The plainest search for a text: everywhere, first twenty.
    #[must_use]
    pub fn natural(text: QueryText) -> Self {
        Self {
            text,
            mode: SearchMode::Natural,
            databases: Vec::new(),
            tables: Vec::new(),
            columns: Vec::new(),
            fields: Vec::new(),
            matching: WordMatching::default(),
            typo_tolerance: true,
            filter: None,
            date_range: None,
            sort: Vec::new(),
            facets: Vec::new(),
            window: Window::default(),
            min_score: 0.0,
            semantic_ratio: Self::DEFAULT_SEMANTIC_RATIO,
            enable_ai: None,
            include_analytics: false,
            highlight: None,
            timeout: Self::DEFAULT_TIMEOUT,
        }
    }
}
