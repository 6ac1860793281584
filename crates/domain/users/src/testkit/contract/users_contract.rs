//! The cases of the [`UserRepository`](crate::UserRepository) contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use altus4_kernel::{AccountId, Plan, Role, SessionId, uuid::Uuid};
use futures::future::join_all;

use crate::{
    AccountName, EMAIL_CONSTRAINT, Email, NewAccount, PasswordHash, RefreshRotation, RefreshTokenDigest,
    testkit::{UsersSubject, sample_account, sample_session},
};

async fn register(subject: &dyn UsersSubject, stored: &NewAccount, session: u8) {
    let session = sample_session(session, stored.account.id, stored.account.created_at);
    subject.users().insert(stored, &session).await.expect("insert");
}

/// Every part of an account comes back, by its id and by its address; its first session is live.
pub async fn an_account_is_found_as_it_was_stored(subject: &dyn UsersSubject) {
    let mut stored = sample_account(1, "ada@example.com");
    stored.account.role = Role::Admin;
    stored.account.plan = Plan::Enterprise;
    register(subject, &stored, 1).await;
    register(subject, &sample_account(2, "grace@example.com"), 2).await;

    let account = &stored.account;
    assert_eq!(subject.users().find(account.id).await.expect("find").as_ref(), Some(account));
    let found = subject.users().find_by_email(&account.email).await.expect("find by e-mail");
    let found = found.expect("the account");
    assert_eq!(&found.account, account);
    assert_eq!(found.password.expose(), stored.password.expose());
    let first = SessionId::from_uuid(Uuid::from_u128(1));
    let live = subject.sessions().find_live(first, account.created_at).await.expect("find live");
    assert_eq!(live.expect("the first session").account, *account);
}

/// Names and addresses may be written in any script, at full length.
pub async fn text_of_any_script_survives(subject: &dyn UsersSubject) {
    let longest = "🦀".repeat(100);
    let names = ["Žofie Nováková", "村上 春樹", "O'Hara \\ \"Bob\" `x`; --", "e\u{301} 👩‍👩‍👧", &longest];
    for (number, name) in (1u8..).zip(names) {
        let mut stored = sample_account(number.into(), &format!("ünï-{number}@例え.jp"));
        stored.account.name = AccountName::parse(name).expect("a name");
        register(subject, &stored, number).await;
        let found = subject.users().find_by_email(&stored.account.email).await.expect("find by e-mail");
        assert_eq!(found.expect("the account").account, stored.account);
    }
}

/// Times come back with their milliseconds, neither cut nor rounded.
pub async fn account_times_survive_to_the_millisecond(subject: &dyn UsersSubject) {
    for (number, millis) in [(1u8, 0), (2, 1), (3, 120), (4, 499), (5, 500), (6, 999)] {
        let mut stored = sample_account(number.into(), &format!("ada{number}@example.com"));
        stored.account.created_at = stored.account.created_at + Duration::from_millis(millis);
        stored.account.last_active = stored.account.created_at + Duration::from_millis(1);
        register(subject, &stored, number).await;
        let found = subject.users().find(stored.account.id).await.expect("find");
        assert_eq!(found, Some(stored.account));
    }
}

/// What was never stored is not found.
pub async fn an_unknown_account_is_not_found(subject: &dyn UsersSubject) {
    register(subject, &sample_account(1, "ada@example.com"), 1).await;
    let unknown = AccountId::from_uuid(Uuid::from_u128(2));
    let nobody = Email::parse("ad@example.com").expect("an address");
    assert_eq!(subject.users().find(unknown).await.expect("find"), None);
    assert!(subject.users().find_by_email(&nobody).await.expect("find by e-mail").is_none());
}

/// A second account of one address is refused, and nothing of it is stored.
pub async fn duplicate_email_is_a_conflict(subject: &dyn UsersSubject) {
    register(subject, &sample_account(1, "ada@example.com"), 1).await;
    let second = sample_account(2, "ADA@example.com");
    let now = second.account.created_at;
    let session = sample_session(2, second.account.id, now);
    let refused = subject.users().insert(&second, &session).await.expect_err("a conflict");
    assert!(refused.is_conflict_on(EMAIL_CONSTRAINT), "{refused:?}");
    assert_eq!(subject.users().find(second.account.id).await.expect("find"), None);
    assert!(subject.sessions().find_live(session.id, now).await.expect("find live").is_none());
}

/// Of many registrations of one address at once, one succeeds and the others are conflicts.
pub async fn duplicate_email_at_once_makes_one_account(subject: &dyn UsersSubject) {
    let attempts = (1u8..=8).map(|number| async move {
        let stored = sample_account(number.into(), "ada@example.com");
        let session = sample_session(number, stored.account.id, stored.account.created_at);
        subject.users().insert(&stored, &session).await
    });
    let outcomes = join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    for refused in outcomes.into_iter().filter_map(Result::err) {
        assert!(refused.is_conflict_on(EMAIL_CONSTRAINT), "{refused:?}");
    }
}

