//! The port, over Qdrant's requests.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use altus4_kernel::{PortResult, VectorIndexId};
use altus4_search::{ContentHash, Near, RowKey, ScanPage, Vector, VectorEntry, VectorIndex};
use async_trait::async_trait;
use reqwest::Method;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    QdrantConfig, QdrantFault,
    client::{QdrantClient, Request},
    error::Fault,
    points::{Found, Point, id, name},
};

/// What changes something is answered once it is done, and can be found.
const WHEN_DONE: Option<&str> = Some("wait=true");
/// How many numbers go into one request: about 12 MB of text, a third of what Qdrant takes.
const NUMBERS_A_REQUEST: usize = 1_000_000;
/// The most keys of one page.
const PAGE: usize = 1_000;
/// How many neighbours are kept in sight while Qdrant walks its graph.
const BREADTH: usize = 128;
/// Of how many collections the dimensions are remembered.
const REMEMBERED: usize = 10_000;
/// How often a collection is made that goes away under the putting.
const ATTEMPTS: u32 = 2;
const NO_BODY: Option<&Value> = None;

/// A [`VectorIndex`] in Qdrant. Needs a tokio runtime.
#[derive(Debug)]
pub struct QdrantVectorIndex {
    client: QdrantClient,
    call_timeout: Duration,
    /// The dimensions of collections that were seen. Where one is gone, Qdrant says so.
    dimensions: Mutex<HashMap<VectorIndexId, usize>>,
}

impl QdrantVectorIndex {
    /// An index there. Calls nobody.
    ///
    /// # Errors
    /// The key is none, or this machine can't speak TLS.
    pub fn new(config: &QdrantConfig) -> Result<Self, QdrantFault> {
        Ok(Self {
            client: QdrantClient::new(config)?,
            call_timeout: config.call_timeout,
            dimensions: Mutex::default(),
        })
    }

    /// Whether Qdrant is there and takes the key.
    ///
    /// # Errors
    /// `Unavailable`, `Timeout`, or `Corrupt` (something else is there).
    pub async fn probe(&self) -> PortResult<()> {
        let nobody = VectorIndexId::from_uuid(Uuid::nil());
        self.within("vector_index.probe", async { self.find_dimensions(nobody).await.map(drop) }).await
    }

    /// What comes out of this in time.
    async fn within<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, Fault>> + Send,
    ) -> PortResult<T> {
        let done = timeout(self.call_timeout, work).await;
        done.unwrap_or(Err(Fault::Silent(self.call_timeout)))
            .map_err(|fault| fault.into_port_error(operation))
    }

    /// What is asked for of a collection; `None` where there is none.
    async fn ask<T: DeserializeOwned>(
        &self,
        collection: VectorIndexId,
        what: &str,
        body: &Value,
    ) -> Result<Option<T>, Fault> {
        let path = format!("/{}{what}", name(collection));
        let request = Request { method: Method::POST, path, parameters: None, body: Some(body) };
        found(self.client.ask(request).await)
    }

    /// The dimensions that a collection was made with; `None` where there is none.
    async fn find_dimensions(&self, collection: VectorIndexId) -> Result<Option<usize>, Fault> {
        #[derive(Deserialize)]
        struct Collection {
            config: Config,
        }
        #[derive(Deserialize)]
        struct Config {
            params: Params,
        }
        #[derive(Deserialize)]
        struct Params {
            vectors: Vectors,
        }
        #[derive(Deserialize)]
        struct Vectors {
            size: usize,
        }
        if let Some(known) = self.dimensions().get(&collection) {
            return Ok(Some(*known));
        }
        let path = format!("/{}", name(collection));
        let request = Request { method: Method::GET, path, parameters: None, body: NO_BODY };
        let found: Option<Collection> = found(self.client.ask(request).await)?;
        let size = found.map(|found| found.config.params.vectors.size);
        if let Some(size) = size {
            let mut known = self.dimensions();
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(collection, size);
        }
        Ok(size)
    }

    /// The dimensions of a collection, which is made with these if it isn't there. Of several that make
    /// it at once, one does.
    async fn dimensions_or(&self, collection: VectorIndexId, dimensions: usize) -> Result<usize, Fault> {
        if let Some(known) = self.find_dimensions(collection).await? {
            return Ok(known);
        }
        let body = json!({ "vectors": { "size": dimensions, "distance": "Cosine" } });
        let path = format!("/{}", name(collection));
        let request = Request { method: Method::PUT, path, parameters: None, body: Some(&body) };
        match self.client.ask::<_, bool>(request).await {
            Ok(_) | Err(Fault::Exists) => {}
            Err(fault) => return Err(fault),
        }
        self.find_dimensions(collection).await?.ok_or(Fault::Missing)
    }

    async fn put_all(&self, collection: VectorIndexId, entries: &[VectorEntry]) -> Result<(), Fault> {
        let Some(given) = entries.first().map(|entry| entry.vector.values().len()) else { return Ok(()) };
        // Qdrant may keep the first ones of those of which it refuses one.
        let is_other = |entry: &&VectorEntry| entry.vector.values().len() != given;
        if let Some(other) = entries.iter().find(is_other) {
            return Err(Fault::Dimensions { expected: given, given: other.vector.values().len() });
        }
        let expected = self.dimensions_or(collection, given).await?;
        if expected != given {
            return Err(Fault::Dimensions { expected, given });
        }
        // Of two with one key the last counts, and only it is sent.
        let mut seen = HashSet::new();
        let points = entries.iter().rev().map(Point::of).filter(|point| seen.insert(point.id));
        let points: Vec<_> = points.collect();
        for points in points.chunks((NUMBERS_A_REQUEST / given).max(1)) {
            self.change(Method::PUT, format!("/{}/points", name(collection)), points).await?;
        }
        Ok(())
    }

    /// Changes points, and waits until it is done.
    async fn change<T: Serialize + Sync>(
        &self,
        method: Method,
        path: String,
        points: &[T],
    ) -> Result<(), Fault> {
        #[derive(Serialize)]
        struct Points<'a, T> {
            points: &'a [T],
        }
        #[derive(Deserialize)]
        struct Outcome {
            status: String,
        }
        let body = Points { points };
        let request = Request { method, path, parameters: WHEN_DONE, body: Some(&body) };
        let outcome: Outcome = self.client.ask(request).await?;
        if outcome.status == "completed" { Ok(()) } else { Err(Fault::Unfinished) }
    }

    fn dimensions(&self) -> MutexGuard<'_, HashMap<VectorIndexId, usize>> {
        self.dimensions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `None` where there is no such collection.
