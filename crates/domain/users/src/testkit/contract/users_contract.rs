//! The cases of the [`UserRepository`](crate::UserRepository) contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

mod leaving;

use std::time::Duration;

use altus4_kernel::{
    AccountId, AuditEvent, Plan, PortResult, Role, SessionId, Timestamp, testkit::sample_event, uuid::Uuid,
};
use futures::future::join_all;

use crate::{
    AccountName, EMAIL_CONSTRAINT, Email, NewAccount, PasswordChange, PasswordHash, ProfileChange,
    RefreshRotation, RefreshTokenDigest, Session,
    testkit::{UsersSubject, contract::events, sample_account, sample_session},
};

pub use self::leaving::{
    a_deactivation_ends_every_session_and_is_kept_once,
    a_purge_takes_what_was_deactivated_before_and_leaves_the_log,
    of_all_administrators_leaving_at_once_one_stays, the_last_administrator_cannot_be_deactivated,
};

/// The event of something that an account does: of its id and `offset`.
fn event(stored: &NewAccount, offset: u128) -> AuditEvent {
    sample_event(offset + stored.account.id.as_uuid().as_u128(), stored.account.id)
}

async fn insert(subject: &dyn UsersSubject, stored: &NewAccount, session: &Session) -> PortResult<()> {
    subject.users().insert(stored, session, &event(stored, 0)).await
}

async fn deactivate(subject: &dyn UsersSubject, stored: &NewAccount, now: Timestamp) -> PortResult<bool> {
    subject.users().deactivate(stored.account.id, now, &event(stored, 1_000)).await
}

async fn is_live(subject: &dyn UsersSubject, session: u128, now: Timestamp) -> bool {
    let id = SessionId::from_uuid(Uuid::from_u128(session));
    subject.sessions().find_live(id, now).await.expect("find live").is_some()
}

async fn register(subject: &dyn UsersSubject, stored: &NewAccount, session: u8) {
    let session = sample_session(session, stored.account.id, stored.account.created_at);
    insert(subject, stored, &session).await.expect("insert");
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
    let refused = insert(subject, &second, &session).await.expect_err("a conflict");
    assert!(refused.is_conflict_on(EMAIL_CONSTRAINT), "{refused:?}");
    assert_eq!(subject.users().find(second.account.id).await.expect("find"), None);
    assert!(subject.sessions().find_live(session.id, now).await.expect("find live").is_none());
}