/// Addresses that differ in an accent, a dot or a width are different, whatever the store's
/// collation thinks of them.
pub async fn similar_addresses_are_different_accounts(subject: &dyn UsersSubject) {
    let addresses = [
        "ada@example.com",
        "ádá@example.com",
        "a.da@example.com",
        "ａda@example.com",
        "ada@exaßmple.com",
        "ada@exassmple.com",
    ];
    for (number, address) in (1u8..).zip(addresses) {
        register(subject, &sample_account(number.into(), address), number).await;
    }
    for (number, address) in (1u128..).zip(addresses) {
        let email = Email::parse(address).expect("an address");
        let found = subject.users().find_by_email(&email).await.expect("find by e-mail");
        assert_eq!(found.expect("the account").account.id, AccountId::from_uuid(Uuid::from_u128(number)));
    }
}

/// Where the first session can't be stored, the account isn't either.
pub async fn an_account_without_its_session_is_not_stored(subject: &dyn UsersSubject) {
    register(subject, &sample_account(1, "ada@example.com"), 1).await;
    let second = sample_account(2, "grace@example.com");
    let taken = sample_session(1, second.account.id, second.account.created_at);
    let refused = subject.users().insert(&second, &taken).await.expect_err("the session's id is taken");
    assert!(!refused.is_conflict_on(EMAIL_CONSTRAINT), "{refused:?}");
    assert_eq!(subject.users().find(second.account.id).await.expect("find"), None);
    assert!(subject.users().find_by_email(&second.account.email).await.expect("find by e-mail").is_none());
}

/// The replacement happens if `old` is exactly what is stored, and in no other case.
pub async fn a_password_hash_is_replaced_while_the_old_one_stands(subject: &dyn UsersSubject) {
    let mut stored = sample_account(1, "ada@example.com");
    stored.password = PasswordHash::new("$argon2id$Abc");
    register(subject, &stored, 1).await;
    let id = stored.account.id;
    let new = PasswordHash::new("$argon2id$new");
    let other_case = PasswordHash::new("$argon2id$aBC");
    let unknown = AccountId::from_uuid(Uuid::from_u128(2));
    let users = subject.users();
    assert!(!users.replace_password_hash(id, &other_case, &new).await.expect("replace"));
    assert!(!users.replace_password_hash(unknown, &stored.password, &new).await.expect("replace"));
    assert!(users.replace_password_hash(id, &stored.password, &new).await.expect("replace"));
    assert!(!users.replace_password_hash(id, &stored.password, &new).await.expect("replace"));
    let found = users.find_by_email(&stored.account.email).await.expect("find by e-mail");
    assert_eq!(found.expect("the account").password.expose(), new.expose());
}

/// Of two replacements of one hash at once, one happens.
pub async fn a_password_hash_is_replaced_once_by_two_at_once(subject: &dyn UsersSubject) {
    let stored = sample_account(1, "ada@example.com");
    register(subject, &stored, 1).await;
    let stored = &stored;
    let outcomes = join_all(["$a", "$b", "$c", "$d"].map(|new| async move {
        let new = PasswordHash::new(new);
        subject.users().replace_password_hash(stored.account.id, &stored.password, &new).await
    }));
    let replaced = outcomes.await.into_iter().filter(|outcome| *outcome.as_ref().expect("replace"));
    assert_eq!(replaced.count(), 1);
}

/// Once deactivated, an account is as good as unknown, and so are its sessions.
pub async fn a_deactivated_account_is_found_by_no_method(subject: &dyn UsersSubject) {
    let stored = sample_account(1, "ada@example.com");
    register(subject, &stored, 1).await;
    subject.deactivate(stored.account.id).await;

    let (id, now) = (stored.account.id, stored.account.created_at);
    let users = subject.users();
    assert_eq!(users.find(id).await.expect("find"), None);
    assert!(users.find_by_email(&stored.account.email).await.expect("find by e-mail").is_none());
    let new = PasswordHash::new("$new");
    assert!(!users.replace_password_hash(id, &stored.password, &new).await.expect("replace"));
    let session = sample_session(1, id, now);
    assert!(subject.sessions().find_live(session.id, now).await.expect("find live").is_none());
    let next = RefreshTokenDigest([9; 32]);
    let rotation = subject.sessions().rotate(&session.refresh_digest, &next, now, session.expires_at).await;
    assert!(matches!(rotation.expect("rotate"), RefreshRotation::Unknown));
}

/// The address of a deactivated account can be registered anew, as often as it is deactivated.
pub async fn the_address_of_a_deactivated_account_is_free_again(subject: &dyn UsersSubject) {
    for number in 1u8..=3 {
        let stored = sample_account(number.into(), "ada@example.com");
        register(subject, &stored, number).await;
        let found = subject.users().find_by_email(&stored.account.email).await.expect("find by e-mail");
        assert_eq!(found.expect("the account").account.id, stored.account.id);
        subject.deactivate(stored.account.id).await;
    }
}