fn found<T>(answer: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match answer {
        Err(Fault::Missing) => Ok(None),
        other => other.map(Some),
    }
}

#[async_trait]
impl VectorIndex for QdrantVectorIndex {
    async fn put(&self, collection: VectorIndexId, entries: Vec<VectorEntry>) -> PortResult<()> {
        let putting = async {
            let mut outcome = Ok(());
            for _ in 0..ATTEMPTS {
                outcome = self.put_all(collection, &entries).await;
                if !matches!(outcome, Err(Fault::Missing | Fault::Refused(400))) {
                    break;
                }
                // It was dropped by another, and may have been made anew with other dimensions.
                self.dimensions().remove(&collection);
            }
            outcome
        };
        self.within("vector_index.put", putting).await
    }

    async fn contents(
        &self,
        collection: VectorIndexId,
        keys: &[RowKey],
    ) -> PortResult<Vec<Option<ContentHash>>> {
        let looking = async {
            let mut known = HashMap::new();
            for keys in keys.chunks(PAGE) {
                let ids: HashSet<Uuid> = keys.iter().map(id).collect();
                let body = json!({ "ids": ids, "with_payload": true, "with_vector": false });
                let found: Option<Vec<Found>> = self.ask(collection, "/points", &body).await?;
                for point in found.unwrap_or_default() {
                    known.insert(point.key()?, point.content()?);
                }
            }
            Ok(keys.iter().map(|key| known.get(key).copied()).collect())
        };
        self.within("vector_index.contents", looking).await
    }

    async fn remove(&self, collection: VectorIndexId, keys: &[RowKey]) -> PortResult<()> {
        let removing = async {
            for keys in keys.chunks(PAGE) {
                let ids: Vec<Uuid> = keys.iter().map(id).collect();
                let path = format!("/{}/points/delete", name(collection));
                found(self.change(Method::POST, path, &ids).await)?;
            }
            Ok(())
        };
        self.within("vector_index.remove", removing).await
    }

    async fn scan(
        &self,
        collection: VectorIndexId,
        after: Option<String>,
        limit: usize,
    ) -> PortResult<ScanPage> {
        #[derive(Deserialize)]
        struct Page {
            points: Vec<Found>,
            next_page_offset: Option<Uuid>,
        }
        let scanning = async {
            let after = after.as_deref().map(Uuid::try_parse).transpose().map_err(|_| Fault::Place)?;
            let limit = limit.clamp(1, PAGE);
            let body =
                json!({ "limit": limit, "offset": after, "with_payload": ["key"], "with_vector": false });
            let page: Option<Page> = self.ask(collection, "/points/scroll", &body).await?;
            let Some(page) = page else { return Ok(ScanPage::default()) };
            // It goes on from id to id; one that goes back would never end.
            if page.next_page_offset.is_some_and(|next| Some(next) <= after) {
                return Err(Fault::Nonsense("a scan goes back"));
            }
            Ok(ScanPage {
                keys: page.points.iter().map(Found::key).collect::<Result<_, _>>()?,
                next: page.next_page_offset.map(|next| next.to_string()),
            })
        };
        self.within("vector_index.scan", scanning).await
    }

    async fn nearest(
        &self,
        collection: VectorIndexId,
        vector: &Vector,
        limit: usize,
    ) -> PortResult<Vec<Near>> {
        #[derive(Deserialize)]
        struct Answer {
            points: Vec<Found>,
        }
        if limit == 0 {
            return Ok(Vec::new());
        }
        let searching = async {
            let body = json!({
                "query": vector.values(),
                "limit": limit,
                "params": { "hnsw_ef": BREADTH.max(limit) },
                "with_payload": ["key"],
                "with_vector": false,
            });
            let found: Option<Answer> = self.ask(collection, "/points/query", &body).await?;
            let points = found.map(|answer| answer.points).unwrap_or_default();
            let mut near: Vec<Near> = points.iter().map(Found::near).collect::<Result<_, _>>()?;
            near.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
            near.truncate(limit);
            Ok(near)
        };
        self.within("vector_index.nearest", searching).await
    }

    async fn size(&self, collection: VectorIndexId) -> PortResult<u64> {
        #[derive(Deserialize)]
        struct Count {
            count: u64,
        }
        let counting = async {
            let count: Option<Count> =
                self.ask(collection, "/points/count", &json!({ "exact": true })).await?;
            Ok(count.map_or(0, |count| count.count))
        };
        self.within("vector_index.size", counting).await
    }

    async fn drop_collection(&self, collection: VectorIndexId) -> PortResult<()> {
        let dropping = async {
            self.dimensions().remove(&collection);
            let path = format!("/{}", name(collection));
            let request = Request { method: Method::DELETE, path, parameters: None, body: NO_BODY };
            // Whether there was one is no matter.
            found(self.client.ask::<_, bool>(request).await).map(drop)
        };
        self.within("vector_index.drop_collection", dropping).await
    }
}
