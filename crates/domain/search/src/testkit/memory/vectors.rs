//! Vectors in memory.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::{PortError, PortErrorKind, PortResult, System, VectorIndexId};
use async_trait::async_trait;

use crate::{ContentHash, Near, RowKey, ScanPage, Vector, VectorEntry, VectorIndex};

/// An index that compares with every vector there is: exact, and what the others are measured by.
/// Clones share what it keeps.
#[derive(Debug, Clone, Default)]
pub struct InMemoryVectorIndex(Arc<Mutex<HashMap<VectorIndexId, Collection>>>);

#[derive(Debug)]
struct Collection {
    dimensions: usize,
    rows: BTreeMap<RowKey, (ContentHash, Vector)>,
}

impl InMemoryVectorIndex {
    fn collections(&self) -> MutexGuard<'_, HashMap<VectorIndexId, Collection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rejected(operation: &'static str) -> PortError {
    PortError::new(PortErrorKind::Rejected, System::Store, operation)
}

/// A key as a place to go on from.
fn written(key: &RowKey) -> String {
    key.0.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn read(place: &str) -> Option<RowKey> {
    let digits: Option<Vec<u8>> =
        place.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(RowKey(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()))
}

#[async_trait]
impl VectorIndex for InMemoryVectorIndex {
    async fn put(&self, collection: VectorIndexId, entries: Vec<VectorEntry>) -> PortResult<()> {
        let mut collections = self.collections();
        let Some(first) = entries.first() else { return Ok(()) };
        let known = collections.get(&collection).map(|kept| kept.dimensions);
        let dimensions = known.unwrap_or(first.vector.values().len());
        if entries.iter().any(|entry| entry.vector.values().len() != dimensions) {
            return Err(rejected("vector_index.put"));
        }
        let kept =
            collections.entry(collection).or_insert_with(|| Collection { dimensions, rows: BTreeMap::new() });
        kept.rows.extend(entries.into_iter().map(|entry| (entry.key, (entry.content, entry.vector))));
        Ok(())
    }

    async fn contents(
        &self,
        collection: VectorIndexId,
        keys: &[RowKey],
    ) -> PortResult<Vec<Option<ContentHash>>> {
        let collections = self.collections();
        let kept = collections.get(&collection);
        let content = |key: &RowKey| kept?.rows.get(key).map(|(content, _)| *content);
        Ok(keys.iter().map(content).collect())
    }

    async fn remove(&self, collection: VectorIndexId, keys: &[RowKey]) -> PortResult<()> {
        if let Some(kept) = self.collections().get_mut(&collection) {
            for key in keys {
                kept.rows.remove(key);
            }
        }
        Ok(())
    }

    async fn scan(
        &self,
        collection: VectorIndexId,
        after: Option<String>,
        limit: usize,
    ) -> PortResult<ScanPage> {
        let after =
            after.map(|place| read(&place).ok_or_else(|| rejected("vector_index.scan"))).transpose()?;
        let collections = self.collections();
        let Some(kept) = collections.get(&collection) else { return Ok(ScanPage::default()) };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = kept.rows.range((from, Bound::Unbounded)).map(|(key, _)| key.clone());
        let keys: Vec<_> = rest.by_ref().take(limit.max(1)).collect();
        let next = rest.next().and(keys.last()).map(written);
        Ok(ScanPage { keys, next })
    }

    async fn nearest(
        &self,
        collection: VectorIndexId,
        vector: &Vector,
        limit: usize,
    ) -> PortResult<Vec<Near>> {
        let collections = self.collections();
        let Some(kept) = collections.get(&collection) else { return Ok(Vec::new()) };
        if vector.values().len() != kept.dimensions {
            return Err(rejected("vector_index.nearest"));
        }
        let near = |(key, (_, other)): (&RowKey, &(ContentHash, Vector))| Near {
            key: key.clone(),
            similarity: vector.similarity(other),
        };
        let mut found: Vec<_> = kept.rows.iter().map(near).collect();
        found.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
        found.truncate(limit);
        Ok(found)
    }

    async fn size(&self, collection: VectorIndexId) -> PortResult<u64> {
        Ok(self.collections().get(&collection).map_or(0, |kept| kept.rows.len() as u64))
    }

    async fn drop_collection(&self, collection: VectorIndexId) -> PortResult<()> {
        self.collections().remove(&collection);
        Ok(())
    }
}
