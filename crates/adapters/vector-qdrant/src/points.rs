//! Rows as Qdrant has them.

use altus4_kernel::VectorIndexId;
use altus4_search::{ContentHash, Near, RowKey, VectorEntry};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::Fault;

/// What a collection is called there.
pub(crate) fn name(collection: VectorIndexId) -> String {
    format!("altus4_{}", collection.as_uuid().simple())
}

/// The id of a row's point: the same for the same key.
pub(crate) fn id(key: &RowKey) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &key.0)
}

/// A point to be kept.
#[derive(Debug, Serialize)]
pub(crate) struct Point<'a> {
    pub(crate) id: Uuid,
    vector: &'a [f32],
    payload: Payload,
}

/// What is beside a vector. What wasn't asked for isn't there.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Payload {
    key: Option<String>,
    content: Option<Uuid>,
}

impl<'a> Point<'a> {
    pub(crate) fn of(entry: &'a VectorEntry) -> Self {
        let payload = Payload {
            key: Some(STANDARD.encode(&entry.key.0)),
            content: Some(Uuid::from_bytes(entry.content.to_bytes())),
        };
        Self { id: id(&entry.key), vector: entry.vector.values(), payload }
    }
}

/// A point that was found.
#[derive(Debug, Deserialize)]
pub(crate) struct Found {
    pub(crate) id: Uuid,
    payload: Option<Payload>,
    score: Option<f32>,
}

impl Found {
    /// Whose it is.
    pub(crate) fn key(&self) -> Result<RowKey, Fault> {
        let written = self.payload.as_ref().and_then(|payload| payload.key.as_deref());
        let key = written.and_then(|written| STANDARD.decode(written).ok()).map(|key| RowKey(key.into()));
        // A point that somebody else put there has another id than its key asks for.
        key.filter(|key| id(key) == self.id).ok_or(Fault::Nonsense("a point has no key"))
    }

    /// What it was made of.
    pub(crate) fn content(&self) -> Result<ContentHash, Fault> {
        let content = self.payload.as_ref().and_then(|payload| payload.content);
        let content = content.map(|content| ContentHash::from_bytes(content.into_bytes()));
        content.ok_or(Fault::Nonsense("a point has no content"))
    }

    pub(crate) fn near(&self) -> Result<Near, Fault> {
        let score = self.score.filter(|score| score.is_finite());
        let similarity = score.ok_or(Fault::Nonsense("a point has no score"))?.clamp(-1.0, 1.0);
        Ok(Near { key: self.key()?, similarity })
    }
}
