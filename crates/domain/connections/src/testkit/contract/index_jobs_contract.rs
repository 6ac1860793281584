//! The cases of the [`IndexJobRepository`](crate::IndexJobRepository) contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use altus4_kernel::{
    AccountId, AuditFilter, Clock, IndexJobId, PageRequest, PortErrorKind, PortResult, Timestamp,
    testkit::{FixedClock, sample_event},
    uuid::Uuid,
};
use futures::future::join_all;

use super::connection_id;
use crate::{
    IndexJob, JOB_LIMIT_CONSTRAINT, JOB_TABLE_CONSTRAINT, JobFailure, JobLimits, JobState, Progress,
    testkit::IndexJobsSubject,
};

const SECOND: Duration = Duration::from_secs(1);

fn now() -> Timestamp {
    FixedClock::default().now()
}

fn id(number: u128) -> IndexJobId {
    IndexJobId::from_uuid(Uuid::from_u128(number))
}

fn job(number: u128, connection: u8, table: &str) -> IndexJob {
    IndexJob {
        id: id(number),
        connection_id: connection_id(connection),
        table: table.to_owned(),
        columns: vec!["tïtle".to_owned(), "`body`".to_owned()],
        index: "ft 🦀".to_owned(),
        sql: format!("ALTER TABLE `{table}` …"),
        state: JobState::Queued,
        phase: None,
        progress: None,
        created_at: now(),
        started_at: None,
        finished_at: None,
        heartbeat_at: now(),
        failure: None,
    }
}

fn limits() -> JobLimits {
    JobLimits { at_once: 2, alive_since: now() - SECOND * 30, kept_since: now() - SECOND * 1_000 }
}

async fn insert_with(subject: &dyn IndexJobsSubject, job: &IndexJob, limits: JobLimits) -> PortResult<()> {
    let owner = AccountId::from_uuid(Uuid::from_u128(1));
    let event = sample_event(5_000 + job.id.as_uuid().as_u128(), owner);
    subject.jobs().insert(job, limits, &event).await
}

async fn insert(subject: &dyn IndexJobsSubject, job: &IndexJob) -> PortResult<()> {
    insert_with(subject, job, limits()).await
}

async fn find(subject: &dyn IndexJobsSubject, job: &IndexJob) -> Option<IndexJob> {
    subject.jobs().find(job.connection_id, job.id).await.expect("find")
}

#[track_caller]
fn assert_conflict(outcome: PortResult<()>, constraint: &str) {
    let refused = outcome.expect_err("a conflict");
    assert!(refused.is_conflict_on(constraint), "{refused:?}");
}

/// Through its whole life.
pub async fn a_job_is_found_as_far_as_it_is(subject: &dyn IndexJobsSubject) {
    subject.add_connection(1).await;
    let mut expected = job(1, 1, "žába");
    insert(subject, &expected).await.expect("insert");
    assert_eq!(find(subject, &expected).await.as_ref(), Some(&expected));

    subject.jobs().begin(expected.id, now() + SECOND).await.expect("begin");
    expected.state = JobState::Running;
    expected.started_at = Some(now() + SECOND);
    expected.heartbeat_at = now() + SECOND;
    assert_eq!(find(subject, &expected).await.as_ref(), Some(&expected));

    let progress = Progress { phase: Some("altering table".to_owned()), share: Some(0.25) };
    let known = subject.jobs().beat(&[(expected.id, progress.clone())], now() + SECOND * 2).await;
    assert_eq!(known.expect("beat"), [expected.id]);
    expected.phase = progress.phase;
    expected.progress = progress.share;
    expected.heartbeat_at = now() + SECOND * 2;
    assert_eq!(find(subject, &expected).await.as_ref(), Some(&expected));

    subject.jobs().finish(expected.id, now() + SECOND * 3, None).await.expect("finish");
    let over = find(subject, &expected).await.expect("the job");
    assert_eq!((over.state, over.progress), (JobState::Succeeded, Some(1.0)));
    assert_eq!((over.finished_at, over.failure), (Some(now() + SECOND * 3), None));
}

/// With what the server said.
pub async fn a_failure_is_kept(subject: &dyn IndexJobsSubject) {
    subject.add_connection(1).await;
    let failed = job(1, 1, "t");
    insert(subject, &failed).await.expect("insert");
    let failure = JobFailure {
        message: "this user may not".to_owned(),
        errno: Some(1_142),
        said: Some("INDEX command denied to user 'žaba'@'%' 🦀".to_owned()),
    };
    subject.jobs().finish(failed.id, now() + SECOND, Some(failure.clone())).await.expect("finish");
    let found = find(subject, &failed).await.expect("the job");
    assert_eq!((found.state, found.failure), (JobState::Failed, Some(failure)));
}

