//! What has to do with the graph: it is made beside everything else, and nothing is lost by it.

use std::{collections::HashSet, sync::Arc, time::Duration};

use altus4_kernel::{VectorIndexId, uuid::Uuid};
use altus4_search::{ContentHash, RowKey, Vector, VectorEntry, VectorIndex, testkit::InMemoryVectorIndex};
use altus4_vector_hnsw::{HnswConfig, HnswVectorIndex};

use crate::{Subject, subject, until};

const COLLECTION: VectorIndexId = VectorIndexId::from_uuid(Uuid::from_u128(1));
const DIMENSIONS: usize = 24;

fn key(number: usize) -> RowKey {
    RowKey(number.to_string().into_bytes().into())
}

/// A vector in one of forty heaps, the same for the same number.
fn vector(number: usize) -> Vector {
    let wave = |seed: usize, at: usize| {
        let mixed = (seed * 7_919 + at * 104_729 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        mixed as f32 / (1 << 23) as f32 - 1.0
    };
    let values: Vec<f32> =
        (0..DIMENSIONS).map(|at| wave(number % 40, at) + 0.2 * wave(number + 1_000, at)).collect();
    Vector::new(&values).expect("it points somewhere")
}

fn entries(numbers: impl Iterator<Item = usize>, version: u8) -> Vec<VectorEntry> {
    let entry = |number: usize| VectorEntry {
        key: key(number),
        content: ContentHash::from_bytes([version; 16]),
        vector: vector(number + 10_000 * usize::from(version)),
    };
    numbers.map(entry).collect()
}

async fn put_all(index: &dyn VectorIndex, all: &[VectorEntry]) {
    for some in all.chunks(200) {
        index.put(COLLECTION, some.to_vec()).await.expect("put");
    }
}

async fn until_linked(index: &HnswVectorIndex) {
    crate::until_linked(index, COLLECTION).await;
}

/// How much of the true ten nearest is found.
async fn recall(index: &dyn VectorIndex, naive: &InMemoryVectorIndex) -> f32 {
    let (mut found, mut all) = (0, 0);
    for number in 0..60 {
        let to = vector(20_000 + number);
        let keys = |near: Vec<altus4_search::Near>| near.into_iter().map(|near| near.key).collect();
        let near: HashSet<RowKey> = keys(index.nearest(COLLECTION, &to, 10).await.expect("nearest"));
        let truth: HashSet<RowKey> = keys(naive.nearest(COLLECTION, &to, 10).await.expect("nearest"));
        assert_eq!(near.len(), truth.len());
        found += near.intersection(&truth).count();
        all += truth.len();
    }
    found as f32 / all as f32
}

fn reopened(config: &HnswConfig) -> Arc<HnswVectorIndex> {
    Arc::new(HnswVectorIndex::open(config.clone()).expect("open"))
}

/// A thousand and more rows in the graph, of each index.
async fn filled(exact_up_to: usize, rows: usize) -> (Subject, InMemoryVectorIndex) {
    let subject = subject(exact_up_to);
    let naive = InMemoryVectorIndex::default();
    for index in [&*subject.index as &dyn VectorIndex, &naive] {
        put_all(index, &entries(0..rows, 1)).await;
    }
    until_linked(&subject.index).await;
    (subject, naive)
}

#[tokio::test]
async fn the_nearest_are_found_also_where_many_were_removed() {
    let (subject, naive) = filled(0, 3_000).await;
    assert!(recall(&*subject.index, &naive).await > 0.95);
    // Whole heaps and parts of others.
    let gone: Vec<RowKey> = (0..3_000).filter(|number| number % 40 < 8 || number % 3 == 0).map(key).collect();
    for index in [&*subject.index as &dyn VectorIndex, &naive] {
        index.remove(COLLECTION, &gone).await.expect("remove");
    }
    assert!(recall(&*subject.index, &naive).await > 0.95);
}

#[tokio::test]
async fn the_graph_is_there_again_after_a_restart() {
    let (subject, naive) = filled(0, 1_500).await;
    subject.index.close().await;
    let index = reopened(&subject.config);
    assert_eq!(index.unlinked(COLLECTION).await.expect("unlinked"), 0);
    assert!(recall(&*index, &naive).await > 0.95);
    let refused = subject.index.size(COLLECTION).await;
    assert!(refused.is_err(), "the one that was closed answers no more");
}

/// Replacing all rows again and again doesn't fill the disk, and what is there stays as it is.
#[tokio::test]
async fn a_log_of_dead_rows_is_written_anew() {
    let subject = subject(0);
    let naive = InMemoryVectorIndex::default();
    for version in 1..=6 {
        for index in [&*subject.index as &dyn VectorIndex, &naive] {
            put_all(index, &entries(0..800, version)).await;
        }
    }
    let log = subject.folder.path().join(COLLECTION.to_string()).join("log");
    let a_row = 2 * DIMENSIONS as u64 + 32;
    let is_short = || async { std::fs::metadata(&log).expect("a log").len() < 3_000 * a_row };
    until("the log is short", is_short).await;
    until_linked(&subject.index).await;
    assert!(recall(&*subject.index, &naive).await > 0.95);
    let keys: Vec<RowKey> = (0..800).map(key).collect();
    for index in [&*subject.index as &dyn VectorIndex, &*subject.copied().await] {
        assert_eq!(
            index.contents(COLLECTION, &keys).await.expect("contents"),
            naive.contents(COLLECTION, &keys).await.expect("contents")
        );
    }
}

/// Rows with the same text are one place in the graph: they neither hide others nor each other.
#[tokio::test]
async fn a_thousand_rows_alike_are_found_and_passed_by() {
    let subject = subject(0);
    let alike = |number: usize| VectorEntry { vector: vector(5), ..entries(number..=number, 1).remove(0) };
    put_all(&*subject.index, &(1_000..2_000).map(alike).collect::<Vec<_>>()).await;
    put_all(&*subject.index, &entries(0..200, 1)).await;
    until_linked(&subject.index).await;
    let near = subject.index.nearest(COLLECTION, &vector(5), 100).await.expect("nearest");
    let different: HashSet<_> = near.iter().map(|near| near.key.clone()).collect();
    assert_eq!(different.len(), 100);
    assert!(near.iter().all(|near| near.similarity > 0.999), "{near:?}");
    for number in 0..200 {
        let entry = entries(number..=number, 1).remove(0);
        let near = subject.index.nearest(COLLECTION, &entry.vector, 1).await.expect("nearest");
        assert_eq!(near[0].key, entry.key);
    }
    // The one that stands for them goes; they are still there.
    subject.index.remove(COLLECTION, &[key(1_000)]).await.expect("remove");
    let near = subject.index.nearest(COLLECTION, &vector(5), 5_000).await.expect("nearest");
    assert_eq!(near.iter().filter(|near| near.similarity > 0.999).count(), 999);
}

#[tokio::test]
async fn what_is_idle_is_closed_and_opens_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let idle_after = Duration::from_millis(20);
    let config = HnswConfig { exact_up_to: 0, idle_after, ..crate::config(folder.path()) };
    let index = reopened(&config);
    put_all(&*index, &entries(0..300, 1)).await;
    // A graph as small as this is saved when its collection is closed, and not before.
    let graph = folder.path().join(COLLECTION.to_string()).join("graph");
    until("the collection is closed", || async { graph.exists() }).await;
    assert_eq!(index.size(COLLECTION).await.expect("size"), 300);
    put_all(&*index, &entries(300..310, 1)).await;
    assert_eq!(index.size(COLLECTION).await.expect("size"), 310);
}

/// Some put and remove, some search, the thread links: what stays is found each time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn searching_puts_up_with_everything_else() {
    let (subject, _) = filled(0, 400).await;
    let index = Arc::clone(&subject.index);
    let writers = (0..2).map(|writer| {
        let index = Arc::clone(&index);
        tokio::spawn(async move {
            for round in 0..12 {
                let from = 10_000 * (writer + 1) + round * 50;
                put_all(&*index, &entries(from..from + 50, 2)).await;
                let gone: Vec<RowKey> = (from..from + 25).map(key).collect();
                index.remove(COLLECTION, &gone).await.expect("remove");
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        for number in (0..400).step_by(37) {
            let entry = entries(number..=number, 1).remove(0);
            let near = index.nearest(COLLECTION, &entry.vector, 1).await.expect("nearest");
            assert_eq!(near[0].key, entry.key);
        }
    }
    for writer in writers {
        writer.await.expect("no panic");
    }
    assert_eq!(index.size(COLLECTION).await.expect("size"), 400 + 2 * 12 * 25);
}
