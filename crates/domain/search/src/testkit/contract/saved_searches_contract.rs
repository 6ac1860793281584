//! The cases of the [`SavedSearchRepository`](crate::SavedSearchRepository) contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use altus4_kernel::{PortErrorKind, PortResult, SavedSearchId, uuid::Uuid};
use futures::future::join_all;

use super::steps::{account, owner, two};
use crate::{
    SAVED_COUNT_CONSTRAINT, SAVED_NAME_CONSTRAINT, SavedRequest, SavedSearch, SavedSearchName,
    testkit::{SearchLogSubject, sample_saved},
};

const MANY: u32 = 100;

async fn insert(subject: &dyn SearchLogSubject, saved: &SavedSearch) -> PortResult<()> {
    subject.saved().insert(saved, MANY).await
}

async fn find(subject: &dyn SearchLogSubject, saved: &SavedSearch) -> Option<SavedSearch> {
    subject.saved().find(saved.account_id, saved.id).await.expect("find")
}

fn assert_conflict(outcome: PortResult<()>, constraint: &str) {
    let refused = outcome.expect_err("a conflict");
    assert!(refused.is_conflict_on(constraint), "{refused:?}");
}

/// With every part, whatever the scripts.
pub async fn a_saved_search_is_found_as_it_was_saved(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    let id = |number| altus4_kernel::ConnectionId::from_uuid(Uuid::from_u128(number));
    let saved = SavedSearch {
        request: SavedRequest {
            document: r#"{"query":"Žluťoučký 🦀 \\ ' \"","limit":5}"#.to_owned(),
            databases: vec![id(3), id(1)],
        },
        updated_at: sample_saved(2, owner, "x").created_at + Duration::from_millis(1),
        ..sample_saved(1, owner, "Rückläufer 🦀")
    };
    let plain = SavedSearch {
        request: SavedRequest { databases: vec![], ..saved.request.clone() },
        ..sample_saved(2, owner, "2")
    };
    for saved in [&saved, &plain] {
        insert(subject, saved).await.expect("insert");
        assert_eq!(find(subject, saved).await.as_ref(), Some(saved));
    }
    assert_eq!(subject.saved().list(owner).await.expect("list"), [saved, plain]);
}

/// By time, then by id.
pub async fn saved_searches_are_listed_oldest_first(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    let at = |number: u32, second: u32| {
        let made = sample_saved(second, owner, "x").created_at;
        SavedSearch { created_at: made, ..sample_saved(number, owner, &number.to_string()) }
    };
    for saved in [at(1, 9), at(3, 5), at(2, 5)] {
        insert(subject, &saved).await.expect("insert");
    }
    let listed = subject.saved().list(owner).await.expect("list");
    let numbers: Vec<_> = listed.iter().map(|saved| saved.id.as_uuid().as_u128()).collect();
    assert_eq!(numbers, [2, 3, 1]);
}

/// Also when one is renamed; others may have the same.
pub async fn a_name_is_unique_in_its_account_without_case(subject: &dyn SearchLogSubject) {
    let (owner, other) = two(subject).await;
    insert(subject, &sample_saved(1, owner, "Open Tickets")).await.expect("insert");
    insert(subject, &sample_saved(2, owner, "Closed")).await.expect("insert");
    insert(subject, &sample_saved(3, other, "open tickets")).await.expect("insert");
    let same = sample_saved(4, owner, "OPEN tickets");
    assert_conflict(insert(subject, &same).await, SAVED_NAME_CONSTRAINT);
    let renamed = SavedSearch { id: sample_saved(2, owner, "x").id, ..same };
    let refused = subject.saved().update(&renamed).await;
    assert_conflict(refused.map(drop), SAVED_NAME_CONSTRAINT);
    let respelt = sample_saved(1, owner, "OPEN TICKETS");
    assert!(subject.saved().update(&respelt).await.expect("update"));
}

/// Also when many are saved at once.
pub async fn there_may_be_so_many_and_no_more(subject: &dyn SearchLogSubject) {
    let (owner, other) = two(subject).await;
    let at_once = (1..=6).map(|number| {
        let saved = sample_saved(number, owner, &number.to_string());
        async move { subject.saved().insert(&saved, 3).await }
    });
    let outcomes = join_all(at_once).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    for refused in outcomes.into_iter().filter(Result::is_err) {
        assert_conflict(refused, SAVED_COUNT_CONSTRAINT);
    }
    subject.saved().insert(&sample_saved(9, other, "x"), 1).await.expect("the other account has none");
}

/// Nothing belongs to nobody.
pub async fn a_search_of_an_unknown_account_is_refused(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    subject.deactivate(owner).await;
    for account in [account(9), owner] {
        let refused = insert(subject, &sample_saved(1, account, "x")).await.expect_err("refused");
        assert_eq!(refused.kind, PortErrorKind::Rejected, "{refused:?}");
    }
}

/// Name, request and time of change are new; nothing else is.
pub async fn a_replaced_search_keeps_its_place(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    let saved = sample_saved(1, owner, "before");
    insert(subject, &saved).await.expect("insert");
    let replaced = SavedSearch {
        name: SavedSearchName::parse("after").expect("a name"),
        request: SavedRequest { document: r#"{"query":"x"}"#.to_owned(), databases: Vec::new() },
        updated_at: saved.updated_at + Duration::from_secs(5),
        ..saved.clone()
    };
    assert!(subject.saved().update(&replaced).await.expect("update"));
    assert_eq!(find(subject, &saved).await, Some(replaced));
}

/// It is not found, replaced, removed or listed.
pub async fn what_belongs_to_others_is_as_good_as_none(subject: &dyn SearchLogSubject) {
    let (owner, other) = two(subject).await;
    let saved = sample_saved(1, owner, "x");
    insert(subject, &saved).await.expect("insert");
    let taken = SavedSearch { account_id: other, ..sample_saved(1, owner, "taken") };
    assert_eq!(find(subject, &taken).await, None);
    assert!(!subject.saved().update(&taken).await.expect("update"));
    assert!(!subject.saved().remove(other, saved.id).await.expect("remove"));
    assert_eq!(subject.saved().list(other).await.expect("list"), []);
    assert_eq!(find(subject, &saved).await, Some(saved));
}

/// And its name is free.
pub async fn a_removed_search_is_gone(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    let saved = sample_saved(1, owner, "x");
    insert(subject, &saved).await.expect("insert");
    assert!(subject.saved().remove(owner, saved.id).await.expect("remove"));
    assert!(!subject.saved().remove(owner, saved.id).await.expect("remove"));
    assert!(!subject.saved().update(&saved).await.expect("update"));
    assert_eq!(find(subject, &saved).await, None);
    insert(subject, &sample_saved(2, owner, "x")).await.expect("insert");
    let never = SavedSearchId::from_uuid(Uuid::from_u128(99));
    assert_eq!(subject.saved().find(owner, never).await.expect("find"), None);
}
