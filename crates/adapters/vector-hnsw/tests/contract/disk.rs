//! What has to do with the disk: logs that end in the middle, files that are damaged, folders that
//! aren't there.

use std::{fs, path::Path, sync::Arc};

use altus4_kernel::{PortErrorKind, VectorIndexId, uuid::Uuid};
use altus4_search::{ContentHash, RowKey, Vector, VectorEntry, VectorIndex};
use altus4_vector_hnsw::{HnswConfig, HnswFault, HnswVectorIndex};
use tempfile::TempDir;

const COLLECTION: VectorIndexId = VectorIndexId::from_uuid(Uuid::from_u128(1));

fn vector(angle: u8) -> Vector {
    let angle = f32::from(angle) / 40.0;
    Vector::new(&[angle.cos(), angle.sin()]).expect("it points somewhere")
}

fn entry(number: u8) -> VectorEntry {
    VectorEntry {
        key: RowKey([number].into()),
        content: ContentHash::from_bytes([number; 16]),
        vector: vector(number),
    }
}

fn open(folder: &Path) -> Arc<HnswVectorIndex> {
    let config = HnswConfig { exact_up_to: 0, ..crate::config(folder) };
    Arc::new(HnswVectorIndex::open(config).expect("open"))
}

/// The folder of a collection that these were put into, one at a time, and how long its log was after
/// each.
async fn written(numbers: &[u8]) -> (TempDir, Vec<usize>) {
    let folder = tempfile::tempdir().expect("a folder");
    let index = open(folder.path());
    let mut lengths = Vec::new();
    for number in numbers {
        index.put(COLLECTION, vec![entry(*number)]).await.expect("put");
        lengths.push(fs::read(log(folder.path())).expect("a log").len());
    }
    crate::until_linked(&index, COLLECTION).await;
    index.close().await;
    (folder, lengths)
}

fn log(folder: &Path) -> std::path::PathBuf {
    folder.join(COLLECTION.to_string()).join("log")
}

fn graph(folder: &Path) -> std::path::PathBuf {
    folder.join(COLLECTION.to_string()).join("graph")
}

/// A folder with a collection of this log alone.
fn with_log(content: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let log = log(folder.path());
    fs::create_dir(log.parent().expect("a parent")).expect("a new folder");
    fs::write(log, content).expect("a log");
    folder
}

async fn keys(index: &HnswVectorIndex) -> Vec<u8> {
    let page = index.scan(COLLECTION, None, 100).await.expect("scan");
    page.keys.iter().map(|key| key.0[0]).collect()
}

#[tokio::test]
async fn a_log_may_end_at_any_byte_of_its_last_record() {
    let (folder, lengths) = written(&[1, 2, 3]).await;
    let whole = fs::read(log(folder.path())).expect("a log");
    for end in lengths[1]..=lengths[2] {
        let torn = with_log(&whole[..end]);
        let index = open(torn.path());
        let expected: &[u8] = if end == lengths[2] { &[1, 2, 3] } else { &[1, 2] };
        assert_eq!(keys(&index).await, expected, "cut at {end}");
        // What is written behind it is there the next time.
        index.put(COLLECTION, vec![entry(4)]).await.expect("put");
        index.close().await;
        assert_eq!(keys(&open(torn.path())).await, [expected, &[4]].concat(), "cut at {end}");
    }
}

#[tokio::test]
async fn a_garbled_end_is_as_good_as_none() {
    let (folder, lengths) = written(&[1, 2, 3]).await;
    let whole = fs::read(log(folder.path())).expect("a log");
    for at in lengths[1]..lengths[2] {
        let mut garbled = whole.clone();
        garbled[at] ^= 0x41;
        assert_eq!(keys(&open(with_log(&garbled).path())).await, [1, 2], "byte {at}");
    }
    // What a file system may leave behind after a power cut.
    for rest in [vec![0; 5_000], vec![0xff; 13], b"\xa4fr\x01\xff\xff\xff\x03....".to_vec()] {
        let longer = [whole.clone(), rest].concat();
        assert_eq!(keys(&open(with_log(&longer).path())).await, [1, 2, 3]);
    }
}

#[tokio::test]
async fn a_log_that_is_damaged_before_its_end_is_corrupt_until_it_is_dropped() {
    let (folder, lengths) = written(&[1, 2, 3]).await;
    let whole = fs::read(log(folder.path())).expect("a log");
    for at in 0..lengths[1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x41;
        let folder = with_log(&damaged);
        let index = open(folder.path());
        let found = index.size(COLLECTION).await.expect_err("damaged");
        assert_eq!(found.kind, PortErrorKind::Corrupt, "byte {at}");
        let put = index.put(COLLECTION, vec![entry(9)]).await.expect_err("damaged");
        assert_eq!(put.kind, PortErrorKind::Corrupt, "byte {at}");
        assert_eq!(fs::read(log(folder.path())).expect("a log"), damaged, "it is left as it is");
        index.drop_collection(COLLECTION).await.expect("drop");
        index.put(COLLECTION, vec![entry(9)]).await.expect("put");
        assert_eq!(keys(&index).await, [9]);
    }
}

