//! What the management of vectors needs from outside.

use altus4_kernel::{AuditEvent, ConnectionId, PortResult, Timestamp, VectorIndexId, uuid::Uuid};
use async_trait::async_trait;

use crate::VectorIndexRecord;

/// What [`VectorIndexRepository::insert`] conflicts on where there are such vectors.
pub const VECTOR_SAME_CONSTRAINT: &str = "vector_index.columns";
/// What [`VectorIndexRepository::insert`] conflicts on where the connection has too many.
pub const VECTOR_LIMIT_CONSTRAINT: &str = "vector_index.limit";

/// Who takes over work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VectorClaim {
    /// The node.
    pub node: Uuid,
    /// Where it keeps vectors: what is kept elsewhere can't be gone on with here.
    pub place: Uuid,
    /// The time: work that is due later is left alone.
    pub now: Timestamp,
    /// A node that gave its last sign of life earlier is dead.
    pub alive_since: Timestamp,
    /// How much is taken over at the most.
    pub limit: u32,
}

/// Work that was taken over.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedVectors {
    /// What it is about.
    pub record: VectorIndexRecord,
    /// Whether it was removed, by itself or with its connection: all that is left to do is to forget it.
    pub is_removed: bool,
}

/// Keeps what is known of vector indexes, and sees to it that one node at a time works on each.
///
/// A removed one is shown to nobody any more, but kept until [`forget`](Self::forget), so that whoever
/// keeps its vectors can be told; the same with one whose connection is gone.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait VectorIndexRepository: Send + Sync {
    /// Stores a new one, due at once, and its event, both or neither.
    ///
    /// Errors: `Conflict` on [`VECTOR_SAME_CONSTRAINT`] where the connection has one of the same table and
    /// columns, in whatever order; else on [`VECTOR_LIMIT_CONSTRAINT`] where it has `limit` of them; both MUST
    /// hold also when calls come at once. `Rejected` when the connection is gone.
    async fn insert(&self, record: &VectorIndexRecord, limit: u32, event: &AuditEvent) -> PortResult<()>;

    /// Those of a connection, the oldest first.
    async fn list(&self, connection_id: ConnectionId) -> PortResult<Vec<VectorIndexRecord>>;

    /// One of a connection.
    async fn find(
        &self,
        connection_id: ConnectionId,
        id: VectorIndexId,
    ) -> PortResult<Option<VectorIndexRecord>>;

    /// Removes one of a connection, and keeps the event, both or neither. `false` when there is none.
    async fn remove(
        &self,
        connection_id: ConnectionId,
        id: VectorIndexId,
        event: &AuditEvent,
    ) -> PortResult<bool>;

    /// Takes over work that no living node has, and whose vectors are kept at the place of the claim or
    /// nowhere yet, and so are kept there from then on: what is due, what has waited longest first, and whatever
    /// was removed. What the node itself has is not given again. What two nodes ask for at once, one MUST
    /// get.
    async fn claim(&self, claim: VectorClaim) -> PortResult<Vec<ClaimedVectors>>;

    /// A sign of life. Gives those that the node still has and that were not removed.
    async fn beat(&self, node: Uuid, ids: &[VectorIndexId], now: Timestamp)
    -> PortResult<Vec<VectorIndexId>>;

    /// Keeps how far it is. `false`, and nothing is done, when the node doesn't have it any more or it was
    /// removed.
    async fn save(&self, node: Uuid, record: &VectorIndexRecord) -> PortResult<bool>;

    /// Lets go of one until it is due. Nothing happens when the node doesn't have it.
    async fn rest(&self, node: Uuid, id: VectorIndexId, due_at: Timestamp) -> PortResult<()>;

    /// Forgets one that the node has, for good.
    async fn forget(&self, node: Uuid, id: VectorIndexId) -> PortResult<()>;
}
