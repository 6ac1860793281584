//! What a search answers.

use std::time::Duration;

use altus4_connections::Value;
use altus4_kernel::{ConnectionId, SearchId};
use uuid::Uuid;

use crate::Suggestion;

/// The answer to a search.
#[derive(Debug, Clone)]
pub struct SearchAnswer {
    /// Names this execution, for events.
    pub search_id: SearchId,
    /// The wanted part of the ranked list.
    pub hits: Vec<Hit>,
    /// How many rows match.
    pub total: TotalCount,
    /// What the answer had to do without.
    pub degraded: Vec<Degraded>,
    /// What could not be searched.
    pub failures: Vec<Failure>,
    /// For each column that was to be counted, as it was named: its values among the matches, the
    /// commonest first.
    pub facets: Vec<(String, Vec<(String, u64)>)>,
    /// The query as it was probably meant, likeliest first, where words of it are in no table.
    pub suggestions: Vec<Suggestion>,
    /// What the page's results are about, the commonest first.
    pub categories: Vec<Category>,
    /// Where the time went and what would save some, if that was asked for.
    pub analytics: Option<SearchAnalytics>,
}

/// Where a search's time went, and what would save some.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SearchAnalytics {
    /// Each database, in the order of the connections.
    pub databases: Vec<DatabaseTiming>,
    /// From knowing the connections to the last database's candidates.
    pub search: Duration,
    /// Ranking all candidates in one list.
    pub ranking: Duration,
    /// Reading the page's rows and marking them.
    pub rows: Duration,
    /// What would make the search faster or more complete, once for each table.
    pub advice: Vec<SearchAdvice>,
}

/// Where one database's time went.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseTiming {
    /// The connection.
    pub connection_id: ConnectionId,
    /// Altogether.
    pub total: Duration,
    /// Knowing its schema; next to nothing while that is remembered.
    pub schema: Duration,
    /// Finding the candidates of each table, all side by side.
    pub tables: Vec<(String, Duration)>,
}

/// An index that a search would have had use for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchAdvice {
    /// The connection.
    pub connection_id: ConnectionId,
    /// The table.
    pub table: String,
    /// The columns that no full-text index covers, in the table's order.
    pub columns: Vec<String>,
    /// Whether they were not searched at all, rather than read whole.
    pub left_out: bool,
}

impl SearchAnswer {
    /// About how many bytes it takes in memory.
    #[must_use]
    pub fn weight(&self) -> usize {
        let failures = self.failures.iter().map(|failure| {
            size_of::<Failure>() + failure.message.len() + failure.table.as_ref().map_or(0, String::len)
        });
        let values = self.facets.iter().flat_map(|(_, values)| values);
        let facets = values.map(|(value, _)| size_of::<(String, u64)>() + value.len());
        let hits = self.hits.iter().map(Hit::weight);
        let suggestions = self.suggestions.iter().map(|one| size_of::<Suggestion>() + one.text.len());
        size_of::<Self>()
            + hits.sum::<usize>()
            + facets.sum::<usize>()
            + failures.sum::<usize>()
            + suggestions.sum::<usize>()
            + self.categories.iter().map(|one| size_of::<Category>() + one.name.len()).sum::<usize>()
    }
}

impl Hit {
    fn weight(&self) -> usize {
        let text = size_of::<String>();
        let names = self.matched_columns.iter().map(|name| text + name.len());
        let data = self.data.iter().map(|(name, value)| {
            let held = match value {
                Value::Text(text) | Value::Json(text) => text.len(),
                Value::Bytes(bytes) => bytes.len(),
                Value::Null | Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) => 0,
            };
            size_of::<(String, Value)>() + name.len() + held
        });
        let marked = self.highlights.iter().map(|(name, marked)| 2 * text + name.len() + marked.len());
        size_of::<Self>()
            + self.database.len()
            + self.table.len()
            + self.snippet.as_ref().map_or(0, String::len)
            + names.sum::<usize>()
            + data.sum::<usize>()
            + marked.sum::<usize>()
            + self.categories.iter().map(|one| size_of::<Category>() + one.name.len()).sum::<usize>()
    }
}

/// How many rows match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotalCount {
    /// The number.
    pub count: u64,
    /// Whether it is that number or at least that number.
    pub exact: bool,
}

/// One result.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Made of connection, table and primary key: the same row has the same id in every search.
    pub id: Uuid,
    /// The connection it was found through.
    pub connection_id: ConnectionId,
    /// The database's name.
    pub database: String,
    /// The table's name.
    pub table: String,
    /// 0–1; comparable within one answer, and strictly falling along it unless it is sorted by
    /// columns.
    pub score: f64,
    /// The columns in which words were found.
    pub matched_columns: Vec<String>,
    /// The row: column and value, in the table's order.
    pub data: Vec<(String, Value)>,
    /// The best passage: escaped as HTML, matches marked.
    pub snippet: Option<String>,
    /// The matched columns with their matches marked, if that was asked for.
    pub highlights: Vec<(String, String)>,
    /// What its place rests upon, where meaning counted.
    pub ranking: Option<Ranking>,
    /// What it is about, each counted once.
    pub categories: Vec<Category>,
}

/// What a result's place rests upon. What isn't known is left out.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Ranking {
    /// What its words say for it; 0–1. `None` where it wasn't found by words.
    pub words: Option<f64>,
    /// How near it is in meaning, as the model tells: the cosine, 0–1.
    pub meaning: Option<f64>,
    /// Its place in the list by words, from 1.
    pub words_place: Option<usize>,
    /// Its place in the list by meaning, from 1.
    pub meaning_place: Option<usize>,
}

/// What results are about: as their own rows say it, or, among results whose meaning is known, a group
/// of near ones by the word that tells it from the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Category {
    /// Its name.
    pub name: String,
    /// How many results of the page are of it.
    pub count: u64,
    /// 1 where the rows say so; else how near the results of the group are to each other, 0–1.
    pub confidence: f64,
}

/// What an answer had to do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Degraded {
    /// Meaning: there is no AI to tell it.
    Ai,
}

impl Degraded {
    /// The name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ai => "ai",
        }
    }
}

/// Why something could not be searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureReason {
    /// The database can't be reached or refused.
    ConnectionFailed,
    /// It didn't answer in time.
    Timeout,
    /// The operator's policy forbids the connection.
    NotAllowed,
    /// The table is too large to be read whole and has no fitting full-text index.
    NoIndex,
    /// Some columns were not searched: no full-text index covers them, and the table is too large
    /// to be read whole.
    PartlyIndexed,
    /// More tables than one search goes through.
    TooManyTables,
}

/// A database, or one table of it, that could not be searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The connection.
    pub connection_id: ConnectionId,
    /// The table, where it is about one.
    pub table: Option<String>,
    /// Why.
    pub reason: FailureReason,
    /// The same in a sentence, with what would mend it.
    pub message: String,
}
