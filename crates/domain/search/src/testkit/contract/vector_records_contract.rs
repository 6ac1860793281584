//! The cases of the [`VectorIndexRepository`](crate::VectorIndexRepository) contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use altus4_kernel::{
    AccountId, AuditFilter, Clock, PageRequest, PortErrorKind, PortResult, Timestamp, VectorIndexId,
    testkit::{FixedClock, sample_event},
    uuid::Uuid,
};
use futures::future::join_all;

use crate::{
    ClaimedVectors, RowKey, VECTOR_LIMIT_CONSTRAINT, VECTOR_SAME_CONSTRAINT, VectorClaim, VectorCourse,
    VectorIndexRecord, VectorProgress, VectorState,
    testkit::{VectorRecordsSubject, sample_vectors},
};

const SECOND: Duration = Duration::from_secs(1);
const LIMIT: u32 = 3;

fn now() -> Timestamp {
    FixedClock::default().now()
}

fn node(number: u128) -> Uuid {
    Uuid::from_u128(0xA0 + number)
}

fn place(number: u128) -> Uuid {
    Uuid::from_u128(0xF0 + number)
}

fn owner() -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(1))
}

/// Of a table called after its number.
fn record(number: u8, connection: u8) -> VectorIndexRecord {
    let mut record = sample_vectors(number, connection);
    record.spec.table = format!("t {number} ");
    record
}

async fn insert(subject: &dyn VectorRecordsSubject, record: &VectorIndexRecord) -> PortResult<()> {
    let event = sample_event(5_000 + record.id.as_uuid().as_u128(), owner());
    subject.records().insert(record, LIMIT, &event).await
}

async fn find(subject: &dyn VectorRecordsSubject, record: &VectorIndexRecord) -> Option<VectorIndexRecord> {
    subject.records().find(record.connection_id, record.id).await.expect("find")
}

async fn claim_at(subject: &dyn VectorRecordsSubject, number: u128, now: Timestamp) -> Vec<ClaimedVectors> {
    subject.records().claim(claim_of(number, now)).await.expect("claim")
}

fn claim_of(number: u128, now: Timestamp) -> VectorClaim {
    VectorClaim { node: node(number), place: place(1), now, alive_since: now - SECOND * 10, limit: 10 }
}

fn ids(claimed: &[ClaimedVectors]) -> Vec<(VectorIndexId, bool)> {
    claimed.iter().map(|one| (one.record.id, one.is_removed)).collect()
}

async fn remove(subject: &dyn VectorRecordsSubject, record: &VectorIndexRecord) -> bool {
    let event = sample_event(7_000 + record.id.as_uuid().as_u128(), owner());
    subject.records().remove(record.connection_id, record.id, &event).await.expect("remove")
}

#[track_caller]
fn assert_conflict(outcome: PortResult<()>, constraint: &str) {
    let refused = outcome.expect_err("a conflict");
    assert!(refused.is_conflict_on(constraint), "{refused:?}");
}

/// As it was stored, and as whoever has it saves it, with text of any script and bytes of any kind.
pub async fn a_record_is_found_as_far_as_it_is(subject: &dyn VectorRecordsSubject) {
    subject.add_connection(1).await;
    let mut expected = record(1, 1);
    insert(subject, &expected).await.expect("insert");
    assert_eq!(find(subject, &expected).await.as_ref(), Some(&expected));
    let claimed = claim_at(subject, 1, now()).await;
    expected.place = Some(place(1));
    assert_eq!(claimed, [ClaimedVectors { record: expected.clone(), is_removed: false }]);
    expected.spec.key = vec!["žába".to_owned(), "🦀".to_owned()];
    expected.state = VectorState::Ready;
    expected.model = Some("another".into());
    expected.progress = VectorProgress {
        rows_done: 1 << 40,
        rows_estimated: Some(1 << 41),
        rows_per_second: Some(12.5),
        tokens_used: 77,
    };
    expected.error = Some("the provider 🦀 is away".to_owned());
    expected.built_at = Some(now() + SECOND);
    expected.last_followed_at = Some(now() + SECOND * 2);
    let bytes = |bytes: &[u8]| Some(RowKey(bytes.into()));
    expected.course = VectorCourse {
        cursor: bytes(&[0, 255, 128]),
        seen: bytes(&[1]),
        fresh: bytes(b"\xF0\x28"),
        passes: 7,
        failures: 3,
    };
    for _ in 0..2 {
        assert!(subject.records().save(node(1), &expected).await.expect("save"));
        assert_eq!(find(subject, &expected).await.as_ref(), Some(&expected));
    }
    let unknown = record(2, 1);
    assert_eq!(find(subject, &unknown).await, None);
    assert!(!subject.records().save(node(1), &unknown).await.expect("save"));
}

