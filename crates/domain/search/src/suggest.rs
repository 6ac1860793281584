//! Suggestions while somebody types: what the account found things with before, how words are spelt in
//! the data, and which of its titles go with them.

use std::{collections::HashSet, sync::Arc};

use altus4_connections::{ConnectionError, ConnectionService};
use altus4_kernel::{ConnectionId, Granted, PortError, grants::Search};

use crate::{SearchLog, log::folded, text::words};

/// Where a suggestion comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SuggestionKind {
    /// The account found something with it.
    Popular,
    /// It is how the data spells it.
    Spelling,
    /// It is near in meaning.
    Semantic,
}

impl SuggestionKind {
    /// The name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Popular => "popular",
            Self::Spelling => "spelling",
            Self::Semantic => "semantic",
        }
    }
}

/// What somebody may have meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The whole query.
    pub text: String,
    /// How likely it is; 0–1.
    pub score: f64,
    /// Where it comes from.
    pub kind: SuggestionKind,
}

/// What was typed so far: 1–100 characters, not white space alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning(String);

impl Beginning {
    /// The most characters.
    pub const MAX_CHARS: usize = 100;

    /// What was typed; `None` when it is empty, white space alone, or too long.
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

/// Which suggestions are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuggestRequest {
    /// What was typed so far.
    pub beginning: Beginning,
    /// The connections whose words count; empty: all active ones.
    pub databases: Vec<ConnectionId>,
    /// The tables whose words count; empty: all.
    pub tables: Vec<String>,
    /// How many at the most; 1–20.
    pub limit: usize,
}

/// A word as the data has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// The word, in lower case.
    pub word: String,
    /// How likely it was meant; 0–1.
    pub score: f64,
}

/// Knows the words that are in the data. Answers from memory, at once.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait Spelling: Send + Sync {
    /// The words of these databases, and of these tables of them (of all, where none is named), that
    /// `word` may be a misspelling of, the likeliest first, `limit` at the most. None where `word` is
    /// itself in the data, or where nothing is known of it yet. MUST look at no other databases.
    fn corrections(
        &self,
        databases: &[ConnectionId],
        tables: &[String],
        word: &str,
        limit: usize,
    ) -> Vec<Correction>;
}

/// Knows no words: for installations that look at none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSpelling;

impl Spelling for NoSpelling {
    fn corrections(&self, _: &[ConnectionId], _: &[String], _: &str, _: usize) -> Vec<Correction> {
        Vec::new()
    }
}

/// A title or a phrase of the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Phrase {
    /// As the data has it, in one line of at most 100 characters.
    pub text: String,
    /// How well it goes with what was typed; 0–1.
    pub score: f64,
}

/// Knows titles and phrases of the data. Answers from memory, at once.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait Phrases: Send + Sync {
    /// Those of these databases, and of these tables of them (of all, where none is named), that what
    /// was typed may become, the likeliest first, `limit` at the most. MUST look at no other databases.
    fn completions(
        &self,
        databases: &[ConnectionId],
        tables: &[String],
        typed: &str,
        limit: usize,
    ) -> Vec<Phrase>;
}

/// Why there are no suggestions.
#[derive(Debug, thiserror::Error)]
pub enum SuggestError {
    /// A database that was named is not the account's, or a port of connections failed.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// A port failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Suggests queries. What it shows an account comes from that account's searches and databases alone.
#[derive(Clone)]
pub struct SuggestionService {
    connections: ConnectionService,
    log: Arc<dyn SearchLog>,
    spelling: Arc<dyn Spelling>,
    phrases: Option<Arc<dyn Phrases>>,
}

impl SuggestionService {
    /// How many words of a query are corrected: the last ones are what is being typed.
    const CORRECTED: usize = 8;

    /// The service over these ports.
    #[must_use]
    pub fn new(connections: ConnectionService, log: Arc<dyn SearchLog>, spelling: Arc<dyn Spelling>) -> Self {
        Self { connections, log, spelling, phrases: None }
    }

