//! Databases with models that tell the meaning of their rows.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use altus4_connections::Value;
use altus4_kernel::{
    AiPayer, ConnectionId, PortResult, Timer, TokenUsage, VectorIndexId, testkit::InstantTimer, uuid::Uuid,
};
use altus4_search::{
    ContentHash, Embedder, Embedders, MeaningPorts, ReadyVectors, RowKey, SearchMode, SearchQuery,
    VectorCatalog, VectorEntry, VectorIndex, embedded_text,
    testkit::{InMemoryEmbedder, InMemoryEmbeddingCache, InMemoryVectorIndex},
};
use async_trait::async_trait;
use futures::executor::block_on;

use crate::{
    id, query,
    world::{Sheet, World, articles, text, world_of},
};

/// Says which tables have vectors.
#[derive(Default)]
pub(crate) struct Catalog(Mutex<Vec<(ConnectionId, ReadyVectors)>>);

#[async_trait]
impl VectorCatalog for Catalog {
    async fn ready(&self, connection: ConnectionId) -> PortResult<Arc<[ReadyVectors]>> {
        let all = self.0.lock().unwrap();
        Ok(all.iter().filter(|(of, _)| *of == connection).map(|(_, ready)| ready.clone()).collect())
    }
}

/// Pays for so many calls, and counts what they cost.
pub(crate) struct Purse {
    calls: AtomicUsize,
    pub(crate) tokens: AtomicUsize,
}

impl Purse {
    pub(crate) fn for_calls(calls: usize) -> Self {
        Self { calls: calls.into(), tokens: AtomicUsize::new(0) }
    }
}

#[async_trait]
impl AiPayer for Purse {
    async fn may_call(&self) -> PortResult<bool> {
        let take = |left: usize| left.checked_sub(1);
        Ok(self.calls.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok())
    }

    async fn charge(&self, usage: &TokenUsage) -> PortResult<()> {
        self.tokens.fetch_add(usize::try_from(usage.input).unwrap(), Ordering::Relaxed);
        Ok(())
    }
}

/// A model that knows what a car is.
pub(crate) fn model() -> InMemoryEmbedder {
    knowing(InMemoryEmbedder::default())
}

/// The same, outside.
pub(crate) fn provider() -> InMemoryEmbedder {
    knowing(InMemoryEmbedder::external())
}

fn knowing(embedder: InMemoryEmbedder) -> InMemoryEmbedder {
    embedder.knowing(&["car", "automobile", "sedan"]).knowing(&["mend", "repair", "fix"])
}

/// What there is to search, and what tells its meaning.
pub(crate) struct Sphere {
    pub(crate) world: World,
    pub(crate) local: Option<Arc<InMemoryEmbedder>>,
    pub(crate) external: Option<Arc<InMemoryEmbedder>>,
    pub(crate) vectors: InMemoryVectorIndex,
    catalog: Arc<Catalog>,
}

/// With these models; `outside` are the connections whose texts may go outside.
pub(crate) fn sphere(
    databases: Vec<Vec<Sheet>>,
    (local, external): (Option<InMemoryEmbedder>, Option<InMemoryEmbedder>),
    outside: &[u128],
) -> Sphere {
    let (local, external) = (local.map(Arc::new), external.map(Arc::new));
    let port = |of: &Option<Arc<InMemoryEmbedder>>| of.clone().map(|of| of as Arc<dyn Embedder>);
    let (vectors, catalog) = (InMemoryVectorIndex::default(), Arc::new(Catalog::default()));
    let ports = MeaningPorts {
        vectors: Some(Arc::new(vectors.clone())),
        catalog: Some(Arc::clone(&catalog) as _),
        ..ports(port(&local), port(&external))
    };
    let world = world_of(databases, outside, InstantTimer::Never, Some(ports));
    Sphere { world, local, external, vectors, catalog }
}

/// Models, and nothing else.
pub(crate) fn ports(local: Option<Arc<dyn Embedder>>, external: Option<Arc<dyn Embedder>>) -> MeaningPorts {
    let cache = Arc::new(InMemoryEmbeddingCache::default());
    let embedders = Embedders { local, external };
    MeaningPorts { embedders, cache, catalog: None, vectors: None, enhancer: None }
}

/// Databases with this model alone, and with a clock of their own.
pub(crate) fn with_model(
    databases: Vec<Vec<Sheet>>,
    local: Arc<dyn Embedder>,
    timer: impl Timer + 'static,
) -> World {
    world_of(databases, &[], timer, Some(ports(Some(local), None)))
}

impl Sphere {
    /// Embeds `articles` of a database as they are now, with the local model.
    pub(crate) fn index(&self, connection: u128, columns: &[&str], rows: &[Vec<Value>]) {
        let embedder = self.local.as_ref().unwrap();
        let model = embedder.model();
        let collection = VectorIndexId::from_uuid(Uuid::from_u128(connection));
        let entry = |row: &Vec<Value>| {
            let of = |name: &&str| match *name {
                "title" => &row[1],
                _ => &row[2],
            };
            let content = embedded_text(model.max_chars, columns.iter().map(of));
            Some(VectorEntry {
                key: RowKey::of(&row[..1]),
                content: ContentHash::of(&model, &content),
                vector: embedder.vector(&content)?,
            })
        };
        block_on(self.vectors.put(collection, rows.iter().filter_map(entry).collect())).unwrap();
        let ready = ReadyVectors {
            collection,
            table: "articles".to_owned(),
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            model: model.id,
        };
        self.catalog.0.lock().unwrap().push((id(connection), ready));
    }

    /// Puts other rows in the place of a database's `articles`.
    pub(crate) fn replace(&self, connection: u128, rows: Vec<Vec<Value>>) {
        let Sheet { table, rows } = articles(rows);
        self.world.index.add(id(connection), table, rows);
    }
}

pub(crate) fn row(key: i64, title: &str, body: &str) -> Vec<Value> {
    vec![Value::Int(key), text(title), text(body), Value::Int(key % 7), text("open")]
}

pub(crate) fn rows(texts: &[(&str, &str)]) -> Vec<Vec<Value>> {
    (1..).zip(texts).map(|(key, (title, body))| row(key, title, body)).collect()
}

pub(crate) fn semantic(text: &str) -> SearchQuery {
    SearchQuery { mode: SearchMode::Semantic, ..query(text) }
}
