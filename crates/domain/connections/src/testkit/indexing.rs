//! Evidence and jobs in memory.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::{
    AuditEvent, AuditLog, ConnectionId, IndexJobId, PortError, PortErrorKind, PortResult, System, Timestamp,
    testkit::InMemoryAuditLog,
};
use async_trait::async_trait;

use super::{EvidenceSubject, IndexJobsSubject};
use crate::{
    EvidenceStore, IndexJob, IndexJobRepository, JOB_LIMIT_CONSTRAINT, JOB_TABLE_CONSTRAINT, JobFailure,
    JobLimits, JobState, Progress, Tally,
};

/// Tallies of whatever connections were not removed. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct InMemoryEvidence(Arc<Mutex<Tallies>>);

#[derive(Debug, Default)]
struct Tallies {
    kept: HashMap<(ConnectionId, String), Vec<Tally>>,
    removed: HashSet<ConnectionId>,
}

impl InMemoryEvidence {
    fn tallies(&self) -> MutexGuard<'_, Tallies> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EvidenceStore for InMemoryEvidence {
    async fn add(&self, tallies: &[Tally]) -> PortResult<()> {
        let mut all = self.tallies();
        for tally in tallies {
            if !all.removed.contains(&tally.connection_id) {
                let place = (tally.connection_id, tally.table.clone());
                Tally::add_to(all.kept.entry(place).or_default(), tally.clone());
            }
        }
        Ok(())
    }

    async fn list(&self, connection_id: ConnectionId) -> PortResult<Vec<Tally>> {
        let all = self.tallies();
        let of_connection = all.kept.iter().filter(|((id, _), _)| *id == connection_id);
        Ok(of_connection.flat_map(|(_, tallies)| tallies.clone()).collect())
    }
}

#[async_trait]
impl EvidenceSubject for InMemoryEvidence {
    fn evidence(&self) -> &dyn EvidenceStore {
        self
    }

    async fn add_connection(&self, _: u8) {}

    async fn remove_connection(&self, number: u8) {
        let id = super::contract::connection_id(number);
        let mut all = self.tallies();
        all.removed.insert(id);
        all.kept.retain(|(kept, _), _| *kept != id);
    }
}

/// Jobs of whatever connections were not removed. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct InMemoryIndexJobs {
    jobs: Arc<Mutex<Jobs>>,
    audit: InMemoryAuditLog,
}

#[derive(Debug, Default)]
struct Jobs {
    kept: Vec<IndexJob>,
    removed: HashSet<ConnectionId>,
}

impl InMemoryIndexJobs {
    /// No jobs; events are kept here.
    #[must_use]
    pub fn with_audit_log(audit: InMemoryAuditLog) -> Self {
        Self { audit, ..Self::default() }
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, id: IndexJobId, change: impl FnOnce(&mut IndexJob)) -> bool {
        let mut jobs = self.jobs();
        let found = jobs.kept.iter_mut().find(|job| job.id == id && !job.state.is_over());
        found.map(change).is_some()
    }
}

#[async_trait]
impl IndexJobRepository for InMemoryIndexJobs {
    async fn insert(&self, job: &IndexJob, limits: JobLimits, event: &AuditEvent) -> PortResult<()> {
        let refused = |kind| PortError::new(kind, System::Store, "index_jobs.insert");
        let mut jobs = self.jobs();
        if jobs.removed.contains(&job.connection_id) {
            return Err(refused(PortErrorKind::Rejected));
        }
        let is_under_way =
            |known: &&IndexJob| !known.state.is_over() && known.heartbeat_at >= limits.alive_since;
        let of_connection = jobs.kept.iter().filter(|known| known.connection_id == job.connection_id);
        let under_way: Vec<_> = of_connection.filter(is_under_way).collect();
        if under_way.iter().any(|known| known.table == job.table) {
            return Err(refused(PortErrorKind::Conflict).with_constraint(JOB_TABLE_CONSTRAINT));
        }
        if u32::try_from(under_way.len()).is_ok_and(|count| count >= limits.at_once) {
            return Err(refused(PortErrorKind::Conflict).with_constraint(JOB_LIMIT_CONSTRAINT));
        }
        self.audit.record(event)?;
        jobs.kept.retain(|known| {
            let is_done = known.state.is_over() || known.heartbeat_at < limits.alive_since;
            let is_old = is_done && known.created_at < limits.kept_since;
            known.connection_id != job.connection_id || !is_old
        });
        jobs.kept.push(job.clone());
        Ok(())
    }

    async fn find(&self, connection_id: ConnectionId, id: IndexJobId) -> PortResult<Option<IndexJob>> {
        let is_it = |job: &&IndexJob| job.connection_id == connection_id && job.id == id;
        Ok(self.jobs().kept.iter().find(is_it).cloned())
    }

    async fn begin(&self, id: IndexJobId, now: Timestamp) -> PortResult<()> {
        self.change(id, |job| {
            job.state = JobState::Running;
            job.started_at = Some(now);
            job.heartbeat_at = now;
        });
        Ok(())
    }

    async fn beat(&self, jobs: &[(IndexJobId, Progress)], now: Timestamp) -> PortResult<Vec<IndexJobId>> {
        let noted = |(id, progress): &(IndexJobId, Progress)| {
            let is_there = self.change(*id, |job| {
                job.heartbeat_at = now;
                job.phase.clone_from(&progress.phase);
                job.progress = progress.share;
            });
            is_there.then_some(*id)
        };
        Ok(jobs.iter().filter_map(noted).collect())
    }

    async fn finish(&self, id: IndexJobId, now: Timestamp, failure: Option<JobFailure>) -> PortResult<()> {
        self.change(id, |job| {
            job.state = if failure.is_none() { JobState::Succeeded } else { JobState::Failed };
            job.finished_at = Some(now);
            job.heartbeat_at = now;
            job.phase = None;
            job.progress = failure.is_none().then_some(1.0);
            job.failure = failure;
        });
        Ok(())
    }
}

#[async_trait]
impl IndexJobsSubject for InMemoryIndexJobs {
    fn jobs(&self) -> &dyn IndexJobRepository {
        self
    }

    fn audit(&self) -> &dyn AuditLog {
        &self.audit
    }

    async fn add_connection(&self, _: u8) {}

    async fn remove_connection(&self, number: u8) {
        let id = super::contract::connection_id(number);
        let mut jobs = self.jobs();
        jobs.removed.insert(id);
        jobs.kept.retain(|job| job.connection_id != id);
    }
}