/// It is made anew; meanwhile every row is compared.
#[tokio::test]
async fn a_graph_that_is_damaged_or_of_others_is_not_believed() {
    let numbers: Vec<u8> = (0..120).collect();
    let (folder, _) = written(&numbers).await;
    let (others, _) = written(&(80..220).collect::<Vec<u8>>()).await;
    let log_content = fs::read(log(folder.path())).expect("a log");
    let good = fs::read(graph(folder.path())).expect("a graph");
    let foreign = fs::read(graph(others.path())).expect("a graph");
    let mut damaged: Vec<Vec<u8>> = (0..good.len()).step_by(701).map(|at| good[..at].to_vec()).collect();
    damaged.extend((0..good.len()).step_by(463).map(|at| {
        let mut flipped = good.clone();
        flipped[at] ^= 0x10;
        flipped
    }));
    damaged.push(foreign);
    for graph_content in damaged {
        let folder = with_log(&log_content);
        fs::write(graph(folder.path()), graph_content).expect("a graph");
        let index = open(folder.path());
        assert_eq!(index.size(COLLECTION).await.expect("size"), 120);
        for number in [0, 60, 119] {
            let near = index.nearest(COLLECTION, &vector(number), 1).await.expect("nearest");
            assert_eq!(near[0].key, entry(number).key);
        }
        crate::until_linked(&index, COLLECTION).await;
        index.close().await;
        let index = open(folder.path());
        assert_eq!(index.unlinked(COLLECTION).await.expect("unlinked"), 0, "it was made anew, and kept");
    }
    let folder = with_log(&log_content);
    fs::write(graph(folder.path()), &good).expect("a graph");
    let index = open(folder.path());
    assert_eq!(index.unlinked(COLLECTION).await.expect("unlinked"), 0, "the good one is taken");
}

#[tokio::test]
async fn one_folder_belongs_to_one_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = open(folder.path());
    let second = HnswVectorIndex::open(HnswConfig::new(folder.path()));
    let refused = second.expect_err("in use");
    assert!(matches!(refused, HnswFault::InUse { .. }), "{refused:?}");
    assert!(refused.to_string().ends_with("is in use by another process"));
    let waiting = HnswVectorIndex::new(HnswConfig::new(folder.path()));
    let refused = waiting.put(COLLECTION, vec![entry(1)]).await.expect_err("in use");
    assert_eq!(refused.kind, PortErrorKind::Unavailable);
    first.close().await;
    waiting.put(COLLECTION, vec![entry(1)]).await.expect("it is free now");
}

#[tokio::test]
async fn a_folder_that_is_none_is_told_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    for path in [file.clone(), file.join("below")] {
        let refused = HnswVectorIndex::open(HnswConfig::new(&path)).expect_err("no folder");
        assert!(matches!(refused, HnswFault::Folder { .. }), "{refused:?}");
        assert!(refused.to_string().contains("cannot be used"), "{refused}");
    }
}

#[tokio::test]
async fn what_stands_in_the_way_of_a_collection_makes_it_unavailable_until_it_is_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let index = open(folder.path());
    fs::write(folder.path().join(COLLECTION.to_string()), "no folder").expect("a file");
    for _ in 0..2 {
        let put = index.put(COLLECTION, vec![entry(1)]).await.expect_err("no folder");
        assert_eq!(put.kind, PortErrorKind::Unavailable);
    }
    index.drop_collection(COLLECTION).await.expect("drop");
    index.put(COLLECTION, vec![entry(1)]).await.expect("put");
    assert_eq!(keys(&index).await, [1]);
}

/// The whole folder is taken away under it.
#[tokio::test]
async fn a_disk_that_goes_away_is_told_and_may_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let below = folder.path().join("vectors");
    let index = open(&below);
    fs::remove_dir_all(&below).expect("removed");
    fs::write(&below, "").expect("a file in its place");
    let put = index.put(COLLECTION, vec![entry(1)]).await.expect_err("no folder");
    assert_eq!(put.kind, PortErrorKind::Unavailable);
    fs::remove_file(&below).expect("removed");
    index.put(COLLECTION, vec![entry(1)]).await.expect("put");
    assert_eq!(keys(&index).await, [1]);
}

#[tokio::test]
async fn what_was_left_unfinished_is_tidied_up() {
    let (folder, _) = written(&[1, 2]).await;
    let collection = folder.path().join(COLLECTION.to_string());
    let unfinished = ["log.new", "log.rewritten", "graph.new"].map(|name| collection.join(name));
    for file in &unfinished {
        fs::write(file, "half of it").expect("a file");
    }
    let dropped = folder.path().join("00000000-0000-0000-0000-000000000007-0.dropped");
    fs::create_dir(&dropped).expect("a new folder");
    let index = open(folder.path());
    assert_eq!(keys(&index).await, [1, 2]);
    assert!(!dropped.exists() && unfinished.iter().all(|file| !file.exists()));
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_kept_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let below = folder.path().join("a").join("vectors");
    let index = open(&below);
    index.put(COLLECTION, vec![entry(1)]).await.expect("put");
    index.close().await;
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    for made in [&below, &below.join(COLLECTION.to_string())] {
        assert_eq!(mode(made), 0o700);
    }
    assert_eq!(mode(&log(&below)), 0o600);
}
