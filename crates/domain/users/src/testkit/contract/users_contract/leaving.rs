//! The cases about accounts that leave.

use std::time::Duration;

use altus4_kernel::{AccountId, Role, uuid::Uuid};
use futures::future::join_all;

use super::{deactivate, event, is_live, register};
use crate::{
    LAST_ADMIN_CONSTRAINT, NewAccount,
    testkit::{UsersSubject, contract::events, sample_account},
};

async fn administrator(subject: &dyn UsersSubject, number: u8) -> NewAccount {
    let mut stored = sample_account(number.into(), &format!("admin{number}@example.com"));
    stored.account.role = Role::Admin;
    register(subject, &stored, number).await;
    stored
}

/// A deactivation happens once, and where its event can't be kept it doesn't.
pub async fn a_deactivation_ends_every_session_and_is_kept_once(subject: &dyn UsersSubject) {
    let (stored, other) = (sample_account(1, "ada@example.com"), sample_account(2, "grace@example.com"));
    register(subject, &stored, 1).await;
    register(subject, &other, 2).await;
    let (id, now) = (stored.account.id, stored.account.created_at);
    let taken = event(&stored, 0);
    subject.users().deactivate(id, now, &taken).await.expect_err("the event's id is taken");
    assert!(is_live(subject, 1, now).await, "nothing happened");

    assert!(deactivate(subject, &stored, now).await.expect("deactivate"));
    let again = event(&stored, 2_000);
    assert!(!subject.users().deactivate(id, now, &again).await.expect("deactivate again"));
    assert!(!is_live(subject, 1, now).await);
    assert!(is_live(subject, 2, now).await);
    assert_eq!(subject.sessions().list_live(id, now).await.expect("list live"), []);
    assert_eq!(events(subject).await, [event(&stored, 1_000), event(&other, 0), event(&stored, 0)]);
}

/// One of two administrators may leave, the other may not.
pub async fn the_last_administrator_cannot_be_deactivated(subject: &dyn UsersSubject) {
    let (first, second) = (administrator(subject, 1).await, administrator(subject, 2).await);
    register(subject, &sample_account(3, "ada@example.com"), 3).await;
    let now = first.account.created_at;
    assert!(deactivate(subject, &first, now).await.expect("there is another"));
    let refused = deactivate(subject, &second, now).await.expect_err("the last one");
    assert!(refused.is_conflict_on(LAST_ADMIN_CONSTRAINT), "{refused:?}");
    assert!(is_live(subject, 2, now).await);
    assert_eq!(events(subject).await[0], event(&first, 1_000));
}

/// All administrators leave at once, and one is kept.
pub async fn of_all_administrators_leaving_at_once_one_stays(subject: &dyn UsersSubject) {
    let mut accounts = Vec::new();
    for number in 1u8..=4 {
        accounts.push(administrator(subject, number).await);
    }
    let attempts = accounts.iter().map(|stored| deactivate(subject, stored, stored.account.created_at));
    let outcomes = join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3, "{outcomes:?}");
    let refused = outcomes.into_iter().find_map(Result::err).expect("one stays");
    assert!(refused.is_conflict_on(LAST_ADMIN_CONSTRAINT), "{refused:?}");
}

/// Accounts that were deactivated before the moment are gone for good, their events aren't.
pub async fn a_purge_takes_what_was_deactivated_before_and_leaves_the_log(subject: &dyn UsersSubject) {
    let start = sample_account(1, "ada@example.com").account.created_at;
    for number in 1u8..=3 {
        let stored = sample_account(number.into(), &format!("user{number}@example.com"));
        register(subject, &stored, number).await;
        if number < 3 {
            let now = start + Duration::from_secs(number.into());
            assert!(deactivate(subject, &stored, now).await.expect("deactivate"));
        }
    }
    let users = subject.users();
    assert_eq!(users.purge_deactivated(start + Duration::from_secs(1)).await.expect("purge"), 0);
    assert_eq!(users.purge_deactivated(start + Duration::from_secs(2)).await.expect("purge"), 1);
    let mut left = Vec::new();
    for number in 1u128..=3 {
        let found = subject.directory().get(AccountId::from_uuid(Uuid::from_u128(number))).await;
        left.push(found.expect("get").is_some());
    }
    assert_eq!(left, [false, true, true]);
    assert_eq!(events(subject).await.len(), 5);
}
