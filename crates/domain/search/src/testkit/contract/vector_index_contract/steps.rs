//! Entries to put, and short ways to look.

use altus4_kernel::{PortErrorKind, PortResult, VectorIndexId, uuid::Uuid};

use crate::{ContentHash, Near, RowKey, Vector, VectorEntry, VectorIndex, testkit::dice::Dice};

/// What a vector may lose in keeping: enough for half precision, too little to mix up neighbours.
pub(super) const PRECISION: f32 = 2e-3;

pub(super) fn collection(number: u128) -> VectorIndexId {
    VectorIndexId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn key(text: impl AsRef<[u8]>) -> RowKey {
    RowKey(text.as_ref().into())
}

pub(super) fn content(number: u8) -> ContentHash {
    ContentHash::from_bytes([number; 16])
}

pub(super) fn vector(values: &[f32]) -> Vector {
    Vector::new(values).expect("it points somewhere")
}

pub(super) fn entry(text: impl AsRef<[u8]>, number: u8, values: &[f32]) -> VectorEntry {
    VectorEntry { key: key(text), content: content(number), vector: vector(values) }
}

/// A vector that points anywhere.
pub(super) fn any_vector(dice: &mut Dice, dimensions: usize) -> Vector {
    loop {
        let values: Vec<f32> = (0..dimensions).map(|_| any_number(dice)).collect();
        if let Some(vector) = Vector::new(&values) {
            return vector;
        }
    }
}

/// A number from -1 to 1.
pub(super) fn any_number(dice: &mut Dice) -> f32 {
    dice.below(2_001) as f32 / 1_000.0 - 1.0
}

/// Rows of random vectors under the numbers from `from` on.
pub(super) fn rows(dice: &mut Dice, from: usize, count: usize, dimensions: usize) -> Vec<VectorEntry> {
    let row = |number: usize| VectorEntry {
        key: key(number.to_string()),
        content: content(u8::try_from(number % 251).unwrap_or_default()),
        vector: any_vector(dice, dimensions),
    };
    (from..from + count).map(row).collect()
}

pub(super) async fn put(index: &dyn VectorIndex, number: u128, entries: Vec<VectorEntry>) {
    index.put(collection(number), entries).await.expect("put");
}

/// The content of one row.
pub(super) async fn content_of(index: &dyn VectorIndex, number: u128, key: &RowKey) -> Option<ContentHash> {
    let found = index.contents(collection(number), std::slice::from_ref(key)).await.expect("contents");
    assert_eq!(found.len(), 1);
    found[0]
}

/// Every key, in the order of bytes, walked in pages of this size.
pub(super) async fn walk(index: &dyn VectorIndex, number: u128, page: usize) -> Vec<RowKey> {
    let mut keys = Vec::new();
    let mut after = None;
    loop {
        let found = index.scan(collection(number), after, page).await.expect("scan");
        keys.extend(found.keys);
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    keys.sort();
    keys
}

pub(super) async fn nearest(index: &dyn VectorIndex, number: u128, to: &Vector, limit: usize) -> Vec<Near> {
    let found = index.nearest(collection(number), to, limit).await.expect("nearest");
    assert!(found.is_sorted_by(|a, b| a.similarity >= b.similarity), "the nearest first: {found:?}");
    found
}

pub(super) async fn size(index: &dyn VectorIndex, number: u128) -> u64 {
    index.size(collection(number)).await.expect("size")
}

pub(super) fn assert_rejected<T: std::fmt::Debug>(outcome: PortResult<T>) {
    let refused = outcome.expect_err("refused");
    assert_eq!(refused.kind, PortErrorKind::Rejected, "{refused:?}");
}
