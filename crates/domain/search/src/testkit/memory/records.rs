//! What is known of vector indexes, in memory.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::{
    AuditEvent, AuditLog, ConnectionId, PortError, PortErrorKind, PortResult, System, Timestamp,
    VectorIndexId, testkit::InMemoryAuditLog, uuid::Uuid,
};
use async_trait::async_trait;

use crate::{
    ClaimedVectors, VECTOR_LIMIT_CONSTRAINT, VECTOR_SAME_CONSTRAINT, VectorClaim, VectorIndexRecord,
    VectorIndexRepository,
    testkit::{VectorRecordsSubject, sample_vectors},
};

/// Records of whatever connections were not removed. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct InMemoryVectorRecords {
    kept: Arc<Mutex<Kept>>,
    audit: InMemoryAuditLog,
}

#[derive(Debug, Default)]
struct Kept {
    all: Vec<One>,
    gone: HashSet<ConnectionId>,
}

#[derive(Debug)]
struct One {
    record: VectorIndexRecord,
    is_removed: bool,
    due_at: Timestamp,
    claimed_by: Option<(Uuid, Timestamp)>,
}

impl One {
    fn is_of(&self, node: Uuid) -> bool {
        self.claimed_by.is_some_and(|(claimed_by, _)| claimed_by == node)
    }
}

impl Kept {
    fn is_removed(&self, one: &One) -> bool {
        one.is_removed || self.gone.contains(&one.record.connection_id)
    }

    fn alive(&self, connection: ConnectionId) -> impl Iterator<Item = &VectorIndexRecord> {
        let of_connection = self.all.iter().filter(move |one| one.record.connection_id == connection);
        of_connection.filter(|one| !self.is_removed(one)).map(|one| &one.record)
    }
}

impl InMemoryVectorRecords {
    /// No records; events are kept here.
    #[must_use]
    pub fn with_audit_log(audit: InMemoryAuditLog) -> Self {
        Self { audit, ..Self::default() }
    }

    /// Takes a connection away.
    pub fn lose(&self, connection: ConnectionId) {
        self.kept().gone.insert(connection);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(kind: PortErrorKind) -> PortError {
    PortError::new(kind, System::Store, "vector_indexes.insert")
}

fn sorted(columns: &[String]) -> Vec<&String> {
    let mut columns: Vec<_> = columns.iter().collect();
    columns.sort();
    columns
}

#[async_trait]
impl VectorIndexRepository for InMemoryVectorRecords {
    async fn insert(&self, record: &VectorIndexRecord, limit: u32, event: &AuditEvent) -> PortResult<()> {
        let mut kept = self.kept();
        if kept.gone.contains(&record.connection_id) {
            return Err(refused(PortErrorKind::Rejected));
        }
        let is_same = |known: &VectorIndexRecord| {
            known.spec.table == record.spec.table
                && sorted(&known.spec.columns) == sorted(&record.spec.columns)
        };
        if kept.alive(record.connection_id).any(is_same) {
            return Err(refused(PortErrorKind::Conflict).with_constraint(VECTOR_SAME_CONSTRAINT));
        }
        if kept.alive(record.connection_id).count() >= limit as usize {
            return Err(refused(PortErrorKind::Conflict).with_constraint(VECTOR_LIMIT_CONSTRAINT));
        }
        self.audit.record(event)?;
        let due_at = record.created_at;
        kept.all.push(One { record: record.clone(), is_removed: false, due_at, claimed_by: None });
        Ok(())
    }

    async fn list(&self, connection_id: ConnectionId) -> PortResult<Vec<VectorIndexRecord>> {
        let mut found: Vec<_> = self.kept().alive(connection_id).cloned().collect();
        found.sort_by_key(|record| record.id);
        Ok(found)
    }

    async fn find(
        &self,
        connection_id: ConnectionId,
        id: VectorIndexId,
    ) -> PortResult<Option<VectorIndexRecord>> {
        Ok(self.kept().alive(connection_id).find(|record| record.id == id).cloned())
    }

    async fn remove(
        &self,
        connection_id: ConnectionId,
        id: VectorIndexId,
        event: &AuditEvent,
    ) -> PortResult<bool> {
        let mut kept = self.kept();
        if !kept.alive(connection_id).any(|record| record.id == id) {
            return Ok(false);
        }
        self.audit.record(event)?;
        kept.all.iter_mut().filter(|one| one.record.id == id).for_each(|one| one.is_removed = true);
        Ok(true)
    }

    async fn claim(&self, claim: VectorClaim) -> PortResult<Vec<ClaimedVectors>> {
        let mut kept = self.kept();
        let is_wanted = |one: &One| {
            let is_free = one.claimed_by.is_none_or(|(_, beat)| beat < claim.alive_since);
            let is_here = one.record.place.is_none_or(|place| place == claim.place);
            is_free && is_here && (one.due_at <= claim.now || kept.is_removed(one))
        };
        let mut wanted: Vec<_> = (0..kept.all.len()).filter(|at| is_wanted(&kept.all[*at])).collect();
        wanted.sort_by_key(|at| kept.all[*at].due_at);
        wanted.truncate(claim.limit as usize);
        let claimed = wanted.into_iter().map(|at| {
            kept.all[at].claimed_by = Some((claim.node, claim.now));
            kept.all[at].record.place = Some(claim.place);
            let one = &kept.all[at];
            ClaimedVectors { record: one.record.clone(), is_removed: kept.is_removed(one) }
        });
        Ok(claimed.collect())
    }

    async fn beat(
        &self,
        node: Uuid,
        ids: &[VectorIndexId],
        now: Timestamp,
    ) -> PortResult<Vec<VectorIndexId>> {
        let mut kept = self.kept();
        for one in kept.all.iter_mut().filter(|one| one.is_of(node) && ids.contains(&one.record.id)) {
            one.claimed_by = Some((node, now));
        }
        let ours = kept.all.iter().filter(|one| one.is_of(node) && !kept.is_removed(one));
        Ok(ours.map(|one| one.record.id).filter(|id| ids.contains(id)).collect())
    }

    async fn save(&self, node: Uuid, record: &VectorIndexRecord) -> PortResult<bool> {
        let mut kept = self.kept();
        let found = kept.all.iter().position(|one| one.record.id == record.id && one.is_of(node));
        let found = found.filter(|at| !kept.is_removed(&kept.all[*at]));
        if let Some(at) = found {
            kept.all[at].record = record.clone();
        }
        Ok(found.is_some())
    }

    async fn rest(&self, node: Uuid, id: VectorIndexId, due_at: Timestamp) -> PortResult<()> {
        let mut kept = self.kept();
        if let Some(one) = kept.all.iter_mut().find(|one| one.record.id == id && one.is_of(node)) {
            (one.claimed_by, one.due_at) = (None, due_at);
        }
        Ok(())
    }

    async fn forget(&self, node: Uuid, id: VectorIndexId) -> PortResult<()> {
        self.kept().all.retain(|one| one.record.id != id || !one.is_of(node));
        Ok(())
    }
}

#[async_trait]
impl VectorRecordsSubject for InMemoryVectorRecords {
    fn records(&self) -> &dyn VectorIndexRepository {
        self
    }

    fn audit(&self) -> &dyn AuditLog {
        &self.audit
    }

    async fn add_connection(&self, _: u8) {}

    async fn remove_connection(&self, number: u8) {
        self.lose(sample_vectors(1, number).connection_id);
    }
}