/// Nothing changes it any more, and it needs no care.
pub async fn a_job_that_is_over_stays_as_it_is(subject: &dyn IndexJobsSubject) {
    subject.add_connection(1).await;
    let done = job(1, 1, "t");
    insert(subject, &done).await.expect("insert");
    subject.jobs().finish(done.id, now() + SECOND, None).await.expect("finish");
    let before = find(subject, &done).await;
    let failure = Some(JobFailure::of("no"));
    subject.jobs().begin(done.id, now() + SECOND * 2).await.expect("begin");
    subject.jobs().finish(done.id, now() + SECOND * 2, failure).await.expect("finish");
    let known = subject.jobs().beat(&[(done.id, Progress::default())], now() + SECOND * 2).await;
    assert_eq!(known.expect("beat"), []);
    assert_eq!(find(subject, &done).await, before);
}

/// One whose node is dead doesn't count.
pub async fn a_table_has_one_job_at_a_time(subject: &dyn IndexJobsSubject) {
    subject.add_connection(1).await;
    insert(subject, &job(1, 1, "t")).await.expect("insert");
    assert_conflict(insert(subject, &job(2, 1, "t")).await, JOB_TABLE_CONSTRAINT);
    insert(subject, &job(3, 1, "T")).await.expect("another table");
    let later = JobLimits { alive_since: now() + SECOND, ..limits() };
    insert_with(subject, &job(4, 1, "t"), later).await.expect("its node is dead");
    subject.jobs().finish(id(4), now(), None).await.expect("finish");
    subject.jobs().finish(id(3), now(), None).await.expect("finish");
    subject.jobs().finish(id(1), now(), None).await.expect("finish");
    insert(subject, &job(5, 1, "t")).await.expect("the others are over");
}

/// The number of a connection's jobs is bounded, another's are its own.
pub async fn a_connection_has_a_bounded_number_of_jobs(subject: &dyn IndexJobsSubject) {
    subject.add_connection(1).await;
    subject.add_connection(2).await;
    insert(subject, &job(1, 1, "a")).await.expect("insert");
    insert(subject, &job(2, 1, "b")).await.expect("insert");
    assert_conflict(insert(subject, &job(3, 1, "c")).await, JOB_LIMIT_CONSTRAINT);
    insert(subject, &job(4, 2, "c")).await.expect("insert");
}

/// Nodes ask at the same time.
pub async fn the_bounds_hold_at_once(subject: &dyn IndexJobsSubject) {
    subject.add_connection(1).await;
    let jobs: Vec<_> = (1..=8).map(|number| job(number, 1, "t")).collect();
    let outcomes = join_all(jobs.iter().map(|job| insert(subject, job))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

/// Neither without the other.
pub async fn a_job_and_its_event_are_kept_together(subject: &dyn IndexJobsSubject) {
    subject.add_connection(1).await;
    insert(subject, &job(1, 1, "t")).await.expect("insert");
    assert_conflict(insert(subject, &job(2, 1, "t")).await, JOB_TABLE_CONSTRAINT);
    let events = subject.audit().list(&AuditFilter::default(), PageRequest::default()).await.expect("list");
    let kept = |number: u128| events.items.iter().any(|event| event.id == Uuid::from_u128(5_000 + number));
    assert!(kept(1) && !kept(2));
}

/// By another connection's name it isn't found.
pub async fn a_job_of_another_connection_is_as_good_as_none(subject: &dyn IndexJobsSubject) {
    subject.add_connection(1).await;
    subject.add_connection(2).await;
    insert(subject, &job(1, 1, "t")).await.expect("insert");
    assert_eq!(subject.jobs().find(connection_id(2), id(1)).await.expect("find"), None);
}

/// Jobs that are over are forgotten in time.
pub async fn old_jobs_are_forgotten(subject: &dyn IndexJobsSubject) {
    subject.add_connection(1).await;
    let (old, dead, young) = (job(1, 1, "a"), job(2, 1, "b"), job(3, 1, "c"));
    for job in [&old, &dead] {
        insert(subject, job).await.expect("insert");
    }
    subject.jobs().finish(old.id, now(), None).await.expect("finish");
    let later = JobLimits { alive_since: now() + SECOND, kept_since: now() + SECOND, ..limits() };
    insert_with(subject, &young, later).await.expect("insert");
    assert_eq!((find(subject, &old).await, find(subject, &dead).await), (None, None));
    assert_eq!(find(subject, &young).await, Some(young));
}

/// It takes its jobs along, and gets no more.
pub async fn a_connection_that_is_gone_has_no_jobs(subject: &dyn IndexJobsSubject) {
    subject.add_connection(1).await;
    let gone = job(1, 1, "t");
    insert(subject, &gone).await.expect("insert");
    subject.remove_connection(1).await;
    assert_eq!(find(subject, &gone).await, None);
    let known = subject.jobs().beat(&[(gone.id, Progress::default())], now()).await;
    assert_eq!(known.expect("beat"), []);
    let refused = insert(subject, &job(2, 1, "t")).await.expect_err("the connection is gone");
    assert_eq!(refused.kind, PortErrorKind::Rejected);
}
