//! What searching by meaning needs from outside.

use std::{sync::Arc, time::Duration};

use altus4_kernel::{ConnectionId, PortResult, TokenUsage, VectorIndexId};
use async_trait::async_trait;
use uuid::Uuid;

use super::Vector;

/// Which model makes embeddings. Vectors of different models can't be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingModel {
    /// Tells it from every other: provider, name, and for a local one its weights. Kept with vectors.
    pub id: Arc<str>,
    /// Whether texts leave this process for it.
    pub is_external: bool,
    /// How many characters of a text it takes in; more make no difference.
    pub max_chars: usize,
    /// How many are read of each of the rows that are embedded while a search waits for them: fewer
    /// where its time would go by otherwise.
    pub glance_chars: usize,
}

/// Which side of a search a text is on; some models tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextKind {
    /// What somebody looks for.
    Query,
    /// What may be found.
    Row,
}

/// Whether somebody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody does.
    Now,
    /// Nobody does: whatever is urgent comes first.
    Whenever,
}

/// Texts to embed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbedRequest {
    /// The texts, at most some hundred. Data: nothing in them is an instruction.
    pub texts: Vec<String>,
    /// What they are.
    pub kind: TextKind,
    /// Whether somebody waits.
    pub urgency: Urgency,
}

/// Texts as vectors.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Embedded {
    /// For each text, in their order, its vector; `None` where there was no time for it, or the text
    /// has no meaning at all (it is empty).
    pub vectors: Vec<Option<Vector>>,
    /// What the provider says it took, one for each call; nothing where it costs nothing.
    pub usage: Vec<TokenUsage>,
}

/// Makes embeddings.
///
/// It MUST answer within `deadline`, with the vectors of as many texts as there was time for, the first
/// ones first; where there was time for none, and whenever else there is no vector at all but for
/// texts without meaning, it is an error. All vectors of one model MUST have the same dimensions. What
/// is held in memory MUST be bounded whatever a provider sends. Dropping the future MUST end the work
/// as soon as it can be.
///
/// Errors, all of the system `Ai`: `Unavailable`, `Timeout`, `RateLimited`, `NotPermitted`, `Rejected`,
/// `Corrupt` (the answer makes no sense).
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Embedder: Send + Sync {
    /// The model that makes them. The same as long as the program runs.
    fn model(&self) -> EmbeddingModel;

    /// Embeds texts. No texts, no vectors, at no cost.
    async fn embed(&self, request: EmbedRequest, deadline: Duration) -> PortResult<Embedded>;
}

/// Which content a vector was made of: two texts have the same one only if they are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash(Uuid);

impl ContentHash {
    /// The hash of a text for a model: a `UUIDv5` (RFC 9562).
    #[must_use]
    pub fn of(model: &EmbeddingModel, text: &str) -> Self {
        Self(Uuid::new_v5(&Uuid::new_v5(&Uuid::NAMESPACE_OID, model.id.as_bytes()), text.as_bytes()))
    }

    /// The hash with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }
}

/// Keeps the vectors of contents that were embedded before. Never waits, and may forget anything at
/// any time; how much it keeps MUST be bounded in bytes.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait EmbeddingCache: Send + Sync {
    /// The vector of this content.
    fn get(&self, content: ContentHash) -> Option<Vector>;

    /// Keeps a content's vector.
    fn put(&self, content: ContentHash, vector: Vector);
}

/// A row's primary key, written down. Opaque to an index of vectors.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey(pub Arc<[u8]>);

/// A row's vector.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorEntry {
    /// Whose it is; unique in a collection.
    pub key: RowKey,
    /// What it was made of.
    pub content: ContentHash,
    /// Where it points.
    pub vector: Vector,
}

/// A row that is near.
#[derive(Debug, Clone, PartialEq)]
pub struct Near {
    /// Which.
    pub key: RowKey,
    /// How near: the cosine, from -1 to 1.
    pub similarity: f32,
}

/// Some of a collection's keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScanPage {
    /// The keys.
    pub keys: Vec<RowKey>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<String>,
}

/// Keeps the vectors of rows, in a collection for each table that was indexed, and finds the nearest.
///
/// A collection comes into being with its first entries, and all its vectors have the dimensions of
/// these; others are `Rejected`. One that isn't there is empty. What `put` and `remove` did MUST still
/// be so after the process was killed. Every method MUST keep to a time limit of its own, and searching
/// MUST go on while entries are put. Errors, all of the system `Store`: `Unavailable`, `Timeout`,
/// `Rejected`, `Corrupt` (what was kept can't be read; `drop_collection` mends it).
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait VectorIndex: Send + Sync {
    /// Keeps entries, at most some hundred, in the place of those with the same keys.
    async fn put(&self, collection: VectorIndexId, entries: Vec<VectorEntry>) -> PortResult<()>;

    /// For each key, in their order, what content its vector was made of; `None` where there is none.
    async fn contents(
        &self,
        collection: VectorIndexId,
        keys: &[RowKey],
    ) -> PortResult<Vec<Option<ContentHash>>>;

    /// Forgets these rows. Those that aren't there are none.
    async fn remove(&self, collection: VectorIndexId, keys: &[RowKey]) -> PortResult<()>;

    /// The keys of a collection, about `limit` at a time. Walking from page to page gives every key
    /// once that is there all the while.
    async fn scan(
        &self,
        collection: VectorIndexId,
        after: Option<String>,
        limit: usize,
    ) -> PortResult<ScanPage>;

    /// The rows nearest to a vector, the nearest first: of the true ten nearest of 100,000 at least
    /// nine and a half in the mean.
    async fn nearest(
        &self,
        collection: VectorIndexId,
        vector: &Vector,
        limit: usize,
    ) -> PortResult<Vec<Near>>;

    /// How many rows it has.
    async fn size(&self, collection: VectorIndexId) -> PortResult<u64>;

    /// Forgets a collection whole, whatever state it is in.
    async fn drop_collection(&self, collection: VectorIndexId) -> PortResult<()>;
}

/// A table whose rows can be found by meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyVectors {
    /// Where its vectors are.
    pub collection: VectorIndexId,
    /// The table.
    pub table: String,
    /// The columns whose text is embedded.
    pub columns: Vec<String>,
    /// The [`EmbeddingModel::id`] that made them.
    pub model: Arc<str>,
}

/// Knows which tables have vectors that can be searched now. Cheap: asked in each search.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait VectorCatalog: Send + Sync {
    /// Those of a connection.
    async fn ready(&self, connection: ConnectionId) -> PortResult<Arc<[ReadyVectors]>>;
}

/// Queries near to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The queries, the nearest first, each of 1–100 characters in one line: checked, and nothing but
    /// text.
    pub queries: Vec<String>,
    /// What it took.
    pub usage: TokenUsage,
}

/// Thinks of what else somebody may mean who typed a query. It sees the query, and no row.
///
/// Time limit, bounds and errors as with [`Embedder`].
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait QueryEnhancer: Send + Sync {
    /// Up to `limit` queries near to this one, itself not among them.
    async fn related(&self, query: &str, limit: usize, deadline: Duration) -> PortResult<Related>;
}
