//! The cases of the [`EvidenceStore`](crate::EvidenceStore) contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use altus4_kernel::{Clock, testkit::FixedClock};
use futures::future::join_all;

use super::connection_id;
use crate::{Access, Tally, testkit::EvidenceSubject};

const LATER: Duration = Duration::from_secs(1);

fn tally(connection: u8, table: &str, columns: &[&str]) -> Tally {
    Tally {
        connection_id: connection_id(connection),
        table: table.to_owned(),
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
        access: Access::Scanned,
        searches: 1,
        took: Duration::from_micros(1_500),
        last_seen: FixedClock::default().now(),
    }
}

async fn list(subject: &dyn EvidenceSubject, connection: u8) -> Vec<Tally> {
    let mut kept = subject.evidence().list(connection_id(connection)).await.expect("list");
    kept.sort_by(|one, other| (&one.table, &one.columns).cmp(&(&other.table, &other.columns)));
    kept
}

/// Names are kept as they are, whatever their script; blanks at the end count.
pub async fn a_tally_is_kept_as_it_was_added(subject: &dyn EvidenceSubject) {
    subject.add_connection(1).await;
    let tallies = [tally(1, "žába", &["a`b", "🦀"]), tally(1, "žába ", &["x"])];
    subject.evidence().add(&tallies).await.expect("add");
    assert_eq!(list(subject, 1).await, tallies);
}

/// The sums grow, and columns in another order are the same.
pub async fn tallies_of_the_same_searches_are_one(subject: &dyn EvidenceSubject) {
    subject.add_connection(1).await;
    let first = tally(1, "t", &["a", "b"]);
    subject.evidence().add(std::slice::from_ref(&first)).await.expect("add");
    let second = Tally { searches: 4, last_seen: first.last_seen + LATER, ..tally(1, "t", &["b", "a"]) };
    let indexed = Tally { access: Access::Indexed, ..tally(1, "t", &["a", "b"]) };
    let left_out = Tally { access: Access::LeftOut, ..tally(1, "t", &["a", "b"]) };
    subject.evidence().add(&[second.clone(), indexed, left_out]).await.expect("add");
    let kept = list(subject, 1).await;
    assert_eq!(kept.len(), 3, "each way of access counts by itself");
    let sum = kept.iter().find(|kept| kept.access == Access::Scanned).expect("the sum");
    assert_eq!((sum.searches, sum.took, sum.last_seen), (5, first.took * 2, second.last_seen));
}

/// Nodes add at the same time.
pub async fn what_is_added_at_once_is_all_counted(subject: &dyn EvidenceSubject) {
    subject.add_connection(1).await;
    let batches = (0..8).map(|_| async {
        subject.evidence().add(&[tally(1, "a", &["x"]), tally(1, "b", &["x"])]).await.expect("add");
    });
    join_all(batches).await;
    let kept = list(subject, 1).await;
    assert_eq!(kept.iter().map(|tally| tally.searches).collect::<Vec<_>>(), [8, 8]);
}

/// The sets that were searched least lately make room.
pub async fn a_table_has_a_bounded_number_of_sets(subject: &dyn EvidenceSubject) {
    subject.add_connection(1).await;
    for number in 0..Tally::MAX_SETS + 4 {
        let last_seen = FixedClock::default().now() + LATER * u32::try_from(number).expect("a few");
        let tally = Tally { last_seen, ..tally(1, "t", &[&format!("c{number:02}")]) };
        subject.evidence().add(&[tally]).await.expect("add");
    }
    let kept = list(subject, 1).await;
    assert_eq!(kept.len(), Tally::MAX_SETS);
    assert_eq!(kept[0].columns, ["c04"]);
}

/// What is another's is not listed.
pub async fn each_connection_has_its_own(subject: &dyn EvidenceSubject) {
    subject.add_connection(1).await;
    subject.add_connection(2).await;
    subject.evidence().add(&[tally(1, "t", &["a"]), tally(2, "t", &["b"])]).await.expect("add");
    assert_eq!(list(subject, 1).await, [tally(1, "t", &["a"])]);
    assert_eq!(list(subject, 2).await, [tally(2, "t", &["b"])]);
}

/// It takes its tallies along, and keeps no others from being written.
pub async fn a_connection_that_is_gone_has_none(subject: &dyn EvidenceSubject) {
    subject.add_connection(1).await;
    subject.add_connection(2).await;
    subject.evidence().add(&[tally(1, "t", &["a"])]).await.expect("add");
    subject.remove_connection(1).await;
    assert_eq!(list(subject, 1).await, []);
    subject.evidence().add(&[tally(1, "t", &["a"]), tally(2, "t", &["b"])]).await.expect("add");
    assert_eq!(list(subject, 1).await, []);
    assert_eq!(list(subject, 2).await.len(), 1);
}
