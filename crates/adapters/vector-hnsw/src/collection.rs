//! One collection: its rows and their graph in memory, its log on the disk.

mod tending;

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use altus4_search::{ContentHash, Near, RowKey, ScanPage, Vector, VectorEntry};

use crate::{
    config::HnswConfig,
    error::Fault,
    files,
    frame::Frame,
    graph::Graph,
    log::Log,
    numbers::{cosine, product, rounded},
    rows::Rows,
    snapshot,
};

const LOG: &str = "log";
const GRAPH: &str = "graph";
/// What is being written, and gets its name when it is whole.
const NEW_LOG: &str = "log.new";
const REWRITTEN_LOG: &str = "log.rewritten";
const NEW_GRAPH: &str = "graph.new";

/// A collection that is open. Locks are taken in the order of the fields.
#[derive(Debug)]
pub(crate) struct Collection {
    folder: PathBuf,
    exact_up_to: usize,
    breadth: usize,
    writer: Mutex<Writer>,
    state: RwLock<Option<State>>,
    /// How many slots the graph on the disk has.
    saved: AtomicUsize,
    used: Mutex<Instant>,
    /// It was dropped, or its log can't be written to as it is: nothing is done with it any more.
    is_spent: AtomicBool,
}

#[derive(Debug)]
struct Writer {
    /// `None` before the first entry.
    log: Option<Log>,
}

/// What is in memory: all rows, and the graph of the first of them.
#[derive(Debug)]
struct State {
    rows: Rows,
    graph: Graph,
}

impl Collection {
    /// Reads what is in a folder; one that isn't there is an empty collection.
    pub(crate) fn open(folder: PathBuf, config: &HnswConfig) -> Result<Self, Fault> {
        for unfinished in [NEW_LOG, REWRITTEN_LOG, NEW_GRAPH] {
            files::remove(&folder.join(unfinished)).map_err(Fault::disk("tidying up a collection"))?;
        }
        let (log, state) = match Log::open(&folder.join(LOG)) {
            Ok((log, rows)) => {
                let graph = load_graph(&folder, &rows, log.generation());
                (Some(log), Some(State { rows, graph }))
            }
            Err(Fault::Disk { reason, .. }) if reason.kind() == ErrorKind::NotFound => (None, None),
            Err(fault) => return Err(fault),
        };
        let saved = state.as_ref().map_or(0, |state| state.graph.len());
        Ok(Self {
            folder,
            exact_up_to: config.exact_up_to,
            breadth: config.breadth,
            writer: Mutex::new(Writer { log }),
            state: RwLock::new(state),
            saved: AtomicUsize::new(saved),
            used: Mutex::new(Instant::now()),
            is_spent: AtomicBool::new(false),
        })
    }

    pub(crate) fn put(&self, entries: &[VectorEntry]) -> Result<(), Fault> {
        let Some(first) = entries.first() else { return Ok(()) };
        let mut writer = self.writer()?;
        let log = writer.log.as_mut();
        let expected = log.map_or(first.vector.values().len(), |log| log.dimensions());
        if let Some(other) = entries.iter().find(|entry| entry.vector.values().len() != expected) {
            return Err(Fault::Dimensions { expected, given: other.vector.values().len() });
        }
        let slots = self.state().as_ref().map_or(0, |state| state.rows.len());
        u32::try_from(slots + entries.len()).map_err(|_| Fault::TooMuch)?;

        let mut frame = Frame::new();
        let vectors: Vec<_> = entries.iter().map(|entry| rounded(&entry.vector)).collect();
        for (entry, vector) in entries.iter().zip(&vectors) {
            frame.put(&entry.key, entry.content, vector);
        }
        let frame = frame.finish().ok_or(Fault::TooMuch)?;
        match &mut writer.log {
            Some(log) => self.append(log, &frame)?,
            none => *none = Some(self.begin(expected, &frame)?),
        }

        let mut state = self.state_mut();
        let state = state.get_or_insert_with(|| State { rows: Rows::new(expected), graph: Graph::new() });
        for (entry, vector) in entries.iter().zip(&vectors) {
            state.rows.put(entry.key.clone(), entry.content, vector);
        }
        Ok(())
    }

    pub(crate) fn remove(&self, keys: &[RowKey]) -> Result<(), Fault> {
        let mut writer = self.writer()?;
        let Some(log) = &mut writer.log else { return Ok(()) };
        let present: Vec<&RowKey> = {
            let state = self.state();
            keys.iter().filter(|key| state.as_ref().is_some_and(|state| state.rows.has(key))).collect()
        };
        if present.is_empty() {
            return Ok(());
        }
        let mut frame = Frame::new();
        for key in &present {
            frame.remove(key);
        }
        self.append(log, &frame.finish().ok_or(Fault::TooMuch)?)?;
        if let Some(state) = self.state_mut().as_mut() {
            for key in present {
                state.rows.remove(key);
            }
        }
        Ok(())
    }

    pub(crate) fn contents(&self, keys: &[RowKey]) -> Vec<Option<ContentHash>> {
        let state = self.state();
        keys.iter().map(|key| state.as_ref()?.rows.content(key)).collect()
    }

