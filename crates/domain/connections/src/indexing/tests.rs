//! What is asked for, and what becomes of it, over fakes.

use std::{sync::Arc, time::Duration};

use altus4_kernel::{
    AccountId, AuditAction, ChangeFeed, ConnectionId, Credential, Granted, Origin, Permission, PermissionSet,
    Plan, Principal, Role, SealedSecret, SecretCipher, SessionId,
    grants::{DatabaseRead, DatabaseWrite},
    secrecy::SecretString,
    testkit::{
        FakeSecretCipher, FixedClock, InMemoryAuditLog, InstantTimer, SequentialIds, block_on, sample_event,
    },
    uuid::Uuid,
};
use futures::{FutureExt, pin_mut};

use super::*;
use crate::{
    Access, AdviceKind, ByEngine, ColumnKind, ConnectionError, ConnectionRepository, ConnectionService,
    DiscoveredColumn, DiscoveredIndex, DiscoveredTable, EvidenceRecorder, Generated, SearchEvidence,
    Searched, StoredConnection,
    testkit::{
        FakeProbe, FixedInspector, InMemoryConnections, InMemoryEvidence, InMemoryIndexJobs,
        sample_connection,
    },
};

const OWNER: u128 = 1;

fn account(number: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number))
}

fn principal(owner: u128) -> Principal {
    Principal {
        account_id: account(owner),
        role: Role::User,
        tier: Plan::Pro,
        permissions: PermissionSet::of(&[Permission::DatabaseRead, Permission::DatabaseWrite]),
        credential: Credential::Session { id: SessionId::from_uuid(Uuid::from_u128(1)) },
    }
}

fn reader(owner: u128) -> Granted<DatabaseRead> {
    principal(owner).require().unwrap()
}

fn writer(owner: u128) -> Granted<DatabaseWrite> {
    principal(owner).require().unwrap()
}

fn articles() -> DiscoveredTable {
    let column = |name: &str, kind, generated| DiscoveredColumn {
        name: name.to_owned(),
        kind,
        generated,
        ..DiscoveredColumn::default()
    };
    let text = ColumnKind::Text { max_chars: None };
    DiscoveredTable {
        name: "articles".to_owned(),
        columns: vec![
            column("id", ColumnKind::Integer, None),
            column("title", text, None),
            column("body", text, None),
            column("shown", text, Some(Generated::Virtual)),
        ],
        full_text_indexes: vec![DiscoveredIndex {
            name: "ft_title".to_owned(),
            columns: vec!["title".to_owned()],
            ..DiscoveredIndex::default()
        }],
        estimated_rows: Some(100),
        ..DiscoveredTable::default()
    }
}

/// A service whose servers answer an index with `built`.
struct Desk {
    service: IndexService,
    worker: IndexWorker,
    id: ConnectionId,
    evidence: EvidenceRecorder,
    inspector: Arc<FixedInspector>,
    audit: InMemoryAuditLog,
    clock: FixedClock,
}

fn desk(built: Option<Built>, timer: InstantTimer) -> Desk {
    let (clock, audit) = (FixedClock::default(), InMemoryAuditLog::default());
    let cipher = Arc::new(FakeSecretCipher::default());
    let connections = InMemoryConnections::default();
    connections.add_account(account(OWNER), Plan::Pro);
    let sample = sample_connection(7, account(OWNER), "main");
    let binding = sample.connection.password_binding();
    let password: SealedSecret = cipher.seal(&SecretString::from("secret"), &binding).unwrap();
    let id = sample.connection.id;
    let stored = StoredConnection { password, ..sample };
    block_on(connections.insert(&stored, None, &sample_event(1, account(OWNER)))).unwrap();
    let mut builder = MockIndexBuilder::new();
    builder.expect_facts().returning(|_, _| Ok(ServerFacts::default()));
    builder.expect_statement().returning(|remedy| format!("{remedy:?}"));
    builder.expect_build().returning(move |_, _, progress| {
        progress.set(Progress { phase: Some("copy to tmp table".to_owned()), share: Some(0.5) });
        Ok(built.clone().unwrap_or(Built::Done))
    });
    let inspector = Arc::new(FixedInspector::new(vec![articles()]));
    let ids = Arc::new(SequentialIds::default());
    let evidence = EvidenceRecorder::new(Arc::new(InMemoryEvidence::default()), Arc::new(clock.clone()), 100);
    let jobs = InMemoryIndexJobs::with_audit_log(audit.clone());
    let (service, worker) = IndexService::new(IndexPorts {
        connections: ConnectionService::new(
            Arc::new(connections.clone()),
            cipher,
            ByEngine::new(Some(Arc::new(FakeProbe::default())), None),
            ByEngine::new(Some(inspector.clone()), None),
            Arc::new(clock.clone()),
            ids.clone(),
        ),
        builders: ByEngine::new(Some(Arc::new(builder)), None),
        jobs: Arc::new(jobs),
        evidence: evidence.clone(),
        changes: ChangeFeed::default(),
        clock: Arc::new(clock.clone()),
        ids,
        timer: Arc::new(timer),
    });
    Desk { service, worker, id, evidence, inspector, audit, clock }
}

fn draft(columns: &[&str]) -> IndexDraft {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    IndexDraft { table: "articles".to_owned(), columns, name: None, parser: None }
}

fn origin() -> Origin {
    Origin::local(Uuid::nil())
}

impl Desk {
    fn create(&self, draft: &IndexDraft) -> Result<IndexJob, IndexError> {
        block_on(self.service.create(writer(OWNER), self.id, draft, &origin()))
    }