    /// The same, completing what is typed with titles and phrases of the data too.
    #[must_use]
    pub fn with_phrases(self, phrases: Arc<dyn Phrases>) -> Self {
        Self { phrases: Some(phrases), ..self }
    }

    /// What may be meant by what was typed so far, the likeliest first.
    ///
    /// # Errors
    /// [`SuggestError::Connection`] names a database that isn't the account's.
    pub async fn suggest(
        &self,
        granted: Granted<Search>,
        request: &SuggestRequest,
    ) -> Result<Vec<Suggestion>, SuggestError> {
        let targets = self.connections.searchable(granted, &request.databases).await?;
        let databases: Vec<_> = targets.iter().map(|target| target.connection.id).collect();
        // Blanks at the end are part of a beginning: after them another word begins.
        let typed = request.beginning.as_str();
        let mut prefix = folded(typed);
        if typed.ends_with(char::is_whitespace) {
            prefix.push(' ');
        }
        let limit = u32::try_from(request.limit).unwrap_or(u32::MAX);
        let popular = self.log.popular(granted.account_id(), &prefix, limit).await?;
        let most = popular.first().map_or(0, |query| query.searches);
        let mut suggestions: Vec<_> = popular
            .into_iter()
            .map(|query| Suggestion {
                score: share(query.searches, most),
                text: query.query,
                kind: SuggestionKind::Popular,
            })
            .collect();
        suggestions.extend(self.respelt(&databases, request));
        suggestions.extend(self.completed(&databases, request));
        suggestions.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut seen = HashSet::from([folded(typed)]);
        suggestions.retain(|suggestion| seen.insert(folded(&suggestion.text)));
        suggestions.truncate(request.limit);
        Ok(suggestions)
    }

    /// What the data has that goes with what was typed.
    fn completed(&self, databases: &[ConnectionId], request: &SuggestRequest) -> Vec<Suggestion> {
        let Some(phrases) = &self.phrases else { return Vec::new() };
        let typed = request.beginning.as_str();
        let found = phrases.completions(databases, &request.tables, typed, request.limit);
        let suggestion = |Phrase { text, score }| Suggestion { text, score, kind: SuggestionKind::Semantic };
        found.into_iter().map(suggestion).collect()
    }

    /// What was typed with the words that the data doesn't have spelt as it has them. With several such
    /// words each gets its likeliest correction; a lone one gets all of its.
    fn respelt(&self, databases: &[ConnectionId], request: &SuggestRequest) -> Vec<Suggestion> {
        let typed = request.beginning.as_str();
        let mut wrong = Vec::new();
        for span in words(typed).take(Self::CORRECTED) {
            let word = typed[span.start..span.end].to_lowercase();
            let found = self.spelling.corrections(databases, &request.tables, &word, request.limit);
            if !found.is_empty() {
                wrong.push((span, found));
            }
        }
        let suggestion = |text, score| Suggestion { text, score, kind: SuggestionKind::Spelling };
        match wrong.as_slice() {
            [] => Vec::new(),
            [(span, found)] => found
                .iter()
                .map(|correction| {
                    let (before, after) = (&typed[..span.start], &typed[span.end..]);
                    suggestion(format!("{before}{}{after}", correction.word), correction.score)
                })
                .collect(),
            several => {
                let (mut text, mut at, mut score) = (String::new(), 0, 1.0_f64);
                for (span, found) in several {
                    text.push_str(&typed[at..span.start]);
                    text.push_str(&found[0].word);
                    at = span.end;
                    score = score.min(found[0].score);
                }
                text.push_str(&typed[at..]);
                vec![suggestion(text, score)]
            }
        }
    }
}

/// How frequent something is beside the most frequent, on a scale on which twice as much is not twice
/// as good.
fn share(searches: u64, most: u64) -> f64 {
    if most == 0 { 0.0 } else { (searches as f64).ln_1p() / (most as f64).ln_1p() }
}

#[cfg(test)]
mod tests;
