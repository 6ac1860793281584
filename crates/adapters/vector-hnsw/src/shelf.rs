//! All collections of a folder, those of them that are open, and the lock on the folder.

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, TryLockError as Busy,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use altus4_kernel::VectorIndexId;

use crate::{
    collection::Collection,
    config::HnswConfig,
    error::{Fault, HnswFault},
    files,
};

/// Whoever holds a lock on this file has the folder.
const LOCK: &str = "lock";
/// What the folders of dropped collections are named by, until they are removed.
const DROPPED: &str = "dropped";
/// How often a collection is opened again that was dropped under a call.
const ATTEMPTS: u32 = 4;

/// A collection's place on the shelf: `None` while it is closed.
type Place = Mutex<Option<Arc<Collection>>>;

/// The collections of a folder.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) config: HnswConfig,
    lock: File,
    places: Mutex<HashMap<VectorIndexId, Arc<Place>>>,
    dropped: AtomicU64,
    is_closed: AtomicBool,
    /// Whether a collection was opened since somebody last asked.
    has_opened: AtomicBool,
}

impl Shelf {
    /// Takes the folder, and makes it where it is missing.
    pub(crate) fn open(config: HnswConfig) -> Result<Self, HnswFault> {
        let folder = &config.folder;
        let unusable = |reason| HnswFault::Folder { folder: folder.clone(), reason };
        files::make_folder(folder).map_err(unusable)?;
        let mut options = OpenOptions::new();
        let lock =
            options.write(true).create(true).truncate(false).open(folder.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(HnswFault::InUse { folder: folder.clone() }),
            Err(TryLockError::Error(reason)) => return Err(unusable(reason)),
            Ok(()) => {}
        }
        for entry in fs::read_dir(folder).map_err(unusable)? {
            let path = entry.map_err(unusable)?.path();
            if path.extension() == Some(OsStr::new(DROPPED)) {
                remove(&path);
            }
        }
        Ok(Self {
            lock,
            places: Mutex::default(),
            dropped: AtomicU64::new(0),
            is_closed: AtomicBool::new(false),
            has_opened: AtomicBool::new(false),
            config,
        })
    }

    /// Does something with a collection, which is opened for it.
    pub(crate) fn with<T>(
        &self,
        id: VectorIndexId,
        work: impl Fn(&Collection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        for _ in 0..ATTEMPTS {
            let collection = self.collection(id)?;
            collection.touch();
            match work(&collection) {
                Err(Fault::Spent) => {}
                other => return other,
            }
        }
        Err(Fault::Spent)
    }

    /// Forgets a collection, whether it can be read or not.
    pub(crate) fn drop_collection(&self, id: VectorIndexId) -> Result<(), Fault> {
        let number = self.dropped.fetch_add(1, Ordering::Relaxed);
        let elsewhere = self.config.folder.join(format!("{id}-{number}.{DROPPED}"));
        let place = self.place(id)?;
        let mut open = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(collection) = &*open {
            collection.drop_to(&elsewhere)?;
        } else {
            let renamed = files::unless_missing(files::rename(&self.folder(id), &elsewhere));
            renamed.map_err(Fault::disk("dropping a collection"))?;
        }
        *open = None;
        drop(open);
        remove(&elsewhere);
        Ok(())
    }

    /// Whether a collection was opened since this was last asked: its graph may be behind.
    pub(crate) fn has_opened(&self) -> bool {
        self.has_opened.swap(false, Ordering::Relaxed)
    }

    /// Those that are open.
    pub(crate) fn collections(&self) -> Vec<(VectorIndexId, Arc<Collection>)> {
        let places = self.places().clone();
        let open = |(id, place): (VectorIndexId, Arc<Place>)| match place.try_lock() {
            Ok(open) => open.clone().map(|open| (id, open)),
            // It is being opened or dropped just now.
            Err(_) => None,
        };
        places.into_iter().filter_map(open).collect()
    }

    /// Closes what nobody has asked for lately.
    pub(crate) fn close_idle(&self) {
        self.places().retain(|_, place| {
            let is_closed = match place.try_lock() {
                Ok(mut open) => {
                    let is_idle = |known: &Arc<Collection>| {
                        Arc::strong_count(known) == 1 && known.idle() >= self.config.idle_after
                    };
                    if open.as_ref().is_some_and(is_idle) && open.as_ref().is_some_and(|known| save(known)) {
                        *open = None;
                    }
                    open.is_none()
                }
                Err(Busy::Poisoned(_)) => true,
                Err(Busy::WouldBlock) => false,
            };
            // Whoever has the place may be about to open it.
            !(is_closed && Arc::strong_count(place) == 1)
        });
    }

    /// Saves and closes everything, and gives the folder free.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        for place in std::mem::take(&mut *self.places()).into_values() {
            if let Some(collection) = place.lock().unwrap_or_else(PoisonError::into_inner).take() {
                save(&collection);
                collection.retire();
            }
        }
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(%error, "vectors.unlock_failed");
        }
    }

    fn collection(&self, id: VectorIndexId) -> Result<Arc<Collection>, Fault> {
        let place = self.place(id)?;
        let mut open = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(collection) = open.as_ref().filter(|known| !known.is_spent()) {
            return Ok(Arc::clone(collection));
        }
        *open = None;
        if self.is_closed.load(Ordering::Relaxed) {
            return Err(Fault::Closed);
        }
        let collection = Arc::new(Collection::open(self.folder(id), &self.config)?);
        *open = Some(Arc::clone(&collection));
        self.has_opened.store(true, Ordering::Relaxed);
        Ok(collection)
    }

    fn place(&self, id: VectorIndexId) -> Result<Arc<Place>, Fault> {
        let mut places = self.places();
        if self.is_closed.load(Ordering::Relaxed) {
            return Err(Fault::Closed);
        }
        Ok(Arc::clone(places.entry(id).or_default()))
    }

    fn folder(&self, id: VectorIndexId) -> PathBuf {
        self.config.folder.join(id.to_string())
    }

    fn places(&self) -> std::sync::MutexGuard<'_, HashMap<VectorIndexId, Arc<Place>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Saves the graph; without it, it is made anew when the collection is opened.
fn save(collection: &Collection) -> bool {
    match collection.save() {
        Ok(()) | Err(Fault::Spent) => true,
        Err(error) => {
            tracing::warn!(%error, "vectors.graph_not_saved");
            false
        }
    }
}

/// Removes what nothing refers to any more, whatever it is; what can't be removed is tried again at the
/// start.
fn remove(folder: &Path) {
    let removed = if folder.is_dir() { fs::remove_dir_all(folder) } else { fs::remove_file(folder) };
    let removed: io::Result<()> = files::unless_missing(removed);
    if let Err(error) = removed {
        tracing::warn!(%error, "vectors.dropped_not_removed");
    }
}
