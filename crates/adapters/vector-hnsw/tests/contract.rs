//! The contract of the port, with a graph from the first row on and without one.

use std::{path::Path, sync::Arc, time::Duration};

use altus4_kernel::VectorIndexId;
use altus4_search::{VectorIndex, testkit::VectorIndexSubject};
use altus4_vector_hnsw::{HnswConfig, HnswVectorIndex};
use async_trait::async_trait;
use tempfile::TempDir;

mod contract {
    pub(crate) mod disk;
    pub(crate) mod graph;
}

/// An index in a folder of its own, which ends with it.
struct Subject {
    index: Arc<HnswVectorIndex>,
    config: HnswConfig,
    folder: TempDir,
    /// The copies that were made of it.
    copies: std::sync::Mutex<Vec<TempDir>>,
}

fn config(folder: &Path) -> HnswConfig {
    // Tests run while the machine is busy with others.
    HnswConfig { call_timeout: Duration::from_mins(1), ..HnswConfig::new(folder) }
}

fn subject(exact_up_to: usize) -> Subject {
    let folder = tempfile::tempdir().expect("a folder");
    let config = HnswConfig { exact_up_to, ..config(folder.path()) };
    let index = Arc::new(HnswVectorIndex::open(config.clone()).expect("open"));
    Subject { index, config, folder, copies: std::sync::Mutex::default() }
}

/// Waits for the thread in the background. It has nothing that could be waited on, and a minute.
async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    for _ in 0..6_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

async fn until_linked(index: &HnswVectorIndex, collection: VectorIndexId) {
    let is_linked = || async { index.unlinked(collection).await.expect("unlinked") == 0 };
    until("everything is in the graph", is_linked).await;
}

/// Copies a folder as it is, as if everything had come to an end just now.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            std::fs::create_dir(&target).expect("a new folder");
            copy(&entry.path(), &target);
        } else {
            // What is being written beside may get its name under the copying.
            let _ = std::fs::copy(entry.path(), target);
        }
    }
}

impl Subject {
    /// An index over a copy of the folder as it is now.
    async fn copied(&self) -> Box<dyn VectorIndex> {
        self.after_kill().await
    }
}

#[async_trait]
impl VectorIndexSubject for Subject {
    fn index(&self) -> &dyn VectorIndex {
        &*self.index
    }

    async fn after_kill(&self) -> Box<dyn VectorIndex> {
        let folder = tempfile::tempdir().expect("a folder");
        copy(self.folder.path(), folder.path());
        let config = HnswConfig { folder: folder.path().to_owned(), ..self.config.clone() };
        self.copies.lock().expect("copies").push(folder);
        Box::new(HnswVectorIndex::open(config).expect("open"))
    }
}

mod exact {
    altus4_search::vector_index_contract!(tokio::test, super::subject(20_000));
}

mod with_a_graph {
    altus4_search::vector_index_contract!(tokio::test, super::subject(0));
}
