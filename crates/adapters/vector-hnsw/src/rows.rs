//! The rows of a collection, in memory: each in a slot, in the order in which they were put.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    ops::Bound,
};

use altus4_search::{ContentHash, RowKey};
use crc32fast::Hasher;

use crate::{chunks::Chunks, numbers::product};

/// Rows of equal dimensions. What is replaced or removed keeps its slot, dead, until the log is written
/// anew.
#[derive(Debug)]
pub(crate) struct Rows {
    vectors: Chunks<i16>,
    keys: Vec<RowKey>,
    contents: Vec<ContentHash>,
    is_live: Vec<bool>,
    /// For each slot a checksum of what is in it and in all before it.
    marks: Vec<u32>,
    /// The live ones. In order, for scans go on from a key.
    slots: BTreeMap<RowKey, u32>,
}

/// A row that is near, by its slot: nearer ones are greater, and of two as near the older one.
pub(crate) type Found = (i32, Reverse<u32>);

impl Rows {
    /// None. `dimensions` is not 0.
    pub(crate) fn new(dimensions: usize) -> Self {
        Self {
            vectors: Chunks::new(dimensions),
            keys: Vec::new(),
            contents: Vec::new(),
            is_live: Vec::new(),
            marks: Vec::new(),
            slots: BTreeMap::new(),
        }
    }

    pub(crate) fn dimensions(&self) -> usize {
        self.vectors.width()
    }

    /// How many slots there are, dead ones included.
    pub(crate) fn len(&self) -> usize {
        self.vectors.len()
    }

    /// How many rows there are.
    pub(crate) fn live(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn put(&mut self, key: RowKey, content: ContentHash, vector: &[i16]) {
        let slot = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let mut mark = Hasher::new_with_initial(self.mark(self.len()));
        mark.update(&content.to_bytes());
        mark.update(&key.0);
        if let Some(before) = self.slots.insert(key.clone(), slot) {
            self.is_live[before as usize] = false;
        }
        self.vectors.push(vector);
        self.keys.push(key);
        self.contents.push(content);
        self.is_live.push(true);
        self.marks.push(mark.finalize());
    }

    pub(crate) fn remove(&mut self, key: &RowKey) {
        if let Some(slot) = self.slots.remove(key) {
            self.is_live[slot as usize] = false;
        }
    }

    pub(crate) fn has(&self, key: &RowKey) -> bool {
        self.slots.contains_key(key)
    }

    pub(crate) fn content(&self, key: &RowKey) -> Option<ContentHash> {
        self.slots.get(key).map(|slot| self.contents[*slot as usize])
    }

    /// The first keys after this one.
    pub(crate) fn keys_after(&self, after: Option<&RowKey>) -> impl Iterator<Item = &RowKey> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.slots.range((from, Bound::Unbounded)).map(|(key, _)| key)
    }

    pub(crate) fn vector(&self, slot: u32) -> &[i16] {
        self.vectors.row(slot as usize)
    }

    pub(crate) fn is_live(&self, slot: u32) -> bool {
        self.is_live[slot as usize]
    }

    /// The key and the content of a slot.
    pub(crate) fn identity(&self, slot: u32) -> (&RowKey, ContentHash) {
        (&self.keys[slot as usize], self.contents[slot as usize])
    }

    /// A checksum of the first slots: two collections that have the same have the same in them.
    pub(crate) fn mark(&self, slots: usize) -> u32 {
        slots.checked_sub(1).map_or(0, |last| self.marks[last])
    }

    /// The nearest of the slots from `from` on, each compared, added to those that were found already.
    /// The nearest first.
    pub(crate) fn compare(&self, from: usize, to: &[i16], found: Vec<Found>, limit: usize) -> Vec<Found> {
        let mut best: BinaryHeap<Reverse<Found>> = found.into_iter().map(Reverse).collect();
        for slot in from..self.len() {
            if self.is_live[slot] {
                let near = product(to, self.vectors.row(slot));
                let is_worth_it =
                    best.len() < limit || best.peek().is_some_and(|Reverse((worst, _))| near > *worst);
                if is_worth_it {
                    best.push(Reverse((near, Reverse(u32::try_from(slot).unwrap_or(u32::MAX)))));
                    if best.len() > limit {
                        best.pop();
                    }
                }
            }
        }
        let mut nearest: Vec<Found> = best.into_iter().map(|Reverse(found)| found).collect();
        nearest.sort_unstable_by(|a, b| b.cmp(a));
        nearest.truncate(limit);
        nearest
    }
}