/// In whatever order they are named; until the first is removed.
pub async fn the_same_columns_of_a_table_are_a_conflict(subject: &dyn VectorRecordsSubject) {
    subject.add_connection(1).await;
    subject.add_connection(2).await;
    let first = record(1, 1);
    insert(subject, &first).await.expect("insert");
    let mut same = VectorIndexRecord { spec: first.spec.clone(), ..record(2, 1) };
    same.spec.columns.reverse();
    assert_conflict(insert(subject, &same).await, VECTOR_SAME_CONSTRAINT);
    insert(subject, &VectorIndexRecord { spec: first.spec.clone(), ..record(3, 2) })
        .await
        .expect("another connection");
    let mut fewer = VectorIndexRecord { spec: first.spec.clone(), ..record(4, 1) };
    fewer.spec.columns.pop();
    insert(subject, &fewer).await.expect("other columns");
    assert!(remove(subject, &first).await);
    insert(subject, &same).await.expect("the first is gone");
}

/// Those that were removed don't count.
pub async fn a_connection_has_a_bounded_number_of_records(subject: &dyn VectorRecordsSubject) {
    subject.add_connection(1).await;
    subject.add_connection(2).await;
    for number in 1..=3 {
        insert(subject, &record(number, 1)).await.expect("insert");
    }
    assert_conflict(insert(subject, &record(4, 1)).await, VECTOR_LIMIT_CONSTRAINT);
    insert(subject, &record(5, 2)).await.expect("another connection");
    assert!(remove(subject, &record(1, 1)).await);
    insert(subject, &record(4, 1)).await.expect("there is room");
}

/// Calls at once don't get past them.
pub async fn the_bounds_of_records_hold_at_once(subject: &dyn VectorRecordsSubject) {
    subject.add_connection(1).await;
    let records: Vec<_> = (1..=8).map(|number| record(number, 1)).collect();
    let outcomes = join_all(records.iter().map(|record| insert(subject, record))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), LIMIT as usize);
    for refused in outcomes.into_iter().filter(Result::is_err) {
        assert_conflict(refused, VECTOR_LIMIT_CONSTRAINT);
    }
}

/// What isn't stored or removed leaves no event.
pub async fn a_record_and_its_event_are_kept_together(subject: &dyn VectorRecordsSubject) {
    subject.add_connection(1).await;
    let events = async || {
        let page = PageRequest::new(1, PageRequest::MAX_LIMIT).expect("a page");
        let filter = AuditFilter { account_id: Some(owner()) };
        let ids: Vec<_> =
            subject.audit().list(&filter, page).await.expect("list").items.iter().map(|e| e.id).collect();
        let ours = |number: u128| ids.iter().filter(|id| id.as_u128() / 1_000 == number).count();
        (ours(5), ours(7))
    };
    let before = events().await;
    insert(subject, &record(1, 1)).await.expect("insert");
    let same = VectorIndexRecord { spec: record(1, 1).spec, ..record(2, 1) };
    assert_conflict(insert(subject, &same).await, VECTOR_SAME_CONSTRAINT);
    assert_eq!(events().await, (before.0 + 1, before.1));
    assert!(!remove(subject, &record(3, 1)).await);
    assert!(remove(subject, &record(1, 1)).await);
    assert_eq!(events().await, (before.0 + 1, before.1 + 1));
}

