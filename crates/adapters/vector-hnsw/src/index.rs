//! The port, over the shelf: every call on a thread that may wait, and within its time.

use std::{
    mem,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use altus4_kernel::{PortResult, VectorIndexId};
use altus4_search::{ContentHash, Near, RowKey, ScanPage, Vector, VectorEntry, VectorIndex};
use async_trait::async_trait;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use crate::{
    collection::{Collection, page, place},
    config::HnswConfig,
    error::{Fault, HnswFault},
    shelf::Shelf,
    worker::Worker,
};

/// How many calls for each processor search at the same time.
const SEARCHES_A_PROCESSOR: usize = 4;
/// How many calls wait for the disk at the same time.
const WRITES: usize = 16;

/// A [`VectorIndex`] in a folder. Needs a tokio runtime.
#[derive(Debug)]
pub struct HnswVectorIndex {
    folder: Arc<Folder>,
    searches: Arc<Semaphore>,
    writes: Arc<Semaphore>,
}

impl HnswVectorIndex {
    /// An index that takes the folder when somebody asks for something, and is `Unavailable` as long as
    /// another process has it. So a program may start that never asks, or whose forerunner hasn't ended.
    #[must_use]
    pub fn new(config: HnswConfig) -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            folder: Arc::new(Folder { config, state: Mutex::default() }),
            searches: Arc::new(Semaphore::new(processors * SEARCHES_A_PROCESSOR)),
            writes: Arc::new(Semaphore::new(WRITES)),
        }
    }

    /// An index that takes the folder at once; its collections are opened when somebody asks for them.
    /// Waits for the disk, for a moment.
    ///
    /// # Errors
    /// The folder can't be made or written, or another process has it.
    pub fn open(config: HnswConfig) -> Result<Self, HnswFault> {
        let index = Self::new(config);
        match index.folder.shelf() {
            Err(Fault::Folder(fault)) => Err(fault),
            _ => Ok(index),
        }
    }

    /// Saves what makes the next start faster, and gives the folder free. Calls after it are refused.
    pub async fn close(&self) {
        let folder = Arc::clone(&self.folder);
        if let Err(error) = spawn_blocking(move || folder.close()).await {
            tracing::error!(%error, "vectors.close_failed");
        }
    }

    /// How many rows of a collection, dead ones included, its graph doesn't have yet: they are compared one
    /// by one, which takes time and finds them all the same. What has no graph has all of them so.
    ///
    /// # Errors
    /// As those of the port.
    pub async fn unlinked(&self, collection: VectorIndexId) -> PortResult<u64> {
        self.read("vector_index.unlinked", collection, |open| Ok(open.unlinked() as u64)).await
    }

    /// Does something with a collection where it may take a while.
    async fn on<T: Send + 'static>(
        &self,
        operation: &'static str,
        lane: &Arc<Semaphore>,
        work: impl FnOnce(&Shelf) -> Result<T, Fault> + Send + 'static,
    ) -> PortResult<T> {
        let limit = self.folder.config.call_timeout;
        let done = timeout(limit, async {
            let turn = Arc::clone(lane).acquire_owned().await;
            let folder = Arc::clone(&self.folder);
            // The turn ends with the work, also where nobody waits for it any more.
            let work = move || {
                let _turn = turn;
                work(&*folder.shelf()?)
            };
            spawn_blocking(work).await.unwrap_or_else(|error| Err(Fault::Ended(error.to_string())))
        });
        let done = done.await.unwrap_or(Err(Fault::Silent(limit)));
        done.map_err(|fault| fault.into_port_error(operation))
    }

    async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        collection: VectorIndexId,
        work: impl Fn(&Collection) -> Result<T, Fault> + Send + 'static,
    ) -> PortResult<T> {
        let read = self.on(operation, &self.searches, move |shelf| shelf.with(collection, work)).await;
        self.folder.call_worker(false);
        read
    }

    async fn write(
        &self,
        operation: &'static str,
        collection: VectorIndexId,
        work: impl Fn(&Collection) -> Result<(), Fault> + Send + 'static,
    ) -> PortResult<()> {
        self.on(operation, &self.writes, move |shelf| shelf.with(collection, work)).await?;
        self.folder.call_worker(true);
        Ok(())
    }
}

/// The folder, and whether this process has it.
#[derive(Debug)]
struct Folder {
    config: HnswConfig,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
enum State {
    /// Nobody has asked yet, or it could not be had.
    #[default]
    Untaken,
    Taken(Arc<Shelf>, Worker),
    Closed,
}

impl Folder {
    fn shelf(&self) -> Result<Arc<Shelf>, Fault> {
        let mut state = self.state();
        match &*state {
            State::Taken(open, _) => Ok(Arc::clone(open)),
            State::Closed => Err(Fault::Closed),
            State::Untaken => {
                let opened = Arc::new(Shelf::open(self.config.clone())?);
                let worker = Worker::start(Arc::clone(&opened)).map_err(Fault::disk("starting a thread"))?;
                *state = State::Taken(Arc::clone(&opened), worker);
                Ok(opened)
            }
        }
    }

    /// Calls the thread if there may be something for it to do.
    fn call_worker(&self, has_changed: bool) {
        if let State::Taken(shelf, worker) = &*self.state()
            && (shelf.has_opened() || has_changed)
        {
            worker.call();
        }
    }

    fn close(&self) {
        let state = mem::replace(&mut *self.state(), State::Closed);
        if let State::Taken(shelf, worker) = state {
            worker.stop();
            shelf.close();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl VectorIndex for HnswVectorIndex {
    async fn put(&self, collection: VectorIndexId, entries: Vec<VectorEntry>) -> PortResult<()> {
        self.write("vector_index.put", collection, move |open| open.put(&entries)).await
    }

    async fn contents(
        &self,
        collection: VectorIndexId,
        keys: &[RowKey],
    ) -> PortResult<Vec<Option<ContentHash>>> {
        let keys = keys.to_vec();
        self.read("vector_index.contents", collection, move |open| Ok(open.contents(&keys))).await
    }

    async fn remove(&self, collection: VectorIndexId, keys: &[RowKey]) -> PortResult<()> {
        let keys = keys.to_vec();
        self.write("vector_index.remove", collection, move |open| open.remove(&keys)).await
    }

    async fn scan(
        &self,
        collection: VectorIndexId,
        after: Option<String>,
        limit: usize,
    ) -> PortResult<ScanPage> {
        const OPERATION: &str = "vector_index.scan";
        let after = after.as_deref().map(place).transpose();
        let after = after.map_err(|fault| fault.into_port_error(OPERATION))?;
        let scan = move |open: &Collection| {
            let (keys, is_more) = open.scan(after.as_ref(), limit.max(1));
            Ok(page(keys, is_more))
        };
        self.read(OPERATION, collection, scan).await
    }

    async fn nearest(
        &self,
        collection: VectorIndexId,
        vector: &Vector,
        limit: usize,
    ) -> PortResult<Vec<Near>> {
        let vector = vector.clone();
        self.read("vector_index.nearest", collection, move |open| open.nearest(&vector, limit)).await
    }

    async fn size(&self, collection: VectorIndexId) -> PortResult<u64> {
        self.read("vector_index.size", collection, |open| Ok(open.size() as u64)).await
    }

    async fn drop_collection(&self, collection: VectorIndexId) -> PortResult<()> {
        let dropping = move |shelf: &Shelf| shelf.drop_collection(collection);
        self.on("vector_index.drop_collection", &self.writes, dropping).await
    }
}