/// Of many registrations of one address at once, one succeeds and the others are conflicts.
pub async fn duplicate_email_at_once_makes_one_account(subject: &dyn UsersSubject) {
    let attempts = (1u8..=8).map(|number| async move {
        let stored = sample_account(number.into(), "ada@example.com");
        let session = sample_session(number, stored.account.id, stored.account.created_at);
        insert(subject, &stored, &session).await
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
    let refused = insert(subject, &second, &taken).await.expect_err("the session's id is taken");
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
    let (id, now) = (stored.account.id, stored.account.created_at);
    assert!(deactivate(subject, &stored, now).await.expect("deactivate"));

    let users = subject.users();
    assert_eq!(users.find(id).await.expect("find"), None);
    assert!(users.find_by_email(&stored.account.email).await.expect("find by e-mail").is_none());
    assert!(users.find_with_hash(id).await.expect("find with hash").is_none());
    let new = PasswordHash::new("$new");
    assert!(!users.replace_password_hash(id, &stored.password, &new).await.expect("replace"));
    let session = sample_session(1, id, now);
    assert!(subject.sessions().find_live(session.id, now).await.expect("find live").is_none());
    let next = RefreshTokenDigest([9; 32]);
    let reuse = event(&stored, 2_000);
    let rotation =
        subject.sessions().rotate(&session.refresh_digest, &next, now, session.expires_at, &reuse).await;
    assert!(matches!(rotation.expect("rotate"), RefreshRotation::Unknown));
}

/// The address of a deactivated account can be registered anew, as often as it is deactivated.
pub async fn the_address_of_a_deactivated_account_is_free_again(subject: &dyn UsersSubject) {
    for number in 1u8..=3 {
        let stored = sample_account(number.into(), "ada@example.com");
        register(subject, &stored, number).await;
        let found = subject.users().find_by_email(&stored.account.email).await.expect("find by e-mail");
        assert_eq!(found.expect("the account").account.id, stored.account.id);
        let now = stored.account.created_at;
        assert!(deactivate(subject, &stored, now).await.expect("deactivate"));
    }
}

/// An account that an administrator makes has no session, and everything else.
pub async fn an_account_can_be_stored_without_a_session(subject: &dyn UsersSubject) {
    let stored = sample_account(1, "ada@example.com");
    let now = stored.account.created_at;
    let users = subject.users();
    users.insert_without_session(&stored, &event(&stored, 0)).await.expect("insert");
    let found = users.find_with_hash(stored.account.id).await.expect("find with hash").expect("the account");
    assert_eq!(found.account, stored.account);
    assert_eq!(found.password.expose(), stored.password.expose());
    let sessions = subject.sessions().list_live(stored.account.id, now).await.expect("list live");
    assert_eq!(sessions, []);
    assert_eq!(events(subject).await, [event(&stored, 0)]);

    let second = sample_account(2, "ada@example.com");
    let refused = users.insert_without_session(&second, &event(&second, 0)).await.expect_err("a conflict");
    assert!(refused.is_conflict_on(EMAIL_CONSTRAINT), "{refused:?}");
    assert_eq!(events(subject).await, [event(&stored, 0)]);
}

/// Where an account is stored its event is too; where the event can't be kept, it isn't.
pub async fn an_account_and_its_event_are_stored_together(subject: &dyn UsersSubject) {
    let first = sample_account(1, "ada@example.com");
    register(subject, &first, 1).await;
    let second = sample_account(2, "grace@example.com");
    let session = sample_session(2, second.account.id, second.account.created_at);
    let (users, taken) = (subject.users(), event(&first, 0));
    users.insert(&second, &session, &taken).await.expect_err("the event's id is taken");
    users.insert_without_session(&second, &taken).await.expect_err("the event's id is taken");
    assert_eq!(users.find(second.account.id).await.expect("find"), None);
    assert!(!is_live(subject, 2, session.created_at).await);

    let again = sample_account(3, "ada@example.com");
    let session = sample_session(3, again.account.id, again.account.created_at);
    insert(subject, &again, &session).await.expect_err("a conflict");
    assert_eq!(events(subject).await, [event(&first, 0)]);
}

/// The new hash is there, the session that is kept lives, the others and no other account's end.
pub async fn a_changed_password_ends_the_other_sessions(subject: &dyn UsersSubject) {
    let (stored, other) = (sample_account(1, "ada@example.com"), sample_account(2, "grace@example.com"));
    register(subject, &stored, 1).await;
    register(subject, &other, 2).await;
    let (id, now) = (stored.account.id, stored.account.created_at);
    for number in [3u8, 4] {
        let session = sample_session(number, id, now);
        let begun = event(&stored, 100 * u128::from(number));
        subject.sessions().insert(&session, &begun).await.expect("insert");
    }
    let change = PasswordChange {
        old: Some(stored.password.clone()),
        new: PasswordHash::new("$new"),
        keep: Some(SessionId::from_uuid(Uuid::from_u128(3))),
        at: now,
    };
    let users = subject.users();
    let taken = event(&stored, 0);
    users.change_password(id, &change, &taken).await.expect_err("the event's id is taken");
    assert!(is_live(subject, 1, now).await, "nothing happened");

    let kept = event(&stored, 1_000);
    assert!(users.change_password(id, &change, &kept).await.expect("change"));
    let found = users.find_with_hash(id).await.expect("find with hash").expect("the account");
    assert_eq!(found.password.expose(), "$new");
    let mut live = Vec::new();
    for number in 1..=4 {
        live.push(is_live(subject, number, now).await);
    }
    assert_eq!(live, [false, true, true, false]);
    assert_eq!(events(subject).await[0], kept);
}

/// Of several changes from one old password one happens; the others change nothing.
pub async fn a_password_is_changed_while_the_old_one_stands(subject: &dyn UsersSubject) {
    let stored = sample_account(1, "ada@example.com");
    register(subject, &stored, 1).await;
    let (id, at) = (stored.account.id, stored.account.created_at);
    let attempts = (1u128..=4).map(|number| {
        let event = event(&stored, 1_000 * number);
        let (old, new) = (Some(stored.password.clone()), PasswordHash::new(format!("$new{number}")));
        let change = PasswordChange { old, new, keep: None, at };
        async move { subject.users().change_password(id, &change, &event).await }
    });
    let changed = join_all(attempts).await.into_iter().filter(|changed| *changed.as_ref().expect("change"));
    assert_eq!(changed.count(), 1);
    assert_eq!(events(subject).await.len(), 2);
}

/// Without an old hash any is replaced; every session ends. An unknown account has none.
pub async fn a_password_is_reset_whatever_it_was(subject: &dyn UsersSubject) {
    let stored = sample_account(1, "ada@example.com");
    register(subject, &stored, 1).await;
    let (id, at) = (stored.account.id, stored.account.created_at);
    let change = PasswordChange { old: None, new: PasswordHash::new("$new"), keep: None, at };
    let users = subject.users();
    assert!(users.change_password(id, &change, &event(&stored, 1_000)).await.expect("change"));
    assert!(!is_live(subject, 1, at).await);
    let unknown = AccountId::from_uuid(Uuid::from_u128(2));
    assert!(!users.change_password(unknown, &change, &event(&stored, 2_000)).await.expect("change"));
    assert_eq!(events(subject).await, [event(&stored, 1_000), event(&stored, 0)]);
}

/// What isn't given stays; the address that is left is free.
pub async fn a_profile_is_changed_in_the_parts_that_are_given(subject: &dyn UsersSubject) {
    let stored = sample_account(1, "ada@example.com");
    register(subject, &stored, 1).await;
    let (users, id) = (subject.users(), stored.account.id);
    let name = AccountName::parse("Augusta Ada King").expect("a name");
    let email = Email::parse("countess@example.com").expect("an address");
    let changes = [
        ProfileChange { name: Some(name.clone()), email: None },
        ProfileChange { name: None, email: Some(email.clone()) },
        // What is there already may be given again.
        ProfileChange { name: Some(name.clone()), email: Some(email.clone()) },
    ];
    let mut expected = stored.account.clone();
    for (number, change) in (1u128..).zip(changes) {
        expected.name = change.name.clone().unwrap_or(expected.name);
        expected.email = change.email.clone().unwrap_or(expected.email);
        let kept = event(&stored, 1_000 * number);
        let account = users.update_profile(id, &change, &kept).await.expect("update");
        assert_eq!(account.as_ref(), Some(&expected));
        assert_eq!(users.find(id).await.expect("find").as_ref(), Some(&expected));
        assert_eq!(events(subject).await[0], kept);
    }
    assert!(users.find_by_email(&stored.account.email).await.expect("find by e-mail").is_none());
    assert!(users.find_by_email(&email).await.expect("find by e-mail").is_some());
    register(subject, &sample_account(2, "ada@example.com"), 2).await;

    let unknown = AccountId::from_uuid(Uuid::from_u128(3));
    let change = ProfileChange { name: Some(name), email: None };
    assert_eq!(users.update_profile(unknown, &change, &event(&stored, 9_000)).await.expect("update"), None);
    assert_eq!(events(subject).await.len(), 5);
}

/// An address in use is refused, and nothing of the change is stored.
pub async fn a_profile_cannot_take_the_address_of_another(subject: &dyn UsersSubject) {
    let (stored, other) = (sample_account(1, "ada@example.com"), sample_account(2, "grace@example.com"));
    register(subject, &stored, 1).await;
    register(subject, &other, 2).await;
    let change =
        ProfileChange { name: AccountName::parse("Grace"), email: Some(other.account.email.clone()) };
    let refused = subject.users().update_profile(stored.account.id, &change, &event(&stored, 1_000)).await;
    let refused = refused.expect_err("a conflict");
    assert!(refused.is_conflict_on(EMAIL_CONSTRAINT), "{refused:?}");
    assert_eq!(subject.users().find(stored.account.id).await.expect("find"), Some(stored.account));
    assert_eq!(events(subject).await.len(), 2);
}

/// Of two accounts that take one address at once, one gets it.
pub async fn one_address_taken_by_two_at_once_has_one_owner(subject: &dyn UsersSubject) {
    let accounts = [sample_account(1, "ada@example.com"), sample_account(2, "grace@example.com")];
    for (number, stored) in (1u8..).zip(&accounts) {
        register(subject, stored, number).await;
    }
    let change = ProfileChange { name: None, email: Email::parse("one@example.com") };
    let attempts = accounts.iter().map(|stored| {
        let (change, event) = (change.clone(), event(stored, 1_000));
        async move { subject.users().update_profile(stored.account.id, &change, &event).await }
    });
    let outcomes = join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert_eq!(events(subject).await.len(), 3);
}