    fn job(&self, job: &IndexJob) -> IndexJob {
        block_on(self.service.job(reader(OWNER), self.id, job.id)).unwrap()
    }
}

/// Lets the worker do what it can do without waiting.
fn work(worker: IndexWorker) {
    let run = worker.run();
    pin_mut!(run);
    assert!(run.now_or_never().is_none(), "it goes on");
}

#[test]
fn an_index_that_is_asked_for_is_made() {
    let desk = desk(None, InstantTimer::Never);
    let job = desk.create(&draft(&["title", "body"])).unwrap();
    assert_eq!((job.state, job.index.as_str()), (JobState::Queued, "ft_title_body"));
    assert_eq!(desk.audit.actions(), [AuditAction::IndexRequested]);
    let Desk { worker, service, id, inspector, .. } = desk;
    let before = inspector.readings();
    work(worker);
    let done = block_on(service.job(reader(OWNER), id, job.id)).unwrap();
    assert_eq!((done.state, done.progress), (JobState::Succeeded, Some(1.0)));
    assert!(done.started_at.is_some() && done.finished_at.is_some());
    assert_eq!(inspector.readings(), before + 1, "the next search knows the index");
}

#[test]
fn what_the_server_says_against_it_is_told() {
    let said = JobFailure {
        message: "this user may not".to_owned(),
        errno: Some(1_142),
        said: Some("INDEX command denied".to_owned()),
    };
    let desk = desk(Some(Built::Refused(said.clone())), InstantTimer::Never);
    let job = desk.create(&draft(&["body"])).unwrap();
    let Desk { worker, service, id, .. } = desk;
    work(worker);
    let failed = block_on(service.job(reader(OWNER), id, job.id)).unwrap();
    assert_eq!((failed.state, failed.failure), (JobState::Failed, Some(said)));
}

#[test]
fn a_job_that_nobody_looks_after_was_interrupted() {
    let desk = desk(None, InstantTimer::Never);
    let job = desk.create(&draft(&["body"])).unwrap();
    desk.clock.advance(IndexJob::LEASE);
    assert_eq!(desk.job(&job).state, JobState::Queued);
    desk.clock.advance(Duration::from_millis(1));
    let lost = desk.job(&job);
    assert_eq!(lost.state, JobState::Failed);
    assert!(lost.failure.unwrap().message.starts_with("interrupted"));
    desk.create(&draft(&["body"])).expect("it holds nobody back");
}

#[test]
fn a_table_is_given_one_index_at_a_time() {
    let desk = desk(None, InstantTimer::Never);
    desk.create(&draft(&["body"])).unwrap();
    assert!(matches!(desk.create(&draft(&["title", "body"])), Err(IndexError::TableBusy)));
}

#[test]
fn what_cannot_be_indexed_is_refused_with_its_reason() {
    let desk = desk(None, InstantTimer::Never);
    let unknown = desk.create(&IndexDraft { table: "nothing".to_owned(), ..draft(&["body"]) });
    assert!(matches!(unknown, Err(IndexError::UnknownTable(name)) if name == "nothing"));
    let unknown = desk.create(&draft(&["body", "a`b", "c"]));
    assert!(matches!(unknown, Err(IndexError::UnknownColumns(names)) if names == ["a`b", "c"]));
    for columns in [vec!["id"], vec!["shown"], vec![]] {
        let unfit = desk.create(&draft(&columns));
        assert!(matches!(unfit, Err(IndexError::Unfit { field: "columns", .. })), "{columns:?}");
    }
    assert!(matches!(desk.create(&draft(&["title"])), Err(IndexError::Exists(name)) if name == "ft_title"));
    let taken = IndexDraft { name: IndexName::parse("FT_TITLE"), ..draft(&["body"]) };
    assert!(matches!(desk.create(&taken), Err(IndexError::Exists(_))));
    let other_parser = IndexDraft { parser: ParserName::parse("ngram"), ..draft(&["title"]) };
    assert_eq!(desk.create(&other_parser).unwrap().index, "ft_title_2");
    assert_eq!(desk.audit.actions().len(), 1, "nothing else was begun");
}

#[test]
fn another_account_has_no_such_connection() {
    let desk = desk(None, InstantTimer::Never);
    let job = desk.create(&draft(&["body"])).unwrap();
    let create = block_on(desk.service.create(writer(2), desk.id, &draft(&["body"]), &origin()));
    let found = block_on(desk.service.job(reader(2), desk.id, job.id));
    let advice = block_on(desk.service.recommendations(reader(2), desk.id));
    for error in [create.unwrap_err(), found.unwrap_err(), advice.unwrap_err()] {
        assert!(matches!(error, IndexError::Connection(ConnectionError::NotFound(_))), "{error:?}");
    }
}

#[test]
fn a_search_without_an_index_is_evidence_at_once_and_for_a_month() {
    let desk = desk(None, InstantTimer::Never);
    desk.evidence.note(Searched {
        connection_id: desk.id,
        table: "articles".to_owned(),
        columns: vec!["title".to_owned(), "body".to_owned()],
        access: Access::LeftOut,
        took: Duration::ZERO,
    });
    let advice = || block_on(desk.service.recommendations(reader(OWNER), desk.id)).unwrap();
    let found = advice();
    assert_eq!((found[0].advice.kind, found[0].advice.seen.left_out), (AdviceKind::MissingIndex, 1));
    assert!(found[0].sql.as_ref().is_some_and(|sql| sql.starts_with("AddIndex")), "{found:?}");
    desk.clock.advance(Duration::from_hours(31 * 24));
    assert!(advice().iter().all(|found| found.advice.seen.searches == 0));
}