/// Another connection's are as good as none.
pub async fn records_are_listed_oldest_first_and_of_one_connection(subject: &dyn VectorRecordsSubject) {
    subject.add_connection(1).await;
    subject.add_connection(2).await;
    let [first, second, other] = [record(1, 1), record(2, 1), record(3, 2)];
    for one in [&second, &other, &first] {
        insert(subject, one).await.expect("insert");
    }
    let listed = subject.records().list(first.connection_id).await.expect("list");
    assert_eq!(listed, [first.clone(), second]);
    let foreign = VectorIndexRecord { connection_id: other.connection_id, ..first.clone() };
    assert_eq!(find(subject, &foreign).await, None);
    assert!(!remove(subject, &foreign).await);
    assert_eq!(find(subject, &first).await, Some(first));
}

/// It keeps it as long as it gives signs of life.
pub async fn work_is_given_to_one_node_at_a_time(subject: &dyn VectorRecordsSubject) {
    subject.add_connection(1).await;
    let one = record(1, 1);
    insert(subject, &one).await.expect("insert");
    assert_eq!(ids(&claim_at(subject, 1, now()).await), [(one.id, false)]);
    for (number, at) in [(1, 0), (2, 0), (2, 9)] {
        assert_eq!(ids(&claim_at(subject, number, now() + SECOND * at).await), []);
    }
    let beat = async |number, at| {
        subject.records().beat(node(number), &[one.id], now() + SECOND * at).await.expect("beat")
    };
    assert_eq!((beat(1, 9).await, beat(2, 9).await), (vec![one.id], vec![]));
    assert_eq!(ids(&claim_at(subject, 2, now() + SECOND * 15).await), []);
    assert!(!subject.records().save(node(2), &one).await.expect("save"));
    subject.records().rest(node(2), one.id, now()).await.expect("rest");
    subject.records().forget(node(2), one.id).await.expect("forget");
    assert!(subject.records().save(node(1), &one).await.expect("save"));
}

/// Whoever asks at the same moment.
pub async fn of_many_nodes_at_once_one_gets_the_work(subject: &dyn VectorRecordsSubject) {
    subject.add_connection(1).await;
    for number in 1..=3 {
        insert(subject, &record(number, 1)).await.expect("insert");
    }
    let claims = join_all((1..=6).map(|number| claim_at(subject, number, now()))).await;
    let mut given: Vec<_> = claims.iter().flat_map(|claimed| ids(claimed)).collect();
    given.sort();
    assert_eq!(given, [1, 2, 3].map(|number| (record(number, 1).id, false)));
}

/// And what it saves later isn't kept.
pub async fn what_a_dead_node_had_is_taken_over(subject: &dyn VectorRecordsSubject) {
    subject.add_connection(1).await;
    let mut one = record(1, 1);
    insert(subject, &one).await.expect("insert");
    claim_at(subject, 1, now()).await;
    one.place = Some(place(1));
    one.course.cursor = Some(RowKey([1, 2][..].into()));
    assert!(subject.records().save(node(1), &one).await.expect("save"));
    let taken = claim_at(subject, 2, now() + SECOND * 11).await;
    assert_eq!(taken, [ClaimedVectors { record: one.clone(), is_removed: false }]);
    let late = VectorIndexRecord { state: VectorState::Failed, ..one.clone() };
    assert!(!subject.records().save(node(1), &late).await.expect("save"));
    subject.records().rest(node(1), one.id, now()).await.expect("rest");
    assert_eq!(find(subject, &one).await, Some(one.clone()));
    let ours = subject.records().beat(node(1), &[one.id], now() + SECOND * 12).await.expect("beat");
    assert_eq!(ours, []);
}