    /// The keys after this one, in their order.
    pub(crate) fn scan(&self, after: Option<&RowKey>, limit: usize) -> (Vec<RowKey>, bool) {
        let state = self.state();
        let Some(state) = state.as_ref() else { return (Vec::new(), false) };
        let mut rest = state.rows.keys_after(after);
        let keys = rest.by_ref().take(limit).cloned().collect();
        (keys, rest.next().is_some())
    }

    pub(crate) fn nearest(&self, vector: &Vector, limit: usize) -> Result<Vec<Near>, Fault> {
        let state = self.state();
        let Some(State { rows, graph }) = state.as_ref() else { return Ok(Vec::new()) };
        let (expected, given) = (rows.dimensions(), vector.values().len());
        if given != expected {
            return Err(Fault::Dimensions { expected, given });
        }
        let to = rounded(vector);
        let is_exact = rows.live() <= self.exact_up_to.max(limit);
        let found = if is_exact || limit == 0 {
            rows.compare(0, &to, Vec::new(), limit)
        } else {
            let in_graph = graph.nearest(rows, &to, limit, self.breadth.max(limit + limit / 2));
            rows.compare(graph.len(), &to, in_graph, limit)
        };
        let near = |slot: u32| Near {
            key: rows.identity(slot).0.clone(),
            similarity: cosine(product(&to, rows.vector(slot))),
        };
        Ok(found.into_iter().map(|(_, slot)| near(slot.0)).collect())
    }

    pub(crate) fn size(&self) -> usize {
        self.state().as_ref().map_or(0, |state| state.rows.live())
    }

    /// How many slots are compared one by one in each search.
    pub(crate) fn unlinked(&self) -> usize {
        self.state().as_ref().map_or(0, |state| state.rows.len() - state.graph.len())
    }

    /// Renames the folder, so that it is gone at once, and refuses every write after it.
    pub(crate) fn drop_to(&self, elsewhere: &Path) -> Result<(), Fault> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let renamed = files::unless_missing(files::rename(&self.folder, elsewhere));
        renamed.map_err(Fault::disk("dropping a collection"))?;
        self.is_spent.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Refuses every write from now on: another process may have the folder.
    pub(crate) fn retire(&self) {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_spent.store(true, Ordering::Relaxed);
    }

    /// Remembers that somebody asked.
    pub(crate) fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// For how long nobody has asked.
    pub(crate) fn idle(&self) -> Duration {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Whether it has to be opened again before it can be used.
    pub(crate) fn is_spent(&self) -> bool {
        self.is_spent.load(Ordering::Relaxed)
    }

    /// The log of a collection that begins, with its first frame.
    fn begin(&self, dimensions: usize, frame: &[u8]) -> Result<Log, Fault> {
        let make = || {
            files::make_folder(&self.folder)?;
            if let Some(parent) = self.folder.parent() {
                files::sync_folder(parent)?;
            }
            let new = self.folder.join(NEW_LOG);
            let mut log = Log::create(&new, 1, dimensions)?;
            log.write(frame)?;
            log.sync()?;
            files::rename(&new, &self.folder.join(LOG))?;
            Ok(log)
        };
        make().map_err(Fault::disk("beginning a log"))
    }

    fn writer(&self) -> Result<MutexGuard<'_, Writer>, Fault> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_spent() { Err(Fault::Spent) } else { Ok(writer) }
    }

    fn append(&self, log: &mut Log, frame: &[u8]) -> Result<(), Fault> {
        log.append(frame).inspect_err(|_| self.is_spent.store(log.is_broken(), Ordering::Relaxed))
    }

    fn state(&self) -> RwLockReadGuard<'_, Option<State>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, Option<State>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn saved(&self) -> usize {
        self.saved.load(Ordering::Relaxed)
    }
}

/// The graph that was saved, or none to begin with: it is made anew.
fn load_graph(folder: &Path, rows: &Rows, generation: u64) -> Graph {
    let path = folder.join(GRAPH);
    let loaded = snapshot::load(&path, rows, generation).unwrap_or_else(|error| {
        tracing::warn!(%error, "vectors.graph_unreadable");
        None
    });
    if loaded.is_none() && path.exists() {
        tracing::info!(rows = rows.live(), "vectors.graph_made_anew");
    }
    loaded.unwrap_or_else(Graph::new)
}

/// A key as a place that a scan goes on from, and back.
pub(crate) fn page(keys: Vec<RowKey>, is_more: bool) -> ScanPage {
    let next = keys.last().filter(|_| is_more).map(|last| {
        last.0
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .filter_map(|half| char::from_digit(half.into(), 16))
            .collect()
    });
    ScanPage { keys, next }
}

/// The key that [`page`] wrote.
pub(crate) fn place(text: &str) -> Result<RowKey, Fault> {
    let half = |digit: char| digit.to_digit(16).and_then(|half| u8::try_from(half).ok());
    let halves: Option<Vec<u8>> = text.chars().map(half).collect();
    let halves = halves.filter(|halves| halves.len().is_multiple_of(2)).ok_or(Fault::Place)?;
    Ok(RowKey(halves.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()))
}
