//! Searching users' databases where they are: reading a query, planning it over the indexes there
//! are, gathering candidates from several databases at once, and ranking them in one list.
//!
//! Invariants:
//! - A search touches the databases of one account: the one its
//!   [`Granted`](altus4_kernel::Granted) permission names.
//! - One database that fails, hangs or lies costs its own results and no one else's.
//! - Nothing of a query reaches SQL but as bound words; names come from the schema snapshot.
//! - No text that a person types, whatever Unicode it is, is an error; of a boolean query the place is
//!   told where it can't be read.

mod analysis;
mod answer;
mod cached;
mod candidates;
mod categories;
mod error;
mod evidence;
mod expr;
mod facets;
mod failures;
mod fusion;
mod gather;
mod history;
mod holds;
mod identity;
mod language;
mod log;
mod markup;
mod meaning;
mod normal;
mod plan;
mod ports;
mod present;
mod query;
mod question;
mod rank;
mod saved;
mod service;
mod sorting;
mod suggest;
mod terms;
mod text;
mod vectors;
mod vocabulary;

#[cfg(any(test, feature = "testkit"))]
pub mod testkit;

pub use crate::analysis::{ParsedQuery, ParsedWord};
pub use crate::answer::{
    Category, DatabaseTiming, Degraded, Failure, FailureReason, Hit, Ranking, SearchAdvice, SearchAnalytics,
    SearchAnswer, TotalCount,
};
pub use crate::cached::{
    AnswerCache, CachedAnswer, CachedSearch, CachedSearchPorts, ConnectionEpochs, RunSearch, Served, Written,
};
pub use crate::error::SearchError;
pub use crate::expr::{Expr, Scope, Term, TermText};
pub use crate::history::{HistoryService, InteractionError, NewInteraction};
pub use crate::holds::{TermFinder, occurrences};
pub use crate::language::{BooleanQuery, NaturalQuery, QueryFault, WeightedTerm};
pub use crate::log::{
    DayOfSearches, HistoryRequest, Interaction, InteractionKind, MAX_CATEGORIES, MAX_FOLDED_CHARS,
    PopularQuery, SearchLog, SearchRecord, SearchRecorder, SearchStatus, Trends, TrendsRequest, day_of,
    folded,
};
pub use crate::meaning::{
    ContentHash, EMBEDDED_CHARS, EmbedRequest, Embedded, Embedder, Embedders, EmbeddingCache, EmbeddingModel,
    MeaningPorts, Near, QueryEnhancer, ReadyVectors, Related, RowKey, ScanPage, TextKind, Urgency, Vector,
    VectorCatalog, VectorEntry, VectorIndex, embedded_text,
};
pub use crate::ports::{
    Candidate, CandidateRequest, Explained, Facet, FacetRequest, FullTextIndex, Matching, Order, ReadColumn,
    Row, RowsRequest, Sample, SampleRequest, SortKey, WalkRequest,
};
pub use crate::query::{QueryText, SearchMode, SearchQuery, SortBy, Tags, Window, WordMatching};
pub use crate::saved::{
    SAVED_COUNT_CONSTRAINT, SAVED_NAME_CONSTRAINT, SavedRequest, SavedSearch, SavedSearchError,
    SavedSearchName, SavedSearchRepository, SavedSearchService, StandingSearch,
};
pub use crate::service::{
    DatabaseAnalysis, Merged, MergedAnswer, MergedFault, SearchAnalysis, SearchService, TableAnalysis,
};
pub use crate::suggest::{
    Beginning, Correction, NoSpelling, Phrase, Phrases, Spelling, SuggestError, SuggestRequest, Suggestion,
    SuggestionKind, SuggestionService,
};

pub use crate::vectors::{
    ClaimedVectors, KeptVectorCatalog, NewVectorIndex, VECTOR_LIMIT_CONSTRAINT, VECTOR_SAME_CONSTRAINT,
    VectorClaim, VectorCourse, VectorError, VectorFault, VectorIndexRecord, VectorIndexRepository,
    VectorPorts, VectorProgress, VectorService, VectorSettings, VectorSpec, VectorState, VectorWorker,
};

#[cfg(feature = "mock")]
pub use crate::{
    cached::MockAnswerCache,
    log::MockSearchLog,
    meaning::{MockEmbedder, MockEmbeddingCache, MockQueryEnhancer, MockVectorCatalog, MockVectorIndex},
    ports::MockFullTextIndex,
    saved::MockSavedSearchRepository,
    suggest::{MockPhrases, MockSpelling},
    vectors::MockVectorIndexRepository,
};
