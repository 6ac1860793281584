//! What is there after a process was killed in the middle of its writing: everything that it was told is
//! kept, each call whole or not at all. The program kills a copy of itself, again and again, over one
//! folder.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use altus4_kernel::{VectorIndexId, uuid::Uuid};
use altus4_search::{ContentHash, RowKey, Vector, VectorEntry, VectorIndex};
use altus4_vector_hnsw::{HnswConfig, HnswVectorIndex};

const COLLECTION: VectorIndexId = VectorIndexId::from_uuid(Uuid::from_u128(1));
const WRITE: &str = "write-until-killed";
const KILLS: u64 = 6;
/// How many calls are acknowledged before a kill, and more each time.
const CALLS: u64 = 15;
/// How many keys there are; each call writes some of them, and takes some away.
const KEYS: u64 = 40;
const ENTRIES: u64 = 7;
const DIMENSIONS: usize = 48;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    match arguments.as_slice() {
        [order, folder, first] if order == WRITE => {
            runtime.block_on(write(Path::new(folder), first.parse().expect("a number")));
        }
        // The test runner's own arguments are no matter here.
        _ => {
            runtime.block_on(kill_and_look());
            println!("test what_was_acknowledged_survives_kills ... ok");
        }
    }
}

fn open(folder: &Path) -> Arc<HnswVectorIndex> {
    // With a graph, and logs that are written anew while it happens.
    let config = HnswConfig { exact_up_to: 0, ..HnswConfig::new(folder) };
    Arc::new(HnswVectorIndex::open(config).expect("open"))
}

fn key(number: u64) -> RowKey {
    RowKey((number % KEYS).to_le_bytes().into())
}

/// What a call puts.
fn entries(call: u64) -> Vec<VectorEntry> {
    let entry = |number: u64| {
        let values: Vec<f32> =
            (0..DIMENSIONS).map(|at| (call * 31 + number * 7 + at as u64) as f32).map(f32::sin).collect();
        VectorEntry {
            key: key(call * 3 + number * 5),
            content: ContentHash::from_bytes(u128::from(call).to_le_bytes()),
            vector: Vector::new(&values).expect("it points somewhere"),
        }
    };
    (0..ENTRIES).map(entry).collect()
}

/// What it takes away after that, every third time.
fn gone(call: u64) -> Vec<RowKey> {
    if call.is_multiple_of(3) { vec![key(call), key(call + 1)] } else { Vec::new() }
}

/// Puts and removes without end, and says which call was acknowledged.
async fn write(folder: &Path, first: u64) {
    let index = open(folder);
    for call in first.. {
        index.put(COLLECTION, entries(call)).await.expect("put");
        say(&format!("put {call}"));
        index.remove(COLLECTION, &gone(call)).await.expect("remove");
        say(&format!("removed {call}"));
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("somebody listens");
}

async fn kill_and_look() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = 1;
    for kill in 0..KILLS {
        let last_said = write_and_kill(folder.path(), first, CALLS * (kill + 1));
        let index = open(folder.path());
        let found = found(&index).await;
        // The last thing said was acknowledged; of what came after it, at most the next call is there.
        let done = steps_up_to(&last_said);
        let states: Vec<_> = [done, done + 1].map(state_after).into();
        assert!(states.contains(&found), "after {last_said:?}: {found:?}, neither of {states:?}");
        for (key, call) in &found {
            let entry =
                entries(*call).into_iter().rev().find(|entry| entry.key == RowKey(key.as_slice().into()));
            let vector = entry.expect("it was put").vector;
            let near = index.nearest(COLLECTION, &vector, 1).await.expect("nearest");
            assert!(near[0].similarity > 0.999, "{near:?}");
        }
        index.close().await;
        // Calls are repeated from the one that may be there in part of its two steps.
        first = done / 2 + 1;
    }
}

/// Starts the writer, waits for so many lines, kills it, and gives the last line that it said.
fn write_and_kill(folder: &Path, first: u64, lines: u64) -> String {
    let program = std::env::current_exe().expect("this program");
    let mut writer = Command::new(program)
        .args([WRITE, folder.to_str().expect("a path"), &first.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut said = BufReader::new(writer.stdout.take().expect("its output")).lines();
    let mut last = String::new();
    for _ in 0..lines {
        last = said.next().expect("it goes on").expect("text");
    }
    writer.kill().expect("killed");
    writer.wait().expect("it ended");
    // What it had said before it was killed was acknowledged too. A line is written whole.
    said.map_while(Result::ok).last().unwrap_or(last)
}

/// How many steps have been done, two for each call from the first one on.
fn steps_up_to(line: &str) -> u64 {
    let (what, call) = line.split_once(' ').expect("two words");
    let call: u64 = call.parse().expect("a number");
    2 * (call - 1) + if what == "put" { 1 } else { 2 }
}

/// Which call each key's content is of, after so many steps.
fn state_after(steps: u64) -> BTreeMap<Vec<u8>, u64> {
    let mut state = BTreeMap::new();
    for step in 0..steps {
        let call = step / 2 + 1;
        if step % 2 == 0 {
            state.extend(entries(call).into_iter().map(|entry| (entry.key.0.to_vec(), call)));
        } else {
            for key in gone(call) {
                state.remove(&*key.0);
            }
        }
    }
    state
}

async fn found(index: &HnswVectorIndex) -> BTreeMap<Vec<u8>, u64> {
    let keys = index.scan(COLLECTION, None, 1_000).await.expect("scan").keys;
    let contents = index.contents(COLLECTION, &keys).await.expect("contents");
    let call = |content: Option<ContentHash>| {
        u64::try_from(u128::from_le_bytes(content.expect("a content").to_bytes())).expect("a call")
    };
    keys.iter().zip(contents).map(|(key, content)| (key.0.to_vec(), call(content))).collect()
}