/// What has waited longest first, and no more than asked for.
pub async fn what_rests_is_given_when_it_is_due(subject: &dyn VectorRecordsSubject) {
    subject.add_connection(1).await;
    let [first, second] = [record(1, 1), record(2, 1)];
    for one in [&first, &second] {
        insert(subject, one).await.expect("insert");
    }
    assert_eq!(claim_at(subject, 1, now() + SECOND * 5).await.len(), 2);
    subject.records().rest(node(1), first.id, now() + SECOND * 30).await.expect("rest");
    subject.records().rest(node(1), second.id, now() + SECOND * 20).await.expect("rest");
    assert_eq!(ids(&claim_at(subject, 2, now() + SECOND * 19).await), []);
    let one = VectorClaim { limit: 1, ..claim_of(2, now() + SECOND * 40) };
    assert_eq!(ids(&subject.records().claim(one).await.expect("claim")), [(second.id, false)]);
    assert_eq!(ids(&claim_at(subject, 1, now() + SECOND * 40).await), [(first.id, false)]);
}

/// Whoever claims it first decides.
pub async fn what_is_kept_at_one_place_is_no_work_at_another(subject: &dyn VectorRecordsSubject) {
    subject.add_connection(1).await;
    let one = record(1, 1);
    insert(subject, &one).await.expect("insert");
    let claim = async |number| {
        let claim = VectorClaim { place: place(number), ..claim_of(9, now() + SECOND * 5) };
        let claimed = ids(&subject.records().claim(claim).await.expect("claim"));
        subject.records().rest(node(9), one.id, now()).await.expect("rest");
        claimed
    };
    assert_eq!(claim(2).await, [(one.id, false)]);
    assert_eq!((claim(1).await, claim(2).await), (vec![], vec![(one.id, false)]));
    assert_eq!(find(subject, &one).await.and_then(|found| found.place), Some(place(2)));
    assert!(remove(subject, &one).await);
    assert_eq!((claim(1).await, claim(2).await), (vec![], vec![(one.id, true)]));
}

/// At once, also while somebody has it, who hears of it; the rest is for the next who asks.
pub async fn a_removed_record_is_shown_to_nobody_and_left_to_be_forgotten(
    subject: &dyn VectorRecordsSubject,
) {
    subject.add_connection(1).await;
    let one = record(1, 1);
    insert(subject, &one).await.expect("insert");
    claim_at(subject, 1, now()).await;
    assert!(remove(subject, &one).await);
    assert!(!remove(subject, &one).await);
    assert_eq!(find(subject, &one).await, None);
    assert_eq!(subject.records().list(one.connection_id).await.expect("list"), []);
    assert!(!subject.records().save(node(1), &one).await.expect("save"));
    assert_eq!(subject.records().beat(node(1), &[one.id], now()).await.expect("beat"), []);
    subject.records().rest(node(1), one.id, now() + SECOND * 99).await.expect("rest");
    assert_eq!(ids(&claim_at(subject, 2, now()).await), [(one.id, true)]);
    subject.records().forget(node(2), one.id).await.expect("forget");
    assert_eq!(ids(&claim_at(subject, 2, now() + SECOND * 100).await), []);
}

/// As if each had been removed.
pub async fn records_of_a_connection_that_is_gone_are_left_to_be_forgotten(
    subject: &dyn VectorRecordsSubject,
) {
    subject.add_connection(1).await;
    subject.add_connection(2).await;
    let [gone, stays] = [record(1, 1), record(2, 2)];
    for one in [&gone, &stays] {
        insert(subject, one).await.expect("insert");
        claim_at(subject, 1, now()).await;
        subject.records().rest(node(1), one.id, now() + SECOND * 99).await.expect("rest");
    }
    subject.remove_connection(1).await;
    let refused = insert(subject, &record(3, 1)).await.expect_err("no connection");
    assert_eq!(refused.kind, PortErrorKind::Rejected);
    assert_eq!(subject.records().list(gone.connection_id).await.expect("list"), []);
    assert_eq!(find(subject, &gone).await, None);
    assert_eq!(ids(&claim_at(subject, 2, now()).await), [(gone.id, true)]);
    subject.records().forget(node(2), gone.id).await.expect("forget");
    assert_eq!(ids(&claim_at(subject, 2, now() + SECOND * 100).await), [(stays.id, false)]);
}
